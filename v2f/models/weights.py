"""Weights files: safetensors that carry the configuration and origin of the networks they hold.

A file holds tensors named ``<network>.<parameter>`` for the networks ``encoder``, ``generator``, ``trunk``,
``discriminator``, ``classifier``, ``gender`` and ``chooser`` (any subset), and as metadata the format's version,
the `NetworkConfig` and the provenance as JSON, and a digest of the tensors, so that a damaged file is noticed
rather than shown as an odd face. Reading one never runs code.
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
from v2f.models.composite_generator import CompositeGenerator
from v2f.models.dvector import DVectorEncoder
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

FORMAT = "1"
BUNDLED = ASSETS / "v2f-demo.safetensors"
Encoder = VoiceEncoder | DVectorEncoder | FusedEncoder
FaceGenerator = Generator | CompositeGenerator | PortraitGenerator


def build_encoder(config: NetworkConfig) -> Encoder:
    """The voice encoder that a configuration names, its values not yet learned."""
    if config.encoder == "fused":
        return FusedEncoder()
    return DVectorEncoder() if config.encoder == "dvector" else VoiceEncoder(config)


def build_generator(config: NetworkConfig) -> FaceGenerator:
    """The generator that a configuration names, its values not yet learned."""
    if config.generator == "portrait":
        return PortraitGenerator(config)
    return CompositeGenerator() if config.generator == "composite" else Generator(config)


NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "encoder": build_encoder,
    "generator": build_generator,
    "trunk": FaceTrunk,
    "discriminator": Discriminator,
    "classifier": Classifier,  # of the training identities; its number of classes is that of its stored rows
    "gender": partial(Classifier, len(GENDERS)),  # behind a trunk; by `v2f train gender`
    "chooser": Chooser,  # behind an encoder and a trunk; by `v2f train matcher --kind svhf`
}
TRAINED_ON = "trained on"  # in the provenance: names, one a line
FITTED = "faces_fitted_to"  # in the provenance: face descriptors, separated by commas
LOOKS = "looks"  # in the provenance: whose faces a voice encoder learned to predict


@dataclass
class Model:
    """All that turns a voice into a face. The authors' released weights lack trunk, discriminator and classifier."""

    config: NetworkConfig
    encoder: Encoder
    generator: FaceGenerator
    trunk: FaceTrunk | None
    discriminator: Discriminator | None
    classifier: Classifier | None
    provenance: dict[str, str]


def cache_folder() -> Path:
    """Where downloaded weights are kept: ``$XDG_CACHE_HOME/v2f``, by default ``~/.cache/v2f``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "v2f"


def released_path() -> Path:
    """Where `v2f.models.released.pull` leaves the authors' weights."""
    return cache_folder() / "released.safetensors"


def load(source: str | Path | None = None) -> Model:
    """Load a model, in float32, on the CPU, ready for inference.

    `source` is a weights file, ``"released"`` for the authors' weights, or None for the bundled ones. Raises
    WeightsError when the file is missing, damaged, or lacks the voice encoder or the generator.
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
    return Model(config, encoder, generator, trunk, discriminator, classifier, provenance)


def find(source: str | Path | None) -> Path:
    """The file meant by a path, ``"released"``, or None (the bundled weights); WeightsError if absent."""
    if source is None:
        path, remedy = BUNDLED, "name a weights file instead, or get the complete checkout"
    elif source == "released":
        path, remedy = released_path(), "fetch it with: v2f weights pull released"
    else:
        path, remedy = Path(source), "check the path"
    if not path.is_file():
        raise WeightsError(f"There is no weights file {path}; {remedy}.")
    return path


def save_networks(
    path: str | Path,
    networks: Mapping[str, nn.Module],
    config: NetworkConfig,
    provenance: Mapping[str, str],
    half: bool = True,
) -> None:
    """Write networks to one file, all of it or nothing; raises WeightsError when the disk refuses.

    With `half`, tensors are stored as float16 unless a value lies outside its range.
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
    _write(Path(path), save(tensors, metadata))


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
    """The SHA-256 of names, types, shapes and values, by which a damaged file is noticed; of contiguous CPU tensors."""
    digest = hashlib.sha256()
    for key in sorted(tensors):
        tensor = tensors[key]
        digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _write(path: Path, contents: bytes) -> None:
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
