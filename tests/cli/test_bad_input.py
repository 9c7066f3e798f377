"""What bad input gets: one short paragraph with place and remedy, and the right exit code."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from shopkit import Cli, shop_world, write_shop

from engine.commands import opening
from engine.sandbox.control import effects
from engine.sandbox.server import serve
from engine.sandbox.world.world import World
from engine.show import failure
from engine.show import status as shown_status
from engine.store import database
from engine.store.database import Store


@pytest.fixture
def lonely(tmp_path: Path) -> Path:
    """A merchant file whose server is not there; most bad input is told before it is asked."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return write_shop(tmp_path, f"http://127.0.0.1:{free.getsockname()[1]}")


def test_malformed_yaml(cli: Cli, lonely: Path) -> None:
    lonely.write_text("version: 1\nname: [Hattar\n")
    told = cli("run", "shop")
    assert (told.code, told.out) == (2, "")
    assert told.err == (
        "merchants/shop.yaml:3:1: not-yaml: while parsing a flow sequence that begins in line 2 "
        "did not find expected ',' or ']'.\n1 error.\n"
    )


@pytest.mark.parametrize(
    ("text", "found"), [("- a\n- {b: c}\n", "a list"), ("butiken\n", "text"), ("", "nothing")]
)
def test_a_merchant_file_without_keys_says_so_and_none_of_its_lines_is_shown(
    cli: Cli, lonely: Path, text: str, found: str
) -> None:
    lonely.write_text(text)
    for command in ("lint", "status"):
        told = cli(command, "shop")
        assert (told.code, told.out) == (2, "")
        where = "merchants/shop.yaml:1:1" if text else "merchants/shop.yaml"
        assert told.err == (
            f"{where}: wrong-type: expected a mapping (key: value), found {found}.\n1 error.\n"
        )


def test_all_findings_of_a_file_and_its_overlay_come_at_once(cli: Cli, lonely: Path) -> None:
    overlay = lonely.parent / "over"
    overlay.mkdir()
    (overlay / "payment.yaml").write_text("version: 2\nmapping: payment\nlett: {cost: 1}\n")
    text = lonely.read_text().replace("payouts_from:", "paiouts_from:")
    lonely.write_text(text.replace("fee_vat: 2641", "fee_vat: 26411") + "overlay: over\n")
    told = cli("lint", "shop")
    assert told.code == 2
    lines = [line for line in told.err.splitlines()[:-1] if not line.startswith("  ")]
    assert [line.split(": ")[:2] for line in lines] == [
        ["merchants/shop.yaml:1:1", "missing-key"],
        ["merchants/shop.yaml:15:1", "unknown-key"],
        ["merchants/shop.yaml:22:32", "impossible-account"],
        ["merchants/over/payment.yaml:3:1", "unknown-key"],
    ]
    assert "Did you mean 'payouts_from'?" in told.err
    assert told.err.endswith("\n4 errors.\n")


def test_missing_secrets_are_named_before_any_server_is_asked(
    cli: Cli, lonely: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QLIRO_API_SECRET")
    monkeypatch.setenv("FORTNOX_CLIENT_SECRET", "")
    told = cli("run", "shop")
    assert (told.code, told.out) == (2, "")
    assert told.err == (
        "merchants/shop.yaml:7:15: missing-secret: qliro.api_secret: the environment variable "
        "QLIRO_API_SECRET is not set. Set it: export QLIRO_API_SECRET=…\n"
        "merchants/shop.yaml:12:18: missing-secret: fortnox.client_secret: the environment "
        "variable FORTNOX_CLIENT_SECRET is empty. Set it: export FORTNOX_CLIENT_SECRET=…\n"
        "2 errors.\n"
    )
    told = cli("status", "shop")  # asks no secret, and a new merchant is no fault
    assert (told.code, "no payout has been planned yet" in told.out) == (0, True)


def test_a_wrong_fortnox_secret(cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORTNOX_CLIENT_SECRET", "stolen-and-changed")
    told = cli("run", "shop", "--quiet")
    assert (told.code, told.out) == (1, "")
    assert told.err == (
        "Fortnox does not know the integration's client id and secret. They are mistyped, from "
        "another integration, or the secret was renewed in the developer portal. Compare "
        "fortnox.client_id and fortnox.client_secret with the developer portal. "
        "(Fortnox invalid_client, HTTP 401: “Client credentials are invalid”)\n"
    )


def test_a_wrong_qliro_secret(cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QLIRO_API_SECRET", "stolen-and-changed")
    told = cli("run", "shop", "--quiet")
    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("Qliro does not accept the merchant's credentials. The pair")
    assert told.err.endswith("(Qliro, HTTP 401, without a word)\n")
    assert len(told.err.splitlines()) == 1


def test_a_server_that_is_down_is_tried_again_later(cli: Cli, lonely: Path) -> None:
    told = cli("run", "shop", "--quiet")
    assert (told.code, told.out) == (75, "")
    assert "Qliro" in told.err
    assert len(told.err.splitlines()) == 1


def test_no_database_yet_is_said_in_a_sentence(cli: Cli, lonely: Path) -> None:
    told = cli("explain", "shop", "1")
    assert (told.code, told.out) == (2, "")
    assert told.err == "shop has no database in state yet. Run `qliro-fortnox sync` first.\n"


def test_a_new_merchant_has_a_status(cli: Cli, lonely: Path) -> None:
    told = cli("status", "shop")
    assert (told.code, told.err) == (0, "")
    assert "no payout has been planned yet.\nBegin with: qliro-fortnox run shop\n" in told.out
    assert cli("status", "shop", "--json").json["payouts"] == []


def test_a_merchant_that_is_not_there(cli: Cli, lonely: Path) -> None:
    told = cli("run", "shpo")
    assert (told.code, told.out) == (2, "")
    assert told.err == "There is no merchant 'shpo' in merchants. Did you mean 'shop'?\n"


def test_a_file_that_is_no_plan(cli: Cli, shop: Path) -> None:
    Path("plan.json").write_text("{}")
    told = cli("apply", "shop", "plan.json")
    assert (told.code, told.err) == (
        2,
        "plan.json: not-a-plan: this is no plan of this version. Make one with `plan --out`.\n"
        "1 error.\n",
    )


def test_what_cannot_be_explained_or_resolved_is_said_in_a_sentence(cli: Cli, shop: Path) -> None:
    cli("run", "shop", "--quiet")
    for arguments, says in (
        (["explain", "shop", "4711"], "Nothing here carries '4711'. Give a payout, line, order,"),
        (["resolve", "shop", "10003", "--by", "Anna"], "Decide one thing. One of --invoice,"),
        (
            ["resolve", "shop", "10003", "--retry", "--ignore", "--by", "Anna"],
            "Decide one thing. One of --invoice,",
        ),
        (
            ["resolve", "shop", "10003", "--ignore", "--by", "Anna"],
            "Why? Give a reason: --reason TEXT. It is kept.\n",
        ),
        (
            ["resolve", "shop", "10001", "--retry", "--by", "Anna"],
            "Line 39a014fbc6d6c00d is already posted; nothing is reversed by itself.",
        ),
    ):
        told = cli(*arguments)
        assert (told.code, told.out) == (2, "")
        assert told.err.startswith(says)


def test_a_payout_that_is_not_there_is_told_with_the_nearest(
    cli: Cli, shop: Path, world: World
) -> None:
    cli("run", "shop", "--quiet")
    before = effects(world)
    for command in ("status", "plan", "run"):
        told = cli(command, "shop", "--quiet", "--payout", "70002", "--payout", "7000l")
        assert (told.code, told.out) == (2, "")
        assert told.err == (
            "No payout that is known here is called '7000l'. The nearest: 70003, 70002, 70001. "
            "`sync` and `run` with --payout ask Qliro for an earlier one; what they do not find, "
            "it does not list.\n"
        )
        assert effects(world) == before
        # Qliro was asked three years back, and only by a run.
        asked = [one for one in world.journal if "FromBatchDate=2024" in one.query]
        assert bool(asked) == (command == "run")


def test_a_payout_goes_by_each_of_its_names(cli: Cli, shop: Path) -> None:
    cli("run", "shop", "--quiet")
    names = ("70002", "20261113002", "Qliro/20261113002/SEK")
    for command, name in itertools.product(("run", "plan", "status"), names):
        told = cli(command, "shop", "--quiet", "--payout", name)
        assert told.code in (0, 3), (command, name)
        assert "No payout is open" not in told.out
        if command == "status":
            assert "70002" in told.out
            assert "70001" not in told.out


@pytest.mark.parametrize("day", ["2026-02-30", "yesterday", "31/1 2026"])
def test_a_day_that_is_none_is_told_how_to_write_one(cli: Cli, day: str) -> None:
    told = cli("plan", "shop", "--since", day)
    assert told.code == 2
    assert f"{day!r} is not a date; write it as 2026-01-31." in told.err


def test_a_file_in_place_of_the_state_folder(cli: Cli, shop: Path) -> None:
    (shop.parent.parent / "state").write_text("", "utf-8")
    told = cli("run", "shop", "--quiet")
    assert told.code == 2
    assert told.err == (
        "state cannot hold the database: a file stands where its folder should. "
        "Move the file away, or name another folder in state.\n"
    )


def test_an_unknown_option_in_the_chosen_form(cli: Cli) -> None:
    assert cli("run", "shop", "--fast").code == 2
    told = cli("run", "shop", "--fast", "--json")
    assert told.code == 2
    assert told.json["error"]["message"] == "No such option '--fast'."


def test_init_writes_a_file_once_and_lint_says_what_to_fill_in(cli: Cli) -> None:
    written = cli("init", "butiken", "--title", "Butiken i Ã…re AB")
    assert (written.code, written.out.splitlines()[0]) == (0, "Wrote merchants/butiken.yaml.")
    again = cli("init", "butiken")
    assert again.code == 2
    assert again.err.startswith("merchants/butiken.yaml is there already; it is left as it is.")
    linted = cli("lint", "butiken")
    assert linted.code == 2
    assert ": missing-value: payouts_from has no value." in linted.err
    assert linted.err.endswith("\n1 error.\n")


def test_a_defect_that_no_disk_takes_is_still_told_in_a_paragraph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("engine.show.failure.os.fdopen", full)
    monkeypatch.setattr("engine.show.failure.tempfile.mkstemp", full)
    told = failure.defect(ValueError("odd"), tmp_path, str, datetime.now(UTC))
    assert told == (
        "This is a defect of qliro-fortnox, not of your files (ValueError: odd). What was being "
        "done could not be written down (No space left on device). Nothing is lost: a further run "
        "goes on from what is written down."
    )


def test_init_refuses_a_name_that_run_all_would_take_for_a_secrets_file(cli: Cli) -> None:
    told = cli("init", "topsecrets")
    assert (told.code, told.err) == (
        2,
        "'topsecrets' would be taken for a file of secrets, and `run --all` would leave it out. "
        "Choose another name.\n",
    )
    assert not Path("merchants").exists()


def test_a_folder_that_is_not_there_is_no_defect(cli: Cli, shop: Path) -> None:
    cli("sync", "shop", "--quiet")
    told = cli("plan", "shop", "--quiet", "--out", "nowhere/plan.json")
    assert (told.code, told.out) == (1, "")
    assert told.err == "nowhere/plan.json: No such file or directory.\n"


def test_what_another_user_owns_is_told_as_that_and_not_as_damaged(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("sync", "shop", "--quiet")
    database = Path("state/shop.duckdb").resolve()
    monkeypatch.setattr(os, "access", lambda path, how: Path(path) != database)
    remedy = (
        "; nothing is wrong with it. Run it as the user that the file or its folder belongs to, or "
        "give this one the right.\n"
    )
    for command in (["status", "shop"], ["explain", "shop", "1"], ["export", "shop"]):
        told = cli(*command)
        assert (told.code, told.out) == (2, "")
        assert told.err == f"This user may not read state/shop.duckdb{remedy}"
    told = cli("run", "shop")
    assert (told.code, told.err) == (
        2, f"This user may not read and write state/shop.duckdb{remedy}"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("refused", "told_of"), [("state/shop.lock", "state/shop.lock"), ("out/.a.half", "out/a")]
)
def test_a_right_that_is_missing_is_told_with_what_to_do_and_the_name_of_the_file_that_was_meant(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch, refused: str, told_of: str
) -> None:
    def closed(*_: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", refused)

    monkeypatch.setattr(opening, "writing", closed)
    told = cli("run", "shop")
    assert (told.code, told.err) == (
        1,
        f"{told_of}: Permission denied. Run it as the user that the file or its folder belongs to, "
        "or give this one the right.\n",
    )


def test_a_demo_that_can_not_take_the_place_of_an_earlier_one_says_so(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    folder = tmp_path / "mine"
    folder.mkdir()
    monkeypatch.setattr(shutil, "rmtree", closed)
    told = cli("demo", "--folder", "mine")
    assert (told.code, told.out, told.err) == (
        2, "", "mine can't be made anew (Permission denied). Name another: --folder FOLDER\n"
    )  # fmt: skip


def test_a_file_where_a_folder_is_to_be_is_told_as_that(cli: Cli, shop: Path) -> None:
    plain = shop.parent / "plain"
    plain.write_text("")
    told = cli("init", "another", "--merchants", str(plain))
    assert (told.code, told.out) == (2, "")
    assert told.err.endswith("plain is a file, and a folder is to be there. Name another.\n")


def test_a_full_disk_is_told_in_a_sentence_and_the_next_run_goes_on(
    cli: Cli, shop: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Store.append

    def full(store: Store, table: str, *rest: Any) -> None:
        if table == "ledger.event":
            text = "IO Error: Could not write file: No space left on device"
            raise duckdb.IOException(text)
        append(store, table, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "append", full)
        told = cli("run", "shop", "--quiet")
    assert (told.code, told.out) == (1, "")
    assert told.err == (
        "The disk of state is full. Free space and run again; what is written down is whole.\n"
    )
    assert not Path("state/defects.log").exists()
    assert world.made_payments == world.made_vouchers == []
    assert cli("run", "shop", "--quiet").code == 3
    assert len(world.made_payments) == 1


@pytest.mark.parametrize("error", [
    duckdb.IOException("IO Error: Could not write file: No space left on device"),
    duckdb.OutOfMemoryException("Out of Memory Error: could not allocate block"),
])  # fmt: skip
def test_what_a_run_has_done_and_that_its_state_could_not_be_closed_are_one_result(
    cli: Cli, shop: Path, world: World, monkeypatch: pytest.MonkeyPatch, error: duckdb.Error
) -> None:
    def unwritten(connection: duckdb.DuckDBPyConnection, path: Path) -> Any:
        finish(connection, path)
        return False, error

    finish = database._finish
    with monkeypatch.context() as patched:
        patched.setattr(database, "_finish", unwritten)
        ran = cli("run", "shop", "--json")
    assert (ran.code, ran.json["exit_code"], ran.json["error"]["exit_code"]) == (1, 1, 1)
    assert ran.json["error"]["message"].startswith("What was done is written down in ")
    assert len(ran.json["posted"]) > len(world.made_payments) == 1
    assert cli("run", "shop", "--json").json["posted"] == []


def test_a_run_that_is_told_to_end_while_it_closes_tells_what_it_has_done_and_how_it_ended(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told_to_end(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(database, "renew_copy", told_to_end)
    ran = cli("run", "shop", "--json")
    assert (ran.code, ran.json["exit_code"]) == (75, 75)
    assert ran.json["posted"]


def test_a_copy_for_readers_that_did_not_fit_does_not_keep_the_disk_full(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(_from: Path, to: Path) -> None:
        to.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", cut_off)
    assert cli("run", "shop", "--quiet").code == 3
    assert sorted(path.suffix for path in Path("state").iterdir() if path.name != "cache") == [
        ".duckdb", ".key", ".lock",
    ]  # fmt: skip
    assert cli("status", "shop").code == 3


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is full")
def test_a_full_disk_of_a_file_that_is_asked_for_is_told_in_a_sentence(
    cli: Cli, shop: Path
) -> None:
    cli("sync", "shop", "--quiet")
    told = cli("plan", "shop", "--quiet", "--out", "/dev/full")
    assert (told.code, told.out) == (1, "")
    assert told.err.startswith("The disk of the file to be written is full. Free space")


def test_a_database_that_was_never_finished_counts_as_none(cli: Cli, shop: Path) -> None:
    Path("state").mkdir()
    duckdb.connect("state/shop.duckdb").close()
    told = cli("explain", "shop", "1")
    assert (told.code, told.out) == (2, "")
    assert told.err == "shop has no database in state yet. Run `qliro-fortnox sync` first.\n"
    assert cli("run", "shop", "--quiet").code == 3


def test_an_unforeseen_error_is_one_paragraph_and_a_private_log(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("run", "shop", "--quiet")

    def broken(*_: object) -> None:
        raise ZeroDivisionError("while showing sandbox-client-secret")

    monkeypatch.setattr(shown_status, "page", broken)
    told = cli("status", "shop")
    assert (told.code, told.out) == (1, "")
    assert told.err == (
        "This is a defect of qliro-fortnox, not of your files "
        "(ZeroDivisionError: while showing ***). What was being done is in state/defects.log; "
        "send that file with your report. Nothing is lost: a further run goes on from what is "
        "written down.\n"
    )
    log = Path("state/defects.log")
    assert log.stat().st_mode & 0o777 == 0o600
    assert "Traceback" in log.read_text()
    assert "sandbox-client-secret" not in log.read_text()


def test_a_company_on_the_cash_method_is_refused_with_a_sentence(cli: Cli, tmp_path: Path) -> None:
    with serve(shop_world("cash_method_company")) as running:
        write_shop(tmp_path, running.url)
        told = cli("run", "shop", "--quiet")
    assert told.code == 2
    assert told.err.startswith("The company keeps its books by the cash method;")


def test_nothing_is_booked_on_a_suspense_account_that_is_not_named(cli: Cli, shop: Path) -> None:
    text = shop.read_text("utf-8")
    shop.write_text(text.replace("suspense: 2999, ", ""), "utf-8")
    cli("run", "shop", "--quiet")
    told = cli("resolve", "shop", "10003", "--suspense", "--reason", "?", "--by", "Anna")
    assert (told.code, told.err) == (
        2, "The merchant's file names no suspense account. Name it in accounts.suspense first.\n",
    )  # fmt: skip
