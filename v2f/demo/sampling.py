"""What a step of portrait training samples from its pack."""

import torch
from torch import Tensor

from v2f.demo.pack import PortraitPack
from v2f.models import unit
from v2f.training.presets import AdversarialConfig
from v2f.training.sampling import PackSampler


class PortraitSampler(PackSampler):
    """Samples voices and faces by their weights, and sounds that are not voices."""

    def __init__(
        self, pack: PortraitPack, config: AdversarialConfig, device: torch.device, rows: slice
    ) -> None:
        super().__init__(pack, config, device, rows)
        self.voice_cdf, self.face_cdf = (
            torch.from_numpy(weight).double().cumsum(0).to(device)
            for weight in (pack.voice_weight, pack.face_weight)
        )
        self.sounds = torch.from_numpy(pack.no_voice).to(device)

    def voice_rows(self, rng: torch.Generator) -> Tensor:
        """A batch of voices, rows of the pack [batch]."""
        return self._weighted(self.voice_cdf, rng)

    def face_rows(self, rng: torch.Generator) -> Tensor:
        """A batch of faces, rows of the pack [batch]."""
        return self._weighted(self.face_cdf, rng)

    def some_voices(self, count: int, rng: torch.Generator) -> Tensor:
        """Embeddings [count, 64] of random crops of random voices, with noise, of unit length."""
        voices, crops = (
            torch.randint(size, (count,), generator=rng, device=self.device)
            for size in self.embeddings.shape[:2]
        )
        return self.with_noise(unit(self.embeddings[voices, crops].float()), rng)

    def some_sounds(self, count: int, rng: torch.Generator) -> Tensor:
        """Embeddings [count, 64] of sounds that are not voices, of unit length."""
        rows = torch.randint(len(self.sounds), (count,), generator=rng, device=self.device)
        return unit(self.sounds[rows].float())

    def _weighted(self, cdf: Tensor, rng: torch.Generator) -> Tensor:
        """A batch of rows by weights whose cumulative sums are `cdf` [rows]."""
        place = torch.rand(self.config.batch, generator=rng, device=self.device, dtype=cdf.dtype) * cdf[-1]
        return torch.searchsorted(cdf, place, right=True).clamp(max=len(cdf) - 1)
