"""`errors` lists the catalogue, `errors CODE` explains one."""

from __future__ import annotations

import json

import pytest

from engine.commands import command
from engine.commands import main as command_line
from engine.error_catalogue import read_catalogue


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = command.ended(command_line.commands, ("errors", *arguments), "qliro-fortnox")
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_all_are_listed_with_their_meaning(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "--json")
    assert code == 0
    assert [one["means"] for one in json.loads(out)] == [one.means for one in read_catalogue()]
    code, out, _ = told(capsys)
    assert code == 0
    assert all(one.code[:39] in out for one in read_catalogue())


def test_a_code_with_two_meanings_shows_both(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = told(capsys, "2000637")
    assert code == 0
    assert out.count("Fortnox 2000637") == 2
    assert "The customer has no name." in out
    assert "The customer number is taken." in out


@pytest.mark.parametrize("written", ["ORDER_NOT_FOUND", "order_not_found", "Order_Not_Found"])
def test_a_code_is_found_in_any_case(capsys: pytest.CaptureFixture[str], written: str) -> None:
    code, out, _ = told(capsys, written)
    assert code == 0
    for words in ("does not have this order", "again   never", "who     merchant"):
        assert words in out


def test_a_status_is_explained_for_each_server(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = told(capsys, "429", "--json")
    assert [one["source"] for one in json.loads(out)] == ["fortnox", "http"]


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("9999", "`qliro-fortnox errors` lists them all."),
        ("INVALID_ITM", "Did you mean 'INVALID_ITEM'?"),
    ],
)
def test_an_unknown_code_is_wrong_usage_in_a_sentence(
    capsys: pytest.CaptureFixture[str], code: str, remedy: str
) -> None:
    ended, out, err = told(capsys, code)
    assert (ended, out) == (2, "")
    assert f"The catalogue has no error {code!r}" in err
    assert remedy in err
