"""books and bank as an accountant calls them: on a real socket, with files, text and JSON."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from shopkit import Cli, shop_world

from engine.sandbox.bank import camt, payout_rows, sheet
from engine.sandbox.fortnox.sie import sie_file
from engine.sandbox.troubles import books as seeded
from engine.sandbox.world.world import World


@pytest.fixture
def world() -> World:
    return shop_world("fee_with_vat", "invoice_missing")


@pytest.fixture
def ran(cli: Cli, shop: Path) -> Cli:
    """The shop after its first run."""
    cli("run", "shop", "-q")
    return cli


def test_books_prove_every_account_and_end_with_0(ran: Cli) -> None:
    ended = ran("books", "shop")
    assert ended.code == 0, ended.out + ended.err
    assert "Hattar & Mössor AB, the books of 2026 as of 2026-11-16" in ended.out
    holds = re.search(
        r"1581 holds ([-\d .]+): 1 line that Qliro has paid out and that is not booked yet "
        r"\(([-\d .]+)\); nothing is unexplained.",
        ended.out,
    )
    assert holds is not None, ended.out
    assert holds[1] == holds[2]
    assert "Nothing is unexplained." in ended.out
    assert "The payouts are not held against the bank: no statement was read yet." in ended.out


def test_what_a_person_booked_there_ends_with_3_and_status_says_so(ran: Cli, world: World) -> None:
    seeded.by_hand(world, {1581: Decimal("12.50"), 1930: Decimal("-12.50")}, "Fel konto")
    ended = ran("books", "shop", "--json")
    assert ended.code == 3
    told = ended.json
    account = next(one for one in told["accounts"] if one["number"] == "1581")
    assert (account["difference"], account["holds"]) == (12.5, False)
    assert told["attention"] == 1
    assert "1 item needs a person: qliro-fortnox books shop" in ran("status", "shop").out
    assert ran("status", "shop", "--json").json["books"][0]["attention"] == 1


def test_a_file_that_was_exported_is_proved_without_fortnox(
    ran: Cli, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.clock.advance(86400)
    path = tmp_path / "2026.se"
    path.write_bytes(sie_file(world, world.years[2]))
    asked = len(world.journal)
    monkeypatch.delenv("FORTNOX_CLIENT_SECRET")
    ended = ran("books", "shop", "--from", str(path))
    assert ended.code == 0, ended.out + ended.err
    assert "nothing is unexplained" in ended.out
    assert len(world.journal) == asked


def test_of_a_file_of_the_same_day_what_came_later_is_not_missing(
    ran: Cli, world: World, tmp_path: Path
) -> None:
    made = [world.vouchers.pop(key) for key in world.made_vouchers]
    path = tmp_path / "2026.se"
    path.write_bytes(sie_file(world, world.years[2]))
    ended = ran("books", "shop", "--from", str(path))
    assert f"{len(made)} documents of ours came after the file was made." in ended.out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hej", "is no SIE file: it has none of the items of a SIE file"),
        (b"#FLAGGA 0\n#SIETYP 1\n#RAR 0 20260101 20261231\n", "of type 1, which has no vouchers"),
        (b"#FLAGGA 0\n#SIETYP 4\n#RAR 0 20230101 20231231\n", "is of 2023-01-01 to 2023-12-31"),
        (b"#FLAGGA 0\n#SIETYP 4\n", "no year (#RAR 0)"),
        (
            b"#FLAGGA 0\n#SIETYP 4\n#ORGNR 556677-8899\n#FNAMN Andra\n#RAR 0 20260101 20261231\n",
            "is of another company, Andra (556677-8899)",
        ),
    ],
)
def test_a_file_that_is_not_of_these_books_is_refused(
    ran: Cli, tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "x.se"
    path.write_bytes(content)
    ended = ran("books", "shop", "--from", str(path))
    assert ended.code == 2
    assert words in ended.err


def test_a_year_that_fortnox_does_not_have_is_refused_with_those_it_has(ran: Cli) -> None:
    ended = ran("books", "shop", "--year", "2019")
    assert ended.code == 2
    assert "Fortnox has no financial year 2019. It has 2025, 2026." in " ".join(ended.err.split())


def test_books_without_the_right_to_read_them_say_which_right_is_missing(
    ran: Cli, world: World
) -> None:
    world.access.scopes.discard("bookkeeping")
    ended = ran("books", "shop")
    assert ended.code == 1
    assert "2000663" in ended.err


def test_the_bank_is_read_kept_and_shown_in_status(ran: Cli, world: World, tmp_path: Path) -> None:
    path = tmp_path / "bank.xml"
    path.write_bytes(camt([sheet(world, payout_rows(world))]))
    ended = ran("bank", "shop", str(path))
    assert ended.code == 0, ended.out + ended.err
    assert "2 of 2 payouts arrived; nothing is missing or unknown." in ended.out
    assert "all were known already" in ran("bank", "shop", str(path)).out
    status = ran("status", "shop").out
    assert "2026-11-15" in status
    assert "The bank: 2 of 2 payouts arrived" in status
    assert "The bank: 2 of 2 payouts arrived" in ran("books", "shop").out


def test_a_payout_of_another_amount_ends_with_3(ran: Cli, world: World, tmp_path: Path) -> None:
    path = tmp_path / "bank.xml"
    path.write_bytes(camt([sheet(world, payout_rows(world, {70002: "short"}))]))
    ended = ran("bank", "shop", str(path), "--json")
    assert ended.code == 3
    assert [one["state"] for one in json.loads(ended.out)["payouts"]] == ["arrived", "other_amount"]
    assert ran("status", "shop").code == 3


def test_a_bank_file_that_is_none_is_refused_and_nothing_kept(ran: Cli, tmp_path: Path) -> None:
    path = tmp_path / "bank.xml"
    path.write_text("<a/>")
    ended = ran("bank", "shop", str(path))
    assert ended.code == 2
    assert "no-statement" in ended.err
    assert "no statement was read yet" in ran("bank", "shop").out


def test_a_person_answers_for_a_voucher_and_the_next_proof_ends_with_0(
    ran: Cli, world: World
) -> None:
    seeded.by_hand(world, {1581: Decimal("12.50"), 1930: Decimal("-12.50")}, "Justering")
    told = ran("books", "shop").out
    assert "What is so on purpose, answer for: qliro-fortnox books shop --accept" in told
    unnamed = ran("books", "shop", "--accept", "A 1", "--reason", "agreed with Qliro")
    assert (unnamed.code, "Who answers for it?" in unnamed.err) == (2, True)
    said = ("--reason", "agreed with Qliro", "--by", "Anna")
    accepted = ran("books", "shop", "--accept", "A 1", *said)
    assert accepted.code == 0, accepted.err
    assert "Anna: agreed with Qliro" in accepted.out
    again = ran("books", "shop")
    assert (again.code, "Anna: agreed with Qliro" in again.out) == (0, True)
    twice = ran("books", "shop", "--accept", "A 1", *said)
    assert twice.code == 2
    assert "Voucher A 1 is answered for already. Anna: agreed with Qliro" in twice.err
    assert "The books of 2025 are not proved yet." in (
        ran("books", "shop", "--accept", "A 1", "--year", "2025", *said).err
    )
    assert "Leave --from out" in ran("books", "shop", "--accept", "A 1", "--from", "x", *said).err
    assert "Name a voucher" in ran("books", "shop", *said).err
    assert "Name a voucher" in ran("books", "shop", "--reason", "").err


def test_a_folder_that_cannot_be_is_told_once_and_no_report_is_begun(
    ran: Cli, shop: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    ended = ran("report", "--all", "--out", str(tmp_path / "file" / "all"))
    assert (ended.code, ended.err.count("Not a directory")) == (1, 1), ended.err


def test_reports_of_all_are_written_by_processes_and_one_that_fails_stops_no_other(
    ran: Cli, shop: Path, tmp_path: Path
) -> None:
    (shop.parent / "new.yaml").write_text(shop.read_text("utf-8"), "utf-8")  # it has no database
    ended = ran("report", "--all", "--out", str(tmp_path / "all"), "--jobs", "2", "--json")
    alone = ran("report", "new", "--out", str(tmp_path / "new.html"))
    assert ended.code == alone.code == 2, ended.err
    (one,) = ended.json["merchants"]
    assert one["name"] == "Hattar & Mössor AB"
    assert [two["merchant"] for two in ended.json["failed"]] == ["new"]
    first = (tmp_path / "all" / "index.html").read_text("utf-8")
    assert 'href="shop/index.html"' in first
    assert "has no database" in first
    assert (tmp_path / "all" / "shop" / "index.html").exists()
