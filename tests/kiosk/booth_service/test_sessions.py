"""One visitor's voice never answers another's, what is forgotten is gone, and wrong questions trouble nobody else."""

import gc
import logging
from pathlib import Path
from threading import Event, Thread
from typing import Any
from weakref import ref

import numpy as np
import pytest

from tests.conftest import MadeVoice
from tests.kiosk.booth_service.asking import Answer, Asker, Waveform, described, on_the_page
from v2f.audio import SAMPLE_RATE
from v2f.kiosk import compute_queue
from v2f.kiosk.booth_service import BoothService
from v2f.kiosk.gradio_adapter import server_function
from v2f.kiosk.sessions import SessionStore
from v2f.kiosk.showpieces import compute
from v2f.kiosk.wire import decode_samples, encode_samples
from v2f.pipeline import VoiceToFace

# Visitors


def test_two_visitors_at_once_get_each_their_own_face(
    ask: Asker, engine: VoiceToFace, made_voice: MadeVoice
) -> None:
    voices = [decode_samples(encode_samples(made_voice(2, seed=seed))) for seed in (3, 4)]
    tokens = [ask("start_recording", seconds=2)["session"] for _ in voices]
    for start in range(0, 2 * SAMPLE_RATE, 4000):
        for token, voice in zip(tokens, voices, strict=True):
            answer = ask(
                "update_recording", session=token, samples=encode_samples(voice[start : start + 4000])
            )
            assert answer["received"] == start + 4000
    for token, voice in zip(tokens, voices, strict=True):
        assert ask("finish_recording", session=token)["whole"] == on_the_page(
            engine.strip(voice, rate=SAMPLE_RATE)[-1]
        )


def test_many_visitors_in_threads_get_each_their_own_face(
    ask: Asker, engine: VoiceToFace, made_voice: MadeVoice
) -> None:
    voices = [decode_samples(encode_samples(made_voice(1.5, seed=seed))) for seed in range(10, 18)]
    results: dict[int, Answer] = {}

    def visit(i: int) -> None:
        token = ask("start_recording", seconds=2)["session"]
        for piece in np.array_split(voices[i], 6):
            ask("update_recording", session=token, samples=encode_samples(piece))
        results[i] = ask("finish_recording", session=token)

    threads = [Thread(target=visit, args=[i]) for i in range(len(voices))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[i]["whole"] for i in range(len(voices))] == described(
        [engine.strip(v, rate=SAMPLE_RATE)[-1] for v in voices]
    )


def test_what_is_forgotten_is_freed_and_gone(
    engine: VoiceToFace, examples: list[Waveform], voice: Waveform
) -> None:
    sessions = SessionStore(600)
    ask = Asker(BoothService(engine, compute(engine, examples), sessions, Path("/nowhere")))
    token = ask.record(voice)
    result = ask("finish_recording", session=token)
    ask("noise_strip", session=token, kind="pink", snr=0)
    kept = sessions.touch(token)
    traces = [ref(kept.live.waveform), *(ref(face) for face in kept.faces if face)]
    del kept
    gc.collect()
    assert all(trace() is not None for trace in traces) and result["whole"]
    assert ask("forget", sessions=[token, "unknown"]) == {}
    gc.collect()
    assert not [trace for trace in traces if trace() is not None]
    for name, question in {
        "update_recording": {"session": token},
        "finish_recording": {"session": token},
        "noise_strip": {"session": token, "kind": "pink", "snr": 0},
        "noise_mix": {"session": token, "kind": "pink", "snr": 0},
        "nearby_faces": {"session": token},
        "interpolate": {"first": token},
        "log_mel": {"session": token},
        "why": {"session": token},
        "pitched_faces": {"session": token},
        "critic_scores": {"session": token},
        "noise_study": {"session": token},
    }.items():
        assert ask(name, **question) == {"problem": "gone"}
    assert len(sessions) == 0


def test_staying_keeps_what_would_be_swept_away(engine: VoiceToFace, examples: list[Waveform]) -> None:
    sessions = SessionStore(0.3)
    ask = Asker(BoothService(engine, compute(engine, examples), sessions, Path("/nowhere")))
    stays, left = (ask("start_recording", seconds=1)["session"] for _ in range(2))
    for _ in range(8):
        assert ask("keep_alive", sessions=[stays, "unknown"]) == {}
        Event().wait(0.05)
    sessions.forget_untouched()
    assert ask("update_recording", session=stays)["received"] == 0
    assert ask("update_recording", session=left) == {"problem": "gone"}


@pytest.mark.parametrize(
    "name", ["nearby_faces", "interpolate", "log_mel", "why", "pitched_faces", "critic_scores"]
)
def test_a_recording_in_progress_has_nothing_to_play_with(ask: Asker, voice: Waveform, name: str) -> None:
    token = ask.record(voice)
    assert ask(name, **{"first" if name == "interpolate" else "session": token}) == {"problem": "gone"}


# Whatever is asked


@pytest.mark.parametrize(
    "ask_of_anybody",
    [None, [], "x", 7, {"secs": 3}, {"seconds": "three"}, {"seconds": 11}, {"seconds": 3, "self": 1}],
)
def test_a_wrong_question_is_trouble_for_who_asked_and_nobody_else(
    ask: Asker, ask_of_anybody: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert server_function(ask.named["start_recording"])(ask_of_anybody) == {"problem": "trouble"}
    assert not caplog.records


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 0.5, -1, 10.1, None])
def test_a_length_that_was_not_offered_is_refused(ask: Asker, seconds: Any) -> None:
    assert ask("start_recording", seconds=seconds) == {"problem": "trouble"}


def test_too_many_tokens_at_once_are_refused(ask: Asker) -> None:
    assert ask("forget", sessions=["x"] * 65) == {"problem": "trouble"}
    assert ask("forget", sessions=["x" * 65]) == {"problem": "trouble"}


def test_a_failure_nobody_expected_is_trouble_for_the_visitor_and_a_traceback_in_the_log(
    ask: Asker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ask.service.engine, "strips", broken)
    token = ask("start_recording", seconds=5)["session"]
    assert ask("update_recording", session=token) == {"problem": "trouble"}
    assert caplog.records[0].exc_info


def test_who_waits_too_long_is_told_that_many_are_here(
    ask: Asker, voice: Waveform, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = ask("start_recording", seconds=10)["session"]
    done = Event()
    others = [ask.service.queue._workers.submit(done.wait) for _ in range(compute_queue.WORKERS)]
    with monkeypatch.context() as hurried:
        hurried.setattr(compute_queue, "PATIENCE_SECONDS", 0.05)
        assert ask("update_recording", session=token, samples=encode_samples(voice)) == {"problem": "busy"}
    done.set()
    assert all(other.result() for other in others)
    assert ask("finish_recording", session=token)["seconds"] == 6, "what was said is not lost"
