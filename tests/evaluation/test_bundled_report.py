"""The bundled model's report belongs to the bundled model and to the README."""

import json
from pathlib import Path

from v2f.assets import MEASURED
from v2f.models import file_hash
from v2f.report.measured import measured
from v2f.report.results import Findings
from v2f.report.table import block, replaced

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "docs" / "demo"


def test_readme_and_page_show_the_bundled_models_results_as_they_are() -> None:
    """Run `v2f table docs/demo/results.jsonl README.md` where this fails."""
    findings = Findings.load(REPORT / "results.jsonl")
    readme = (ROOT / "README.md").read_text("utf-8")
    assert replaced(readme, block(findings, "docs/demo/report.md"), "README.md") == readme
    assert json.loads(MEASURED.read_text("utf-8")) == measured(findings)
    assert findings.run["weights_sha256"] == file_hash(ROOT / "assets" / findings.run["weights"])
