"""The public speaker encoder: its windows, its sums, its precision, and where its weights come from."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import save_file

from v2f.audio import read_audio
from v2f.audio.front_ends import FRONT_ENDS
from v2f.errors import WeightsError
from v2f.models import (
    DVectorEncoder,
    Generator,
    Inference,
    Model,
    NetworkConfig,
    Runtime,
    VoiceEncoder,
    load,
    load_networks,
    save_networks,
)
from v2f.models.dvector import COUNTS, window_starts
from v2f.models.public_encoders import dvector_from_package

CONFIG = NetworkConfig(encoder="dvector")


@pytest.fixture
def encoder() -> DVectorEncoder:
    """Random values."""
    torch.manual_seed(0)
    made = DVectorEncoder()
    made.mean, made.directions = 0.01 * torch.randn(256), torch.linalg.qr(torch.randn(256, 64))[0]
    return made.eval()


def inference(encoder: DVectorEncoder) -> Inference:
    model = Model(CONFIG, encoder, Generator(), None, None, None, {})
    return Inference(model, Runtime(torch.device("cpu"), "float32"))


@pytest.mark.parametrize(
    ("frames", "starts"),
    [
        (1, [0]),
        (160, [0]),
        (179, [0]),  # less than 20 frames are left over
        (180, [0, 20]),
        (320, [0, 160]),
        (339, [0, 160]),
        (340, [0, 160, 180]),
        (998, [0, 160, 320, 480, 640, 800, 838]),
    ],
)
def test_windows_of_160_frames_lie_side_by_side_and_one_ends_at_the_end(
    frames: int, starts: list[int]
) -> None:
    assert window_starts(frames) == starts


@torch.inference_mode()
def test_an_embedding_is_that_of_the_mean_of_the_windows(encoder: DVectorEncoder) -> None:
    mel = torch.rand(41, 300)
    vectors = []
    for start in (0, 140):
        window = mel[:, start : start + 160]
        window = window[:40] * (10**-3 / window[40].mean())  # -30 dB
        _, (hidden, _) = encoder.network.lstm(window.T[None])
        vectors.append(F.normalize(F.relu(encoder.network.linear(hidden[-1])), dim=-1))
    mean = F.normalize(torch.stack(vectors).mean(dim=0), dim=-1)
    torch.testing.assert_close(encoder.dvectors([mel]), mean, rtol=1e-4, atol=1e-5)
    expected = (mean - encoder.mean) @ encoder.directions
    torch.testing.assert_close(encoder(mel[None]), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        encoder(F.pad(mel, (0, 50), value=9.0)[None], 300), expected, rtol=1e-4, atol=1e-5
    )


def test_recordings_of_any_lengths_are_heard_together_as_one_by_one(encoder: DVectorEncoder) -> None:
    model = inference(encoder)
    heard = [torch.rand(41, frames) for frames in (48, 98, 160, 300, 998, 12_000)]  # the last: two batches
    together = model.embed(heard)
    assert together.shape == (6, 64) and together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(
        together, np.concatenate([model.embed([one]) for one in heard]), rtol=0, atol=1e-5
    )
    assert model.embed([]).shape == (0, 64)


@torch.inference_mode()
def test_the_level_does_not_matter_and_silence_is_finite(encoder: DVectorEncoder) -> None:
    mel = torch.rand(41, 300)
    torch.testing.assert_close(encoder.dvectors([0.001 * mel]), encoder.dvectors([mel]), rtol=0, atol=1e-5)
    assert encoder.dvectors([torch.zeros(41, 300)]).isfinite().all()


class Counting(torch.nn.Module):
    """The network, how many windows it has been given, and the shapes that they came in."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network, self.windows, self.shapes = network, 0, set[tuple[int, int]]()

    def forward(self, mel: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        self.windows += int((lengths > 1).sum())  # the others fill a batch up
        self.shapes.add((len(mel), mel.shape[1]))
        return self.network(mel, lengths)


@torch.inference_mode()
def test_a_window_that_prefixes_share_is_heard_once(encoder: DVectorEncoder) -> None:
    encoder.network = counting = Counting(encoder.network)  # type: ignore[assignment]
    whole = torch.rand(41, 998)
    together = encoder.dvectors([whole[:, :frames] for frames in (100, 320, 480, 998)])
    assert counting.windows == 1 + 2 + 1 + 4  # 320 begins with what only 480 and 998 go on from
    alone = torch.cat([encoder.dvectors([whole[:, :frames]]) for frames in (100, 320, 480, 998)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)


@torch.inference_mode()
def test_there_are_few_shapes_of_windows_to_make_kernels_for(encoder: DVectorEncoder) -> None:
    """Every shape that was ever computed keeps memory: for hours of visitors that looked like a leak."""
    encoder.network = counting = Counting(encoder.network)  # type: ignore[assignment]
    for frames in range(20, 500):
        encoder.dvectors([torch.rand(41, frames)])
    for count in range(1, 140):
        encoder.dvectors([torch.rand(41, 100) for _ in range(count)])
    counts, lengths = map(set, zip(*counting.shapes, strict=True))
    assert counts == set(COUNTS) and lengths == {32, 64, 96, 128, 160}


@torch.inference_mode()
def test_of_a_growing_recording_only_what_is_new_is_heard(encoder: DVectorEncoder) -> None:
    encoder.network = counting = Counting(encoder.network)  # type: ignore[assignment]
    whole, heard = torch.rand(41, 998), {}
    for frames in (100, 160, 190, 320, 998):
        grown = encoder.dvectors([whole[:, :frames]], [heard])
        torch.testing.assert_close(grown, encoder.dvectors([whole[:, :frames]]), rtol=0, atol=1e-6)
    counting.windows = 0
    assert torch.equal(encoder.dvectors([whole], [heard]), grown) and counting.windows == 0


@torch.inference_mode()
def test_each_recording_has_a_cache_of_its_own_that_holds_nothing_of_the_others(
    encoder: DVectorEncoder,
) -> None:
    recordings, caches = [torch.rand(41, 320), torch.rand(41, 480)], [{}, {}]
    encoder.dvectors(recordings, caches)
    assert [len(cache) for cache in caches] == [2, 3] and not caches[0].keys() & caches[1].keys()
    for cache in caches:
        assert all(vector.untyped_storage().nbytes() == 256 * 4 for vector in cache.values())


@pytest.mark.parametrize("half", [True, False])
def test_weights_say_which_encoder_they_hold(encoder: DVectorEncoder, tmp_path: Path, half: bool) -> None:
    path, mel = tmp_path / "w.safetensors", torch.rand(1, 41, 200)
    save_networks(path, {"encoder": encoder, "generator": Generator()}, CONFIG, {}, half)
    model = load(path)
    assert model.config == CONFIG and isinstance(model.encoder, DVectorEncoder)
    with torch.inference_mode():
        torch.testing.assert_close(model.encoder(mel), encoder(mel), rtol=0, atol=1e-3 if half else 1e-6)


def test_weights_written_before_there_was_a_choice_hold_table_2s(tmp_path: Path) -> None:
    encoder = VoiceEncoder()
    save_networks(tmp_path / "w", {"encoder": encoder}, NetworkConfig(), {}, half=False)
    with safe_open(tmp_path / "w", framework="pt") as file:
        metadata = {**file.metadata(), "config": json.dumps({"reading": "released"})}
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
    save_file(tensors, tmp_path / "older", metadata)
    networks, config, _ = load_networks(tmp_path / "older")
    assert config == NetworkConfig() and isinstance(networks["encoder"], VoiceEncoder)


def test_an_unknown_encoder_is_refused() -> None:
    with pytest.raises(ValueError, match="encoder"):
        NetworkConfig(encoder="other")  # type: ignore[arg-type]


def test_weights_of_the_other_encoder_are_one_sentence(encoder: DVectorEncoder, tmp_path: Path) -> None:
    save_networks(tmp_path / "w", {"encoder": encoder}, NetworkConfig(), {})
    with pytest.raises(WeightsError, match="of another shape than its own description says"):
        load_networks(tmp_path / "w")


def test_the_windows_are_heard_as_by_the_packages_own_network(public_encoder: DVectorEncoder) -> None:
    theirs = pytest.importorskip("resemblyzer.voice_encoder", exc_type=ImportError)
    mel = torch.rand(6, 160, 40)
    with torch.inference_mode():
        expected = theirs.VoiceEncoder("cpu", verbose=False)(mel)
        ours = public_encoder.network(mel, torch.full((6,), 160))
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_a_recording_is_heard_much_as_by_the_package_itself(
    public_encoder: DVectorEncoder, shared_data: Path
) -> None:
    """Which levels the whole, fills the last window with silence, and has windows 77 frames apart."""
    theirs = pytest.importorskip("resemblyzer.voice_encoder", exc_type=ImportError)
    speech = read_audio(min((shared_data / "speech" / "librispeech").glob("*.flac")), 8)
    levelled = speech * 10 ** (-30 / 20) / np.sqrt(np.mean(np.square(speech)))
    expected = theirs.VoiceEncoder("cpu", verbose=False).embed_utterance(levelled)
    with torch.inference_mode():
        [ours] = public_encoder.dvectors([FRONT_ENDS["dvector"].features(speech)])
    assert float(ours @ torch.from_numpy(expected)) > 0.95


@pytest.mark.parametrize("exact", [False, True])
def test_half_the_precision_hears_the_same_voice(
    public_encoder: DVectorEncoder, shared_data: Path, tmp_path: Path, exact: bool
) -> None:
    """Weights of 16 bits and, where the processor has bfloat16 and nobody asks for exactness, sums in it."""
    files = sorted((shared_data / "speech" / "librispeech").glob("*.flac"))[::40]
    heard = [FRONT_ENDS["dvector"].features(read_audio(file, 6)) for file in files]
    encoder = DVectorEncoder()
    encoder.network = public_encoder.network
    with torch.inference_mode():
        dvectors = public_encoder.dvectors(heard)
    encoder.mean, encoder.directions = dvectors.mean(dim=0), torch.linalg.svd(dvectors)[2][:64].T.contiguous()
    save_networks(tmp_path / "w", {"encoder": encoder, "generator": Generator()}, CONFIG, {})  # as float16
    quick = Inference(load(tmp_path / "w"), Runtime.choose("cpu", exact))
    with torch.inference_mode():
        expected = F.normalize(encoder.embed_each(heard), dim=-1).numpy()
    assert (quick.embed(heard) * expected).sum(axis=1).min() > 0.999


@pytest.mark.parametrize(
    ("contents", "sentence"), [(None, "cannot be read"), (b"something else", "its hash differs")]
)
def test_a_package_without_the_published_weights_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, contents: bytes | None, sentence: str
) -> None:
    package = tmp_path / "resemblyzer"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('it is not to be imported')")
    if contents is not None:
        (package / "pretrained.pt").write_bytes(contents)
    monkeypatch.delitem(sys.modules, "resemblyzer", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(WeightsError, match=sentence) as told:
        dvector_from_package()
    assert "\n" not in str(told.value) and "pip install --no-deps Resemblyzer==0.1.4" in str(told.value)


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "resemblyzer", raising=False)
    monkeypatch.setattr("sys.path", [])
    with pytest.raises(WeightsError, match=r"is missing; .*pip install"):
        dvector_from_package()
