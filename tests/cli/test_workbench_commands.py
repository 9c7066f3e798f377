"""What a person calls of the workbench: pages, JSON, files, exit codes."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime
from pathlib import Path

import pytest
from shopkit import Cli, start

from engine.sandbox.server import Running

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


def test_one_item_is_tried_with_each_value_and_its_rule(cli: Cli) -> None:
    cli("run", "shop", "--quiet")
    told = cli("try", "shop", "10001")
    assert told.code == 0, told.err
    assert "payment.yaml:" in told.out
    assert "Amount" in told.out
    data = cli("try", "shop", "10001", "--json")
    assert data.code == 0, data.err
    assert json.loads(data.out)
    assert cli("try", "shop", "nobody").code == 2


def test_a_change_is_judged_by_exit_code_and_in_files(cli: Cli, shop: Path, tmp_path: Path) -> None:
    cli("run", "shop", "--quiet")
    same = cli("diff", "shop", "--from", "working")
    assert same.code == 0, same.out + same.err
    over = tmp_path / "over"
    over.mkdir()
    (over / "payment.yaml").write_text(
        "version: 2\nmapping: payment\ndocument:\n"
        '  WriteOffs.fees.AccountNumber: "{{ settings.accounts.dispute }}"\n'
    )
    page, comment = tmp_path / "diff.html", tmp_path / "diff.md"
    told = cli(
        "diff",
        "shop",
        "--from",
        "working",
        "--to",
        str(over),
        "--html",
        str(page),
        "--markdown",
        str(comment),
    )
    assert told.code == 3, told.out + told.err
    for text in (told.out, page.read_text(), comment.read_text()):
        assert "1589" in text
        assert "Nothing is reversed" in text
    assert cli("diff", "shop", "--from", "working", "--to", str(over), "--json").json
    wrong = cli("diff", "shop", "--from", "nowhere")
    assert (wrong.code, "no git revision" in wrong.err) == (2, True)


def test_every_save_is_looked_at_and_a_broken_file_is_told(
    cli: Cli, shop: Path, running: Running
) -> None:
    """Of the merchant's own file too: rules for payment methods and accounts stand there."""
    running.world.clock.set(datetime.now(UTC))  # a process has the machine's clock
    cli("run", "shop", "--quiet")
    watching = start(["try", "shop", "10001", "--watch"], shop.parent.parent)
    assert watching.stdout is not None
    text = shop.read_text("utf-8")

    def until(wanted: str) -> None:
        assert watching.stdout is not None
        for line in watching.stdout:
            if wanted in line:
                return
        raise AssertionError(f"{wanted}: {watching.stderr.read() if watching.stderr else ''}")

    try:
        until("ModeOfPaymentAccount")
        shop.write_text(text.replace("fee: 6570", "fee: [6570"), "utf-8")
        until("not-yaml")
        shop.write_text(text.replace("fee: 6570", "fee: 6571"), "utf-8")
        until("6571")
    finally:
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=30)
    assert watching.returncode == 75
