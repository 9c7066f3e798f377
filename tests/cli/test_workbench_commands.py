"""explain with a field, raw and record as a person calls them: pages, JSON, files, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from shopkit import Cli

pytestmark = pytest.mark.usefixtures("shop")


def test_from_a_payment_down_to_the_answer_and_a_case_of_it(cli: Cli, tmp_path: Path) -> None:
    cli("run", "shop", "--quiet")
    told = cli("explain", "shop", "10001", "payment:Amount", "--json")
    assert told.code == 0, told.err
    (value, *_) = json.loads(told.out)["values"]
    assert (value["mapping"], value["field"], value["differs"]) == ("payment", "Amount", False)
    wrong = cli("explain", "shop", "10001", "Amonut")
    assert (wrong.code, wrong.out) == (2, "")
    assert "has a field 'Amonut'. The nearest: Amount" in wrong.err
    raw = cli("raw", "shop", "1")
    assert (raw.code, raw.out.splitlines()[0][:9]) == (0, "Answer 1 "), raw.err
    assert cli("raw", "shop", "99999").code == 2
    file = tmp_path / "ours" / "tests" / "payment.yaml"
    file.parent.mkdir(parents=True)
    made = cli("record", "shop", "10001", "--mapping", "payment", "--out", str(file))
    assert made.code == 0, made.err
    assert "recorded: in " in made.err
    passed = cli("test", "--overlay", str(tmp_path / "ours"))
    assert passed.code == 0, passed.out + passed.err
    shown = cli("record", "shop", "10001", "--mapping", "payment")
    assert shown.out == file.read_text("utf-8")
