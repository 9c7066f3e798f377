"""What a command loads before it does anything: nobody waits for what the command does not use."""

from __future__ import annotations

import subprocess
import sys

import pytest

from engine.home import HOME

SLOW = {"duckdb", "httpx", "jsonschema", "rich", "stdnum", "starlette", "pytz", "webbrowser"}
LOADED = "import sys; sys.argv = sys.argv[1:]; import engine.commands.main as m; code = m.main()\n"
TOLD = "print('LOADED', *{name.partition('.')[0] for name in sys.modules}); sys.exit(code)"


def loaded(*arguments: str) -> set[str]:
    """The packages that a command has loaded when it is done."""
    run = subprocess.run(  # noqa: S603 — our own command
        [sys.executable, "-c", f"{LOADED}{TOLD}", "qliro-fortnox", *arguments],
        cwd=HOME, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(run.stdout.rpartition("LOADED ")[2].split())


def test_lint_of_a_right_set_loads_no_database_no_http_and_no_schema_library() -> None:
    found = loaded("lint", "--set", "qliro-fortnox")
    assert {"jinja2", "yaml"} <= found
    assert not found & SLOW


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_what_only_tells_of_the_program_reads_no_yaml_either(option: str) -> None:
    assert not loaded(option) & (SLOW | {"yaml", "jinja2", "msgspec"})
