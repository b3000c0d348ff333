"""Makes the Chinese fonts again, with the characters of the page's texts alone: python -m assets.fonts.subset

To be run after a change of them. The sources are those of Debian's package fonts-noto-cjk; another folder of
them can be given as the argument.
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

from v2f.kiosk.browser_texts import BROWSER_TEXTS
from v2f.kiosk.texts import TEXTS

SOURCES = "/usr/share/fonts/opentype/noto"
SIMPLIFIED_CHINESE = 2  # place of this face in each collection
HERE = Path(__file__).parent
FONTS = {  # the Chinese font, its source, and the Latin font that a browser takes first
    "noto-sans-sc-subset.woff2": ("NotoSansCJK-Regular.ttc", "v2f-text-regular.woff2"),
    "noto-serif-sc-subset.woff2": ("NotoSerifCJK-Regular.ttc", "noto-serif-display-latin.woff2"),
}
BESIDE_TEXTS = "中文年月日−"  # the button of the language, dates, and a minus, which the Latin fonts lack


def main() -> None:
    sources = Path(sys.argv[1] if len(sys.argv) > 1 else SOURCES)
    texts = [*TEXTS.values(), *BROWSER_TEXTS.values()]
    written = {character for row in texts for text in row for character in text if character != "\n"}
    for name, (source, latin) in FONTS.items():
        missing = (written | set(BESIDE_TEXTS)) - {chr(code) for code in TTFont(HERE / latin).getBestCmap()}
        font = TTFont(sources / source, fontNumber=SIMPLIFIED_CHINESE, recalcTimestamp=False)
        subsetter = Subsetter(Options(layout_features=[], hinting=False))
        subsetter.populate(unicodes=map(ord, missing))
        subsetter.subset(font)
        font.flavor = "woff2"
        font.save(HERE / name)
        print(f"{name}: {len(missing)} characters, {(HERE / name).stat().st_size} bytes")


if __name__ == "__main__":
    main()
