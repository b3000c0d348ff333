"""The bench of training: its plain way learns what ours does, and the figures say what they are measured against."""

import pytest
import torch

from benchmarks import training
from v2f.models import Runtime

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")


def test_a_plain_step_changes_generator_and_judges() -> None:
    plain = training.PlainWay(training.made_pack(), batch=4, device=CPU)
    networks = (plain.generator, plain.trunk, plain.discriminator, plain.classifier)
    before = [[parameter.detach().clone() for parameter in network.parameters()] for network in networks]
    plain.step()
    for network, then in zip(networks, before, strict=True):
        assert all(not now.equal(old) for now, old in zip(network.parameters(), then, strict=True))


def test_batches_are_made_sample_by_sample() -> None:
    plain = training.PlainWay(training.made_pack(), batch=6, device=CPU)
    (pictures, people), (embeddings, speakers) = plain.faces(), plain.voices()
    assert pictures.shape == (6, 3, 64, 64) and -1 <= pictures.min() < pictures.max() <= 1
    assert embeddings.norm(dim=1).tolist() == pytest.approx([1] * 6)
    assert len(people) == len(speakers) == 6


def test_the_step_stands_beside_the_plain_one_and_the_floor(
    small_rates: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "ROUNDS", 1)
    (_, [row]), (_, facts) = training.measure(batch=2)
    assert row["measured"] == "step of Algorithm 1, batch 2"
    assert "ms" in row["ours"] and "ms" in row["the plain way"] and row["its share of ours"].endswith("%")
    assert [fact["measured"] for fact in facts][0] == "faces a second"


def test_the_work_of_a_step_grows_with_its_batch_and_adam_reads_and_writes_every_parameter_once() -> None:
    small, large = training.step_work(2, identities=10), training.step_work(64, identities=10)
    assert large.operations == pytest.approx(32 * small.operations) and large.bytes == small.bytes
    task = training.make_task(training.made_pack(identities=10), 2, Runtime.choose("cpu"))
    assert small.bytes == 7 * training.gradient_bytes(task)
