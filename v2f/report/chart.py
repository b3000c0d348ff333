"""What more speech brings, drawn: a measure against seconds, with 95 % intervals and labels at the lines, as SVG."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from textwrap import wrap

from v2f.report.results import Findings, Result
from v2f.report.wording import ON, PEOPLE, number

WIDTH, HEIGHT = 360, 250  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 46, 238, 58, 206  # of its plot
GAP = 16  # between labels, and between panels
TITLE = 44  # characters of a line
TICKS = 4  # at most, about
MARKS = (  # around the origin; a line is told by its mark as well as by its colour
    "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0Z",
    "M-3.6,-3.6h7.2v7.2h-7.2Z",
    "M0,-5l5,5l-5,5l-5,-5Z",
    "M0,-5l4.6,8h-9.2Z",
)
COLOURS = """\
:root { color-scheme: light dark;
  --wall: #e3e9e8; --panel: #f1f5f4; --line: #b9c6c5; --ring: #687c7e;
  --ink: #142123; --ink-2: #42565a; --voice: #a5471a; --noise: #3a54a4; --focus: #0b4f9e; }
@media screen and (prefers-color-scheme: dark) { :root {
  --wall: #0f191b; --panel: #172528; --line: #35494d; --ring: #73898c;
  --ink: #f3efe7; --ink-2: #b7c3c2; --voice: #f5b88e; --noise: #aebff2; --focus: #ffe49a; } }
.chart text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--ink-2); }
.chart .title { font-weight: 600; fill: var(--ink); }
.chart .grid { stroke: var(--line); }
.chart .chance { stroke: var(--ring); stroke-dasharray: 5 4; }
.chart .s0 { --colour: var(--voice); } .chart .s1 { --colour: var(--noise); }
.chart .s2 { --colour: var(--ink); } .chart .s3 { --colour: var(--ink-2); }
.chart .series path { fill: var(--colour); }
.chart .series text { font-size: 12px; fill: var(--colour); font-weight: 600; }
.chart .series :is(polyline, line) { fill: none; stroke: var(--colour); stroke-width: 2; }
"""


def panels(findings: Findings) -> list[list[str]]:
    """For each group of people, one drawing for each measure taken after several durations."""
    shape = f'viewBox="0 0 {WIDTH} {HEIGHT}" class="chart" role="img"'
    return [
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {shape} aria-label="{escape(words)}">{drawing}</svg>'
            for words, drawing in row
        ]
        for row in _rows(findings)
    ]


def picture(findings: Findings) -> str | None:
    """All of them as one SVG file; None where nothing was measured after several durations."""
    rows = list(_rows(findings))
    if not rows:
        return None
    width = max(map(len, rows)) * (WIDTH + GAP) + GAP
    height = len(rows) * (HEIGHT + GAP) + GAP
    drawn = "".join(
        f'<g transform="translate({GAP + x * (WIDTH + GAP)} {GAP + y * (HEIGHT + GAP)})">{drawing}</g>'
        for y, row in enumerate(rows)
        for x, (_, drawing) in enumerate(row)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" class="chart"><style>\n{COLOURS}</style>'
        f'<rect width="100%" height="100%" fill="var(--panel)"/>{drawn}</svg>\n'
    )


def _rows(findings: Findings) -> Iterable[list[tuple[str, str]]]:
    """For each group of people, their panels in words and drawn."""
    results = [
        r
        for r in findings.results
        if r.question == "duration" and r.seconds is not None and math.isfinite(r.value)
    ]
    others = dict.fromkeys(result.on for result in results if result.on not in PEOPLE)
    for on in (*PEOPLE, *others):
        measures = dict.fromkeys(result.measure for result in results if result.on == on)
        row = []
        for measure in measures:
            lines: dict[str, list[Result]] = {}
            for result in results:
                if (result.on, result.measure) == (on, measure):
                    lines.setdefault(result.by, []).append(result)
            if max(map(len, lines.values())) > 1:
                title = f"{measure[:1].upper()}{measure[1:]}, on {ON.get(on, on)}"
                row.append((f"{title}, against seconds of speech", _panel(title, lines)))
        if row:
            yield row


def _panel(title: str, lines: dict[str, list[Result]]) -> str:
    everything = [result for line in lines.values() for result in line]
    share, chance = everything[0].share, everything[0].chance
    ends = [end for r in everything for end in (r.value, r.low, r.high) if end is not None]
    heights = _ticks(ends + ([] if chance is None else [chance]))
    seconds = sorted({result.seconds for result in everything if result.seconds})

    def across(second: float) -> float:
        first, last = math.log(seconds[0]), math.log(seconds[-1])
        return LEFT + 12 + (RIGHT - LEFT - 24) * (math.log(second) - first) / (last - first)

    def up(value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (value - heights[0]) / (heights[-1] - heights[0])

    drawn = [
        f'<text class="title" x="0" y="{14 + 17 * i}">{escape(words)}</text>'
        for i, words in enumerate(wrap(title, TITLE)[:2])
    ]
    for height in heights:
        words = number(height, share, 1 if heights[1] - heights[0] >= 0.1 else 2).replace(".0 %", " %")
        drawn.append(
            f'<line class="grid" x1="{LEFT}" x2="{RIGHT}" y1="{up(height):.1f}" y2="{up(height):.1f}"/>'
        )
        drawn.append(f'<text x="{LEFT - 6}" y="{up(height) + 4:.1f}" text-anchor="end">{words}</text>')
    for second in seconds:
        drawn.append(
            f'<text x="{across(second):.1f}" y="{BOTTOM + 20}" text-anchor="middle">{second:g}</text>'
        )
    middle = (LEFT + RIGHT) / 2
    drawn.append(f'<text x="{middle}" y="{BOTTOM + 38}" text-anchor="middle">seconds of speech</text>')
    labels = {by: up(line[-1].value) for by, line in lines.items() if by}
    if chance is not None:
        at = up(chance)
        drawn.append(f'<line class="chance" x1="{LEFT}" x2="{RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
        labels["chance"] = at
    places = dict(zip(labels, _apart(list(labels.values())), strict=True))
    if chance is not None:
        drawn.append(f'<text x="{RIGHT + 8}" y="{places["chance"] + 4:.1f}">chance</text>')
    for i, (by, line) in enumerate(lines.items()):
        aside = 5 * (i - (len(lines) - 1) / 2)  # so that bars do not hide each other
        drawn.append(f'<g class="series s{i % 4}">')
        points = [(across(r.seconds or 1.0) + aside, r) for r in sorted(line, key=lambda r: r.seconds or 0.0)]
        route = " ".join(f"{x:.1f},{up(r.value):.1f}" for x, r in points)
        drawn.append(f'<polyline points="{route}"/>')
        for x, r in points:
            if r.low is not None and r.high is not None:
                drawn.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{up(r.low):.1f}" y2="{up(r.high):.1f}"/>')
            drawn.append(
                f'<path d="{MARKS[i % len(MARKS)]}" transform="translate({x:.1f} {up(r.value):.1f})"/>'
            )
        if by:
            drawn.append(f'<text x="{RIGHT + 8}" y="{places[by] + 4:.1f}">{escape(by)}</text>')
        drawn.append("</g>")
    return "".join(drawn)


def _ticks(values: Sequence[float]) -> list[float]:
    """Round numbers, evenly apart, from below the least value to above the greatest."""
    low, high = min(values), max(values)
    span = max(high - low, 1e-3) / TICKS
    power = 10.0 ** math.floor(math.log10(span))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= span)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * i for i in range(first, max(last, first + 1) + 1)]


def _apart(places: list[float]) -> list[float]:
    """Heights of labels as near to `places` as lets them stand GAP apart, in the order given."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for above, below in zip(order, order[1:], strict=False):
        moved[below] = max(moved[below], moved[above] + GAP)
    over = max([0.0, *(moved[i] - BOTTOM for i in order)])
    for i, at in zip(reversed(order), range(len(order)), strict=True):
        moved[i] = min(moved[i], BOTTOM - GAP * at) if over else moved[i]
    return moved
