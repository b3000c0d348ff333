"""The page without a server behind it: a folder of static files that computes in the visitor's browser.

Its scripts are those of static/, which ask as they ask a server; browser/ answers them, by the graphs of v2f/export in
ONNX Runtime. `make web` puts that runtime and the speech detector into browser/vendor.
"""

import gzip
import json
import shutil
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from v2f.assets import ASSETS, EXAMPLES, READERS
from v2f.audio import NOISE_KINDS, SAMPLE_RATE
from v2f.errors import V2FError, WeightsError
from v2f.export.onnx_graphs import parts
from v2f.kiosk import explanation, showpieces, wire
from v2f.kiosk.browser_texts import BROWSER_TEXTS
from v2f.kiosk.headers import HEADERS, policy
from v2f.kiosk.layout import STATIC, STYLES, page_config
from v2f.kiosk.settings import Settings
from v2f.kiosk.texts import TEXTS
from v2f.models import Model, Runtime
from v2f.models.portrait_generator import PortraitGenerator
from v2f.models.uncertainty import SECONDS
from v2f.pipeline import VoiceToFace

BROWSER = Path(__file__).parent / "browser"
VENDOR = BROWSER / "vendor"
UNSERVED = ("vendor", "*.html", "*.py", "__pycache__", "service-worker.js")  # as they lie there
LARGE = ("model", "vendor")  # folders whose files are fetched as they are needed, and kept then
POLICY = {  # nothing is fetched from, or sent to, any other site
    "default-src": "'self'",
    "script-src": "'self' 'wasm-unsafe-eval' blob:",
    "worker-src": "'self' blob:",
    "connect-src": "'self' data: blob:",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "style-src": "'self' 'unsafe-inline'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
}
PAGE_HEADERS = HEADERS | {
    "content-security-policy": policy(POLICY),
    # WebAssembly has threads only where a page shares its process with no other site's.
    "cross-origin-embedder-policy": "require-corp",
}


class NoRuntimeError(V2FError):
    """The files of `make web` are not here."""


def export(model: Model, folder: Path, settings: Settings = Settings()) -> None:  # noqa: B008, frozen
    """Write the page for a model.

    Args:
        model: with the fused encoder and a portrait generator, as the bundled one is.
        folder: new, or of an earlier export; what it holds under the same names is written anew.
        settings: how the booth is set up; `local` and cards need a server.

    Raises:
        NoRuntimeError: `make web` has not run.
        WeightsError: the model is of another kind.
    """
    if not VENDOR.is_dir():
        raise NoRuntimeError(
            "The runtime for browsers is missing; in a checkout of v2f, `make web` fetches it from npm."
        )
    if not isinstance(model.generator, PortraitGenerator):
        raise WeightsError("In a browser only models with a portrait generator run, as the bundled one is.")
    graphs = parts(model)
    _copy_files(folder)
    (folder / "model").mkdir()
    for name, graph in graphs.items():
        packed = gzip.compress(graph.SerializeToString(), mtime=0)
        (folder / "model" / f"{name}.onnxz").write_bytes(packed)
    shown = _shown(model)
    (folder / "model" / "noises.bin").write_bytes(shown.noises)
    (folder / "index.html").write_text(_page(), "utf-8")
    config = page_config(settings, model, shown.faces, shown.typical_scores) | {
        "texts": TEXTS | BROWSER_TEXTS,
        "readers": sorted(clip.name.removesuffix("-face.opus") for clip in READERS.glob("*-face.opus")),
        "noises": NOISE_KINDS,
        "model": shown.told,
        "sizes": _sizes(folder),
    }
    (folder / "config.json").write_text(json.dumps(config, ensure_ascii=False), "utf-8")
    (folder / "service-worker.js").write_text(_service_worker(folder), "utf-8")


def _copy_files(folder: Path) -> None:
    """Put what is the same for every model into the folder, in place of what an earlier export left there."""
    for name in ("browser", "kiosk", "vendor", "fonts", "examples", "readers", "model"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for source, name in (
        (BROWSER, "browser"),
        (STATIC, "kiosk"),
        (ASSETS / "fonts", "fonts"),
        (EXAMPLES, "examples"),
        (READERS, "readers"),
    ):
        shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns(*UNSERVED))
    shutil.copytree(VENDOR, folder / "vendor")


@dataclass(frozen=True)
class _Shown:
    """What is computed once, here.

    Attributes:
        faces: that greet whoever comes.
        typical_scores: as `Showpieces` has them.
        noises: int16, little-endian, TIMELINE_SECONDS of each of NOISE_KINDS, one after the other.
        told: of the model, for browser/service.js.
    """

    faces: list[wire.FaceMessage]
    typical_scores: dict[str, list[float]] | None
    noises: bytes
    told: dict[str, Any]


def _shown(model: Model) -> _Shown:
    engine = VoiceToFace(model, Runtime.choose("cpu", exact=True))
    pieces = showpieces.compute(engine, showpieces.example_voices())
    faces = wire.encode_generated(*engine.faces(pieces.walk))
    starts = [pieces.sounds[kind][: wire.TIMELINE_SECONDS * SAMPLE_RATE] for kind in NOISE_KINDS]
    samples = wire.to_int16(np.concatenate(starts))
    told = {
        "example": pieces.embeddings[0].tolist(),
        "check": {"embedding": pieces.walk[0].tolist(), "face": faces[0]["image"]},
        "about": explanation.about(model),
        "uncertainty": uncertainty_numbers(model),
    }
    return _Shown(faces, pieces.typical_scores, samples, told)


def uncertainty_numbers(model: Model) -> dict[str, Any] | None:
    """The numbers of v2f/models/uncertainty.py that the browser needs, where they are known."""
    known = model.uncertainty
    if known is None:
        return None
    names = ("tells", "bias", "middles", "expected", "spread", "settling", "apart")
    return {"seconds": SECONDS} | {name: getattr(known, name).tolist() for name in names}


def _page() -> str:
    links = "\n".join(f'<link rel="stylesheet" href="kiosk/{name}.css">' for name in STYLES)
    page = (BROWSER / "index.html").read_text("utf-8")
    page = page.replace("<!-- styles -->", f'{links}\n<link rel="stylesheet" href="browser/loading.css">')
    page = page.replace("<!-- policy -->", policy(POLICY))
    return page.replace("<!-- booth -->", (STATIC / "kiosk.html").read_text("utf-8"))


def _sizes(folder: Path) -> dict[str, int]:
    """Bytes of the large files, by their path."""
    files = (file for name in LARGE for file in sorted((folder / name).iterdir()))
    return {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}


def _service_worker(folder: Path) -> str:
    """The script that keeps the page's files in the browser, under a name that changes when any of them does."""
    files, digest = [], blake2b(digest_size=8)
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        path = file.relative_to(folder).as_posix()
        if path != "service-worker.js":
            files.append(path)
            digest.update(path.encode() + file.read_bytes())
    large = [path for path in files if path.partition("/")[0] in LARGE]
    told = {
        "VERSION": f"v2f-{digest.hexdigest()}",
        "HEADERS": PAGE_HEADERS,
        "FILES": ["./", *(path for path in files if path not in large)],
        "LARGE": large,
    }
    constants = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in told.items())
    return constants + (BROWSER / "service-worker.js").read_text("utf-8")
