"""Lives of orders until they are captured, and those that never are.

Each maker adds one order, sometimes two, to a world; its docstring says what is special.
"""

from __future__ import annotations

from dataclasses import replace

from ..history import new_reference
from ..qliro import operations
from ..world.world import ZERO, Address, Buyer, Item, QliroOrder, Upsell, World
from .lifecycle import Life, cancel, capture, lot, secure, update

SHIPPING = "dhl-hem"


def goods(first: str = "399.00", second: str = "149.00") -> list[Item]:
    """Two kinds of goods at 25 %, three pieces in all."""
    shirt = lot("TSHIRT-BLA-M", first, text="T-shirt, blå, M")
    return [shirt, lot("STRUMPOR-3", second, 2, text="Strumpor, 3-pack")]


def freight(price: str = "49.00", rate: str = "25") -> Item:
    """The shop's shipping line."""
    return lot(SHIPPING, price, rate=rate, type="Shipping", text="DHL hem")


def private(world: World) -> Life:
    """A private person's order of one thing by invoice: the plainest order there is."""
    order = secure(world, [lot("MUGG-1", "199.00", text="Mugg")])
    return Life("private", "order", (order.id,))


def several_rows(world: World) -> Life:
    """Several rows and a shipping line, all at 25 %, paid by card."""
    order = secure(world, [*goods(), freight()], method="CREDITCARDS")
    return Life("several_rows", "order", (order.id,))


def company_buyer() -> Buyer:
    """A Swedish company with an organisation number that is valid."""
    return Buyer(
        "Anna", "Andersson", "inkop@example.com", "0701234567", "5560011982", kind="Company"
    )


def company(world: World) -> Life:
    """A Swedish company's order: the number is an organisation's, the address names the company."""
    at = Address(
        "Anna", "Andersson", "Färg & Form i Norr AB", "Industrivägen 4", None, "90325", "Umeå"
    )
    items = [lot("PENSEL-50", "312.50", 8, text="Pensel 50 mm")]
    order = secure(
        world,
        items,
        buyer=company_buyer(),
        billing=at,
        shipping=at,
        method="QLIROPAYLATER_INVOICE30",
    )
    return Life("company", "order", (order.id,))


def company_that_is_a_person(world: World) -> Life:
    """JuridicalType Company with a personal number: a shop leaked its own name (a module's bug)."""
    order = secure(world, goods(), buyer=replace(Buyer(), kind="Company"))
    return Life("company_that_is_a_person", "order", (order.id,), "a private person after all")


def delivered_elsewhere(world: World) -> Life:
    """Another delivery address than the buyer's own, with c/o and a long street."""
    street = "Stora Nygatans Norra Förlängning vid Gamla Tullhuset 117, uppgång B, tre trappor"
    to = Address("Eva", "Lind", None, street, "lgh 1201", "41108", "Göteborg", care_of="Öberg")
    order = secure(world, [*goods(), freight()], shipping=to)
    return Life("delivered_elsewhere", "order", (order.id,))


def discounted(world: World) -> Life:
    """A discount line at 25 %, below zero as the documents want it."""
    items = [*goods(), lot("RABATT", "-100.00", type="Discount", text="Rabattkod HÖST")]
    return Life("discounted", "order", (secure(world, items).id,))


def discount_above_zero(world: World) -> Life:
    """A discount sent as a positive number, as two shop modules do; still it takes away."""
    items = [*goods(), lot("RABATT", "100.00", type="Discount", text="Rabattkod HÖST")]
    order = secure(world, items)
    return Life("discount_above_zero", "order", (order.id,), "discounts are −abs()")


def mixed_rates(world: World) -> Life:
    """Rows at 25, 12 and 6 % and shipping at 25 %."""
    items = [
        *goods(),
        lot("KAFFE-500", "89.90", 3, rate="12", text="Kaffe 500 g"),
        lot("BOK-9789", "249.00", rate="6", text="Bok"),
        freight(),
    ]
    return Life("mixed_rates", "order", (secure(world, items).id,))


def mixed_rate_discount(world: World) -> Life:
    """One discount over rows of two rates: only its two prices tell its VAT; its rate is 0."""
    items = [
        lot("TSHIRT-BLA-M", "500.00", text="T-shirt"),
        lot("BOK-9789", "212.00", rate="6", text="Bok"),
        lot("RABATT", "-71.20", ex="-60.00", rate="0", type="Discount", text="10 % på allt"),
    ]
    return Life("mixed_rate_discount", "order", (secure(world, items).id,))


def invoice_fee(world: World) -> Life:
    """Qliro has added its invoice fee as a line: the order is dearer than the shop's cart."""
    fee = lot("qliro-invoice-fee", "29.00", type="Fee", text="Fakturaavgift")
    return Life("invoice_fee", "order", (secure(world, [*goods(), fee]).id,))


def rounding_line(world: World) -> Life:
    """An öre line of type Fee, without VAT, that makes the shop's total right."""
    line = lot("rounding", "0.02", rate="0", type="Fee", text="Avrundning")
    items = [lot("MUGG-1", "66.66", 3, text="Mugg"), line]
    return Life("rounding_line", "order", (secure(world, items).id,))


def without_vat_rate(world: World) -> Life:
    """An older order: no line carries VatRate, the two prices are all there is."""
    items = [
        lot("TSHIRT-BLA-M", "399.00", told=False, text="T-shirt"),
        lot("KAFFE-500", "89.90", 3, rate="12", told=False, text="Kaffe 500 g"),
    ]
    order = secure(world, items, type_code=None)
    return Life("without_vat_rate", "order", (order.id,))


def vat_rate_of_zero(world: World) -> Life:
    """VatRate 0 beside prices that hold 25 %: an older module's bug; the prices are right."""
    item = replace(lot("TSHIRT-BLA-M", "399.00"), vat_rate=lot("x", "1", rate="0").vat_rate)
    return Life("vat_rate_of_zero", "order", (secure(world, [item]).id,))


def long_texts(world: World) -> Life:
    """Long texts and signs that Fortnox refuses: quotes, brackets, emoji, a tab, line breaks."""
    text = 'Soffa "Ekeby" <3-sits> {grå} | 240 × 95 cm 🛋\t~ ull\n' + "mycket lång text " * 20
    buyer = replace(
        Buyer(), first='Zoë {"Zo"}', last="O'Brien-Åström", email="zoe+test@example.com"
    )
    to = Address("Zoë", "O'Brien <2 tr>", None, 'Storgatan 1\t"A"', None, "111 22", "Malmö~")
    items = [lot("SOFFA-EKEBY", "7995.00", text=text)]
    return Life("long_texts", "order", (secure(world, items, buyer=buyer, shipping=to).id,))


def bare_buyer(world: World) -> Life:
    """Nearly all that may be null is null: no name, no e-mail, no addresses."""
    nobody = Buyer(None, None, None, None, None)
    order = secure(world, goods(), buyer=nobody, billing=Address(None, None), shipping=None)
    return Life("bare_buyer", "order", (order.id,), "a name must come from somewhere")


def on_hold(world: World) -> Life:
    """The payment is being assessed: OnHold, until ``lifecycle.finish`` decides."""
    return Life("on_hold", "waiting", (secure(world, goods(), status="OnHold").id,))


def refused(world: World) -> Life:
    """The payment was refused: its transaction ended as Error."""
    return Life("refused", "nothing", (secure(world, goods(), status="Error").id,))


def unfinished(world: World) -> Life:
    """The buyer has not finished: items created, no payment at all."""
    order = secure(world, goods())
    items = tuple(replace(item, action="Create", transaction=0) for item in order.items)
    world.qliro_orders[order.id] = replace(order, items=items, transactions=())
    return Life("unfinished", "waiting", (order.id,))


def paid_at_the_second_try(world: World) -> Life:
    """The invoice was refused, the card was not: two reservations by two methods."""
    order = secure(world, goods(), status="Error", method="CREDITCARDS")
    refused = replace(order.transactions[0], method="QLIRO_INVOICE")
    world.qliro_orders[order.id] = replace(order, transactions=(refused,))
    update(world, order, goods())
    return Life("paid_at_the_second_try", "order", (order.id,), "the method of what succeeded")


def card_registered(world: World) -> Life:
    """A card was saved on the way: a Registration of nothing beside the reservation."""
    order = secure(world, goods(), method="CREDITCARDS")
    operations.begin(world, order, "Registration", ZERO, done=True)
    return Life("card_registered", "order", (order.id,), "a registration is no sale")


def cancelled_before_capture(world: World) -> Life:
    """Secured, then cancelled: all of it released, its money reversed."""
    order = secure(world, goods())
    cancel(world, order)
    return Life("cancelled_before_capture", "cancelled", (order.id,))


def updated(world: World) -> Life:
    """Two reservations that succeeded: the second, by UpdateItems, counts alone."""
    order = secure(world, goods())
    update(world, order, [lot("TSHIRT-BLA-M", "399.00", 2, text="T-shirt, blå, M"), freight()])
    return Life("updated", "order", (order.id,), "the items of the last reservation")


def upsold(world: World) -> Life:
    """An upsell after the purchase: a second reservation that replaces the first."""
    order = secure(world, goods(), upsell=Upsell(is_upsell=True))
    update(world, order, [*goods(), lot("PRESENTKORT", "100.00", rate="0", text="Presentkort")])
    return Life("upsold", "order", (order.id,))


def zero_sum(world: World) -> Life:
    """All of it is given away: method FREE, nothing to capture, nothing will be paid out."""
    items = [lot("PROV-1", "49.00", text="Varuprov"), lot("GÅVA", "-49.00", type="Discount")]
    order = secure(world, items, method="FREE", type_code="FREE")
    return Life("zero_sum", "order", (order.id,), "no settlement line will come")


def paid_at_once(world: World) -> Life:
    """A direct payment: a Debit, no reservation and no capture."""
    order = secure(world, goods(), method="SWISH", type="Debit")
    return Life("paid_at_once", "invoice", (order.id,))


def temporary_reference(world: World) -> Life:
    """The shop's temporary reference was never replaced: six letters instead of a number."""
    order = secure(world, goods(), reference="Z11kwQ")
    return Life("temporary_reference", "order", (order.id,))


def long_reference(world: World) -> Life:
    """A reference of 36 signs, longer than one may write and than Fortnox's order field takes."""
    order = secure(world, goods(), reference="pis-6f1c9f0e-7a52-4c0b-9a3e-2f4d8e6b")
    return Life("long_reference", "order", (order.id,))


def reference_is_another_order(world: World) -> Life:
    """A reference of digits that is another order's OrderId: by reference that one answers."""
    other = secure(world, goods())
    order = secure(world, [lot("MUGG-1", "199.00")], reference=str(other.id))
    return Life("reference_is_another_order", "order", (order.id, other.id))


def reference_used_twice(world: World) -> Life:
    """Two orders with one reference: a shop was restored from a copy and counted again."""
    reference = new_reference(world)
    two = tuple(secure(world, goods(), reference=reference).id for _ in range(2))
    return Life("reference_used_twice", "parked", two)


def captured(world: World) -> Life:
    """Captured whole in one, by hand in Qliro's portal: an invoice is to be made."""
    order = secure(world, [*goods(), freight()])
    capture(world, order)
    return Life("captured", "invoice", (order.id,))


def captured_in_parts(world: World) -> Life:
    """Two captures of parts, the rest still reserved."""
    order = secure(world, [*goods(), freight()])
    capture(world, order, {"TSHIRT-BLA-M": 1, SHIPPING: 1})
    capture(world, order, {"STRUMPOR-3": 1})
    return Life("captured_in_parts", "invoice", (order.id,), "one invoice or two, as settings say")


def part_captured_rest_cancelled(world: World) -> Life:
    """A part is captured, the rest cancelled: a Capture and a Reversal on one reservation."""
    order = secure(world, goods())
    capture(world, order, {"TSHIRT-BLA-M": 1})
    cancel(world, order)
    return Life("part_captured_rest_cancelled", "invoice", (order.id,))


def captured_after_update(world: World) -> Life:
    """A part captured, the rest replaced by UpdateItems and captured of the new reservation."""
    order = secure(world, goods())
    capture(world, order, {"TSHIRT-BLA-M": 1})
    update(world, order, [lot("KEPS-1", "179.00", 2, text="Keps")])
    capture(world, order)
    return Life("captured_after_update", "invoice", (order.id,))


def capture_failed(world: World) -> Life:
    """A capture that ended as Error: its items are still reserved."""
    order = secure(world, goods())
    made = capture(world, order)
    operations.end(world, order.id, made.id, "Error")
    return Life("capture_failed", "order", (order.id,), "only Success counts")


def capture_under_way(world: World) -> Life:
    """A capture that Qliro has taken and not ended: nothing is to be booked of it yet."""
    order = secure(world, goods())
    made = capture(world, order)
    held: QliroOrder = world.qliro_orders[order.id]
    open_ = replace(made, status="InProcess")
    kept = tuple(open_ if t.id == made.id else t for t in held.transactions)
    world.qliro_orders[order.id] = replace(held, transactions=kept)
    return Life("capture_under_way", "waiting", (order.id,))
