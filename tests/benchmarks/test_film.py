"""The README's moving picture: its frames keep their time, and it stays small."""

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks import film
from benchmarks.film import SIZE, Frame, encoded, thinned
from tests.support.browser import BenchError


def frame(at: float, shade: int = 0, noise: bool = False) -> Frame:
    pixels = np.full((90, 160, 3), shade, np.uint8)
    if noise:
        pixels = np.random.default_rng(shade).integers(0, 255, pixels.shape, np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return Frame(at, file.getvalue())


def test_frames_that_follow_too_fast_are_left_out_but_for_the_first_and_the_last() -> None:
    frames = [frame(at / 60) for at in range(61)]
    kept = [one.at for one in thinned(frames)]
    assert kept[0] == 0 and kept[-1] == 1 and len(kept) <= film.PER_SECOND + 1
    assert min(np.diff(kept[:-1])) >= 1 / film.PER_SECOND


def test_each_frame_is_seen_until_the_next_one_came() -> None:
    picture = Image.open(io.BytesIO(encoded([frame(5, 0), frame(5.5, 120), frame(7.5, 240), frame(8, 240)])))
    assert (picture.size, picture.n_frames, picture.info["loop"]) == (SIZE, 3, 0)  # type: ignore[attr-defined]
    durations, shades = [], []
    for place in range(3):
        picture.seek(place)
        picture.load()
        durations.append(picture.info["duration"])
        shades.append(int(np.asarray(picture.convert("L")).mean()))
    assert durations == [500, 2000, 500] and shades == pytest.approx([0, 120, 240], abs=4)


def test_the_best_quality_that_fits_is_taken_and_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [frame(at, at, noise=True) for at in range(4)]
    whole = len(encoded(frames))
    monkeypatch.setattr(film, "MOST_BYTES", whole - 1)
    assert len(encoded(frames)) < whole
    monkeypatch.setattr(film, "MOST_BYTES", 100)
    with pytest.raises(BenchError):
        encoded(frames)
