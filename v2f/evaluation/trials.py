"""1:2 matching trials (Sec. 4.2): a recording, a face of its speaker, and a face of somebody else, an imposter.

    trials = sample(probe_person, face_person, count=100_000, seed=0, stratum=gender)
    estimate = mean_over_pairs(score(probes, faces, trials), trials.speaker, trials.stranger)

A list of trials is saved as one .npz file of five int32 arrays, which other programs read with NumPy alone:

    probe, true, imposter   [trials]: the row of a recording, of a face of its speaker, and of somebody else's face
    probe_person            [recordings]: who speaks in each recording; -1 for those left out
    face_person             [faces]: who each face is of; -1 for those left out

    lists = np.load("trials.npz")
    lists["face_person"][lists["imposter"]]   # [trials]: who the imposters are
"""

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from v2f.data.shards import write_atomically
from v2f.data.sources import normalised
from v2f.errors import DAMAGED_ARRAY, CorpusError
from v2f.metrics import unit_rows

NOBODY = "Nobody has an imposter: matching needs voices and faces of two people alike."
BATCH = 16_384  # trials whose descriptors are gathered at once; more would take memory and no less time


@dataclass(frozen=True)
class Trials:
    """Trials, and who is in them; int32 arrays as in this module's text.

    Raises CorpusError where a row does not exist, a true face is not the speaker's or an imposter's is.
    """

    probe: np.ndarray  # [trials]
    true: np.ndarray  # [trials]
    imposter: np.ndarray  # [trials]
    probe_person: np.ndarray  # [recordings]
    face_person: np.ndarray  # [faces]

    def __post_init__(self) -> None:
        for part in fields(self):
            array = getattr(self, part.name)
            if array.ndim != 1 or array.dtype.kind not in "iu":
                raise CorpusError(f"Trials need one row of whole numbers as {part.name}.")
        if not len(self.probe) == len(self.true) == len(self.imposter):
            raise CorpusError("Trials need as many true faces and imposters as recordings.")
        for rows, people in (
            (self.probe, self.probe_person),
            (self.true, self.face_person),
            (self.imposter, self.face_person),
        ):
            if rows.size and (rows.min() < 0 or rows.max() >= people.size):
                raise CorpusError("Trials name recordings or faces that there are not.")
        speaker, stranger = self.speaker, self.stranger
        wrong = (speaker != self.face_person[self.true]) | (speaker == stranger)
        wrong |= (speaker < 0) | (stranger < 0)
        if wrong.any():
            raise CorpusError(
                f"Trial {int(wrong.argmax())} does not have a face of its speaker and a face of somebody else."
            )

    @property
    def speaker(self) -> np.ndarray:
        """Who speaks in each trial's recording, int [trials]."""
        return self.probe_person[self.probe]

    @property
    def stranger(self) -> np.ndarray:
        """Who each trial's imposter is, int [trials]."""
        return self.face_person[self.imposter]

    def among(self, recordings: np.ndarray) -> "Trials":
        """The trials of some recordings, int [n], whose rows are then 0 to n - 1."""
        row = np.full(len(self.probe_person), -1, dtype=np.int32)
        row[recordings] = np.arange(len(recordings))
        kept = row[self.probe] >= 0
        return Trials(
            row[self.probe[kept]],
            self.true[kept],
            self.imposter[kept],
            self.probe_person[recordings],
            self.face_person,
        )

    def save(self, path: str | Path) -> None:
        """Write the file described in this module's text; the same trials give the same bytes."""
        file = io.BytesIO()
        np.savez_compressed(file, **{part.name: getattr(self, part.name) for part in fields(self)})
        write_atomically(Path(path), file.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> "Trials":
        """Read what `save` wrote; raises CorpusError when it is missing, damaged or inconsistent."""
        try:
            with np.load(path, allow_pickle=False) as file:
                arrays = {part.name: file[part.name] for part in fields(cls)}
        except FileNotFoundError as error:
            raise CorpusError(f"There is no list of trials {path}; check the path.") from error
        except (*DAMAGED_ARRAY, AttributeError) as error:
            raise CorpusError(f"{path} is not a list of trials, or is damaged.") from error
        try:
            return cls(**arrays)
        except CorpusError as error:
            raise CorpusError(f"{path} is damaged: {error}") from error

    def check_fits(self, probe_person: np.ndarray, face_person: np.ndarray) -> None:
        """Raise CorpusError if rows of recordings and faces here are of other people than when they were sampled."""
        for here, there in ((probe_person, self.probe_person), (face_person, self.face_person)):
            if len(here) != len(there) or (there != here)[there >= 0].any():
                raise CorpusError("The list of trials was made from other recordings or faces than these.")


def sample(
    probe_person: np.ndarray,
    face_person: np.ndarray,
    count: int,
    seed: int,
    stratum: np.ndarray | None = None,
) -> Trials:
    """Sample `count` trials in which every person speaks equally often, and is the imposter about equally often.

    probe_person int [recordings], face_person int [faces]: who they are of; -1 is left out, and so are people
    with only the one or only the other. stratum int [people]: imposters come from the speaker's own, of gender,
    nationality or age; -1, unknown, is left out. A person's recordings take turns; true faces, imposters and their
    faces are sampled. Where there are few, a trial comes more than once.

    The trials depend on the arguments alone, not on the machine. Raises CorpusError when nobody has an imposter.
    """
    voices, faces = _of_people(probe_person), _of_people(face_person)
    people = np.intersect1d(np.flatnonzero(voices.count), np.flatnonzero(faces.count))
    group = np.zeros(len(people), dtype=np.int64) if stratum is None else np.asarray(stratum)[people]
    people, group = people[group >= 0], group[group >= 0]
    order = np.argsort(group, kind="stable")
    people, group = people[order], group[order]  # now each stratum's people stand side by side
    _, first, size = np.unique(group, return_index=True, return_counts=True)
    first, size = np.repeat(first, size), np.repeat(size, size)  # [people]: of everybody's own stratum
    speakers = np.flatnonzero(size > 1)
    if not len(speakers):
        raise CorpusError(NOBODY)

    rng = np.random.default_rng(seed)
    share = np.full(len(speakers), count // len(speakers))
    share[rng.permutation(len(speakers))[: count % len(speakers)]] += 1
    speaker = np.repeat(speakers, share)  # [trials], places in `people`
    turn = np.arange(count) - np.repeat(np.cumsum(share) - share, share)  # 0, 1, ... for each speaker
    person = people[speaker]
    shuffled = voices.shuffled(rng)  # or a short list would hold everybody's first recordings only
    probe = shuffled.row(person, turn % shuffled.count[person])
    true = faces.row(person, _below(faces.count[person], rng))
    other = first[speaker] + _below(size[speaker] - 1, rng)
    other += other >= speaker  # everybody of the stratum but the speaker
    stranger = people[other]
    imposter = faces.row(stranger, _below(faces.count[stranger], rng))
    return _trials(probe, true, imposter, probe_person, face_person)


def sample_each(
    probe_person: np.ndarray,
    face_person: np.ndarray,
    imposters: int,
    seed: int,
    stratum: np.ndarray | None = None,
) -> Trials:
    """Trials for few recordings, each of which gets so many different imposters' faces, or all that there are.

    The other arguments and the error are those of `sample`, which would give the same few again and again.
    """
    rng = np.random.default_rng(seed)
    probe_person, face_person = np.asarray(probe_person), np.asarray(face_person)
    group = np.zeros(1 + max(probe_person.max(initial=-1), face_person.max(initial=-1)), dtype=np.int64)
    group = group if stratum is None else np.asarray(stratum)
    parts = [np.empty((3, 0), dtype=np.int64)]
    for probe, person in enumerate(probe_person):
        own = np.flatnonzero(face_person == person)
        if person < 0 or group[person] < 0 or not own.size:
            continue
        alike = (face_person >= 0) & (face_person != person) & (group[face_person] == group[person])
        chosen = rng.permutation(np.flatnonzero(alike))[:imposters]
        parts.append(np.stack([np.full(chosen.size, probe), rng.choice(own, chosen.size), chosen]))
    probe, true, imposter = np.concatenate(parts, axis=1)
    if not probe.size:
        raise CorpusError(NOBODY)
    return _trials(probe, true, imposter, probe_person, face_person)


def distinct(probe_person: np.ndarray, face_person: np.ndarray, stratum: np.ndarray | None = None) -> int:
    """How many different trials `sample` can give."""
    size = 1 + max(np.max(probe_person, initial=-1), np.max(face_person, initial=-1))
    group = np.zeros(size, dtype=np.int64) if stratum is None else np.asarray(stratum)[:size]
    probes, faces = (np.bincount(of[of >= 0], minlength=size) for of in (probe_person, face_person))
    usable = (probes > 0) & (faces > 0) & (group >= 0)
    probes, faces, group = probes[usable], faces[usable], group[usable]
    _, place = np.unique(group, return_inverse=True)
    others = np.bincount(place, faces)[place] - faces if len(faces) else faces
    return int((probes * faces * others).sum())


def similarities(
    probes: np.ndarray, faces: np.ndarray, trials: Trials, centred: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """The cosine of each trial's probe to its true face and to the imposter, each float32 [trials].

    probes [recordings, d]: a descriptor of the face generated from each recording, or an embedding of its voice;
    faces [faces, d]: of the true faces, in the same space. `centred` takes away each side's mean first, which is
    what all probes, or all faces, have in common.
    Raises CorpusError where they do not fit the trials or are not finite.
    """
    if len(probes) != len(trials.probe_person) or len(faces) != len(trials.face_person):
        raise CorpusError("There are not as many descriptors as the trials have recordings and faces.")
    probes, faces = unit_rows(probes, centred), unit_rows(faces, centred)
    own, other = np.empty((2, len(trials.probe)), dtype=np.float32)
    for start in range(0, len(own), BATCH):
        at = slice(start, start + BATCH)
        probe = probes[trials.probe[at]]
        np.einsum("td,td->t", probe, faces[trials.true[at]], out=own[at])
        np.einsum("td,td->t", probe, faces[trials.imposter[at]], out=other[at])
    return own, other


def score(probes: np.ndarray, faces: np.ndarray, trials: Trials, centred: bool = False) -> np.ndarray:
    """Which trials are won: 1 where the true face is nearer, 0 where the imposter's is, 0.5 for a tie; float32.

    The arguments are those of `similarities`.
    """
    return compare(*similarities(probes, faces, trials, centred))


def compare(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Which trials are won, by the scores [n] of the true face and of the imposter's; float32 [n], ties 0.5."""
    return ((own > other) + np.float32(0.5) * (own == other)).astype(np.float32)


def check_unseen(people: Sequence[str], trained_on: Collection[str]) -> None:
    """Raise CorpusError, naming somebody, if any of the people measured on was trained on.

    Names are equal however they are spelled, as everywhere in a corpus: "A._J._Buckley" is "A.J. Buckley".
    """
    seen = {_key(name) for name in trained_on}
    both = [name for name in people if _key(name) in seen]
    if both:
        raise CorpusError(
            f"{both[0]} was trained on and cannot be measured on; so were {len(set(both))} in all."
        )


@dataclass(frozen=True)
class _Rows:
    """Rows grouped by person: those of person p are rows[start[p] : start[p] + count[p]]."""

    rows: np.ndarray
    start: np.ndarray
    count: np.ndarray

    def row(self, person: np.ndarray, place: np.ndarray) -> np.ndarray:
        """The row at a place among a person's own."""
        return self.rows[self.start[person] + place]

    def shuffled(self, rng: np.random.Generator) -> "_Rows":
        """The same, with each person's rows in random order."""
        person = np.repeat(np.arange(len(self.count)), self.count)
        return _Rows(self.rows[np.lexsort((rng.random(len(person)), person))], self.start, self.count)


def _of_people(person: np.ndarray) -> _Rows:
    rows = np.flatnonzero(np.asarray(person) >= 0)
    of = np.asarray(person)[rows]
    count = np.bincount(of)
    return _Rows(rows[np.argsort(of, kind="stable")], np.cumsum(count) - count, count)


def _below(limit: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A random whole number from 0 to one less than each limit."""
    return (rng.random(len(limit)) * limit).astype(np.int64)


def _trials(*arrays: np.ndarray) -> Trials:
    return Trials(*(np.asarray(array).astype(np.int32) for array in arrays))


def _key(name: str) -> str:
    return normalised(name) or name  # names without letters and digits are still different names
