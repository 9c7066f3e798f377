"""Every number of the report, recomputed from what was posted and what Qliro told, another way."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from shop import OpenShop, Shop

from engine.report.payouts import pictured
from engine.report.payouts.gather import gather, lines
from engine.report.payouts.model import Line, Period, Report

ZERO = Decimal(0)
TROUBLES = (
    "clean_sale", "clean_refund_with_credit_invoice", "invoice_missing",
    "ambiguous_same_reference", "fee_with_vat", "fee_exceeding_line", "fee_of_waiting_line",
    "fee_refund", "several_fees_on_a_line",
    "lump_fee_without_order", "chargeback_with_fee", "already_paid_on_interim_account",
    "already_paid_elsewhere", "rounding_within_tolerance", "overpayment", "part_payment",
    "payout_total_disagrees", "pending_lines", "rejected_lines", "zero_amount_line",
)  # fmt: skip


def gathered(shop: Shop, period: Period | None = None) -> Report:
    return gather(shop.store, "shop", shop.merchant.settings, shop.clock.now(), period)


def told(shop: Shop, report: Report) -> list[Line]:
    return list(lines(shop.store, [one.key for one in report.payouts]))


def oere(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


@pytest.fixture
def full(shop: OpenShop, request: pytest.FixtureRequest) -> Shop:
    """A shop with one of everything, after a run."""
    made = shop(**getattr(request, "param", {}))
    for name in TROUBLES:
        made.trouble(name)
    made.run()
    return made


MODES = [{"fees.mode": "write_off"}, {"fees.mode": "voucher"}, {"fees.mode": "none"}]
every_mode = pytest.mark.parametrize("full", MODES, indirect=True, ids=lambda one: one["fees.mode"])


def posted_bytes(shop: Shop) -> list[tuple[str, dict[str, Any]]]:
    """(payout, document) of each document that was sent and is there, read from the very bytes."""
    sent = shop.store.rows(
        "SELECT action, step, event, body FROM ledger.event ORDER BY seq"
    )
    intents = shop.store.rows("SELECT action, payout FROM ledger.action ORDER BY rowid")
    payout = {row["action"]: row["payout"] for row in intents}
    bodies: dict[str, dict[str, Any]] = {}
    last: dict[tuple[str, str], str] = {}
    for row in sent:
        if row["step"] == "create" and row["event"] == "sending":
            bodies[row["action"]] = json.loads(row["body"], parse_float=Decimal)
        last[row["action"], row["step"]] = row["event"]
    return [
        (payout[action], body)
        for action, body in bodies.items()
        if all(event == "done" for (whose, _), event in last.items() if whose == action)
    ]


def rows_of(body: dict[str, Any]) -> Iterable[tuple[str, Decimal, Decimal]]:
    """(account, debit, credit) of a document, as an accountant reads it."""
    if "Voucher" in body:
        for row in body["Voucher"]["VoucherRows"]:
            yield str(row["Account"]), Decimal(row["Debit"]), Decimal(row["Credit"])
    elif "InvoicePayment" in body:
        payment = body["InvoicePayment"]
        parts = [(payment["ModeOfPaymentAccount"], Decimal(payment["Amount"]))]
        parts += [(one["AccountNumber"], Decimal(one["Amount"])) for one in payment["WriteOffs"]] \
            if "WriteOffs" in payment else []  # fmt: skip
        for account, amount in parts:
            yield str(account), max(amount, ZERO), max(-amount, ZERO)
        total = sum(amount for _, amount in parts)
        yield "", max(-total, ZERO), max(total, ZERO)


@every_mode
def test_totals_per_account_are_what_the_posted_bytes_add_up_to(full: Shop) -> None:
    expected: dict[str, dict[str, list[Decimal]]] = defaultdict(
        lambda: defaultdict(lambda: [ZERO, ZERO])
    )
    for payout, body in posted_bytes(full):
        for account, debit, credit in rows_of(body):
            expected[payout][account][0] += debit
            expected[payout][account][1] += credit
    for line in full.lines(state="adopted"):  # not sent by us: as it stands in Fortnox
        payment = full.world.payments[int(line["number"])]
        for account, amount in ((str(payment.account), payment.amount), ("", -payment.amount)):
            expected[line["payout"]][account][amount < 0] += abs(amount)
    report = gathered(full)
    assert sum(bool(one.accounts) for one in report.payouts) >= 3
    for payout in report.payouts:
        found = {one.number: [one.debit, one.credit] for one in payout.accounts}
        wanted = {number: both for number, both in expected[payout.key].items() if any(both)}
        assert found == wanted, payout.key
        assert payout.debit == payout.credit


def test_write_offs_in_another_currency_are_in_the_totals_at_the_payments_own_rate(
    shop: OpenShop,
) -> None:
    made = shop(**{"fees.mode": "write_off"})
    made.trouble("foreign_currency_payout")
    made.run()
    wanted: dict[str, Decimal] = defaultdict(Decimal)
    for _, body in posted_bytes(made):
        payment = body.get("InvoicePayment", {})
        for one in payment.get("WriteOffs", ()):
            assert one["Currency"] == "EUR"
            kronor = oere(Decimal(one["Amount"]) * Decimal(payment["CurrencyRate"]))
            wanted[str(one["AccountNumber"])] += kronor
    assert wanted == {"6570": Decimal("22.20"), "2641": Decimal("5.55")}  # 2.00 and 0.50 at 11.10
    (payout,) = gathered(made).payouts
    found = {one.number: one.debit - one.credit for one in payout.accounts}
    assert {number: found[number] for number in wanted} == wanted
    assert payout.debit == payout.credit
    assert payout.foreign == 2


@every_mode
def test_sums_of_the_first_page_are_those_of_qliros_own_lines(full: Shop) -> None:
    sold = back = fees = vat = other = ZERO
    for row in full.store.rows("SELECT * FROM qliro.settlement_line WHERE Status = 'Accepted'"):
        amount, kind = row["Amount"], row["Type"]
        if kind == "Transaction" and row["Action"] == "Debit":
            sold += amount
        elif kind == "Transaction":
            back -= amount
        elif kind == "Fee":
            fees -= amount
            bare = row["AmountExcludingVat"]
            vat -= amount - oere(bare) if bare is not None else ZERO
        else:
            other -= amount
    (total,) = gathered(full).totals
    found = total.sums
    assert (found.sold, found.given_back, found.fees, found.vat, found.other) == (
        sold, back, fees, vat, other,
    )  # fmt: skip
    batches = full.store.rows("SELECT TotalAmount FROM qliro.settlement_batch")
    assert total.paid_out == sum(one["TotalAmount"] for one in batches)


@every_mode
def test_the_rows_of_a_payout_add_up_to_its_sums_and_show_every_line_once(full: Shop) -> None:
    report = gathered(full)
    rows = told(full, report)
    assert len(rows) == report.rows
    for payout in report.payouts:
        mine = [one for one in rows if one.payout == payout.key and not one.outside]
        sums = payout.sums
        assert sum(one.net for one in mine) == sums.net
        assert sum(one.fee for one in mine) == sums.fees
        assert sum(one.vat for one in mine) == sums.vat
        if payout.holds:
            assert sums.net == payout.paid_out


@every_mode
def test_the_picture_of_an_interim_account_ends_at_what_the_run_says_that_it_holds(
    full: Shop,
) -> None:
    report = gathered(full)
    ends: dict[str, tuple[Decimal, Decimal]] = {}
    for one in pictured.days(full.store, [payout.key for payout in report.payouts]):
        ends[one.account] = (one.held, one.must)
    assert len(ends) > 1
    for interim in report.interim:
        assert ends.get(interim.account, (ZERO, ZERO)) == (interim.held, interim.must)


@every_mode
def test_shares_of_fees_add_up_to_all_that_was_sold_and_charged(full: Shop) -> None:
    report = gathered(full)
    (total,) = report.totals
    found = pictured.shares(full.store, [payout.key for payout in report.payouts])
    assert sum(one.sold for one in found) == total.sums.sold
    assert sum(one.fees for one in found) == total.sums.fees


def test_shares_of_fees_of_two_currencies_are_not_mixed(shop: OpenShop) -> None:
    made = shop()
    for name in ("clean_sale", "foreign_currency_payout"):
        made.trouble(name)
    made.run()
    report = gathered(made)
    found = pictured.shares(made.store, [payout.key for payout in report.payouts])
    assert len(report.totals) == 2
    for total in report.totals:
        mine = [one for one in found if one.currency == total.currency]
        assert sum(one.sold for one in mine) == total.sums.sold
        assert sum(one.fees for one in mine) == total.sums.fees


@every_mode
def test_each_row_names_the_documents_that_stand_in_fortnox(full: Shop) -> None:
    payments = {str(one.number): one for one in full.world.payments.values()}
    named = 0
    for row in told(full, gathered(full)):
        for document in row.documents:
            if document.called == "payment":
                payment = payments[document.number]
                assert str(payment.invoice) == row.invoice
                named += 1
                if document.adopted:  # what others booked tells no voucher
                    continue
                assert payment.voucher is not None
                assert document.voucher == f"{payment.voucher.series} {payment.voucher.number}"
        if row.state in ("posted", "adopted"):
            assert row.documents, row
    assert named
