"""A downloaded corpus to a store: prepare recordings and faces, match their people, split them, and report.

Each side can be prepared by itself; whatever sides a store has are joined anew at the end of each call.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from v2f.data import corpus_report as report
from v2f.data import store
from v2f.data.faces import FaceOptions, prepare_faces
from v2f.data.landmarks import landmark_backend
from v2f.data.shards import Rejected, ShardWriter, grow, read_rows, write_rows
from v2f.data.sources import Person, Source, people_of
from v2f.data.splits import split_people
from v2f.data.voices import VoiceOptions, prepare_voices

SHARD = 64  # files that a worker prepares at once: what is lost when everything is killed


def prepare_corpus(
    out: Path,
    voices: Sequence[Source],
    faces: Sequence[Source],
    split: str = "random",
    seed: int = 0,
    face_options: FaceOptions = FaceOptions(),  # noqa: B008, frozen
    engine: AbstractContextManager = nullcontext(),  # noqa: B008, stateless
) -> dict:
    """Prepare the sides that are given, join all that `out` has, and report; a second call goes on where one stopped.

    `split` is a rule of `split_people`; `engine` is one of `shards.engine`, without which this process does all the
    work. Returns the report; raises CorpusError.
    """
    split_people([], split, seed)  # what can fail at once fails before hours of work
    if faces:
        landmark_backend(face_options.detector)  # and fetches its weights once, not in every worker
    with engine:
        if voices:
            add_voices(out, voices, VoiceOptions())
        if faces:
            add_faces(out, faces, face_options)
    join(out, split, seed)
    contents = report.corpus_report(out)
    report.write(out, contents, faces)
    return contents


def add_voices(out: Path, sources: Sequence[Source], options: VoiceOptions) -> None:
    """Prepare recordings into a store."""
    writer = ShardWriter(out, "voices", options.columns, store.VoiceRow)
    grow(writer, sources, partial(prepare_voices, options=options), repr(options), SHARD)


def add_faces(out: Path, sources: Sequence[Source], options: FaceOptions) -> None:
    """Prepare pictures into a store."""
    writer = ShardWriter(out, "faces", options.columns, store.FaceRow)
    grow(writer, sources, partial(prepare_faces, options=options), repr(options), SHARD)


def join(out: Path, split: str, seed: int) -> None:
    """Match the people of both sides, give them splits and identities, and complete the store."""
    voices, faces = rows_of(out, "voices", store.VoiceRow), rows_of(out, "faces", store.FaceRow)
    people, person = people_of([_as_source(row) for row in [*voices, *faces]])
    voice_person, face_person = person[: len(voices)], person[len(voices) :]
    splits = split_people([one.name for one in people], split, seed)
    trained = sorted(i for i in {*voice_person} & {*face_person} if splits[i] == "train")
    identity = {i: number for number, i in enumerate(trained)}
    people = [replace(one, split=splits[i], identity=identity.get(i, -1)) for i, one in enumerate(people)]
    complete(out, people, voices, voice_person, faces, face_person)


def complete(
    out: Path,
    people: Sequence[Person],
    voices: Sequence[store.VoiceRow],
    voice_person: Sequence[int],
    faces: Sequence[store.FaceRow],
    face_person: Sequence[int],
) -> None:
    """Write the tables of people and of rejected files, and an empty array for a side that is not there."""
    if not voices:
        store.write_array(out / store.LOG_MEL, np.zeros((0, 64), np.float16))
    if not faces:
        store.write_array(out / store.FACES, np.zeros((0, 64, 64, 3), np.uint8))
    rejected = [row for side in ("voices", "faces") for row in rows_of(out, side, Rejected, "rejected")]
    write_rows(out / "rejected.csv", Rejected, rejected)
    store.write_people(out, people, voices, voice_person, faces, face_person)


def rows_of(out: Path, side: str, row_type: type, kind: str = "rows") -> list:
    """The rows of a side, prepared or rejected; none where the store does not have it."""
    path = out / f"{side}.{kind}.csv"
    return read_rows(path, row_type) if path.exists() else []


def _as_source(row: store.VoiceRow | store.FaceRow) -> Source:
    aliases = tuple(row.aliases.split("|")) if row.aliases else ()
    return Source(Path(row.file), row.file, row.person, aliases, row.gender, row.nationality)
