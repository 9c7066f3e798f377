"""Which invoice: the fields, the prefix, the candidates, and how few calls it takes to find it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from shop import OpenShop, Shop

from engine.report.explain import explain
from engine.report.explain_histories import OUTCOMES
from engine.sandbox.history import new_fortnox_order, new_invoice, new_sale, pay, payout_day
from engine.sandbox.trouble import made

SEARCHED = ["YourOrderNumber", "OurReference", "YourReference"]


def test_the_merchants_reference_in_the_payout_reference_field_decides(shop: OpenShop) -> None:
    one = shop()
    one.trouble("clean_sale")
    one.run()
    (line,) = one.lines()
    told = explain(one.store, line["line"])["lines"][0]["stories"][0]["trace"]["match"]
    assert told["step"] == "payout reference"


def test_the_order_id_decides_when_merchant_references_are_not_used(shop: OpenShop) -> None:
    one = shop(use_merchant_reference=False)
    one.trouble("order_id_in_payout_field")
    one.run()
    assert one.lines()[0]["reference"] == "4900001"
    assert one.states() == ["posted"]


@pytest.mark.parametrize("name", ["reference_with_prefix", "reference_before_prefix"])
def test_the_prefix_matches_invoices_written_before_and_after_it_was_set(
    shop: OpenShop, name: str
) -> None:
    one = shop(payment_reference_prefix="QLIRO-")
    one.trouble(name)
    one.run()
    assert one.states() == ["posted"]


def test_a_waiting_line_is_found_when_the_prefix_is_set_later(shop: OpenShop) -> None:
    one = shop()
    one.trouble("reference_with_prefix")
    one.run()
    assert one.states() == ["waiting"]
    one.settings({"payment_reference_prefix": "QLIRO-"})
    one.run()
    assert one.states() == ["posted"]
    assert one.interims() == {}
    assert len(one.vouchers()) == 1


def test_the_transfer_is_not_posted_again_when_the_prefix_is_set_later(shop: OpenShop) -> None:
    one = shop()
    one.trouble("clean_sale")
    one.trouble("invoice_missing")
    one.run()
    posted = one.posted
    one.settings({"payment_reference_prefix": "QLIRO-"})
    one.run()
    assert one.posted == posted


# -- what must win --------------------------------------------------------------------------------


def test_an_exactly_equal_balance_wins_and_the_loser_is_told(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("same_reference_exact_balance_wins")
    one.run()
    loser, winner = trouble.invoices
    assert [payment.invoice for payment in one.payments()] == [winner]
    (line,) = one.lines()
    match = explain(one.store, line["line"])["lines"][0]["stories"][0]["trace"]["match"]
    assert [str(loser), "payout reference",
            "its balance is 400.00, the line is 250.00"] in match["losers"]  # fmt: skip


def test_a_line_is_explained_once_by_whatever_names_it_with_one_look(
    shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shop()
    one.trouble("same_reference_exact_balance_wins")
    one.run()
    (line,) = one.lines()
    told = explain(one.store, line["line"])
    asked: list[object] = []
    rows = one.store.rows

    def noted(query: str, parameters: Any = ()) -> list[dict[str, Any]]:
        asked.extend([parameters["sources"]] if query == OUTCOMES else ())
        return rows(query, parameters)

    monkeypatch.setattr(one.store, "rows", noted)
    names = ("payout", "reference", "document", "number", "delivery", "OrderId",
             "PaymentTransactionId")  # fmt: skip
    for name in names:
        assert [line["line"]] == [
            found["line"] for found in explain(one.store, str(line[name]))["lines"]
        ], name
    asked.clear()
    assert explain(one.store, line["line"]) == told
    assert asked == [sorted((line["line"], line["payout"]))]


def test_equal_lines_and_invoices_pair_oldest_with_oldest(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("equal_twins_pair_oldest_first")
    one.run()
    assert [payment.invoice for payment in one.payments()] == list(trouble.invoices)


def test_of_two_equal_invoices_the_oldest_is_paid_and_the_other_stays_open(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("equal_twins_one_line")
    one.run()
    oldest, other = trouble.invoices
    assert (one.balance(oldest), one.balance(other)) == (0, Decimal("250.00"))


def test_a_lost_database_does_not_make_the_younger_twin_paid_too(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("equal_twins_one_line")
    one.run()
    posted = one.posted
    one.lose_the_database()
    one.run()
    assert one.posted == posted
    assert one.states() == ["adopted"]
    assert one.balance(trouble.invoices[1]) == Decimal("250.00")


def test_a_payment_of_an_earlier_capture_is_not_taken_for_the_later_ones(shop: OpenShop) -> None:
    one = shop()
    sale = new_sale(one.world, Decimal("250.00"))
    assert sale.invoice is not None
    earlier = new_invoice(one.world, Decimal("250.00"), day=sale.invoice.day,
                          reference=sale.order.reference)  # fmt: skip
    pay(one.world, earlier, Decimal("250.00"), 1581, day=earlier.day)
    made(one.world, "second capture", [sale.line])
    one.run()
    assert one.states() == ["posted"]
    assert one.balance(sale.invoice) == 0


def test_what_could_be_several_is_parked_with_all_of_them(shop: OpenShop) -> None:
    one = shop()
    first, second = one.trouble("ambiguous_same_reference").invoices
    one.run()
    assert one.reasons() == [
        "several invoices carry its reference and none is exactly it: "
        f"{first} (balance 300.00), {second} (balance 400.00)"
    ]


def test_a_refund_waits_for_a_credit_invoice_and_is_not_taken_off_the_sale(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("refund_without_credit_invoice")
    one.run()
    assert one.reasons() == [
        f"no invoice fits (invoice {trouble.invoices[0]}: its total is 310.00, and a refund "
        "settles a credit invoice only)"
    ]


@pytest.mark.parametrize(
    "name", ["similar_reference", "reference_in_other_case", "empty_reference", "invoice_missing"]
)
def test_nothing_but_the_very_reference_matches_and_never_the_amount_alone(
    shop: OpenShop, name: str
) -> None:
    one = shop()
    one.trouble(name)
    one.run()
    assert one.states() == ["waiting"]
    assert one.payments() == []


# -- fields that lists do not show ----------------------------------------------------------------


def sales(one: Shop, field: str, wanted: int, others: int) -> None:
    """Some sales whose reference stands in ``field``, and invoices that nobody asks about."""
    world = one.world
    lines = []
    for number in range(wanted + others):
        sale = new_sale(world, invoiced=False)
        new_invoice(world, sale.line.amount, day=sale.line.completed.date(), field=field,
                    reference=sale.order.reference)  # fmt: skip
        if number < wanted:
            lines.append(sale.line)
    made(world, "sales", lines)


@pytest.mark.parametrize("field", SEARCHED)
def test_few_lines_among_many_invoices_cost_a_search_and_a_page_each(
    shop: OpenShop, field: str
) -> None:
    one = shop(payout_reference_field=field)
    sales(one, field, wanted=2, others=10)
    one.run()
    assert one.states() == ["posted", "posted"]
    searches = [path for path in one.requests("GET", "/3/invoices") if f"{field.lower()}=" in path]
    pages = one.requests("GET", "/3/invoices/")
    assert (len(searches), len(pages)) == (2, 2)
    before = len(one.world.journal)
    one.run()
    assert not [e for e in one.world.journal[before:] if "/3/invoices/" in e.path]


@pytest.mark.parametrize("field", SEARCHED)
def test_many_lines_among_few_invoices_cost_a_page_each_and_no_search(
    shop: OpenShop, field: str
) -> None:
    one = shop(payout_reference_field=field)
    sales(one, field, wanted=5, others=0)
    one.run()
    assert one.states() == ["posted"] * 5
    assert not [path for path in one.requests("GET", "/3/invoices") if f"{field.lower()}=" in path]
    assert len(one.requests("GET", "/3/invoices/")) == 5


@pytest.mark.parametrize("field", SEARCHED)
def test_a_search_that_found_nothing_is_not_repeated_until_invoices_change(
    shop: OpenShop, field: str
) -> None:
    one = shop(payout_reference_field=field)
    for _ in range(4):
        new_invoice(one.world, Decimal("80.00"), day=payout_day(one.world), field=field,
                    reference=f"other {_}")  # fmt: skip
    sale = new_sale(one.world, invoiced=False)
    made(one.world, "lost", [sale.line])
    one.run()
    count = len(one.requests("GET", "/3/invoices"))
    one.run()
    again = one.requests("GET", "/3/invoices")[count:]
    assert not [path for path in again if f"{field.lower()}=" in path]
    one.later(days=1)
    invoice = new_invoice(one.world, sale.line.amount, day=sale.line.completed.date(),
                          field=field, reference=sale.order.reference,
                          modified=one.world.now())  # fmt: skip
    one.run()
    assert one.states(Amount=sale.line.amount) == ["posted"]
    assert one.balance(invoice) == 0


def test_an_order_number_is_reached_through_the_order_in_two_calls(shop: OpenShop) -> None:
    one = shop(payout_reference_field="OrderReference")
    invoice = new_invoice(one.world, Decimal("120.00"), day=new_sale(one.world).line.settled)
    order = new_fortnox_order(one.world, invoice, day=invoice.day)
    sale = new_sale(one.world, Decimal("120.00"), invoiced=False, reference=str(order.number))
    made(one.world, "by order", [sale.line])
    one.run()
    assert one.states() == ["posted"]
    assert one.requests("GET", "/3/orders/") == [f"/3/orders/{order.number}"]
    assert one.requests("GET", "/3/invoices/") == [f"/3/invoices/{invoice.number}"]


@pytest.mark.parametrize("name", ["reference_is_ocr", "reference_is_document_number",
                                  "reference_in_second_external"])  # fmt: skip
def test_fields_that_lists_show_cost_no_call_of_their_own(shop: OpenShop, name: str) -> None:
    field = {
        "reference_is_ocr": "OCR",
        "reference_is_document_number": "DocumentNumber",
        "reference_in_second_external": "ExternalInvoiceReference2",
    }[name]
    one = shop(payout_reference_field=field, second_reference_field="ExternalInvoiceReference1")
    one.trouble(name)
    one.run()
    assert one.states() == ["posted"]
    assert one.requests("GET", "/3/invoices/") == []
    assert len(one.requests("GET", "/3/invoices")) == 1
