"""Every text exists in every language, is used, and can be drawn with the fonts that come along."""

import re
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from v2f.audio import NOISE_KINDS
from v2f.kiosk.browser_texts import BROWSER_TEXTS
from v2f.kiosk.texts import HOST, LANGUAGES, TEXTS

REPOSITORY = Path(__file__).parents[2]
KIOSK = REPOSITORY / "v2f" / "kiosk"
PAGE = "\n".join(path.read_text() for path in (KIOSK / "static").iterdir() if path.suffix in (".html", ".js"))
PYTHON = "\n".join(path.read_text() for path in KIOSK.glob("*.py"))
IN_BROWSER = "\n".join(
    path.read_text() for path in (KIOSK / "browser").iterdir() if path.suffix in (".html", ".js")
)
CSS = (KIOSK / "static" / "kiosk.css").read_text()
FAMILIES = {  # keys that the page puts together
    "`ex${": ["ex1", "ex2", "ex3"],
    "_noise`": [f"{kind}_noise" for kind in (*NOISE_KINDS, "own")],
}
OF_THE_MODEL = {
    "whymatch",
    "whysex",
    "whycounts",
    "whychange",
}  # about all its faces, and whom it learned from
REVEALING = r"""(?ix)
    \b (male | female | m[ae]n | wom[ae]n | boys? | girls? | old | young | age | sex | gender | accent) \b
    | \b (hombres? | mujer(es)? | edad | sexo | g[ée]nero | joven | viej[oa] | acento) \b
    | [男女岁] | 年龄 | 年轻 | 性别 | 口音"""


def problems() -> set[str]:
    """The keys of all problems that the server and the page can have."""
    calls = re.findall(r"Problem\(([^()]*)\)", PAGE + IN_BROWSER + PYTHON)
    answers = re.findall(r'{"problem": ("\w+")}', PYTHON)
    return set(re.findall(r'"(\w+)"', " ".join(calls + answers)))


@pytest.mark.parametrize(
    "texts", [*TEXTS.values(), *HOST.values(), *BROWSER_TEXTS.values()], ids=lambda texts: texts[0]
)
def test_a_text_is_there_in_every_language_and_leaves_the_same_places_open(
    texts: tuple[str, str, str],
) -> None:
    assert len(texts) == len(LANGUAGES) and all(text.strip() for text in texts)
    assert len({tuple(sorted(re.findall(r"{\w*}", text))) for text in texts}) == 1
    assert all(text == text.strip() and text.count("{") == text.count("}") for text in texts)


@pytest.mark.parametrize("key", sorted(TEXTS.keys() - OF_THE_MODEL))
def test_no_text_says_who_a_face_is(key: str) -> None:
    assert not [text for text in TEXTS[key] if re.search(REVEALING, text)]


def test_every_text_that_the_page_asks_for_exists() -> None:
    named = set(re.findall(r'data-t(?:-label|-title)?="(\w+)"', PAGE))
    asked = set(re.findall(r'\.t\("(\w+)"', PAGE))
    chosen = {key for pair in re.findall(r'\.t\([^()`]*\? "(\w+)" : "(\w+)"', PAGE) for key in pair}
    assert len(named) > 40 and asked and chosen, "the page is written otherwise than this test thinks"
    assert not (named | asked | chosen) - set(TEXTS)
    for sign, keys in FAMILIES.items():
        assert sign in PAGE and set(keys) <= TEXTS.keys()


def test_every_problem_has_a_title_and_a_sentence() -> None:
    assert {
        "gone",
        "busy",
        "quiet",
        "no_speech",
        "unreadable",
        "mic_lost",
        "offline",
        "trouble",
    } <= problems()
    for key in problems():
        assert f"e_{key}" in TEXTS and f"e_{key}2" in TEXTS


def test_every_text_is_used() -> None:
    used = {key for keys in FAMILIES.values() for key in keys}
    used |= {f"e_{key}{end}" for key in problems() for end in ("", "2")}
    used |= set(re.findall(r'"(\w+)"', PAGE)) | set(re.findall(r'TEXTS\["(\w+)"\]', PYTHON))
    assert not set(TEXTS) - used
    assert set(HOST) == set(re.findall(r'HOST\["(\w+)"\]', PYTHON))


def test_every_text_of_the_page_in_the_browser_is_used_and_says_where_the_voice_stays() -> None:
    used = set(re.findall(r'"(\w+)"', IN_BROWSER))
    assert not set(BROWSER_TEXTS) - used - set(TEXTS)
    assert set(re.findall(r'data-t(?:-label)?="(\w+)"', IN_BROWSER)) <= set(BROWSER_TEXTS) | set(TEXTS)
    for one, other in zip(BROWSER_TEXTS["athome"], BROWSER_TEXTS["privacy"], strict=True):
        assert other.startswith(re.split(r"[.。]", one)[0])


@pytest.mark.parametrize("stack", ["text", "display"])
def test_every_character_is_in_the_fonts_that_come_along(stack: str) -> None:
    files = dict(re.findall(r'@font-face { font-family: "([^"]+)"; src: url\(../fonts/([\w.-]+)\)', CSS))
    families = re.search(rf"--{stack}: ([^;]+);", CSS)
    assert families
    drawn: set[int] = set()
    for family in re.findall(r'"(v2f [^"]+)"', families[1]):
        drawn |= TTFont(REPOSITORY / "assets" / "fonts" / files[family]).getBestCmap().keys()
    texts = [*TEXTS.values(), *BROWSER_TEXTS.values()]
    written = "".join(text for row in texts for text in row) + "0123456789.,+−EN ES 中文年月日dB v2f"
    assert not {character for character in written if ord(character) not in drawn} - {"\n"}
