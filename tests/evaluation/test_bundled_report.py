"""The bundled model's report belongs to the bundled model, to the README, and to no precision in particular."""

from pathlib import Path
from statistics import median

from v2f.evaluation.results import Findings, Result
from v2f.evaluation.table import block, replaced
from v2f.models import file_hash

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs" / "demo"
DETAILS = ("minutes", "precision")  # of a run, that another one may have otherwise


def what(result: Result) -> tuple[object, ...]:
    """What is measured, on whom and by whom."""
    return result.question, result.measure, result.on, result.by, result.stratum, result.seconds


def test_the_readme_shows_the_bundled_models_results_as_they_are() -> None:
    """Run `python -m v2f table docs/demo/results.jsonl README.md` where this fails."""
    findings = Findings.load(REPORT / "results.jsonl")
    readme = (ROOT / "README.md").read_text("utf-8")
    assert replaced(readme, block(findings, "docs/demo/report.md"), "README.md") == readme
    assert findings.run["weights_sha256"] == file_hash(ROOT / "assets" / findings.run["weights"])


def test_float32_gives_every_number_within_the_interval_that_bfloat16_gives() -> None:
    """Run `python -m v2f evaluate` with `--exact` beside the one without where the first lines fail."""
    quick, exact = (Findings.load(REPORT / name) for name in ("results.jsonl", "results-float32.jsonl"))
    assert (quick.run["precision"], exact.run["precision"]) == ("bf16", "float32")
    same = [{name: run[name] for name in run.keys() - set(DETAILS)} for run in (quick.run, exact.run)]
    assert same[0] == same[1] and quick.left_out == exact.left_out
    in_float32 = {what(result): result for result in exact.results}
    assert in_float32.keys() == {what(result) for result in quick.results}
    shares = []
    for result in quick.results:
        other = in_float32[what(result)]
        if result.low is not None and result.high is not None:
            assert result.low <= other.value <= result.high, what(result)
            if result.high > result.low:
                shares.append(2 * abs(result.value - other.value) / (result.high - result.low))
    assert len(shares) > 100 and median(shares) < 0.01
