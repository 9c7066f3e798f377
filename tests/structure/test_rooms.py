"""The rooms of engine/: a room knows those before it on the way and what all share, no others."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.home import HOME

ENGINE = HOME / "engine"
# What all share, then the rooms in the order of the way, the conductor, and the rooms beside it.
SHARED = (
    "home", "errors", "clock", "garbage", "packed",
    "decimals", "json_text", "ordering", "yamlfile", "quick_schema",
    "validate", "personal", "scope", "error_catalogue",
    "workers",
)  # fmt: skip
WAY = (
    "merchant", "store", "language", "transport", "webhooks", "access", "sie", "bank", "extract",
    "stage", "match", "plan", "suppose", "deliver", "report", "mappings", "checked",
    "parsed", "rest", "opened", "needs", "session", "apply",
)  # fmt: skip
BESIDE = ("doctor", "workbench", "sandbox", "fleet", "show", "demo", "commands", "start", "manual")
ORDER = (*SHARED, *WAY, *BESIDE)
# The rooms inside the sandbox, likewise; it knows no other room at all.
SANDBOX = (
    "world", "check_digits", "fortnox", "qliro", "bank", "history", "trouble", "lives",
    "troubles", "generator", "people", "control", "answer", "saved", "server", "transport",
)  # fmt: skip


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """The modules of engine/ that a module imports, dotted from there, and in which line."""
    package = path.relative_to(ENGINE.parent).parent.parts
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[: len(package) - node.level + 1], *(node.module or "").split(".")]
            base = [part for part in base if part][1:]
            names = [alias.name for alias in node.names]
            for name in names if len(base) < 2 else [""]:
                yield ".".join([*base, name]).strip("."), node.lineno


def arrows(folder: Path, order: tuple[str, ...]) -> list[str]:
    """Each import that leads from a room to a later one, or to one that has no place."""
    depth = len(folder.relative_to(ENGINE).parts)
    wrong = []
    for path in sorted(folder.rglob("*.py")):
        own = path.relative_to(folder).parts[0].removesuffix(".py")
        if own == "__init__":
            continue
        for name, line in imported(path):
            parts = name.split(".")
            if parts[:depth] != list(folder.relative_to(ENGINE).parts):
                continue
            room = parts[depth]
            if room != own and order.index(room) >= order.index(own):
                wrong.append(f"{path.relative_to(HOME)}:{line} knows {room}")
    return wrong


def test_a_room_knows_only_rooms_before_it() -> None:
    assert arrows(ENGINE, ORDER) == []


def test_so_it_is_inside_the_sandbox_which_knows_no_other_room() -> None:
    assert arrows(ENGINE / "sandbox", SANDBOX) == []
    outside = {
        name.partition(".")[0]
        for path in (ENGINE / "sandbox").rglob("*.py")
        for name, _ in imported(path)
    }
    assert outside == {"sandbox"}


@pytest.mark.parametrize(
    ("folder", "order"), [(ENGINE, ORDER), (ENGINE / "sandbox", SANDBOX)], ids=["engine", "sandbox"]
)
def test_every_room_and_loose_module_has_its_place(folder: Path, order: tuple[str, ...]) -> None:
    found = {path.stem for path in folder.glob("*.py")} | {
        path.parent.name for path in folder.glob("*/*.py")
    }
    assert found - {"__init__"} == set(order)


def test_imports_inside_engine_are_relative_so_that_it_works_under_any_name() -> None:
    absolute = [
        f"{path.relative_to(HOME)}:{node.lineno}"
        for path in ENGINE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([one.name for one in node.names] if isinstance(node, ast.Import)
                     else [node.module or ""] if not node.level else [])
        if name.partition(".")[0] in {"engine", "cli", "qliro_fortnox"}
    ]  # fmt: skip
    assert absolute == []


def test_every_room_says_in_one_line_what_it_is() -> None:
    for path in ENGINE.rglob("*/__init__.py"):
        told = ast.get_docstring(ast.parse(path.read_text("utf-8")))
        assert told, path


def test_the_architecture_page_names_every_room() -> None:
    page = (HOME / "ARCHITECTURE.md").read_text("utf-8")
    rooms = {path.parent.name for path in ENGINE.glob("*/__init__.py")}
    assert [room for room in sorted(rooms) if f"`{room}/`" not in page] == []
