"""Decisions without a terminal: the sheet that comes back is taken down whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from shop import OpenShop, Shop

from engine.errors import FileError, UsageError
from engine.report.payouts.choices import kinds_of_line
from engine.report.payouts.decided import take_down
from engine.report.payouts.gather import gather
from engine.report.payouts.model import Report
from engine.report.resolve import resolve
from engine.show.report import write
from engine.show.report.returned import read
from engine.show.report.words import Language, words


@pytest.fixture
def parked(shop: OpenShop) -> Shop:
    made = shop()
    made.trouble("clean_sale")
    for name in ("ambiguous_same_reference", "invoice_missing", "already_paid_elsewhere"):
        made.trouble(name)
    made.run()
    return made


def gathered(shop: Shop) -> Report:
    return gather(shop.store, "shop", shop.merchant.settings, shop.clock.now())


def sheet(
    shop: Shop,
    folder: Path,
    filled: Mapping[str, Mapping[str, Any]],
    language: Language = "sv",
) -> Path:
    """The sheet of the shop's report, with cells filled in by the ref of their row and title."""
    path = folder / "report.xlsx"
    write.write(shop.store, gathered(shop), language, "xlsx", path)
    book = openpyxl.load_workbook(path)
    page = book[words(language).of("To decide")]
    titles = {page.cell(1, at).value: at for at in range(1, page.max_column + 1)}
    for row in range(2, page.max_row + 1):
        for title, value in filled.get(str(page.cell(row, 1).value), {}).items():
            page.cell(row, titles[title]).value = value
    book.save(path)
    return path


def line_in(shop: Shop, code: str) -> str:
    (found,) = [one for one in shop.lines() if one["code"] == code]
    return str(found["line"])


def taken(shop: Shop, path: Path) -> list[str]:
    found = take_down(shop.store, shop.merchant.settings, shop.clock.now(), read(path))
    return [f"{one.kind} {one.detail}".strip() for one in found]


def resolutions(shop: Shop) -> int:
    return int(shop.store.value("SELECT count(*) FROM ledger.resolution"))


def test_what_is_filled_in_is_taken_down_and_carried_out(parked: Shop, tmp_path: Path) -> None:
    several, paid = line_in(parked, "ambiguous"), line_in(parked, "already-paid")
    report = gather(parked.store, "shop", parked.merchant.settings, parked.clock.now())
    (item,) = [one for one in report.to_decide if one.ref == several]
    invoice = item.candidates[0].invoice
    path = sheet(parked, tmp_path, {
        several: {"Beslut": "Betala en faktura", "Nummer i Fortnox": int(invoice), "Namn": "Anna"},
        paid: {"Beslut": "Lämna åt sidan", "Motivering": "bokförd för hand, A 17", "Namn": "Anna"},
    })  # fmt: skip
    assert sorted(taken(parked, path)) == ["ignore", f"invoice {invoice}"]
    parked.run()
    states = {one["line"]: one["state"] for one in parked.lines()}
    assert (states[several], states[paid]) == ("posted", "ignored")


@pytest.mark.parametrize(
    ("cells", "code", "title"),
    [
        ({"Beslut": "Betala en faktura", "Namn": "Anna"}, "no-number", "Nummer i Fortnox"),
        ({"Beslut": "Betala en faktura", "Nummer i Fortnox": 999999, "Namn": "Anna"},
         "not-possible", "Nummer i Fortnox"),
        ({"Beslut": "Lämna åt sidan", "Namn": "Anna"}, "no-reason", "Motivering"),
        ({"Beslut": "Försök igen"}, "no-name", "Namn"),
        ({"Beslut": "Den finns i Fortnox", "Nummer i Fortnox": 3, "Namn": "Anna"},
         "no-such-way", "Beslut"),
        ({"Beslut": "Kanske", "Namn": "Anna"}, "no-decision", "Beslut"),
        ({"Namn": "Anna"}, "no-decision", "Beslut"),
        ({"Beslut": "Försök igen", "Namn": "Anna", "Stämpel": "old"}, "outdated", "Stämpel"),
        ({"Post": None, "Beslut": "Försök igen", "Namn": "Anna"}, "no-item", "Post"),
    ],
)  # fmt: skip
def test_one_impossible_row_refuses_the_whole_with_row_and_column(
    parked: Shop, tmp_path: Path, cells: dict[str, Any], code: str, title: str
) -> None:
    good, bad = line_in(parked, "already-paid"), line_in(parked, "ambiguous")
    path = sheet(parked, tmp_path, {
        good: {"Beslut": "Lämna åt sidan", "Motivering": "A 17", "Namn": "Anna"}, bad: cells,
    })  # fmt: skip
    with pytest.raises(FileError) as refused:
        taken(parked, path)
    (finding,) = refused.value.findings
    page = openpyxl.load_workbook(path)["Att besluta"]
    row = next(one for one in range(2, page.max_row + 1)
               if page.cell(one, 1).value == cells.get("Post", bad))  # fmt: skip
    assert (finding.code, finding.place.line) == (code, row)
    assert page.cell(1, finding.place.column).value == title
    assert resolutions(parked) == 0


def test_a_sheet_is_refused_in_its_own_words_and_by_the_names_of_its_cells(
    parked: Shop, tmp_path: Path
) -> None:
    bad = line_in(parked, "ambiguous")

    def refused(title: str, value: str, language: Language, **more: str) -> str:
        path = sheet(parked, tmp_path, {bad: {title: value, **more}}, language)
        with pytest.raises(FileError) as told:
            taken(parked, path)
        return str(told.value).partition(": ")[2]

    row = 2 + [one.ref for one in gathered(parked).to_decide].index(bad)
    ways = "Pay an invoice, To the suspense account, Set aside, Try again, It stands in Fortnox"
    assert refused("Decision", "Perhaps", "en") == (
        f"no-decision: Perhaps is no decision. Choose for Decision (L{row}) one of: {ways}."
    )
    assert refused("Namn", "Anna", "sv").startswith(
        "no-decision: Nothing is decided, and Namn is filled in. "
        f"Choose for Beslut (L{row}) one of: Betala en faktura, "
    )
    assert refused("Decision", "It stands in Fortnox", "en", Name="Anna",
                   **{"Number in Fortnox": "3"}) == (
        f"no-such-way: {bad} can't be decided so (It stands in Fortnox). The ways, for Decision "
        f"(L{row}): Pay an invoice, To the suspense account, Set aside, Try again."
    )  # fmt: skip
    assert refused("Decision", "Pay an invoice", "en", Name="Anna") == (
        f"no-number: Which invoice is to be paid by {bad}? Fill in Number in Fortnox (M{row})."
    )


def test_of_two_open_items_of_an_order_either_can_be_decided(
    parked: Shop, tmp_path: Path
) -> None:
    now = parked.clock.now()
    parked.store.append("ledger.order_state", [("4711", now.date(), False, "", now)],
                        ("OrderId", "OrderDate", "closed", "digest", "noted_at"))  # fmt: skip
    parked.store.append(
        "ledger.order_item",
        [("4711", name, "4711", "parked", name, name) for name in ("changed_order", "shipment")],
        ("OrderId", "mapping", "source", "state", "code", "reason"),
    )
    path = sheet(parked, tmp_path, {"4711": {"Beslut": "Försök igen", "Namn": "Anna"}})
    both = read(path)
    assert len({one.stamp for one in both}) == 2
    for one in both:
        taken = take_down(parked.store, parked.merchant.settings, now, [one])
        assert [told.ref for told in taken] == ["4711"]


def test_without_a_suspense_account_nothing_is_to_be_booked_there(shop: OpenShop) -> None:
    made = shop(**{"accounts.suspense": None})
    made.trouble("invoice_missing")
    made.run()
    (item,) = gathered(made).to_decide
    assert [choice.kind for choice in item.choices] == ["invoice", "ignore", "retry"]


def test_a_report_older_than_the_state_is_refused(parked: Shop, tmp_path: Path) -> None:
    paid = line_in(parked, "already-paid")
    path = sheet(parked, tmp_path, {
        paid: {"Beslut": "Lämna åt sidan", "Motivering": "A 17", "Namn": "Anna"}})  # fmt: skip
    assert taken(parked, path) == ["ignore"]
    parked.run()
    with pytest.raises(FileError, match="not open any more"):
        taken(parked, path)
    assert resolutions(parked) == 1


def test_the_sheet_saved_as_csv_says_the_same(parked: Shop, tmp_path: Path) -> None:
    paid = line_in(parked, "already-paid")
    path = sheet(parked, tmp_path, {
        paid: {"Beslut": "Lämna åt sidan", "Motivering": "bokförd; å", "Namn": "Åsa"}})  # fmt: skip
    rows = openpyxl.load_workbook(path)["Att besluta"].iter_rows(values_only=True)
    as_csv = tmp_path / "beslut.csv"
    told = [";".join('"' + str(one or "").replace('"', '""') + '"' for one in row) for row in rows]
    as_csv.write_text("\r\n".join(told), "cp1252")
    assert read(as_csv)[0].who == "Åsa"
    assert taken(parked, as_csv) == ["ignore"]


@pytest.mark.parametrize("content", [b"", b"not a book", b"PK\x03\x04"])
def test_what_is_no_book_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="no Excel book"):
        read(path)


def test_a_book_whose_sheet_is_cut_is_refused_with_a_sentence(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Post", "Beslut"])
    book.save(tmp_path / "whole.xlsx")
    path = tmp_path / "cut.xlsx"
    with ZipFile(tmp_path / "whole.xlsx") as whole, ZipFile(path, "w") as cut:
        for name in whole.namelist():
            content = whole.read(name)
            most = len(content) // 3 if name.endswith("sheet1.xml") else len(content)
            cut.writestr(name, content[:most])
    with pytest.raises(UsageError, match="no Excel book"):
        read(path)


def test_bytes_that_are_no_text_are_refused_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"Post;Beslut\r\n\x81\x8d;x\r\n")
    with pytest.raises(UsageError, match="is no text"):
        read(path)


def test_a_sheet_without_its_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("Post;Beslut\r\n1;ignore\r\n", "utf-8")
    with pytest.raises(FileError, match="no column"):
        read(path)


def test_every_way_that_is_offered_is_one_that_resolve_takes(parked: Shop) -> None:
    """And what is not offered, resolve refuses, or it would need an answer that was lost."""
    detail = {"invoice": "1001"}
    for line in parked.lines():
        if line["state"] not in ("parked", "waiting"):
            continue
        offered = kinds_of_line(line)
        for kind in ("invoice", "ignore", "suspense", "retry"):
            took = True
            try:
                with parked.store.transaction():
                    resolve(parked.store, parked.clock.now(), "Anna", line["line"], kind,
                            detail.get(kind, ""), "because")  # fmt: skip
                    raise InterruptedError
            except UsageError:
                took = False
            except InterruptedError:
                pass
            assert took is (kind in offered), (line["code"], line["Type"], kind)
