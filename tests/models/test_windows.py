"""The windows in which a recording is heard: where they lie, who hears them, their level."""

import math

import pytest
import torch

from v2f.models.windows import QUIETEST, filled_up, heard_by_campplus, levelled, window_key, window_starts


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


@pytest.mark.parametrize(
    ("frames", "heard"),
    [
        (1, [0]),
        (300, [0]),
        (320, [0, 1]),
        (450, [0, 1]),
        (640, [0, 1, 3]),
        (998, [0, 1, 3]),
        (1280, [0, 1, 3, 7]),
    ],
)
def test_campplus_hears_the_first_the_second_the_fourth_window_and_so_on(
    frames: int, heard: list[int]
) -> None:
    assert heard_by_campplus(window_starts(frames)) == heard


def test_a_window_is_brought_to_one_level_and_its_filter_banks_to_a_mean_of_nothing() -> None:
    window = torch.cat([torch.rand(41, 160), -3 + 2 * torch.randn(80, 160)])
    gain = 10**-3 / window[40].mean()  # -30 dB
    power, banks = levelled(window)
    torch.testing.assert_close(power, gain * window[:40])
    expected = (window[41:].exp() * gain).clamp(min=QUIETEST).log()
    torch.testing.assert_close(banks, expected - expected.mean(dim=1, keepdim=True), rtol=1e-4, atol=1e-4)


def test_silence_stays_silent_and_finite() -> None:
    power, banks = levelled(torch.cat([torch.zeros(41, 160), torch.full((80, 160), math.log(1e-10))]))
    assert power.abs().max() == 0 and banks.abs().max() < 1e-5


def test_a_short_window_is_repeated_until_it_is_a_whole_one() -> None:
    banks = torch.arange(60.0).expand(80, 60)
    assert filled_up(banks)[0].tolist() == [frame % 60 for frame in range(160)]


def test_the_key_of_a_window_is_of_what_it_holds() -> None:
    whole = torch.rand(121, 400)
    assert window_key(whole[:, 50:210]) == window_key(whole[:, 50:210].clone())
    assert window_key(whole[:, 50:210]) != window_key(whole[:, 51:211])
