"""The bundled kind of model as networks that export to ONNX: from samples on, and free of branches.

`VoiceToFaceGraph` is all of it, for one recording. It is made of the parts that a program needs which hears a
recording while it grows, each window once:

* `WindowDVectors` and `WindowCAMPPlus`: the sound of windows (v2f/models/windows.py) -> what an encoder hears in each.
* `VoiceEmbedding`: the means of both over a recording's windows -> its embedding.
* `Places`: embeddings -> where their faces lie among all faces.
* `FaceDrawing`: embeddings and places -> faces.
* `FaceJudging`: faces -> the discriminator's scores.

Spectra are products with the matrix of the discrete Fourier transform, which every runtime has kernels for.
"""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.audio import FRAME, filter_banks, mel_power
from v2f.audio.features import HOP, WINDOW
from v2f.models import FusedEncoder, Model, unit
from v2f.models import windows as layout
from v2f.models.fused import unit_halves
from v2f.models.pixels import as_input, to_pixels
from v2f.models.portrait_generator import PortraitGenerator

LONGEST_POWER = 16  # CAM++ hears the 2^n-th windows, n from 0 up to this: of 29 hours


class PowerBands(nn.Module):
    """Frames [..., 400] -> power in mel bands [..., bands], by a linear spectrum."""

    fourier: Tensor  # [400, 2 * bins]
    bands: Tensor  # [bins, bands]

    def __init__(self, spectrum: Tensor, bands: Tensor) -> None:
        """`spectrum`, complex [400, bins], of a one at each place; `bands` [bins, bands]."""
        super().__init__()
        self.register_buffer("fourier", torch.cat([spectrum.real, spectrum.imag], dim=1).float())
        self.register_buffer("bands", bands)

    def forward(self, frames: Tensor) -> Tensor:
        real, imaginary = (frames @ self.fourier).chunk(2, dim=-1)
        return (real.square() + imaginary.square()) @ self.bands


class WindowDVectors(nn.Module):
    """Sound of windows [batch, samples], all of one length -> d-vectors [batch, 256]."""

    def __init__(self, encoder: FusedEncoder) -> None:
        super().__init__()
        ones = torch.eye(WINDOW, dtype=torch.float64)
        self.power = PowerBands(mel_power.spectrum(ones), mel_power.filterbank(torch.device("cpu")))
        self.network = encoder.dvector

    def forward(self, sound: Tensor) -> Tensor:
        frames = framed(sound)
        _, (last, _) = self.network.lstm(self.power(frames) * level_gain(frames))
        return F.normalize(F.relu(self.network.linear(last[-1])), dim=-1)


class WindowCAMPPlus(nn.Module):
    """Sound of windows [batch, samples], all of one length -> CAM++'s vectors [batch, 192], of unit length."""

    def __init__(self, encoder: FusedEncoder) -> None:
        super().__init__()
        ones = torch.eye(WINDOW, dtype=torch.float64)
        self.power = PowerBands(filter_banks.spectrum(ones), filter_banks.filterbank(torch.device("cpu")))
        self.network = encoder.campplus

    def forward(self, sound: Tensor) -> Tensor:
        frames = framed(sound)
        power = self.power(frames - frames.mean(dim=-1, keepdim=True))
        banks = power.clamp(min=filter_banks.FLOOR).log().transpose(1, 2)  # [batch, 80, frames]
        banks = layout.levelled_banks(banks, level_gain(frames))
        again = torch.arange(layout.WINDOW) % banks.shape[-1]  # as `layout.filled_up` does
        return F.normalize(self.network(banks[:, :, again]), dim=-1)


class VoiceEmbedding(nn.Module):
    """Means of d-vectors and CAM++'s vectors, side by side [batch, 448] -> unit embeddings [batch, 64]."""

    def __init__(self, encoder: FusedEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, means: Tensor) -> Tensor:
        return unit(self.encoder.chosen(unit_halves(means)))


class Places(nn.Module):
    """Unit embeddings [batch, 64] -> the places [batch, 64] at which a portrait generator draws their faces."""

    def __init__(self, generator: PortraitGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, embeddings: Tensor) -> Tensor:
        return self.generator.places(embeddings)


class FaceDrawing(nn.Module):
    """Unit embeddings [batch, 64] -> faces uint8 [batch, size, size, 3].

    A portrait generator may be given places [batch, 64] to draw at, other than the embeddings' own.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.generator = model.generator

    def forward(self, embeddings: Tensor, places: Tensor | None = None) -> Tensor:
        return to_pixels(self.generator(embeddings) if places is None else self.generator(embeddings, places))


class FaceJudging(nn.Module):
    """Faces uint8 [batch, size, size, 3] -> the discriminator's scores [batch]."""

    def __init__(self, trunk: nn.Module, discriminator: nn.Module) -> None:
        super().__init__()
        self.trunk, self.discriminator = trunk, discriminator

    def forward(self, faces: Tensor) -> Tensor:
        return self.scores(as_input(faces))

    def scores(self, faces: Tensor) -> Tensor:
        """Of faces as generators draw them, [batch, 3, size, size] in [-1, 1]."""
        return self.discriminator(self.trunk(faces))[:, 0].sigmoid()


class VoiceToFaceGraph(nn.Module):
    """A recording's samples [n] and which frames of 20 ms are speech, bool [n // 320] -> face, embedding, score.

    The face is uint8 [size, size, 3], the embedding [64], the score [1], left out where there is no discriminator.
    There have to be 400 samples of speech.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        assert isinstance(model.encoder, FusedEncoder)
        self.dvectors, self.campplus = WindowDVectors(model.encoder), WindowCAMPPlus(model.encoder)
        self.embedding, self.generator = VoiceEmbedding(model.encoder), model.generator
        self.judging = None
        if model.trunk is not None and model.discriminator is not None:
            self.judging = FaceJudging(model.trunk, model.discriminator)

    def forward(self, waveform: Tensor, speech: Tensor) -> tuple[Tensor, ...]:
        kept = waveform[: speech.shape[0] * FRAME].reshape(-1, FRAME)[speech].reshape(-1)
        sound, whole = windows_of(kept)
        places = 2 ** torch.arange(LONGEST_POWER) - 1
        means = (
            self.dvectors(sound).mean(dim=0, keepdim=True),
            self.campplus(sound[places[places < whole]]).mean(dim=0, keepdim=True),
        )
        embedding = self.embedding(torch.cat(means, dim=-1))
        faces = self.generator(embedding)
        scores = () if self.judging is None else (self.judging.scores(faces),)
        return to_pixels(faces)[0], embedding[0], *scores


class InFours(nn.Module):
    """A convolution whose input is filled up with empty channels to a multiple of four.

    ONNX Runtime's kernels for WebGPU compute others wrongly (1.30, of 27 channels). A copy.
    """

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.missing = -layer.in_channels % 4
        self.layer = deepcopy(layer)
        self.layer.weight = nn.Parameter(F.pad(layer.weight, (0, 0, 0, 0, 0, self.missing)))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(F.pad(x, (0, 0, 0, 0, 0, self.missing)))


class InHalf(nn.Module):
    """A network that computes in float16 between inputs and outputs of float32. A copy."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = deepcopy(network).half()

    def forward(self, x: Tensor) -> Tensor:
        return self.network(x.half()).float()


def in_half(model: Model) -> Model:
    """A copy whose CAM++, detail network and face trunk, where there are such, compute in float16.

    The rest stays: an LSTM's steps add up, and the composites' weights are many and small.
    """
    changed: Any = replace(model, encoder=deepcopy(model.encoder), generator=deepcopy(model.generator))
    for network, part in ((changed.encoder, "campplus"), (changed.generator, "detail"), (changed, "trunk")):
        if getattr(network, part, None) is not None:
            setattr(network, part, InHalf(getattr(network, part)))
    return changed


def in_fours(generator: PortraitGenerator) -> PortraitGenerator:
    """A copy whose detail network convolves multiples of four channels only."""
    changed = deepcopy(generator)
    up = changed.detail.up
    for i, layer in enumerate(up):
        if isinstance(layer, nn.Conv2d) and layer.in_channels % 4:
            up[i] = InFours(layer)
    return changed


def windows_of(speech: Tensor) -> tuple[Tensor, Tensor]:
    """Speech [samples] -> the sound of its windows [windows, samples], and how many of them lie side by side.

    They lie as `layout.window_starts` says; one more, at the end of the recording, comes last.
    """
    frames = torch.as_tensor((speech.shape[0] - WINDOW) // HOP + 1)
    length = frames.clamp(max=layout.WINDOW)
    whole = (frames // layout.WINDOW).clamp(min=1)
    last = (frames - layout.WINDOW)[None]
    rest = last[last - (whole - 1) * layout.WINDOW >= layout.LEAST_REST]
    starts = torch.cat([torch.arange(whole) * layout.WINDOW, rest])  # type: ignore[call-overload]
    hops = in_hops(speech[None])[0]
    # Lengths are tensors, which the tracer follows. [windows, hops, HOP]
    sound = hops[starts[:, None] + torch.arange(length + 2)]  # type: ignore[call-overload]
    return sound.flatten(1)[:, : (length - 1) * HOP + WINDOW], whole


def framed(sound: Tensor) -> Tensor:
    """Sound [batch, samples] -> its whole frames [batch, frames, 400]."""
    hops = in_hops(sound)
    return torch.cat([hops[:, :-2], hops[:, 1:-1], hops[:, 2:, : WINDOW - 2 * HOP]], dim=-1)


def in_hops(sound: Tensor) -> Tensor:
    """Sound [batch, samples] in pieces of 10 ms [batch, hops, HOP], zeros behind the last frame's end."""
    frames = (sound.shape[-1] - WINDOW) // HOP + 1
    whole = sound[:, : (frames - 1) * HOP + WINDOW]
    return F.pad(whole, (0, 3 * HOP - WINDOW)).reshape(sound.shape[0], -1, HOP)


def level_gain(frames: Tensor) -> Tensor:
    """Of windows' frames [batch, frames, 400] -> [batch, 1, 1]."""
    return layout.level_gain(frames.square().mean(dim=(1, 2), keepdim=True))
