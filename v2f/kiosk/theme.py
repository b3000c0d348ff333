"""The page's look: Gradio's variables set to the palette of page.css, and the fonts put into the sheet.

Fonts travel inside the style sheet, so that the page asks no other host, and no path of this machine, for
anything.
"""

import base64
from pathlib import Path

import gradio as gr

from v2f.kiosk import texts

FONTS = Path(__file__).parents[2] / "assets" / "fonts"
FACES = (  # family, weight, file; SIL Open Font License, see assets/fonts/OFL.txt
    ("v2f display", 400, "noto-serif-display-latin.woff2"),
    ("v2f text", 400, "v2f-text-regular.woff2"),
    ("v2f text", 600, "v2f-text-semibold.woff2"),
)


def style_sheet() -> str:
    """The fonts, the words that stand in the place of Gradio's, then page.css."""
    words = {"drop": texts.DROP, "clean": texts.CLEAN, "buried": texts.BURIED}
    rules = [f':root {{ --{name}-text: "{word}"; }}' for name, word in words.items()]
    for family, weight, file in FACES:
        data = base64.b64encode((FONTS / file).read_bytes()).decode()
        rules.append(
            f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-display: swap; '
            f'src: url("data:font/woff2;base64,{data}") format("woff2"); }}'
        )
    return "\n".join([*rules, Path(__file__).with_name("page.css").read_text()])


def theme() -> gr.themes.Base:
    """Gradio's components in the palette; the same by day and by night."""
    colours = {
        "body_background_fill": "var(--wall)",
        "body_text_color": "var(--ink)",
        "body_text_color_subdued": "var(--ink-2)",
        "background_fill_primary": "var(--panel)",
        "background_fill_secondary": "var(--wall)",
        "border_color_primary": "var(--line)",
        "border_color_accent": "var(--voice)",
        "color_accent_soft": "var(--panel-2)",
        "block_background_fill": "transparent",
        "block_border_color": "var(--line)",
        "block_label_text_color": "var(--ink-2)",
        "block_title_text_color": "var(--ink-2)",
        "input_background_fill": "var(--panel)",
        "input_border_color": "var(--line)",
        "slider_color": "var(--noise)",
        "checkbox_background_color": "var(--wall)",
        "checkbox_background_color_selected": "var(--noise)",
        "checkbox_border_color": "var(--ring)",
        "checkbox_border_color_selected": "var(--noise)",
        "checkbox_label_background_fill": "var(--panel)",
        "checkbox_label_background_fill_selected": "var(--panel-2)",
        "checkbox_label_text_color": "var(--ink-2)",
        "button_secondary_background_fill": "var(--panel-2)",
        "button_secondary_background_fill_hover": "var(--panel-2)",
        "button_secondary_text_color": "var(--ink)",
        "button_secondary_border_color": "var(--ring)",
        "error_background_fill": "var(--panel)",
        "error_border_color": "var(--danger)",
        "error_text_color": "var(--ink)",
    }
    look = gr.themes.Base(
        font=["v2f text", "system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
    )
    return look.set(**colours, **{f"{name}_dark": value for name, value in colours.items()})
