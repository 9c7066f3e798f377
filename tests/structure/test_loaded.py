"""What a command loads before it does anything: nobody waits for what the command does not use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.commands.main import ELSEWHERE
from engine.home import HOME

SLOW = {
    "_duckdb", "duckdb", "httpx", "jsonschema", "rich", "stdnum", "starlette", "pytz", "webbrowser",
}  # fmt: skip
LOADED = "import sys; sys.argv = sys.argv[1:]; import engine.commands.main as m; code = m.main()\n"
TOLD = "print('LOADED', *sys.modules); sys.exit(code)"


def modules(*arguments: str) -> set[str]:
    """The modules that a command has loaded when it is done."""
    run = subprocess.run(  # noqa: S603 — our own command
        [sys.executable, "-c", f"{LOADED}{TOLD}", "qliro-fortnox", *arguments],
        cwd=HOME, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(run.stdout.rpartition("LOADED ")[2].split())


def loaded(*arguments: str) -> set[str]:
    """Their packages."""
    return {name.partition(".")[0] for name in modules(*arguments)}


def test_lint_of_a_right_set_loads_no_database_no_http_and_no_schema_library() -> None:
    found = loaded("lint", "--set", "qliro-fortnox")
    assert {"jinja2", "yaml"} <= found
    assert not found & SLOW


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_what_only_tells_of_the_program_reads_no_yaml_either(option: str) -> None:
    assert not loaded(option) & (SLOW | {"yaml", "jinja2", "msgspec"})


def test_status_loads_neither_http_nor_the_language_of_mappings(tmp_path: Path) -> None:
    merchant = tmp_path / "shop.yaml"
    merchant.write_text((HOME / "merchants/demo.yaml").read_text("utf-8"), "utf-8")
    found = loaded("status", str(merchant))
    assert "_duckdb" in found
    assert not found & {"duckdb", "httpx", "jinja2", "jsonschema", "rich", "stdnum"}


def test_a_command_loads_the_module_of_no_other(tmp_path: Path) -> None:
    merchant = tmp_path / "shop.yaml"
    merchant.write_text((HOME / "merchants/demo.yaml").read_text("utf-8"), "utf-8")
    others = {f"engine.commands.{place.partition(':')[0]}" for place in ELSEWHERE.values()}
    assert not modules("status", str(merchant)) & others
