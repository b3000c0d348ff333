"""One's own clips: by duration, and in noise."""

import argparse
import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

import v2f
from v2f.assets import EXAMPLES
from v2f.audio import NOISE_KINDS, SAMPLE_RATE
from v2f.data.contact_sheet import GAP, MARGIN, SIDE
from v2f.evaluation import study
from v2f.evaluation.cli import add_arguments
from v2f.models import load
from v2f.pipeline import VoiceToFace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine(random_weights: Path) -> VoiceToFace:
    return v2f.load(random_weights, device="cpu", exact=True)


@pytest.fixture
def clips(tmp_path: Path, made_voice) -> list[Path]:
    paths = [tmp_path / "ann.wav", tmp_path / "bob.wav"]
    for seed, (path, seconds) in enumerate(zip(paths, (3.5, 2.5), strict=True)):
        soundfile.write(path, made_voice(seconds, seed), 16_000)
    return paths


def run(kind: str, clips: list[Path], out: Path, weights: Path) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser.add_subparsers(required=True))
    asked = ["study", kind, *map(str, clips), "-o", str(out), "--weights", str(weights)]
    arguments = parser.parse_args(asked)
    return arguments.run(arguments)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_duration_tells_speech_score_and_cosine_of_every_duration_reached(
    clips, random_weights, tmp_path, capsys
) -> None:
    assert run("duration", clips, tmp_path / "out", random_weights) == 0
    rows = table(tmp_path / "out" / "duration.csv")
    assert [(row["clip"], row["part"]) for row in rows] == [
        *[("ann", part) for part in ("1 s", "2 s", "3 s", "whole")],
        *[("bob", part) for part in ("1 s", "2 s", "whole")],
    ]
    assert all(0 < float(row["speech"]) <= float(row["duration"]) for row in rows)
    assert all(0 <= float(row["score"]) <= 1 for row in rows)
    assert [float(row["cosine"]) for row in rows if row["part"] == "whole"] == [1.0, 1.0]
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 1 + len(rows)
    assert len({len(line) for line in printed}) == 1, "columns stand in line"


def test_duration_draws_a_row_per_clip(clips, random_weights, tmp_path) -> None:
    run("duration", clips, tmp_path, random_weights)
    with Image.open(tmp_path / "duration.png") as picture:
        assert picture.width == MARGIN + 6 * (SIDE + GAP) + 2 * GAP
        assert 2 * SIDE < picture.height < 3 * SIDE


def test_the_faces_are_the_pages(clips, random_weights, engine, tmp_path) -> None:
    """The page asks for engine.strip of a waveform, and for engine.noise_strip with its own noises."""
    from v2f.audio import read_audio
    from v2f.kiosk.booth_service import BoothService
    from v2f.kiosk.sessions import SessionStore
    from v2f.kiosk.showpieces import compute
    from v2f.kiosk.wire import MAX_UPLOAD_SECONDS

    examples = [read_audio(path) for path in sorted(EXAMPLES.glob("*.flac"))]
    page = BoothService(engine, compute(engine, examples), SessionStore(60), tmp_path)
    noises = study.noises()
    assert list(noises) == list(NOISE_KINDS) and study.NOISE_SECONDS == MAX_UPLOAD_SECONDS
    for kind, noise in noises.items():
        np.testing.assert_array_equal(noise, page.noises[kind])
    voice = read_audio(clips[0])
    _, noisy = study.noise_study(engine, voice, {"pink": noises["pink"]})
    whole = engine.noise_strip(voice, page.noises["pink"][: voice.size], 10, rate=SAMPLE_RATE)[-1]
    assert whole
    np.testing.assert_array_equal(noisy["pink"][10].image, whole.image)


def test_noise_tells_and_draws_the_clean_voice_its_mixtures_and_noise_alone(
    clips, random_weights, tmp_path, capsys
) -> None:
    assert run("noise", clips[:1], tmp_path, random_weights) == 0
    rows = table(tmp_path / "noise.csv")
    clean = [row["part"] for row in rows if not row["noise"]]
    assert clean == ["1 s", "2 s", "3 s", "whole"]
    assert all(row["snr_db"] == "inf" for row in rows if not row["noise"])
    mixed = [(row["noise"], float(row["snr_db"])) for row in rows if row["noise"]]
    assert mixed == [(kind, ratio) for kind in NOISE_KINDS for ratio in (20, 10, 0, -np.inf)]
    cosine = {(row["noise"], float(row["snr_db"])): float(row["cosine"]) for row in rows if row["noise"]}
    assert cosine["white", 20] > cosine["white", 0]
    printed = capsys.readouterr().out
    assert "white, 20 dB" in printed and "babble alone" in printed
    with Image.open(tmp_path / "noise-ann.png") as picture:  # a row of the clean voice, five in noise
        assert 6 * SIDE < picture.height < 8 * SIDE


@pytest.mark.parametrize("kind", ["duration", "noise"])
def test_a_bad_clip_costs_one_sentence_and_the_others_are_done(
    kind, clips, random_weights, tmp_path, capsys
) -> None:
    bad, silent = tmp_path / "bad.wav", tmp_path / "silent.wav"
    bad.write_bytes(b"no sound")
    soundfile.write(silent, np.zeros(48_000), 16_000)
    assert run(kind, [bad, clips[1], silent], tmp_path / "out", random_weights) == 1
    assert {row["clip"] for row in table(tmp_path / "out" / f"{kind}.csv")} == {"bob"}
    complaints = capsys.readouterr().err.splitlines()
    assert len(complaints) == 2 and all(line.startswith("v2f: ") for line in complaints)


@pytest.mark.parametrize("kind", ["duration", "noise"])
def test_bad_clips_alone_leave_an_empty_table_and_no_picture(kind, random_weights, tmp_path, capsys) -> None:
    assert run(kind, [tmp_path / "missing.wav"], tmp_path / "out", random_weights) == 1
    assert table(tmp_path / "out" / f"{kind}.csv") == []
    assert not list((tmp_path / "out").glob("*.png"))
    assert capsys.readouterr().out == ""


def test_clips_of_one_name_are_told_apart() -> None:
    clips = [Path("a/voice.wav"), Path("b/voice.flac"), Path("voice-2.wav")]
    assert [name for name, _ in study.named(clips)] == ["voice", "voice-2", "voice-2-2"]


def test_weights_without_a_discriminator_give_no_score(random_weights, tmp_path, made_voice, capsys) -> None:
    from dataclasses import replace

    unjudged = VoiceToFace(replace(load(random_weights), discriminator=None))
    rows = study.clean_rows("ann", unjudged.strip(made_voice(2.5), rate=SAMPLE_RATE))
    study.write_and_print(rows, tmp_path / "table.csv", ("clip", "score"))
    assert [row["score"] for row in table(tmp_path / "table.csv")] == ["", "", ""]
    assert capsys.readouterr().out.count(" - ") == 3
