"""Device and precision follow the hardware, and `exact` always means float32."""

import pytest
import torch

from v2f.errors import DeviceError
from v2f.models import FaceTrunk, Generator, Runtime, VoiceEncoder, unit
from v2f.models.runtime import has_native_bf16

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


def test_exact_is_float32_in_every_part_of_a_gpu(gpu_settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFloat-32 keeps 10 of float32's 23 bits; the fused encoder has an LSTM."""
    monkeypatch.setattr("v2f.models.runtime.find_device", lambda name: torch.device("cuda"))
    assert Runtime.choose("cuda", exact=True).precision == "float32"
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    parts = (cudnn.conv, cudnn.rnn, matmul)  # type: ignore[attr-defined]
    assert [part.fp32_precision for part in parts] == ["ieee"] * 3 and cudnn.deterministic


@pytest.mark.cuda
def test_exact_on_a_gpu_an_lstm_gives_what_it_gives_on_the_cpu(gpu_settings: None) -> None:
    device = Runtime.choose("cuda", exact=True).device
    lstm, sound = torch.nn.LSTM(40, 256, 3, batch_first=True), torch.randn(4, 160, 40)
    with torch.inference_mode():
        expected, _ = lstm(sound)
        given, _ = lstm.to(device)(sound.to(device))
    torch.testing.assert_close(given.cpu(), expected, rtol=0, atol=1e-5)


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
def test_networks_prepared_for_inference_give_what_autocast_gives(precision, batch) -> None:
    """Up to rounding: kernels add in another order on some processors."""
    runtime, embeddings = Runtime(CPU, precision), torch.randn(batch, 64)
    generator, trunk = Generator().eval(), FaceTrunk().eval()
    with torch.inference_mode(), runtime.autocast():
        faces = runtime.place(generator)(embeddings)
        features = runtime.place(trunk)(faces)
        for prepared, expected in (
            (runtime.prepare_for_inference(generator)(embeddings), faces),
            (runtime.prepare_for_inference(trunk)(faces), features),
        ):
            rounding = 2**-6 if precision == "bf16" else 1e-5  # of the largest number
            largest = float(expected.abs().max())
            torch.testing.assert_close(prepared, expected, rtol=0, atol=rounding * largest)


@pytest.mark.parametrize("precision", ["bf16", "float32"])
def test_an_encoder_prepared_for_inference_gives_the_same_embedding(precision) -> None:
    runtime, encoder, log_mel = Runtime(CPU, precision), VoiceEncoder(), torch.randn(1, 64, 300)
    for _ in range(3):
        encoder(torch.randn(8, 64, 300) + 1)  # its batch normalisation has seen something
    with torch.inference_mode():
        expected = unit(encoder.eval()(log_mel))
        with runtime.autocast():
            prepared = runtime.prepare_for_inference(encoder)
            embedding = unit(prepared(log_mel).float())
    assert (expected * embedding).sum() > (0.999 if precision == "bf16" else 1 - 1e-5)


@pytest.mark.parametrize(
    ("name", "why"),
    [("nonsense", "cpu or cuda"), ("mps", "cpu or cuda"), ("cuda:99", "in this machine")],
)
def test_a_device_that_is_not_there_is_one_sentence(name: str, why: str) -> None:
    with pytest.raises(DeviceError, match=f"There is no device '{name}': .*{why}"):
        Runtime.choose(name)


def test_of_one_gpu_it_speaks_as_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(DeviceError, match="PyTorch finds 1 CUDA GPU in this machine"):
        Runtime.choose("cuda:99")
