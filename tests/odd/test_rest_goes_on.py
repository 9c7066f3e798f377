"""An entry of a list that nobody can read stops what it may be, and nothing else: also on the first
day, and for as long as it is answered so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import Exit
from odd.kit import OddOrderShop, OddShop, Spoil, setting

STRANGE = ["x"]  # no number, no reference


def beside(rows: str, **entry: Any) -> Spoil:
    """Puts an entry before those of a list."""

    def spoil(body: Any) -> None:
        body[rows].insert(0, entry)

    return spoil


def told(report: Any) -> list[str]:
    return [str(one) for one in report.findings.findings if one.code == "entry-not-read"]


@pytest.mark.parametrize(
    ("path", "rows", "field"),
    [
        ("/3/invoices", "Invoices", "DocumentNumber"), ("/3/invoices", "Invoices", "Total"),
        ("/3/vouchers/sublist/Q", "Vouchers", "VoucherNumber"),
    ],
)  # fmt: skip
def test_payouts_are_booked_from_the_first_run_on_beside_an_entry_that_is_always_odd(
    tmp_path: Path, read_mappings_once: None, path: str, rows: str, field: str
) -> None:
    shop = OddShop(tmp_path)
    shop.trouble("clean_sale")
    shop.oddly(path, beside(rows, **{"DocumentNumber": "990", field: STRANGE}), times=99)
    for _ in range(2):
        report = shop.run()
        assert told(report)
        assert report.exit_code is Exit.ATTENTION
        assert shop.states() == ["posted"]
    assert len(shop.payments()) == 1


def test_payments_wait_while_one_of_fortnoxs_is_on_nobody_knows_which_invoice(
    tmp_path: Path, read_mappings_once: None
) -> None:
    shop = OddShop(tmp_path)
    first, second = shop.trouble("clean_sale"), shop.trouble("clean_sale")
    path, rows = "/3/invoicepayments", "InvoicePayments"
    strange = {"Number": STRANGE, "Amount": 100}
    odd = shop.oddly(path, beside(rows, **strange), times=99)
    assert len(told(shop.run())) == 1
    assert shop.states() == ["waiting", "waiting"]
    assert all("may be this one" in one for one in shop.reasons())
    # It is on the first one's invoice: only that one may be paid already.
    odd.times = 0
    (number,) = {str(one) for one in first.invoices}
    odd = shop.oddly(path, beside(rows, **strange, InvoiceNumber=number), times=99)
    shop.run()
    assert (shop.states(first), shop.states(second)) == (["waiting"], ["posted"])
    odd.times = 0
    shop.run()
    assert (shop.states(first), shop.states(second)) == (["posted"], ["posted"])
    assert len(shop.payments()) == 2


@pytest.mark.parametrize(
    ("path", "rows", "entry"),
    [
        ("/3/invoices", "Invoices", {"DocumentNumber": "990", "Total": STRANGE, "Balance": 5}),
        ("/3/customers", "Customers", {"CustomerNumber": "990", "Name": STRANGE}),
        ("/3/articles", "Articles", {"ArticleNumber": "990", "Description": STRANGE}),
        ("/3/orders", "Orders", {"DocumentNumber": "990", "Total": STRANGE}),
    ],
)
def test_documents_are_made_beside_one_whose_number_and_references_can_be_read(
    tmp_path: Path, read_mappings_once: None, path: str, rows: str, entry: dict[str, Any]
) -> None:
    shop = OddOrderShop(tmp_path)
    shop.life("captured")
    shop.oddly(path, beside(rows, **entry), times=99)
    report = shop.run()
    assert len(told(report)) == 1
    assert (len(shop.fortnox_orders), len(shop.fortnox_invoices)) == (1, 1)


@pytest.mark.parametrize(
    ("path", "rows", "made"),
    [
        ("/3/invoices", "Invoices", (1, 0)),
        ("/3/customers", "Customers", (0, 0)),
        ("/3/orders", "Orders", (0, 0)),
    ],
)
def test_none_is_made_beside_one_that_may_be_it_and_it_is_once_that_can_be_read(
    tmp_path: Path, read_mappings_once: None, path: str, rows: str, made: tuple[int, int]
) -> None:
    shop = OddOrderShop(tmp_path)
    shop.life("captured")
    odd = shop.oddly(path, beside(rows, Comments="?"), times=99)
    for _ in range(2):
        report = shop.run()
        assert len(told(report)) == 1
        assert (len(shop.fortnox_orders), len(shop.fortnox_invoices)) == made
    assert any("may be this one: row 1" in one.reason for one in report.plan.outcomes)
    odd.times = 0
    shop.run()
    assert (len(shop.fortnox_orders), len(shop.fortnox_invoices)) == (1, 1)


def test_an_invoice_whose_reference_cannot_be_read_in_the_list_is_found_by_its_own_page(
    tmp_path: Path, read_mappings_once: None
) -> None:
    shop = OddOrderShop(tmp_path)
    shop.life("captured")
    shop.run()
    shop.lose_the_database()
    for field in ("ExternalInvoiceReference1", "ExternalInvoiceReference2"):
        shop.oddly("/3/invoices", setting("Invoices", field, STRANGE), times=99)
    report = shop.run()
    assert len(told(report)) == 1
    assert len(shop.fortnox_invoices) == 1
    assert {one.state for one in shop.outcomes(report, "invoice").values()} == {"adopted"}
