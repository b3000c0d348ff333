"""The page's questions: what they answer, and that one visitor's voice never answers another's."""

import base64
import gc
import io
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread, current_thread
from typing import Any
from weakref import ref

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray
from PIL import Image

import v2f
from tests.conftest import MadeVoice
from v2f.audio import NOISE_KINDS, SAMPLE_RATE, detect_speech, log_mel, mix
from v2f.errors import MicrophoneError
from v2f.kiosk import functions as module
from v2f.kiosk.functions import LONGEST_SECONDS, OTHERS, STEPS, STUDIED, Functions
from v2f.kiosk.visits import Visits
from v2f.kiosk.wire import decode, encode, shown
from v2f.pipeline import DURATIONS, Face, VoiceToFace

Waveform = NDArray[np.float32]
Answer = dict[str, Any]


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> VoiceToFace:
    """In float32, so that equal sound gives equal faces however many are drawn at once."""
    return v2f.load(random_weights, device="cpu", exact=True)


@pytest.fixture(scope="module")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
def examples(made_voice: MadeVoice) -> list[Waveform]:
    return [made_voice(10, seed=100), made_voice(11, seed=101)]


class Asker:
    """Asks as the page does: a name and a dictionary."""

    def __init__(self, functions: Functions) -> None:
        self.functions = functions
        self.named = {function.__name__: function for function in functions.for_gradio()}

    def __call__(self, name: str, **ask: Any) -> Answer:
        return self.named[name](ask)

    def record(self, waveform: Waveform, seconds: float = 10) -> str:
        token = self("begin", seconds=seconds)["visit"]
        self("listen", visit=token, samples=encode(waveform))
        return token


@pytest.fixture(scope="module")
def ask(engine: VoiceToFace, examples: list[Waveform], uploads: Path) -> Asker:
    return Asker(Functions(engine, examples, Visits(600), uploads))


@pytest.fixture(scope="module")
def voice(made_voice: MadeVoice) -> Waveform:
    """Six seconds as they arrive: in 16 bits."""
    return decode(encode(made_voice(6, seed=1)))


@pytest.fixture(scope="module")
def finished(ask: Asker, voice: Waveform) -> str:
    """The token of that voice's finished recording."""
    return ask("finish", visit=ask.record(voice))["visit"]


@pytest.fixture
def upload(uploads: Path) -> Callable[[Waveform], str]:
    def write(waveform: Waveform) -> str:
        folder = uploads / "a1b2"
        folder.mkdir(exist_ok=True)
        soundfile.write(folder / "voice.wav", waveform, SAMPLE_RATE, subtype="FLOAT")
        return str(folder / "voice.wav")

    return write


def picture(answer: Answer | None) -> NDArray[np.uint8]:
    assert answer
    head, data = answer["image"].split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def described(faces: list[Face | None]) -> list[Answer | None]:
    return [shown(face) for face in faces]


def like(one: Answer | None, other: Answer | None) -> bool:
    """Whether two faces are the same; sums of another order may move a pixel by one."""
    if one is None or other is None:
        return one is other
    return bool(np.abs(picture(one).astype(int) - picture(other)).max() <= 1)


# A recording in progress


def test_the_live_face_is_the_face_of_the_same_samples(
    ask: Asker, engine: VoiceToFace, voice: Waveform
) -> None:
    token = ask("begin", seconds=10)["visit"]
    for start in range(0, voice.size, 12_345):
        piece = voice[start : start + 12_345]
        answer = ask("listen", visit=token, samples=encode(piece))
        so_far = voice[: start + piece.size]
        assert answer["heard"] == so_far.size
        assert answer["face"] == shown(engine.face(so_far))
        assert answer["speech"] == "".join("01"[frame] for frame in detect_speech(so_far).astype(int))


def test_a_question_without_samples_is_answered_too(ask: Asker) -> None:
    token = ask("begin", seconds=2)["visit"]
    assert ask("listen", visit=token) == {"heard": 0, "face": None, "marks": [], "speech": ""}


@pytest.mark.parametrize("piece", [SAMPLE_RATE // 2, 23_456, 6 * SAMPLE_RATE])
def test_a_mark_is_the_strips_face_of_its_duration_told_once(
    ask: Asker, engine: VoiceToFace, voice: Waveform, piece: int
) -> None:
    token = ask("begin", seconds=10)["visit"]
    marks = []
    for start in range(0, voice.size, piece):
        marks += ask("listen", visit=token, samples=encode(voice[start : start + piece]))["marks"]
    strip = dict(zip(DURATIONS, described(engine.strip(voice)), strict=False))
    assert [duration for duration, _ in marks] == [1, 2, 3, 5]
    assert all(like(face, strip[duration]) for duration, face in marks)


def test_there_is_no_face_before_there_is_a_voice(ask: Asker, voice: Waveform) -> None:
    token = ask("begin", seconds=10)["visit"]
    answer = ask("listen", visit=token, samples=encode(np.zeros(SAMPLE_RATE, np.float32)))
    assert answer["face"] is None and answer["marks"] == [[1, None]]
    assert "1" not in answer["speech"]


def test_what_goes_beyond_the_chosen_length_is_dropped(ask: Asker, voice: Waveform) -> None:
    token = ask("begin", seconds=2)["visit"]
    assert ask("listen", visit=token, samples=encode(voice))["heard"] == 2 * SAMPLE_RATE
    assert ask("listen", visit=token, samples=encode(voice))["heard"] == 2 * SAMPLE_RATE
    assert ask("finish", visit=token)["seconds"] == 2


@pytest.mark.parametrize("samples", ["%%%%", "AAA", "AAAA", "A" * 430_000, 7])
def test_what_are_no_samples_is_refused(ask: Asker, samples: Any) -> None:
    token = ask("begin", seconds=10)["visit"]
    assert ask("listen", visit=token, samples=samples) == {"problem": "trouble"}
    assert ask("listen", visit=token)["heard"] == 0


# A whole recording


def test_a_result_holds_the_strip_and_how_the_voice_settles(
    ask: Asker, engine: VoiceToFace, voice: Waveform
) -> None:
    token = ask.record(voice)
    result = ask("finish", visit=token)
    *faces, whole = engine.strip(voice)
    assert whole
    assert result["visit"] == token and result["seconds"] == 6 and result["shortened"] is False
    assert result["faces"] == described(faces) and result["whole"] == shown(whole)
    assert result["faces"][4] is None, "ten seconds were not reached"
    cosines = [face and face.embedding @ whole.embedding for face in faces]
    assert result["cosines"] == [None if cosine is None else pytest.approx(cosine) for cosine in cosines]
    assert len(result["peaks"]) == 200 and not any(result["peaks"][120:])
    assert result["peaks"][0] == pytest.approx(np.abs(voice[:800]).max(), abs=1e-3)
    assert len(result["speech"]) == 6 * 50


def test_silence_is_too_quiet_and_noise_is_no_voice_and_both_are_forgotten(ask: Asker) -> None:
    noise = 0.03 * np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE).astype(np.float32)
    for waveform, problem in ((np.zeros_like(noise), "quiet"), (noise, "no_speech")):
        token = ask.record(waveform)
        assert ask("finish", visit=token) == {"problem": problem}
        assert ask("listen", visit=token) == {"problem": "gone"}


def test_an_upload_gives_the_result_of_a_recording_and_is_deleted(
    ask: Asker, engine: VoiceToFace, voice: Waveform, upload: Callable[[Waveform], str]
) -> None:
    path = upload(voice)
    result = ask("hear", path=path)
    assert not Path(path).exists()
    assert result["faces"] == described(engine.strip(voice)[:-1])
    assert ask("others", visit=result["visit"])["faces"][0]["image"] == result["whole"]["image"]


def test_of_a_long_upload_a_minute_is_used_and_the_page_is_told(
    ask: Asker, voice: Waveform, upload: Callable[[Waveform], str]
) -> None:
    for seconds, shortened in ((LONGEST_SECONDS, False), (LONGEST_SECONDS + 30, True)):
        result = ask("hear", path=upload(np.resize(voice, seconds * SAMPLE_RATE)))
        assert result["seconds"] == LONGEST_SECONDS and result["shortened"] is shortened


def test_an_upload_without_a_voice_is_named_for_what_it_is(
    ask: Asker, uploads: Path, upload: Callable[[Waveform], str]
) -> None:
    held = len(ask.functions._visits)
    assert ask("hear", path=upload(np.zeros(SAMPLE_RATE, np.float32))) == {"problem": "no_speech"}
    path = Path(upload(np.zeros(1, np.float32)))
    path.write_text("not a recording")
    assert ask("hear", path=str(path)) == {"problem": "unreadable"}
    assert not path.exists()
    assert len(ask.functions._visits) == held, "nothing of it is kept"


@pytest.mark.parametrize("name", ["hear", "clip"])
def test_a_file_that_was_not_uploaded_is_not_read(ask: Asker, tmp_path: Path, name: str) -> None:
    shutil.copy(Path(__file__).parents[2] / "assets/examples/298-126790-0000.flac", tmp_path / "a.flac")
    assert ask(name, path=str(tmp_path / "a.flac")) == {"problem": "unreadable"}
    assert (tmp_path / "a.flac").exists()


# Noise


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_the_voice_in_noise_is_the_pipelines_noise_strip(
    ask: Asker, engine: VoiceToFace, voice: Waveform, finished: str, kind: str
) -> None:
    answer = ask("noise", visit=finished, kind=kind, snr=0, clip=None)
    noise = ask.functions.noises[kind][: voice.size]
    assert [*answer["faces"], answer["whole"]] == described(engine.noise_strip(voice, noise, 0))
    heard = np.abs(mix(voice, noise, 0)[:800]).max()
    assert answer["peaks"][0] == pytest.approx(heard, abs=1e-3)


def test_noise_alone_is_as_long_as_the_voice_or_as_the_longest_duration(
    ask: Asker, engine: VoiceToFace, finished: str
) -> None:
    noise = ask.functions.noises["pink"]
    beside = ask("noise", visit=finished, kind="pink", snr=None)
    assert [*beside["faces"], beside["whole"]] == described(
        engine.noise_strip(None, noise[: 6 * SAMPLE_RATE], None)
    )
    for snr in (None, 5):
        alone = ask("noise", visit=None, kind="pink", snr=snr)
        assert alone["whole"]["duration"] == 10 and None not in alone["faces"]
    assert [like(a, b) for a, b in zip(alone["faces"][:4], beside["faces"], strict=False)] == [True] * 4


def test_the_ratio_changes_the_face_and_the_same_ratio_does_not(ask: Asker, finished: str) -> None:
    images = [
        ask("noise", visit=finished, kind="white", snr=snr)["whole"]["image"] for snr in (30, 30, 0, -10)
    ]
    assert images[0] == images[1] and len(set(images)) == 3


def test_a_clip_of_ones_own_is_repeated_to_the_voices_length(
    ask: Asker, engine: VoiceToFace, voice: Waveform, finished: str, upload: Callable[[Waveform], str]
) -> None:
    clip = np.random.default_rng(1).uniform(-0.3, 0.3, SAMPLE_RATE).astype(np.float32)
    path = upload(clip)
    token = ask("clip", path=path)["clip"]
    assert not Path(path).exists()
    answer = ask("noise", visit=finished, kind="own", snr=5, clip=token)
    assert answer["whole"] == shown(engine.noise_strip(voice, np.resize(clip, voice.size), 5)[-1])
    assert ask("noise", visit=None, kind="own", snr=None, clip=token)["whole"]["duration"] == 10
    assert ask("noise", visit=finished, kind="own", snr=5) == {"problem": "gone"}


def test_a_recording_in_progress_without_speech_has_no_faces_in_noise(ask: Asker, voice: Waveform) -> None:
    token = ask("begin", seconds=10)["visit"]
    answer = ask("noise", visit=token, kind="pink", snr=5)
    assert answer["faces"] == [None] * 5 and answer["whole"] is None
    ask("listen", visit=token, samples=encode(voice[: 2 * SAMPLE_RATE]))
    faces = ask("noise", visit=token, kind="pink", snr=5)["faces"]
    assert [face is not None for face in faces] == [True, True, False, False, False]


def test_the_mix_to_be_played_is_what_the_faces_were_made_of(
    ask: Asker, voice: Waveform, finished: str
) -> None:
    wav, rate = soundfile.read(
        io.BytesIO(base64.b64decode(ask("mix", visit=finished, kind="brown", snr=-5)["wav"])), dtype="float32"
    )
    assert rate == SAMPLE_RATE
    assert np.allclose(wav, mix(voice, ask.functions.noises["brown"], -5), atol=1e-3)


@pytest.mark.parametrize(
    "question", [{"kind": "purple", "snr": 0}, {"kind": "pink", "snr": -11}, {"kind": "pink"}]
)
def test_an_impossible_noise_is_refused(ask: Asker, finished: str, question: Answer) -> None:
    assert ask("noise", visit=finished, **question) == {"problem": "trouble"}


def test_the_study_shows_four_noises_and_the_voice_if_there_is_one(ask: Asker, finished: str) -> None:
    alone, beside = ask("study"), ask("study", visit=finished)
    assert [kind for kind, _ in alone["rows"]] == list(STUDIED)
    assert all(len(faces) == 5 and all(faces) for _, faces in alone["rows"])
    assert [kind for kind, _ in beside["rows"]] == ["voice", *STUDIED]
    assert ask("study", visit=ask("begin", seconds=5)["visit"]) == alone, "in progress"


# Play


def test_other_faces_begin_with_the_voices_own_and_differ(
    ask: Asker, engine: VoiceToFace, voice: Waveform, finished: str
) -> None:
    faces = ask("others", visit=finished)["faces"]
    assert len(faces) == 1 + OTHERS and len({face["image"] for face in faces}) == 1 + OTHERS
    assert like(faces[0], shown(engine.face(voice)))
    assert faces[0]["score"] == pytest.approx(engine.face(voice).score)


def test_the_way_between_two_voices_begins_and_ends_with_their_faces(
    ask: Asker, made_voice: MadeVoice, finished: str, examples: list[Waveform], engine: VoiceToFace
) -> None:
    second = ask("finish", visit=ask.record(made_voice(4, seed=2)))
    faces = ask("between", first=finished, second=second["visit"])["faces"]
    assert len(faces) == STEPS
    assert like(faces[0], ask("others", visit=finished)["faces"][0])
    assert like(faces[-1], second["whole"])
    to_example = ask("between", first=finished)["faces"]
    assert like(to_example[-1], shown(engine.face(examples[0])))


def test_torch_computes_in_the_same_few_threads(
    ask: Asker, voice: Waveform, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set()
    for place in ("v2f.kiosk.functions.log_mel", "v2f.pipeline.voice_to_face.log_mel"):
        monkeypatch.setattr(place, lambda sound: threads.add(current_thread().name) or log_mel(sound))
    token = ask("begin", seconds=10)["visit"]
    ask("listen", visit=token, samples=encode(voice))
    ask("finish", visit=token)
    for name in ("noise", "others", "between", "log_mel"):
        about = {"first": token} if name == "between" else {"visit": token}
        ask(name, **about, **({"kind": "pink", "snr": 5} if name == "noise" else {}))
    assert threads and all(name.startswith("faces_") for name in threads), "each new one would keep megabytes"


def test_the_log_mel_is_a_picture_of_64_bins_by_ten_milliseconds(ask: Asker, finished: str) -> None:
    drawn = picture(ask("log_mel", visit=finished))
    assert drawn.shape == (64, 598, 2) and (drawn[..., 0] == 255).all()
    assert 64 < drawn[..., 1].mean() < 192 and drawn[..., 1].std() > 32


# Visits


def test_two_visitors_at_once_get_each_their_own_face(
    ask: Asker, engine: VoiceToFace, made_voice: MadeVoice
) -> None:
    voices = [decode(encode(made_voice(2, seed=seed))) for seed in (3, 4)]
    tokens = [ask("begin", seconds=2)["visit"] for _ in voices]
    for start in range(0, 2 * SAMPLE_RATE, 4000):
        for token, voice in zip(tokens, voices, strict=True):
            answer = ask("listen", visit=token, samples=encode(voice[start : start + 4000]))
            assert answer["heard"] == start + 4000
    for token, voice in zip(tokens, voices, strict=True):
        assert ask("finish", visit=token)["whole"] == shown(engine.strip(voice)[-1])


def test_many_visitors_in_threads_get_each_their_own_face(
    ask: Asker, engine: VoiceToFace, made_voice: MadeVoice
) -> None:
    voices = [decode(encode(made_voice(1.5, seed=seed))) for seed in range(10, 18)]
    results: dict[int, Answer] = {}

    def visit(i: int) -> None:
        token = ask("begin", seconds=2)["visit"]
        for piece in np.array_split(voices[i], 6):
            ask("listen", visit=token, samples=encode(piece))
        results[i] = ask("finish", visit=token)

    threads = [Thread(target=visit, args=[i]) for i in range(len(voices))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [results[i]["whole"] for i in range(len(voices))] == described(
        [engine.strip(v)[-1] for v in voices]
    )


def test_what_is_forgotten_is_freed_and_gone(
    engine: VoiceToFace, examples: list[Waveform], voice: Waveform
) -> None:
    visits = Visits(600)
    ask = Asker(Functions(engine, examples, visits, Path("/nowhere")))
    token = ask.record(voice)
    result = ask("finish", visit=token)
    ask("noise", visit=token, kind="pink", snr=0)
    kept = visits.touch(token)
    traces = [ref(kept.live.waveform), *(ref(face) for face in kept.faces if face)]
    del kept
    gc.collect()
    assert all(trace() is not None for trace in traces) and result["whole"]
    assert ask("forget", visits=[token, "unknown"]) == {}
    gc.collect()
    assert not [trace for trace in traces if trace() is not None]
    for name, question in {
        "listen": {"visit": token},
        "finish": {"visit": token},
        "noise": {"visit": token, "kind": "pink", "snr": 0},
        "mix": {"visit": token, "kind": "pink", "snr": 0},
        "others": {"visit": token},
        "between": {"first": token},
        "log_mel": {"visit": token},
        "study": {"visit": token},
    }.items():
        assert ask(name, **question) == {"problem": "gone"}
    assert len(visits) == 0


def test_staying_keeps_what_would_be_swept_away(engine: VoiceToFace, examples: list[Waveform]) -> None:
    visits = Visits(0.3)
    ask = Asker(Functions(engine, examples, visits, Path("/nowhere")))
    stays, left = (ask("begin", seconds=1)["visit"] for _ in range(2))
    for _ in range(8):
        assert ask("stay", visits=[stays, "unknown"]) == {}
        Event().wait(0.05)
    visits.sweep()
    assert ask("listen", visit=stays)["heard"] == 0
    assert ask("listen", visit=left) == {"problem": "gone"}


@pytest.mark.parametrize("name", ["others", "between", "log_mel"])
def test_a_recording_in_progress_has_nothing_to_play_with(ask: Asker, voice: Waveform, name: str) -> None:
    token = ask.record(voice)
    assert ask(name, **{"first" if name == "between" else "visit": token}) == {"problem": "gone"}


# The booth's own microphone


class Microphone:
    """As `record` starts it; what is `spoken` is heard."""

    def __init__(self, device: int | None, seconds: float, hear: Callable[[Waveform], None]) -> None:
        self.device, self.seconds, self.hear = device, seconds, hear
        self.done = self.failed = False

    def stop(self) -> None:
        self.done = True


@pytest.fixture
def microphones(monkeypatch: pytest.MonkeyPatch) -> list[Microphone]:
    """Those that were started, in order."""
    started: list[Microphone] = []

    def record(*arguments: Any) -> Microphone:
        started.append(Microphone(*arguments))
        return started[-1]

    monkeypatch.setattr(module, "record", record)
    return started


@pytest.fixture
def ask_booth(engine: VoiceToFace, examples: list[Waveform]) -> Asker:
    return Asker(Functions(engine, examples, Visits(600), Path("/nowhere"), local=True, device=4))


def test_the_booths_microphone_tells_the_page_what_it_hears(
    ask_booth: Asker, microphones: list[Microphone], voice: Waveform, engine: VoiceToFace
) -> None:
    token = ask_booth("begin", seconds=5)["visit"]
    [microphone] = microphones
    assert (microphone.device, microphone.seconds) == (4, 5)
    told = []
    for start in range(0, 5 * SAMPLE_RATE, SAMPLE_RATE):
        microphone.hear(voice[start : start + SAMPLE_RATE])
        answer = ask_booth("listen", visit=token)
        told.append(decode(answer["samples"]))
        assert answer["done"] is False and answer["heard"] == start + SAMPLE_RATE
    microphone.done = True
    answer = ask_booth("listen", visit=token)
    assert answer["done"] is True and answer["samples"] == ""
    assert np.abs(np.concatenate(told) - voice[: 5 * SAMPLE_RATE]).max() < 1e-4
    assert ask_booth("finish", visit=token)["whole"] == shown(engine.strip(voice[: 5 * SAMPLE_RATE])[-1])


def test_the_booths_microphone_is_for_one_at_a_time(ask_booth: Asker, microphones: list[Microphone]) -> None:
    first = ask_booth("begin", seconds=5)["visit"]
    assert ask_booth("begin", seconds=5) == {"problem": "mic_busy"}
    ask_booth("forget", visits=[first])
    assert microphones[0].done
    second = ask_booth("begin", seconds=5)["visit"]
    assert ask_booth("finish", visit=second) == {"problem": "quiet"} and microphones[1].done
    assert "visit" in ask_booth("begin", seconds=5)


def test_an_example_does_not_start_the_booths_microphone(
    ask_booth: Asker, microphones: list[Microphone], voice: Waveform
) -> None:
    token = ask_booth("begin", seconds=10, example=True)["visit"]
    answer = ask_booth("listen", visit=token, samples=encode(voice))
    assert answer["heard"] == voice.size and "done" not in answer and not microphones


def test_a_microphone_that_is_not_there_or_goes_away_is_named(
    ask_booth: Asker, microphones: list[Microphone], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = ask_booth("begin", seconds=5)["visit"]
    microphones[0].failed = microphones[0].done = True
    assert ask_booth("listen", visit=token) == {"problem": "mic_lost"}

    def none(*_: Any) -> None:
        raise MicrophoneError("There is no microphone at this machine.")

    monkeypatch.setattr(module, "record", none)
    assert ask_booth("begin", seconds=5) == {"problem": "mic_lost"}


def test_a_forgotten_recording_of_the_booths_microphone_is_freed(
    ask_booth: Asker, microphones: list[Microphone], voice: Waveform
) -> None:
    token = ask_booth("begin", seconds=5)["visit"]
    microphones[0].hear(voice)
    audio = ref(ask_booth.functions._visits.touch(token).live.waveform)
    ask_booth("forget", visits=[token])
    microphones.clear()
    gc.collect()
    assert audio() is None


# Whatever is asked


@pytest.mark.parametrize(
    "ask_of_anybody",
    [None, [], "x", 7, {"secs": 3}, {"seconds": "three"}, {"seconds": 11}, {"seconds": 3, "self": 1}],
)
def test_a_wrong_question_is_trouble_for_who_asked_and_nobody_else(
    ask: Asker, ask_of_anybody: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert ask.named["begin"](ask_of_anybody) == {"problem": "trouble"}
    assert not caplog.records


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 0.5, -1, 10.1, None])
def test_a_length_that_was_not_offered_is_refused(ask: Asker, seconds: Any) -> None:
    assert ask("begin", seconds=seconds) == {"problem": "trouble"}


def test_too_many_tokens_at_once_are_refused(ask: Asker) -> None:
    assert ask("forget", visits=["x"] * 65) == {"problem": "trouble"}
    assert ask("forget", visits=["x" * 65]) == {"problem": "trouble"}


def test_a_failure_nobody_expected_is_trouble_for_the_visitor_and_a_traceback_in_the_log(
    ask: Asker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(ask.functions.engine, "strip", broken)
    token = ask("begin", seconds=5)["visit"]
    assert ask("listen", visit=token) == {"problem": "trouble"}
    assert caplog.records[0].exc_info


def test_who_waits_too_long_is_told_that_many_are_here(
    ask: Asker, voice: Waveform, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = ask("begin", seconds=10)["visit"]
    done = Event()
    others = [ask.functions._workers.submit(done.wait) for _ in range(module.AT_ONCE)]
    with monkeypatch.context() as hurried:
        hurried.setattr(module, "PATIENCE", 0.05)
        assert ask("listen", visit=token, samples=encode(voice)) == {"problem": "busy"}
    done.set()
    assert all(other.result() for other in others)
    assert ask("finish", visit=token)["seconds"] == 6, "what was said is not lost"


def test_the_welcome_is_the_examples_strip(ask: Asker, engine: VoiceToFace, examples: list[Waveform]) -> None:
    assert ask.functions.welcome == described(engine.strip(examples[0])[:-1])
