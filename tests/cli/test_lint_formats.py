"""`lint` for people and for the programs that read it: the line, JSON, GitHub, SARIF, --strict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shopkit import Cli, write_shop

MISSPELT = """\
version: 2
mapping: payment
document:
  ModeOfPayment: {when: mode is not none, value: "{{ mod }}"}
"""
SHADOWED = """\
version: 2
table: own_rows
inputs: {a: text}
outputs: {b: text}
hit: first
rows:
  - {id: all, then: {b: x}}
  - {id: y, when: {a: y}, then: {b: y}}
otherwise: {b: null}
"""


@pytest.fixture
def shop_file(tmp_path: Path) -> Path:
    return write_shop(tmp_path, "http://127.0.0.1:1", more="overlay: over\n")


def overlay(shop_file: Path, name: str, text: str) -> Path:
    path = shop_file.parent / "over" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_people_see_the_line_and_a_caret(cli: Cli, shop_file: Path) -> None:
    overlay(shop_file, "payment.yaml", MISSPELT)
    told = cli("lint", "shop")
    assert (told.code, told.out) == (2, "")
    assert told.err.splitlines() == [
        "merchants/over/payment.yaml:4:54: unknown-name: document.ModeOfPayment: there is no 'mod' "
        "here. Did you mean 'mode'?",
        '  4 | ModeOfPayment: {when: mode is not none, value: "{{ mod }}"}',
        "    |                                                    ^^^",
        "1 error.",
    ]


def test_json_is_the_same_by_either_name(cli: Cli, shop_file: Path) -> None:
    overlay(shop_file, "payment.yaml", MISSPELT)
    told = cli("lint", "shop", "--format", "json").json
    assert told == cli("lint", "shop", "--json").json
    (finding,) = told["findings"]
    assert (told["ok"], finding["line"], finding["column"]) == (False, 4, 54)
    assert (finding["code"], finding["severity"]) == ("unknown-name", "error")


def test_github_annotates_the_line(cli: Cli, shop_file: Path) -> None:
    overlay(shop_file, "payment.yaml", MISSPELT)
    told = cli("lint", "shop", "--format", "github")
    assert told.code == 2
    assert told.out == (
        "::error file=merchants/over/payment.yaml,line=4,col=54,endColumn=57,title=unknown-name::"
        "document.ModeOfPayment: there is no 'mod' here. Did you mean 'mode'?\n"
    )


def test_github_gets_no_line_break_and_no_comma_of_a_name(cli: Cli, tmp_path: Path) -> None:
    write_shop(tmp_path, "http://127.0.0.1:1", more="overlay: 'a,b%'\n")
    told = cli("lint", "shop", "--format", "github").out
    assert "a,b%25." in told
    assert told.count("\n") == 1


def test_sarif_names_rule_place_and_a_fingerprint_that_stays(cli: Cli, shop_file: Path) -> None:
    path = overlay(shop_file, "payment.yaml", MISSPELT)

    def run() -> dict[str, object]:
        told = cli("lint", "shop", "--format", "sarif")
        assert (told.code, told.err) == (2, "")
        log = json.loads(told.out)
        assert log["version"] == "2.1.0"
        (one,) = log["runs"]
        driver, (result,) = one["tool"]["driver"], one["results"]
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "unknown-name"
        assert result["level"] == "error"
        found: dict[str, object] = result
        return found

    first = run()
    (location,) = first["locations"]  # type: ignore[misc]
    place = location["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "merchants/over/payment.yaml"
    assert place["region"] == {"startLine": 4, "startColumn": 54, "endColumn": 57}
    path.write_text(f"# A line above it.\n{MISSPELT}", "utf-8")
    assert run()["partialFingerprints"] == first["partialFingerprints"]


def test_a_warning_fails_with_strict_alone(cli: Cli, shop_file: Path) -> None:
    overlay(shop_file, "rows.yaml", SHADOWED)
    told = cli("lint", "shop")
    assert told.code == 0
    assert ": warning: unreachable-row: " in told.out
    assert ": warning: unused-name: nothing uses the table own_rows." in told.out
    assert told.out.endswith("\n2 warnings.\n")
    strict = cli("lint", "shop", "--strict")
    assert strict.code == 2
    assert strict.err == told.out
    assert cli("lint", "shop", "--strict", "--json").json["ok"] is False
    assert cli("lint", "shop", "--format", "github").out.startswith("::warning file=")


def test_nothing_wrong_is_an_empty_list_for_each_program(cli: Cli, tmp_path: Path) -> None:
    write_shop(tmp_path, "http://127.0.0.1:1")
    assert cli("lint", "shop", "--format", "github").out == ""
    told = cli("lint", "shop", "--format", "json").json
    assert told == {"findings": [], "changes": [], "ok": True}
    log = json.loads(cli("lint", "shop", "--format", "sarif").out)
    assert log["runs"][0]["results"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        "client_secret: hunter2-hunter2\n",
        "client_secrt: hunter2-hunter2\n",
        "fortnx:\n  client_secret: hunter2-hunter2\n",
        'text: "hunter2-hunter2\n',
    ],
)
def test_what_may_be_a_secret_is_not_quoted(cli: Cli, tmp_path: Path, wrong: str) -> None:
    write_shop(tmp_path, "http://127.0.0.1:1", more=wrong)
    for form in ("text", "json", "github", "sarif"):
        told = cli("lint", "shop", "--format", form)
        assert told.code == 2
        assert "hunter2" not in told.out + told.err


def test_other_lines_of_a_merchants_file_are_quoted(cli: Cli, tmp_path: Path) -> None:
    write_shop(tmp_path, "http://127.0.0.1:1", more="chargeback: vuocher\n")
    assert "| chargeback: vuocher\n" in cli("lint", "shop").err
