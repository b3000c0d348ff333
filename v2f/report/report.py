"""The report of an evaluation: report.md and report.html, with the figures and the chart of durations beside them."""

from collections.abc import Sequence
from pathlib import Path

from v2f.data.shards import write_atomically
from v2f.report.chart import panels, picture
from v2f.report.markdown import markdown
from v2f.report.page import page
from v2f.report.results import Figure, Findings
from v2f.report.sections import sections

MARKDOWN, PAGE, CHART = "report.md", "report.html", "duration.svg"


def write(findings: Findings, figures: Sequence[Figure], folder: Path) -> None:
    """Write the report into a folder, which is made; files of the same names are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for figure in figures:
        figure.picture.save(folder / figure.file, format="PNG")
    chart = picture(findings)
    if chart:
        write_atomically(folder / CHART, chart.encode())
    parts = sections(findings)
    text = markdown(findings, parts, figures, CHART if chart else None)
    write_atomically(folder / MARKDOWN, text.encode())
    write_atomically(folder / PAGE, page(findings, parts, figures, panels(findings)).encode())
