"""Made histories: repeatable, complete, and without a krona made or lost."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.generator import MONTH_TROUBLES, Shop, clean, generate, month
from engine.sandbox.history import settle
from engine.sandbox.qliro.api import batch_shape, signed, summary, totals, visible
from engine.sandbox.transport import fortnox_client, qliro_client
from engine.sandbox.troubles.by_name import TROUBLES
from engine.sandbox.troubles.references import invoice_arrives, invoice_is_booked
from engine.sandbox.world.world import STOCKHOLM, Conventions, World

SEEDS = st.integers(min_value=0, max_value=10_000)
MARKETS = (("SE", "SEK"), ("FI", "EUR"), ("NO", "NOK"), ("DK", "DKK"))
DISAGREEING = {"payout_total_disagrees", "payout_summary_disagrees", "unknown_action"}


def balances(world: World) -> bool:
    """Whether every payout's totals and summaries are the sums of its lines, by hand."""
    plain = Conventions()
    for batch in world.batches.values():
        accepted = visible(batch, world.now(), "Accepted")
        groups = {"Debit": Decimal(0), "Credit": Decimal(0), "Fee": Decimal(0)}
        for line in accepted:
            groups["Fee" if line.type == "Fee" else line.action] += line.amount
        shape = batch_shape(batch, world, 0)
        told = summary(accepted, plain, batch.summary_off_by)
        net = groups["Debit"] - groups["Credit"] - groups["Fee"]
        if (shape["TotalAmount"], shape["TotalFeeAmount"]) != (net, groups["Fee"]):
            return False
        if any(told[f"{name}TransactionsTotalSum"] != amount for name, amount in groups.items()):
            return False
    return True


def plain(world: World) -> Any:
    return world.batches, world.invoices, world.payments, world.qliro_orders


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, markets=st.integers(1, 4), refunds=st.integers(0, 60))
def test_payouts_are_the_sums_of_their_lines(seed: int, markets: int, refunds: int) -> None:
    shop = Shop(markets=MARKETS[:markets], refunds=refunds, chargebacks=30, partial_captures=40)
    assert balances(generate(seed, shop))


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_invoices_less_credits_are_what_qliro_settled(seed: int) -> None:
    world = generate(seed, Shop(refunds=40, partial_captures=40, chargebacks=0))
    lines = [i for b in world.batches.values() for i in b.lines if i.type == "Transaction"]
    assert sum(map(signed, lines)) == sum(i.total for i in world.invoices.values())
    references = {i.external1 for i in world.invoices.values()}
    assert all(line.reference in references for line in lines)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_the_same_seed_makes_the_same_world(seed: int) -> None:
    assert plain(generate(seed)) == plain(generate(seed))
    assert plain(month(seed).world) == plain(month(seed).world)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS)
def test_what_one_order_was_refunded_is_never_more_than_it_was_captured_for(seed: int) -> None:
    world = generate(seed, Shop(refunds=60, partial_captures=50))
    for order in world.qliro_orders.values():
        sums = {"Capture": Decimal(0), "Refund": Decimal(0), "Preauthorization": Decimal(0)}
        for item in order.transactions:
            sums[item.type] += item.amount
        assert sums["Refund"] <= sums["Capture"] == sums["Preauthorization"]


def test_a_foreign_payout_is_worth_its_total_at_its_rate() -> None:
    world = generate(7, Shop(markets=MARKETS))
    foreign = [b for b in world.batches.values() if b.currency != "SEK"]
    assert {b.currency for b in foreign} == {"EUR", "NOK", "DKK"}
    for batch in foreign:
        net, _ = totals(batch.lines)
        assert batch.fx_rate is not None
        assert batch.fx_total == (net * batch.fx_rate).quantize(Decimal("0.01"))


def test_the_month_is_mostly_clean_with_its_troubles_in_it() -> None:
    demo = month()
    lines = [line for batch in demo.world.batches.values() for line in batch.lines]
    assert len(demo.world.batches) == 9
    assert 130 <= len(lines) <= 190
    names = [trouble.name for trouble in demo.troubles]
    assert names == [*MONTH_TROUBLES, "payout_total_disagrees"]
    days = [batch.day for batch in demo.world.batches.values()]
    assert demo.world.today() - timedelta(days=31) < min(days)
    assert max(days) < demo.world.today()


def test_the_month_ends_with_any_day() -> None:
    demo = month(now=datetime(2028, 2, 29, 6, 0, tzinfo=STOCKHOLM))
    assert max(b.day for b in demo.world.batches.values()) == date(2028, 2, 28)
    assert [year.first.year for year in demo.world.years.values()] == [2027, 2028]


def test_ten_thousand_clean_lines_are_made_and_listed_in_a_moment() -> None:
    began = time.monotonic()
    world = clean(10_000)
    assert time.monotonic() - began < 10  # 0.3 s on an idle core
    world.limits.rate_limit = None
    began = time.monotonic()
    with fortnox_client(world) as fortnox, qliro_client(world) as qliro:
        for page in range(1, 21):
            fortnox.get("invoices", params={"limit": 500, "page": page})
        qliro.get("settlements/GetSettlementsByBatchId", params={"Id": 70001})
    assert time.monotonic() - began < 10  # 0.3 s on an idle core
    references = [i.external1 for i in world.invoices.values()]
    (batch,) = world.batches.values()
    assert [line.reference for line in batch.lines] == references


# -- troubles -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TROUBLES)
def test_every_trouble_says_what_it_is_and_what_it_made(name: str) -> None:
    world = empty_world()
    trouble = TROUBLES[name](world)
    assert TROUBLES[name].__doc__
    assert trouble.name == name
    assert set(trouble.batches) == set(world.batches)
    assert set(trouble.invoices) <= set(world.invoices)
    held = [line for batch in world.batches.values() for line in batch.lines]
    assert set(map(id, trouble.lines)) <= set(map(id, held))
    assert trouble.expect in {
        "posted",
        "adopted",
        "waiting",
        "parked",
        "payout parked",
        "outside",
        "refused",
    }


@pytest.mark.parametrize("name", TROUBLES)
def test_every_trouble_balances_unless_that_is_the_trouble(name: str) -> None:
    world = empty_world()
    TROUBLES[name](world)
    world.conventions = Conventions()
    if name == "unknown_action":
        return
    assert balances(world) is (name not in DISAGREEING)


@pytest.mark.parametrize("name", TROUBLES)
def test_every_trouble_is_answered_by_both_apis(name: str) -> None:
    world = empty_world()
    world.limits.rate_limit = None
    world.access.required = False
    trouble = TROUBLES[name](world)
    with qliro_client(world) as qliro, fortnox_client(world) as fortnox:
        for id in trouble.batches[:1]:
            response = qliro.get("settlements/GetSettlementsByBatchId", params={"Id": id})
            assert response.status_code == 200
        for number in trouble.invoices:
            assert fortnox.get(f"invoices/{number}").status_code == 200


def test_troubles_can_be_strewn_over_payouts_that_are_there() -> None:
    world = generate(5)
    into = next(iter(world.batches))
    before = len(world.batches[into].lines)
    trouble = TROUBLES["fee_with_vat"](world, into=into)
    assert trouble.batches == (into,)
    assert len(world.batches[into].lines) == before + 2
    assert {line.settled for line in trouble.lines} == {world.batches[into].day}
    assert balances(world)


def test_waiting_invoices_arrive_and_are_booked_now() -> None:
    world = empty_world()
    world.clock.advance(60)
    missing = TROUBLES["invoice_missing"](world)
    (invoice,) = invoice_arrives(world, missing)
    assert (invoice.external1, invoice.total) == (missing.references[0], missing.amounts[0])
    assert invoice.modified == world.now()
    unbooked = TROUBLES["invoice_unbooked"](world)
    invoice_is_booked(world, unbooked)
    held = world.invoices[unbooked.invoices[0]]
    assert held.booked
    assert held.voucher is not None


def test_a_payout_can_be_added_to() -> None:
    world = empty_world()
    sale = TROUBLES["clean_sale"](world)
    batch = settle(world, sale.lines, into=sale.batches[0])
    assert totals(batch.lines)[0] == 2 * sale.amounts[0]
