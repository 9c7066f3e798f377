"""The pages about the commands, and how amounts, tables and colours are put out."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path

import click
import pytest
from shopkit import Cli

from engine.commands import main as command_line
from engine.home import HOME
from engine.manual import commands as manual
from engine.show.output import Output, _wrapped
from engine.show.page import Column, Table, Text, amount, count, listed


def test_docs_commands_is_what_the_command_line_offers() -> None:
    written = (HOME / "docs" / "commands.md").read_text(encoding="utf-8")
    assert written == manual.page(command_line.commands), "python -m engine.manual.commands"


def test_every_command_and_option_says_what_it_does() -> None:
    def walk(group: click.Group) -> None:
        for name, one in group.commands.items():
            assert one.help, name
            assert one.epilog == command_line.EXIT_CODES, name
            for option in one.params:
                assert not isinstance(option, click.Option) or option.help, (name, option.name)
            if isinstance(one, click.Group):
                walk(one)

    walk(command_line.commands)


def test_help_lists_the_commands_and_the_exit_codes(cli: Cli) -> None:
    told = cli("-h")
    assert told.code == 0
    for wanted in ("  run ", "  75  try again later", "  status      Show how the payouts stand."):
        assert wanted in told.out


def test_the_readme_lists_the_same_exit_codes() -> None:
    readme = (HOME / "README.md").read_text(encoding="utf-8")
    for line in command_line.EXIT_CODES.splitlines()[2:]:
        code, means = line.strip().split("  ", 1)
        assert f"| {code} | {means.split(' (')[0]}" in readme


def test_the_version_is_that_of_the_project(cli: Cli) -> None:
    project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert cli("--version").out == f"qliro-fortnox {project['version']}\n"


def test_an_option_may_be_an_environment_variable(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QLIRO_FORTNOX_LINT_ALL", "1")
    monkeypatch.setenv("QLIRO_FORTNOX_JSON", "1")
    assert cli("lint").json == {"findings": [], "changes": [], "ok": True}


def test_merchant_names_are_completed(cli: Cli, shop: Path) -> None:
    shop.with_name("shoes.yaml").write_text("")
    shop.with_name("other.yaml").write_text("")
    param = command_line.commands.commands["run"].params[0]
    context = click.Context(command_line.commands.commands["run"])
    found = param.type.shell_complete(context, param, "sho")
    assert [one.value for one in found] == ["shoes", "shop"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1234567.5", "1 234 567.50"),
        ("-250.0000", "-250.00"),
        ("0", "0.00"),
        ("12.345", "12.345"),
        ("-0.004", "-0.004"),
    ],
)
def test_amounts_have_two_decimals_and_hide_no_third(value: str, shown: str) -> None:
    assert amount(Decimal(value)) == shown


def test_small_words() -> None:
    assert [count(number, "line") for number in (1, 2, 0)] == ["1 line", "2 lines", "0 lines"]
    assert (listed([]), listed(["a"]), listed("abc")) == ("", "a", "a, b and c")
    assert date(2026, 11, 16).isoformat() == "2026-11-16"


def test_a_pipe_gets_plain_lines_that_are_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table([Column("Name"), Column("Amount", right=True), Column("Why")],
                  [["a", "1.00", ("parked " * 40).strip()], ["bb", "10.00", ""]])  # fmt: skip
    Output().page([table, Text("one two", indent=2, style="red")])
    assert capsys.readouterr().out.splitlines() == [
        "Name  Amount  Why",
        f"a       1.00  {('parked ' * 40).strip()}",
        "bb     10.00",
        "  one two",
    ]


def test_secrets_and_the_way_here_are_taken_out(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = Output(redact=lambda text: text.replace("hush", "***"))
    out.page([Text(f"{tmp_path}/merchants/shop.yaml:3 hush /else{tmp_path}/x")])
    assert capsys.readouterr().out == f"merchants/shop.yaml:3 *** /else{tmp_path}/x\n"


def test_each_row_of_a_table_has_the_cells_of_its_head() -> None:
    for page in sorted([*(HOME / "docs").glob("*.md"), *HOME.glob("*.md")]):
        cells = 0
        for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
            found = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("| ") else 0
            assert not (cells and found) or found == cells, f"{page.name}:{number}: {line}"
            cells = found


def test_an_amount_is_not_cut_at_its_thousands_where_a_line_is_wrapped() -> None:
    text = "Pending at Qliro: 1 line of payout 70004 (-1 002 390.00 SEK)."
    for width in range(20, 60):
        told = _wrapped(text, 2, width, 0)
        assert "(-1 002 390.00" in told
        assert " ".join(told.split()) == text
