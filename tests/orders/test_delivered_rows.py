"""Which item is delivered: a row in Fortnox is the row that was sent, not one that looks like it.

Goods share an article (``articles.fixed``) and a price; a person delivers rows, and edits them.
What is captured at Qliro is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from order_shop import OrderShop

from engine.sandbox.fortnox.orders import create_invoice
from engine.sandbox.lives.lifecycle import capture, captures, lot, secure, update
from engine.sandbox.world.world import InvoiceRow, Item, Order

OpenShop = Callable[..., OrderShop]
STATUS = {"flows.order_status": True, "flows.refunds": False, "flows.invoices": False}
ONE_ARTICLE = {**STATUS, "articles.fixed": [{"kind": "goods", "article": "VARA"}]}
RED, BLUE, GREEN = (
    lot(f"KOPP-{n}", "199.00", text=f"Kopp {text}") for n, text in enumerate(("röd", "blå", "grön"))
)


def ordered(
    shop: OrderShop, *items: Item, delivered: Sequence[int] | None = None, runs: int = 2
) -> int:
    """A secured order that stands in Fortnox; of the rows, perhaps so many of each delivered."""
    order = secure(shop.world, items).id
    shop.known.append(str(order))
    for _ in range(runs):
        shop.run()
    if delivered is not None:
        deliver(shop, *delivered)
    return order


def the_order(shop: OrderShop) -> Order:
    return shop.fortnox_orders[-1]


def rewrite(shop: OrderShop, rows: Sequence[InvoiceRow]) -> None:
    """Somebody saves the order with these rows; each gets a new id."""
    rows = [replace(row, id=shop.world.next("row", 100001)) for row in rows]
    total = sum((row.price * row.quantity for row in rows), Decimal(0))
    order = the_order(shop)
    shop.world.orders[order.number] = replace(
        order, rows=tuple(rows), total=total, modified=shop.world.now()
    )


def deliver(shop: OrderShop, *quantities: int) -> None:
    rows = the_order(shop).rows
    rewrite(shop, [replace(row, quantity=Decimal(n))
                   for row, n in zip(rows, quantities, strict=True)])  # fmt: skip


def shipped(shop: OrderShop, order: int) -> dict[str, int]:
    """How much of each item is captured."""
    found: dict[str, int] = {}
    for one in shop.world.qliro_orders[order].items:
        if one.action == "Ship":
            found[one.reference] = found.get(one.reference, 0) + one.quantity
    return found


def captured(shop: OrderShop, order: int) -> Decimal:
    return sum((one.amount for one in captures(shop.world, order)), Decimal(0))


def told(shop: OrderShop, order: int) -> tuple[str, str]:
    """State and reason of its shipment, after a run."""
    one = shop.outcomes(shop.run(), "shipment")[str(order)]
    return one.state, one.reason


# -- several goods under one article and price -----------------------------------------------------


def test_of_two_goods_under_one_article_only_the_delivered_one_is_captured(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**ONE_ARTICLE)
    order = ordered(shop, RED, BLUE, delivered=(0, 1))
    assert told(shop, order)[0] == "posted"
    assert (shipped(shop, order), captured(shop, order)) == ({"KOPP-1": 1}, Decimal("199.00"))
    shop.run()
    assert captured(shop, order) == Decimal("199.00")
    deliver(shop, 1, 1)
    shop.run()
    assert shipped(shop, order) == {"KOPP-0": 1, "KOPP-1": 1}
    assert captured(shop, order) == Decimal("398.00")


def test_of_four_pieces_in_two_rows_two_are_captured(order_shop: OpenShop) -> None:
    shop = order_shop(**ONE_ARTICLE)
    two = [replace(one, quantity=2) for one in (RED, BLUE)]
    order = ordered(shop, *two, delivered=(2, 0))
    shop.run()
    assert (shipped(shop, order), captured(shop, order)) == ({"KOPP-0": 2}, Decimal("398.00"))
    deliver(shop, 2, 1)
    shop.run()
    assert shipped(shop, order) == {"KOPP-0": 2, "KOPP-1": 1}


def test_skus_that_are_cleaned_to_one_article_number_are_told_apart(order_shop: OpenShop) -> None:
    shop = order_shop(**STATUS)
    items = [lot(sku, "50.00", text=f"Sort {sku}") for sku in ("TE 1", "TE.1", "TE#1")]
    order = ordered(shop, *items, delivered=(0, 1, 0))
    assert {row.article for row in the_order(shop).rows} == {"TE_1"}
    shop.run()
    assert shipped(shop, order) == {"TE.1": 1}


def test_goods_with_one_text_too_are_told_apart_by_the_order_of_their_rows(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**ONE_ARTICLE)
    alike = [replace(one, description="Kopp") for one in (RED, BLUE, GREEN)]
    order = ordered(shop, *alike, delivered=(0, 0, 1))
    shop.run()
    assert shipped(shop, order) == {"KOPP-2": 1}


def test_the_same_item_in_two_rows_is_shipped_no_more_often_than_delivered(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**ONE_ARTICLE)
    order = ordered(shop, replace(RED, quantity=2), RED, BLUE, delivered=(0, 1, 0))
    shop.run()
    assert shipped(shop, order) == {"KOPP-0": 1}
    deliver(shop, 1, 1, 0)
    shop.run()
    assert shipped(shop, order) == {"KOPP-0": 2}
    deliver(shop, 2, 1, 1)
    shop.run()
    assert shipped(shop, order) == {"KOPP-0": 3, "KOPP-1": 1}
    assert captured(shop, order) == Decimal("796.00")


def test_of_an_item_whose_first_row_was_released_the_other_is_shipped(order_shop: OpenShop) -> None:
    shop = order_shop(**STATUS)
    order = ordered(shop, replace(RED, quantity=2), BLUE)
    update(shop.world, order, [RED, BLUE])
    shop.run()
    deliver(shop, 1, 0)
    shop.run()
    assert shipped(shop, order) == {"KOPP-0": 1}


# -- a person edits the order ---------------------------------------------------------------------


def edited(shop: OrderShop, what: str) -> None:
    """An order of a red, a blue and a green cup, each in a row; the blue one is delivered."""
    red, blue, green = the_order(shop).rows
    blue = replace(blue, quantity=Decimal(1))
    rewrite(shop, {
        "other order of rows": [green, blue, red],
        "a row of text between": [red, InvoiceRow("Levereras måndag", Decimal(0), Decimal(0)),
                                  blue, green],
        "a row of its own, delivered": [
            red, blue, green,
            InvoiceRow("Frakt", Decimal(1), Decimal("49.00"), article="FRAKT", ordered=Decimal(1)),
        ],
        "more ordered and delivered": [
            red, replace(blue, ordered=Decimal(3), quantity=Decimal(3)), green
        ],
        "text of the delivered": [red, replace(blue, description="Kopp blå, repad"), green],
        "price of the delivered": [red, replace(blue, price=Decimal("150.00")), green],
        "text of another": [replace(red, description="Kopp"), blue, green],
    }[what])  # fmt: skip


@pytest.mark.parametrize(
    "what",
    ["other order of rows", "a row of text between", "a row of its own, delivered",
     "more ordered and delivered", "text of another"],
)  # fmt: skip
def test_an_edit_that_leaves_the_delivered_row_known_changes_nothing(
    order_shop: OpenShop, what: str
) -> None:
    shop = order_shop(**ONE_ARTICLE)
    order = ordered(shop, RED, BLUE, GREEN)
    edited(shop, what)
    shop.run()
    assert (shipped(shop, order), captured(shop, order)) == ({"KOPP-1": 1}, Decimal("199.00"))


def test_a_delivered_row_that_may_be_of_several_goods_parks_before_anything_is_captured(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**ONE_ARTICLE)
    order = ordered(shop, RED, BLUE, GREEN)
    edited(shop, "text of the delivered")
    state, reason = told(shop, order)
    assert (state, captured(shop, order)) == ("parked", 0)
    assert "it can't be told which items are delivered of order 501" in reason
    assert "VARA Kopp blå, repad 199.00" in reason
    # It matters only while not everything is delivered.
    deliver(shop, 1, 1, 1)
    assert told(shop, order)[0] == "posted"
    assert captured(shop, order) == Decimal("597.00")


def test_a_row_of_another_price_parks_what_is_delivered_beside_it(order_shop: OpenShop) -> None:
    shop = order_shop(**ONE_ARTICLE)
    order = ordered(shop, RED, BLUE, GREEN)
    edited(shop, "price of the delivered")
    assert told(shop, order)[0] == "waiting"  # nothing else is delivered
    deliver(shop, 1, 1, 0)
    assert (told(shop, order)[0], captured(shop, order)) == ("parked", 0)
    # All rows are delivered, and are worth less than what was sold: nobody meant 597.00.
    deliver(shop, 1, 1, 1)
    assert (told(shop, order)[0], captured(shop, order)) == ("parked", 0)


def test_a_changed_text_is_no_matter_where_article_and_price_are_of_one_item(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**STATUS)
    order = ordered(shop, RED, BLUE, GREEN)
    edited(shop, "text of the delivered")
    shop.run()
    assert shipped(shop, order) == {"KOPP-1": 1}


@pytest.mark.parametrize(("text", "parks"), [("Kopp", True), (None, False)])
def test_a_split_row_is_still_one_item_and_among_alike_ones_a_person_decides(
    order_shop: OpenShop, text: str | None, *, parks: bool
) -> None:
    shop = order_shop(**ONE_ARTICLE)
    items = [replace(RED, quantity=4, description=text or "Kopp röd"),
             replace(BLUE, description=text or "Kopp blå")]  # fmt: skip
    order = ordered(shop, *items)
    red, blue = the_order(shop).rows
    half = replace(red, ordered=Decimal(2))
    rewrite(shop, [replace(half, quantity=Decimal(2)), half, blue])
    state, _ = told(shop, order)
    assert state == ("parked" if parks else "posted")
    assert shipped(shop, order) == ({} if parks else {"KOPP-0": 2})


@pytest.mark.parametrize("left", ["fewer", "none"])
def test_what_a_person_took_out_of_the_order_is_not_captured_with_the_rest(
    order_shop: OpenShop, left: str
) -> None:
    """Every row that is left is delivered, and that is not all that was sold."""
    shop = order_shop(**STATUS)
    order = ordered(shop, replace(RED, quantity=4), BLUE)
    red, blue = the_order(shop).rows
    blue = replace(blue, quantity=Decimal(1))
    fewer = replace(red, ordered=Decimal(1), quantity=Decimal(1))
    rewrite(shop, [blue] if left == "none" else [fewer, blue])
    shop.run()
    expected = {"KOPP-1": 1} if left == "none" else {"KOPP-0": 1, "KOPP-1": 1}
    assert shipped(shop, order) == expected
    shop.run()
    assert shipped(shop, order) == expected


def test_half_a_piece_is_not_captured(order_shop: OpenShop) -> None:
    shop = order_shop(**STATUS)
    order = ordered(shop, replace(RED, quantity=2), BLUE)
    rows = the_order(shop).rows
    rewrite(shop, [replace(rows[0], quantity=Decimal("1.5")), rows[1]])
    shop.run()
    assert shipped(shop, order) == {"KOPP-0": 1}


# -- rows that are no item ------------------------------------------------------------------------


def test_the_parts_of_a_discount_count_in_no_delivery(order_shop: OpenShop) -> None:
    """A discount over two rates is two rows in Fortnox and one item at Qliro: it goes with the
    last of the goods, whether or not somebody delivers its rows."""
    shop = order_shop(**STATUS)
    life = shop.life("mixed_rate_discount")
    shop.run(), shop.run()
    rows = the_order(shop).rows
    goods = [row.price > 0 for row in rows]
    first = goods.index(True)
    # The rows of the discount are delivered, and one of the goods.
    deliver(shop, *(int(row.ordered) if not g or n == first else 0
                    for n, (row, g) in enumerate(zip(rows, goods, strict=True))))  # fmt: skip
    shop.run()
    assert captured(shop, life.order) == rows[first].price * rows[first].ordered
    deliver(shop, *(int(row.ordered) if g else 0 for row, g in zip(rows, goods, strict=True)))
    shop.run()
    assert captured(shop, life.order) == Decimal("640.80")


# -- orders of others, and invoiced in part ------------------------------------------------------


def others(shop: OrderShop, *rows: tuple[str, str, str, int]) -> tuple[int, int]:
    """An order that another connector made for the same sale, taken over."""
    made = [lot(reference, price, quantity, text=text) for reference, text, price, quantity in rows]
    order = secure(shop.world, made, reference="WEB-7")
    theirs = tuple(
        InvoiceRow(text, Decimal(0), Decimal(price), article="VARA", ordered=Decimal(quantity))
        for _, text, price, quantity in rows
    )
    shop.world.orders[77] = Order(
        77, shop.world.today(), Decimal(0), shop.world.now(), external1="WEB-7",
        customer_number="K1", rows=theirs, vat_included=True, terms="QLIRO",
    )  # fmt: skip
    shop.known.append(str(order.id))
    shop.run(), shop.run()
    return order.id, 77


def test_of_somebody_elses_order_what_looks_alike_is_sent_when_all_is_delivered(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**ONE_ARTICLE)
    order, _ = others(shop, ("A", "Kopp", "199.00", 1), ("B", "Kopp", "199.00", 1),
                      ("C", "Fat", "80.00", 1))  # fmt: skip
    deliver(shop, 0, 0, 1)
    shop.run()
    assert shipped(shop, order) == {"C": 1}
    deliver(shop, 1, 0, 1)
    state, reason = told(shop, order)
    assert (state, shipped(shop, order)) == ("waiting", {"C": 1})
    assert "which somebody else made" in reason
    assert "It is sent when all of it is delivered" in reason
    deliver(shop, 1, 1, 1)
    shop.run()
    assert captured(shop, order) == Decimal("478.00")


def test_an_order_that_is_invoiced_in_part_is_captured_in_part(order_shop: OpenShop) -> None:
    """Fortnox invoices what is delivered: of two cups one, for 199.00."""
    shop = order_shop(**{**STATUS, "order_status.when": "invoiced"})
    order = ordered(shop, RED, BLUE, delivered=(1, 0))
    create_invoice(shop.world, str(the_order(shop).number))
    shop.run()
    assert (shipped(shop, order), captured(shop, order)) == ({"KOPP-0": 1}, Decimal("199.00"))
    assert shop.fortnox_invoices[-1].total == Decimal("199.00")


# -- whatever is bought and delivered -------------------------------------------------------------


@pytest.mark.parametrize("seed", [1])
def test_what_is_captured_is_what_was_delivered_at_every_step_or_nothing_is(
    order_shop: OpenShop, seed: int
) -> None:
    """Random baskets with shared articles, texts and prices, delivered in random steps, some after
    a person has edited the rows."""
    chance = Random(seed)  # noqa: S311
    shop = order_shop(**ONE_ARTICLE)
    orders = {}
    for _ in range(8):
        items = [
            lot(f"KOPP-{chance.randint(0, 3)}", chance.choice(("199.00", "199.00", "80.00")),
                chance.randint(1, 3), text=chance.choice(("Kopp", "Kopp", "Fat")))
            for _ in range(chance.randint(1, 5))
        ]  # fmt: skip
        order = secure(shop.world, items).id
        shop.known.append(str(order))
        orders[order] = 501 + len(orders)
    shop.run(), shop.run()
    for _ in range(4):
        before = {order: captured(shop, order) for order in orders}
        for number in orders.values():
            _deliver_some(shop, number, chance)
        report = shop.run()
        for order, number in orders.items():
            state = shop.outcomes(report, "shipment").get(str(order))
            rows = shop.world.orders[number].rows
            due = sum((row.quantity * row.price for row in rows), Decimal(0))
            now = captured(shop, order)
            parked = state is not None and state.state == "parked" and now == before[order]
            assert now == due or parked, (seed, order, now, due, state and state.reason)
    for number in orders.values():
        shop.deliver(number)
    shop.run()
    for order in orders:
        assert captured(shop, order) == shop.world.qliro_orders[order].transactions[0].amount


def _deliver_some(shop: OrderShop, number: int, chance: Random) -> None:
    order = shop.world.orders[number]
    rows = [replace(row, quantity=Decimal(chance.randint(int(row.quantity), int(row.ordered))))
            for row in order.rows]  # fmt: skip
    edit = chance.choice(("", "", "text", "turn", "split"))
    first = rows[0]
    if edit == "text":
        rows[0] = replace(first, description="Kopp, ändrad")
    elif edit == "turn":
        rows.reverse()
    elif edit == "split" and first.quantity and first.ordered > first.quantity:
        left = replace(first, ordered=first.ordered - first.quantity, quantity=Decimal(0))
        rows[:1] = [replace(first, ordered=first.quantity), left]
    shop.world.orders[number] = replace(order, rows=tuple(rows), modified=shop.world.now())


def test_what_was_captured_by_hand_counts_as_shipped(order_shop: OpenShop) -> None:
    shop = order_shop(**ONE_ARTICLE)
    order = ordered(shop, replace(RED, quantity=3), BLUE)
    capture(shop.world, order, {"KOPP-0": 1})
    deliver(shop, 2, 0)
    shop.run()
    assert shipped(shop, order) == {"KOPP-0": 2}
