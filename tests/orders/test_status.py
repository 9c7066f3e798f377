"""The status back: what is delivered, invoiced or cancelled in Fortnox reaches Qliro, once.

Counted at Qliro: transactions, their items, and what was sent.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, ClassVar

import httpx
import pytest
from order_shop import OrderShop

from engine.error_catalogue import ApiError, look_up
from engine.plan.model import Outcome
from engine.sandbox.fortnox.invoices import bookkeep_invoice
from engine.sandbox.fortnox.orders import cancel_order, create_invoice
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.lifecycle import Life, lot, secure
from engine.sandbox.transport import SandboxTransport
from engine.sandbox.world.world import Order, QliroOrder, World
from engine.session import RunReport

OpenShop = Callable[..., OrderShop]
STATUS = {"flows.order_status": True, "flows.refunds": False, "flows.invoices": False}
SHIP, CANCEL = "/v2/MarkItemsAsShipped", "/v2/cancelOrder"


def order_of(shop: OrderShop, life: Life) -> Order:
    """The Fortnox order of a life."""
    return next(one for one in shop.fortnox_orders if one.external2 == str(life.order))


def at_qliro(shop: OrderShop, life: Life) -> QliroOrder:
    return shop.world.qliro_orders[life.order]


def done_at_qliro(shop: OrderShop, life: Life) -> list[tuple[str, str]]:
    """Type and amount of what came after the reservation and succeeded."""
    return [
        (t.type, str(t.amount))
        for t in at_qliro(shop, life).transactions
        if t.status == "Success" and t.type not in ("Preauthorization", "Debit")
    ]


def shipped(shop: OrderShop, life: Life) -> list[tuple[str, int, str]]:
    held = at_qliro(shop, life)
    return [(i.reference, i.quantity, str(i.inc)) for i in held.items if i.action == "Ship"]


def sent(shop: OrderShop, path: str, life: Life | None = None) -> list[dict[str, Any]]:
    """The bodies that Qliro received."""
    bodies = [json.loads(e.body) for e in shop.world.journal if e.path.endswith(path)]
    return [one for one in bodies if life is None or one["OrderId"] == life.order]


def outcome(shop: OrderShop, report: RunReport, mapping: str, life: Life) -> Outcome:
    return shop.outcomes(report, mapping)[str(life.order)]


def twice_the_same(world: World) -> Life:
    """The same item stands in two rows of the order."""
    items = [lot("A", "10.00", 2), lot("A", "10.00"), lot("B", "5.00", 3)]
    return Life("twice_the_same", "order", (secure(world, items).id,))


@dataclass
class Sent:
    """A shop whose orders were delivered in part, cancelled, or carry the wrong terms, and then
    run; and then delivered in whole, corrected, and run again."""

    shop: OrderShop
    lives: dict[str, Life]
    first: RunReport
    parts: dict[str, list[tuple[str, int, str]]]
    second: RunReport


LIVED = ("several_rows", "discounted", "invoice_fee", "mixed_rate_discount", "zero_sum",
         "private", "company", "updated", "captured")  # fmt: skip


@pytest.fixture(scope="module")
def status(order_shops: OpenShop) -> Sent:
    shop = order_shops(**STATUS)
    lives = {name: shop.life(name) for name in LIVED}
    lives["twins"] = twice_the_same(shop.world)
    shop.known.append(str(lives["twins"].order))
    shop.run()
    for name, life in lives.items():
        number = order_of(shop, life).number
        if name in ("private", "updated"):
            cancel_order(shop.world, str(number))
        elif name == "company":
            _terms(shop, life, "FAK")
            shop.deliver(number)
        else:
            shop.deliver(number, 1)
    first = shop.run()
    parts = {name: shipped(shop, life) for name, life in lives.items()}
    for name, life in lives.items():
        if name not in ("private", "updated"):
            shop.deliver(order_of(shop, life).number)
    _terms(shop, lives["company"], "QLIRO")
    return Sent(shop, lives, first, parts, shop.run())


def _terms(shop: OrderShop, life: Life, terms: str) -> None:
    order = order_of(shop, life)
    shop.world.orders[order.number] = replace(order, terms=terms, modified=shop.world.now())


# -- delivered ------------------------------------------------------------------------------------


def test_what_is_delivered_of_each_row_is_marked_as_shipped_as_qliro_holds_it(
    status: Sent,
) -> None:
    assert status.parts["several_rows"] == [
        ("TSHIRT-BLA-M", 1, "399.00"), ("STRUMPOR-3", 1, "149.00"), ("dhl-hem", 1, "49.00"),
    ]  # fmt: skip
    assert status.parts["discounted"][-1] == ("RABATT", 1, "-100.00")
    assert status.parts["invoice_fee"][-1] == ("qliro-invoice-fee", 1, "29.00")
    (body, _) = sent(status.shop, SHIP, status.lives["several_rows"])
    assert body["Shipments"][0]["OrderItems"][0] == {
        "MerchantReference": "TSHIRT-BLA-M", "Type": "Product", "Quantity": 1,
        "PricePerItemIncVat": 399.0,
    }  # fmt: skip


def test_what_is_delivered_later_is_shipped_later_until_nothing_is_left(status: Sent) -> None:
    sums = {
        "several_rows": [("Capture", "597.00"), ("Capture", "149.00")],
        "discounted": [("Capture", "448.00"), ("Capture", "149.00")],
        "invoice_fee": [("Capture", "577.00"), ("Capture", "149.00")],
        "mixed_rate_discount": [("Capture", "640.80")],
        "zero_sum": [("Capture", "0.00")],
        "twins": [("Capture", "25.00"), ("Capture", "20.00")],
    }
    assert {name: done_at_qliro(status.shop, status.lives[name]) for name in sums} == sums
    for name in sums:
        assert outcome(status.shop, status.second, "shipment", status.lives[name]).state == "posted"


def test_an_item_in_two_rows_is_shipped_no_more_often_than_it_is_delivered(status: Sent) -> None:
    assert status.parts["twins"] == [("A", 2, "10.00"), ("B", 1, "5.00")]


def test_a_discount_over_several_rates_goes_with_the_last_of_the_order(status: Sent) -> None:
    assert ("RABATT", 1, "-71.20") in status.parts["mixed_rate_discount"]


def test_what_was_captured_elsewhere_is_not_shipped_again(status: Sent) -> None:
    assert sent(status.shop, SHIP, status.lives["captured"]) == []


def test_the_request_id_is_of_the_action_and_no_two_shipments_share_one(status: Sent) -> None:
    bodies = sent(status.shop, SHIP)
    ids = [uuid.UUID(one["RequestId"]) for one in bodies]
    assert len(ids) == len(set(ids)) == 11
    assert {one.version for one in ids} == {5}  # made of the action's id, not of chance


# -- cancelled ------------------------------------------------------------------------------------


def test_what_is_cancelled_in_fortnox_is_cancelled_at_qliro_once(status: Sent) -> None:
    for name in ("private", "updated"):
        life = status.lives[name]
        ((kind, _),) = done_at_qliro(status.shop, life)
        assert kind == "Reversal"
        assert len(sent(status.shop, CANCEL, life)) == 1
        assert sent(status.shop, SHIP, life) == []


# -- the payment method ---------------------------------------------------------------------------


def test_a_delivered_order_with_other_terms_is_told_with_symptom_cause_and_fix(
    status: Sent,
) -> None:
    life = status.lives["company"]
    told = outcome(status.shop, status.first, "shipment", life)
    number = order_of(status.shop, life).number
    assert (told.state, status.first.exit_code) == ("parked", 3)
    for words in (f"order {number} is delivered", '"levererad och fakturerad"', '"Ej skickad"',
                  "its terms of payment are FAK", "not Qliro's own", "one of QLIRO",
                  f"--order {life.order}"):  # fmt: skip
        assert words in told.reason
    assert status.parts["company"] == []


def test_after_the_fix_its_status_is_sent(status: Sent) -> None:
    assert done_at_qliro(status.shop, status.lives["company"]) == [("Capture", "2500.00")]


# -- secrets --------------------------------------------------------------------------------------


def test_the_key_is_in_the_body_as_sent_and_nowhere_else(status: Sent) -> None:
    bodies = sent(status.shop, SHIP) + sent(status.shop, CANCEL)
    assert {one["MerchantApiKey"] for one in bodies} == {"SANDBOX"}
    store = status.shop.store
    tables = store.rows(
        "SELECT table_schema || '.\"' || table_name || '\"' AS name "
        "FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
    )
    for table in tables:
        kept = str(store.rows(f"SELECT * FROM {table['name']}"))
        assert "MerchantApiKey" not in kept, table
        assert "SANDBOX" not in kept, table
        assert "sandbox-secret" not in kept, table
    for report in (status.first, status.second):
        assert "SANDBOX" not in repr(report)


# -- not at once ----------------------------------------------------------------------------------


class Meddled(SandboxTransport):
    """The sandbox, where somebody does something, or Qliro says something, just before a POST."""

    before: ClassVar[dict[tuple[str, int], Callable[[World], httpx.Response | None]]] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        for (path, order), deed in list(self.before.items()):
            if request.url.path.endswith(path) and str(order).encode() in request.content:
                del self.before[path, order]
                said = deed(self.world)
                if said is not None:
                    return said
        return super().handle_request(request)


def refusal(code: str, message: str) -> Callable[[World], httpx.Response]:
    content = {"ErrorCode": code, "ErrorMessage": message, "ErrorReference": "r-1"}
    return lambda _: httpx.Response(400, json=content)


@dataclass
class Put:
    """What stood at Qliro and was told, after each of the runs."""

    shop: OrderShop
    lives: dict[str, Life]
    reports: list[RunReport] = field(default_factory=list)
    done: list[dict[str, list[tuple[str, str]]]] = field(default_factory=list)

    def run(self) -> None:
        self.reports.append(self.shop.run())
        self.done.append({key: done_at_qliro(self.shop, one) for key, one in self.lives.items()})

    def told(self, run: int, mapping: str, name: str) -> Outcome:
        return outcome(self.shop, self.reports[run], mapping, self.lives[name])


LIKE = {"fails": "several_rows", "slow": "several_rows", "busy": "discounted",
        "captured_just_before": "several_rows", "gone": "several_rows",
        "on_hold": "company", "cancelled_just_before": "private"}  # fmt: skip


@pytest.fixture(scope="module")
def put_off(order_shops: OpenShop) -> Iterator[Put]:
    """Orders that meet with something on their way to Qliro, over four runs."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("shop.SandboxTransport", Meddled)
        shop = order_shops(**STATUS)
        world = shop.world
        found = Put(shop, {name: shop.life(like) for name, like in LIKE.items()})
        lives = found.lives
        found.run()
        for name in ("fails", "slow", "busy", "captured_just_before"):
            shop.deliver(order_of(shop, lives[name]).number)
        for name in ("on_hold", "cancelled_just_before"):
            cancel_order(world, str(order_of(shop, lives[name]).number))
        world.handling.seconds = 20 * 3600
        reserved = [i for i in at_qliro(shop, lives["busy"]).items if i.action == "Reserve"]
        lifecycle.update(world, lives["busy"].order, reserved, by="api")
        world.handling.seconds = 5 * 3600
        world.handling.fates.append("Error")
        Meddled.before |= {
            (SHIP, lives["captured_just_before"].order): _deed(lifecycle.capture, lives),
            (CANCEL, lives["cancelled_just_before"].order): _deed(lifecycle.cancel, lives),
            (CANCEL, lives["on_hold"].order): refusal("PAYMENT_ONHOLD", "The payment is on hold"),
        }
        found.run()
        world.handling.seconds = 5
        del world.orders[order_of(shop, lives["gone"]).number]
        shop.clock.advance(86400)
        found.run()
        shop.resolve(lives["fails"].order, "retry")
        found.run()
        yield found
        Meddled.before.clear()


def _deed(what: Callable[..., Any], lives: dict[str, Life]) -> Callable[[World], None]:
    def deed(world: World) -> None:
        name = f"{'captured' if what is lifecycle.capture else 'cancelled'}_just_before"
        what(world, lives[name].order)

    return deed


def test_it_is_done_at_success_and_not_before(put_off: Put) -> None:
    assert put_off.reports[1].delivery.later[f"shipment-{put_off.lives['slow'].order}"] == (
        "it is received, and not finished yet"
    )
    assert put_off.told(1, "shipment", "slow").state == "waiting"
    assert put_off.done[1]["slow"] == []
    assert put_off.told(2, "shipment", "slow").state == "posted"
    assert put_off.done[2]["slow"] == [("Capture", "746.00")]
    assert len(sent(put_off.shop, SHIP, put_off.lives["slow"])) == 1


@pytest.mark.parametrize(
    ("name", "path", "mapping", "says", "then"),
    [
        ("busy", SHIP, "shipment", "already in process", ("Capture", "597.00")),
        ("on_hold", CANCEL, "cancellation", "on hold", ("Reversal", "2500.00")),
    ],
)
def test_what_qliro_puts_off_is_tried_again_later(
    put_off: Put, name: str, path: str, mapping: str, says: str, then: tuple[str, str]
) -> None:
    life = put_off.lives[name]
    assert says in put_off.reports[1].delivery.later[f"{mapping}-{life.order}"]
    assert put_off.told(1, mapping, name).state == "waiting"
    assert put_off.done[1][name] == []
    assert put_off.done[2][name] == [then]
    assert len({one["RequestId"] for one in sent(put_off.shop, path, life)}) == 1


def test_what_somebody_else_did_just_before_is_recognised_as_done(put_off: Put) -> None:
    """NO_ITEMS_LEFT_IN_RESERVATION and ORDER_HAS_BEEN_CANCELLED: the order is read again."""
    for name, mapping, path, then in (
        ("captured_just_before", "shipment", SHIP, ("Capture", "746.00")),
        ("cancelled_just_before", "cancellation", CANCEL, ("Reversal", "199.00")),
    ):
        assert put_off.told(1, mapping, name).state == "posted"
        assert put_off.done[3][name] == [then]
        assert len(sent(put_off.shop, path, put_off.lives[name])) == 1
    assert (put_off.reports[1].delivery.refused, put_off.reports[1].delivery.undecided) == ({}, {})


def test_what_qliro_took_and_did_not_carry_out_is_sent_again_when_a_person_says_so(
    put_off: Put,
) -> None:
    told = put_off.told(2, "shipment", "fails")
    assert told.state == "parked"
    assert "Status is Error" in told.reason
    assert "PAYMENT_DECLINED" in told.reason
    assert put_off.done[2]["fails"] == []
    first, second = sent(put_off.shop, SHIP, put_off.lives["fails"])  # not in the third run
    assert first["RequestId"] != second["RequestId"]
    assert put_off.done[3]["fails"] == [("Capture", "746.00")]
    assert put_off.told(3, "shipment", "fails").state == "posted"


def test_an_order_that_has_disappeared_is_told_and_never_acted_on(put_off: Put) -> None:
    told = put_off.told(2, "shipment", "gone")
    assert (told.state, put_off.reports[2].exit_code) == ("parked", 3)
    assert "has disappeared from Fortnox" in told.reason
    for path in (SHIP, CANCEL):
        assert sent(put_off.shop, path, put_off.lives["gone"]) == []
    assert put_off.done[3]["gone"] == []


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("OPERATION_NOT_SUPPORTED", "Another transaction is already in process. Please retry"),
        ("PAYMENT_ONHOLD", "The payment is on hold"),
    ],
)
def test_the_catalogue_says_that_what_is_put_off_is_tried_later(code: str, message: str) -> None:
    assert look_up(ApiError(code, message, "qliro", 400)).retry == "later"
    assert look_up(ApiError("OPERATION_NOT_SUPPORTED", "not here", "qliro", 400)).retry == "never"


# -- piece by piece, and what is cancelled otherwise -----------------------------------------------


def rows_delivered(shop: OrderShop, life: Life, *quantities: int, price: str = "") -> None:
    """Somebody registers so many of each row, and perhaps another price of the first.

    The row for rounding that prices without VAT may have stands last, and stays undelivered.
    """
    order = order_of(shop, life)
    made = len(order.rows)
    assert made - len(quantities) in (0, 1)
    rows = [
        replace(row, quantity=Decimal(n))
        for row, n in zip(order.rows, [*quantities, 0][:made], strict=True)
    ]
    if price:
        rows[0] = replace(rows[0], price=Decimal(price))
    changed = replace(order, rows=tuple(rows), modified=shop.world.now())
    shop.world.orders[order.number] = changed


def in_three_rows(world: World) -> Life:
    items = [lot("A", "9.99", 3), lot("B", "12.34"), lot("B", "12.34", 2)]
    return Life("in_three_rows", "order", (secure(world, items).id,))


@pytest.fixture(scope="module")
def pieces(order_shops: OpenShop) -> Put:
    """Orders with prices without VAT, delivered in three parts, or cancelled in odd ways."""
    shop = order_shops(**STATUS, vat_included=False)
    names = ("mixed_rate_discount", "several_rows", "private", "company", "captured_in_parts")
    lives = {name: shop.life(name) for name in names}
    lives["three"] = in_three_rows(shop.world)
    shop.known.append(str(lives["three"].order))
    found = Put(shop, lives)
    found.run()
    rows_delivered(shop, lives["three"], 1, 1, 1)
    rows_delivered(shop, lives["mixed_rate_discount"], 1, 0, 0, 0)
    rows_delivered(shop, lives["several_rows"], 1, 0, 0, price="1.00")
    rows_delivered(shop, lives["private"], 1)
    _terms(shop, lives["company"], "FAK")
    for name in ("private", "company", "captured_in_parts"):
        cancel_order(shop.world, str(order_of(shop, lives[name]).number))
    found.run()
    rows_delivered(shop, lives["three"], 2, 1, 2)
    rows_delivered(shop, lives["mixed_rate_discount"], 1, 1, 1, 1)
    del shop.world.orders[order_of(shop, lives["company"]).number]
    shop.clock.advance(86400)
    found.run()
    rows_delivered(shop, lives["three"], 3, 1, 2)
    found.run()
    return found


def test_no_more_is_shipped_than_is_delivered_and_at_qliros_price(pieces: Put) -> None:
    """The rows in Fortnox have prices without VAT; Qliro knows its items by those with it."""
    bodies = sent(pieces.shop, SHIP, pieces.lives["three"])
    assert [
        [(i["MerchantReference"], i["Quantity"], i["PricePerItemIncVat"])
         for i in body["Shipments"][0]["OrderItems"]] for body in bodies
    ] == [
        [("A", 1, 9.99), ("B", 1, 12.34), ("B", 1, 12.34)],
        [("A", 1, 9.99), ("B", 1, 12.34)],
        [("A", 1, 9.99)],
    ]  # fmt: skip


def test_a_discount_over_several_rates_waits_for_the_last_delivery(pieces: Put) -> None:
    assert pieces.done[1]["mixed_rate_discount"] == [("Capture", "500.00")]
    assert pieces.done[3]["mixed_rate_discount"] == [
        ("Capture", "500.00"), ("Capture", "140.80"),
    ]  # fmt: skip


def test_what_is_delivered_and_is_no_item_of_qliros_is_told_and_nothing_is_sent(
    pieces: Put,
) -> None:
    told = pieces.told(1, "shipment", "several_rows")
    assert told.state == "waiting"
    assert "rows are known by article and price" in told.reason
    assert sent(pieces.shop, SHIP, pieces.lives["several_rows"]) == []


def test_what_was_delivered_and_then_cancelled_is_cancelled_and_not_shipped(pieces: Put) -> None:
    assert sent(pieces.shop, SHIP, pieces.lives["private"]) == []
    assert pieces.done[1]["private"] == [("Reversal", "199.00")]


def test_an_order_of_which_a_part_was_captured_is_not_cancelled_at_qliro(pieces: Put) -> None:
    assert sent(pieces.shop, CANCEL, pieces.lives["captured_in_parts"]) == []


def test_a_cancelled_order_with_other_terms_is_told_and_one_that_disappeared_too(
    pieces: Put,
) -> None:
    for run, words in ((1, "its terms of payment are FAK, which are not Qliro's own"),
                       (2, "has disappeared from Fortnox, and Qliro is told nothing")):  # fmt: skip
        told = pieces.told(run, "cancellation", "company")
        assert (told.state, words in told.reason) == ("parked", True), told.reason
    assert sent(pieces.shop, CANCEL, pieces.lives["company"]) == []


def test_an_order_that_changes_after_deliveries_were_registered_is_left_to_a_person(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**STATUS)
    life = shop.life("several_rows")
    shop.run()
    shop.deliver(order_of(shop, life).number, 1)
    lifecycle.update(shop.world, life.order, [lot("NY-1", "50.00")])
    told = outcome(shop, shop.run(), "changed_order", life)
    assert told.state == "parked"
    assert "changed at Qliro after deliveries were registered in Fortnox" in told.reason
    assert shop.requests("PUT", "/3/orders/") == []
    assert done_at_qliro(shop, life) == []


def test_cancelled_at_qliro_is_only_what_the_merchant_lets_it(order_shop: OpenShop) -> None:
    shop = order_shop(**STATUS, **{"order_status.cancel": False})
    life = shop.life("private")
    shop.run()
    cancel_order(shop.world, str(order_of(shop, life).number))
    shop.run()
    assert sent(shop, CANCEL) == []


# -- invoiced, finished ---------------------------------------------------------------------------


def test_what_was_captured_because_its_order_was_invoiced_is_not_invoiced_again(
    order_shop: OpenShop,
) -> None:
    """With ``finished`` the invoice must be booked first."""
    shop = order_shop(**{
        "flows.order_status": True, "order_status.when": "finished", "invoices.from": "order",
    })  # fmt: skip
    life = shop.life("several_rows")
    shop.run()
    shop.deliver(order_of(shop, life).number)
    create_invoice(shop.world, str(order_of(shop, life).number))
    (invoice,) = shop.fortnox_invoices
    report = shop.run()
    told = outcome(shop, report, "shipment", life)
    assert (told.state, "is not finished yet" in told.reason) == ("waiting", True)
    assert sent(shop, SHIP) == []
    bookkeep_invoice(shop.world, str(invoice.number))
    shop.run()
    assert done_at_qliro(shop, life) == [("Capture", "746.00")]
    report = shop.run()
    (taken,) = lifecycle.captures(shop.world, life.order)
    told = shop.outcomes(report, "invoice_of_order")[f"{life.order}/{taken.id}"]
    assert told.state in ("posted", "adopted")
    assert str(invoice.number) in told.reason or "that invoice is its invoice" in told.reason
    assert shop.fortnox_invoices == [shop.world.invoices[invoice.number]]
