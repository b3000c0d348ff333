"""Which recordings and pictures a downloaded corpus holds, and whose they are.

A layout says how a corpus tells people apart on disk:

    voxceleb    .../id10001/VIDEO/00001.wav     with vox1_meta.csv (names) and/or vox2_meta.csv (VGGFace2 ids)
    vggface     .../A.J._Buckley/00000001.jpg
    vggface2    .../n000001/0001_01.jpg         with identity_meta.csv (names)
    lfw         .../Aaron_Eckhart/Aaron_Eckhart_0001.jpg
    folders     NAME/anything/below.wav         for a corpus of one's own

Only names of files are read, never what is in them. People of several corpora meet by name or by id: `people_of`.
"""

import csv
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from v2f.errors import CorpusError

VOICE_LAYOUTS = ("voxceleb", "folders")
FACE_LAYOUTS = ("vggface", "vggface2", "lfw", "folders")
# no .mp4: beside VoxCeleb's sound lie its videos, which are the same recordings again
VOICE_ENDINGS = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac", ".aiff", ".webm"})
FACE_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
VOXCELEB_ID = re.compile(r"id\d{5}")
VGGFACE2_ID = re.compile(r"n\d{6}")
VOXCELEB_META = ("vox1_meta.csv", "vox2_meta.csv")
VGGFACE2_META = ("identity_meta.csv",)
EXPECTED = {
    "voxceleb": "id10001/VIDEO/00001.wav",
    "vggface": "A.J._Buckley/00000001.jpg",
    "vggface2": "n000001/0001_01.jpg",
    "lfw": "Aaron_Eckhart/Aaron_Eckhart_0001.jpg",
    "folders": "one folder for each person",
}
GENDERS = {"f": "female", "m": "male"}
PLAIN_LETTERS = str.maketrans(  # letters whose strokes and ligatures Unicode does not take apart
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe"}
)


@dataclass(frozen=True)
class Source:
    """One file of a corpus."""

    path: Path
    file: str  # path below the corpus folder, with forward slashes: its name in manifests
    person: str  # name as the corpus tells it, underscores as spaces ("A.J. Buckley"); the id where it has no name
    aliases: tuple[str, ...] = ()  # other keys of the same person: ids such as n000012 and id10001
    gender: str = ""  # "female", "male", or "" where unknown
    nationality: str = ""
    age: str = ""  # years, as the corpus says


@dataclass(frozen=True)
class Person:
    """Someone of whom there are sources, with what any of the corpora tells about them."""

    name: str
    gender: str  # "female", "male", or "" where unknown
    nationality: str


class _Known(NamedTuple):
    """What a corpus tells about a person: the fields of a Source after its file."""

    person: str
    aliases: tuple[str, ...] = ()
    gender: str = ""
    nationality: str = ""


def find_voices(folder: Path, layout: str, meta: Path | None = None) -> list[Source]:
    """The recordings below a folder, sorted by `file`.

    folder: the corpus, or a folder of several, as downloaded.
    layout: one of VOICE_LAYOUTS.
    meta: VoxCeleb's table of people; without it, those of VOXCELEB_META that lie in the folder or the one above.
        The other layout has none. Recordings of someone the table lacks keep the id as their person.
    Raises CorpusError when the folder or the table is missing, or there is no recording.
    """
    return _find(folder, layout, VOICE_LAYOUTS, VOICE_ENDINGS, meta)


def find_faces(folder: Path, layout: str, meta: Path | None = None) -> list[Source]:
    """The pictures below a folder, sorted by `file`.

    folder: the corpus as downloaded.
    layout: one of FACE_LAYOUTS.
    meta: VGGFace2's table of people; without it, identity_meta.csv in the folder or the one above.
        The other layouts have none. Pictures of someone the table lacks keep the id as their person.
    Raises CorpusError when the folder or the table is missing, or there is no picture.
    """
    return _find(folder, layout, FACE_LAYOUTS, FACE_ENDINGS, meta)


def normalised(name: str) -> str:
    """The key by which people meet: "A._J._Buckley" and "A.J. Buckley" -> "ajbuckley", "Beyoncé" -> "beyonce"."""
    letters = unicodedata.normalize("NFKD", name).casefold().translate(PLAIN_LETTERS)
    return "".join(letter for letter in letters if letter.isalnum())


def people_of(sources: Sequence[Source]) -> tuple[list[Person], list[int]]:
    """Who the sources, voices and faces together, are of.

    Two sources are of one person if any of their names or aliases agree when normalised, directly or through
    others: id00012 is n000012 (VoxCeleb2), n000012 is Aaron Ashmore (VGGFace2).
    Returns the people sorted by normalised name, and for each source the index of its person.
    """
    parents: dict[str, str] = {}  # union-find over keys

    def root(key: str) -> str:
        while parents[key] != key:
            parents[key] = key = parents[parents[key]]  # halves the way for those who come after
        return key

    heads: dict[tuple, str] = {}  # a key for each way of being known: many files are of few people
    head_of_source = []
    for source in sources:
        known = (source.person, source.aliases, "" if source.person else source.file)
        if known not in heads:
            keys = _keys(source)
            for key in keys:
                parents.setdefault(key, key)
                parents[root(key)] = root(keys[0])
            heads[known] = keys[0]
        head_of_source.append(heads[known])

    names: dict[str, set[str]] = {}
    genders: dict[str, str] = {}
    nationalities: dict[str, str] = {}
    roots = [root(head) for head in head_of_source]
    for key, source in zip(roots, sources, strict=True):
        names.setdefault(key, set()).add(source.person)
        genders[key] = genders.get(key) or source.gender
        nationalities[key] = nationalities.get(key) or source.nationality
    people = {
        key: Person(min(names[key], key=_least_like_an_id), genders[key], nationalities[key]) for key in names
    }
    order = sorted(people, key=lambda key: (normalised(people[key].name), people[key].name))
    position = {key: index for index, key in enumerate(order)}
    return [people[key] for key in order], [position[key] for key in roots]


def _keys(source: Source) -> list[str]:
    """The keys of a source; one without any letter or digit meets only its like: a slash is in no other key."""
    keys = [normalised(name) for name in (source.person, *source.aliases)]
    return [key for key in keys if key] or ["/" + (source.person or source.file)]


def _least_like_an_id(name: str) -> tuple[bool, bool, str]:
    """Sorts names before ids (and before none), names of several words before the rest, then by letter."""
    is_id = not name or VOXCELEB_ID.fullmatch(name) or VGGFACE2_ID.fullmatch(name)
    return bool(is_id), " " not in name, name


def _find(
    folder: Path, layout: str, layouts: tuple[str, ...], endings: frozenset[str], meta: Path | None
) -> list[Source]:
    folder = Path(folder)
    if layout not in layouts:
        raise CorpusError(f"The layout {layout!r} is not known here; take one of: {', '.join(layouts)}.")
    if not folder.is_dir():
        raise CorpusError(f"There is no folder {folder}.")
    people = _people(folder, layout, meta)
    name = Path(os.path.abspath(folder)).name  # one person's folder alone tells its person too
    sources = []
    for above, files in _walk(folder):
        whose = _whose(layout, name, above)
        if not whose:
            continue
        known = people.get(whose) or _Known(_spaced(whose))
        for file in files:
            if os.path.splitext(file)[1].lower() in endings and not file.startswith("."):
                below = "/".join((*above, file))
                sources.append(Source(folder / below, below, *known))
    if not sources:
        kind = "recordings" if endings is VOICE_ENDINGS else "pictures"
        raise CorpusError(
            f"There are no {kind} in {folder} in the layout {layout!r}; it should hold {EXPECTED[layout]}."
        )
    return sorted(sources, key=lambda source: source.file)


def _walk(folder: Path) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Every folder below one, as the names on the way to it, with the names of its files; hidden ones are left out.

    Corpora are often put together by links, so those are followed, but no folder is entered twice.
    """

    def unreadable(error: OSError) -> None:
        raise CorpusError(f"{error.filename} cannot be read: {error.strerror}.") from error

    entered = set()
    for place, folders, files in os.walk(folder, onerror=unreadable, followlinks=True):
        status = os.stat(place)
        if (status.st_dev, status.st_ino) in entered:
            folders.clear()
            continue
        entered.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(place).relative_to(folder).parts, files


def _whose(layout: str, folder: str, above: tuple[str, ...]) -> str | None:
    """The folder name that tells the person of a file, of the names on the way to it; None where none does."""
    if layout in ("voxceleb", "vggface2"):
        pattern = VOXCELEB_ID if layout == "voxceleb" else VGGFACE2_ID
        return next((name for name in (folder, *above) if pattern.fullmatch(name)), None)
    if not above or (layout == "vggface" and above[-1] == "images"):
        return None
    # archives of VGGFace and LFW unpack to different depths, but the last folder is always the person's
    return above[0] if layout == "folders" else above[-1]


def _spaced(name: str) -> str:
    """ "A.J._Buckley" -> "A.J. Buckley"; a name of nothing but underscores stays."""
    return " ".join(name.replace("_", " ").split()) or name


def _people(folder: Path, layout: str, meta: Path | None) -> dict[str, _Known]:
    """What a corpus's tables tell about its people, by the name of their folder."""
    if layout not in ("voxceleb", "vggface2"):
        if meta is not None:
            raise CorpusError(f"The layout {layout!r} has no table of people; leave {meta} out.")
        return {}
    names = VOXCELEB_META if layout == "voxceleb" else VGGFACE2_META
    people: dict[str, _Known] = {}
    for path in [Path(meta)] if meta is not None else _lying_near(folder, names):
        rows = _read_table(path)
        columns = rows[0]
        if layout == "voxceleb" and {"voxceleb1id", "vggface1id"} <= columns.keys():
            people |= {row["voxceleb1id"]: _voxceleb1(row) for row in rows}
        elif layout == "voxceleb" and {"voxceleb2id", "vggface2id"} <= columns.keys():
            people |= {row["voxceleb2id"]: _voxceleb2(row) for row in rows}
        elif layout == "vggface2" and {"classid", "name"} <= columns.keys():
            people |= {row["classid"]: _vggface2(row) for row in rows}
        else:
            raise CorpusError(
                f"{path} does not read like {' or '.join(names)}: its header names other columns."
            )
    return people


def _lying_near(folder: Path, names: tuple[str, ...]) -> list[Path]:
    """The tables that lie in a folder or else in the one above."""
    places = (folder, Path(os.path.abspath(folder)).parent)
    paths = [next((place / name for place in places if (place / name).is_file()), None) for name in names]
    if not any(paths):
        raise CorpusError(
            f"{' or '.join(names)} is neither in {folder} nor in the folder above; say where it is."
        )
    return [path for path in paths if path]


def _voxceleb1(row: dict[str, str]) -> _Known:
    identity = row["voxceleb1id"]
    name = _spaced(row["vggface1id"]) or identity
    return _Known(name, (identity,), _gender(row), _spaced(row["nationality"]))


def _voxceleb2(row: dict[str, str]) -> _Known:
    identity = row["voxceleb2id"]
    return _Known(row["vggface2id"] or identity, (identity,), _gender(row))  # this table has no names


def _vggface2(row: dict[str, str]) -> _Known:
    identity = row["classid"]
    return _Known(_spaced(row["name"]) or identity, (identity,), _gender(row))


def _gender(row: dict[str, str]) -> str:
    return GENDERS.get(row["gender"][:1].lower(), "")


def _read_table(path: Path) -> list[dict[str, str]]:
    """Rows of a table with tabs or commas between cells, by normalised column name; missing cells are "".

    The copies that go round differ in spaces, in quotes, and in a comma at the end of lines.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            tabs = "\t" in file.readline()
            file.seek(0)
            lines = list(csv.reader(file, delimiter="\t" if tabs else ",", skipinitialspace=True))
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"{path} is not a table of people in UTF-8.") from error
    header, *rows = [cells for cells in map(_cells, lines) if cells] or [[]]
    columns = [normalised(cell) for cell in header]
    table = []
    empty = dict.fromkeys(("gender", "nationality", *columns), "")
    for cells in rows:
        surplus = max(0, len(cells) - len(columns))  # commas of a name without quotes, second in every table
        cells[1 : 2 + surplus] = [",".join(cells[1 : 2 + surplus])]
        table.append(empty | dict(zip(columns, cells, strict=False)))
    if not table:
        raise CorpusError(f"{path} names no people.")
    return table


def _cells(line: list[str]) -> list[str]:
    """The cells of a line without spaces and quotes around them, and without empty ones at its end."""
    cells = [cell.strip(' \t"') for cell in line]
    while cells and not cells[-1]:
        cells.pop()
    return cells
