"""The bank proved: payouts held against statements, and each thing that a bank may do to one."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from shop import OpenShop, Shop, texts

from engine.bank import csv_file
from engine.bank.camt import CamtError, read_camt
from engine.errors import FileError, UsageError
from engine.report.bank.files import read_statements
from engine.report.bank.kept import Added, keep
from engine.report.bank.match import read_bank
from engine.report.bank.model import Bank, PayoutAtBank
from engine.report.payouts.gather import gather
from engine.sandbox.bank import ACCOUNT, RENT, Row, Sheet, Version, camt, payout_rows, sheet
from engine.show import bank as view

NOVEMBER = (date(2026, 11, 1), date(2026, 11, 30))


@pytest.fixture
def two(shop: OpenShop) -> Shop:
    """Two payouts of 2026-11-13, 70001 and 70002."""
    made = shop()
    made.trouble("clean_sale")
    made.trouble("invoice_missing")
    made.run()
    return made


def read(shop: Shop, content: bytes, name: str = "bank.xml") -> Added:
    """Hand a file in, as the command does."""
    path = shop.folder / name
    path.write_bytes(content)
    settings = shop.merchant.settings
    return keep(shop.store, shop.clock.now(), read_statements([path], settings), settings)


def bank(shop: Shop) -> Bank:
    return read_bank(shop.store, shop.merchant.settings)


def states(shop: Shop) -> list[str]:
    return [one.state for one in bank(shop).payouts]


def one(shop: Shop, payout: str) -> PayoutAtBank:
    return next(told for told in bank(shop).payouts if told.payout == payout)


def statement(shop: Shop, troubles: dict[int, str] | None = None, *more: Row) -> bytes:
    """The bank's file of the shop's payouts."""
    return camt([sheet(shop.world, [*payout_rows(shop.world, troubles), *more])])


def amounts(shop: Shop) -> list[Decimal]:
    return [row["TotalAmount"] for row in shop.payouts()]


@pytest.mark.parametrize("version", ["02", "08"])
def test_payouts_arrive_on_their_day_and_nothing_is_said(two: Shop, version: Version) -> None:
    read(two, camt([sheet(two.world, payout_rows(two.world))], version))
    told = bank(two)
    assert [(p.state, p.days) for p in told.payouts] == [("arrived", 2), ("arrived", 2)]
    assert told.attention == 0
    assert view.proof(told) == "2 of 2 payouts arrived; nothing is missing or unknown."


@pytest.mark.parametrize(
    ("trouble", "state", "wrong"),
    [
        ("late", "late", False), ("lost", "missing", True), ("short", "other_amount", True),
        ("taken_back", "taken_back", True),
    ],
)  # fmt: skip
def test_what_a_bank_does_to_a_payout_is_found(
    two: Shop, trouble: str, state: str, wrong: bool
) -> None:
    two.later(days=20)
    read(two, statement(two, {70001: trouble}))
    told = bank(two)
    assert [p.state for p in told.payouts] == [state, "arrived"]
    assert told.attention == wrong
    assert told.unknown == ()


def test_a_payout_that_came_twice_is_one_thing_to_look_at(two: Shop) -> None:
    read(two, statement(two, {70001: "twice"}))
    told = bank(two)
    assert [len(p.again) for p in told.payouts] == [1, 0]
    assert told.attention == 1
    assert "70001 came again" in texts(view.page("Hattar", told, None, whole=False))


def test_an_entry_of_qliros_that_is_no_payouts_is_unknown(two: Shop) -> None:
    read(two, statement(two, None, Row(date(2026, 11, 15), Decimal("77.00"), "QLIRO", "Z")))
    (unknown,) = bank(two).unknown
    assert (unknown.amount, unknown.text) == (Decimal(77), "QLIRO")
    assert bank(two).attention == 1


def test_the_same_file_twice_changes_nothing(two: Shop) -> None:
    content = statement(two)
    first = read(two, content)
    before = bank(two)
    again = read(two, content, "copy.xml")
    assert (first.new_statements, first.new_entries) == (1, 3)
    assert (again.new_statements, again.new_entries) == (0, 0)
    assert bank(two) == before


def test_a_longer_statement_over_the_same_days_brings_only_what_is_new(two: Shop) -> None:
    rows = payout_rows(two.world)
    read(two, camt([Sheet(tuple(rows[:1]), *NOVEMBER)]))
    added = read(two, camt([Sheet(tuple(rows), NOVEMBER[0], date(2026, 12, 1), number=2)]))
    assert added.new_entries == 1
    assert states(two) == ["arrived", "arrived"]


def test_only_booked_entries_count(two: Shop) -> None:
    two.later(days=20)
    rows = [
        Row(row.day, row.amount, row.text, row.reference, status="PDNG", name="QLIRO AB")
        for row in payout_rows(two.world)
    ]
    read(two, camt([sheet(two.world, rows)]))
    assert states(two) == ["missing", "missing"]


def test_nothing_personal_of_other_payments_is_kept(two: Shop) -> None:
    read(two, statement(two))
    kept = str(two.store.rows("SELECT * FROM ledger.bank_entry"))
    assert RENT not in kept
    assert "Anna" not in kept
    assert "QLIRO AB" in kept


def test_several_statements_of_a_file_and_their_gaps(two: Shop) -> None:
    rows = payout_rows(two.world)
    total = sum((row.amount for row in rows), Decimal(10000))
    read(two, camt([
        Sheet((), date(2026, 10, 1), date(2026, 10, 31), number=1),
        Sheet(tuple(rows), date(2026, 11, 10), date(2026, 11, 16), number=2),
        Sheet((), date(2026, 11, 20), date(2026, 11, 30), opening=total, number=3),
    ]))  # fmt: skip
    assert [(reach.first, reach.last) for reach in bank(two).reach] == [
        (date(2026, 10, 1), date(2026, 11, 30))
    ]
    assert states(two) == ["arrived", "arrived"]


def test_days_that_no_statement_covers_prove_nothing(two: Shop) -> None:
    read(two, camt([
        Sheet((), date(2026, 10, 1), date(2026, 10, 31), opening=Decimal(5), number=1),
        Sheet((), date(2026, 11, 17), date(2026, 11, 30), number=2),
    ]))  # fmt: skip
    assert states(two) == ["not_held", "not_held"]
    assert bank(two).attention == 0


def test_a_payout_of_these_days_is_awaited(two: Shop) -> None:
    read(two, camt([Sheet((), date(2026, 11, 1), date(2026, 11, 14))]))
    assert states(two) == ["awaited", "awaited"]


def test_two_payouts_as_one_entry(two: Shop) -> None:
    total = sum(amounts(two), Decimal(0))
    batch = Row(date(2026, 11, 16), total, "Insättning", "B1", parts=tuple(amounts(two)),
                name="QLIRO AB")  # fmt: skip
    read(two, camt([Sheet((batch,), *NOVEMBER)]))
    assert states(two) == ["together", "together"]
    assert bank(two).attention == 0


def mixed(payout: Decimal, *, told: Decimal | None = None) -> bytes:
    """A batch of what Bo Ek paid and of a payout; ``told`` is what the bank booked for both."""
    total = payout + 500 if told is None else told
    row = Row(date(2026, 11, 15), total, "Insättning", "B1", parts=(Decimal(500), payout),
              name="QLIRO AB")  # fmt: skip
    return camt([Sheet((row,), *NOVEMBER)]).replace(b"QLIRO AB", b"Bo Ek", 1)


def test_a_payout_in_a_batch_with_others_payments_arrives_and_nothing_of_theirs_is_kept(
    two: Shop,
) -> None:
    first, _ = amounts(two)
    read(two, mixed(first))
    assert (one(two, "70001").state, bank(two).unknown) == ("arrived", ())
    rows = two.store.rows("SELECT amount, looks, text FROM ledger.bank_entry ORDER BY looks")
    assert [(row["amount"], row["looks"]) for row in rows] == [(Decimal(500), False), (first, True)]
    assert "Bo Ek" not in str(rows)
    assert read(two, mixed(first), "copy.xml").new_entries == 0


def test_a_batch_whose_parts_do_not_add_up_stays_one_entry_without_others_texts(two: Shop) -> None:
    first, _ = amounts(two)
    read(two, mixed(first, told=first + 400))
    (row,) = two.store.rows("SELECT amount, text FROM ledger.bank_entry")
    assert (row["amount"], row["text"]) == (first + 400, "QLIRO AB")


def test_parts_of_a_batch_that_go_out_are_taken_off() -> None:
    row = Row(date(2026, 11, 16), Decimal(6), "x", "B1", parts=(Decimal(10), Decimal(4)))
    content = camt([Sheet((row,), *NOVEMBER)])
    content = content.replace(b'4</Amt>', b'4</Amt><CdtDbtInd>DBIT</CdtDbtInd>')
    (read_,) = read_camt(content)
    assert read_.problems == ()


def test_parts_of_a_batch_that_do_not_come_to_it_are_told(two: Shop) -> None:
    batch = Row(date(2026, 11, 16), Decimal(10), "x", "B1", parts=(Decimal(4), Decimal(5)))
    read(two, camt([Sheet((batch,), *NOVEMBER)]))
    assert "has parts that come to 9" in bank(two).odd[0]


def test_balances_that_do_not_add_up_are_told(two: Shop) -> None:
    rows = payout_rows(two.world)
    read(two, camt([Sheet(tuple(rows), *NOVEMBER, closing=Decimal(1))]))
    assert "its closing balance is 1" in bank(two).odd[0]


def test_a_text_decides_only_among_equals(two: Shop) -> None:
    first, _ = amounts(two)
    day = date(2026, 11, 14)
    rows = [
        Row(day, first, "Kund", "1", name="Bo Ek"),
        Row(day + timedelta(days=1), first, "Insättning", "2", name="QLIRO AB"),
    ]
    read(two, camt([Sheet(tuple(rows), *NOVEMBER)]))
    told = one(two, "70001")
    assert told.entry is not None
    assert told.entry.day == day + timedelta(days=1)
    assert told.again == ()


def test_without_a_word_of_qliro_amount_and_day_are_enough_in_time_and_not_late(two: Shop) -> None:
    first, second = amounts(two)
    rows = [
        Row(date(2026, 11, 15), first, "Bg", "1"),
        Row(date(2026, 11, 28), second, "Bg", "2"),
    ]
    read(two, camt([Sheet(tuple(rows), *NOVEMBER)]))
    assert states(two) == ["arrived", "missing"]
    assert one(two, "70001").evidence == ("by amount and day alone",)


def test_a_negative_payout_is_a_debit_and_a_debt_is_nothing(shop: OpenShop) -> None:
    made = shop()
    made.trouble("negative_payout")
    made.run()
    read(made, statement(made))
    assert states(made) == ["arrived"]
    made.settings({"negative_payout": "debt"})
    assert states(made) == ["no_money"]


def test_a_payout_in_another_currency_is_looked_for_in_both(shop: OpenShop) -> None:
    made = shop()
    made.trouble("foreign_currency_payout")
    made.run()
    read(made, statement(made))
    (told,) = bank(made).payouts
    assert (told.state, told.currency) == ("arrived", "SEK")


def test_a_reversal_of_something_unknown_is_no_payout(two: Shop) -> None:
    two.later(days=20)
    first, second = amounts(two)
    rows = [
        Row(date(2026, 11, 15), first, "Kund", "1", reversal=True),
        Row(date(2026, 11, 15), second, "Insättning", "2", name="QLIRO AB"),
    ]
    read(two, camt([Sheet(tuple(rows), *NOVEMBER)]))
    assert states(two) == ["missing", "arrived"]


def test_an_entry_that_two_statements_count_from_one_is_one_entry(two: Shop) -> None:
    def counted(rows: list[Row], number: int) -> bytes:
        content = camt([Sheet(tuple(rows), *NOVEMBER, number=number)])
        return content.replace(b"AcctSvcrRef>", b"NtryRef>")

    first, second = payout_rows(two.world)
    before = Row(first.day, Decimal(5), "x", "001")
    read(two, counted([replace(first, reference="001"), replace(second, reference="002")], 1))
    added = read(two, counted(
        [before, replace(first, reference="002"), replace(second, reference="003")], 2
    ))  # fmt: skip
    assert added.new_entries == 1
    assert bank(two).attention == 0


CSV = {
    "bank.csv": {
        "columns": ["skip", "day", "text", "text", "amount"], "day": "%Y/%m/%d", "header_rows": 2,
    }
}  # fmt: skip


def swedish(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace(",", "\u00a0").replace(".", ",")


def test_csv_by_the_declared_columns(shop: OpenShop) -> None:
    made = shop(**CSV)
    made.trouble("clean_sale")
    made.run()
    (amount,) = amounts(made)
    rows = [
        "Kontoutdrag;;;;", "Nr;Datum;Text;Avsändare;Belopp",
        f"1;2026/11/16;Insättning;Qliro AB;{swedish(amount)}",
        "2;2026/11/25;Hyra;Anna;\u2212500,00",
    ]  # fmt: skip
    content = ("\ufeff" + "\r\n".join(rows) + "\r\n").encode()
    read(made, content, "bank.csv")
    assert states(made) == ["arrived"]
    assert read(made, content, "bank.csv").new_entries == 0


def test_a_csv_in_another_currency_covers_no_days_of_the_books_own(shop: OpenShop) -> None:
    columns = {"columns": ["day", "currency", "text", "amount"], "header_rows": 0}
    made = shop(**{"bank.csv": columns})
    made.trouble("clean_sale")
    made.run()
    made.later(days=20)
    read(made, b"2026-11-01;EUR;Hyra;-5,00\n2026-11-30;EUR;Hyra;-5,00\n", "bank.csv")
    assert [(one.currency, one.first.day) for one in bank(made).reach] == [("EUR", 1)]
    assert states(made) == ["not_held"]


def test_a_csv_row_that_does_not_read_refuses_the_file_with_its_line(shop: OpenShop) -> None:
    made = shop(**CSV)
    content = b"a\nb\n1;2026-11-16;t;t;5,00\n2;2026/11/16;t;t;fem\n3;2026/11/16\n"
    with pytest.raises(FileError) as error:
        read(made, content, "bank.csv")
    assert [(one.place.line, one.message) for one in error.value.findings] == [
        (3, "'2026-11-16' is no day written as %Y/%m/%d."),
        (4, "'fem' is no amount with ',' before its decimals."),
        (5, "it has 2 columns, 5 are declared."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "decimal", "amount"),
    [
        ("1234,50", ",", "1234.50"), ("1 234,50", ",", "1234.50"), ("1.234,50", ",", "1234.50"),
        ("-1\u00a0234\u00a0567,5", ",", "-1234567.5"), ("\u2212 5", ",", "-5"), ("+5", ",", "5"),
        ("1,234.50", ".", "1234.50"), ("1234", ".", "1234"),
        # Written otherwise than declared: a hundred times as much, or nothing at all.
        ("1234.50", ",", None), ("1.23", ",", None), ("1234,50", ".", None),
        ("12.345.6", ",", None), ("1.2345,00", ",", None), ("1_000,00", ",", None),
        ("1e3", ",", None), ("NaN", ",", None),
        ("", ",", None), ("\u0661", ",", None), ("5 kr", ",", None),
    ],
)  # fmt: skip
def test_an_amount_is_read_as_declared_or_not_at_all(
    text: str, decimal: str, amount: str | None
) -> None:
    if amount is None:
        with pytest.raises(ValueError, match="is no amount"):
            csv_file._amount(text, decimal)
    else:
        assert csv_file._amount(text, decimal) == Decimal(amount)


def test_an_amount_that_no_account_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="more than any account holds"):
        csv_file._amount("100000000000000", ",")


def test_what_is_no_csv_is_refused(shop: OpenShop) -> None:
    with pytest.raises(FileError, match="is no CSV"):
        read(shop(**CSV), b'a\nb\n1;2026/11/16;"t";t;"5,00\n', "bank.csv")


def test_a_csv_without_declared_columns_says_what_to_declare(two: Shop) -> None:
    with pytest.raises(UsageError, match=r"tells no columns of a CSV"):
        read(two, b"1;2;3\n", "bank.csv")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]><Document/>', "declares a document type"),
        (b"<Document><BkToCstmrAcctRpt/></Document>", "camt.052"),
        (b"<Document><BkToCstmrDbtCdtNtfctn/></Document>", "camt.054"),
        (b'<?xml version="1.0" encoding="foo"?><a/>', "line 1: unknown encoding: foo"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "line 1: multi-byte encodings"),
        (
            b"<Document><BkToCstmrStmt><Stmt><Ntry><Amt>999999999999999</Amt>"
            b"<CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts></Ntry></Stmt></BkToCstmrStmt></Document>",
            "'999999999999999' is no amount",
        ),
        (
            b"<Document><BkToCstmrStmt><Stmt><Ntry><Amt>5</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
            b"<Sts>BOOK</Sts><BookgDt><DtTm>9999-12-31T23:59:59Z</DtTm></BookgDt></Ntry></Stmt>"
            b"</BkToCstmrStmt></Document>",
            "is no day",
        ),
        (b"<html><body/></html>", "holds body, and no statement"),
        (b"<Document><BkToCstmrStmt></BkToCstmrStmt></Document>", "holds no statement"),
        (b"<Document><BkToCstmrStmt><Stmt>", "no element found"),
        (
            b"<Document><BkToCstmrStmt><Stmt><Ntry><Amt>-5</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
            b"<Sts>BOOK</Sts></Ntry></Stmt></BkToCstmrStmt></Document>",
            "no sign",
        ),
    ],
)
def test_what_is_no_statement_is_refused_in_a_sentence(content: bytes, words: str) -> None:
    with pytest.raises(CamtError, match=words):
        read_camt(content)


def test_a_file_that_cannot_be_read_is_named_with_its_line(two: Shop) -> None:
    with pytest.raises(FileError, match=r"bank\.xml:1:1: no-statement"):
        read(two, b"<Document><BkToCstmrAcctRpt/></Document>")


def test_a_day_with_a_zone_stays_the_banks_day() -> None:
    row = Row(date(2026, 11, 27), Decimal(5), "x")
    (read_,) = read_camt(camt([Sheet((row,), *NOVEMBER)]))
    assert read_.entries[0].day == date(2026, 11, 27)
    assert (read_.account, read_.first, read_.last) == (ACCOUNT, *NOVEMBER)


def test_a_time_in_utc_is_the_swedish_day() -> None:
    row = Row(date(2026, 11, 27), Decimal(5), "x")
    content = camt([Sheet((row,), *NOVEMBER)]).replace(
        b"<BookgDt><Dt>2026-11-27+01:00</Dt></BookgDt>",
        b"<BookgDt><DtTm>2026-11-26T23:30:00Z</DtTm></BookgDt>",
    ).replace(b"2026-11-01T00:00:00+01:00", b"2026-10-31T23:00:00Z")
    (read_,) = read_camt(content)
    assert (read_.entries[0].day, read_.first) == (date(2026, 11, 27), NOVEMBER[0])


def test_the_order_in_which_files_come_decides_nothing(shop: OpenShop, tmp_path: Path) -> None:
    made = shop()
    for name in ("clean_sale", "invoice_missing", "fee_with_vat"):
        made.trouble(name)
    made.run()
    made.later(days=20)
    rows = payout_rows(made.world, {70001: "twice", 70002: "short"})
    files = [
        camt([Sheet(tuple(rows[start::2]), *NOVEMBER, number=start)]) for start in (0, 1)
    ]
    found: list[Any] = []
    for order in (files, files[::-1]):
        made.store.execute("DELETE FROM ledger.bank_entry")
        made.store.execute("DELETE FROM ledger.bank_statement")
        for number, content in enumerate(order):
            read(made, content, f"{number}.xml")
        found.append(bank(made))
    assert found[0].payouts == found[1].payouts
    assert found[0].unknown == found[1].unknown


def test_the_report_says_of_the_bank_what_the_statements_say(two: Shop) -> None:
    def proof() -> tuple[str, tuple[tuple[str, Decimal | None], ...]]:
        told = gather(two.store, "shop", two.merchant.settings, two.clock.now())
        found = next(one for one in told.proofs if one.of == "bank")
        return found.verdict, found.failing

    two.later(days=20)
    assert proof() == ("unproved", ())
    rows = payout_rows(two.world, {70001: "short"})
    read(two, camt([Sheet((), date(2026, 11, 1), date(2026, 11, 12), number=1)]))
    assert proof() == ("unproved", ())
    read(two, camt([Sheet(tuple(rows), date(2026, 11, 1), date(2026, 11, 30), number=2)]))
    assert proof() == ("fails", (("70001", Decimal(-1)),))
    two.store.execute("DELETE FROM ledger.bank_entry")
    stray = Row(date(2026, 11, 15), Decimal("77.00"), "QLIRO", "Z")
    read(two, camt([Sheet((*payout_rows(two.world), stray), *NOVEMBER, number=4)]))
    assert proof() == ("fails", (("2026-11-15", Decimal(77)),))
    two.store.execute("DELETE FROM ledger.bank_entry")
    read(two, camt([Sheet(tuple(payout_rows(two.world)), *NOVEMBER, number=3)]))
    assert proof() == ("holds", ())


@pytest.mark.parametrize(
    ("columns", "words"),
    [(["day", "text"], "does not name amount"), (["day", "day", "amount"], "names day 2 times")],
)
def test_columns_without_a_day_or_an_amount_are_refused_when_the_file_is_read(
    shop: OpenShop, columns: list[str], words: str
) -> None:
    with pytest.raises(FileError, match=words):
        _ = shop(**{"bank.csv": {"columns": columns}}).merchant
