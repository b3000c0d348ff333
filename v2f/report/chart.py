"""What more speech brings: each measure against seconds of speech, with 95 % intervals, as SVG files."""

import io
import math
import re
from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from v2f.report import wording
from v2f.report.results import Findings, People, Question, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = Path(__file__).with_name("templates") / "colours.css"
WIDTH, HEIGHT = 360, 300  # of a chart, in CSS pixels
SERIES = (("voice", "o"), ("noise", "s"), ("ink", "D"), ("ink-2", "^"))  # colour and mark of each judge
ASIDE = 1.04  # factor between two judges' seconds, so that their intervals do not hide each other
TITLE = 42  # characters of a line
TICKS = 5  # of values, at most
FONT = 'text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif !important; }'
STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "v2f",  # the same ids each time
    "text.parse_math": False,
    "font.size": 11,
    "figure.constrained_layout.h_pad": 0.08,  # inches, as below
    "figure.constrained_layout.w_pad": 0.1,
}


@dataclass(frozen=True)
class Chart:
    """A measure on one group of people, with a line for each judge. `file`: the name of its file, without a folder."""

    file: str
    title: str
    svg: str


def charts(findings: Findings) -> list[Chart]:
    """A chart for each measure that was taken after several durations, on each group of people."""
    groups: dict[tuple[People, str], dict[str, list[Result]]] = {}
    for result in findings.results:
        if result.question == Question.DURATION and result.seconds and math.isfinite(result.value):
            group = groups.setdefault((result.on, wording.measure(result)), {})
            group.setdefault(wording.judge(result), []).append(result)
    made: list[Chart] = []
    for on, measure in sorted(groups, key=lambda group: list(People).index(group[0])):
        series = groups[on, measure]
        if max(map(len, series.values())) > 1:
            title = f"{measure[:1].upper()}{measure[1:]}, on {wording.people(on)}"
            made.append(Chart(f"duration-{len(made) + 1}.svg", title, _svg(title, series)))
    return made


def _svg(title: str, series: dict[str, list[Result]]) -> str:
    """A chart in the page's colours, light or dark. The same results give the same bytes."""
    import matplotlib.style  # takes half a second, so only where there is a chart to make
    from matplotlib.figure import Figure

    css = COLOURS.read_text("utf-8")
    light = dict(re.findall(r"--([\w-]+): (#\w+)", css.split("@media")[0]))
    file = io.StringIO()
    with matplotlib.style.context(["default", STYLE]):
        size = (WIDTH / 72, HEIGHT / 72)  # an SVG has 72 pixels to the inch
        figure = Figure(size, facecolor=light["panel"], layout="constrained")
        figure.suptitle(fill(title, TITLE), x=0.025, ha="left", size=12, weight="bold", color=light["ink"])
        axes = figure.subplots()
        _draw(axes, series, light)
        if axes.get_legend_handles_labels()[1]:
            figure.legend(loc="outside lower left", ncols=2, frameon=False, labelcolor=light["ink"])
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", metadata={"Title": title, **nothing})
    svg = file.getvalue()
    for name, colour in light.items():
        svg = svg.replace(colour, f"var(--{name})")
    return svg.replace("<defs>", f"<style>{css}{FONT}</style>\n <defs>", 1)


def _draw(axes: "Axes", series: dict[str, list[Result]], light: dict[str, str]) -> None:
    """A line for each judge with a bar for each interval, and chance, which can differ between cases and judges."""
    from matplotlib.ticker import MaxNLocator

    chances = set()
    for i, (by, results) in enumerate(series.items()):
        colour, mark = SERIES[i % len(SERIES)]
        line = sorted((r.seconds or 0.0, r.value, r.low, r.high, r.chance) for r in results)
        seconds, values, lows, highs, chance = zip(*line, strict=True)
        beside = [second * ASIDE ** (i - (len(series) - 1) / 2) for second in seconds]
        axes.plot(beside, values, mark + "-", color=light[colour], markersize=5, label=by or None)
        for x, low, high in zip(beside, lows, highs, strict=True):
            if low is not None and high is not None:
                axes.vlines(x, low, high, color=light[colour])
        if None not in chance:
            chances.add((seconds, chance))
    for i, (seconds, chance) in enumerate(sorted(chances)):
        label = None if i else "chance"
        axes.plot(seconds, chance, "--", color=light["ring"], linewidth=1, label=label)
    durations = sorted({result.seconds or 0.0 for results in series.values() for result in results})
    axes.set_xscale("log")
    axes.set_xticks(durations, [f"{second:g}" for second in durations])
    axes.minorticks_off()
    axes.set_xlabel("seconds of speech", color=light["ink-2"])
    axes.yaxis.set_major_locator(MaxNLocator(TICKS, steps=[1, 2, 5, 10]))
    if all(result.share for results in series.values() for result in results):
        axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")
        axes.set_ylim(top=min(1.02, axes.get_ylim()[1]))  # no more than a whole
    axes.set_facecolor(light["panel"])
    axes.grid(axis="y", color=light["line"])
    axes.tick_params(length=0, labelcolor=light["ink-2"])
    axes.spines[:].set_visible(False)
