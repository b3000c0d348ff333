"""The demonstration corpus: portraits and voices whose licences allow it, paired by age, sex and looks.

It has no celebrities. The faces are official portraits in the public domain and faces of people who do not exist; each
group of look-alikes serves as an identity. The voices were given to Common Voice (CC0), or are those of speechocean762
and of LibriSpeech (CC BY 4.0). How well a voice goes with a group is learned from true pairs of voice and face. Only
the resulting table becomes part of the corpus; the pictures and recordings of the true pairs do not.
"""

import json
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from v2f.audio import SAMPLE_RATE
from v2f.data import store
from v2f.data.apparent import ApparentSexAndAge
from v2f.data.corpus import add_faces, add_voices
from v2f.data.corpus_report import rejections
from v2f.data.dvectors import DVectors
from v2f.data.faceres import FaceRes
from v2f.data.faces import FaceOptions
from v2f.data.shards import write_array, write_atomically
from v2f.data.sources import Source
from v2f.data.voices import VoiceOptions
from v2f.demo.identities import look_alike_groups
from v2f.demo.looks import PreparedPairs
from v2f.demo.pairing import Looks, Speakers, TruePairs, pair, speaker_means
from v2f.demo.sources import (
    COMMON_VOICE,
    LIBRISPEECH,
    PAIRS,
    PORTRAITS,
    SPEECHOCEAN,
    PublicSource,
    files_of_pair,
    heldout,
    pairs_part,
)
from v2f.errors import CorpusError

SIZE = 128  # pixels along a side of the faces
FEWEST_PAIRS = 50  # to learn a map from
VOICES = VoiceOptions(dvectors=True, most_seconds=60, least_speech=0.8, most_speech=20)
FACES = FaceOptions(size=SIZE, describe=True, smallest=14)
GENDERS = {"women": "female", "men": "male", "of unknown gender": ""}


@dataclass(frozen=True)
class Sources:
    """Folders that the corpus is made from; v2f/demo/sources.py says which files each has, and from where.

    `faceres` holds the network that describes the faces of true pairs beside dlib's (v2f/data/faceres.py).
    """

    portraits: Path
    speech: Path
    pairs: Path
    common_voice: Path
    speechocean: Path
    faceres: Path

    @property
    def recordings(self) -> list[tuple[str, PublicSource, Path]]:
        """For each corpus of voices its name in the store, its source and its folder."""
        return [
            ("commonvoice", COMMON_VOICE, self.common_voice),
            ("librispeech", LIBRISPEECH, self.speech),
            ("speechocean", SPEECHOCEAN, self.speechocean),
        ]


def prepare_demo(sources: Sources, out: Path, engine: AbstractContextManager, seed: int = 0) -> dict:
    """Build the store in `out`, with a `shards.engine`, and return the report. A second call continues the first.

    The true pairs are prepared in a folder beside it, which can be deleted afterwards. Raises CorpusError.
    """
    PORTRAITS.require(sources.portraits)
    PAIRS.require(sources.pairs)
    for _, source, folder in sources.recordings:
        source.require(folder)
    # What can fail at once fails before an hour of work.
    DVectors(), ApparentSexAndAge(), FaceRes(sources.faceres)
    with engine:
        add_faces(out, _portraits(sources.portraits), FACES)
        add_voices(out, _recordings(sources), VOICES)
        pairs = _true_pairs(sources.pairs, sources.faceres, out.with_name(out.name + "-pairs"))
    complete_demo(out, pairs, seed)
    contents = report(out)
    write_atomically(out / "report.json", (json.dumps(contents, indent=2) + "\n").encode())
    return contents


def complete_demo(out: Path, pairs: TruePairs, seed: int = 0) -> None:
    """Complete a store of prepared faces and recordings: its people, and how well voices and faces go together."""
    voices = store.rows_of(out, "voices", store.VoiceRow)
    faces = store.rows_of(out, "faces", store.FaceRow)
    groups, looks = _looks(out, faces, seed)

    number = {name: i for i, name in enumerate(dict.fromkeys(row.person for row in voices))}
    person = np.array([number[row.person] for row in voices])
    rows = [voices[i] for i in np.unique(person, return_index=True)[1]]  # the first of each person
    seconds = np.array([row.length for row in voices]) / SAMPLE_RATE
    held_out = heldout()
    splits = [held_out.get(row.person, "train") for row in rows]
    speakers = Speakers(
        speaker_means(np.load(out / store.DVECTORS), person, seconds),
        np.array([corpus_of(row.file) for row in rows]),
        np.array([row.gender for row in rows]),
        np.array([float(row.age or "nan") for row in rows]),
        np.array([split == "train" for split in splits]),
    )
    q = pair(speakers, pairs, looks).astype(np.float16)
    identity = np.where(q.any(axis=1), q.argmax(axis=1), -1)

    people = [
        store.Person(row.person, row.gender, "", splits[i], int(identity[i]), row.age)
        for i, row in enumerate(rows)
    ]
    people += [
        store.Person(f"look-alikes {group}", str(gender), "", "train", group)
        for group, gender in enumerate(looks.gender)
    ]
    write_array(out / store.PAIRING, q[person])
    store.write_people(out, people, voices, person.tolist(), faces, (len(rows) + groups).tolist())


def corpus_of(file: str) -> str:
    """The corpus that a recording in the store comes from."""
    return file.split("/")[0]


def _portraits(folder: Path) -> list[Source]:
    return [
        Source(folder / row["file"], row["file"], row["file"], gender=row["apparent_sex"])
        for row in PORTRAITS.rows
    ]


def _recordings(sources: Sources) -> list[Source]:
    return [
        Source(
            folder / row["file"],
            f"{name}/{row['file']}",
            row["speaker"],
            gender=row["gender"],
            age=row["age"],
        )
        for name, source, folder in sources.recordings
        for row in source.rows
    ]


def _true_pairs(folder: Path, faceres: Path, out: Path) -> TruePairs:
    """The people in the part "map" whose voice and face can both be used."""
    faces = replace(FACES, faceres=faceres)
    names_and_files = [(row["pair"], *files_of_pair(row["pair"])) for row in pairs_part("map")]
    add_voices(out, [Source(folder / voice, name, name) for name, voice, _ in names_and_files], VOICES)
    add_faces(out, [Source(folder / face, name, name) for name, _, face in names_and_files], faces)
    pairs = PreparedPairs.open(out)
    if len(pairs.faces) < FEWEST_PAIRS:
        raise CorpusError(
            f"Only {len(pairs.faces)} true pairs in {folder} could be read, too few to learn from."
        )
    judge = ApparentSexAndAge().judge
    judged = (judge(face) for face in tqdm(pairs.faces, desc="judging", unit="face"))
    sexes, ages = zip(*judged, strict=True)
    return TruePairs(pairs.dvectors, pairs.descriptors, np.array(sexes), np.array(ages, dtype=float))


def _looks(out: Path, faces: list[store.FaceRow], seed: int) -> tuple[np.ndarray, Looks]:
    """Group the faces of a store by looks; returns the group of each face, int [faces], and the groups."""
    descriptors, genders = np.load(out / store.DESCRIPTORS), np.array([row.gender for row in faces])
    apparent = {row["file"]: float(row["apparent_age"]) for row in PORTRAITS.rows}
    ages = np.array([apparent[row.file] for row in faces], dtype=np.float32)
    groups = look_alike_groups(descriptors, genders.tolist(), seed)
    first = np.unique(groups, return_index=True)[1]
    centres = np.stack([descriptors[groups == group].mean(axis=0) for group in range(len(first))])
    mean_age = np.bincount(groups, ages) / np.bincount(groups)
    return groups, Looks(centres, genders[first], mean_age)


def report(out: Path) -> dict:
    """Counts, hours and the proportion of women in a store of the demonstration corpus."""
    opened = store.Store.open(out)
    assert opened.pairing is not None
    sizes = Counter(opened.face_identity.tolist())
    corpus = np.array([corpus_of(row.file) for row in store.rows_of(out, "voices", store.VoiceRow)])
    corpora = {name: _corpus_report(opened, corpus == name) for name in dict.fromkeys(corpus.tolist())}
    speakers, first = np.unique(opened.voices["person"], return_index=True)
    q = opened.pairing[first].astype(np.float64)
    q = q[q.any(axis=1)]
    female = np.array([opened.people[len(speakers) + group].gender == "female" for group in sorted(sizes)])
    return {
        "faces": len(opened.faces),
        "identities": len(sizes),
        "faces an identity, least and most": [min(sizes.values()), max(sizes.values())],
        "people with voices": len(speakers),
        "recordings": len(opened.voices),
        "hours of speech": round(len(opened.speech) / SAMPLE_RATE / 3600, 2),
        "voices held out": {split: len(opened.voices_in(split)) for split in ("test", "common voice")},
        "people paired": len(q),
        "share of women among the paired": round(float(q[:, female].sum() / len(q)), 3),
        "corpora": corpora,
        "rejected": rejections(out),
    }


def _corpus_report(opened: store.Store, own: np.ndarray) -> dict:
    """People, recordings and hours of one corpus of voices; `own`, bool [recordings], marks its recordings."""
    voices = opened.voices[own]
    people = [opened.people[person] for person in np.unique(voices["person"])]
    return {
        "people": len(people),
        **{name: sum(p.gender == gender for p in people) for name, gender in GENDERS.items()},
        "of known age": sum(p.age != "" for p in people),
        "held out": sum(p.split != "train" for p in people),
        "paired": sum(p.identity >= 0 for p in people),
        "recordings": len(voices),
        "hours of speech": round(float(voices["length"].sum()) / SAMPLE_RATE / 3600, 2),
    }
