"""The gender classifier of Sec. 4.2, which compares the gender of generated faces with that of their speakers.

    v2f train gender --data STORE --out RUN

The paper: the discriminator's architecture, trained on the faces of the training set. So here: the face trunk and
one linear layer, on the training split's faces of people whose gender the store knows, as many women's as men's in
every batch. The paper does not name its other settings; the learning rate is that of its Sec. 4.
"""

from dataclasses import asdict, dataclass, replace
from math import inf
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from v2f.data.store import Store, store_hash
from v2f.errors import CorpusError
from v2f.models import (
    TRAINED_ON,
    Classifier,
    FaceTrunk,
    NetworkConfig,
    Runtime,
    encode_people,
    save_networks,
)
from v2f.models.classifiers import BATCH, GenderClassifier
from v2f.models.networks import GENDERS
from v2f.training.batches import Faces, image_size, uniform
from v2f.training.checkpoint import ModuleState
from v2f.training.seeding import seeded_generator, seeded_initial_values
from v2f.training.settings import SETTINGS, recorded

WEIGHTS = "gender.safetensors"


@dataclass(frozen=True)
class GenderConfig:
    """Settings of the gender classifier."""

    steps: int = 4000
    batch: int = 64
    learning_rate: float = 2e-4  # Adam
    seed: int = 0
    networks: NetworkConfig = NetworkConfig()  # their image size becomes the store's


class GenderTask(ModuleState):
    """The face trunk and a linear layer, learning on faces of known gender."""

    name = "gender"

    def __init__(self, store: Store, config: GenderConfig, runtime: Runtime, limit: float = inf) -> None:
        """Faces of more than `limit` bytes stay on the disk."""
        size = image_size(store.faces, str(store.folder))
        config = replace(config, networks=replace(config.networks, image_size=size))
        self.store, self.config, self.runtime = store, config, runtime
        self.batch = config.batch
        device = runtime.device
        self.faces = Faces(store.faces, device, limit)
        genders = store.genders
        self.train_rows, self.validation_rows = _rows(store, genders)
        self.unmeasured = (
            ""
            if len(self.validation_rows)
            else f"{store.folder} has no faces of validation people of known gender, so no accuracy is measured."
        )
        self.of_gender = [
            torch.from_numpy(self.train_rows[genders[store.face_person[self.train_rows]] == gender]).to(
                device
            )
            for gender in range(len(GENDERS))
        ]
        with seeded_initial_values(config.seed):
            self.trunk = runtime.place(FaceTrunk(config.networks))
            self.head = runtime.place(Classifier(len(GENDERS), config.networks))
        self.parts = nn.ModuleDict({"trunk": self.trunk, "gender": self.head})
        self.optimizer = torch.optim.Adam(self.parts.parameters(), config.learning_rate, fused=True)
        self.modules, self.optimizers = {"parts": self.parts}, {"adam": self.optimizer}

    def step(self, index: int) -> dict[str, Tensor]:
        """One step on as many faces of women as of men."""
        rng = seeded_generator(self.runtime.device, self.config.seed, index)
        place = uniform(0, 1, self.batch, rng)
        gender = torch.arange(self.batch, device=self.runtime.device) % len(GENDERS)
        rows = torch.stack([of[(place * len(of)).long()] for of in self.of_gender])  # [2, batch]
        faces = self.faces(rows.gather(0, gender[None])[0], rng)
        self.parts.train()
        with self.runtime.autocast():
            logits = self.head(self.trunk(faces))
        loss = F.cross_entropy(logits.float(), gender)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return {"cross-entropy": loss.detach(), "accuracy": (logits.argmax(dim=1) == gender).float().mean()}

    def settings(self) -> dict[str, object]:
        settings = {**asdict(self.config), "store": store_hash(self.store.folder)}
        del settings["steps"]  # no step depends on how many follow: a run may be resumed to go on for longer
        return settings

    def finish(self, folder: Path, step: int) -> dict[str, float]:
        """Write the classifier; where there are validation people, its accuracy on their faces."""
        figures: dict[str, float] = {}
        if not self.unmeasured:
            figures = {
                "validation accuracy": self.accuracy(self.validation_rows),
                "validation faces": float(len(self.validation_rows)),
            }
        provenance = {
            "stage": "gender",
            SETTINGS: recorded("gender", self.config),
            "steps": str(step),
            "store": store_hash(self.store.folder),
            "classes": ", ".join(GENDERS),
            **{name: f"{value:.4g}" for name, value in figures.items()},
            TRAINED_ON: encode_people(
                self.store.people[person].name for person in self.store.face_person[self.train_rows]
            ),
        }
        networks = {"trunk": self.trunk, "gender": self.head}
        save_networks(folder / WEIGHTS, networks, self.config.networks, provenance)
        return figures

    def classifier(self) -> GenderClassifier:
        """What has been learned so far, ready for inference; the next step goes on with it."""
        self.parts.eval()
        return GenderClassifier(self.trunk, self.head, self.runtime)

    def accuracy(self, rows: np.ndarray) -> float:
        """Share of the store's faces `rows` [n] whose gender is predicted rightly."""
        classifier = self.classifier()
        parts = torch.from_numpy(rows).to(self.runtime.device).split(BATCH)
        predicted = torch.cat([classifier.female(self.faces.pixels(part)) > 0.5 for part in parts])
        female = self.store.genders[self.store.face_person[rows]] == GENDERS.index("female")
        return float((predicted.cpu().numpy() == female).mean())


def _rows(store: Store, genders: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Faces of known gender to train on, and those of validation people to measure on, int64 each.

    Raises CorpusError when women's or men's faces are missing among the former.
    """
    train, validation = (
        rows[genders[store.face_person[rows]] >= 0] for rows in map(store.faces_in, ("train", "validation"))
    )
    if set(genders[store.face_person[train]]) != set(range(len(GENDERS))):
        raise CorpusError(
            f"{store.folder} cannot train a gender classifier: its training split needs faces of women and of men."
        )
    return train, validation
