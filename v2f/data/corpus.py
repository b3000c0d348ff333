"""A downloaded corpus to a store: prepare recordings and faces, match their people, split them, and report.

Each side can be prepared by itself; whatever sides a store has are joined anew at the end of each call.
"""

import json
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from itertools import starmap
from operator import attrgetter
from pathlib import Path
from typing import Any

from v2f.data import corpus_report as report
from v2f.data import store
from v2f.data.faces import FaceOptions, prepare_faces
from v2f.data.landmarks import landmark_backend
from v2f.data.shards import Rejected, ShardResult, ShardWriter, grow, write_atomically, write_rows
from v2f.data.sources import Found, Source, people_of
from v2f.data.splits import SPLITS, keep_splits, split_people
from v2f.data.voices import VoiceOptions, prepare_voices
from v2f.errors import CorpusError

ROWS: dict[str, type] = {"voices": store.VoiceRow, "faces": store.FaceRow}
RULE = "split.json"  # of a store: the rule and the seed of its split
SHARD = 64  # files that a worker prepares at once: what is lost when everything is killed


def prepare_corpus(
    out: Path,
    voices: Found,
    faces: Found,
    split: str | None = None,
    seed: int | None = None,
    face_options: FaceOptions = FaceOptions(),  # noqa: B008, frozen
    engine: AbstractContextManager = nullcontext(),  # noqa: B008, stateless
) -> dict:
    """Prepare the sides that are given, join all that `out` has, and report; a second call goes on where one stopped.

    Files that came into a folder since then are added, people take the names of this call, and a store's split stays
    what it was, with the newcomers split by its rule, unless `split` and `seed` ask for another.

    `split` is a rule of `split_people`, "random" with seed 0 at first. `engine` is one of `shards.engine`, without
    which this process does all the work. Returns the report; raises CorpusError.
    """
    split_people([], split or "random")  # what can fail at once fails before hours of work
    require_somebody([*voices, *_sources(out, "voices")], [*faces, *_sources(out, "faces")])
    if faces:
        landmark_backend(face_options.detector)  # and fetches its weights once, not in every worker
    with engine:
        if voices:
            add_voices(out, voices, VoiceOptions())
        if faces:
            add_faces(out, faces, face_options)
    for side, found in (("voices", voices), ("faces", faces)):
        if found:
            write_rows(out / f"{side}.left_out.csv", Rejected, starmap(Rejected, found.left_out))
            _rename(out, side, found)
    join(out, split, seed)
    contents = report.corpus_report(out)
    report.write(out, contents, faces)
    require_somebody(_sources(out, "voices"), _sources(out, "faces"))
    return contents


def require_somebody(voices: Sequence[Source], faces: Sequence[Source]) -> None:
    """Raise CorpusError where there are voices and faces, and nobody has both."""
    heard, seen = (
        list({(one.person, one.aliases): one for one in side}.values()) for side in (voices, faces)
    )
    person = people_of([*heard, *seen])[1]
    if heard and seen and not {*person[: len(heard)]} & {*person[len(heard) :]}:
        raise CorpusError(
            f"Nobody has both a voice and a face: the first recording is of {voices[0].person!r}, the first picture"
            f" of {faces[0].person!r}; name people alike on both sides, or give the tables that say who is who,"
            " and run this again."
        )


def add_voices(out: Path, sources: Sequence[Source], options: VoiceOptions) -> None:
    """Prepare recordings into a store; those of a folder (Found) may become more."""
    writer = ShardWriter(out, "voices", options.columns, store.VoiceRow)
    _grow(writer, sources, partial(prepare_voices, options=options), repr(options))


def add_faces(out: Path, sources: Sequence[Source], options: FaceOptions) -> None:
    """Prepare pictures into a store; those of a folder (Found) may become more."""
    writer = ShardWriter(out, "faces", options.columns, store.FaceRow)
    _grow(writer, sources, partial(prepare_faces, options=options), repr(options))


def _grow(
    writer: ShardWriter,
    sources: Sequence[Source],
    work: Callable[[Sequence[Source]], ShardResult],
    task: str,
) -> None:
    if isinstance(sources, Found):
        grow(writer, sources, work, f"{task} {sources.folder.resolve()}", SHARD, attrgetter("file"))
    else:
        grow(writer, sources, work, task, SHARD)


def join(out: Path, split: str | None, seed: int | None) -> None:
    """Match the people of both sides, give them splits and identities, and complete the store."""
    voices = store.rows_of(out, "voices", store.VoiceRow)
    faces = store.rows_of(out, "faces", store.FaceRow)
    people, person = people_of([*_sources(out, "voices"), *_sources(out, "faces")])
    voice_person, face_person = person[: len(voices)], person[len(voices) :]
    files = [("voices", row.file) for row in voices] + [("faces", row.file) for row in faces]
    rule, keep = _rule(out, split, seed)
    before = _splits_before(out, len(people), dict(zip(files, person, strict=True)) if keep else {})
    splits = keep_splits(before, [one.name for one in people], **rule)
    trained = sorted(i for i in {*voice_person} & {*face_person} if splits[i] == "train")
    identity = {i: number for number, i in enumerate(trained)}
    people = [replace(one, split=splits[i], identity=identity.get(i, -1)) for i, one in enumerate(people)]
    store.write_people(out, people, voices, voice_person, faces, face_person)
    write_atomically(out / RULE, (json.dumps(rule) + "\n").encode())


def _rule(out: Path, split: str | None, seed: int | None) -> tuple[dict[str, Any], bool]:
    """The rule of a split and its seed, as the store notes them, and whether people keep the splits they have."""
    noted = json.loads((out / RULE).read_text("utf-8")) if (out / RULE).exists() else {}
    if split not in (None, "paper", "random"):
        split = os.path.abspath(split)
    rule = {
        "rule": split or noted.get("rule", "random"),
        "seed": noted.get("seed", 0) if seed is None else seed,
    }
    return rule, (split is None and seed is None) or (rule == noted and rule["rule"] == "random")


def _splits_before(out: Path, people: int, person: dict[tuple[str, str], int]) -> list[str | None]:
    """The split that each of so many people has had; `person` is who each file is of, by side and file."""
    before: list[str | None] = [None] * people
    for file, split in store.splits_of_files(out).items():
        if (
            i := person.get(file)
        ) is not None:  # who has turned out to be one with others is held out as they are
            before[i] = max(before[i] or "", split, key=("", *SPLITS).index)
    return before


def _rename(out: Path, side: str, found: Found) -> None:
    """Note who the people of files are by now, where a table of people or a folder's name says otherwise than once."""
    rows = {row.file: row for row in store.rows_of(out, side, ROWS[side])}
    now = [store.SourceRow(**source.columns) for source in found if source.file in rows]
    changed = [row for row in now if _as_source(row) != _as_source(rows[row.file])]
    path = out / f"{side}.renamed.csv"
    if changed or path.exists():
        write_rows(path, store.SourceRow, changed)


def _sources(out: Path, side: str) -> list[Source]:
    """What a store has of a side, as sources, under the names of the last call."""
    renamed = {row.file: row for row in store.rows_of(out, side, store.SourceRow, "renamed")}
    return [_as_source(renamed.get(row.file, row)) for row in store.rows_of(out, side, ROWS[side])]


def _as_source(row: store.SourceRow) -> Source:
    aliases = tuple(row.aliases.split("|")) if row.aliases else ()
    return Source(Path(row.file), row.file, row.person, aliases, row.gender, row.nationality)
