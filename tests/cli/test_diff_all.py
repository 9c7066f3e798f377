"""``diff --all``: every merchant of a folder judged, one summary, one code."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from shopkit import Cli

from engine.sandbox.server import Running
from engine.show.differences import LONGEST_COMMENT, Compared, markdown, sentence

OVERLAY = (
    "version: 2\nmapping: payment\ndocument:\n"
    '  WriteOffs.fees.AccountNumber: "{{ settings.accounts.dispute }}"\n'
)


@pytest.fixture
def over(cli: Cli, shop: Path, running: Running, tmp_path: Path) -> str:
    """One merchant that posted, one of which nothing is stored, one whose file is broken; and an
    overlay that books the fees of payments elsewhere."""
    running.world.clock.set(datetime.now(UTC))  # processes have the machine's clock
    cli("run", "shop", "--quiet")
    text = shop.read_text()
    shop.with_name("anew.yaml").write_text(text)
    shop.with_name("broken.yaml").write_text("version: 1\nname: [\n")
    folder = tmp_path / "over"
    folder.mkdir()
    (folder / "payment.yaml").write_text(OVERLAY)
    return f"{folder}/"


def test_those_that_differ_come_first_and_one_that_fails_stops_no_other(
    cli: Cli, over: str, tmp_path: Path
) -> None:
    comment, page = tmp_path / "all.md", tmp_path / "all.html"
    told = cli("diff", "--all", "--from", "working", "--to", over, "--jobs", "2", "--quiet",
               "--markdown", str(comment), "--html", str(page))  # fmt: skip
    assert told.code == 2  # the broken file is graver than the differences
    assert [line.partition(":")[0] for line in told.err.splitlines()] == ["broken"]
    lines = told.out.splitlines()
    assert lines[0] == "All merchants: working → over/"
    assert lines[1].startswith("3 merchants: 1 with differences, ")
    assert lines[1].endswith("1 failed, nothing is stored of 1.")
    rows = [line.split()[:2] for line in lines[5:8]]
    assert rows == [["shop", "differs"], ["broken", "failed"], ["anew", "nothing"]]
    assert "not-yaml" in lines[6]
    assert "WriteOffs" in told.out
    for text in (told.out, comment.read_text(), page.read_text()):
        assert "settings.accounts.dispute" in text.replace("\\", "")
        assert "Nothing is reversed" in text
    assert "<details><summary>shop: " in comment.read_text()
    assert page.read_text().count("<body>") == 1


def test_without_a_failure_differences_are_what_the_exit_code_says(
    cli: Cli, over: str, shop: Path
) -> None:
    shop.with_name("broken.yaml").unlink()
    same = cli("diff", "--all", "--from", "working", "--quiet")
    assert same.code == 0, same.out + same.err
    assert "none with differences" in same.out
    told = cli("diff", "--all", "--from", "working", "--to", over, "--json")
    assert told.code == 3
    assert "shop: differs after" in told.err
    assert list(told.json["merchants"]) == ["shop", "anew"]
    assert told.json["merchants"]["shop"]["result"]["differing"] > 0
    assert told.json["merchants"]["anew"]["result"]["error"]["kind"] == "NothingYetError"
    (rule,) = told.json["rules"]
    assert (rule["merchants"], rule["documents"] > 0) == (1, True)


def test_for_whom_is_said_once(cli: Cli, shop: Path) -> None:
    assert cli("diff", "--from", "working").err == (
        "Diff for whom? Name a merchant, or say --all for all.\n"
    )
    assert cli("diff", "shop", "--all", "--from", "working").code == 2


def test_a_comment_holds_as_many_merchants_as_fit_and_says_how_many_do_not() -> None:
    change = {"what": "table t", "where": "row 1", "before": "a", "after": "b",
              "before_place": "t.yaml:1", "place": "t.yaml:1"}  # fmt: skip
    rule = {"changes": [change], "sources": [["payment", "1"]]}
    many = [
        Compared(f"m{n:04}", 3, 1.0, {"documents": 5, "differing": 1, "posted": 1, "rules": [rule]},
                 "x" * 1000)
        for n in range(900)
    ]  # fmt: skip
    text = markdown("HEAD~1", "working", many)
    assert len(text) <= LONGEST_COMMENT + 1000
    assert "900 merchants: 900 with differences, 900 documents in all." in text
    assert "900 documents of 900 merchants" in text
    assert text.count("more, which the page and JSON have.") == 2


def test_exported_histories_are_judged_as_the_databases_are(
    cli: Cli, over: str, shop: Path, tmp_path: Path
) -> None:
    shop.with_name("broken.yaml").unlink()
    out = tmp_path / "histories"
    told = cli("export", "--all", "--parquet", str(out), "--quiet")
    assert told.code == 0, told.out + told.err
    assert [line.split()[0] for line in told.out.splitlines()[1:]] == ["anew", "shop"]
    asked = ("--from", "working", "--to", over, "--json", "--quiet")
    here = cli("diff", "shop", *asked).json
    shutil.rmtree(tmp_path / "state")
    alone = cli("diff", "shop", *asked, "--history", str(out))
    assert (alone.code, alone.json) == (3, here)
    every = cli("diff", "--all", *asked, "--history", str(out))
    assert every.code == 3
    assert every.json["merchants"]["shop"]["result"] == here
    assert every.json["merchants"]["anew"]["result"]["error"]["kind"] == "NothingYetError"
    (out / "_exports" / "shop.json").unlink()
    half = cli("diff", "--all", *asked, "--history", str(out))
    assert half.code == 2
    assert "half written" in half.json["merchants"]["shop"]["result"]["error"]["message"]
    wrong = cli("diff", "--all", *asked, "--history", str(tmp_path))
    assert wrong.code == 2
    assert {one["result"]["error"]["message"] for one in wrong.json["merchants"].values()} == {
        f"{tmp_path} is no folder of exported histories."
    }


def test_what_cannot_be_exported_together_is_refused_with_the_reason(
    cli: Cli, shop: Path, tmp_path: Path
) -> None:
    out = str(tmp_path / "histories")
    assert cli("export", "--all").err.startswith("JSON lines are of one merchant.")
    assert cli("export").err.startswith("Export whose?")
    refused = cli("export", "shop", "--parquet", out, "--pseudonymise")
    assert (refused.code, "Documents are made of buyers" in refused.err) == (2, True)
    assert cli("export", "shop", "--parquet", out).code == 2
    assert not Path(out).exists()


def test_one_that_was_stopped_or_is_busy_has_not_failed_and_comes_later() -> None:
    error = {"error": {"kind": "StoppedError", "message": "Stopped."}}
    stopped, broken = (Compared("shop", code, 1, error) for code in (75, 2))
    assert [stopped.result, broken.result] == [("later", "yellow"), ("failed", "red")]
    assert sentence([stopped, broken]) == (
        "2 merchants: none with differences, 1 failed, 1 to be tried again later."
    )
