"""Whom a model is measured on: people of a store, or true pairs of voice and face in a folder."""

import csv
import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from PIL import Image
from torch import Tensor

from v2f.audio import keep_speech, read_audio, require_speech
from v2f.audio.features import FRAMES_PER_SECOND
from v2f.audio.front_ends import FRONT_ENDS
from v2f.data.landmarks import align, detect_faces, five_points, landmarks68
from v2f.data.recordings import frames_of
from v2f.data.store import Person, Store
from v2f.errors import CorpusError, NoSpeechError
from v2f.models.networks import EncoderName
from v2f.models.pixels import shrink
from v2f.report.results import Part, People

EACH = 5  # recordings of each training identity; Sec. 4.2: 4,620 of 924
MOST_FACES = 2600  # of all training identities together, sampled
OVERLAP = 2  # frames: the last window of a sound reaches so far beyond its start
UPSAMPLINGS = (0, 1, 2)  # of a frame, until a face is found in it


@dataclass(frozen=True)
class Subjects:
    """People with recordings, faces, or both. Recordings and faces are numbered from 0, people by `people`."""

    name: People
    people: list[Person]
    voice_person: np.ndarray  # int64 [recordings]
    face_person: np.ndarray  # int64 [faces]
    faces: np.ndarray  # uint8 [faces, size, size, 3], as large as the model draws them
    frames: Callable[[int], Tensor]  # of a recording: the encoder's, of its speech, float32 [bins, frames]
    encoder: EncoderName = "table2"  # that of `frames`
    imposters: int | None = None  # for each recording; None: trials are sampled as in the paper
    shown: bool = True  # whether their pictures may be shown
    left_out: dict[str, int] = field(default_factory=dict)  # recordings or pictures, by reason

    def features(self, recording: int) -> Tensor:
        """Features [bins, frames] of the whole recording."""
        return self.normalise(self.frames(recording))

    def first_features(self, recording: int, seconds: float) -> Tensor | None:
        """Features [bins, frames] of a recording's first seconds of speech; None where there are not so many."""
        whole, end = self.frames(recording), round(seconds * FRAMES_PER_SECOND)
        return None if end > whole.shape[1] else self.normalise(whole[:, :end])

    def normalise(self, frames: Tensor) -> Tensor:
        """Features [bins, frames], as the encoder takes them, of those frames that are used."""
        return FRONT_ENDS[self.encoder].normalise(frames)

    @property
    def gender(self) -> np.ndarray:
        """Each person's gender, str [people]; "" where it is not known."""
        return np.array([person.gender for person in self.people], dtype="U6")


def of_store(
    store: Store, split: str, encoder: EncoderName = "table2", size: int = 64, longest: bool = False
) -> Subjects:
    """All people of a split other than "train", with frames for an encoder and faces of `size` pixels a side.

    longest: only the longest recording of each. Raises CorpusError where the store's faces are smaller.
    """
    voices, faces = store.voices_in(split), store.faces_in(split)
    if longest:
        lengths, person = (store.voices[name][voices] for name in ("length", "person"))
        order = voices[np.lexsort((-lengths, person))]
        voices = order[np.unique(store.voices["person"][order], return_index=True)[1]]
    return Subjects(
        name=People(split.replace(" ", "_")),
        people=store.people,
        voice_person=store.voices["person"][voices],
        face_person=np.asarray(store.face_person[faces]),
        faces=_faces(store, faces, size),
        frames=lambda recording: frames_of(store, voices[recording], encoder=encoder),
        encoder=encoder,
    )


def of_training(
    store: Store, shares: np.ndarray, seed: int, encoder: EncoderName = "table2", size: int = 64
) -> Subjects:
    """The training identities, as `of_store`: EACH recordings of everyone, and MOST_FACES, sampled.

    shares: how much of each of the store's recordings, from its start, was trained on and is heard, float [recordings].
    """
    rng = np.random.default_rng(seed)
    voices = _some(np.where(shares > 0, store.voice_identity, -1), rng)
    faces = np.sort(rng.permutation(np.flatnonzero(store.face_identity >= 0))[:MOST_FACES])
    people: dict[int, Person] = {}
    for person in store.people:
        if person.identity >= 0 and (person.identity not in people or not people[person.identity].gender):
            people[person.identity] = person

    def frames(recording: int) -> Tensor:
        whole = frames_of(store, voices[recording], encoder=encoder)
        return whole[:, : round(whole.shape[1] * shares[voices[recording]])]

    return Subjects(
        name=People.TRAINING,
        people=[people[identity] for identity in range(store.identities)],
        voice_person=store.voice_identity[voices],
        face_person=store.face_identity[faces],
        faces=_faces(store, faces, size),
        frames=frames,
        encoder=encoder,
    )


def held_out(training: Subjects, store: Store, shares: np.ndarray, seed: int) -> dict[Part, Subjects]:
    """What was not trained on of the recordings of `of_training`, EACH of everyone."""

    def part(rows: np.ndarray) -> Subjects:
        voices = _some(np.where(rows, store.voice_identity, -1), np.random.default_rng(seed))

        def frames(recording: int) -> Tensor:
            whole, share = (
                frames_of(store, voices[recording], encoder=training.encoder),
                shares[voices[recording]],
            )
            return whole[:, math.ceil((whole.shape[1] + OVERLAP) * share) :]

        return replace(training, voice_person=store.voice_identity[voices], frames=frames)

    parts = {Part.RECORDINGS: part(shares == 0), Part.ENDS: part((shares > 0) & (shares < 1))}
    return {what: subjects for what, subjects in parts.items() if len(subjects.voice_person)}


def of_pairs(
    folder: Path,
    split: Path,
    imposters: int,
    workers: int = 1,
    encoder: EncoderName = "table2",
    size: int = 64,
) -> Subjects:
    """The true pairs in the part "measure" of a split, with frames for an encoder and faces of `size` pixels a side.

    folder: voices/PAIR.opus and faces/PAIR.jpg. split: a table with the columns pair, person, part. Pairs without a
    frontal face, or with too little speech, are left out. The faces are never shown.
    Raises CorpusError when a file is missing or cannot be read, or a person is in both parts.
    """
    rows = _measured(split)
    paths = [
        (folder / "voices" / f"{row['pair']}.opus", folder / "faces" / f"{row['pair']}.jpg") for row in rows
    ]
    absent = [pair for pair in paths if not all(path.is_file() for path in pair)]
    if absent or not rows:
        raise CorpusError(f"{folder} lacks {len(absent)} of the {len(rows)} pairs to measure on.")
    read = Parallel(n_jobs=workers)(delayed(_read_pair)(*pair, encoder, size) for pair in paths)
    kept = [(row["person"], *pair) for row, pair in zip(rows, read, strict=True) if not isinstance(pair, str)]
    names, person = np.unique([name for name, _, _ in kept], return_inverse=True)
    frames = [of_speech for _, of_speech, _ in kept]
    return Subjects(
        name=People.TRUE_PAIRS,
        people=[Person(str(name), "", "", "test", -1) for name in names],
        voice_person=person,
        face_person=person,
        faces=np.stack([face for _, _, face in kept]),
        frames=lambda recording: frames[recording],
        encoder=encoder,
        imposters=imposters,
        shown=False,
        left_out=dict(Counter(pair for pair in read if isinstance(pair, str))),
    )


def face_of(picture: Path, size: int = 64) -> np.ndarray | None:
    """The aligned face np.uint8 [size, size, 3] in a picture, or None where no frontal face is found."""
    try:
        with Image.open(picture) as file:
            image = np.asarray(file.convert("RGB"))
    except OSError as error:
        raise CorpusError(f"{picture} is not a picture that can be read.") from error
    for upsample in UPSAMPLINGS:
        boxes = detect_faces(image, upsample)
        if boxes:
            return align(image, five_points(landmarks68(image, boxes[0])), size)
    return None


def _read_pair(clip: Path, picture: Path, encoder: EncoderName, size: int) -> tuple[Tensor, np.ndarray] | str:
    """The frames [bins, frames] of a clip's speech and the face of a picture, or why there is none."""
    face = face_of(picture, size)
    if face is None:
        return "no frontal face in the picture"
    speech = keep_speech(read_audio(clip))
    try:
        require_speech(speech.size)
    except NoSpeechError:
        return "too little speech in the clip"
    return FRONT_ENDS[encoder].frames(speech), face


def _measured(split: Path) -> list[dict[str, str]]:
    try:
        with open(split, newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except OSError as error:
        raise CorpusError(f"There is no table {split}; check the path.") from error
    if not rows or not {"pair", "person", "part"} <= rows[0].keys():
        raise CorpusError(f"{split} needs the columns pair, person, part.")
    kept = [row for row in rows if row["part"] == "measure"]
    both = {row["person"] for row in kept} & {row["person"] for row in rows if row["part"] != "measure"}
    if both:
        raise CorpusError(f"{split} has people in both of its parts: {', '.join(sorted(both)[:3])} ...")
    return kept


def _some(identity: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Up to EACH rows of every identity [rows], in the order of the store."""
    order = rng.permutation(np.flatnonzero(identity >= 0))
    order = order[np.argsort(identity[order], kind="stable")]
    _, first, count = np.unique(identity[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(first, count)
    return np.sort(order[place < EACH])


def _faces(store: Store, rows: np.ndarray, size: int) -> np.ndarray:
    """A store's faces as large as the model's, by area averaging: judges see true and generated ones alike."""
    faces = np.asarray(store.faces[rows])
    height, width = faces.shape[1:3]
    if min(height, width) < size:
        raise CorpusError(
            f"{store.folder} holds faces of {height}x{width} pixels, and the model draws {size}x{size}; "
            f"prepare it with --size {size}."
        )
    return shrink(faces, size)


def names_of(subjects: Subjects) -> Sequence[str]:
    """The names of those of whom there are recordings or faces."""
    present = np.union1d(subjects.voice_person, subjects.face_person)
    return [subjects.people[person].name for person in present]
