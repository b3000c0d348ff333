"""The report of an evaluation: report.md and report.html by the templates, with figures and charts beside them."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from v2f.data.shards import write_atomically
from v2f.report import wording
from v2f.report.chart import HEIGHT, WIDTH, charts
from v2f.report.markdown import plain
from v2f.report.results import Figure, Findings
from v2f.report.sections import COUNTS, sections
from v2f.report.summary import LINES, facts, headlines

MARKDOWN, PAGE = "report.md", "report.html"


def write(findings: Findings, figures: Sequence[Figure], folder: Path) -> None:
    """Write the report into a folder, which is made; files of the same names are replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for figure in figures:
        figure.picture.save(folder / figure.file, format="PNG")
    pictures = charts(findings)
    for chart in pictures:
        write_atomically(folder / chart.file, chart.svg.encode())
    values = {
        "title": f"A face from a voice: {findings.run.get('weights') or 'an evaluation'}",
        "summary": headlines(findings, wording.texts()["summary"])[:LINES],
        "facts": facts(findings),
        "sections": sections(findings),
        "charts": pictures,
        "chart_size": (WIDTH, HEIGHT),
        "figures": figures,
        "left_out": list(dict.fromkeys(findings.left_out)),
        "reading": wording.texts()["reading"],
        "counts": COUNTS,
    }
    write_atomically(folder / MARKDOWN, render(MARKDOWN, values).encode())
    write_atomically(folder / PAGE, render(PAGE, values).encode())


def render(name: str, values: dict[str, Any]) -> str:
    """The text of a file by its template, which escapes what Markdown or HTML would take for markup in a value."""
    html = name.endswith(".html")
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=html,
        finalize=None if html else plain,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    text = environment.get_template(f"{name}.j2").render(values, wording=wording)
    if html:  # numbers stay in one piece
        return re.sub(r" (?=%)|(?<=,) (?=[^ \]]+\])", "\N{NO-BREAK SPACE}", text)
    return re.sub(r"\n{3,}", "\n\n", text)
