"""A downloaded corpus to a store: prepare recordings and faces, match their people, split them, and report.

Each side can be prepared by itself; whatever sides a store has are joined anew at the end of each call.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from v2f.data import corpus_report as report
from v2f.data import store
from v2f.data.faces import FaceOptions, prepare_faces
from v2f.data.landmarks import landmark_backend
from v2f.data.shards import ShardWriter, grow
from v2f.data.sources import Source, people_of
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
    voices = store.rows_of(out, "voices", store.VoiceRow)
    faces = store.rows_of(out, "faces", store.FaceRow)
    people, person = people_of([_as_source(row) for row in [*voices, *faces]])
    voice_person, face_person = person[: len(voices)], person[len(voices) :]
    splits = split_people([one.name for one in people], split, seed)
    trained = sorted(i for i in {*voice_person} & {*face_person} if splits[i] == "train")
    identity = {i: number for number, i in enumerate(trained)}
    people = [replace(one, split=splits[i], identity=identity.get(i, -1)) for i, one in enumerate(people)]
    store.write_people(out, people, voices, voice_person, faces, face_person)


def _as_source(row: store.VoiceRow | store.FaceRow) -> Source:
    aliases = tuple(row.aliases.split("|")) if row.aliases else ()
    return Source(Path(row.file), row.file, row.person, aliases, row.gender, row.nationality)
