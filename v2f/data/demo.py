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
    learned = _learn_pairing(sources.pairs, out, workers)
    identities = _pair(voices, learned, descriptors, face_rows)
    _write_voices(voices, identities, out)
    store.write_array(out / store.FACES, faces)
    store.write_table(out / store.FACE_TABLE, face_rows)
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
    rows = []
    for row in _read_csv(folder / "portraits.csv"):
        if int(row["apparent_age"]) >= YOUNGEST:
            rows.append(row)
        else:
            rejected[f"face: looks under {YOUNGEST}"] += 1
    prepared = _prepared_faces(
        [(folder / row["file"], row["file"]) for row in rows], out / "faces.npz", workers
    )
    kept = [index for index, face in enumerate(prepared) if face.face is not None]
    rejected.update(f"face: {face.rejected}" for face in prepared if face.rejected)
    faces = np.stack([prepared[index].face for index in kept])
    descriptors = np.stack([prepared[index].descriptor for index in kept])
    labels = look_alike_groups(descriptors, [rows[index]["apparent_sex"] for index in kept], seed)
    face_rows = [
        store.FaceRow(
            rows[index]["file"],
            rows[index]["source"],
            rows[index]["apparent_sex"],
            int(rows[index]["apparent_age"]),
            int(label),
        )
        for index, label in zip(kept, labels, strict=True)
    ]
    return faces, descriptors, face_rows


def _prepared_faces(paths: list[tuple[Path, str]], cache: Path, workers: int) -> list[PreparedFace]:
    """Prepared faces by name; done once, then read back from `cache`."""
    if not cache.exists():
        found = list(tqdm(prepare_faces(paths, workers), total=len(paths), desc="faces", unit="face"))
        kept = [face for face in found if face.face is not None]
        partial = cache.with_suffix(".part")
        with partial.open("wb") as file:
            np.savez(
                file,
                names=[face.file for face in kept],
                faces=np.stack([face.face for face in kept]),
                descriptors=np.stack([face.descriptor for face in kept]),
                rejected=[(face.file, face.rejected) for face in found if face.rejected]
                or np.empty((0, 2), "U1"),
            )
        partial.replace(cache)
    with np.load(cache) as done:
        good = {
            str(n): (f, d) for n, f, d in zip(done["names"], done["faces"], done["descriptors"], strict=True)
        }
        bad = {str(name): str(reason) for name, reason in done["rejected"]}
    return [
        PreparedFace(name, *good[name]) if name in good else PreparedFace(name, rejected=bad[name])
        for _, name in paths
    ]


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
    rejected.update(f"voice: {voice.rejected}" for voice in voices if voice.rejected)
    return [voice for voice in voices if voice.speech is not None]


def _learn_pairing(folder: Path, out: Path, workers: int) -> VoiceToLooks:
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
        (v, f) for v, f in zip(voices, faces, strict=True) if v.dvector is not None and f.face is not None
    ]
    if len(both) < 50:
        raise CorpusError(f"Only {len(both)} true pairs in {folder} could be read, too few to learn from.")
    return VoiceToLooks.learn(
        np.stack([v.dvector for v, _ in both]), np.stack([f.descriptor for _, f in both])
    )


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
    store.write_table(out / store.VOICE_TABLE, rows)


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
        "voices held out": sum(voice.clip.split == "heldout" for voice in voices),
        "voices with an identity": int((identities >= 0).sum()),
        "voices an identity, least and most": [min(shares[i] for i in sizes), max(shares.values())],
        "hours of speech": round(sum(len(v.speech) for v in voices) / 16_000 / 3600, 2),
        "rejected": dict(rejected.most_common()),
    }
