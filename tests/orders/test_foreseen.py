"""What an order or an invoice will come to in Fortnox is known before anything of it is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from order_shop import OrderShop

from engine import session as sessions
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.lifecycle import capture, lot, secure
from engine.sandbox.world.world import Account, Address, Buyer, Customer, Item

from .kit import told

Open = Callable[..., OrderShop]
NET = {"vat_included": False, "flows.refunds": False}
OSLO = Address("Storgata 1", "0150", "Oslo", "NO")
EVA = Buyer("Eva", "Lind", "eva.lind@example.com", None, None)


def bought(shop: OrderShop, *items: Item, **fields: Any) -> int:
    """An order, known to the next run."""
    order = secure(shop.world, list(items), **fields)
    shop.known.append(str(order.id))
    return order.id


def change_card(shop: OrderShop, number: str, **fields: Any) -> None:
    """A person changes a customer's card in Fortnox, or adds one."""
    before = shop.world.customers.get(number)
    shown = dict(before.fields) if before else {"Type": "PRIVATE", "Currency": "SEK"}
    name = before.name if before else "Lind, Eva"
    shop.world.customers[number] = Customer(
        number, name, shop.world.now(), fields={**shown, **fields}
    )


def screws(quantity: int) -> Item:
    return lot("SKRUV", "0.99", quantity, ex="0.79")


def test_what_prices_without_vat_would_miss_by_more_than_rounding_is_never_sent(
    order_shop: Open,
) -> None:
    shop = order_shop(**NET)
    id = bought(shop, screws(500))
    capture(shop.world, id)
    report = shop.run()
    order = shop.outcomes(report, "new_order")[str(id)]
    assert order.state == "parked"
    assert order.reason.startswith(
        "Fortnox would make 493.75 of its rows, and 495.00 is sold: it rounds prices without VAT "
        "to the öre, and adds VAT to their sum. Nothing is sent. With vat_included: true"
    )
    assert "Where 1.25 may be booked as rounding, set rounding.tolerance (1.00)" in order.reason
    assert (shop.fortnox_orders, shop.fortnox_invoices) == ([], [])


def test_what_rounding_misses_is_a_row_of_its_own_on_the_account_for_rounding(
    order_shop: Open,
) -> None:
    shop = order_shop(**NET)
    id = bought(shop, screws(100))
    capture(shop.world, id)
    shop.run()
    (order,), (invoice,) = shop.fortnox_orders, shop.fortnox_invoices
    rows = ["100 × 0.79 SKRUV on 3001 at 25 %", "1 × 0.25  on 3740 at 0 %"]
    assert told(order.rows) == told(invoice.rows) == rows
    assert (order.total, order.vat) == (Decimal("99.00"), Decimal("19.75"))
    assert (invoice.total, invoice.booked) == (Decimal("99.00"), True)


def test_an_order_of_500_rows_has_no_place_for_a_row_for_rounding(order_shop: Open) -> None:
    shop = order_shop(**NET)
    id = bought(shop, *[lot(f"S-{n}", "1.03", ex="0.82") for n in range(500)])
    report = shop.run()
    order = shop.outcomes(report, "new_order")[str(id)]
    assert (order.state, shop.fortnox_orders) == ("parked", [])
    shop = order_shop(**NET)
    id = bought(shop, *[lot(f"S-{n}", "1.25", ex="1.00") for n in range(499)], screws(10))
    report = shop.run()
    assert shop.outcomes(report, "new_order")[str(id)].reason == (
        "it has 500 rows, and none is left for the 0.02 that rounding makes"
    )


def test_the_account_for_rounding_is_asked_for_before_anything_is_sent(order_shop: Open) -> None:
    shop = order_shop(**NET, **{"flows.payouts": False, "accounts.rounding": None})
    id = bought(shop, screws(100))
    order = shop.outcomes(shop.run(), "new_order")[str(id)]
    assert "name accounts.rounding, where the difference of 0.25 is booked" in order.reason
    assert shop.fortnox_orders == []
    shop.settings({"accounts.rounding": 3740})
    shop.run()
    assert [one.total for one in shop.fortnox_orders] == [Decimal("99.00")]


def test_what_may_not_be_rounded_is_left_to_a_person_unsent(order_shop: Open) -> None:
    shop = order_shop(**NET, **{"rounding.policy": "park"})
    id = bought(shop, screws(100))
    order = shop.outcomes(shop.run(), "new_order")[str(id)]
    assert order.state == "parked"
    assert "rounding.policy (park)" in order.reason
    assert shop.fortnox_orders == []


# -- cards ---------------------------------------------------------------------------------------


def test_a_card_without_vat_stops_what_was_sold_with_vat_until_it_is_mended(
    order_shop: Open,
) -> None:
    shop = order_shop(**{"flows.refunds": False})
    change_card(shop, "7", Email="eva.lind@example.com", VATType="EXPORT")
    id = bought(shop, lot("TSHIRT", "500.00"), buyer=EVA)
    taken = capture(shop.world, id)
    report = shop.run()
    order = shop.outcomes(report, "new_order")[str(id)]
    assert order.state == "parked"
    assert order.reason == (
        "customer 7 has the VAT type EXPORT in Fortnox, where its order would have VAT 0.00, and "
        "VAT of 100.00 is sold: nothing is sent. Mend the VAT type on the customer's card in "
        "Fortnox (Register, Kunder), and the next run sends it"
    )
    assert (shop.fortnox_orders, shop.fortnox_invoices) == ([], [])
    assert shop.requests("GET", "/3/customers/") == ["/3/customers/7"]
    shop.run()
    assert shop.requests("GET", "/3/customers/") == ["/3/customers/7"], "it has not changed"
    change_card(shop, "7", VATType="SEVAT")
    report = shop.run()
    assert shop.outcomes(report, "invoice")[f"{id}/{taken.id}"].state == "posted"
    assert [(one.total, one.vat) for one in shop.fortnox_invoices] == [(500, 100)]


def test_a_small_sale_to_a_card_without_vat_is_not_taken_for_rounding(order_shop: Open) -> None:
    for included in (True, False):
        shop = order_shop(**{"flows.refunds": False, "vat_included": included})
        change_card(shop, "7", Email="eva.lind@example.com", VATType="EUREVERSEDVAT")
        id = bought(shop, lot("KLISTER", "4.00"), buyer=EVA)
        order = shop.outcomes(shop.run(), "new_order")[str(id)]
        assert "VAT 0.00, and VAT of 0.80 is sold" in order.reason
        assert shop.fortnox_orders == []


def test_invoices_without_orders_look_at_the_card_too(order_shop: Open) -> None:
    shop = order_shop(**{"flows.orders": False, "flows.refunds": False})
    change_card(shop, "7", Email="eva.lind@example.com", VATType="SEREVERSEDVAT")
    id = bought(shop, lot("TSHIRT", "500.00"), buyer=EVA)
    taken = capture(shop.world, id)
    told_ = shop.outcomes(shop.run(), "invoice")[f"{id}/{taken.id}"]
    assert told_.reason.startswith(
        "customer 7 has the VAT type SEREVERSEDVAT in Fortnox, where its"
    )
    assert shop.fortnox_invoices == []


def test_a_card_that_this_program_made_is_known_without_reading_it(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False})
    id = bought(shop, lot("TSHIRT", "500.00"), buyer=EVA)
    shop.run()
    capture(shop.world, id)
    shop.run()
    assert [one.booked for one in shop.fortnox_invoices] == [True]
    assert shop.requests("GET", "/3/customers/") == []


def test_a_card_of_ours_that_a_person_changed_is_read_once_again(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False})
    id = bought(shop, lot("TSHIRT", "500.00"), buyer=EVA)
    shop.run()
    shop.run()
    number = shop.fortnox_orders[0].customer_number
    change_card(shop, number, VATType="EXPORT")
    taken = capture(shop.world, id)
    invoice = shop.outcomes(shop.run(), "invoice")[f"{id}/{taken.id}"]
    assert invoice.state == "parked"
    assert f"customer {number} has the VAT type EXPORT" in invoice.reason
    assert shop.fortnox_invoices == []
    assert shop.requests("GET", "/3/customers/") == [f"/3/customers/{number}"]


def test_a_card_of_ours_mended_before_it_was_listed_is_read_before_anything_is_parked(
    order_shop: Open,
) -> None:
    """The buyer was made as an exporter, and is one no more when the next order comes."""
    shop = order_shop(**{"flows.refunds": False, "sales_accounts": [
        {"region": "export", "account": 3105}, {"region": "domestic", "account": 3001},
    ]})  # fmt: skip
    shop.world.accounts[3105] = Account(3105, "Export")
    bought(shop, lot("TSHIRT", "400.00", rate="0"), country="NO", buyer=EVA,
           billing=OSLO, shipping=OSLO)  # fmt: skip
    shop.run()
    number = shop.fortnox_orders[0].customer_number
    assert shop.world.customers[number].text("VATType") == "EXPORT"
    change_card(shop, number, VATType="SEVAT")
    bought(shop, lot("TSHIRT", "500.00"), buyer=EVA)
    shop.run()
    assert [(one.total, one.vat) for one in shop.fortnox_orders] == [(400, 0), (500, 100)]


def test_a_card_that_disappeared_from_fortnox_is_not_asked_for_for_ever(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False})
    change_card(shop, "7", Email="eva.lind@example.com", VATType="SEVAT")
    id = bought(shop, lot("TSHIRT", "500.00"), buyer=EVA)
    shop.run()
    change_card(shop, "7", VATType="SEVAT")
    with shop.session() as opened:
        sessions.sync(opened)  # it is listed
    del shop.world.customers["7"]
    before = len(shop.requests("GET", "/3/customers/"))
    capture(shop.world, id)
    shop.run()
    assert len(shop.requests("GET", "/3/customers/")) - before <= 2


# -- rows ----------------------------------------------------------------------------------------


def test_rows_of_a_sale_without_vat_are_sent_without_vat(order_shop: Open) -> None:
    """Told with 25 % and equal prices: there is none, and nothing else is sent."""
    shop = order_shop(**{"flows.refunds": False, "sales_accounts": [
        {"region": "export", "account": 3105}]})  # fmt: skip
    shop.world.accounts[3105] = Account(3105, "Export")
    id = bought(shop, lot("TSHIRT", "400.00", rate="25", ex="400.00"), country="NO", buyer=EVA,
                billing=OSLO, shipping=OSLO)  # fmt: skip
    capture(shop.world, id)
    shop.run()
    bodies = shop.store.rows("SELECT body FROM ledger.event WHERE event = 'sending' ORDER BY seq")
    sent = [one["body"] for one in bodies if one["body"] and "Rows" in one["body"]]
    assert len(sent) == 2
    assert all('"VAT":0' in body and '"VAT":25' not in body for body in sent)
    assert [(one.total, one.vat, one.booked) for one in shop.fortnox_invoices] == [(400, 0, True)]


def as_earlier_builds_sent_it(shop: OrderShop, old: str, new: str) -> None:
    """The order in the ledger as another build had sent it."""
    shop.store.execute(
        "UPDATE ledger.action SET document = replace(document, ?, ?) "
        "WHERE target = 'fortnox.order'",
        [old, new],
    )
    assert shop.store.value("SELECT count(*) FROM ledger.action WHERE contains(document, ?)", [new])


def test_an_order_sent_with_25_percent_is_not_written_again_for_that(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False, "sales_accounts": [
        {"region": "export", "account": 3105}]})  # fmt: skip
    shop.world.accounts[3105] = Account(3105, "Export")
    id = bought(shop, lot("TSHIRT", "400.00", rate="25", ex="400.00"), country="NO", buyer=EVA,
                billing=OSLO, shipping=OSLO)  # fmt: skip
    shop.run()
    as_earlier_builds_sent_it(shop, '"VAT":0', '"VAT":25')
    lifecycle.update(shop.world, id, [lot("TSHIRT", "400.00", rate="25", ex="400.00")])
    for _ in range(2):
        report = shop.run()
    assert shop.outcomes(report, "changed_order")[str(id)].reason == "it holds what Qliro holds"
    assert shop.requests("PUT", "/3/orders/") == []


def test_an_order_sent_without_a_row_for_rounding_is_not_written_again_for_that(
    order_shop: Open,
) -> None:
    shop = order_shop(**NET)
    id = bought(shop, screws(100))
    shop.run()
    (row,) = shop.store.rows("SELECT document FROM ledger.action WHERE target = 'fortnox.order'")
    begins = row["document"].index('{"AccountNumber":3740')
    ends = row["document"].index("}", begins) + 1
    as_earlier_builds_sent_it(shop, "," + row["document"][begins:ends], "")
    lifecycle.update(shop.world, id, [screws(100)])
    for _ in range(2):
        report = shop.run()
    assert shop.outcomes(report, "changed_order")[str(id)].reason == "it holds what Qliro holds"
    assert shop.requests("PUT", "/3/orders/") == []


def test_a_changed_order_has_its_row_for_rounding_as_the_first_had(order_shop: Open) -> None:
    shop = order_shop(**NET)
    id = bought(shop, screws(100))
    shop.run()
    lifecycle.update(shop.world, id, [screws(60)])
    shop.run()
    (order,) = shop.fortnox_orders
    assert told(order.rows) == ["60 × 0.79 SKRUV on 3001 at 25 %", "1 × 0.15  on 3740 at 0 %"]
    assert order.total == Decimal("59.40")
    lifecycle.update(shop.world, id, [screws(500)])
    changed = shop.outcomes(shop.run(), "changed_order")[str(id)]
    assert changed.reason.startswith("Fortnox would make 493.75 of its rows, and 495.00 is sold")
    assert shop.fortnox_orders[0].total == Decimal("59.40")


def test_a_row_with_a_vat_code_is_sent_and_confirmed_as_before(order_shop: Open) -> None:
    """What VAT a code stands for is Fortnox's: nothing is foreseen of it."""
    at = {"country": "FI", "buyer": Buyer("Aino", "Aalto", "aino@example.com", None, None)}
    finnish = {"country": "FI", "rate": 25.5, "account": 3106, "vat_code": "FI255"}
    for included in (True, False):
        shop = order_shop(**{"flows.refunds": False, "vat_included": included,
                             "sales_accounts": [finnish]})  # fmt: skip
        shop.world.accounts[3106] = Account(3106, "OSS Finland")
        id = bought(shop, lot("TSHIRT", "100.40", rate="25.5", ex="80.00"), **at)
        shop.run()
        assert len(shop.requests("POST", "/3/orders")) == 1, (included, id)


# -- whole kronor --------------------------------------------------------------------------------


def test_a_company_that_rounds_has_its_invoice_as_before_and_the_payment_posts_the_rest(
    order_shop: Open,
) -> None:
    shop = order_shop()
    shop.world.company.whole_kronor = True
    id = bought(shop, lot("TSHIRT", "498.75", ex="399.00"))
    capture(shop.world, id)
    shop.run()
    (order,), (invoice,) = shop.fortnox_orders, shop.fortnox_invoices
    assert (order.total, len(order.rows)) == (499, 1)
    assert (invoice.total, len(invoice.rows), invoice.booked) == (499, 1, True)
    lifecycle.pay_out(shop.world, [id])
    shop.later(days=3)
    shop.run()
    (payment,) = shop.payments(invoice)
    assert [(off.account, off.amount) for off in payment.write_offs] == [(3740, Decimal("0.25"))]
    assert shop.balance(invoice) == 0


def test_a_company_that_is_declared_to_round_needs_a_tolerance_that_takes_it(
    order_shop: Open,
) -> None:
    declared = {"rounding.totals": "whole_kronor", "flows.refunds": False}
    for more in ({"rounding.tolerance": 0.1}, {"rounding.policy": "park"}):
        shop = order_shop(**declared, **more)
        id = bought(shop, lot("TSHIRT", "498.75", ex="399.00"))
        even = bought(shop, lot("MUGG", "199.00"))
        found = shop.outcomes(shop.run(), "new_order")
        assert found[str(id)].reason.startswith(
            "Fortnox rounds totals to whole kronor, so it would make 499.00 of 498.75: nothing"
        )
        assert found[str(even)].state == "posted"


def test_whole_kronor_are_seen_on_what_was_made_before(order_shop: Open) -> None:
    """The first order tells; the second is foreseen by it."""
    shop = order_shop(**{"flows.refunds": False, "rounding.tolerance": 0.3})
    shop.world.company.whole_kronor = True
    bought(shop, lot("TSHIRT", "498.75", ex="399.00"))
    shop.run()
    id = bought(shop, lot("TSHIRT", "498.60", ex="398.88"))
    order = shop.outcomes(shop.run(), "new_order")[str(id)]
    assert "it would make 499.00 of 498.60: nothing is sent" in order.reason
    shop.settings({"rounding.totals": "exact"})
    shop.world.company.whole_kronor = False
    report = shop.run()
    assert shop.outcomes(report, "new_order")[str(id)].state == "posted"


def test_a_total_in_another_currency_is_never_rounded_to_whole_kronor(order_shop: Open) -> None:
    shop = order_shop(**{"rounding.totals": "whole_kronor", "flows.refunds": False,
                         "rounding.tolerance": 0.1})  # fmt: skip
    shop.world.company.whole_kronor = True
    id = bought(shop, lot("TSHIRT", "49.75", ex="39.80"), currency="EUR")
    assert shop.outcomes(shop.run(), "new_order")[str(id)].state == "posted"


def test_what_whole_kronor_do_not_mend_gets_its_row_for_rounding(order_shop: Open) -> None:
    """496 for 495.40: not what was sold, rounded."""
    shop = order_shop(**NET, **{"rounding.totals": "whole_kronor"})
    shop.world.company.whole_kronor = True
    id = bought(shop, replace(lot("SKRUV", "0.99", 300, ex="0.79")))
    shop.run()
    assert id
    (order,) = shop.fortnox_orders  # 300 × 0.79 is 296.25 with VAT, and 297.00 was sold
    assert (order.total, [row.price for row in order.rows]) == (
        297, [Decimal("0.79"), Decimal("0.75")]
    )  # fmt: skip


# -- invoices of orders --------------------------------------------------------------------------


def test_an_invoice_of_an_order_is_not_made_for_a_card_that_lost_its_vat(order_shop: Open) -> None:
    shop = order_shop(**{"flows.refunds": False, "invoices.from": "order"})
    id = bought(shop, lot("TSHIRT", "500.00"), buyer=EVA)
    shop.run()
    shop.run()
    number = shop.fortnox_orders[0].customer_number
    change_card(shop, number, VATType="EXPORT")
    taken = capture(shop.world, id)
    invoice = shop.outcomes(shop.run(), "invoice_of_order")[f"{id}/{taken.id}"]
    assert f"customer {number} has the VAT type EXPORT" in invoice.reason
    assert shop.requests("PUT", "createinvoice") == []
    change_card(shop, number, VATType="SEVAT")
    shop.run()
    assert [(one.total, one.vat, one.booked) for one in shop.fortnox_invoices] == [(500, 100, True)]


def test_an_invoice_of_an_order_without_a_row_for_rounding_is_made_as_before(
    order_shop: Open,
) -> None:
    shop = order_shop(**NET, **{"invoices.from": "order"})
    id = bought(shop, screws(100))
    shop.run()
    (row,) = shop.store.rows("SELECT document FROM ledger.action WHERE target = 'fortnox.order'")
    begins = row["document"].index('{"AccountNumber":3740')
    ends = row["document"].index("}", begins) + 1
    as_earlier_builds_sent_it(shop, "," + row["document"][begins:ends], "")
    (order,) = shop.fortnox_orders
    shop.world.orders[order.number] = replace(order, rows=order.rows[:1])
    capture(shop.world, id)
    shop.run()
    assert [(one.total, one.booked) for one in shop.fortnox_invoices] == [(Decimal("98.75"), True)]


# -- credits -------------------------------------------------------------------------------------


def test_the_credit_of_an_invoice_in_whole_kronor_is_rounded_as_the_invoice_was(
    order_shop: Open,
) -> None:
    shop = order_shop()
    shop.world.company.whole_kronor = True
    id = bought(shop, lot("TSHIRT", "498.75", ex="399.00"))
    capture(shop.world, id)
    shop.run()
    lifecycle.refund(shop.world, id)
    shop.run()
    invoice, credit = shop.fortnox_invoices
    assert (credit.total, len(credit.rows), credit.booked) == (-499, 1, True)
    lifecycle.pay_out(shop.world, [id])
    shop.later(days=3)
    shop.run()
    assert (shop.balance(invoice), shop.balance(credit)) == (0, 0)
    assert sum(off.amount for one in shop.payments() for off in one.write_offs) == 0


def test_a_credit_to_a_card_that_lost_its_vat_is_not_made(order_shop: Open) -> None:
    shop = order_shop()
    id = bought(shop, lot("TSHIRT", "500.00"), buyer=EVA)
    capture(shop.world, id)
    shop.run()
    number = shop.fortnox_orders[0].customer_number
    shop.run()
    change_card(shop, number, VATType="EXPORT")
    lifecycle.refund(shop.world, id)
    (told_,) = shop.outcomes(shop.run(), "credit_invoice").values()
    assert f"customer {number} has the VAT type EXPORT" in told_.reason
    assert "VAT 0.00, and VAT of -100.00 comes back" in told_.reason
    assert len(shop.fortnox_invoices) == 1
    change_card(shop, number, VATType="SEVAT")
    shop.run()
    assert [(one.total, one.vat) for one in shop.fortnox_invoices] == [(500, 100), (-500, -100)]
