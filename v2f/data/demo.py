"""The demonstration corpus: portraits and voices whose licences allow it, paired by what is known of both.

No celebrity is in it. The faces are official portraits in the public domain and faces of people who do not exist;
a group of look-alikes is an identity. The voices are LibriSpeech readers (CC BY 4.0), the same at other speeds,
and blends of text-to-speech voices. Which voice goes to which group is learned from true pairs of voice and face;
only the resulting table enters the corpus, none of those pictures or recordings does.
"""

import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from v2f.data import store
from v2f.data.faces import PreparedFace, prepare_faces
from v2f.data.identities import group_centres, look_alike_groups
from v2f.data.pairing import VoiceToLooks, assign
from v2f.data.rejection import Rejected
from v2f.data.synthesis import load_styles, plan_blends, synthesise
from v2f.data.voices import Clip, PreparedVoice, prepare_voices
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


@dataclass(frozen=True)
class Sources:
    """Where the corpus is made from. See the README for where each comes from."""

    portraits: Path  # with portraits.csv: file, source, apparent_sex, apparent_age
    speech: Path  # with speakers.csv: file, speaker, sex
    pairs: Path  # voices/NNNN.opus and faces/NNNN.jpg, numbered as in avspeech_split.csv
    kokoro_voices: Path  # *.bin of the npm package kokoro-js


def prepare_demo(sources: Sources, out: Path, workers: int = 2, seed: int = 0) -> dict:
    """Build the store in `out`; a second call goes on where the first one stopped. Returns the report."""
    out.mkdir(parents=True, exist_ok=True)
    rejected: Counter[str] = Counter()
    faces, descriptors, face_rows = _faces(sources.portraits, out, workers, seed, rejected)
    voices = _voices(sources, out, workers, seed, rejected)
    learned = _learn_pairing(sources.pairs, workers)
    identities = _pair(voices, learned, descriptors, face_rows)
    _write_voices(voices, identities, out)
    store.write_array(out / store.FACES, faces)
    store.write_table(out / store.FACE_TABLE, store.FaceRow, face_rows)
    report = _report(face_rows, voices, identities, rejected)
    (out / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


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


def _faces(
    folder: Path, out: Path, workers: int, seed: int, rejected: Counter[str]
) -> tuple[np.ndarray, np.ndarray, list[store.FaceRow]]:
    """Faces [n, 64, 64, 3], descriptors [n, 128] and table rows of the portraits that can be used."""
    portraits = _read_csv(folder / "portraits.csv")
    grown = {row["file"]: row for row in portraits if int(row["apparent_age"]) >= YOUNGEST}
    rejected[f"face: looks under {YOUNGEST}"] += len(portraits) - len(grown)
    aligned = out / "aligned.npz"
    if not aligned.exists():
        _align([(folder / name, name) for name in grown], aligned, workers)
    rejected.update(f"face: {row.reason}" for row in store.read_table(aligned.with_suffix(".csv"), Rejected))
    with np.load(aligned) as done:
        names, faces, descriptors = done["names"].tolist(), done["faces"], done["descriptors"]
    labels = look_alike_groups(descriptors, [grown[name]["apparent_sex"] for name in names], seed)
    rows = [
        store.FaceRow(name, row["source"], row["apparent_sex"], int(row["apparent_age"]), int(label))
        for name, label in zip(names, labels, strict=True)
        for row in (grown[name],)
    ]
    return faces, descriptors, rows


def _align(paths: list[tuple[Path, str]], aligned: Path, workers: int) -> None:
    """Prepare portraits into `aligned` (.npz), with those left out in a table beside it."""
    found = list(tqdm(prepare_faces(paths, workers), total=len(paths), desc="faces", unit="face"))
    kept = [face for face in found if isinstance(face, PreparedFace)]
    store.write_table(aligned.with_suffix(".csv"), Rejected, [f for f in found if isinstance(f, Rejected)])
    partial = aligned.with_suffix(".part")
    with partial.open("wb") as file:
        np.savez(
            file,
            names=[face.file for face in kept],
            faces=np.stack([face.face for face in kept]),
            descriptors=np.stack([face.descriptor for face in kept]),
        )
    partial.replace(aligned)


def _voices(
    sources: Sources, out: Path, workers: int, seed: int, rejected: Counter[str]
) -> list[PreparedVoice]:
    heldout = heldout_readers()
    clips = []
    for row in _read_csv(sources.speech / "speakers.csv"):
        split = "heldout" if row["speaker"] in heldout else "train"
        for speed in SPEEDS if split == "train" else (1.0,):
            name = row["speaker"] if speed == 1.0 else f"{row['speaker']}x{speed}"
            path = sources.speech / row["file"]
            clips.append(Clip(path, name, SEX_NAMES[row["sex"]], "librispeech", split, speed))
    blends = plan_blends(sorted(load_styles(sources.kokoro_voices)), BLENDS_PER_SEX, seed)
    folder = out / "kokoro"
    list(tqdm(synthesise(blends, sources.kokoro_voices, folder, workers), desc="blends", unit="voice"))
    clips += [Clip(folder / f"{b.name}.flac", b.name, b.sex, "kokoro", "train") for b in blends]
    voices = list(tqdm(prepare_voices(clips, workers), total=len(clips), desc="voices", unit="voice"))
    rejected.update(f"voice: {voice.reason}" for voice in voices if isinstance(voice, Rejected))
    return [voice for voice in voices if isinstance(voice, PreparedVoice)]


def _learn_pairing(folder: Path, workers: int) -> VoiceToLooks:
    """The map from voice to looks, learned on the people of the part "map"."""
    rows = pairs_part("map")
    clips = [
        Clip(folder / "voices" / f"{row['pair']}.opus", row["person"], "", "avspeech", "map") for row in rows
    ]
    voices = list(
        tqdm(prepare_voices(clips, workers), total=len(clips), desc="true pairs, voices", unit="clip")
    )
    pictures = [(folder / "faces" / f"{row['pair']}.jpg", row["pair"]) for row in rows]
    faces = list(
        tqdm(prepare_faces(pictures, workers), total=len(pictures), desc="true pairs, faces", unit="face")
    )
    both = [
        (voice.dvector, face.descriptor)
        for voice, face in zip(voices, faces, strict=True)
        if isinstance(voice, PreparedVoice) and isinstance(face, PreparedFace)
    ]
    if len(both) < FEWEST_PAIRS:
        raise CorpusError(f"Only {len(both)} true pairs in {folder} could be read, too few to learn from.")
    dvectors, descriptors = zip(*both, strict=True)
    return VoiceToLooks.learn(np.stack(dvectors), np.stack(descriptors))


def _pair(
    voices: Sequence[PreparedVoice],
    learned: VoiceToLooks,
    descriptors: np.ndarray,
    face_rows: list[store.FaceRow],
) -> np.ndarray:
    """The identity of each voice, -1 for those that get none."""
    labels = np.array([row.identity for row in face_rows])
    centres = group_centres(descriptors, labels)
    sex_of_group = {row.identity: row.sex for row in face_rows}
    identities = np.full(len(voices), -1)
    for sex in ("female", "male"):
        groups = np.array([label for label in range(len(centres)) if sex_of_group[label] == sex])
        # Each source's own mean is taken away, so that a group is not picked for a microphone or a synthesiser.
        members, predicted = [], []
        for source in ("librispeech", "kokoro"):
            chosen = [
                i
                for i, v in enumerate(voices)
                if v.clip.sex == sex and v.clip.source == source and has_identity(v.clip)
            ]
            looks = learned(np.stack([voices[i].dvector for i in chosen]))
            members += chosen
            predicted.append(looks - looks.mean(axis=0))
        identities[members] = groups[assign(np.concatenate(predicted), centres[groups])]
    return identities


def has_identity(clip: Clip) -> bool:
    """Whether a voice takes part in stage two."""
    return clip.split == "train" and abs(clip.speed - 1) <= MOST_CHANGED


def _write_voices(voices: list[PreparedVoice], identities: np.ndarray, out: Path) -> None:
    rows, start = [], 0
    for voice, identity in zip(voices, identities, strict=True):
        clip, samples = voice.clip, len(voice.speech)
        rows.append(
            store.VoiceRow(
                clip.path.name, clip.speaker, clip.sex, clip.source, clip.split, int(identity), start, samples
            )
        )
        start += samples
    store.write_array(out / store.SPEECH, np.concatenate([voice.speech for voice in voices]))
    store.write_array(out / store.DVECTORS, np.stack([voice.dvector for voice in voices]))
    store.write_table(out / store.VOICE_TABLE, store.VoiceRow, rows)


def _report(
    face_rows: list[store.FaceRow],
    voices: list[PreparedVoice],
    identities: np.ndarray,
    rejected: Counter[str],
) -> dict:
    sizes = Counter(row.identity for row in face_rows)
    shares = Counter(int(i) for i in identities if i >= 0)
    sexes = {row.identity: row.sex for row in face_rows}
    return {
        "faces": len(face_rows),
        "identities": len(sizes),
        "identities by sex": dict(Counter(sexes.values())),
        "faces an identity, least and most": [min(sizes.values()), max(sizes.values())],
        "voices": len(voices),
        "voices held out": len([v for v in voices if v.clip.split == "heldout"]),
        "voices with an identity": int((identities >= 0).sum()),
        "voices an identity, least and most": [min(shares[i] for i in sizes), max(shares.values())],
        "hours of speech": round(sum(len(v.speech) for v in voices) / 16_000 / 3600, 2),
        "rejected": dict(rejected.most_common()),
    }
