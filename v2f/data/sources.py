"""Which recordings and pictures a downloaded corpus holds, and whose they are.

A layout is how a corpus keeps people apart on disk:

    voxceleb    .../id10001/VIDEO/00001.wav     with vox1_meta.csv (names), vox2_meta.csv (VGGFace2 ids), or both
    vggface     .../A.J._Buckley/00000001.jpg
    vggface2    .../n000001/0001_01.jpg         with identity_meta.csv (names)
    lfw         .../Aaron_Eckhart/Aaron_Eckhart_0001.jpg
    folders     NAME/anything/below.wav         for a corpus of one's own

Only names of files are read, never their contents. `people_of` matches people of several corpora by name or id.
"""

import os
import re
import unicodedata
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from pathlib import Path

from v2f.data.tables import read_people, spaced
from v2f.errors import CorpusError

VOICE_LAYOUTS = ("voxceleb", "folders")
FACE_LAYOUTS = ("vggface", "vggface2", "lfw", "folders")
SOUND_ENDINGS = frozenset({  # of what v2f.audio reads
    ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".au", ".avr", ".caf", ".flac",
    ".ircam", ".m4a", ".m4b", ".mka", ".mp2", ".mp3", ".nist", ".oga", ".ogg", ".opus", ".rf64",
    ".snd", ".sph", ".spx", ".voc", ".w64", ".wav", ".wma", ".wv",
})  # fmt: skip
VIDEO_ENDINGS = frozenset({
    ".3g2", ".3gp", ".asf", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg",
    ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv",
})  # fmt: skip
VOICE_ENDINGS = SOUND_ENDINGS | VIDEO_ENDINGS
FACE_ENDINGS = frozenset({
    ".avif", ".bmp", ".gif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm",
    ".png", ".pnm", ".ppm", ".tga", ".tif", ".tiff", ".webp",
})  # fmt: skip
FEATURE_ENDINGS = frozenset({".npy"})
NOTES = frozenset({  # that lie beside recordings and pictures, and are none themselves
    ".csv", ".htm", ".html", ".ini", ".json", ".jsonl", ".lab", ".log", ".md", ".npy", ".npz",
    ".pdf", ".srt", ".textgrid", ".tsv", ".txt", ".vtt", ".xml", ".yaml", ".yml",
})  # fmt: skip
IDS = {"voxceleb": re.compile(r"id\d{5}"), "vggface2": re.compile(r"n\d{6}")}  # folders of a person
EXPECTED = {
    "voxceleb": "id10001/VIDEO/00001.wav",
    "vggface": "A.J._Buckley/00000001.jpg",
    "vggface2": "n000001/0001_01.jpg",
    "lfw": "Aaron_Eckhart/Aaron_Eckhart_0001.jpg",
    "folders": "one folder for each person",
}
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


class Found(list[Source]):
    """The sources below a folder, sorted by `file`; `left_out` says of other files there why they are none."""

    folder: Path = Path()
    left_out: Sequence[
        tuple[str, str]
    ] = ()  # paths below the folder, and reasons; behind a colon there may be more


def find_voices(folder: Path, layout: str, tables: Sequence[Path] = ()) -> Found:
    """List the recordings below a folder.

    Of a video and its sound, which have one name below the folder of their person, the sound is listed.

    Args:
        folder: the corpus, or a folder of several, as downloaded.
        layout: one of VOICE_LAYOUTS.
        tables: VoxCeleb's tables of people; without any, those in the folder or the one above. Recordings of
            somebody who is in none keep the name of their folder as their person.

    Raises:
        CorpusError: the folder or a table is missing, or there is no recording.
    """
    return _find(folder, layout, VOICE_LAYOUTS, VOICE_ENDINGS, tables)


def find_faces(folder: Path, layout: str, tables: Sequence[Path] = ()) -> Found:
    """List the pictures below a folder, as `find_voices` does; `tables` are like VGGFace2's identity_meta.csv."""
    return _find(folder, layout, FACE_LAYOUTS, FACE_ENDINGS, tables)


def find_features(folder: Path, layout: str, tables: Sequence[Path] = ()) -> Found:
    """List the recordings of which somebody computed features already, .npy files, as `find_voices` does."""
    return _find(folder, layout, VOICE_LAYOUTS, FEATURE_ENDINGS, tables)


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
    folder: Path, layout: str, layouts: tuple[str, ...], endings: frozenset[str], tables: Sequence[Path]
) -> Found:
    folder = Path(folder)
    if layout not in layouts:
        raise CorpusError(f"There is no layout {layout!r} here; take one of: {', '.join(layouts)}.")
    if not folder.is_dir():
        raise CorpusError(f"There is no folder {folder}.")
    people = read_people(folder, layout, tables)
    by_name = {normalised(details["person"]): details for details in people.values()}
    by_name.pop("", None)  # names without letters and digits match nothing
    walked = list(_walk(folder))
    owner = _Owner(layout, Path(os.path.abspath(folder)).name, by_name, [above for above, _ in walked])
    found, left_out = Found(), []
    for above, files in walked:
        whose = owner.of(above)
        details = people.get(whose or "") or by_name.get(
            normalised(whose or ""), {"person": spaced(whose or "")}
        )
        for file in files:
            below, ending = "/".join((*above, file)), os.path.splitext(file)[1].lower()
            if ending in endings and whose:
                found.append(Source(folder / below, below, **details))
            elif ending in endings:
                left_out.append((below, "in nobody's folder"))
            elif ending not in VOICE_ENDINGS | FACE_ENDINGS | NOTES:
                left_out.append((below, f"of a kind that is not read: {ending or 'without an ending'}"))
    if not found:
        kind = {VOICE_ENDINGS: "recordings", FACE_ENDINGS: "pictures"}.get(endings, "features")
        others = f" Left out is {left_out[0][0]}: {left_out[0][1]}." if left_out else ""
        raise CorpusError(
            f"There are no {kind} in {folder} in the layout {layout!r}; it should hold {EXPECTED[layout]}.{others}"
        )
    found = _without_videos_of_sounds(found, left_out)
    found.folder = folder
    return found


def _without_videos_of_sounds(sources: Found, left_out: list[tuple[str, str]]) -> Found:
    """Leave out videos beside whose sound they lie, as VoxCeleb2's do: they are the same recordings again."""

    def name(source: Source) -> tuple[str, str]:
        """The person, and the way to the file from the person's folder, without the ending."""
        way = os.path.splitext(source.file)[0].split("/")
        keys = {normalised(key) for key in (source.person, *source.aliases)}
        start = next((i + 1 for i, part in enumerate(way) if normalised(part) in keys), 0)
        return source.person, "/".join(way[start:])

    def is_video(source: Source) -> bool:
        return source.path.suffix.lower() in VIDEO_ENDINGS

    sounds = (
        {name(source) for source in sources if not is_video(source)} if any(map(is_video, sources)) else ()
    )
    found = Found()
    for source in sorted(sources, key=lambda source: source.file):
        if is_video(source) and name(source) in sounds:
            left_out.append((source.file, "a video whose sound is there"))
        else:
            found.append(source)
    found.left_out = sorted(left_out)
    return found


def _walk(folder: Path) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Every folder below one, as the names on the way to it, with the names of its files; hidden ones are skipped.

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
        yield Path(place).relative_to(folder).parts, [name for name in files if not name.startswith(".")]


class _Owner:
    """Whose folders are.

    Some copies of VoxCeleb and VGGFace2 name folders after people, not after their ids, or mix both: a folder is a
    person's as well if its name is in `names`, or if it lies beside a person's.
    """

    def __init__(
        self, layout: str, folder: str, names: Container[str], places: Iterable[tuple[str, ...]]
    ) -> None:
        self.layout, self.folder, self.names = layout, folder, names
        self.shelves: set[tuple[str, ...]] = set()  # folders that hold those of people
        if layout in IDS:
            self.shelves = {
                above[:depth]
                for above in places
                for depth, name in enumerate(above)
                if IDS[layout].fullmatch(name) or normalised(name) in names
            }

    def of(self, above: tuple[str, ...]) -> str | None:
        """The folder, of those on the way to a file, that is named after its person; None where there is none."""
        if self.layout in IDS:
            way = (self.folder, *above)  # the whole corpus may itself be one person's
            ids = (name for name in way if IDS[self.layout].fullmatch(name))
            named = (name for name in way if normalised(name) in self.names)
            beside = (name for depth, name in enumerate(above) if above[:depth] in self.shelves)
            return next(chain(ids, named, beside), None)
        if not above or (self.layout == "vggface" and above[-1] == "images"):
            return None
        # archives of VGGFace and LFW unpack to different depths, but the last folder is always the person's
        return above[0] if self.layout == "folders" else above[-1]
