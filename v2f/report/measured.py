"""The few numbers of an evaluation that the page tells visitors, in a file that comes with the bundled weights.

{"weights_sha256": ..., "anyone": {"value": 0.55, "judge": ..., "fitted": false, ...}, "same sex": ..., "sex": ...}

In which share of trials the generated face is nearer to the speaker's own face than to another person's, of anyone and
of the same apparent sex; and how often its apparent sex is that of the true face. The judge is a face network that
nothing was fitted to, where there is one.
"""

import json
from pathlib import Path
from typing import Any

from v2f.report import wording
from v2f.report.results import Findings, Judge, Measure, People, Question, Result, Stratum

AMONG = (People.TRUE_PAIRS, People.TEST, People.VALIDATION)
NUMBERS = {  # question, measure and stratum of each
    "anyone": (Question.MATCHING, Measure.MATCHING, None),
    "same sex": (Question.MATCHING, Measure.MATCHING, Stratum.GENDER),
    "sex": (Question.GENDER, Measure.GENERATED_AGREE, None),
}


def measured(findings: Findings) -> dict[str, Any]:
    """The numbers that are there; of several judges that of the first that nothing was fitted to, else the first."""
    told: dict[str, Any] = {"weights_sha256": findings.run.get("weights_sha256")}
    for name, keys in NUMBERS.items():
        results = [
            result
            for on in AMONG
            for result in findings.results
            if (result.question, result.measure, result.stratum, result.on) == (*keys, on)
            and not (result.centred or result.part or result.by == Judge.TRUNK)
        ]
        results = [result for result in results if result.on == results[0].on]
        if results:
            told[name] = _of(min(results, key=lambda result: bool(result.fitted)))
    return told


def write(findings: Findings, path: Path) -> bool:
    """Write them; tells whether anything changed."""
    from v2f.data.shards import write_atomically

    text = json.dumps(measured(findings), indent=1) + "\n"
    if path.is_file() and path.read_text("utf-8") == text:
        return False
    write_atomically(path, text.encode())
    return True


def _of(result: Result) -> dict[str, Any]:
    names = ("value", "low", "high", "chance", "people", "trials", "fitted")
    return {"judge": wording.judge(result)} | {name: getattr(result, name) for name in names}
