"""The gender classifier of Sec. 4.2, which compares the gender of generated faces with that of their speakers.

    v2f train gender --data STORE --out RUN

The paper: the discriminator's architecture, trained on the faces of the training set. So here: the face trunk and
one linear layer, on the training split's faces of people whose gender the store knows, as many women's as men's in
every batch. The paper does not name its other settings; the learning rate is that of its Sec. 4.
"""

from dataclasses import asdict, dataclass, replace
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
from v2f.training.batches import faces_of, image_size, uniform
from v2f.training.checkpoint import ModuleState
from v2f.training.seeding import seeded_generator

WEIGHTS = "gender.safetensors"
HELDOUT_PEOPLE = 0.1  # of each gender's, where the test split has no faces to measure on


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

    def __init__(self, store: Store, config: GenderConfig, runtime: Runtime) -> None:
        size = image_size(store.faces, str(store.folder))
        config = replace(config, networks=replace(config.networks, image_size=size))
        self.store, self.config, self.runtime = store, config, runtime
        self.batch = config.batch
        device = runtime.device
        self.faces = faces_of(store, device)
        genders = store.genders
        self.train_rows, self.heldout_rows = _rows(store, genders, config.seed)
        self.of_gender = [
            torch.from_numpy(self.train_rows[genders[store.face_person[self.train_rows]] == gender]).to(
                device
            )
            for gender in range(len(GENDERS))
        ]
        with torch.random.fork_rng():
            torch.manual_seed(config.seed)
            self.trunk = runtime.place(FaceTrunk(config.networks))
            self.head = runtime.place(Classifier(len(GENDERS), config.networks))
        self.parts = nn.ModuleDict({"trunk": self.trunk, "gender": self.head})
        self.optimizer = torch.optim.Adam(self.parts.parameters(), config.learning_rate, fused=True)

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
        """Write the classifier; its accuracy on faces of people it was not trained on."""
        accuracy = self.accuracy(self.heldout_rows)
        provenance = {
            "stage": "gender",
            "steps": str(step),
            "store": store_hash(self.store.folder),
            "classes": ", ".join(GENDERS),
            "held-out faces": str(len(self.heldout_rows)),
            "held-out accuracy": f"{accuracy:.4f}",
            TRAINED_ON: encode_people(
                self.store.people[person].name for person in self.store.face_person[self.train_rows]
            ),
        }
        networks = {"trunk": self.trunk, "gender": self.head}
        save_networks(folder / WEIGHTS, networks, self.config.networks, provenance)
        return {"held-out accuracy": accuracy, "held-out faces": float(len(self.heldout_rows))}

    def classifier(self) -> GenderClassifier:
        """What has been learned so far, ready for inference; the next step goes on with it."""
        self.parts.eval()
        return GenderClassifier(self.trunk, self.head, self.runtime)

    def accuracy(self, rows: np.ndarray) -> float:
        """Share of the store's faces `rows` [n] whose gender is predicted rightly; NaN for no faces."""
        if not len(rows):
            return float("nan")
        classifier = self.classifier()
        parts = torch.from_numpy(rows).to(self.runtime.device).split(BATCH)
        predicted = torch.cat([classifier.female(self.faces.pixels(part)) > 0.5 for part in parts])
        female = self.store.genders[self.store.face_person[rows]] == GENDERS.index("female")
        return float((predicted.cpu().numpy() == female).mean())


def _rows(store: Store, genders: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Which faces to train on and which to measure on, int64 each; no person is in both.

    The latter are the test split's or, if it has none of known gender, those of a tenth of each gender's training
    people. Raises CorpusError when women's or men's faces are missing among the former.
    """
    train, heldout = (
        rows[genders[store.face_person[rows]] >= 0] for rows in map(store.faces_in, ("train", "test"))
    )
    people = np.unique(store.face_person[train])
    if set(genders[people]) != set(range(len(GENDERS))):
        raise CorpusError(
            f"{store.folder} cannot train a gender classifier: its training split needs faces of women and of men."
        )
    if not len(heldout):
        rng = np.random.default_rng(seed)
        groups = [rng.permutation(people[genders[people] == gender]) for gender in range(len(GENDERS))]
        apart = [group[: min(len(group) - 1, round(len(group) * HELDOUT_PEOPLE) or 1)] for group in groups]
        is_apart = np.isin(store.face_person[train], np.concatenate(apart))
        train, heldout = train[~is_apart], train[is_apart]
    return train, heldout
