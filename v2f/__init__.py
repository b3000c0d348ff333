"""A face from a voice.

    import v2f
    face = v2f.load().face("clip.wav")  # .image [size, size, 3], .embedding [64], .score, .seconds, ...
    face = v2f.load().face(v2f.examples()[0])  # a recording that comes with it

Importing this package loads nothing heavy; the names below fetch what they need at first use.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from v2f.errors import NoSpeechError, V2FError
    from v2f.pipeline import Face, VoiceToFace

__version__ = "0.1.0"
__all__ = ["Face", "NoSpeechError", "V2FError", "VoiceToFace", "__version__", "examples", "load"]

_HOMES = {
    "Face": "v2f.pipeline",
    "NoSpeechError": "v2f.errors",
    "V2FError": "v2f.errors",
    "VoiceToFace": "v2f.pipeline",
}


def load(source: str | Path | None = None, device: str | None = None, exact: bool = False) -> "VoiceToFace":
    """Load a model and make it ready to turn voices into faces.

    `source` is a weights file, a folder of `VoiceToFace.save_pretrained`, ``"released"`` for the authors' weights
    (fetched beforehand), ``"hf://owner/name"`` for a model on the Hugging Face Hub, or None for the bundled ones;
    `device` a torch device name, by default a CUDA GPU if there is one; `exact` computes in float32. Raises
    WeightsError when the weights are missing or damaged.
    """
    from v2f.models import Runtime
    from v2f.models import load as load_model
    from v2f.pipeline import VoiceToFace

    return VoiceToFace(load_model(source), Runtime.choose(device, exact))


def examples() -> list[Path]:
    """The recordings that come with v2f, of LibriSpeech readers: FLAC files of more than ten seconds of speech each."""
    from v2f.assets import EXAMPLES

    return sorted(EXAMPLES.glob("*.flac"))


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'v2f' has no attribute {name!r}")
