"""What the page is told of a voice in noise, of noise alone, and of what can be played with."""

import base64
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import current_thread

import numpy as np
import pytest
import soundfile
from torch import Tensor

from tests.conftest import MadeVoice
from tests.kiosk.booth_service.asking import Answer, Asker, Waveform, described, like, on_the_page, picture
from v2f.audio import NOISE_KINDS, SAMPLE_RATE, mix
from v2f.audio.features import log_mel, normalise
from v2f.audio.filter_banks import filter_banks
from v2f.audio.front_ends import FRONT_ENDS
from v2f.kiosk.booth_service import INTERPOLATION_STEPS
from v2f.kiosk.showpieces import STUDY_NOISES
from v2f.kiosk.wire import encode_face, encode_samples
from v2f.models import EncoderName
from v2f.pipeline import VoiceToFace

# Noise


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_the_voice_in_noise_is_the_pipelines_noise_strip(
    ask: Asker, engine: VoiceToFace, voice: Waveform, finished: str, kind: str
) -> None:
    answer = ask("noise_strip", session=finished, kind=kind, snr=0, clip=None)
    noise = ask.service.noises[kind][: voice.size]
    assert [*answer["faces"], answer["whole"]] == described(
        engine.noise_strip(voice, noise, 0, rate=SAMPLE_RATE)
    )
    heard = np.abs(mix(voice, noise, 0)[:800]).max()
    assert answer["peaks"][0] == pytest.approx(heard, abs=1e-3)


def test_the_large_face_alone_is_that_of_the_strip(ask: Asker, finished: str) -> None:
    about = {"session": finished, "kind": "pink", "snr": 0}
    alone, strip = ask("noise_strip", **about, durations=False), ask("noise_strip", **about)
    assert alone["faces"] == [] and alone["peaks"] == strip["peaks"]
    assert like(alone["whole"], strip["whole"])


def test_noise_alone_is_as_long_as_the_voice_or_as_the_longest_duration(
    ask: Asker, engine: VoiceToFace, finished: str
) -> None:
    noise = ask.service.noises["pink"]
    beside = ask("noise_strip", session=finished, kind="pink", snr=None)
    assert [*beside["faces"], beside["whole"]] == described(
        engine.noise_strip(None, noise[: 6 * SAMPLE_RATE], None)
    )
    for snr in (None, 5):
        alone = ask("noise_strip", session=None, kind="pink", snr=snr)
        assert alone["whole"]["duration"] == 10 and None not in alone["faces"]
    assert [like(a, b) for a, b in zip(alone["faces"][:4], beside["faces"], strict=False)] == [True] * 4


def test_the_ratio_changes_the_face_and_the_same_ratio_does_not(ask: Asker, finished: str) -> None:
    images = [
        ask("noise_strip", session=finished, kind="white", snr=snr)["whole"]["image"]
        for snr in (30, 30, 0, -10)
    ]
    assert images[0] == images[1] and len(set(images)) == 3


def test_a_clip_of_ones_own_is_repeated_to_the_voices_length(
    ask: Asker, engine: VoiceToFace, voice: Waveform, finished: str, upload: Callable[[Waveform], str]
) -> None:
    clip = np.random.default_rng(1).uniform(-0.3, 0.3, SAMPLE_RATE).astype(np.float32)
    path = upload(clip)
    token = ask("read_noise_clip", path=path)["clip"]
    assert not Path(path).exists()
    answer = ask("noise_strip", session=finished, kind="own", snr=5, clip=token)
    assert answer["whole"] == on_the_page(
        engine.noise_strip(voice, np.resize(clip, voice.size), 5, rate=SAMPLE_RATE)[-1]
    )
    assert ask("noise_strip", session=None, kind="own", snr=None, clip=token)["whole"]["duration"] == 10
    assert ask("noise_strip", session=finished, kind="own", snr=5) == {"problem": "gone"}


def test_a_recording_in_progress_without_speech_has_no_faces_in_noise(ask: Asker, voice: Waveform) -> None:
    token = ask("start_recording", seconds=10)["session"]
    answer = ask("noise_strip", session=token, kind="pink", snr=5)
    assert answer["faces"] == [None] * 5 and answer["whole"] is None
    ask("update_recording", session=token, samples=encode_samples(voice[: 2 * SAMPLE_RATE]))
    faces = ask("noise_strip", session=token, kind="pink", snr=5)["faces"]
    assert [face is not None for face in faces] == [True, True, False, False, False]


def test_the_mix_to_be_played_is_what_the_faces_were_made_of(
    ask: Asker, voice: Waveform, finished: str
) -> None:
    wav, rate = soundfile.read(
        io.BytesIO(base64.b64decode(ask("noise_mix", session=finished, kind="brown", snr=-5)["wav"])),
        dtype="float32",
    )
    assert rate == SAMPLE_RATE
    assert np.allclose(wav, mix(voice, ask.service.noises["brown"], -5), atol=1e-3)


@pytest.mark.parametrize(
    "question", [{"kind": "purple", "snr": 0}, {"kind": "pink", "snr": -11}, {"kind": "pink"}]
)
def test_an_impossible_noise_is_refused(ask: Asker, finished: str, question: Answer) -> None:
    assert ask("noise_strip", session=finished, **question) == {"problem": "trouble"}


def test_the_study_shows_four_noises_and_the_voice_if_there_is_one(ask: Asker, finished: str) -> None:
    alone, beside = ask("noise_study"), ask("noise_study", session=finished)
    assert [kind for kind, _ in alone["rows"]] == list(STUDY_NOISES)
    assert all(len(faces) == 5 and all(faces) for _, faces in alone["rows"])
    assert [kind for kind, _ in beside["rows"]] == ["voice", *STUDY_NOISES]
    assert ask("noise_study", session=ask("start_recording", seconds=5)["session"]) == alone, "in progress"


# Play


def test_other_faces_begin_with_the_voices_own(
    ask: Asker, engine: VoiceToFace, voice: Waveform, finished: str
) -> None:
    own = ask("nearby_faces", session=finished)["faces"][0]
    assert like(own, encode_face(engine.face(voice, rate=SAMPLE_RATE)))
    assert own["score"] == pytest.approx(engine.face(voice, rate=SAMPLE_RATE).score)


def test_the_way_between_two_voices_begins_and_ends_with_their_faces(
    ask: Asker, made_voice: MadeVoice, finished: str, examples: list[Waveform], engine: VoiceToFace
) -> None:
    second = ask("finish_recording", session=ask.record(made_voice(4, seed=2)))
    faces = ask("interpolate", first=finished, second=second["session"])["faces"]
    assert len(faces) == INTERPOLATION_STEPS
    assert like(faces[0], ask("nearby_faces", session=finished)["faces"][0])
    assert like(faces[-1], second["whole"])
    to_example = ask("interpolate", first=finished)["faces"]
    assert like(to_example[-1], encode_face(engine.face(examples[0], rate=SAMPLE_RATE)))


def test_torch_computes_in_the_same_few_threads(
    ask: Asker, voice: Waveform, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set()

    def noted(sound: Waveform) -> Tensor:
        threads.add(current_thread().name)
        return log_mel(sound)

    monkeypatch.setitem(FRONT_ENDS, "table2", replace(FRONT_ENDS["table2"], frames=noted))
    token = ask("start_recording", seconds=10)["session"]
    ask("update_recording", session=token, samples=encode_samples(voice))
    ask("finish_recording", session=token)
    for name in (
        "noise_strip",
        "nearby_faces",
        "interpolate",
        "log_mel",
        "why",
        "pitched_faces",
        "critic_scores",
    ):
        about = {"first": token} if name == "interpolate" else {"session": token}
        ask(name, **about, **({"kind": "pink", "snr": 5} if name == "noise_strip" else {}))
    assert threads and all(name.startswith("faces_") for name in threads), "each new one would keep megabytes"


@pytest.mark.parametrize(("encoder", "heard"), [("table2", log_mel), ("fused", filter_banks)])
def test_what_the_encoder_hears_is_a_picture_of_its_bins_by_ten_milliseconds(
    encoder: EncoderName,
    heard: Callable[[Waveform], Tensor],
    ask: Asker,
    finished: str,
    voice: Waveform,
    engine: VoiceToFace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine.model, "config", replace(engine.model.config, encoder=encoder))
    drawn = picture(ask("log_mel", session=finished)).astype(int)
    assert (drawn[..., 0] == 255).all()
    assert 64 < drawn[..., 1].mean() < 192 and drawn[..., 1].std() > 32
    expected = (normalise(heard(voice)).numpy()[::-1].clip(-2, 2) + 2) * 255 / 4
    np.testing.assert_allclose(drawn[..., 1], expected, atol=1)
