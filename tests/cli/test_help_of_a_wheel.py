"""What help and findings point to is there where the program was installed without its docs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner

from engine.commands.main import commands
from engine.errors import UsageError
from engine.home import HOME
from engine.language.rules.explained import explained


def helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """The help of a command and of all below it."""
    yield name, command.get_help(click.Context(command, info_name=name))
    for other, inner in command.commands.items() if isinstance(command, click.Group) else ():
        yield from helps(inner, f"{name} {other}")


def descriptions(schema: Any) -> Iterator[str]:
    """What an editor shows of a schema."""
    if isinstance(schema, dict):
        yield from (v for k, v in schema.items() if k.endswith("escription") and isinstance(v, str))
        for inner in schema.values():
            yield from descriptions(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from descriptions(inner)


def test_no_help_names_a_page_that_is_only_in_the_repository() -> None:
    told = dict(helps(commands, "qliro-fortnox"))
    assert [name for name, text in told.items() if "docs/" in text or ".md" in text] == []


def test_no_finding_is_explained_by_such_a_page() -> None:
    assert [code for code, text in explained().items() if "docs/" in text] == []


def test_no_description_that_editors_show_names_one() -> None:
    for path in sorted((HOME / "schemas").rglob("*.json")):
        told = [text for text in descriptions(json.loads(path.read_text())) if "docs/" in text]
        assert told == [], path.name


def test_lint_tells_what_a_finding_means() -> None:
    run = CliRunner().invoke(commands, ["lint", "--explain", "may-be-null"])
    assert run.exit_code == 0
    assert "Best practice" in run.output
    told = CliRunner().invoke(commands, ["lint", "--explain", "syntax", "--json"]).output
    assert json.loads(told)["means"] == "An expression can't be read."


def test_of_a_code_that_there_is_not_the_nearest_is_named() -> None:
    with pytest.raises(UsageError, match="Did you mean 'may-be-null'"):
        commands.main(["lint", "--explain", "may-be-nul"], standalone_mode=False)
