"""What the page shows before anyone speaks, and what it compares visitors' scores with."""

from pathlib import Path

import numpy as np
import pytest

import v2f
from tests.conftest import MadeVoice
from v2f.audio import SAMPLE_RATE
from v2f.kiosk.showpieces import STUDY_NOISES, Showpieces, compute
from v2f.pipeline import VoiceToFace, Waveform


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> VoiceToFace:
    return v2f.load(random_weights, device="cpu", exact=True)


@pytest.fixture(scope="module")
def voices(made_voice: MadeVoice) -> list[Waveform]:
    return [made_voice(12, seed=seed) for seed in (1, 2, 3)]


@pytest.fixture(scope="module")
def shown(engine: VoiceToFace, voices: list[Waveform]) -> Showpieces:
    return compute(engine, voices)


def test_each_voice_is_heard_as_a_visitor_of_ten_seconds_is(
    shown: Showpieces, voices: list[Waveform], engine: VoiceToFace
) -> None:
    for strip, voice in zip(shown.voices, voices, strict=True):
        heard = engine.strip(voice[: 10 * SAMPLE_RATE], rate=SAMPLE_RATE)
        assert [face and face.duration for face in strip] == [face and face.duration for face in heard]
        assert strip[-1] and heard[-1]
        np.testing.assert_allclose(strip[-1].embedding, heard[-1].embedding, atol=1e-5)


def test_the_walk_leads_through_all_voices_and_back_to_the_first(shown: Showpieces) -> None:
    voices, halves = shown.walk[::2], shown.walk[1::2]
    np.testing.assert_allclose(voices, shown.embeddings, atol=1e-6)
    for half, one, other in zip(halves, voices, np.roll(voices, -1, axis=0), strict=True):
        assert half @ one == pytest.approx(half @ other, abs=1e-4)
    np.testing.assert_allclose(np.linalg.norm(shown.walk, axis=1), 1, atol=1e-5)


def test_typical_scores_are_the_least_and_the_most_that_the_critic_gave(shown: Showpieces) -> None:
    assert shown.typical_scores
    for kind, strips in (("voices", shown.voices), ("noises", shown.noises.values())):
        scores = [face.score for strip in strips for face in strip if face]
        assert shown.typical_scores[kind] == [min(scores), max(scores)]


def test_noises_are_those_of_the_study_after_each_duration(shown: Showpieces) -> None:
    assert tuple(shown.noises) == STUDY_NOISES
    assert all(len(strip) == 5 and all(strip) for strip in shown.noises.values())
