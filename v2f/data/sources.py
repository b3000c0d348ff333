"""Which recordings and pictures a downloaded corpus holds, and whose they are.

A layout is how a corpus keeps people apart on disk:

    voxceleb    .../id10001/VIDEO/00001.wav     with vox1_meta.csv (names) and/or vox2_meta.csv (VGGFace2 ids)
    vggface     .../A.J._Buckley/00000001.jpg
    vggface2    .../n000001/0001_01.jpg         with identity_meta.csv (names)
    lfw         .../Aaron_Eckhart/Aaron_Eckhart_0001.jpg
    folders     NAME/anything/below.wav         for a corpus of one's own

Only names of files are read, never their contents. `people_of` matches people of several corpora by name or id.
"""

import csv
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from v2f.errors import CorpusError

VOICE_LAYOUTS = ("voxceleb", "folders")
FACE_LAYOUTS = ("vggface", "vggface2", "lfw", "folders")
# no .mp4: beside VoxCeleb's sound lie its videos, which are the same recordings again
VOICE_ENDINGS = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".m4a", ".aac", ".aiff", ".webm"})
FACE_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"})
IDS = {"voxceleb": re.compile(r"id\d{5}"), "vggface2": re.compile(r"n\d{6}")}  # folders of a person
TABLES = {  # of people: file name, and its columns of ids and of names
    "voxceleb": {
        "vox1_meta.csv": ("voxceleb1id", "vggface1id"),
        "vox2_meta.csv": ("voxceleb2id", "vggface2id"),  # has no names, but VGGFace2's ids
    },
    "vggface2": {"identity_meta.csv": ("classid", "name")},
}
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
    person: str  # name in the corpus, underscores as spaces ("A.J. Buckley"); the id where it has no name
    aliases: tuple[str, ...] = ()  # other keys of the same person: ids such as n000012 and id10001
    gender: str = ""  # "female", "male", or "" where unknown
    nationality: str = ""
    age: str = ""  # years, or "" where unknown

    @property
    def columns(self) -> dict[str, str]:
        """The first columns of its row in a store's tables."""
        names = {"file": self.file, "person": self.person, "aliases": "|".join(self.aliases)}
        return names | {"gender": self.gender, "nationality": self.nationality}


@dataclass(frozen=True)
class Person:
    """Somebody of whom there are sources; the last three are of a store (v2f/data/store.py)."""

    name: str
    gender: str  # "female", "male", or "" where unknown
    nationality: str
    split: str = ""
    identity: int = -1
    age: str = ""  # years; the middle of a band where only that is known


def find_voices(folder: Path, layout: str, meta: Path | None = None) -> list[Source]:
    """List the recordings below a folder, sorted by `file`.

    Args:
        folder: the corpus, or a folder of several, as downloaded.
        layout: one of VOICE_LAYOUTS.
        meta: VoxCeleb's table of people; without it, those in the folder or the one above. Recordings of somebody
            who is not in the table keep the id as their person.

    Raises:
        CorpusError: the folder or the table is missing, or there is no recording.
    """
    return _find(folder, layout, VOICE_LAYOUTS, VOICE_ENDINGS, meta)


def find_faces(folder: Path, layout: str, meta: Path | None = None) -> list[Source]:
    """List the pictures below a folder, as `find_voices` does; `meta` is VGGFace2's identity_meta.csv."""
    return _find(folder, layout, FACE_LAYOUTS, FACE_ENDINGS, meta)


@lru_cache(1 << 16)  # many files are of few people
def normalised(name: str) -> str:
    """The key that matches people: "A._J._Buckley" and "A.J. Buckley" -> "ajbuckley", "Beyoncé" -> "beyonce"."""
    letters = unicodedata.normalize("NFKD", name).casefold().translate(PLAIN_LETTERS)
    return "".join(letter for letter in letters if letter.isalnum())


def people_of(sources: Sequence[Source]) -> tuple[list[Person], list[int]]:
    """Group sources, voices and faces together, by person.

    Two sources are of one person if any of their names or aliases agree when normalised, directly or through
    others: id00012 is n000012 (VoxCeleb2), n000012 is Aaron Ashmore (VGGFace2).
    Returns the people sorted by normalised name, and for each source the index of its person.
    """
    from networkx.utils import UnionFind

    groups, keys = UnionFind(), [_keys(source) for source in sources]
    for same in keys:
        groups.union(*same)
    group_of_source = [groups[same[0]] for same in keys]
    members: dict[str, list[Source]] = {}
    for group, source in zip(group_of_source, sources, strict=True):
        members.setdefault(group, []).append(source)
    people = {
        group: Person(
            min((source.person for source in of_one), key=_least_like_an_id),
            next((source.gender for source in of_one if source.gender), ""),
            next((source.nationality for source in of_one if source.nationality), ""),
        )
        for group, of_one in members.items()
    }
    order = sorted(people, key=lambda group: (normalised(people[group].name), people[group].name))
    position = {group: index for index, group in enumerate(order)}
    return [people[group] for group in order], [position[group] for group in group_of_source]


def _keys(source: Source) -> list[str]:
    """The keys of a source; one without any letter or digit matches only its like: a slash is in no other key."""
    keys = [normalised(name) for name in (source.person, *source.aliases)]
    return [key for key in keys if key] or ["/" + (source.person or source.file)]


def _least_like_an_id(name: str) -> tuple[bool, bool, str]:
    """Sorts names before ids (and before none), names of several words before the rest, then by letter."""
    is_id = not name or any(pattern.fullmatch(name) for pattern in IDS.values())
    return is_id, " " not in name, name


def _find(
    folder: Path, layout: str, layouts: tuple[str, ...], endings: frozenset[str], meta: Path | None
) -> list[Source]:
    folder = Path(folder)
    if layout not in layouts:
        raise CorpusError(f"There is no layout {layout!r} here; take one of: {', '.join(layouts)}.")
    if not folder.is_dir():
        raise CorpusError(f"There is no folder {folder}.")
    people = _people(folder, layout, meta)
    name = Path(os.path.abspath(folder)).name  # the folder may itself be one person's
    sources = []
    for above, files in _walk(folder):
        whose = _whose(layout, name, above)
        if not whose:
            continue
        details = people.get(whose) or {"person": _spaced(whose)}
        for file in files:
            if os.path.splitext(file)[1].lower() in endings and not file.startswith("."):
                below = "/".join((*above, file))
                sources.append(Source(folder / below, below, **details))
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
    """The folder, of those on the way to a file, that is named after its person; None where there is none."""
    if layout in IDS:
        return next((name for name in (folder, *above) if IDS[layout].fullmatch(name)), None)
    if not above or (layout == "vggface" and above[-1] == "images"):
        return None
    # archives of VGGFace and LFW unpack to different depths, but the last folder is always the person's
    return above[0] if layout == "folders" else above[-1]


def _spaced(name: str) -> str:
    """ "A.J._Buckley" -> "A.J. Buckley"; a name of nothing but underscores stays."""
    return " ".join(name.replace("_", " ").split()) or name


def _people(folder: Path, layout: str, meta: Path | None) -> dict[str, dict[str, Any]]:
    """The fields of a Source that a corpus's tables of people hold, by the name of a person's folder."""
    tables = TABLES.get(layout)
    if tables is None:
        if meta is not None:
            raise CorpusError(f"The layout {layout!r} has no table of people; leave {meta} out.")
        return {}
    people = {}
    for path in [Path(meta)] if meta is not None else _nearby(folder, tables):
        rows = _read_table(path)
        columns = next((columns for columns in tables.values() if {*columns} <= rows[0].keys()), None)
        if columns is None:
            raise CorpusError(
                f"{path} does not read like {' or '.join(tables)}: its header names other columns."
            )
        for row in rows:
            identity, name = (row[column] for column in columns)
            people[identity] = {
                "person": _spaced(name) or identity,
                "aliases": (identity,),
                "gender": GENDERS.get(row["gender"][:1].lower(), ""),
                "nationality": _spaced(row["nationality"]),
            }
    return people


def _nearby(folder: Path, names: Iterable[str]) -> list[Path]:
    """The tables that lie in a folder or else in the one above."""
    places = (folder, Path(os.path.abspath(folder)).parent)
    paths = [next((place / name for place in places if (place / name).is_file()), None) for name in names]
    if not any(paths):
        raise CorpusError(
            f"{' or '.join(names)} is neither in {folder} nor in the folder above; say where it is."
        )
    return [path for path in paths if path]


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
