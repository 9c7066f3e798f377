"""Order among equals: numbers as numbers and dates as dates, though Fortnox gives them as texts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import few_rows
from hypothesis import given
from hypothesis import strategies as st
from order_shop import OrderShop
from orders.kit import SETTINGS, chart
from sales.kit import plain
from shop import HOME, OpenShop, money

from engine.language.program import NO_BOOKS
from engine.ordering import in_order, sql_order
from engine.plan.delivered import Delivered
from engine.plan.order_rows import Rows
from engine.report.status import status
from engine.sandbox import history as hist
from engine.sandbox.lives import lifecycle as life
from engine.sandbox.world.world import Buyer, Customer
from engine.store.ledger import Action, Event, read_actions, record, record_actions

IN_ORDER = [
    "0", "00", "7", "007", "9", "10", "9999", "10000", "9223372036854775808", "1" + "0" * 60,
    "", "5/9", "5/10", "10/2", "K-9", "K-10", "K-10a", "Å9", "Å10",
]  # fmt: skip


def test_numbers_that_are_texts_sort_as_the_numbers_that_they_are() -> None:
    assert [*map(str, sorted(set(IN_ORDER), key=in_order))] == IN_ORDER


def test_the_database_sorts_them_alike_and_raises_on_none() -> None:
    rows = few_rows.in_memory().rows(
        f"SELECT t FROM (SELECT unnest(?::VARCHAR[]) AS t) ORDER BY {sql_order('t')}",
        [IN_ORDER[::-1]],
    )
    assert [row["t"] for row in rows] == IN_ORDER


STORE = few_rows.in_memory()


@given(st.lists(st.text("0129K/-å .\n", max_size=7) | st.text(max_size=5).filter("\x00".__ne__)))
def test_whatever_the_texts_both_keys_are_the_same(texts: list[str]) -> None:
    texts = [one for one in texts if "\x00" not in one]
    rows = STORE.rows(
        f"SELECT {sql_order('t')} AS key FROM (SELECT unnest(?::VARCHAR[]) AS t)", [texts]
    )
    assert [row["key"] for row in rows] == [in_order(one) for one in texts]


# -- worlds ----------------------------------------------------------------------------------------


def test_of_two_invoices_of_one_day_the_line_pays_9999_and_not_10000(shop: OpenShop) -> None:
    one = shop()
    world, day = one.world, hist.payout_day(one.world) - timedelta(days=2)
    world.counters["invoice"] = 9998
    sale = hist.new_sale(world, money("250.00")[0], day=day)
    hist.new_invoice(world, money("250.00")[0], day=day, reference=sale.order.reference)
    hist.settle(world, [sale.line])
    one.run()
    assert [(paid.invoice, paid.amount) for paid in one.payments()] == [(9999, *money("250.00"))]
    assert one.balance(10000) == 250


def test_an_older_invoice_with_a_higher_number_is_still_the_older_one(shop: OpenShop) -> None:
    one = shop()
    world, day = one.world, hist.payout_day(one.world) - timedelta(days=2)
    sale = hist.new_sale(world, money("250.00")[0], day=day)
    older = hist.new_invoice(
        world, money("250.00")[0], day=day - timedelta(days=1), reference=sale.order.reference
    )
    hist.settle(world, [sale.line])
    one.run()
    assert [paid.invoice for paid in one.payments()] == [older.number]


def test_candidates_that_lost_are_told_in_the_order_of_their_numbers(shop: OpenShop) -> None:
    one = shop()
    world, day = one.world, hist.payout_day(one.world) - timedelta(days=2)
    world.counters["invoice"] = 9998
    sale = hist.new_sale(world, money("250.00")[0], day=day)
    hist.new_invoice(world, money("300.00")[0], day=day, reference=sale.order.reference)
    world.invoices[9999] = replace(world.invoices[9999], total=money("301.00")[0],
                                   balance=money("301.00")[0])  # fmt: skip
    hist.settle(world, [sale.line])
    one.run()
    (reason,) = one.reasons()
    assert "9999 (balance 301.00), 10000 (balance 300.00)" in reason


def test_payouts_9_and_10_of_one_day_are_told_in_that_order(shop: OpenShop) -> None:
    one = shop()
    one.world.counters["batch"] = 8
    for _ in range(2):
        hist.settle(one.world, [hist.new_sale(one.world).line])
    one.run()
    told = status(one.store, one.clock.now().date(), 14)["payouts"]
    assert [payout["payout"] for payout in told] == ["9", "10"]


def test_of_two_customers_with_one_address_number_9_gets_the_order(tmp_path: Path) -> None:
    one = OrderShop(tmp_path, changes=dict(SETTINGS))
    chart(one.world)
    for number in ("10", "9"):
        fields = {"Type": "PRIVATE", "VATType": "SEVAT", "Currency": "SEK",
                  "Email": "twice@example.com"}  # fmt: skip
        one.world.customers[number] = Customer(number, "Berg, Siv", one.world.now(), fields=fields)
    buyer = Buyer("Siv", "Berg", "twice@example.com", None, None)
    one.known.append(str(life.secure(one.world, [life.lot("MUGG-1", "199.00")], buyer=buyer).id))
    one.run()
    assert [made.customer_number for made in one.fortnox_orders] == ["9"]


def test_captures_9_and_10_of_an_order_come_in_that_order() -> None:
    store, compiled = few_rows.in_memory(), plain()
    store.append(
        "qliro.capture",
        [[f"5/{n}", 5, n, 1, False, 0, 0] for n in (10, 9)],
        [
            "capture",
            "OrderId",
            "PaymentTransactionId",
            "ordinal",
            "takes_all",
            "lines",
            "line_total",
        ],
    )
    rows = Rows(store, compiled, NO_BOOKS, ["5"]).of("qliro.capture")
    assert [row["capture"] for row in rows] == ["5/9", "5/10"]


# -- what the ledger knows -------------------------------------------------------------------------


def test_the_tenth_change_of_an_order_comes_after_its_ninth(shop: OpenShop) -> None:
    store, now = shop().store, shop().clock.now()
    for n in range(1, 11):
        name = "changed_order-5" + (f"-{n}" if n > 1 else "")
        action = Action(name, "changed_order", "fortnox.order_change", "5", "order 5", (), {}, {})
        record_actions(store, "run", now, [action])
        record(store, "run", now, Event(name, "create", "done", number=str(900 + n)))
    assert [one.action for one in read_actions(store).values()][-1] == "changed_order-5-10"
    last = Delivered(store, ["order 5"]).last("changed_order", "5")
    assert last is not None
    assert last["number"] == "910"


# -- nobody adds another textual order -----------------------------------------------------------

NUMBERS = {
    "DocumentNumber", "CustomerNumber", "ArticleNumber", "InvoiceNumber", "number", "payout",
    "capture", "refund", "reversal", "action", "delivery", "OrderReference",
}  # fmt: skip
# Numbers of another table that are texts there too.
TEXTS = {"p.Number", "i.source"}
ORDER = re.compile(r"ORDER\s+BY\s+([^\n`]+)", re.IGNORECASE)
TERM = re.compile(r"""(?<![\w.('"])(?:(\w+)\.)?"?(\w+)"?(?=\s*(?:,|$|"|\)|DESC|ASC|NULLS|LIMIT))""")


def textual(text: str) -> list[str]:
    """The terms of the ORDER BYs of a file that would sort numbers as texts."""
    found = []
    for clause in ORDER.findall(text):
        bare = re.sub(r"\{sql_order\([^}]*\)\}", "", clause)
        for alias, name in TERM.findall(bare):
            if name in NUMBERS or f"{alias}.{name}" in TEXTS:
                found.append(f"{alias}.{name}" if alias else name)
    return found


def test_the_look_out_for_textual_orders_sees_one() -> None:
    assert textual("SELECT 1 ORDER BY p.BatchDate, p.payout\n") == ["p.payout"]
    assert textual('SELECT 1 ORDER BY "DocumentNumber" DESC\n') == ["DocumentNumber"]
    assert textual("ORDER BY {sql_order('payout')}, line\n") == []


def test_no_query_sorts_numbers_as_texts() -> None:
    found = {
        str(path.relative_to(HOME)): terms
        for path in sorted((HOME / "engine").rglob("*"))
        if path.suffix in (".py", ".sql") and (terms := textual(path.read_text("utf-8")))
    }
    assert found == {}
