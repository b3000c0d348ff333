"""The baseline: what the authors' release does, written plainly for PyTorch and NumPy.

Everything is float32. A step of Algorithm 1 runs the trunk once for each of its five losses; batches are gathered with
one index and moved to the device. A face is made by its own pass through encoder and generator, batch normalisation
is a layer, and each duration of a strip starts from its samples. Imports no audio package.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from v2f.models import Classifier, Discriminator, FaceTrunk, Generator, Model, unit
from v2f.models.pixels import as_input, to_pixels
from v2f.training.pack import Pack

FULL_SCALE, PRE_EMPHASIS, WINDOW, HOP, FFT_SIZE, FLOOR = 32768, 0.97, 400, 160, 1024, 1e-5  # Sec. 4
EMBEDDING_NOISE = 0.05  # in the released settings


class BaselineInference:
    """From an encoder's features to a face."""

    def __init__(self, model: Model, device: torch.device) -> None:
        self.device = device
        self.encoder, self.generator = model.encoder.eval().to(device), model.generator.eval().to(device)

    @torch.inference_mode()
    def face(self, features: Tensor) -> np.ndarray:
        """Features [bins, frames] on the CPU -> uint8 [64, 64, 3]."""
        embedding = unit(self.encoder(features[None].to(self.device)))
        return to_pixels(self.generator(embedding))[0].cpu().numpy()

    def faces(self, recordings: Sequence[Tensor]) -> list[np.ndarray]:
        return [self.face(features) for features in recordings]


class BaselineTraining:
    """Algorithm 1 (Sec. 3.2). The encoder's embeddings are given, as to our training: its forward pass is left out."""

    def __init__(self, pack: Pack, batch: int, device: torch.device) -> None:
        self.pack, self.batch, self.device, self.rng = pack, batch, device, np.random.default_rng(0)
        with device:
            self.generator, self.trunk = Generator(), FaceTrunk()
            self.discriminator, self.classifier = Discriminator(), Classifier(pack.identities)
        judging = [*self.trunk.parameters(), *self.discriminator.parameters(), *self.classifier.parameters()]
        self.generator_adam, self.judging_adam = (
            torch.optim.Adam(parameters, 2e-4, (0.5, 0.999))  # Sec. 4
            for parameters in (list(self.generator.parameters()), judging)
        )

    def step(self) -> None:
        """One iteration: discriminator and classifier, then the generator."""
        embeddings, speakers = self.sample_voices()
        faces, people = self.sample_faces()
        fake = self.generator(embeddings)
        loss_D = F.softplus(-self.discriminator(self.trunk(faces))).mean()
        loss_D = loss_D + F.softplus(self.discriminator(self.trunk(fake.detach()))).mean()
        loss_C = F.cross_entropy(self.classifier(self.trunk(faces)), people)
        self.judging_adam.zero_grad()
        (loss_D + loss_C).backward()
        self.judging_adam.step()
        loss_G_adv = F.softplus(-self.discriminator(self.trunk(fake))).mean()
        loss_G_id = F.cross_entropy(self.classifier(self.trunk(fake)), speakers)
        self.generator_adam.zero_grad()
        (loss_G_adv + loss_G_id).backward()
        self.generator_adam.step()

    def sample_voices(self) -> tuple[Tensor, Tensor]:
        """Unit embeddings [batch, 64] and identities [batch]."""
        rows = self.rng.integers(len(self.pack.embeddings), size=self.batch)
        crops = self.rng.integers(self.pack.embeddings.shape[1], size=self.batch)
        embeddings = torch.from_numpy(self.pack.embeddings[rows, crops]).to(self.device).float()
        noise = EMBEDDING_NOISE * torch.randn_like(embeddings)
        return unit(embeddings + noise), torch.from_numpy(self.pack.voice_identity[rows]).to(
            self.device
        ).long()

    def sample_faces(self) -> tuple[Tensor, Tensor]:
        """Faces [batch, 3, 64, 64] in [-1, 1], half of them mirrored, and identities [batch]."""
        rows = self.rng.integers(len(self.pack.faces), size=self.batch)
        faces = as_input(torch.from_numpy(self.pack.faces[rows]).to(self.device))
        mirrored = torch.from_numpy(self.rng.random(self.batch) < 0.5).to(self.device)
        faces = torch.where(mirrored[:, None, None, None], faces.flip(3), faces)
        return faces, torch.from_numpy(self.pack.face_identity[rows]).to(self.device).long()


def log_mel(waveform: np.ndarray, filters: np.ndarray) -> Tensor:
    """Samples [n] at 16 kHz -> normalised log-mel [64, frames], float64 in between; `filters` are [513, 64]."""
    signal = waveform.astype(np.float64) * FULL_SCALE
    signal = np.append(signal[0], signal[1:] - PRE_EMPHASIS * signal[:-1])
    frames = np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[::HOP] * np.hamming(WINDOW)
    power = np.abs(np.fft.rfft(frames, FFT_SIZE)) ** 2
    energies = np.log(np.maximum(power @ filters, FLOOR))
    return torch.from_numpy(((energies - energies.mean(axis=0)) / energies.std(axis=0)).T).float()
