"""The bench of training: its plain way learns what ours does, and the figures say what they are measured against."""

import pytest

from v2f.bench import faces, training


def test_a_plain_step_changes_generator_and_judges() -> None:
    plain = training.PlainWay(training.made_pack(), batch=4)
    networks = (plain.generator, plain.trunk, plain.discriminator, plain.classifier)
    before = [[parameter.detach().clone() for parameter in network.parameters()] for network in networks]
    plain.step()
    for network, then in zip(networks, before, strict=True):
        assert all(not now.equal(old) for now, old in zip(network.parameters(), then, strict=True))


def test_batches_are_made_sample_by_sample() -> None:
    plain = training.PlainWay(training.made_pack(), batch=6)
    (pictures, people), (embeddings, speakers) = plain.faces(), plain.voices()
    assert pictures.shape == (6, 3, 64, 64) and -1 <= pictures.min() < pictures.max() <= 1
    assert embeddings.norm(dim=1).tolist() == pytest.approx([1] * 6)
    assert len(people) == len(speakers) == 6


def test_every_figure_stands_beside_the_plain_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "ROUNDS", 1)
    for name, value in (("ROUNDS", 1), ("MATRIX", 64), ("COPIED", 1 << 16)):
        monkeypatch.setattr(faces, name, value)
    told = {line.name: line.told for line in training.measure(batch=4)}
    assert "times as fast" in told["ours against the plain way"]
    assert {"step of Algorithm 1, batch 4", "the plain way", "faces a second", "floor"} <= told.keys()
