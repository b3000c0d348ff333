"""A recording in progress: what was computed before is what would be computed now; several at once stay apart."""

import numpy as np
import pytest
import torch

from v2f.audio import SAMPLE_RATE, decide, keep_speech
from v2f.audio.front_ends import FRONT_ENDS
from v2f.pipeline import Prefixes
from v2f.pipeline.prefixes import RecordingCache


def recording(waveform: np.ndarray, *durations: float) -> Prefixes:
    return Prefixes(waveform, decide(waveform), durations)


@pytest.mark.parametrize("encoder", FRONT_ENDS)
def test_frames_of_a_growing_recording_are_those_of_all_of_it(encoder: str, made_voice) -> None:
    speech = made_voice(9.0)
    pause = np.zeros(int(0.15 * SAMPLE_RATE), np.float32)  # which is bridged, but not before speech goes on
    waveform = np.concatenate([speech[:50_000], pause, speech[50_000:90_000], pause, speech[90_000:]])
    front_end, cache = FRONT_ENDS[encoder], RecordingCache()
    for stop in (8_000, 50_500, 51_500, 60_000, 60_000, 92_000, waveform.size):
        grown = Prefixes(waveform[:stop], decide(waveform[:stop]), (), cache).frames(front_end)
        assert torch.equal(grown, front_end.frames(keep_speech(waveform[:stop])))


def test_faces_generated_together_are_those_of_each(model, made_voice) -> None:
    voices = [made_voice(seconds, seed=seed) for seed, seconds in enumerate((2.5, 4.0, 1.2))]
    silence = np.zeros(2 * SAMPLE_RATE, np.float32)
    *strips, nobody = model.strips([*(recording(voice, 1, 2) for voice in voices), recording(silence, 1)])
    assert nobody == [None, None]
    for strip, voice in zip(strips, voices, strict=True):
        for face, alone in zip(strip, model.strip(voice, (1, 2), rate=SAMPLE_RATE), strict=True):
            assert (face is None) == (alone is None)
            if face is not None:
                np.testing.assert_allclose(face.embedding, alone.embedding, rtol=0, atol=1e-5)
                assert np.abs(face.image.astype(int) - alone.image).max() <= 1
                assert (face.seconds, face.duration) == (alone.seconds, alone.duration)


def test_a_face_holds_nothing_of_those_it_was_generated_with(model, made_voice) -> None:
    for (face,) in model.strips([recording(made_voice(2.0, seed=seed)) for seed in range(3)]):
        assert face.image.base is None and face.embedding.base is None


def test_no_recordings_have_no_faces(model) -> None:
    assert model.strips([]) == []
