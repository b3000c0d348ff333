"""The report as one HTML page: no script, no font or style from elsewhere, its pictures beside it."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from v2f.report import summary
from v2f.report.chart import COLOURS
from v2f.report.results import Figure, Findings
from v2f.report.sections import COUNTS, Cell, Row, Section, Table

STYLE = Path(__file__).with_name("report.css")


def page(
    findings: Findings, parts: Sequence[Section], figures: Sequence[Figure], panels: Sequence[Sequence[str]]
) -> str:
    """The report; panels: SVG charts that go with the question of duration."""
    title, left_out = summary.title(findings), summary.left_out(findings)
    kept = [(_name(section.title), section.title) for section in parts]
    kept += [("figures", "Figures")] if figures else []
    kept += [("left-out", "Left out")] if left_out else []
    links = "".join(
        f'<li><a href="#{name}">{escape(words)}</a></li>'
        for name, words in [*kept, ("reading", "How to read this")]
    )
    lines = "".join(f"<li>{_line(line)}</li>" for line in summary.summary(findings))
    body = [
        f"<header><h1>{escape(title)}</h1>",
        f'<ul class="summary">{lines}</ul>',
        f'<dl class="facts">{_terms(summary.facts(findings))}</dl></header>',
        f'<nav aria-label="Contents"><ul>{links}</ul></nav><main>',
        *(_section(part, panels if part.question == "duration" else ()) for part in parts),
    ]
    if figures:
        shown = "".join(map(_figure, figures))
        body.append(f'<section id="figures"><h2>Figures</h2>{shown}</section>')
    if left_out:
        items = "".join(f"<li>{escape(line)}</li>" for line in left_out)
        body.append(f'<section id="left-out"><h2>Left out</h2><ul>{items}</ul></section>')
    reading = _terms(summary.READING)
    body.append(
        f'<section id="reading"><h2>How to read this</h2><dl class="reading">{reading}</dl></section></main>'
    )
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>\n{COLOURS}{STYLE.read_text('utf-8')}</style>\n</head>\n<body>",
            *(part.replace(" %", "\N{NO-BREAK SPACE}%") for part in body),
            "</body>\n</html>\n",
        ]
    )


def _section(section: Section, panels: Sequence[Sequence[str]]) -> str:
    lead = f"<p>{escape(section.lead)}</p>" if section.lead else ""
    tables = "".join(map(_table, section.tables))
    left_out = "".join(f'<p class="left-out">Left out: {escape(line)}.</p>' for line in section.left_out)
    charts = "".join(f'<div class="panels">{"".join(row)}</div>' for row in panels)
    name = _name(section.title)
    return f'<section id="{name}"><h2>{escape(section.title)}</h2>{lead}{charts}{tables}{left_out}</section>'


def _table(table: Table) -> str:
    """Roles are said again, because the page lays rows out as blocks on a phone, which takes them away."""
    heads = "".join(
        f'<th scope="col" role="columnheader"{_kind(heading)}>{escape(heading)}</th>'
        for heading in table.headings
    )
    rows = "".join(_row(row, table.headings[1:]) for row in table.rows)
    return (
        f'<table role="table"><caption>{escape(table.caption)}</caption>'
        f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead><tbody role="rowgroup">{rows}</tbody></table>'
    )


def _row(row: Row, headings: Sequence[str]) -> str:
    same = row.about and len(row.cells) > 1 and len(set(row.cells)) == 1
    cells = (
        f'<td role="cell" colspan="{len(row.cells)}">{_cell(row.cells[0])}</td>'
        if same
        else "".join(
            f'<td role="cell" data-heading="{escape(heading)}"{_kind(heading)}>{_cell(cell)}</td>'
            for heading, cell in zip(headings, row.cells, strict=True)
        )
    )
    about = ' class="about"' if row.about else ""
    return f'<tr role="row"{about}><th scope="row" role="rowheader">{escape(row.head)}</th>{cells}</tr>'


def _cell(cell: Cell) -> str:
    if not cell.text:
        return ""
    text = f"<b>{escape(cell.text)}</b>" if cell.ours else escape(cell.text)
    interval = f" <i>{escape(cell.interval)}</i>" if cell.interval else ""
    return f"<span>{text}{interval}{''.join(f'<small>{escape(note)}</small>' for note in cell.notes)}</span>"


def _figure(figure: Figure) -> str:
    width, height = figure.picture.size
    source = escape(quote(figure.file))
    return (
        f'<figure><a href="{source}"><img src="{source}" width="{width}" height="{height}" '
        f'alt="{escape(figure.title)}"></a>'
        f"<figcaption><b>{escape(figure.title)}</b> {escape(figure.caption)}</figcaption></figure>"
    )


def _line(line: summary.Line) -> str:
    number = f"<b>{escape(line.number)}</b> <i>{escape(line.interval)}</i>"
    return f"{escape(line.words)}: {number}{escape(line.beside)}"


def _terms(terms: Sequence[tuple[str, str]]) -> str:
    return "".join(f"<div><dt>{escape(term)}</dt><dd>{escape(text)}</dd></div>" for term, text in terms)


def _kind(heading: str) -> str:
    return ' class="count"' if heading == COUNTS else ""


def _name(title: str) -> str:
    """A section's title as a link's target."""
    return "-".join("".join(sign if sign.isalnum() else " " for sign in title.lower()).split())
