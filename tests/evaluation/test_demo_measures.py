"""What `evaluate demo` measures: on a model of random values, and on one that knows the answers."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from v2f.__main__ import main
from v2f.evaluation import demo
from v2f.evaluation.demo import area_under_curve, draw_readers, measure_difference, measure_pairs
from v2f.evaluation.subjects import Pair, Reader, face_of, kept_pairs
from v2f.pipeline import Face

LISTS = Path(__file__).resolve().parents[2] / "v2f" / "data"


@dataclass(frozen=True)
class Knows:
    """Stands for a model that knows every speaker's face."""

    faces: dict[Path, np.ndarray]

    def face(self, clip: Path) -> Face:
        return face_from(self.faces[clip])


def face_from(image: np.ndarray) -> Face:
    return Face(image, np.zeros(64, np.float32), None, 3.0, 3.0, {})


@pytest.fixture(scope="module")
def pairs(shared_data: Path) -> list[Pair]:
    return kept_pairs(shared_data / "pairs" / "avspeech", LISTS / "avspeech_split.csv")[:9]


def reader(number: int, sex: str) -> Reader:
    return Reader(str(number), sex, Path(f"{number}.flac"))


def test_a_model_that_knows_the_faces_is_always_right(pairs: list[Pair]) -> None:
    true = {pair.clip: face for pair in pairs if (face := face_of(pair.picture)) is not None}
    found = measure_pairs(Knows(true), pairs, seed=0, workers=1)  # type: ignore[arg-type]
    assert found["pairs"] == len(true)
    assert found["dropped"]["no frontal face in the picture"] == len(pairs) - len(true)
    assert found["sex_agreement"]["value"] == 1
    assert found["age_rank_correlation"]["value"] == pytest.approx(1)
    assert all(part["value"] == 1 for stratum in found["matching"].values() for part in stratum.values())


def test_readers_with_faces_of_their_own_are_recognised(pairs: list[Pair]) -> None:
    faces = [face for pair in pairs if (face := face_of(pair.picture)) is not None][:4]
    mirrored = [np.ascontiguousarray(face[:, ::-1]) for face in faces]
    halves = [
        (reader(i, ("female", "male")[i % 2]), face_from(first), face_from(second))
        for i, (first, second) in enumerate(zip(faces, mirrored, strict=True))
    ]
    apart = measure_difference(halves, seed=0, workers=1)["descriptor"]
    assert apart["recognised"]["value"] == 1
    assert apart["within_reader"] < apart["between_readers_of_one_sex"]

    alike = [(who, halves[0][1], halves[0][1]) for who, _, _ in halves]
    together = measure_difference(alike, seed=0, workers=1)
    assert together["descriptor"]["between_readers"] == together["pixel"]["between_readers"] == 0


def test_pixel_distances_are_root_mean_squares() -> None:
    dark, light = np.full((64, 64, 3), 100, np.uint8), np.full((64, 64, 3), 107, np.uint8)
    halves = [
        (reader(0, "female"), face_from(dark), face_from(dark)),
        (reader(1, "female"), face_from(light), face_from(light)),
    ]
    pixel = measure_difference(halves, seed=0, workers=1)["pixel"]
    assert pixel["within_reader"] == 0
    assert pixel["between_readers"] == pytest.approx(7)


def test_the_area_under_the_curve_counts_pairs() -> None:
    assert area_under_curve(np.array([0.9, 0.8]), np.array([0.1, 0.2, 0.3])) == 1
    assert area_under_curve(np.array([0.5, 0.1]), np.array([0.5])) == 0.25


def test_the_sheet_shows_readers_of_both_sexes_chosen_by_the_seed_alone() -> None:
    readers = [reader(i, "female" if i < 20 else "male") for i in range(40)]
    shown = draw_readers(readers, seed=0)
    assert [who.sex for who in shown] == ["female"] * 5 + ["male"] * 5
    assert shown == draw_readers(readers, seed=0) != draw_readers(readers, seed=1)


@pytest.fixture
def command(shared_data: Path, random_weights: Path, tmp_path: Path) -> list[str]:
    """The command line that measures a model of random values on four readers and six pairs."""
    heldout, split = tmp_path / "heldout.txt", tmp_path / "split.csv"
    readers = (LISTS / "heldout_readers.txt").read_text().split()
    heldout.write_text("\n".join(readers[:2] + readers[-2:]))
    with open(LISTS / "avspeech_split.csv", newline="") as file:
        kept = [row for row in csv.DictReader(file) if row["part"] == "measure"][:6]
    split.write_text("pair,person,part\n" + "".join(f"{r['pair']},{r['person']},{r['part']}\n" for r in kept))
    return [
        *("evaluate", "demo", "--weights", str(random_weights), "--workers", "1"),
        *("--speech", str(shared_data / "speech" / "librispeech"), "--heldout", str(heldout)),
        *("--pairs", str(shared_data / "pairs" / "avspeech"), "--pairs-split", str(split)),
        *("--out", str(tmp_path / "report")),
    ]


def test_one_command_writes_figures_a_table_and_two_sheets(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "NOISE_FACES", 4)
    assert main(command) == 0
    out = tmp_path / "report"
    assert sorted(path.name for path in out.iterdir()) == [
        *("readers-by-duration.png", "readers.png", "report.md", "results.json"),
    ]
    results = json.loads((out / "results.json").read_text())
    assert results["readers"]["face_found"] | {"value": 0, "low": 0, "high": 0} == {
        **{"value": 0, "low": 0, "high": 0},
        **{"trials": 4, "people": 4},
    }
    assert len(results["weights"]["sha256"]) == 64
    assert results["noise"]["noise"]["faces"] == 4
    assert 0 <= results["noise"]["score_auc"] <= 1
    report = (out / "report.md").read_text()
    assert "1:2 matching, within apparent sex, centred" in report
    assert "73.5 % [72.1, 75.0]" in report  # Speech2Face's
    assert report in capsys.readouterr().out


def test_a_missing_folder_is_one_sentence(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command[command.index("--speech") + 1] = str(tmp_path / "nowhere")
    assert main(command) == 1
    complaint = capsys.readouterr().err
    assert "nowhere" in complaint
    assert "Traceback" not in complaint
