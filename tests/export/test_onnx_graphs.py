"""A graph gives the faces that PyTorch gives, of recordings of any length, in one call or window by window."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from tests.conftest import RECORDINGS
from tests.export.conftest import Graph, ready
from v2f.audio import FRAME, detect_speech, keep_speech
from v2f.errors import WeightsError
from v2f.export.onnx_graphs import parts, voice_to_face
from v2f.export.storage import NUMBERS, Number
from v2f.models import load
from v2f.models.windows import heard_by_campplus, window_starts
from v2f.pipeline import Prefixes, VoiceToFace

pytestmark = pytest.mark.slow

LIMITS: Mapping[Number, int] = {"float32": 2, "float16": 2, "int8": 4}  # of 255, that a pixel may move by
HOP = 160  # samples from frame to frame
# Frames of speech: less than a window, one, with a rest that is heard or not, two, CAM++'s third, all but a fourth.
LENGTHS = (48, 158, 160, 178, 180, 318, 320, 340, 1120, 1262)


def distance(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> int:
    return int(np.abs(one.astype(int) - other.astype(int)).max())


@pytest.mark.parametrize("number", NUMBERS)
def test_twenty_recordings_have_the_same_faces(
    number: Number, graphs: Mapping[Number, Graph], torch_model: VoiceToFace, recordings: list[NDArray]
) -> None:
    assert len(recordings) == RECORDINGS
    for waveform in recordings:
        expected = torch_model.face(waveform, 16_000)
        face, embedding, score = graphs[number](waveform=waveform, speech=detect_speech(waveform))
        assert distance(face, expected.image) <= LIMITS[number]
        assert embedding @ expected.embedding > 0.999
        assert score[0] == pytest.approx(expected.score, abs=0.02)


@pytest.mark.parametrize("frames", LENGTHS)
def test_speech_of_any_length_has_the_same_face(
    frames: int, graphs: Mapping[Number, Graph], torch_model: VoiceToFace, recordings: list[NDArray]
) -> None:
    waveform = np.concatenate([keep_speech(one) for one in recordings])[: (frames + 2) * HOP]
    [[expected]] = torch_model.strips([Prefixes(waveform, None, ())])
    assert expected
    face, embedding, _ = graphs["float32"](waveform=waveform, speech=np.ones(len(waveform) // FRAME, bool))
    assert distance(face, expected.image) <= LIMITS["float32"]
    assert embedding @ expected.embedding == pytest.approx(1, abs=1e-5)


def test_digital_silence_and_a_constant_have_the_same_faces(
    graphs: Mapping[Number, Graph], torch_model: VoiceToFace
) -> None:
    for waveform in (np.zeros(32_000, np.float32), np.full(32_000, 0.5, np.float32)):
        [[expected]] = torch_model.strips([Prefixes(waveform, None, ())])
        assert expected
        face, embedding, _ = graphs["float32"](waveform=waveform, speech=np.ones(100, bool))
        assert np.isfinite(embedding).all() and distance(face, expected.image) <= LIMITS["float32"]


def test_what_is_no_speech_is_not_heard(graphs: Mapping[Number, Graph], recordings: list[NDArray]) -> None:
    waveform = recordings[0][: len(recordings[0]) // FRAME * FRAME]
    speech = detect_speech(waveform)
    assert not speech.all()
    louder = waveform.copy()
    louder.reshape(-1, FRAME)[~speech] = 1.0
    one, other = (graphs["float32"](waveform=sound, speech=speech) for sound in (waveform, louder))
    assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_the_parts_hear_window_by_window_what_the_whole_hears(
    graphs: Mapping[Number, Graph], recordings: list[NDArray]
) -> None:
    parted = {name: ready(part.SerializeToString()) for name, part in parts(load()).items()}
    speech = keep_speech(recordings[0])
    starts = window_starts((len(speech) - 400) // HOP + 1)
    windows = [speech[start * HOP :][None, : 159 * HOP + 400] for start in starts]
    heard = {
        "dvectors": [parted["dvectors"](sound=window)[0] for window in windows],
        "campplus": [parted["campplus"](sound=windows[i])[0] for i in heard_by_campplus(starts)],
    }
    means = np.concatenate([np.mean(vectors, axis=0) for vectors in heard.values()], axis=1)
    [embeddings] = parted["embedding"](means=means)
    [places] = parted["places"](embeddings=embeddings)
    three = {
        "embeddings": np.repeat(embeddings, 3, axis=0),
        "places": np.concatenate([places, -places, places]),
    }
    [faces] = parted["drawing"](**three)
    [scores] = parted["judging"](faces=faces)
    face, embedding, score = graphs["float32"](waveform=speech, speech=np.ones(len(speech) // FRAME, bool))
    assert faces.shape == (3, *face.shape) and scores.shape == (3,)
    assert embeddings[0] @ embedding == pytest.approx(1, abs=1e-5)
    assert distance(faces[1], face) > 50, "it is drawn at its place"
    assert distance(faces[2], face) <= 1 and scores[2] == pytest.approx(score[0], abs=0.02)


def test_files_keep_each_weight_once_and_in_few_bits(files: Mapping[Number, Path]) -> None:
    values = sum(
        tensor.numel()
        for network in (load().encoder, load().generator, load().trunk)
        if network
        for tensor in network.state_dict().values()
    )
    assert files["float32"].stat().st_size < 2 * values + 3e6  # and two Fourier matrices
    assert files["int8"].stat().st_size < 0.85 * files["float32"].stat().st_size


def test_a_graph_has_standard_operators_alone_and_says_what_it_is(files: Mapping[Number, Path]) -> None:
    for number, path in files.items():
        graph = onnx.load(path)
        assert [(opset.domain, opset.version) for opset in graph.opset_import] == [("", 18)]
        told = {entry.key: entry.value for entry in graph.metadata_props}
        assert told["v2f_number"] == number and json.loads(told["config"])["encoder"] == "fused"
        assert json.loads(told["provenance"]) == load().provenance


def test_weights_of_another_kind_are_refused_in_a_sentence(random_weights: Path) -> None:
    with pytest.raises(WeightsError, match=r"^These weights hold Table 2's voice encoder; only .*\.$"):
        voice_to_face(load(random_weights))
