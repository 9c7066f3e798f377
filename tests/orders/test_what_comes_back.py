"""What comes back has the VAT that it was sold with, whatever the refund says of it.

Each shop sells, is refunded and is looked at on the server's side: total and VAT of each credit,
and what its rows come to by rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from order_shop import OrderShop

from engine.sandbox.lives.lifecycle import capture, captures, lot, pay_out, secure
from engine.sandbox.qliro import operations
from engine.sandbox.world.world import Invoice, Item
from engine.session import RunReport

OpenShop = Callable[..., OrderShop]
CREDITS = ("credit_invoice", "further_credit_invoice")

SHIRT, BOOK = lot("TRÖJA", "399.00"), lot("BOK", "100.00", rate="6")
SALE = lot("RABATT", "-50.00", type="Discount")


def sold(shop: OrderShop, *items: Item) -> int:
    order = secure(shop.world, list(items))
    capture(shop.world, order)
    shop.known.append(str(order.id))
    return order.id


def refunded(
    shop: OrderShop, order: int, amount: str, *items: Item, fee: Item | None = None
) -> str:
    """A refund as somebody's module sends it, its items as they are given."""
    held, (taken,) = shop.world.qliro_orders[order], captures(shop.world, order)
    back = [replace(one, action="Return") for one in items]
    back += [replace(fee, action="Ship")] if fee else []
    made = operations.begin(shop.world, held, "Refund", Decimal(amount), back, original=taken.id,
                       done=True)  # fmt: skip
    shop.later(seconds=60)
    return f"{order}/{made.id}"


def by_amount(shop: OrderShop, order: int, gross: str, net: str, rate: str | None = "25") -> str:
    """One discount line, as one shop module refunds everything."""
    line = replace(lot("Refund", f"-{gross}", type="Discount"), ex=-Decimal(net),
                   vat_rate=None if rate is None else Decimal(rate), action="Ship")  # fmt: skip
    held, (taken,) = shop.world.qliro_orders[order], captures(shop.world, order)
    made = operations.begin(shop.world, held, "Refund", Decimal(gross), [line], original=taken.id,
                       done=True)  # fmt: skip
    shop.later(seconds=60)
    return f"{order}/{made.id}"


def credits(shop: OrderShop) -> list[Invoice]:
    return [one for one in shop.fortnox_invoices if one.total < 0]


def figures(shop: OrderShop) -> list[tuple[str, str]]:
    """Total and VAT of each credit; all of them are booked."""
    assert [one.total for one in credits(shop) if not one.booked] == []
    return [(str(one.total), str(one.vat)) for one in credits(shop)]


def by_rate(invoice: Invoice) -> dict[int, str]:
    sums: dict[int, Decimal] = {}
    for row in invoice.rows:
        sums[int(row.vat)] = sums.get(int(row.vat), Decimal(0)) + row.quantity * row.price
    return {rate: f"{amount:.2f}" for rate, amount in sums.items()}


def run(shop: OrderShop) -> RunReport:
    shop.run()
    return shop.run()


def warnings(report: RunReport) -> list[str]:
    return [one for one in report.plan.warnings if "customer" not in one]


def test_a_shirt_of_25_percent_that_comes_back_told_as_12_is_credited_at_25_and_warned_of(
    order_shop: OpenShop,
) -> None:
    shop = order_shop()
    order = sold(shop, SHIRT, BOOK)
    shop.run()
    otherwise = replace(SHIRT, ex=Decimal("356.25"), vat_rate=Decimal(12))
    back = refunded(shop, order, "399.00", otherwise)
    (told,) = warnings(shop.run())
    assert figures(shop) == [("-399.00", "-79.80")]
    (row,) = credits(shop)[0].rows
    assert (row.account, row.vat) == (3001, 25)
    assert "came back for 399.00 with and 356.25 without VAT, told as 12 %" in told
    assert "sold at 25 %" in told
    assert back in told


@pytest.mark.parametrize("ex", ["399.00", "319.20"])
def test_a_rate_of_0_or_none_tells_nothing_else(order_shop: OpenShop, ex: str) -> None:
    shop = order_shop()
    order = sold(shop, SHIRT, BOOK)
    shop.run()
    rate = Decimal(0) if ex == "319.20" else None
    refunded(shop, order, "399.00", replace(SHIRT, ex=Decimal(ex), vat_rate=rate))
    assert len(warnings(shop.run())) == (1 if ex == "399.00" else 0)
    assert figures(shop) == [("-399.00", "-79.80")]


def test_what_is_told_as_it_was_sold_is_not_warned_of(order_shop: OpenShop) -> None:
    shop = order_shop()
    order = sold(shop, SHIRT, BOOK, SALE)
    shop.run()
    refunded(shop, order, "449.00", SHIRT, BOOK, SALE)
    assert warnings(shop.run()) == []
    assert figures(shop) == [("-449.00", "-75.46")]


def test_a_whole_refund_that_lists_no_discount_is_the_mirror_of_its_invoice(
    order_shop: OpenShop,
) -> None:
    shop = order_shop()
    order = sold(shop, SHIRT, BOOK, SALE)
    shop.run()
    refunded(shop, order, "449.00", SHIRT, BOOK)
    shop.run()
    invoice, credit = shop.fortnox_invoices
    assert (invoice.vat, figures(shop)) == (Decimal("75.46"), [("-449.00", "-75.46")])
    mirrored = [(r.article, r.account, r.vat, -r.quantity * r.price) for r in credit.rows]
    assert mirrored == [(r.article, r.account, r.vat, r.quantity * r.price) for r in invoice.rows]


def test_a_shirt_refunded_without_its_discount_is_refunded_whole(order_shop: OpenShop) -> None:
    """The shop gave 399.00 back of what cost 349.00; then 30.00 by amount; then the rest. What
    stands at 25 % in the end is what was sold at 25 %."""
    shop = order_shop()
    order = sold(shop, SHIRT, BOOK, SALE)
    shop.run()
    refunded(shop, order, "399.00", SHIRT)
    shop.run()
    assert figures(shop) == [("-399.00", "-79.80")]
    by_amount(shop, order, "30.00", "24.00")
    (told,) = warnings(shop.run())
    assert told.startswith("30.00 of an amount was refunded at a VAT rate of which its capture")
    by_amount(shop, order, "20.00", "16.00")
    shop.run()
    assert figures(shop)[1:] == [("-30.00", "-1.70"), ("-20.00", "6.04")]
    assert [by_rate(one) for one in credits(shop)] == [
        {25: "-399.00"}, {6: "-30.00"}, {25: "50.00", 6: "-70.00"},
    ]  # fmt: skip


def test_a_part_comes_back_with_its_share_of_the_discount(order_shop: OpenShop) -> None:
    shop = order_shop()
    order = sold(shop, lot("MUGG", "100.00", 3), BOOK, lot("RABATT", "-50.00", type="Discount"))
    shop.run()
    for amount in ("83.33", "83.33"):
        refunded(shop, order, amount, lot("MUGG", "100.00"))
        shop.run()
    refunded(shop, order, "183.34", lot("MUGG", "100.00"), BOOK)
    shop.run()
    assert [by_rate(one) for one in credits(shop)] == [
        {25: "-83.33"}, {25: "-83.33"}, {25: "-83.34", 6: "-100.00"},
    ]  # fmt: skip


@pytest.mark.parametrize("vat_included", [True, False])
def test_one_line_for_all_that_fits_one_rate_is_of_that_rate(
    order_shop: OpenShop, vat_included: bool
) -> None:
    shop = order_shop(vat_included=vat_included)
    order = sold(shop, lot("STOL", "500.00"), lot("BOK", "212.00", rate="6"))
    shop.run()
    by_amount(shop, order, "500.00", "400.00")
    assert warnings(shop.run()) == []
    assert figures(shop) == [("-500.00", "-100.00")]


def test_an_amount_goes_as_far_as_something_is_left_of_its_rate(order_shop: OpenShop) -> None:
    shop = order_shop()
    order = sold(shop, lot("STOL", "500.00"), lot("BOK", "212.00", rate="6"))
    for gross, net in (("400.00", "320.00"), ("150.00", "120.00"), ("162.00", "129.60")):
        by_amount(shop, order, gross, net)
    report = run(shop)
    assert figures(shop) == [("-400.00", "-80.00"), ("-150.00", "-22.83"), ("-162.00", "-9.17")]
    assert [one.split(" of an amount")[0] for one in warnings(report)] == ["50.00", "162.00"]


def test_a_return_fee_is_charged_at_its_own_rate_and_may_be_given_back(
    order_shop: OpenShop,
) -> None:
    shop = order_shop()
    order = sold(shop, SHIRT, BOOK)
    shop.run()
    refunded(shop, order, "350.00", SHIRT, fee=lot("returavgift", "49.00", type="Fee"))
    shop.run()
    assert figures(shop) == [("-350.00", "-70.00")]
    by_amount(shop, order, "149.00", "129.34", None)  # the book, and the fee out of goodwill
    shop.run()
    assert by_rate(credits(shop)[1]) == {25: "-49.00", 6: "-100.00"}


def test_a_return_fee_has_not_the_rate_of_an_item_with_its_reference(order_shop: OpenShop) -> None:
    shop = order_shop()
    order = sold(shop, SHIRT, lot("retur", "49.00", rate="6"))
    shop.run()
    refunded(shop, order, "350.00", SHIRT, fee=lot("retur", "49.00", type="Fee"))
    shop.run()
    assert figures(shop) == [("-350.00", "-70.00")]


def test_a_book_that_is_given_back_in_thirds_is_parked_nowhere(order_shop: OpenShop) -> None:
    shop = order_shop()
    order = sold(shop, BOOK, SHIRT)
    for price in ("33.33", "33.33", "33.34"):
        refunded(shop, order, price, lot("BOK", price, rate="6"))
    report = run(shop)
    assert [one.reason for one in report.plan.outcomes if one.state == "parked"] == []
    assert [by_rate(one) for one in credits(shop)] == [
        {6: "-33.33"}, {6: "-33.33"}, {6: "-33.34"},
    ]  # fmt: skip


def test_more_money_for_an_item_than_it_was_sold_for_is_left_to_a_person(
    order_shop: OpenShop,
) -> None:
    shop = order_shop()
    order = sold(shop, BOOK, SHIRT)
    shop.run()
    wrong = refunded(shop, order, "120.00", lot("BOK", "120.00", rate="6"))
    unknown = refunded(shop, order, "10.00", lot("ANNAN", "10.00"))
    report = shop.run()
    told = {source: one.reason for name in CREDITS
            for source, one in shop.outcomes(report, name).items()}  # fmt: skip
    assert "more of BOK came back than its capture took" in told[wrong]
    assert credits(shop) == []
    shop.resolve(wrong, "ignore", reason="booked by hand")
    report = shop.run()
    told = {source: one.reason for name in CREDITS
            for source, one in shop.outcomes(report, name).items()}  # fmt: skip
    assert "more of ANNAN came back than its capture took" in told[unknown]


def test_all_that_is_left_comes_back_whatever_its_items_are(order_shop: OpenShop) -> None:
    """Other references than were sold: the money says that nothing is left."""
    shop = order_shop()
    order = sold(shop, SHIRT, BOOK)
    shop.run()
    refunded(shop, order, "499.00", lot("ALLT", "499.00", rate="12"))
    shop.run()
    assert [by_rate(one) for one in credits(shop)] == [{25: "-399.00", 6: "-100.00"}]


@pytest.mark.parametrize("what", ["ignored", "parked"])
def test_what_an_earlier_refund_gave_back_counts_whoever_booked_it(
    order_shop: OpenShop, what: str
) -> None:
    """400.00 at 25 % was booked by hand, or waits for a person: of 25 % 100.00 is left."""
    shop = order_shop()
    order = sold(shop, lot("STOL", "500.00"), lot("BOK", "212.00", rate="6"))
    shop.run()
    if what == "parked":
        by_amount(shop, order, "10.00", "8.00")
        shop.run()
        refunded(shop, order, "390.00", lot("ANNAN", "390.00"))
    else:
        first = by_amount(shop, order, "400.00", "320.00")
        wait = shop.settings
        wait({"sales_accounts": [{"rate": 6, "account": 3003}]})
        shop.run()
        shop.resolve(first, "ignore", reason="booked by hand")
        wait({"sales_accounts": None})
    by_amount(shop, order, "150.00", "120.00")
    shop.run()
    assert by_rate(credits(shop)[-1]) == {25: "-100.00", 6: "-50.00"}


def test_the_parts_of_a_discount_over_two_rates_come_back_with_the_goods_of_each(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**{"discounts.mixed_vat": "split"})
    blended = replace(lot("RABATT", "-50.00", type="Discount"), ex=Decimal("-42.87"),
                      vat_rate=Decimal(0))  # fmt: skip
    order = sold(shop, lot("STOL", "300.00", 2), lot("BOK", "400.00", rate="6"), blended)
    shop.run()
    (invoice,) = shop.fortnox_invoices
    assert by_rate(invoice) == {25: "570.00", 6: "380.00"}
    refunded(shop, order, "285.00", lot("STOL", "300.00"))
    refunded(shop, order, "380.00", lot("BOK", "400.00", rate="6"))
    refunded(shop, order, "285.00", lot("STOL", "300.00"))
    run(shop)
    assert [by_rate(one) for one in credits(shop)] == [
        {25: "-285.00"}, {6: "-380.00"}, {25: "-285.00"},
    ]  # fmt: skip


def test_what_was_credited_before_stays_as_it_is_and_qliro_tells_what_is_left(
    order_shop: OpenShop,
) -> None:
    """The first credit stands at another rate than it would be made at now."""
    shop = order_shop()
    order = sold(shop, lot("STOL", "500.00"), lot("BOK", "212.00", rate="6"))
    shop.run()
    by_amount(shop, order, "400.00", "320.00")
    shop.run()
    (first,) = credits(shop)
    wrong = tuple(replace(row, vat=Decimal(6), account=3003) for row in first.rows)
    first = replace(first, rows=wrong, vat=Decimal("-22.64"), modified=shop.world.now())
    shop.world.invoices[first.number] = first
    by_amount(shop, order, "150.00", "120.00")
    run(shop)
    assert credits(shop)[0] == first
    assert [one.total for one in credits(shop)] == [Decimal("-400.00"), Decimal("-150.00")]
    assert by_rate(credits(shop)[1]) == {25: "-100.00", 6: "-50.00"}


def test_the_payout_of_all_of_it_leaves_nothing_open(order_shop: OpenShop) -> None:
    shop = order_shop()
    order = sold(shop, SHIRT, BOOK, SALE)
    refunded(shop, order, "399.00", SHIRT)
    by_amount(shop, order, "30.00", "24.00")
    by_amount(shop, order, "20.00", "16.00")
    run(shop)
    pay_out(shop.world, [order])
    shop.clock.advance(3 * 86400)
    shop.run()
    assert {str(one.balance) for one in shop.fortnox_invoices} == {"0.00"}
    assert set(shop.states()) == {"posted"}
