"""Device and precision follow the hardware, and `exact` always means float32."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from v2f.models import FaceTrunk, Generator, Runtime, VoiceEncoder, unit
from v2f.models import runtime as runtime_module
from v2f.models.runtime import Replayed, has_native_bf16

CPU = torch.device("cpu")


def with_capabilities(monkeypatch: pytest.MonkeyPatch, **flags: bool) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: flags)


@pytest.mark.parametrize("flag", ["amx_bf16", "avx512_bf16", "bf16"])
def test_a_cpu_with_bfloat16_instructions_uses_them(monkeypatch: pytest.MonkeyPatch, flag: str) -> None:
    with_capabilities(monkeypatch, **{flag: True})
    assert Runtime.choose("cpu").precision == "bf16"


def test_a_cpu_that_would_emulate_bfloat16_uses_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    with_capabilities(monkeypatch, avx2=True, avx512_f=True, avx512_bf16=False)
    assert Runtime.choose("cpu").precision == "float32"


def test_exact_is_float32_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with_capabilities(monkeypatch, amx_bf16=True)
    assert Runtime.choose("cpu", exact=True) == Runtime(CPU, "float32")


def test_other_devices_do_not_borrow_the_cpus_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    with_capabilities(monkeypatch, amx_bf16=True)
    assert not has_native_bf16(torch.device("mps"))


@pytest.mark.parametrize(("precision", "dtype"), [("bf16", torch.bfloat16), ("float32", torch.float32)])
def test_autocast_computes_in_the_precision_and_leaves_parameters_alone(precision, dtype) -> None:
    runtime = Runtime(CPU, precision)
    generator = runtime.place(Generator())
    with torch.inference_mode(), runtime.autocast():
        assert generator(torch.randn(1, 64)).dtype == dtype
    assert {parameter.dtype for parameter in generator.parameters()} == {torch.float32}


def test_placing_keeps_the_mode_and_lays_kernels_out_channels_last() -> None:
    generator = Generator().train()
    placed = Runtime(CPU, "float32").place(generator)
    assert placed.training
    assert placed.get_parameter("model.2.weight").is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("precision", [pytest.param("bf16", marks=pytest.mark.bf16), "float32"])
@pytest.mark.parametrize("batch", [1, 5])
def test_settled_networks_give_what_autocast_gives(precision, batch) -> None:
    """To the bit in bfloat16; float32 kernels add in another order on some processors."""
    runtime, embeddings = Runtime(CPU, precision), torch.randn(batch, 64)
    generator, trunk = Generator().eval(), FaceTrunk().eval()
    with torch.inference_mode(), runtime.autocast():
        faces = runtime.place(generator)(embeddings)
        features = runtime.place(trunk)(faces)
        for settled, expected in (
            (runtime.prepare_for_inference(generator)(embeddings), faces),
            (runtime.prepare_for_inference(trunk)(faces), features),
        ):
            rounding = 0 if precision == "bf16" else 1e-6
            torch.testing.assert_close(settled, expected, rtol=0, atol=rounding)


@pytest.mark.parametrize("precision", ["bf16", "float32"])
def test_a_settled_encoder_hears_the_same_voice(precision) -> None:
    runtime, encoder, log_mel = Runtime(CPU, precision), VoiceEncoder(), torch.randn(1, 64, 300)
    for _ in range(3):
        encoder(torch.randn(8, 64, 300) + 1)  # its batch normalisation has seen something
    with torch.inference_mode():
        expected = unit(encoder.eval()(log_mel))
        with runtime.autocast():
            heard = unit(runtime.prepare_for_inference(encoder)(log_mel).float())
    assert (expected * heard).sum() > (0.999 if precision == "bf16" else 1 - 1e-5)
    assert not any(isinstance(layer, torch.nn.BatchNorm1d) for layer in encoder.modules())


def test_what_is_replayed_is_called_as_it_is_on_a_cpu() -> None:
    double = Replayed(lambda batch: (2 * batch, batch.sum(dim=1)), CPU)
    for count in (0, 1, Replayed.LARGEST, Replayed.LARGEST + 1):
        batch = torch.randn(count, 3)
        twice, added = double(batch)
        assert torch.equal(twice, 2 * batch) and torch.equal(added, batch.sum(dim=1))
    assert not double.captured


@pytest.fixture
def replayed(monkeypatch: pytest.MonkeyPatch) -> Replayed:
    """On a CPU, with something in place of CUDA's graphs that does anew, into the same memory, what was captured."""

    class Graph:
        def __init__(self, part: Callable[[], tuple[Tensor, ...]]) -> None:
            self.part, self.made = part, part()

        def replay(self) -> None:
            for tensor, again in zip(self.made, self.part(), strict=True):
                tensor.copy_(again)

    def capture(part: Callable[[], tuple[Tensor, ...]]) -> tuple[Graph, tuple[Tensor, ...]]:
        graph = Graph(part)
        return graph, graph.made

    monkeypatch.setattr(runtime_module, "warm_up", lambda part: part())
    monkeypatch.setattr(runtime_module, "capture", capture)
    replayed = Replayed(lambda batch: (2 * batch,), CPU)
    replayed.graph = True
    return replayed


def test_a_graph_is_captured_once_for_each_small_batch_size(replayed: Replayed) -> None:
    for count in (1, 3, 1, Replayed.LARGEST, 3, Replayed.LARGEST + 1, 0):
        batch = torch.randn(count, 4)
        before = batch.clone()
        (twice,) = replayed(batch)
        assert torch.equal(twice, 2 * before) and torch.equal(batch, before)
    assert set(replayed.captured) == {1, 3, Replayed.LARGEST}


def test_without_graphs_the_function_is_called(replayed: Replayed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime_module, "capture", lambda part: None)
    batch = torch.randn(2, 4)
    for _ in range(2):
        assert torch.equal(replayed(batch)[0], 2 * batch)
    assert not replayed.graph and not replayed.captured


@pytest.mark.cuda
def test_threads_that_replay_one_graph_get_each_their_own() -> None:
    double = Replayed(lambda batch: (2 * batch,), torch.device("cuda"))

    def ask(number: int) -> bool:
        batch = torch.full((1 + number % Replayed.LARGEST, 64), float(number))
        return torch.equal(double(batch)[0], 2 * batch)

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(ask, range(400)))
    assert set(double.captured) == set(range(1, Replayed.LARGEST + 1))
