"""Vouchers that stand in Fortnox already: adopted when they book the same, never by text alone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from shop import OpenShop, Shop, rows_of

from engine.errors import Exit, UsageError
from engine.report.explain import explain
from engine.sandbox.history import fee_line, new_sale, settle
from engine.sandbox.world.faults import Fault, clear, plan
from engine.sandbox.world.world import Voucher, VoucherRow

D = Decimal


def paid_out(opened: Shop) -> int:
    """A payout of one sale and a fee of its own, posted: two vouchers. Gives its batch."""
    sold = new_sale(opened.world, D("100.00"))
    lump = replace(fee_line(sold.line, D("5.00")), transaction=None, order=0)
    batch = settle(opened.world, [sold.line, lump])
    opened.run()
    assert opened.posted.vouchers == 2
    return batch.id


def booked_anew(opened: Shop, old: Voucher, rows: tuple[VoucherRow, ...]) -> None:
    """Somebody corrects a voucher in Fortnox."""
    opened.world.vouchers[old.key] = replace(old, rows=rows, modified=opened.world.now())


def test_a_lost_database_adopts_the_vouchers_of_an_unchanged_payout(shop: OpenShop) -> None:
    opened = shop()
    paid_out(opened)
    before = opened.posted
    opened.lose_the_database()
    report = opened.run()
    assert opened.posted == before
    assert report.exit_code == Exit.OK
    assert set(opened.states()) == {"adopted"}
    assert opened.payouts()[0]["transfer"] == "adopted"


def test_a_voucher_of_the_same_text_is_not_adopted_for_a_payout_that_grew(shop: OpenShop) -> None:
    opened = shop()
    batch = paid_out(opened)
    opened.lose_the_database()
    more = new_sale(opened.world, D("50.00"))
    late = replace(fee_line(more.line, D("2.00")), transaction=None, order=0)
    settle(opened.world, [more.line, late], into=batch)
    vouchers, bank = opened.posted.vouchers, opened.change(1930)
    report = opened.run()
    assert opened.posted.vouchers == vouchers
    assert opened.change(1930) == bank
    assert report.exit_code == Exit.ATTENTION
    (payout,) = opened.payouts()
    assert payout["transfer"] == "parked"
    number = f"T/{opened.vouchers('T')[0].key.number}/"
    told = payout["transfer_reason"]
    assert number in told
    assert "debit 95.00 on 1930" in told
    assert "debit 143.00 on 1930" in told
    assert "correct" in told
    assert explain(opened.store, f"T{number.split('/')[1]}")["payouts"][0]["payout"] == str(batch)
    fees = opened.lines(Type="Fee")
    assert [one["code"] for one in fees] == ["voucher-differs", "voucher-differs"]
    assert opened.states(Type="Transaction") == ["adopted", "posted"]
    for kind in ("retry", "suspense"):
        with pytest.raises(UsageError, match="stands in Fortnox already, with other amounts"):
            opened.resolve(fees[0]["line"], kind, reason="x")
    again = opened.posted
    opened.later(days=1)
    opened.run()
    assert opened.posted == again


def test_a_voucher_that_was_corrected_until_it_agrees_is_adopted(shop: OpenShop) -> None:
    opened = shop()
    paid_out(opened)
    old = opened.vouchers("T")[0]
    fewer = (VoucherRow(1930, D("90.00")), VoucherRow(1581, D(0), D("90.00")))
    booked_anew(opened, old, fewer)
    opened.lose_the_database()
    opened.run()
    assert opened.payouts()[0]["transfer"] == "parked"
    opened.later(days=1)
    booked_anew(opened, old, old.rows)
    opened.run()
    assert opened.payouts()[0]["transfer"] == "adopted"
    assert rows_of(opened.vouchers("T")[0]) == rows_of(old)


def test_of_two_vouchers_of_the_same_text_the_one_that_books_the_same_is_adopted(
    shop: OpenShop,
) -> None:
    opened = shop()
    paid_out(opened)
    mine = opened.vouchers("T")[0]
    key = replace(mine.key, number=mine.key.number - 1)
    rows = (VoucherRow(1930, D("1.00")), VoucherRow(1581, D(0), D("1.00")))
    opened.world.vouchers[key] = replace(mine, key=key, rows=rows)
    opened.lose_the_database()
    opened.run()
    assert opened.payouts()[0]["transfer"] == "adopted"
    assert f"T/{mine.key.number}/" in opened.payouts()[0]["transfer_reason"]


def test_a_voucher_whose_rows_cannot_be_read_is_waited_for(shop: OpenShop) -> None:
    opened = shop()
    paid_out(opened)
    before = opened.posted
    opened.lose_the_database()
    plan(opened.world, Fault("truncated", times=9, method="GET", path=r"^/3/vouchers/T/\d+"))
    opened.run()
    assert opened.posted == before
    assert opened.payouts()[0]["transfer"] == "waiting"
    opened.later(seconds=900)
    clear(opened.world)
    opened.run()
    assert opened.posted == before


@pytest.mark.parametrize("removed", [True, False])
def test_rows_that_a_correction_struck_do_not_count(shop: OpenShop, removed: bool) -> None:
    opened = shop()
    paid_out(opened)
    opened.later(seconds=3600)
    opened.lose_the_database()
    opened.plan()
    opened.store.execute(
        "INSERT INTO fortnox.voucher_row SELECT * REPLACE (99.00 AS Debit, ? AS Removed) "
        "FROM fortnox.voucher_row WHERE VoucherSeries = 'T' AND Account = 1930",
        [removed],
    )
    opened.run()
    assert opened.payouts()[0]["transfer"] == ("adopted" if removed else "parked")
