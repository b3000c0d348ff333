"""Weights files: safetensors that carry the configuration and origin of the networks they hold.

A file holds tensors named ``<network>.<parameter>`` for the networks ``encoder``, ``generator``, ``trunk``,
``discriminator``, ``classifier``, ``gender``, ``chooser`` and ``uncertainty`` (any subset), and as metadata the
format's version, the `NetworkConfig` and the provenance as JSON, and a digest of the tensors, so that a damaged file is
noticed rather than shown as an odd face. Reading one never runs code.
"""

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from v2f.assets import ASSETS
from v2f.errors import WeightsError
from v2f.models import hub
from v2f.models.fused import FusedEncoder
from v2f.models.networks import (
    GENDERS,
    Chooser,
    Classifier,
    Discriminator,
    FaceTrunk,
    Generator,
    NetworkConfig,
    VoiceEncoder,
)
from v2f.models.portrait_generator import PortraitGenerator
from v2f.models.uncertainty import Uncertainty

FORMAT = "1"
BUNDLED = ASSETS / "v2f-demo.safetensors"
Encoder = VoiceEncoder | FusedEncoder
FaceGenerator = Generator | PortraitGenerator


def build_encoder(config: NetworkConfig) -> Encoder:
    """The voice encoder that a configuration names, its values not yet learned."""
    return FusedEncoder() if config.encoder == "fused" else VoiceEncoder(config)


def build_generator(config: NetworkConfig) -> FaceGenerator:
    """The generator that a configuration names, its values not yet learned."""
    return PortraitGenerator(config) if config.generator == "portrait" else Generator(config)


NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "encoder": build_encoder,
    "generator": build_generator,
    "trunk": FaceTrunk,
    "discriminator": Discriminator,
    "classifier": Classifier,  # of the training identities; its number of classes is that of its stored rows
    "gender": partial(Classifier, len(GENDERS)),  # behind a trunk; by `v2f train gender`
    "chooser": Chooser,  # behind an encoder and a trunk; by `v2f train matcher --kind svhf`
    "uncertainty": Uncertainty,  # of a portrait generator; by `v2f train uncertainty`
}
TRAINED_ON = "trained on"  # in the provenance: names, one a line
HELD_OUT = (
    "sha256 of held-out recordings"  # in the provenance: of the names of those that were kept out whole
)
FITTED = "faces_fitted_to"  # in the provenance: face descriptors, separated by commas
LEARNED_FROM = "learned from"  # in the provenance: how many of what, as JSON; see v2f/demo/uncertainty.py
COVERAGE = "coverage of true faces"  # in the provenance: by what was claimed, as JSON; v2f/demo/true_faces.py


@dataclass
class Model:
    """All that turns a voice into a face. The authors' released weights lack trunk, discriminator and classifier.

    `uncertainty` is None where it was not measured; `path` is the file that the model was read from.
    """

    config: NetworkConfig
    encoder: Encoder
    generator: FaceGenerator
    trunk: FaceTrunk | None
    discriminator: Discriminator | None
    classifier: Classifier | None
    provenance: dict[str, str]
    uncertainty: Uncertainty | None = None
    path: Path | None = None


def cache_folder() -> Path:
    """Where downloaded weights are kept: ``$XDG_CACHE_HOME/v2f``, by default ``~/.cache/v2f``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "v2f"


def released_path() -> Path:
    """Where `v2f.models.released.pull` leaves the authors' weights."""
    return cache_folder() / "released.safetensors"


def load(source: str | Path | None = None) -> Model:
    """Load a model, in float32, on the CPU, ready for inference.

    `source` is what `find` takes. Raises WeightsError when the file is missing, damaged, or lacks the voice encoder or
    the generator.
    """
    path = find(source)
    networks, config, provenance = load_networks(path)
    encoder, generator = networks.get("encoder"), networks.get("generator")
    if not isinstance(encoder, Encoder) or not isinstance(generator, FaceGenerator):
        held = ", ".join(networks) or "nothing"
        raise WeightsError(
            f"{path} cannot make faces: it holds {held}, and encoder and generator are needed."
        )
    trunk, discriminator, classifier = map(networks.get, ("trunk", "discriminator", "classifier"))
    assert trunk is None or isinstance(trunk, FaceTrunk)
    assert discriminator is None or isinstance(discriminator, Discriminator)
    assert classifier is None or isinstance(classifier, Classifier)
    uncertainty = networks.get("uncertainty")
    assert uncertainty is None or isinstance(uncertainty, Uncertainty)
    return Model(config, encoder, generator, trunk, discriminator, classifier, provenance, uncertainty, path)


def find(source: str | Path | None) -> Path:
    """The file meant by a path, ``"released"``, ``"hf://owner/name"``, or None (the bundled weights).

    A path is a weights file, or a folder that `save_pretrained` made. Raises WeightsError if the file is absent.
    """
    if source is not None and hub.SCHEME.match(str(source)):
        return hub.fetch(str(source))
    if source is None:
        path, remedy = BUNDLED, "name a weights file instead, or get the complete checkout"
    elif source == "released":
        path, remedy = released_path(), "fetch it with: v2f weights pull released"
    else:
        path, remedy = Path(source), "check the path"
        if path.is_dir():
            return hub.in_folder(path)
    if not path.is_file():
        raise WeightsError(f"There is no weights file {path}; {remedy}.")
    return path


def save_pretrained(model: Model, folder: str | Path) -> None:
    """Write a model's weights file, unchanged, and a model card into a folder, ready for the Hugging Face Hub.

    Raises WeightsError when the model was not read from a file, or the folder cannot be written.
    """
    if model.path is None:
        raise WeightsError("This model was not read from a weights file; write one by save_networks first.")
    bundled = BUNDLED.is_file() and file_hash(model.path) == file_hash(BUNDLED)
    hub.write(model.path, model.provenance, model.config.image_size, Path(folder), bundled)


def save_networks(
    path: str | Path,
    networks: Mapping[str, nn.Module],
    config: NetworkConfig,
    provenance: Mapping[str, str],
    half: bool = True,
) -> None:
    """Write networks to one file, all of it or nothing; raises WeightsError when the disk refuses.

    Equal networks, configuration and provenance make equal files. With `half`, tensors are stored as float16 unless a
    value lies outside its range.
    """
    unknown = networks.keys() - NETWORKS.keys()
    if unknown:
        raise ValueError(f"not networks of this model: {sorted(unknown)}")
    tensors = {
        f"{name}.{key}": _stored(tensor, half)
        for name, network in networks.items()
        for key, tensor in network.state_dict().items()
    }
    metadata = {
        "v2f_format": FORMAT,
        "config": json.dumps(asdict(config)),
        "provenance": json.dumps(dict(provenance)),
        "digest": digest_of(tensors),
    }
    write_file(Path(path), _in_order(save(tensors, metadata)))


def load_networks(path: str | Path) -> tuple[dict[str, nn.Module], NetworkConfig, dict[str, str]]:
    """Rebuild the networks a file holds: (by name, in float32 and eval mode; their config; their provenance).

    Raises WeightsError when the file is missing, damaged, or no weights file of this project.
    """
    path = find(path)
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} is not a weights file, or it is damaged; get it again.") from error
    config, provenance = _read_metadata(path, metadata)
    if metadata.get("digest") != digest_of(tensors):
        raise WeightsError(f"{path} is damaged: its contents do not match its own digest; get it again.")
    names = dict.fromkeys(key.split(".", 1)[0] for key in tensors)
    return (
        {name: _rebuild(path, name, config, tensors) for name in NETWORKS if name in names},
        config,
        provenance,
    )


def encode_people(names: Iterable[str]) -> str:
    """People trained on, as the provenance keeps them; each once, in order."""
    return "\n".join(sorted(set(names)))


def people_trained_on(provenance: Mapping[str, str]) -> list[str] | None:
    """Who weights were trained on, by the names of the store; None where the weights do not tell."""
    names = provenance.get(TRAINED_ON)
    return None if names is None else names.splitlines()


def file_hash(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stored(tensor: Tensor, half: bool) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    if not half or not tensor.is_floating_point():
        return tensor
    halved = tensor.half()
    return halved if torch.isfinite(halved).all() else tensor


def digest_of(tensors: Mapping[str, Tensor]) -> str:
    """The SHA-256 of names, types, shapes and values of contiguous CPU tensors.

    By it a damaged file is noticed, and an encoder known again, whatever file it is read from.
    """
    digest = hashlib.sha256()
    for key in sorted(tensors):
        tensor = tensors[key]
        digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _in_order(contents: bytes) -> bytes:
    """A safetensors file with the entries of its header sorted; the package writes the metadata in a random order."""
    size = 8  # bytes that tell the header's length, and that it is a multiple of
    end = size + int.from_bytes(contents[:size], "little")
    header = json.dumps(json.loads(contents[size:end]), sort_keys=True, separators=(",", ":")).encode()
    header += b" " * (-len(header) % size)
    return len(header).to_bytes(size, "little") + header + contents[end:]


def write_file(path: Path, contents: bytes) -> None:
    """Write a file of weights, all of it or nothing; raises WeightsError when the disk refuses."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise WeightsError(
            f"The weights could not be written to {path}: {error.strerror or error}."
        ) from error
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _read_metadata(path: Path, metadata: Mapping[str, str]) -> tuple[NetworkConfig, dict[str, str]]:
    if "v2f_format" not in metadata:
        raise WeightsError(f"{path} is a safetensors file of another program, not a face model of this one.")
    if metadata["v2f_format"] != FORMAT:
        raise WeightsError(f"{path} was written by another version of v2f (format {metadata['v2f_format']}).")
    try:
        config = NetworkConfig(**json.loads(metadata["config"]))
        provenance = {str(key): str(value) for key, value in json.loads(metadata["provenance"]).items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WeightsError(f"{path} does not say which networks it holds; get it again.") from error
    return config, provenance


def _rebuild(path: Path, name: str, config: NetworkConfig, tensors: Mapping[str, Tensor]) -> nn.Module:
    prefix = f"{name}."
    state = {key.removeprefix(prefix): tensor for key, tensor in tensors.items() if key.startswith(prefix)}
    floats = {
        key: tensor.to(torch.float32, copy=True) if tensor.is_floating_point() else tensor.clone()
        for key, tensor in state.items()
    }
    sizes = (len(floats["weight"]),) if name == "classifier" and "weight" in floats else ()
    try:
        with torch.device("meta"):  # the random initial values would only be thrown away
            network = NETWORKS[name](*sizes, config)
        network.load_state_dict(floats, assign=True)
    except (RuntimeError, TypeError) as error:
        raise WeightsError(
            f"{path} holds a {name} of another shape than its own description says."
        ) from error
    return network.eval()
