"""Tables of what was measured, as Markdown."""

from collections.abc import Sequence

Row = dict[str, str]  # a cell for each column, whose names are the first row's
Titled = tuple[str, list[Row]]  # what a table shows, and its rows


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, its columns filled up to equal width."""
    head = list(rows[0])
    cells = [head, *([row[name] for name in head] for row in rows)]
    widths = [max(3, *(len(line[i]) for line in cells)) for i in range(len(head))]
    lines = [cells[0], ["-" * width for width in widths], *cells[1:]]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in lines
    )


def fact(name: str, told: str) -> Row:
    """A measure that stands by itself."""
    return {"measured": name, "": told}
