"""A model for inference only: features become embeddings, embeddings become faces and the discriminator's scores.

Imports no audio package, so that it runs, and is measured, where there is nothing but torch.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from threading import Lock

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from v2f.errors import UnmeasuredError
from v2f.models.cores import cores, side_by_side
from v2f.models.cuda_graphs import CudaGraphRunner
from v2f.models.fused import FusedEncoder
from v2f.models.networks import EMBEDDING_SIZE, unit
from v2f.models.pixels import to_pixels
from v2f.models.portrait_generator import PortraitGenerator
from v2f.models.runtime import Runtime
from v2f.models.uncertainty import Uncertainty
from v2f.models.weights import Model
from v2f.models.windows import WindowCache

# Faces generated at once: few sizes, because kernels are kept for each (5 MB on a CPU).
BATCHES = (128, 32, 16, 8)
LARGEST_GRAPH = 8  # faces; a strip has six, a live update one
SHORTEST = 100  # frames, a second, that log-mels are padded to at least


class Inference:
    """A model on its device. Safe to share between threads: calls keep no state."""

    def __init__(self, model: Model, runtime: Runtime | None = None) -> None:
        """Make a model ready.

        Args:
            model: its networks are copied and stay as they are.
            runtime: device and precision; by default the best there is.
        """
        self.runtime = runtime or Runtime.choose()
        networks = {name: getattr(model, name) for name in ("encoder", "generator", "trunk", "discriminator")}
        self.model = replace(
            model,
            **{
                name: self.runtime.prepare_for_inference(network)
                for name, network in networks.items()
                if network is not None
            },
        )
        on_gpu = self.runtime.device.type == "cuda"
        self._graphs: CudaGraphRunner[tuple[Tensor, ...]] = CudaGraphRunner(self.runtime.device, on_gpu)
        self._inputs: dict[int, Tensor] = {}  # of each graph, by batch size
        self._lock = Lock()

    @torch.inference_mode()
    def embed(
        self,
        features: Sequence[Tensor],
        caches: Sequence[WindowCache] | None = None,
        growing: Sequence[bool] | None = None,
    ) -> NDArray[np.float32]:
        """Compute the embeddings of recordings; Sec. 3.1.3.

        Args:
            features: of each recording what the encoder takes, on the CPU: the normalised log-mel [64, frames], or the
                fused encoder's frames [121, frames]; of any lengths.
            caches, growing: what the fused encoder computed of each recording before, and whether it is in progress, so
                that a little less will do; see `FusedEncoder.vectors`. Table 2's uses neither.

        Returns:
            Unit embeddings float32 [n, 64].
        """
        encoder, device = self.model.encoder, self.runtime.device
        embeddings = [torch.empty(0, EMBEDDING_SIZE, device=device)]
        with self.runtime.autocast():
            if isinstance(encoder, FusedEncoder):
                if features:
                    embeddings.append(unit(encoder.embed_each(features, caches, growing)))
            else:
                for log_mel in features:
                    frames = log_mel.shape[-1]
                    padded = F.pad(log_mel, (0, padded_length(frames) - frames))[None].to(device)
                    embeddings.append(unit(encoder(padded, frames).float()))
        return torch.cat(embeddings).cpu().numpy()  # read once: a GPU is given its work ahead

    @torch.inference_mode()
    def faces(
        self,
        embeddings: NDArray[np.float32],
        places: NDArray[np.float32] | None = None,
        judged: bool = True,
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
        """Generate faces.

        Args:
            embeddings: float32 [n, 64], unit length.
            places: of a portrait generator, where to draw them instead of at the embeddings' own places, float32
                [n, 64].
            judged: whether their scores are wanted, which take a third of the time.

        Returns:
            Faces uint8 [n, size, size, 3] of the weights' own size, and the discriminator's scores float32 [n] in
            [0, 1]; None where they are not wanted, and for weights without a discriminator.
        """
        size = self.model.config.image_size
        images = np.empty((len(embeddings), size, size, 3), np.uint8)
        scores = np.empty(len(embeddings), np.float32)
        done = 0
        while left := len(embeddings) - done:
            part = slice(done, done + next((batch for batch in BATCHES if batch <= left), left))
            done = part.stop
            if places is None:
                pixels, *score = self._run(torch.from_numpy(embeddings[part]), judged)
            else:
                moved = (torch.from_numpy(one[part]).to(self.runtime.device) for one in (embeddings, places))
                pixels, *score = self._generate_side_by_side(judged, *moved)
            images[part] = pixels.numpy()
            if score:
                scores[part] = score[0].numpy()
        can_judge = self.model.trunk is not None and self.model.discriminator is not None
        return images, scores if judged and can_judge else None

    @torch.inference_mode()
    def places(self, embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where a portrait generator draws the faces of unit embeddings [n, 64], float32 [n, 64].

        In standard deviations of composites. Raises UnmeasuredError for another generator, which has no places.
        """
        generator = self.model.generator
        if not isinstance(generator, PortraitGenerator):
            raise UnmeasuredError("The generator of these weights has no places along which faces differ.")
        return generator.places(torch.from_numpy(embeddings).to(self.runtime.device)).cpu().numpy()

    def other_faces(
        self, embedding: NDArray[np.float32], count: int = 5, seed: int | None = None
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32] | None]:
        """Draw other faces that a voice may have, as different as true faces of such voices are.

        Args:
            embedding: of the voice, float32 [64], unit length.
            count: of the faces.
            seed: of what is drawn; None: another each time.

        Returns:
            As `faces` does.

        Raises:
            UnmeasuredError: the weights do not tell how sure the model is.
        """
        place = torch.from_numpy(self.places(embedding[None])[0])
        drawn = self.uncertainty.draw(place, count, np.random.default_rng(seed))
        return self.faces(np.repeat(embedding[None], count, axis=0), drawn.numpy())

    @property
    def uncertainty(self) -> Uncertainty:
        """How sure the model is. Raises UnmeasuredError where the weights do not tell."""
        if self.model.uncertainty is None:
            raise UnmeasuredError(
                "These weights do not tell how sure their model is; `v2f train uncertainty` measures it."
            )
        return self.model.uncertainty

    def _run(self, embeddings: Tensor, judged: bool) -> tuple[Tensor, ...]:
        """`_generate` from and to the CPU; a GPU runs graphs for each small batch size."""
        device, count = self.runtime.device, len(embeddings)
        if not self._graphs.enabled or count > LARGEST_GRAPH:
            return self._generate_side_by_side(judged, embeddings.to(device))
        with self._lock:  # a graph reads and writes the same memory at every call
            if count not in self._inputs:
                self._inputs[count] = torch.empty(embeddings.shape, device=device)
            batch = self._inputs[count].copy_(embeddings)
            made = self._graphs((count, judged), lambda _: self._generate(judged, batch))
            return tuple(tensor.cpu() for tensor in made)

    def _generate_side_by_side(self, judged: bool, *inputs: Tensor) -> tuple[Tensor, ...]:
        """`_generate`, to the CPU; a share of the faces on each core."""
        shares = zip(*(tensor.chunk(cores()) for tensor in inputs), strict=True)
        parts = side_by_side([partial(self._generate, judged, *share) for share in shares])
        return tuple(torch.cat(tensors).cpu() for tensors in zip(*parts, strict=True))

    def _generate(self, judged: bool, embeddings: Tensor, *places: Tensor) -> tuple[Tensor, ...]:
        """Unit embeddings [n, 64] -> pixels uint8 [n, size, size, 3] and, if wanted and known, scores float32 [n]."""
        trunk, discriminator = self.model.trunk, self.model.discriminator
        with self.runtime.autocast():
            faces = self.model.generator(embeddings, *places)
            if not judged or trunk is None or discriminator is None:
                return (to_pixels(faces),)
            logits = discriminator(trunk(faces))[:, 0]
        return to_pixels(faces), torch.sigmoid(logits.float())


def padded_length(frames: int) -> int:
    """The length that so many frames are padded to: one of few, because kernels are compiled for each length."""
    step = max(SHORTEST, 1 << max(0, frames.bit_length() - 3))  # a second, or about an eighth of it all
    return -(-frames // step) * step
