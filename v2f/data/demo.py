"""The demonstration corpus: portraits and voices whose licences allow it, paired by what is known of both.

No celebrity is in it. The faces are official portraits in the public domain and faces of people who do not exist;
a group of look-alikes is an identity. The voices are LibriSpeech readers (CC BY 4.0), the same at other speeds,
and blends of text-to-speech voices. Which voice goes to which group is learned from true pairs of voice and face;
only the resulting table enters the corpus, none of those pictures or recordings does.
"""

import csv
import json
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from v2f.data import store
from v2f.data.corpus import Engine, add_faces, add_voices, complete, rows_of
from v2f.data.faces import FaceOptions
from v2f.data.growing import write_atomically
from v2f.data.identities import group_centres, look_alike_groups
from v2f.data.pairing import VoiceToLooks, assign
from v2f.data.rejection import Rejected
from v2f.data.sources import Source
from v2f.data.synthesis import load_styles, plan_blends, synthesise
from v2f.data.voices import VoiceOptions
from v2f.errors import CorpusError

HERE = Path(__file__).parent
HELDOUT_READERS = HERE / "heldout_readers.txt"  # 25 women and 25 men who are never trained on
PAIRS_SPLIT = HERE / "avspeech_split.csv"  # which true pairs the map learns from and which measure
SPEEDS = (0.85, 0.92, 1.0, 1.08, 1.17)  # each reader at five speeds is five voices to the encoder
MOST_CHANGED = 0.1  # voices changed in speed by more than this get no face: they no longer sound of their sex
BLENDS_PER_SEX = 16
YOUNGEST = 16  # years, apparent
FEWEST_PAIRS = 50  # to learn a map from
SEX_NAMES = {"F": "female", "M": "male"}
VOICES = VoiceOptions(keep="speech", dvectors=True, most_seconds=60)
FACES = FaceOptions(describe=True)


@dataclass(frozen=True)
class Sources:
    """Where the corpus is made from. See the README for where each comes from."""

    portraits: Path  # with portraits.csv: file, source, apparent_sex, apparent_age
    speech: Path  # with speakers.csv: file, speaker, sex
    pairs: Path  # voices/NNNN.opus and faces/NNNN.jpg, numbered as in avspeech_split.csv
    kokoro_voices: Path  # *.bin of the npm package kokoro-js


def prepare_demo(sources: Sources, out: Path, engine: Engine, seed: int = 0) -> dict:
    """Build the store in `out`; a second call goes on where the first one stopped. Returns the report.

    The true pairs are prepared beside it, in a folder that can be deleted afterwards.
    """
    portraits, spoken = _portraits(sources.portraits), _recordings(sources, out, engine.workers, seed)
    faces = add_faces(out, portraits, FACES, engine)
    voices = add_voices(out, spoken, VOICES, engine)
    learned = _learn_pairing(sources.pairs, out.with_name(out.name + "-pairs"), engine)
    groups = look_alike_groups(np.load(out / store.DESCRIPTORS), [row.gender for row in faces], seed)
    identities = _pair(out, voices, {source.file: source for source in spoken}, learned, faces, groups)
    heldout = heldout_readers()
    speakers = [
        store.Person(
            row.person, row.gender, "", "test" if row.person in heldout else "train", int(identities[i])
        )
        for i, row in enumerate(voices)
    ]  # each has one recording
    sexes = {int(group): row.gender for row, group in zip(faces, groups, strict=True)}
    looks = [
        store.Person(f"look-alikes {group}", sexes[group], "", "train", group) for group in sorted(sexes)
    ]
    face_person = [len(speakers) + int(group) for group in groups]
    complete(out, [*speakers, *looks], voices, range(len(voices)), faces, face_person)
    report = _report(out, groups, identities)
    write_atomically(out / "report.json", (json.dumps(report, indent=2) + "\n").encode())
    return report


@cache
def heldout_readers() -> set[str]:
    """The LibriSpeech speakers that are never trained on."""
    return set(HELDOUT_READERS.read_text("utf-8").split())


def pairs_part(part: str) -> list[dict[str, str]]:
    """Rows (pair, person, part) of the true pairs whose part is "map" or "measure"; no person is in both."""
    return [row for row in _read_csv(PAIRS_SPLIT) if row["part"] == part]


def _read_csv(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except OSError as error:
        raise CorpusError(f"{path} cannot be read: {error.strerror}.") from error


def _portraits(folder: Path) -> list[Source]:
    """The portraits of grown people."""
    rows = [row for row in _read_csv(folder / "portraits.csv") if int(row["apparent_age"]) >= YOUNGEST]
    return [
        Source(folder / row["file"], row["file"], row["file"], gender=row["apparent_sex"]) for row in rows
    ]


def _recordings(sources: Sources, out: Path, workers: int, seed: int) -> list[Source]:
    """The readers, those who are trained on at all speeds, and the blends, which are synthesised where need be."""
    heldout = heldout_readers()
    spoken = []
    for row in _read_csv(sources.speech / "speakers.csv"):
        for speed in (1.0,) if row["speaker"] in heldout else SPEEDS:
            changed = "" if speed == 1.0 else f"x{speed}"
            spoken.append(
                Source(
                    sources.speech / row["file"],
                    row["file"] + changed,
                    row["speaker"] + changed,
                    gender=SEX_NAMES[row["sex"]],
                    speed=speed,
                )
            )
    blends = plan_blends(sorted(load_styles(sources.kokoro_voices)), BLENDS_PER_SEX, seed)
    folder = out / "kokoro"
    list(tqdm(synthesise(blends, sources.kokoro_voices, folder, workers), desc="blends", unit="voice"))
    made = [Source(folder / f"{b.name}.flac", f"kokoro/{b.name}.flac", b.name, gender=b.sex) for b in blends]
    return [*spoken, *made]


def _learn_pairing(folder: Path, out: Path, engine: Engine) -> VoiceToLooks:
    """The map from voice to looks, learned on the people of the part "map"."""
    pairs = [row["pair"] for row in pairs_part("map")]
    voices = add_voices(
        out, [Source(folder / "voices" / f"{pair}.opus", pair, pair) for pair in pairs], VOICES, engine
    )
    faces = add_faces(
        out, [Source(folder / "faces" / f"{pair}.jpg", pair, pair) for pair in pairs], FACES, engine
    )
    dvectors, descriptors = np.load(out / store.DVECTORS), np.load(out / store.DESCRIPTORS)
    face_of = {row.file: i for i, row in enumerate(faces)}
    both = [(i, face_of[row.file]) for i, row in enumerate(voices) if row.file in face_of]
    if len(both) < FEWEST_PAIRS:
        raise CorpusError(f"Only {len(both)} true pairs in {folder} could be read, too few to learn from.")
    heard, seen = (list(part) for part in zip(*both, strict=True))
    return VoiceToLooks.learn(dvectors[heard], descriptors[seen])


def _pair(
    out: Path,
    voices: list[store.VoiceRow],
    sources: dict[str, Source],
    learned: VoiceToLooks,
    faces: list[store.FaceRow],
    groups: np.ndarray,
) -> np.ndarray:
    """The identity of each voice, -1 for those that get none."""
    dvectors = np.load(out / store.DVECTORS)
    centres = group_centres(np.load(out / store.DESCRIPTORS), groups)
    sex_of_group = {int(group): row.gender for row, group in zip(faces, groups, strict=True)}
    identities = np.full(len(voices), -1)
    for sex in ("female", "male"):
        own = np.array([group for group in range(len(centres)) if sex_of_group[group] == sex])
        # Each source's own mean is taken away, so that a group is not picked for a microphone or a synthesiser.
        members, predicted = [], []
        for made in (False, True):
            chosen = [
                i
                for i, row in enumerate(voices)
                if row.gender == sex
                and row.file.startswith("kokoro/") == made
                and has_identity(sources[row.file])
            ]
            looks = learned(dvectors[chosen])
            members += chosen
            predicted.append(looks - looks.mean(axis=0))
        identities[members] = own[assign(np.concatenate(predicted), centres[own])]
    return identities


def has_identity(source: Source) -> bool:
    """Whether a voice takes part in stage two."""
    return source.person not in heldout_readers() and abs(source.speed - 1) <= MOST_CHANGED


def _report(out: Path, groups: np.ndarray, identities: np.ndarray) -> dict:
    opened = store.Store.open(out)
    sizes, shares = Counter(groups.tolist()), Counter(identities[identities >= 0].tolist())
    rejected = Counter(
        row.reason for side in ("voices", "faces") for row in rows_of(out, side, Rejected, "rejected")
    )
    return {
        "faces": len(groups),
        "identities": len(sizes),
        "faces an identity, least and most": [min(sizes.values()), max(sizes.values())],
        "voices": len(identities),
        "voices held out": len(opened.voices_in("test")),
        "voices with an identity": int((identities >= 0).sum()),
        "voices an identity, least and most": [min(shares[i] for i in sizes), max(shares.values())],
        "hours of speech": round(len(opened.sounds) / 16_000 / 3600, 2),
        "rejected": dict(rejected.most_common()),
    }
