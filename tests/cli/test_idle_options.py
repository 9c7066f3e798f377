"""An option that would do nothing where it stands is refused, not passed over in silence."""

from __future__ import annotations

from pathlib import Path

import pytest
from shopkit import Cli

JOBS = "--jobs is for several merchants. Say --all with it.\n"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("run shop --jobs 2", JOBS),
        ("status shop --jobs 2", JOBS),
        ("report shop --out there.html --jobs 2", JOBS),
        ("diff shop --from working --jobs 2", JOBS),
        ("export shop --jobs 2", JOBS),
        (
            "explain shop 10003 Amount --most 3",
            "--most is for the lines of REF. Leave it out where FIELD is named.\n",
        ),
        (
            "sync shop --from traffic.jsonl --order 7",
            "Saved traffic is read whole. Leave --from out, or what limits it.\n",
        ),
        (
            "plan shop --since 2026-11-30 --until 2026-11-01",
            "No day is both from 2026-11-30 on and up to 2026-11-01. --since is the earlier one.\n",
        ),
        (
            "resolve shop 10003 --invoice 1002 --number 7 --by Anna",
            "--number is the document of which the answer was lost. Say --retry with it; the right "
            "invoice is named by --invoice.\n",
        ),
        (
            "sandbox serve --orders --trouble overpayment",
            "Troubles are of a shop's payouts. Leave --orders or --trouble out.\n",
        ),
        (
            "demo --sandbox-only --seed 2",
            "The last demo has its seed. Leave --seed or --sandbox-only out.\n",
        ),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    cli: Cli, shop: Path, command: str, told: str
) -> None:
    ended = cli(*command.split())
    assert (ended.code, ended.out, ended.err) == (2, "", told)


@pytest.mark.parametrize(
    "command",
    ["report shop --out=", "plan shop --out=", "status shop --merchants=", "demo --folder=",
     "export shop --parquet=", "schemas --out="],
)  # fmt: skip
def test_an_empty_path_is_not_the_folder_that_we_are_in(
    cli: Cli, shop: Path, tmp_path: Path, command: str
) -> None:
    before = sorted(tmp_path.rglob("*"))
    ended = cli(*command.split())
    option = command.rsplit(maxsplit=1)[-1].rstrip("=")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"{option} is empty. Name a file or a folder.\n"
    assert sorted(tmp_path.rglob("*")) == before


def test_a_reason_of_blanks_is_none(cli: Cli, shop: Path) -> None:
    cli("run", "shop", "--quiet")
    ended = cli("resolve", "shop", "10003", "--ignore", "--reason", "  ", "--by", "Anna")
    assert (ended.code, ended.err) == (2, "Why? Give a reason: --reason TEXT. It is kept.\n")


def test_a_variable_that_is_set_for_other_commands_is_passed_over(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QLIRO_FORTNOX_STATUS_JOBS", "8")
    assert cli("status", "shop").code == 0


def test_a_mapping_that_is_not_there_is_not_said_to_have_been_left_unasked(
    cli: Cli, shop: Path
) -> None:
    cli("run", "shop", "--quiet")
    ended = cli("record", "shop", "10003", "--mapping", "paymnt")
    assert (ended.code, ended.err) == (
        2,
        "No mapping of the flows that are on is called 'paymnt'. Did you mean 'payment'?\n",
    )
    ended = cli("record", "shop", "10003", "--mapping", "dispute")
    assert ended.err == (
        "Nothing of 10003 can be recorded: The mapping dispute was not asked about it.\n"
    )
