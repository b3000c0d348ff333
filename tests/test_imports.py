"""Parts of v2f import each other one way, as docs/design.md draws it, and no two modules import each other."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ANYWHERE = {"errors", "assets", "cli", "metrics"}  # import no part, and any part may import them
TOP = {"v2f", "__main__"}


def modules() -> dict[str, Path]:
    """Every module of v2f, packages by their own name, with its file."""
    found = {}
    for file in (ROOT / "v2f").rglob("*.py"):
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = file
    return found


def imports() -> dict[str, set[str]]:
    """Of every module those it imports, also inside functions and for type checks alone."""
    known = modules()

    def module(name: str) -> str:
        return name if name in known else name.rpartition(".")[0]

    graph: dict[str, set[str]] = {name: set() for name in known}
    for name, file in known.items():
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "v2f":
                graph[name] |= {module(f"{node.module}.{alias.name}") for alias in node.names}
            elif isinstance(node, ast.Import):
                graph[name] |= {module(a.name) for a in node.names if a.name.split(".")[0] == "v2f"}
        graph[name].discard(name)
    return graph


def part(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def test_the_diagram_in_the_design_is_what_the_code_does() -> None:
    drawn = set(
        re.findall(r"^ +(\w+) --> (\w+)$", (ROOT / "docs" / "design.md").read_text("utf-8"), re.MULTILINE)
    )
    actual = {(part(one), part(other)) for one, others in imports().items() for other in others}
    left_out = ANYWHERE | TOP
    assert drawn == {(one, other) for one, other in actual if one != other and not {one, other} & left_out}
    assert not {(one, other) for one, other in actual if one in ANYWHERE and other not in ANYWHERE}


def test_no_circle_of_modules() -> None:
    graph = imports()
    packages = {
        name for name, file in modules().items() if file.name == "__init__.py"
    }  # these only hand names on
    bare = {name: others - packages for name, others in graph.items() if name not in packages}
    assert len(list(TopologicalSorter(bare).static_order())) == len(bare)


def test_a_program_that_wants_a_face_pays_for_neither_gradio_nor_face_alignment() -> None:
    for name, file in modules().items():
        if part(name) in ("audio", "models", "pipeline"):
            assert not re.search(
                r"import (gradio|face_alignment)|from (gradio|face_alignment)", file.read_text()
            )
