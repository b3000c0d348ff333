"""Text and rows of tables in Markdown."""

from collections.abc import Sequence


def row(cells: Sequence[str]) -> str:
    """A line of a table."""
    return "| " + " | ".join(cells) + " |"


def plain(value: object) -> str:
    """Text that Markdown shows as it is."""
    text = " ".join(str(value).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    for sign in "\\`*|":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("](", "]\\(")
