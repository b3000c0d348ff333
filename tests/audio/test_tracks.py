"""Of several tracks the one with the most speech is read."""

from pathlib import Path

import numpy as np
import pytest
import soxr

from tests.support.encode import encode_tracks
from tests.support.voices import RATE, likeness, voice
from v2f.audio import make_noise, read_sound
from v2f.audio.non_speech import make_sound

ONE = voice(0, 5.0)
OTHERS = {
    "silence": np.zeros_like(ONE),
    "faint": 1e-4 * make_noise("white", ONE.size, seed=1),
    "noise": 0.1 * make_noise("pink", ONE.size, seed=1),
    "hum": 0.2 * make_noise("hum", ONE.size, seed=1),
    "babble": make_noise("babble", ONE.size, seed=1, clips=[voice(1, 5.0), voice(2, 5.0)]),
    "strings": make_sound("strings", ONE.size, seed=1),
    "chords": 0.1 * np.sin(2 * np.pi * np.outer((220, 277, 330), np.arange(ONE.size) / RATE)).sum(axis=0),
}


@pytest.mark.parametrize(
    ("ending", "codec"), [("mp4", "aac"), ("mov", "aac"), ("mkv", "aac"), ("mkv", "libopus")]
)
@pytest.mark.parametrize("order", [["silence", "voice"], ["voice", "silence"], ["noise", "silence", "voice"]])
def test_the_voice_is_found_whichever_track_it_is(
    tmp_path: Path, ending: str, codec: str, order: list[str]
) -> None:
    tracks = [soxr.resample((OTHERS | {"voice": ONE})[name], RATE, 48_000) for name in order]
    found = read_sound(encode_tracks(tmp_path / f"screen.{ending}", tracks, 48_000, codec))
    assert likeness(found.waveform, ONE) > 0.9
    number = order.index("voice") + 1
    assert found.notes == (f"track {number} of {len(order)}, with the most speech",)


@pytest.mark.parametrize("other", OTHERS)
def test_beside_whatever_sound(tmp_path: Path, other: str) -> None:
    tracks = [soxr.resample(sound, RATE, 48_000) for sound in (OTHERS[other], ONE)]
    assert read_sound(encode_tracks(tmp_path / "screen.mkv", tracks, 48_000)).track == 2
