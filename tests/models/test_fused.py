"""The fused encoder: its windows, its sums, its precision, and what it keeps of a recording in progress."""

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from v2f.audio import read_audio
from v2f.audio.front_ends import FRONT_ENDS
from v2f.errors import WeightsError
from v2f.models import (
    FusedEncoder,
    Generator,
    Inference,
    Model,
    NetworkConfig,
    Runtime,
    load,
    load_networks,
    save_networks,
)
from v2f.models.fused import AT_ONCE, COUNTS, unit_halves
from v2f.models.windows import QUIETEST, levelled

CONFIG = NetworkConfig(encoder="fused")


@pytest.fixture
def encoder() -> FusedEncoder:
    """Random values."""
    torch.manual_seed(0)
    made = FusedEncoder()
    made.mean, made.directions = 0.01 * torch.randn(448), torch.linalg.qr(torch.randn(448, 64))[0]
    return made.eval()


def made_frames(count: int) -> torch.Tensor:
    """Frames [121, count] of no recording: power, mean square, and logarithms of power."""
    return torch.cat([torch.rand(41, count), -3 + 2 * torch.randn(80, count)])


def inference(encoder: FusedEncoder) -> Inference:
    model = Model(CONFIG, encoder, Generator(), None, None, None, {})
    return Inference(model, Runtime(torch.device("cpu"), "float32"))


@torch.inference_mode()
def test_an_embedding_is_that_of_the_mean_of_the_windows(encoder: FusedEncoder) -> None:
    frames = made_frames(320)
    dvectors, campplus = [], []
    for start in (0, 160):
        window = frames[:, start : start + 160]
        gain = 10**-3 / window[40].mean()  # -30 dB
        _, (hidden, _) = encoder.dvector.lstm((gain * window[:40]).T[None])
        dvectors.append(F.normalize(F.relu(encoder.dvector.linear(hidden[-1])), dim=-1))
        banks = (window[41:].exp() * gain).clamp(min=QUIETEST).log()
        banks -= banks.mean(dim=1, keepdim=True)
        campplus.append(F.normalize(encoder.campplus(banks[None]), dim=-1))
    means = [F.normalize(torch.stack(half).mean(dim=0), dim=-1) for half in (dvectors, campplus)]
    vectors = torch.cat(means, dim=1)
    torch.testing.assert_close(encoder.vectors([frames]), vectors, rtol=1e-3, atol=1e-4)
    halves = (vectors - encoder.mean).split([256, 192], dim=1)
    expected = torch.cat([F.normalize(half, dim=1) for half in halves], dim=1) @ encoder.directions
    torch.testing.assert_close(encoder(frames[None]), expected, rtol=1e-3, atol=1e-3)
    longer = F.pad(frames, (0, 50), value=9.0)[None]
    torch.testing.assert_close(encoder(longer, 320), expected, rtol=1e-3, atol=1e-3)


@torch.inference_mode()
def test_a_short_window_is_heard_again_and_again_by_campplus(encoder: FusedEncoder) -> None:
    frames = made_frames(60)
    gain = 10**-3 / frames[40].mean()
    banks = frames[41:] + gain.log()
    banks = (banks - banks.mean(dim=1, keepdim=True)).repeat(1, 3)[:, :160]
    expected = F.normalize(encoder.campplus(banks[None]), dim=-1)
    torch.testing.assert_close(encoder.vectors([frames])[:, 256:], expected, rtol=1e-3, atol=1e-4)


def test_each_half_has_unit_length() -> None:
    halves = unit_halves(torch.randn(3, 2, 448)).split([256, 192], dim=-1)
    for half in halves:
        torch.testing.assert_close(half.norm(dim=-1), torch.ones(3, 2))


def test_recordings_of_any_lengths_are_heard_together_as_one_by_one(encoder: FusedEncoder) -> None:
    model = inference(encoder)
    heard = [made_frames(frames) for frames in (48, 98, 160, 300, 998)]
    together = model.embed(heard)
    assert together.shape == (5, 64) and together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    alone = np.concatenate([model.embed([one]) for one in heard])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-4)
    assert model.embed([]).shape == (0, 64)


@torch.inference_mode()
def test_the_level_does_not_matter_and_silence_is_finite(encoder: FusedEncoder) -> None:
    frames = made_frames(300)
    quieter = torch.cat([0.01 * frames[:41], frames[41:] + np.log(0.01)])
    torch.testing.assert_close(encoder.vectors([quieter]), encoder.vectors([frames]), rtol=0, atol=1e-4)
    assert encoder.vectors([FRONT_ENDS["fused"].features(np.zeros(48_000, np.float32))]).isfinite().all()


class Counting(torch.nn.Module):
    """In place of both networks: vectors that depend on the window, how many there were, and of which shapes."""

    def __init__(self, encoder: FusedEncoder) -> None:
        super().__init__()
        self.dvectors = self.banks = 0
        self.shapes: dict[str, set[tuple[int, ...]]] = {"dvector": set(), "campplus": set()}
        encoder.dvector.forward = self.dvector  # type: ignore[method-assign]
        encoder.campplus.steps = self.steps  # type: ignore[method-assign]
        encoder.campplus.speaker = self.speaker  # type: ignore[method-assign]

    def dvector(self, mel: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        self.dvectors += int((lengths > 1).sum())  # the others fill a batch up
        self.shapes["dvector"].add(tuple(mel.shape[:2]))
        return F.normalize(F.pad(mel.sum(dim=1), (0, 216)), dim=1)

    def steps(self, banks: torch.Tensor) -> torch.Tensor:
        self.banks += len(banks)
        self.shapes["campplus"].add(tuple(banks.shape))
        return banks

    def speaker(self, banks: torch.Tensor) -> torch.Tensor:
        return F.pad(banks.square().sum(dim=2), (0, 112))


@torch.inference_mode()
def test_each_network_s_mean_is_of_the_windows_that_it_hears(encoder: FusedEncoder) -> None:
    Counting(encoder)
    frames = made_frames(700)
    windows = [levelled(frames[:, start : start + 160]) for start in (0, 160, 320, 480, 540)]
    dvectors = [encoder.dvector(power.T[None], torch.tensor([160])) for power, _ in windows]
    campplus = [F.normalize(encoder.campplus(windows[i][1][None]), dim=1) for i in (0, 1, 3)]
    means = [torch.stack(half).mean(dim=0) for half in (dvectors, campplus)]
    torch.testing.assert_close(encoder.vectors([frames]), unit_halves(torch.cat(means, dim=1)))


@torch.inference_mode()
def test_windows_that_are_alike_count_as_often_as_they_come(encoder: FusedEncoder) -> None:
    counting = Counting(encoder)
    one, other = made_frames(160), made_frames(160)
    vectors = encoder.vectors([one, other, torch.cat([one, one, other], dim=1)])
    mean = F.normalize((2 * vectors[0, :256] + vectors[1, :256]) / 3, dim=0)
    torch.testing.assert_close(vectors[2, :256], mean)
    assert counting.dvectors == 2


@torch.inference_mode()
def test_a_window_that_prefixes_share_is_heard_once(encoder: FusedEncoder) -> None:
    counting, whole = Counting(encoder), made_frames(998)
    together = encoder.vectors([whole[:, :frames] for frames in (100, 320, 480, 998)])
    # 320 begins with what only 480 and 998 go on from
    assert counting.dvectors == 1 + 2 + 1 + 4 and counting.banks == 1 + 2 + 0 + 1
    alone = torch.cat([encoder.vectors([whole[:, :frames]]) for frames in (100, 320, 480, 998)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)


@torch.inference_mode()
def test_there_are_few_shapes_of_windows_to_make_kernels_for(encoder: FusedEncoder) -> None:
    """Every shape that was ever computed keeps memory: for hours of visitors that looked like a leak."""
    counting = Counting(encoder)
    for frames in range(20, 500):
        encoder.vectors([made_frames(frames)])
    for count in range(1, 140):
        encoder.vectors([made_frames(100) for _ in range(count)])
    counts, lengths = map(set, zip(*counting.shapes["dvector"], strict=True))
    assert counts == set(COUNTS) and lengths == {32, 64, 96, 128, 160}
    assert counting.shapes["campplus"] == {(count, 80, 160) for count in AT_ONCE}


@torch.inference_mode()
def test_of_a_growing_recording_only_what_is_new_is_heard(encoder: FusedEncoder) -> None:
    counting = Counting(encoder)
    whole, heard = made_frames(998), {}
    for frames in (100, 160, 190, 320, 998):
        grown = encoder.vectors([whole[:, :frames]], [heard])
        torch.testing.assert_close(grown, encoder.vectors([whole[:, :frames]]), rtol=0, atol=1e-6)
    counting.dvectors = counting.banks = 0
    assert torch.equal(encoder.vectors([whole], [heard]), grown)
    assert counting.dvectors == counting.banks == 0


@torch.inference_mode()
def test_campplus_hears_the_first_window_of_a_growing_recording_when_a_third_was_added(
    encoder: FusedEncoder,
) -> None:
    counting, whole, heard = Counting(encoder), made_frames(170), {}
    times = []
    for frames in range(60, 171, 10):
        encoder.vectors([whole[:, :frames]], [heard], [True])
        times.append(counting.banks)
    # of 60, 90, 130 and 160 frames
    assert times == [1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4]


@torch.inference_mode()
def test_only_where_it_is_said_is_a_recording_taken_to_grow(encoder: FusedEncoder) -> None:
    counting, whole, heard = Counting(encoder), made_frames(150), {}
    prefixes, caches = [whole[:, :frames] for frames in (100, 104, 108)], [heard] * 3
    behind = encoder.vectors(prefixes, caches, [False, True, True])
    assert counting.banks == 1, "the prefix of a duration, which will do for what is a little longer"
    assert torch.equal(behind[0, 256:], behind[2, 256:]) and not torch.equal(behind[0, :256], behind[2, :256])
    exact = encoder.vectors(prefixes, caches)
    assert counting.banks == 3
    torch.testing.assert_close(exact, encoder.vectors(prefixes), rtol=0, atol=1e-6)
    alone = encoder.vectors(prefixes[1:2], [{}], [True])
    torch.testing.assert_close(alone[0], exact[1], rtol=0, atol=1e-6)


@torch.inference_mode()
def test_each_recording_has_a_cache_of_its_own_that_holds_nothing_of_the_others(
    encoder: FusedEncoder,
) -> None:
    recordings, caches = [made_frames(320), made_frames(480)], [{}, {}]
    encoder.vectors(recordings, caches)
    assert [len(cache) for cache in caches] == [2 + 2, 3 + 2] and not caches[0].keys() & caches[1].keys()
    for cache in caches:
        assert {vector.untyped_storage().nbytes() for vector in cache.values()} == {256 * 4, 192 * 4}


@pytest.mark.parametrize("half", [True, False])
def test_weights_say_which_encoder_they_hold(encoder: FusedEncoder, tmp_path: Path, half: bool) -> None:
    path, frames = tmp_path / "w.safetensors", made_frames(200)[None]
    save_networks(path, {"encoder": encoder, "generator": Generator()}, CONFIG, {}, half)
    model = load(path)
    assert model.config == CONFIG and isinstance(model.encoder, FusedEncoder)
    with torch.inference_mode():
        torch.testing.assert_close(
            model.encoder(frames), encoder(frames), rtol=0, atol=1e-2 if half else 1e-4
        )


def test_weights_of_the_other_encoder_are_one_sentence(encoder: FusedEncoder, tmp_path: Path) -> None:
    save_networks(tmp_path / "w", {"encoder": encoder}, NetworkConfig(), {})
    with pytest.raises(WeightsError, match="of another shape than its own description says"):
        load_networks(tmp_path / "w")


@pytest.mark.parametrize("exact", [False, True])
def test_half_the_precision_hears_the_same_voice(
    fused_encoder: FusedEncoder, shared_data: Path, tmp_path: Path, exact: bool
) -> None:
    """Weights of 16 bits and, where the processor has bfloat16 and nobody asks for exactness, sums in it."""
    files = sorted((shared_data / "speech" / "librispeech").glob("*.flac"))[::80]
    heard = [FRONT_ENDS["fused"].features(read_audio(file, 6)) for file in files]
    encoder = FusedEncoder()
    encoder.dvector, encoder.campplus = fused_encoder.dvector, fused_encoder.campplus
    with torch.inference_mode():
        vectors = fused_encoder.vectors(heard)
    encoder.mean = vectors.mean(dim=0)
    centred = unit_halves(vectors - encoder.mean)
    encoder.directions = torch.linalg.svd(centred)[2][:64].T.contiguous()
    save_networks(tmp_path / "w", {"encoder": encoder, "generator": Generator()}, CONFIG, {})  # as float16
    quick = Inference(load(tmp_path / "w"), Runtime.choose("cpu", exact))
    with torch.inference_mode():
        expected = F.normalize(encoder.embed_each(heard), dim=-1).numpy()
    assert (quick.embed(heard) * expected).sum(axis=1).min() > 0.999
