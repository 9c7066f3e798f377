"""Situations of payouts: sales, refunds, fees, disputes, currencies, dates, decisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from shop import Shop

from engine.sandbox.history import (
    Sale,
    fee_line,
    lump_fee_line,
    new_credit_invoice,
    new_invoice,
    new_sale,
    payout_day,
    settle,
    transaction_line,
)
from engine.sandbox.trouble import captured, made

from .kit import Live, Stage

REFERENCES = (
    "clean_sale", "clean_refund_with_credit_invoice", "refund_beside_its_sale",
    "second_partial_refund", "refund_without_credit_invoice", "two_captures_one_invoice",
    "two_captures_two_invoices", "order_id_in_second_field", "temporary_reference",
    "invoice_missing", "invoice_unbooked", "invoice_cancelled", "invoice_other_currency",
    "ambiguous_same_reference", "same_reference_exact_balance_wins",
    "equal_twins_pair_oldest_first", "equal_twins_one_line", "similar_reference",
    "similar_reference_beside_the_right_one", "reference_in_other_case", "empty_reference",
    "null_reference",
)  # fmt: skip
AMOUNTS = (
    "fee_with_vat", "fee_without_vat", "several_fees_on_a_line", "fee_on_refund", "fee_refund",
    "fee_exceeding_line", "fee_of_waiting_line", "lump_fee_without_order",
    "fee_of_line_in_other_payout", "part_payment", "overpayment", "rounding_within_tolerance",
    "rounding_at_tolerance", "rounding_beyond_tolerance", "refund_rounding_within_tolerance",
    "zero_amount_line", "duplicate_lines", "already_paid_on_interim_account",
    "already_paid_elsewhere", "unbooked_foreign_payment", "payment_date_before_invoice_date",
    "chargeback", "chargeback_won", "chargeback_with_fee", "foreign_currency_payout",
    "foreign_without_rate",
)  # fmt: skip
PAYOUTS = (
    "negative_payout", "only_refunds_payout", "zero_payout", "empty_payout",
    "payout_total_disagrees", "payout_summary_disagrees", "batch_grows_later",
    "batch_shrinks_later", "pending_becomes_accepted", "batch_relisted_with_new_id",
    "same_batch_id_two_methods", "pending_lines", "rejected_lines", "unknown_status",
    "unknown_line_type", "unknown_action", "unknown_payment_method", "null_payment_method",
    "many_payment_methods",
)  # fmt: skip
# What needs settings of its own, or a company of its own.
ALONE: tuple[tuple[str, dict[str, Any]], ...] = (
    ("reference_with_prefix", {"payment_reference_prefix": "QLIRO-"}),
    ("reference_before_prefix", {"payment_reference_prefix": "QLIRO-"}),
    ("order_id_in_payout_field", {"use_merchant_reference": False}),
    ("reference_in_your_order_number", {"payout_reference_field": "YourOrderNumber"}),
    ("reference_in_our_reference", {"payout_reference_field": "OurReference"}),
    ("reference_in_your_reference", {"payout_reference_field": "YourReference"}),
    ("reference_in_second_external", {
        "payout_reference_field": "ExternalInvoiceReference2",
        "second_reference_field": "ExternalInvoiceReference1",
    }),
    ("reference_is_ocr", {"payout_reference_field": "OCR"}),
    ("reference_is_document_number", {"payout_reference_field": "DocumentNumber"}),
    ("reference_is_order_number", {"payout_reference_field": "OrderReference"}),
    ("missing_financial_year", {"payouts_from": "2024-12-01"}),
    ("invoice_in_closed_year", {"sync.invoice_lookback_days": 400}),
    ("signed_amounts", {"conventions.amounts": "signed"}),
    ("gross_totals", {"conventions.total": "gross"}),
    ("debit_is_refund", {"conventions.debit": "refund"}),
    ("interim_account_inactive", {}), ("interim_account_missing", {}),
    ("series_not_manual", {}), ("series_missing", {}), ("currency_missing", {}),
)  # fmt: skip
LOST = {
    "chargeback": "park", "part_payment": "park", "rounding.policy": "park",
    "dates.before_invoice_date": "park", "unknown_payment_method": "park",
}  # fmt: skip


def _all(shop: Shop, *names: str) -> None:
    for name in names:
        shop.trouble(name)


def found_by_their_references(stage: Stage) -> None:
    _all(stage.payouts(), *REFERENCES)
    stage.run(2)


def fees_written_off(stage: Stage) -> None:
    dimensions = [{"method": "QLIRO_INVOICE", "cost_center": "WEB"},
                  {"country": "SE", "project": "7"}]  # fmt: skip
    shop = stage.payouts(dimensions=dimensions, payment_reference_prefix="Q-")
    shop.world.cost_centers["WEB"], shop.world.projects["7"] = "Webben", "Qliro"
    _all(shop, *AMOUNTS)
    stage.run(2)


def fees_by_voucher(stage: Stage) -> None:
    changes = {"fees.mode": "voucher", "overpayment": "suspense", "dates.payment": "transaction"}
    _all(stage.payouts(**changes), *AMOUNTS)
    stage.run(2)


def fees_left_pending(stage: Stage) -> None:
    _all(stage.payouts(**{"fees.mode": "none"}), *AMOUNTS)
    stage.run()


def what_may_be_left_to_a_person(stage: Stage) -> None:
    _all(stage.payouts(**LOST), *AMOUNTS, "unknown_payment_method", "null_payment_method")
    stage.run()


def odd_payouts(stage: Stage) -> None:
    shop = stage.payouts()
    _all(shop, *PAYOUTS)
    stage.run()
    shop.later(days=1.1)
    stage.run()


def alone(name: str, settings: dict[str, Any]) -> Live:
    """A trouble in a company of its own."""

    def live(stage: Stage) -> None:
        stage.payouts(**settings).trouble(name)
        stage.run(2)

    live.__name__ = name
    return live


def a_debt_to_qliro(stage: Stage) -> None:
    key = "AcquirerName + BatchId + CurrencyCode"
    shop = stage.payouts(**{"negative_payout": "debt", "payouts.key": key})
    _all(shop, "negative_payout", "same_batch_id_two_methods")
    stage.run()


def locked(stage: Stage) -> None:
    """The period is locked; the next open day is taken; it is opened again."""
    shop = stage.payouts(overpayment="suspense")
    _all(shop, "overpayment", "chargeback", "lump_fee_without_order", "locked_period")
    shop.world.locked_until = shop.world.today()
    line = _nobodys(shop)
    stage.run()
    shop.resolve(line, "suspense", reason="nobody knows it")
    stage.run()
    shop.settings({"dates.closed": "next_open_day"})
    stage.run()


def locked_and_opened_again(stage: Stage) -> None:
    shop = stage.payouts()
    _all(shop, "clean_sale", "locked_period")
    stage.run()
    shop.world.locked_until = None
    shop.later(days=1)
    stage.run()


def _nobodys(shop: Shop, **fields: Any) -> str:
    """A sale that no invoice is there for, settled with a fee; gives its line once it is read."""
    sale = new_sale(shop.world, Decimal("100.00"), invoiced=False, **fields)
    made(shop.world, "nobody's", [sale.line, fee_line(sale.line, Decimal("5.00"))])
    shop.plan()
    rows = shop.store.rows(
        "SELECT line FROM qliro.settlement_line WHERE OrderId = ? AND Type = 'Transaction'",
        [sale.order.id],
    )
    return str(rows[0]["line"])


def series_that_are_not_open(stage: Stage) -> None:
    """Of disputes, suspense and overpayments, and of fees."""
    shop = stage.payouts(overpayment="suspense", **{"fees.mode": "voucher"})
    for series in ("D", "Q"):
        shop.world.series[series] = replace(shop.world.series[series], manual=False)
    _all(shop, "overpayment", "chargeback", "lump_fee_without_order")
    line = _nobodys(shop)
    stage.run()
    shop.resolve(line, "suspense", reason="nobody knows it")
    stage.run()
    for series in ("D", "Q"):
        shop.world.series[series] = replace(shop.world.series[series], manual=True)
    shop.later(days=1)
    stage.run()


def without_an_interim_account(stage: Stage) -> None:
    shop = stage.payouts(**{"default_interim_account": None, "unknown_payment_method": "park",
                            "interim_accounts": [{"currency": "EUR", "account": 1580}],
                            "fees.mode": "voucher"})  # fmt: skip
    _all(shop, "clean_sale", "chargeback", "lump_fee_without_order", "fee_with_vat")
    line = _nobodys(shop)
    stage.run()
    shop.resolve(line, "suspense", reason="nobody knows it")
    stage.run()


def accounts_that_fortnox_lacks(stage: Stage) -> None:
    shop = stage.payouts(**{"accounts.fee": 6571})
    _all(shop, "fee_with_vat", "clean_sale", "lump_fee_without_order")
    stage.run()


def _euros(shop: Shop, rate: str | None, paid: str = "", currency: str = "SEK") -> None:
    trouble = shop.trouble("foreign_currency_payout")
    batch = shop.world.batches[trouble.batches[0]]
    number = Decimal(rate) if rate else None
    lines = tuple(replace(line, fx_rate=number, fx_total=None) for line in batch.lines)
    shop.world.batches[batch.id] = replace(
        batch, lines=lines, fx_rate=number, fx_total=Decimal(paid) if paid else None,
        fx_currency=currency if paid else None,
    )  # fmt: skip


def euros_at_qliros_rate(stage: Stage) -> None:
    shop = stage.payouts(overpayment="suspense")
    for paid in ("1636.14", "1640.00", "1630.00", ""):
        _euros(shop, "11.10", paid)
    _euros(shop, "11.10", "149.90", "EUR")
    sale = new_sale(shop.world, Decimal("50.00"), currency="EUR", method="CREDITCARDS")
    more = replace(sale.line, amount=Decimal("80.00"), fx_rate=Decimal("11.10"))
    made(shop.world, "too much", [more])
    dispute = replace(more, type="Chargeback", action="Credit", transaction=more.transaction + 9000)
    made(shop.world, "dispute", [dispute])
    stage.run(2)


def euros_by_other_rates(stage: Stage) -> None:
    for changes in ({"fx.direction": "divide"}, {"fx.rate": "fortnox"},
                    {"fees.mode": "voucher"}):  # fmt: skip
        accounts = [{"currency": "SEK", "account": 1930}, {"currency": "EUR", "account": 1910}]
        shop = stage.payouts(bank_accounts=accounts, **changes)
        _euros(shop, "0.09" if "fx.direction" in changes else "11.10", "1636.14")
        shop.trouble("foreign_without_rate")
        stage.run()


def no_rate_at_all(stage: Stage) -> None:
    """Of a sale, a fee, a dispute, and of what goes to suspense."""
    shop = stage.payouts(**{"fees.mode": "voucher"})
    sale = new_sale(shop.world, Decimal("50.00"), currency="EUR", method="CREDITCARDS")
    made(shop.world, "bare", [sale.line, fee_line(sale.line, Decimal("1.00"))])
    lost = replace(sale.line, type="Chargeback", action="Credit",
                   transaction=sale.line.transaction + 9000)  # fmt: skip
    made(shop.world, "dispute", [lost])
    line = _nobodys(shop, currency="EUR", method="CREDITCARDS")
    stage.run()
    shop.resolve(line, "suspense", reason="nobody knows it")
    stage.run()


def euros_that_grew(stage: Stage) -> None:
    shop = stage.payouts()
    trouble = shop.trouble("foreign_currency_payout")
    batch = shop.world.batches[trouble.batches[0]]
    late = replace(batch.lines[2], appears=shop.world.now() + timedelta(days=1))
    shop.world.batches[batch.id] = replace(batch, lines=(*batch.lines[:2], late))
    stage.run()
    shop.later(days=1.1)
    stage.run()


def _fee_of_a_sale(shop: Shop, net: str | None, rate: str | None) -> None:
    """A sale with a fee of 5.00: its amount without VAT, and the rate that is told."""
    sale = new_sale(shop.world, Decimal("500.00"))
    fee = fee_line(sale.line, Decimal("5.00"), vat_rate=Decimal(rate) if rate else None,
                   excluding_vat=Decimal(net) if net else None)  # fmt: skip
    made(shop.world, "fee", [sale.line, fee])


def vat_of_fees(stage: Stage) -> None:
    """Right, more than the fee, of no rate, not told, told with another rate."""
    for mode in ("write_off", "voucher"):
        shop = stage.payouts(**{"fees.mode": mode})
        for net, rate in (("4.00", "25"), ("6.00", None), ("4.50", "25"), ("3.00", None),
                          (None, None)):  # fmt: skip
            _fee_of_a_sale(shop, net, rate)
        lump = lump_fee_line(shop.world, Decimal("100.00"), day=captured(shop.world))
        made(shop.world, "lump", [replace(lump, excluding_vat=Decimal("79.90"))])
        stage.run()


def decided_by_a_person(stage: Stage) -> None:
    shop = stage.payouts()
    twins = shop.trouble("ambiguous_same_reference")
    _all(shop, "invoice_missing", "already_paid_elsewhere", "overpayment", "duplicate_lines",
         "chargeback")
    stage.run()
    for row in shop.lines():
        if row["code"] == "ambiguous":
            shop.resolve(row["line"], "invoice", twins.invoices[1])
        elif row["code"] == "overpayment":
            shop.settings({"overpayment": "suspense"})
            shop.resolve(row["line"], "retry")
        elif row["state"] == "waiting":
            shop.resolve(row["line"], "suspense", reason="nobody knows it")
        elif row["state"] == "parked":
            shop.resolve(row["line"], "ignore", reason="booked by hand")
    stage.run(2)


def taken_back_and_paid_again(stage: Stage) -> None:
    """A refund that failed at the bank; a sale that was taken back, and paid once more: seen one
    by one, and all at once."""
    for one_by_one in (True, False):
        shop = stage.payouts()
        sale = new_sale(shop.world, Decimal("300.00"))
        made(shop.world, "sale", [sale.line])
        refund = transaction_line(shop.world, sale.order, Decimal("80.00"),
                                  day=captured(shop.world), refund=True)  # fmt: skip
        made(shop.world, "refund", [refund, replace(refund, action="Debit")])
        other = new_sale(shop.world, Decimal("120.00")).line
        for action in ("Debit", "Credit", "Debit"):
            settle(shop.world, [replace(other, action=action)])
            shop.later(days=1)
            if one_by_one:
                stage.run()
        stage.run()
        for row in shop.lines():
            if row["state"] == "parked":
                shop.resolve(row["line"], "retry" if "again" in row["reason"] else "ignore",
                             reason="decided")  # fmt: skip
        stage.run()


def a_refund_larger_than_its_credit(stage: Stage) -> None:
    shop = stage.payouts(overpayment="suspense")
    day = captured(shop.world)
    sale = new_sale(shop.world, Decimal("500.00"), day=day)
    assert sale.invoice is not None
    new_credit_invoice(shop.world, sale.invoice, Decimal("-100.00"), day=day)
    back = transaction_line(shop.world, sale.order, Decimal("130.00"), day=day, refund=True)
    made(shop.world, "refund", [back])
    stage.run(2)


def dated_before_its_invoice(stage: Stage) -> None:
    for changes in ({}, {"dates.before_invoice_date": "park"}):
        shop = stage.payouts(**changes)
        sale = new_sale(shop.world, Decimal("100.00"), invoiced=False)
        day = payout_day(shop.world) + timedelta(days=1)
        new_invoice(shop.world, Decimal("100.00"), day=day, reference=sale.order.reference)
        made(shop.world, "later", [sale.line])
        stage.run()


def a_lost_database(stage: Stage) -> None:
    """What stands is adopted; a voucher of other amounts is not."""
    shop = stage.payouts(overpayment="suspense", **{"fees.mode": "voucher"})
    _all(shop, "clean_sale", "fee_with_vat", "chargeback", "overpayment", "lump_fee_without_order")
    batch = shop.trouble("clean_sale").batches[0]
    line = _nobodys(shop)
    stage.run()
    shop.resolve(line, "suspense", reason="nobody knows it")
    stage.run()
    shop.lose_the_database()
    late: Sale = new_sale(shop.world, Decimal("50.00"))
    settle(shop.world, [late.line], into=batch)
    stage.run(2)


def modes_of_payment(stage: Stage) -> None:
    rows = [{"method": "CREDITCARDS", "terms_of_payment": "QLIRO", "mode_of_payment": "QK"}]
    shop = stage.payouts(payment_methods=rows)
    lines = [new_sale(shop.world, Decimal("200.00"), method=one).line
             for one in ("CREDITCARDS", "QLIRO_INVOICE")]  # fmt: skip
    made(shop.world, "two", lines)
    stage.run()


SITUATIONS: tuple[Callable[[Stage], None], ...] = (
    found_by_their_references, fees_written_off, fees_by_voucher, fees_left_pending,
    what_may_be_left_to_a_person, odd_payouts, *(alone(*one) for one in ALONE), a_debt_to_qliro,
    locked, locked_and_opened_again, series_that_are_not_open, without_an_interim_account,
    accounts_that_fortnox_lacks, euros_at_qliros_rate, euros_by_other_rates, no_rate_at_all,
    euros_that_grew, vat_of_fees, decided_by_a_person, taken_back_and_paid_again,
    a_refund_larger_than_its_credit, dated_before_its_invoice, a_lost_database, modes_of_payment,
)  # fmt: skip
