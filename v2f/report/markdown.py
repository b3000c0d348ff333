"""The report as Markdown."""

from collections.abc import Sequence

from v2f.report import summary
from v2f.report.results import Figure, Findings
from v2f.report.sections import Cell, Section, Table


def markdown(
    findings: Findings, parts: Sequence[Section], figures: Sequence[Figure], chart: str | None
) -> str:
    """The report; chart: the file of the picture that goes with the question of duration."""
    lines = [f"# {plain(summary.title(findings))}", ""]
    lines += [f"- {plain(str(line))}" for line in summary.summary(findings)]
    lines += ["", *(f"{plain(name)}: {plain(text)}  " for name, text in summary.facts(findings)), ""]
    for section in parts:
        lines += _section(section, chart if section.question == "duration" else None)
    if figures:
        lines += ["## Figures", ""]
    for figure in figures:
        lines += [f"### {plain(figure.title)}", "", f"![{plain(figure.title)}](<{figure.file}>)", ""]
        lines += [plain(figure.caption), ""]
    left_out = summary.left_out(findings)
    if left_out:
        lines += ["## Left out", "", *(f"- {plain(line)}" for line in left_out), ""]
    lines += ["## How to read this", ""]
    lines += [f"- **{plain(term)}.** {plain(text)}" for term, text in summary.READING]
    return "\n".join(lines).rstrip() + "\n"


def row(cells: Sequence[str]) -> str:
    """A line of a table."""
    return "| " + " | ".join(cells) + " |"


def plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "\\`*|":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("](", "]\\(")


def _section(section: Section, chart: str | None) -> list[str]:
    lines = [f"## {plain(section.title)}", ""]
    if section.lead:
        lines += [plain(section.lead), ""]
    for table in section.tables:
        lines += [f"**{plain(table.caption)}**", "", *_table(table), ""]
    if section.left_out:
        lines += [f"Left out: {plain(line)}.  " for line in section.left_out] + [""]
    if chart:
        lines += [f"![{plain(section.title)}: the numbers above against seconds of speech]({chart})", ""]
    return lines


def _table(table: Table) -> list[str]:
    lines = [row([plain(heading) for heading in table.headings]), "|---" * len(table.headings) + "|"]
    for line in table.rows:
        head = f"*{plain(line.head)}*" if line.about else plain(line.head)
        lines.append(row([head, *map(_cell, line.cells)]))
    return lines


def _cell(cell: Cell) -> str:
    return "<br>".join(filter(None, (f"{plain(cell.text)} {cell.interval}".strip(), *map(plain, cell.notes))))
