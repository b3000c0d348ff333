"""A made store of people trained on and new ones, weights that say whom they know, and the report of both."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.support.speech import tones
from v2f.__main__ import main
from v2f.data import store
from v2f.data.store import Person, store_hash
from v2f.models import TRAINED_ON, Classifier, encode_people, load_networks, save_networks

SAMPLES, EACH = 86_640, 2  # of a recording, 540 frames; recordings, and faces, of a person
TRAINED, NEW = 4, 5
PEOPLE = [f"trained {i}" for i in range(TRAINED)]
COUNT = 60  # of 1:2 trials


def write_store(
    folder: Path, change: Callable[[Person], Person] = lambda person: person, faces: int = EACH
) -> Path:
    """A store of four trained identities and five new people, each of these changed by `change`."""
    rng = np.random.default_rng(0)
    trained = [Person(name, ("female", "male")[i % 2], "", "train", i) for i, name in enumerate(PEOPLE)]
    new = [
        change(Person(f"new {i}", ("female", "male")[i % 2], ("Chile", "Ghana")[i // 3], "test", -1))
        for i in range(NEW)
    ]
    heard = np.repeat(np.arange(TRAINED + NEW), EACH)
    seen = np.repeat(np.arange(TRAINED + NEW), [EACH] * TRAINED + [faces] * NEW)
    folder.mkdir()
    speech = np.concatenate([tones(SAMPLES, 100 + 20 * person, 2 + person, rng) for person in heard.tolist()])
    store.write_array(folder / store.SPEECH, speech)  # first, so that it is the same beside fewer faces
    store.write_array(folder / store.FACES, rng.integers(0, 255, (len(seen), 64, 64, 3), dtype=np.uint8))
    voices = [store.VoiceRow(f"{i}.wav", "", "", "", "", 5.4, SAMPLES, "") for i in range(len(heard))]
    pictures = [store.FaceRow(f"{i}.png", "", "", "", "", "") for i in range(len(seen))]
    store.write_people(folder, [*trained, *new], voices, heard.tolist(), pictures, seen.tolist())
    return folder


def write_weights(path: Path, values: Path, folder: Path, people: list[str], **told: str) -> Path:
    """The networks of the file `values`, which say that they were trained on people of the store `folder`."""
    networks, config, _ = load_networks(values)
    networks["classifier"] = Classifier(TRAINED)
    provenance = {"store": store_hash(folder), TRAINED_ON: encode_people(people), **told}
    save_networks(path, networks, config, provenance)
    return path


def evaluate(folder: Path, weights: Path, out: Path, *more: str) -> int:
    given = ["--data", str(folder), "--weights", str(weights), "--out", str(out), "--workers", "1"]
    return main(["evaluate", *given, "--count", str(COUNT), *more])
