"""No sentence sends a person to a file or a make target that only the sources have."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from engine.home import HOME

# They write pages of docs/ themselves.
WRITERS = "engine/manual/"
ONLY_SOURCES = re.compile(r"\bdocs/\w+\.md|\bmake (demo|sandbox|test|bench)\b")


def sentences(path: Path) -> Iterator[str]:
    """The strings of a module, docstrings aside."""
    tree = ast.parse(path.read_text("utf-8"))
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


def test_no_sentence_of_a_module_does() -> None:
    modules = [HOME / "cli.py", *(HOME / "engine").rglob("*.py")]
    found = [
        (str(path.relative_to(HOME)), one)
        for path in modules
        if not path.relative_to(HOME).as_posix().startswith(WRITERS)
        for one in sentences(path)
        if ONLY_SOURCES.search(one)
    ]
    assert found == []


def test_no_sentence_of_a_mapping_or_of_the_error_catalogue_does() -> None:
    found = [
        line
        for path in (HOME / "mappings").rglob("*.yaml")
        for line in path.read_text("utf-8").splitlines()
        if ONLY_SOURCES.search(line.partition("#")[0])
    ]
    assert found == []
