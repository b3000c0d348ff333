"""What a stage two does besides learning: it measures validation people, shows faces, and writes the model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from v2f.metrics import matching_accuracy
from v2f.models import TRAINED_ON, Encoder, NetworkConfig, Runtime, encode_people, save_networks, unit
from v2f.models.pixels import as_input
from v2f.training.checkpoint import ModuleState
from v2f.training.pack import Pack
from v2f.training.sampling import PackSampler
from v2f.training.settings import SETTINGS, recorded

WEIGHTS = "v2f.safetensors"
MEASURED_AT_ONCE = 128  # faces
COLUMNS = 8  # faces in a row of the sample grid


class StageTwo(ModuleState):
    """A generator, a trunk, a discriminator and a classifier that learn from a pack; the encoder is frozen.

    Attributes:
        section: of the settings in the weights.
        kept: the generator that is measured, shown and written.
    """

    name: str
    section: str
    pack: Pack
    encoder: Encoder
    config: Any
    networks: NetworkConfig
    runtime: Runtime
    sampler: PackSampler
    kept: nn.Module
    trunk: nn.Module
    discriminator: nn.Module
    classifier: nn.Module

    @torch.no_grad()
    def validation_matching(self) -> float:
        """How often the face of a validation voice is nearer to a true face than to another's; NaN after a divergence.

        By the cosine of the trunk's features, centred.
        """
        pack, device = self.pack, self.runtime.device
        assert pack.validation_embeddings is not None and pack.validation_faces is not None
        assert pack.validation_voice is not None and pack.validation_face is not None
        voices, faces = map(torch.from_numpy, (pack.validation_embeddings, pack.validation_faces))
        with self.runtime.autocast():
            generated = [
                self.trunk(self.kept(unit(part.to(device).float())).float().clamp(-1, 1)).float()
                for part in voices.split(MEASURED_AT_ONCE)
            ]
            true = [self.trunk(as_input(part.to(device))).float() for part in faces.split(MEASURED_AT_ONCE)]
        probes, seen = (torch.cat(parts).cpu().numpy() for parts in (generated, true))
        if not (np.isfinite(probes).all() and np.isfinite(seen).all()):
            return float("nan")
        return matching_accuracy(probes, seen, pack.validation_voice, pack.validation_face)

    @torch.no_grad()
    def sample_grid(self) -> Tensor:
        """A picture of eight women's and eight men's identities, then faces of three crops of each.

        Of those alone of whom there are voices; who is of unknown gender counts among the men.
        """
        sampler, female = self.sampler, torch.from_numpy(self.pack.voice_female)
        groups = (torch.nonzero(mask).squeeze(1) for mask in (female, ~female) if mask.any())
        voices = torch.cat([group[torch.arange(COLUMNS) * len(group) // COLUMNS] for group in groups])
        voices = voices.to(self.runtime.device)
        count = sampler.embeddings.shape[1]
        crops = [sampler.embeddings[voices, crop].float() for crop in (0, count // 2, count - 1)]
        faces = self.kept(unit(torch.cat(crops))).clamp(-1, 1)
        pictures = sampler.faces.pixels(sampler.faces_of[sampler.voice_identity[voices], 0])
        return grid(torch.cat([pictures, faces]), COLUMNS)

    def write(self, path: Path, config: Any, step: int, told: Mapping[str, str]) -> None:
        """Write the model: encoder, kept generator, trunk, discriminator and classifier in one file.

        `config` is what its settings are recorded as, `told` what its provenance tells besides.
        """
        provenance = {
            "stage": self.name,
            SETTINGS: recorded(self.section, config, self.pack.settings),
            "steps": str(step),
            "store": self.pack.hashes[0],
            "encoder": self.pack.hashes[1],
            **told,
            TRAINED_ON: encode_people(self.pack.people),
        }
        networks = {
            "encoder": self.encoder,
            "generator": self.kept,
            "trunk": self.trunk,
            "discriminator": self.discriminator,
            "classifier": self.classifier,
        }
        save_networks(path, networks, self.networks, provenance)


def freeze(*modules: nn.Module, frozen: bool = True) -> None:
    """Take parameters out of (or put them back into) the next backward pass."""
    for module in modules:
        module.requires_grad_(not frozen)


def grid(faces: Tensor, columns: int) -> Tensor:
    """Faces [batch, 3, size, size] in [-1, 1] side by side -> uint8 [height, width, 3] on the CPU."""
    rows = faces.cpu().unflatten(0, (-1, columns)).permute(0, 3, 1, 4, 2)  # [rows, size, columns, size, 3]
    return (rows.flatten(0, 1).flatten(1, 2) * 127.5 + 127.5).round().to(torch.uint8)
