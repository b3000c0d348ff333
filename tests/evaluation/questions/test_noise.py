"""Faces from voices against faces from noise, and from sounds that are no voice."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from v2f.assets import EXAMPLES
from v2f.audio import SAMPLE_RATE
from v2f.errors import CorpusError
from v2f.evaluation.judges import detectors
from v2f.evaluation.questions import noise as noise_module
from v2f.evaluation.questions.noise import (
    noise,
    noise_of,
    sound_files,
    sounds,
    voice_pieces,
)
from v2f.report.results import Judge, LeftOut, Measure, Part, People, Result


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise_module, "FACES", 8)


def test_scores_and_detections_of_both_with_the_papers_figures(engine, make_subjects, few) -> None:
    found = list(noise(engine, make_subjects(people=4, recordings=2), seed=0))
    told = {(result.measure, result.part): result for result in found if isinstance(result, Result)}
    of_voices, of_noise = (told[Measure.SCORE, part] for part in (Part.VOICES, Part.NOISE))
    assert of_voices.paper == 0.09 and told[Measure.SCORE_DEVIATION, Part.NOISE].paper == 0.07
    assert of_voices.trials == of_noise.trials == 8 and of_voices.people == 4
    assert 0 <= told[Measure.SCORE_ABOVE_NOISE, None].value <= 1
    for part in (Part.VOICES, Part.NOISE):
        detected = (Measure.FACE_DETECTED, part)
        assert {r.by for r in found if isinstance(r, Result) and (r.measure, r.part) == detected} == set(
            detectors()
        )
        unseen = told[Measure.NO_FACE_DETECTED, part]
        assert unseen.by == Judge.FACE_DETECTORS and unseen.trials == 8
        assert unseen.value <= 1 - told[detected].value


def test_every_recording_gives_its_first_piece_before_any_gives_its_second(make_subjects, few) -> None:
    log_mels = {i: torch.randn(64, 650, generator=torch.Generator().manual_seed(i)) for i in range(5)}
    subjects = make_subjects(people=5, recordings=1, frames=log_mels.__getitem__)
    pieces, recordings = voice_pieces(subjects, seed=0)
    assert len(pieces) == 8 and all(piece.shape == (64, 300) for piece in pieces)
    assert sorted(recordings[:5]) == [0, 1, 2, 3, 4]
    assert len(set(recordings[5:])) == 3


def test_pieces_of_one_recording_are_counted_as_one_recording(engine, make_subjects, few) -> None:
    subjects = make_subjects(people=3, recordings=1, frames=lambda _: torch.randn(64, 650))
    found = list(noise(engine, subjects, seed=0))
    voices = [result for result in found if isinstance(result, Result) and result.part != Part.NOISE]
    assert len(voices) == 4 + len(detectors())
    assert {(result.trials, result.recordings, result.people) for result in voices} == {(6, 3, 3)}


def test_short_recordings_leave_the_question_out(engine, make_subjects) -> None:
    (line,) = noise(engine, make_subjects(frames=lambda _: torch.randn(64, 299)), seed=0)
    assert isinstance(line, LeftOut) and "3 s" in line.left_out


def test_sounds_without_speech_or_face_are_counted_together(engine, tmp_path: Path) -> None:
    silence = np.zeros(SAMPLE_RATE)
    soundfile.write(tmp_path / "silence.wav", silence, SAMPLE_RATE)
    (tmp_path / "folder").mkdir()
    soundfile.write(tmp_path / "folder" / "more.flac", silence, SAMPLE_RATE)
    (tmp_path / "notes.txt").write_text("no sound")
    unreadable, silent, unvoiced = sounds(engine, sound_files(tmp_path), People.TEST, seed=0)
    assert isinstance(unreadable, LeftOut) and unreadable.left_out.startswith("1 of the files")
    assert isinstance(silent, Result) and isinstance(unvoiced, Result)
    assert (silent.measure, unvoiced.measure) == (
        Measure.NO_SPEECH_DETECTED,
        Measure.NO_SPEECH_OR_FACE_DETECTED,
    )
    assert silent.value == unvoiced.value == 1 and unvoiced.trials == 2 and unvoiced.people == 0
    assert unvoiced.by == Judge.VOICE_AND_FACE_DETECTORS


def test_a_voice_among_the_sounds_lowers_their_share(engine, monkeypatch) -> None:
    voice = min(EXAMPLES.glob("*.flac"))
    monkeypatch.setattr(
        noise_module, "detections", lambda faces, workers: {Judge.DLIB_DETECTOR: np.ones(len(faces), bool)}
    )
    silent, unvoiced = sounds(engine, [voice], People.TEST, seed=0)
    assert silent.value == unvoiced.value == 0


def test_without_sounds_a_line_says_so(engine, tmp_path: Path) -> None:
    (line,) = sounds(engine, [], People.TEST, seed=0)
    assert isinstance(line, LeftOut) and "--sounds" in line.left_out
    with pytest.raises(CorpusError, match="holds no files of sounds"):
        sound_files(tmp_path)


def test_noises_differ_in_kind_and_by_seed() -> None:
    kinds = [noise_of(i, seed=0).numpy() for i in range(4)]
    assert all(not np.array_equal(kinds[0], other) for other in (*kinds[1:], noise_of(4, 0).numpy()))
    np.testing.assert_array_equal(kinds[2], noise_of(2, seed=0).numpy())
