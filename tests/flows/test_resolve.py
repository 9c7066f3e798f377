"""What a person decides of a parked line, and what the next run makes of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from shop import OpenShop, Posted, rows_of

from engine.errors import UsageError
from engine.report.explain import explain
from engine.sandbox.history import fee_line, new_sale
from engine.sandbox.trouble import made

BANK, SUSPENSE, FEE = 1930, 2999, 6570


def test_a_chosen_candidate_is_paid(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("ambiguous_same_reference")
    one.run()
    (line,) = one.lines()
    assert line["code"] == "ambiguous"
    assert all(str(number) in line["reason"] for number in trouble.invoices)
    one.resolve(line["line"], "invoice", trouble.invoices[1])
    one.run()
    assert one.states() == ["posted"]
    assert [payment.invoice for payment in one.payments()] == [trouble.invoices[1]]
    assert one.balance(trouble.invoices[1]) == Decimal("150.00")
    assert one.balance(trouble.invoices[0]) == Decimal("300.00")
    assert one.interims() == {}


def test_a_chosen_invoice_need_not_carry_the_reference(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("invoice_missing")
    other = new_sale(one.world, trouble.amounts[0])
    assert other.invoice is not None
    one.run()
    one.resolve(one.lines()[0]["line"], "invoice", other.invoice.number)
    one.later(days=1)
    one.run()
    assert one.states() == ["posted"]
    assert one.balance(other.invoice) == 0


def test_an_ignored_line_keeps_who_when_and_why_and_nothing_is_posted_for_it(
    shop: OpenShop,
) -> None:
    one = shop()
    one.trouble("already_paid_elsewhere")
    one.run()
    (line,) = one.lines()
    one.resolve(line["line"], "ignore", reason="paid on the bank account, verifikat A 12")
    report = one.run()
    (line,) = one.lines()
    assert line["state"] == "ignored"
    assert line["reason"] == "paid on the bank account, verifikat A 12"
    assert report.exit_code == 0
    (told,) = explain(one.store, line["line"])["lines"]
    (kept,) = told["resolutions"]
    assert (kept["who"], kept["kind"]) == ("Anna", "ignore")
    assert kept["noted_at"] is not None
    assert one.posted == Posted(0, 1)
    assert one.payouts()[0]["closed"]


def test_what_nobody_recognises_goes_to_suspense_only_when_a_person_says_so(
    shop: OpenShop,
) -> None:
    one = shop()
    sale = new_sale(one.world, Decimal("100.00"), invoiced=False)
    made(one.world, "unknown", [sale.line, fee_line(sale.line, Decimal("5.00"))])
    one.run()
    assert one.states() == ["waiting", "waiting"]
    assert one.change(SUSPENSE) == 0
    one.resolve(one.lines(Type="Transaction")[0]["line"], "suspense", reason="nobody knows it")
    one.run()
    (voucher,) = one.vouchers("D")
    assert rows_of(voucher) == {1581: Decimal("100.00"), SUSPENSE: Decimal("-100.00")}
    assert one.change(FEE) == Decimal("4.00")
    assert one.states() == ["posted", "posted"]
    assert one.interims() == {}
    assert one.payouts()[0]["closed"]


def test_retry_takes_a_line_up_again(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("overpayment")
    one.run()
    one.settings({"overpayment": "suspense"})
    one.resolve(one.lines()[0]["line"], "retry")
    one.run()
    assert one.states() == ["posted"]
    assert one.balance(trouble.invoices[0]) == 0


def test_a_posted_line_cannot_be_resolved(shop: OpenShop) -> None:
    one = shop()
    one.trouble("clean_sale")
    one.run()
    with pytest.raises(UsageError, match="already posted; nothing is reversed by itself"):
        one.resolve(one.lines()[0]["line"], "ignore", reason="no")


@pytest.mark.parametrize(
    ("kind", "detail", "reason", "says"),
    [
        ("ignore", "", "", "Why?"),
        ("suspense", "", " ", "Why?"),
        ("invoice", "", "", "Which invoice?"),
        ("forget", "", "x", "no way to resolve"),
    ],
)
def test_a_decision_that_lacks_something_is_asked_back(
    shop: OpenShop, kind: str, detail: str, reason: str, says: str
) -> None:
    one = shop()
    one.trouble("invoice_missing")
    one.run()
    with pytest.raises(UsageError, match=says):
        one.resolve(one.lines()[0]["line"], kind, detail, reason)


def test_a_later_decision_replaces_the_earlier_one(shop: OpenShop) -> None:
    one = shop()
    trouble = one.trouble("ambiguous_same_reference")
    one.run()
    line = one.lines()[0]["line"]
    one.resolve(line, "ignore", reason="booked by hand")
    one.run()
    assert one.states() == ["ignored"]
    one.later(seconds=5)
    one.resolve(line, "invoice", trouble.invoices[0])
    one.run(str(trouble.batches[0]))
    assert one.states() == ["posted"]


@pytest.mark.parametrize("kind", ["suspense", "invoice", "retry"])
def test_a_line_of_a_payout_that_does_not_balance_can_only_be_ignored(
    shop: OpenShop, kind: str
) -> None:
    one = shop(**{"conventions.fee": "plus"})
    sale = new_sale(one.world, Decimal("100.00"))
    made(one.world, "with fee", [sale.line, fee_line(sale.line, Decimal("5.00"))])
    one.run()
    (line,) = one.lines(Type="Transaction")
    assert line["code"] == "payout-disagrees"
    detail = sale.invoice.number if sale.invoice and kind == "invoice" else ""
    with pytest.raises(UsageError, match="does not balance") as caught:
        one.resolve(line["line"], kind, detail, reason="x")
    assert f"explain {line['payout']}" in caught.value.remedy
    assert not one.store.rows("SELECT * FROM ledger.resolution")
    one.resolve(line["line"], "ignore", reason="booked by hand")


def test_a_number_is_taken_only_for_what_was_sent(shop: OpenShop) -> None:
    one = shop()
    one.trouble("invoice_missing")
    one.run()
    (line,) = one.lines()
    with pytest.raises(UsageError, match=r"Nothing was sent for line .* stand in Fortnox as 17"):
        one.resolve(line["line"], "retry", 17)
    one.resolve(line["line"], "retry")


@pytest.mark.parametrize("kind", ["ignore", "suspense"])
def test_what_may_have_been_posted_is_looked_for_before_anything_else_is_decided(
    shop: OpenShop, kind: str
) -> None:
    one = shop()
    one.trouble("clean_sale")
    one.run()
    line = one.lines()[0]["line"]
    one.store.execute(
        "UPDATE ledger.line_state SET state = 'parked', code = 'undecided' WHERE line = ?", [line]
    )
    with pytest.raises(UsageError, match=r"not known yet whether payment-.* was posted"):
        one.resolve(line, kind, reason="x")


def test_only_a_sale_or_refund_settles_an_invoice_and_a_fee_is_not_in_suspense(
    shop: OpenShop,
) -> None:
    one = shop(chargeback="park")
    one.trouble("chargeback")
    invoice = next(iter(one.world.invoices))
    sale = new_sale(one.world, Decimal("100.00"), invoiced=False)
    made(one.world, "with fee", [sale.line, fee_line(sale.line, Decimal("5.00"))])
    one.run()
    (chargeback,) = one.lines(Type="Chargeback")
    with pytest.raises(UsageError, match="is a chargeback, and only a sale or a refund"):
        one.resolve(chargeback["line"], "invoice", invoice)
    (fee,) = one.lines(Type="Fee")
    with pytest.raises(UsageError, match="fees have accounts of their own"):
        one.resolve(fee["line"], "suspense", reason="x")


@pytest.mark.parametrize("kind", ["retry", "suspense", "invoice"])
def test_only_aside_goes_what_qliro_took_back_after_it_was_posted(
    shop: OpenShop, kind: str
) -> None:
    one = shop()
    trouble = one.trouble("batch_shrinks_later")
    one.run()
    one.later(days=1.1)
    one.run()
    (gone,) = one.lines(vanished=True)
    with pytest.raises(UsageError, match="was booked or transferred before Qliro took it out"):
        one.resolve(gone["line"], kind, trouble.invoices[0] if kind == "invoice" else "", "x")
    assert not one.store.rows("SELECT * FROM ledger.resolution")


@pytest.mark.parametrize("kind", ["retry", "suspense", "invoice"])
def test_only_aside_goes_what_no_document_can_be_made_of(shop: OpenShop, kind: str) -> None:
    """No sign is declared for an action that Qliro has not had so far."""
    one = shop()
    sale = new_sale(one.world, Decimal("100.00"))
    odd = replace(sale.line, action="Reversal")
    made(one.world, "an odd action", [odd])
    one.run()
    (line,) = one.lines()
    assert (line["state"], line["code"]) == ("parked", "unreadable")
    assert sale.invoice is not None
    with pytest.raises(UsageError, match=f"Line {line['line']} can't be read") as caught:
        one.resolve(line["line"], kind, sale.invoice.number if kind == "invoice" else "", "x")
    assert line["reason"] in caught.value.message
    assert not one.store.rows("SELECT * FROM ledger.resolution")
    one.resolve(line["line"], "ignore", reason="booked by hand")
    one.run()
    assert one.states() == ["ignored"]
