import numpy as np
import pytest

from v2f.audio import FRAME, SAMPLE_RATE, SpeechDetector, decide, detect_speech, keep_speech, mix, read_audio
from v2f.audio.non_speech import make_sound
from v2f.audio.vad import bridge_gaps, lively


def decisions(text: str) -> np.ndarray:
    """`"#..#"` -> speech, no, no, speech."""
    return np.array([letter == "#" for letter in text], dtype=bool)


def test_silence_keeps_nothing():
    silence = np.zeros(2 * SAMPLE_RATE, np.float32)
    assert not detect_speech(silence).any()
    assert keep_speech(silence).shape == (0,)


def test_speech_keeps_most(speech_files):
    for file in speech_files:
        assert detect_speech(read_audio(file)).mean() > 0.5


def test_pauses_before_and_after_are_dropped(speech):
    pause = np.zeros(3 * SAMPLE_RATE, np.float32)
    kept = detect_speech(np.concatenate([pause, speech, pause]))
    assert not kept[:140].any()
    assert not kept[-125:].any()


def test_one_decision_per_whole_frame():
    for samples, frames in [(0, 0), (319, 0), (320, 1), (639, 1), (16_000, 50)]:
        decided = detect_speech(np.zeros(samples, np.float32))
        assert decided.shape == (frames,)
        assert decided.dtype == bool


def test_two_calls_agree(speech):
    assert np.array_equal(detect_speech(speech), detect_speech(speech))


def test_earlier_recordings_do_not_matter(speech, white):
    alone = detect_speech(speech)
    detect_speech(np.resize(10 * white, 30 * SAMPLE_RATE).clip(-1, 1))
    assert np.array_equal(alone, detect_speech(speech))


def test_a_prefix_is_decided_as_in_the_whole_recording(speech):
    whole = detect_speech(speech)
    for seconds in (1, 2, 3, 5):
        prefix = detect_speech(speech[: seconds * SAMPLE_RATE])
        final = len(prefix) - 10  # a pause that the prefix cuts off may be bridged later
        assert np.array_equal(prefix[:final], whole[:final])


def test_overdriven_samples_do_not_wrap_around(speech):
    loud = (speech / np.abs(speech).max()).astype(np.float32)
    assert detect_speech(loud).mean() > 0.6


@pytest.mark.parametrize("peak_db", [-6, -18, -26, -32])
def test_a_quiet_recording_keeps_what_a_loud_one_keeps(speech_files, peak_db):
    for file in speech_files:
        loud = read_audio(file)
        loud = loud / np.abs(loud).max()
        quiet = np.round(loud * 10 ** (peak_db / 20) * 32767) / 32768
        assert np.mean(detect_speech(quiet.astype(np.float32)) == detect_speech(loud)) > 0.95


def test_decisions_on_a_prefix_are_a_prefix_of_those_on_the_whole(speech):
    rising = (speech * np.geomspace(0.01, 1, len(speech))).astype(np.float32)
    whole = decide(rising)
    for frames in (1, 77, 250):
        assert np.array_equal(decide(rising[: frames * FRAME + 5]), whole[:frames])


@pytest.mark.parametrize("piece", [1, 7, 100])
def test_decisions_on_pieces_are_those_on_the_whole(speech, piece):
    rising = (speech * np.geomspace(0.01, 1, len(speech))).astype(np.float32)
    detector, size = SpeechDetector(), piece * FRAME
    pieces = [detector.decide(rising[start : start + size]) for start in range(0, len(rising), size)]
    assert np.array_equal(np.concatenate(pieces), decide(rising))


def test_after_something_loud_speech_is_detected_again_in_time(speech):
    """30 dB fainter than what came before, and yet speech once that is forgotten, 1 dB a second."""
    faint = np.tile((speech * 0.03).astype(np.float32), 3)
    kept = detect_speech(np.concatenate([speech, faint]))
    assert kept[-500:].mean() > 0.8 * detect_speech(speech).mean()


def test_short_pauses_are_bridged_and_long_ones_are_not():
    assert np.array_equal(bridge_gaps(decisions("#" + 10 * "." + "#")), decisions(12 * "#"))
    assert np.array_equal(bridge_gaps(decisions("#" + 11 * "." + "#")), decisions("#" + 11 * "." + "#"))
    assert np.array_equal(
        bridge_gaps(decisions("#..##.#" + 11 * "." + "#.#")), decisions(7 * "#" + 11 * "." + "###")
    )


def test_silence_at_the_ends_is_never_bridged():
    for text in ("", "...", "..#..", "#", ".##."):
        assert np.array_equal(bridge_gaps(decisions(text)), decisions(text))


def test_of_strings_and_chords_hardly_anything_is_lively_and_of_speech_most(speech_files, white):
    time = np.arange(20 * SAMPLE_RATE) / SAMPLE_RATE
    chord = 0.1 * np.sin(2 * np.pi * np.outer((220, 277, 330), time)).sum(axis=0)
    strings = make_sound("strings", len(time), seed=0)
    assert share_lively(chord) == 0
    assert share_lively(strings) < 0.1
    for voice in map(read_audio, speech_files):
        for sound in (voice, 0.01 * voice, mix(voice, white, 15.0), mix(voice, strings, 20.0)):
            assert share_lively(sound) > 0.7


def share_lively(sound: np.ndarray) -> float:
    return lively(sound, np.ones(len(sound) // FRAME, bool)).mean()


def test_lively_takes_any_length():
    for samples in (0, 319, 320, 16_000, 24_319):
        assert not lively(np.zeros(samples, np.float32), np.ones(samples // FRAME, bool)).any()


def test_kept_frames_are_joined_in_order():
    waveform = np.arange(4 * 320 + 7, dtype=np.float32)
    kept = keep_speech(waveform, decisions(".#.#"))
    assert np.array_equal(kept, np.concatenate([waveform[320:640], waveform[960:1280]]))
