"""docs/what-it-can.md: each command that it names is there with its options, and each test."""

from __future__ import annotations

import re

import pytest

from engine.commands.main import commands
from engine.home import HOME

PAGE = (HOME / "docs" / "what-it-can.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and "`" in line
]


def test_each_feature_has_a_command_and_a_test() -> None:
    assert len(ROWS) >= 16
    assert all(len(row) == 3 and all(row) for row in ROWS)


@pytest.mark.parametrize("said", sorted({row[1] for row in ROWS}))
def test_a_command_is_there_with_its_options(said: str) -> None:
    program, name, *options = said.strip("`").split()
    known = {one for param in commands.commands[name].params for one in param.opts}
    assert program == "qliro-fortnox"
    assert set(options) <= known


@pytest.mark.parametrize("said", sorted({row[2] for row in ROWS}))
def test_a_test_is_there(said: str) -> None:
    path, name = said.strip("`").split("::")
    assert re.search(rf"^def {name}\(", (HOME / path).read_text("utf-8"), re.MULTILINE)
