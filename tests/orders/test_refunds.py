"""Refunds: each successful one becomes a credit invoice once, for its amount to the öre.

One shop lives all of it; it is looked at on the server's side, after the runs that credit and after
the payout.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal

import pytest
from order_shop import OrderShop

from engine.errors import AccessError, Exit
from engine.sandbox.fortnox.invoices import bookkeep_invoice, credit_invoice
from engine.sandbox.history import pay
from engine.sandbox.lives import lifecycle
from engine.sandbox.lives.by_name import LIVES
from engine.sandbox.lives.lifecycle import Life, capture, captures, discount, lot, refund
from engine.sandbox.qliro import operations
from engine.sandbox.transport import Killed
from engine.sandbox.world.faults import Fault, plan
from engine.sandbox.world.world import Invoice, Item, Transaction, World
from engine.session import RunReport

from .kit import SETTINGS, chart

OpenShop = Callable[..., OrderShop]
# Lives whose refund becomes a credit invoice, with what is credited and in how many documents.
CREDITED = {
    "refunded_whole": ["-746.00"],
    "refunded_rows": ["-149.00"],
    "refunded_twice": ["-149.00", "-399.00"],
    "refunded_same_twice": ["-149.00", "-149.00"],
    "refunded_amount": ["-75.00"],
    "refunded_amount_by_update": ["-75.00"],
    "refunded_amount_without_vat": ["-75.00"],
    "refunded_less_fee": ["-350.00"],
    "refunded_across_captures": ["-448.00", "-298.00"],
    "refunded_one_capture": ["-149.00"],
    "refunded_with_discount": ["-597.00"],
    "refunded_with_invoice_fee": ["-726.00"],
    "refund_of_direct_payment": ["-399.00"],
    "refund_without_original": ["-149.00"],
    "thrice": ["-149.00", "-149.00", "-399.00"],
    "amount_of_mixed_rates": ["-100.01"],
    "amount_after_a_rate_came_back": ["-249.00", "-50.00"],
    "all_by_amount_alone": ["-1264.70"],
    "mixed_discount_came_back": ["-640.80"],
    "both_fees": ["-677.00"],
    "part_paid": ["-149.00"],
}
CREDITS = ("credit_invoice", "further_credit_invoice")
NOT_CREDITED = ("refund_failed", "refund_under_way", "trustly_cancelled")


# -- more lives -----------------------------------------------------------------------------------


def _sold(world: World, like: str = "several_rows") -> Life:
    life = LIVES[like](world)
    capture(world, life.order)
    return life


def thrice(world: World) -> Life:
    life = _sold(world)
    for reference in ("STRUMPOR-3", "STRUMPOR-3", "TSHIRT-BLA-M"):
        refund(world, life.order, {reference: 1})
    return life


def amount_of_mixed_rates(world: World) -> Life:
    life = _sold(world, "mixed_rates")
    discount(world, life.order, "100.01", rate="0")
    return life


def amount_after_a_rate_came_back(world: World) -> Life:
    """The only row at 6 % came back whole: nothing at 6 % is left to be lowered."""
    life = _sold(world, "mixed_rates")
    refund(world, life.order, {"BOK-9789": 1})
    discount(world, life.order, "50.00", rate="0")
    return life


def all_by_amount_alone(world: World) -> Life:
    life = _sold(world, "mixed_rates")
    discount(world, life.order, "1264.70", rate="0")
    return life


def mixed_discount_came_back(world: World) -> Life:
    life = _sold(world, "mixed_rate_discount")
    refund(world, life.order)
    return life


def both_fees(world: World) -> Life:
    """The invoice fee is given back, a fee for the return is charged."""
    life = _sold(world, "invoice_fee")
    refund(world, life.order, fee=lot("returavgift", "49.00", type="Fee", text="Returavgift"))
    return life


def part_paid(world: World) -> Life:
    life = _sold(world)
    refund(world, life.order, {"STRUMPOR-3": 1})
    return life


def _portal(world: World, life: Life, of: Transaction, amount: str, items: list[Item]) -> Life:
    """A refund that Qliro's own checks would not let through."""
    held = world.qliro_orders[life.order]
    operations.begin(world, held, "Refund", Decimal(amount), items, original=of.id, done=True)
    return life


def _socks(n: int) -> Item:
    return replace(lot("STRUMPOR-3", "149.00", n, text="Strumpor, 3-pack"), action="Return")


def more_than_captured(world: World) -> Life:
    """Two refunds by amount that are more than the capture together."""
    life = _sold(world)
    (taken,) = captures(world, life.order)
    discount(world, life.order, "700.00")
    line = replace(lot("Refund", "-46.01", type="Discount"), action="Ship")
    return _portal(world, life, taken, "46.01", [line])


def more_at_once(world: World) -> Life:
    """One refund by amount that alone is more than its capture."""
    life = _sold(world)
    (taken,) = captures(world, life.order)
    line = replace(lot("Refund", "-746.01", type="Discount"), action="Ship")
    return _portal(world, life, taken, "746.01", [line])


def more_of_a_row(world: World) -> Life:
    life = _sold(world)
    (taken,) = captures(world, life.order)
    return _portal(world, life, taken, "447.00", [_socks(3)])


def more_of_a_capture(world: World) -> Life:
    """Two were bought, one in each capture; two came back of the first."""
    life = LIVES["several_rows"](world)
    first = capture(world, life.order, {"TSHIRT-BLA-M": 1, "STRUMPOR-3": 1})
    capture(world, life.order)
    return _portal(world, life, first, "298.00", [_socks(2)])


def credited_by_hand(world: World) -> Life:
    return part_paid(world)


# -- one shop for all of it -----------------------------------------------------------------------


@dataclass
class Refunded:
    """The shop after its runs, its lives, and what the runs told."""

    shop: OrderShop
    lives: dict[str, Life]
    reports: list[RunReport] = field(default_factory=list)

    def invoices(self, name: str) -> list[Invoice]:
        orders = {str(order) for order in self.lives[name].orders}
        all_of_them = self.shop.fortnox_invoices
        return [one for one in all_of_them if one.external2.split("/")[0] in orders]

    def credits(self, name: str) -> list[Invoice]:
        return [one for one in self.invoices(name) if one.total < 0]

    def reasons(self, name: str) -> list[str]:
        case = f"order {self.lives[name].order}"
        return [one.reason for one in self.reports[1].plan.outcomes
                if one.payout == case and one.state == "parked"]  # fmt: skip


def by_rate(invoice: Invoice) -> dict[int, Decimal]:
    sums: dict[int, Decimal] = {}
    for row in invoice.rows:
        rate = int(row.vat)
        sums[rate] = sums.get(rate, Decimal(0)) + row.quantity * row.price
    return sums


def _lived(shop: OrderShop) -> dict[str, Life]:
    lives = {name: shop.life(name) for name in (*CREDITED, *NOT_CREDITED) if name in LIVES}
    now = shop.world.now()
    shop.world.clock.set(now - timedelta(days=4))
    for make in (thrice, amount_of_mixed_rates, amount_after_a_rate_came_back, all_by_amount_alone,
                 mixed_discount_came_back, both_fees, part_paid, more_than_captured, more_at_once,
                 more_of_a_row, more_of_a_capture, credited_by_hand):  # fmt: skip
        lives[make.__name__] = made = make(shop.world)
        shop.known += [str(order) for order in made.orders]
    shop.world.clock.set(now)
    lives["given_back_before_capture"] = shop.life("several_rows")
    return lives


@pytest.fixture(scope="module")
def refunded(order_shops: OpenShop) -> Refunded:
    shop = order_shops(**{"discounts.mixed_vat": "split"})
    found = Refunded(shop, _lived(shop))
    found.reports.append(shop.run())  # orders and invoices
    (invoice,) = found.invoices("part_paid")
    pay(shop.world, invoice, Decimal(100), 1930, day=shop.world.today())
    lifecycle.cancel(shop.world, found.lives["given_back_before_capture"].order)
    (invoice,) = found.invoices("credited_by_hand")
    credit_invoice(shop.world, str(invoice.number))
    shop.world.company.credit_answers = "original"
    found.reports.append(shop.run())  # credit invoices, the further ones too
    return found


# -- what stands in Fortnox -----------------------------------------------------------------------


@pytest.mark.parametrize("name", CREDITED)
def test_each_refund_is_credited_once_and_to_the_ore(refunded: Refunded, name: str) -> None:
    credits = refunded.credits(name)
    assert [str(one.total) for one in credits] == CREDITED[name]
    assert all(one.booked for one in credits)
    transactions = refunded.shop.world.qliro_orders[refunded.lives[name].order].transactions
    given = [t for t in transactions if t.type == "Refund" or t.amount < 0]
    assert [one.external2 for one in credits] == [
        f"{refunded.lives[name].order}/{t.id}" for t in given
    ]
    assert [-one.total for one in credits] == [abs(t.amount) for t in given]


def test_nothing_is_credited_that_was_not_refunded(refunded: Refunded) -> None:
    assert [name for name in NOT_CREDITED if refunded.credits(name)] == []


def test_the_first_is_linked_by_fortnox_and_later_ones_by_references(refunded: Refunded) -> None:
    invoice, first, second, third = refunded.invoices("thrice")
    assert (invoice.credit_reference, first.credit_reference) == (first.number, invoice.number)
    assert (first.credit, second.credit_reference, third.credit_reference) == (True, 0, 0)
    later = {(one.external1, one.customer_number, one.currency) for one in (second, third)}
    assert later == {(invoice.external1, invoice.customer_number, invoice.currency)}
    assert len({one.external2 for one in (invoice, first, second, third)}) == 4


def test_a_credit_has_the_rows_that_came_back_and_no_others(refunded: Refunded) -> None:
    invoice, credit = refunded.invoices("refunded_rows")
    sold = next(row for row in invoice.rows if row.article == "STRUMPOR-3")
    (row,) = credit.rows
    assert (row.article, row.quantity, row.price) == ("STRUMPOR-3", -1, Decimal("149.00"))
    assert (row.account, row.vat) == (sold.account, sold.vat)


def test_a_whole_refund_mirrors_its_invoice(refunded: Refunded) -> None:
    for name in ("refunded_whole", "refunded_with_discount", "refunded_with_invoice_fee"):
        invoice, credit = refunded.invoices(name)
        assert [(r.article, -r.quantity, r.price, r.vat, r.account) for r in credit.rows] == [
            (r.article, r.quantity, r.price, r.vat, r.account) for r in invoice.rows
        ]


def test_a_whole_capture_refunded_by_amount_alone_takes_its_rows_back(refunded: Refunded) -> None:
    invoice, credit = refunded.invoices("all_by_amount_alone")
    assert [(r.article, -r.quantity) for r in credit.rows] == [
        (r.article, r.quantity) for r in invoice.rows
    ]
    assert by_rate(credit) == {rate: -sum_ for rate, sum_ in by_rate(invoice).items()}


def test_an_amount_alone_is_spread_over_the_vat_rates_of_the_invoice(refunded: Refunded) -> None:
    """746.00 at 25 %, 269.70 at 12 %, 249.00 at 6 %, of 1264.70 in all."""
    (credit,) = refunded.credits("amount_of_mixed_rates")
    assert by_rate(credit) == {
        25: Decimal("-58.99"), 12: Decimal("-21.33"), 6: Decimal("-19.69"),
    }  # fmt: skip
    assert {row.account for row in credit.rows} == {3001, 3002, 3003}
    assert {row.article for row in credit.rows} == {""}  # not that of the row that stood there


def test_an_amount_is_spread_over_what_has_not_come_back(refunded: Refunded) -> None:
    invoice, rows, amount = refunded.invoices("amount_after_a_rate_came_back")
    assert by_rate(rows) == {6: -by_rate(invoice)[6]}
    assert by_rate(amount) == {25: Decimal("-36.72"), 12: Decimal("-13.28")}


def test_a_discount_over_two_rates_goes_back_as_it_was_split(refunded: Refunded) -> None:
    invoice, credit = refunded.invoices("mixed_discount_came_back")
    assert by_rate(credit) == {rate: -sum_ for rate, sum_ in by_rate(invoice).items()}
    assert len(by_rate(credit)) == 2


def test_a_return_fee_stands_on_the_credit_invoice_as_a_row_of_its_own(refunded: Refunded) -> None:
    (credit,) = refunded.credits("refunded_less_fee")
    assert [(row.description, row.quantity, row.price) for row in credit.rows] == [
        ("T-shirt, blå, M", -1, Decimal("399.00")),
        ("Returavgift", 1, Decimal("49.00")),
    ]


def test_an_invoice_fee_goes_back_beside_a_return_fee_that_is_charged(refunded: Refunded) -> None:
    (credit,) = refunded.credits("both_fees")
    fees = {row.description: row.quantity * row.price for row in credit.rows[-2:]}
    assert fees == {"Fakturaavgift": Decimal("-29.00"), "Returavgift": Decimal("49.00")}


def test_several_captures_are_each_credited_on_their_own_invoice(refunded: Refunded) -> None:
    one, two, first, second = refunded.invoices("refunded_across_captures")
    assert (first.credit_reference, second.credit_reference) == (one.number, two.number)
    untouched, invoice, credit = refunded.invoices("refunded_one_capture")
    assert (untouched.credit_reference, credit.credit_reference) == (0, invoice.number)


def test_a_part_paid_invoice_is_credited_like_any_other(refunded: Refunded) -> None:
    invoice, credit = refunded.invoices("part_paid")
    assert (invoice.balance, credit.balance) == (Decimal("646.00"), Decimal("-149.00"))


def test_a_reversal_before_capture_cancels_the_order_and_credits_nothing(
    refunded: Refunded,
) -> None:
    life = refunded.lives["given_back_before_capture"]
    (order,) = (one for one in refunded.shop.fortnox_orders if one.external2 == str(life.order))
    assert order.cancelled
    assert refunded.invoices("given_back_before_capture") == []


# -- what is left to a person ---------------------------------------------------------------------


def test_more_than_was_captured_is_never_credited(refunded: Refunded) -> None:
    """700.00 and then 46.01 of 746.00; and as much in one."""
    assert [one.total for one in refunded.credits("more_than_captured")] == [Decimal("-700.00")]
    assert refunded.credits("more_at_once") == []
    for name in ("more_than_captured", "more_at_once"):
        (reason,) = refunded.reasons(name)
        assert "746.01 was refunded of a capture of 746.00" in reason


@pytest.mark.parametrize("name", ["more_of_a_row", "more_of_a_capture"])
def test_more_of_a_row_than_its_capture_took_is_never_credited(
    refunded: Refunded, name: str
) -> None:
    assert refunded.credits(name) == []
    (reason,) = refunded.reasons(name)
    assert "more of Strumpor, 3-pack came back than its capture took" in reason


def test_what_somebody_credited_by_hand_is_left_to_a_person(refunded: Refunded) -> None:
    (reason,) = refunded.reasons("credited_by_hand")
    assert "it has the credit invoice" in reason
    invoice = refunded.invoices("credited_by_hand")[0]
    numbers = [one.number for one in refunded.shop.fortnox_invoices
               if one.credit_reference == invoice.number]  # fmt: skip
    assert len(numbers) == 1
    assert refunded.reports[1].exit_code == 3


# -- what follows: this shop goes on living -------------------------------------------------------


def test_the_settlement_line_of_a_refund_finds_its_credit_invoice(refunded: Refunded) -> None:
    shop = refunded.shop
    paid = [name for name in CREDITED if name != "part_paid"]
    lifecycle.pay_out(shop.world, [refunded.lives[name].order for name in paid])
    shop.clock.advance(3 * 86400)
    report = shop.run()
    open_ = {name: [str(one.balance) for one in refunded.invoices(name)] for name in paid}
    assert {name for name, balances in open_.items() if set(balances) != {"0.00"}} == set()
    assert set(shop.states()) == {"posted"}
    held = shop.store.value("SELECT count(*) FROM ledger.interim_state WHERE held <> must")
    assert (held, report.delivery.refused, report.delivery.undecided) == (0, {}, {})
    made = Counter(kind for kind, _ in shop.world.made)
    assert made["credit"] + made["invoice"] == len(shop.fortnox_invoices)  # none came since
    assert report.delivery.done
    assert not [
        one for one in report.delivery.done if one.startswith(("credit", "further", "invoice"))
    ]


# -- alone ----------------------------------------------------------------------------------------


def test_a_refund_before_its_invoice_is_booked_waits_and_a_total_that_differs_is_not_booked(
    order_shop: OpenShop,
) -> None:
    """Whole kronor: Fortnox rounds the second one, so that its total is not what was refunded."""
    shop = order_shop(**{"invoices.book": False})
    rows, amount = shop.life("refunded_rows"), shop.life("captured")
    discount(shop.world, amount.order, "75.40")
    shop.run()
    report = shop.run()
    for outcome in shop.outcomes(report, "credit_invoice").values():
        assert (outcome.state, "it is not booked yet" in outcome.reason) == ("waiting", True)
    for invoice in shop.fortnox_invoices:
        bookkeep_invoice(shop.world, str(invoice.number))
    shop.settings({"invoices.book": True})
    shop.world.company.whole_kronor = True
    report = shop.run()
    told = {one.payout: one for one in shop.outcomes(report, "credit_invoice").values()}
    first, second = shop.fortnox_invoices[2:]
    assert (first.total, first.booked) == (Decimal("-149.00"), True)
    assert told[f"order {rows.order}"].state == "posted"
    assert (second.total, second.booked) == (Decimal("-75.00"), False)
    wrong = told[f"order {amount.order}"]
    assert (wrong.state, report.exit_code) == ("parked", 3)
    assert "Total is -75.00 and must be -75.40" in wrong.reason


def test_a_credit_has_its_prices_as_its_invoice_has_them(order_shop: OpenShop) -> None:
    """Whoever made the invoice, and whatever the merchant's file says of invoices since."""
    shop = order_shop(vat_included=False)
    shop.life("refunded_twice")
    shop.run()
    shop.settings({"vat_included": True})
    shop.run()
    invoice, *credits = shop.fortnox_invoices
    assert [one.total for one in credits] == [Decimal("-149.00"), Decimal("-399.00")]
    assert {one.vat_included for one in (invoice, *credits)} == {False}
    assert [one.rows[0].price for one in credits] == [Decimal("119.20"), Decimal("319.20")]
    assert all(one.booked for one in credits)


def test_a_lost_database_credits_nothing_twice(order_shop: OpenShop) -> None:
    """Lost after Fortnox made two credits and before the second was edited: it says of no refund
    that it is it. What is whole is known by the refund's identity."""
    shop = order_shop()
    whole, half = shop.life("refunded_twice"), shop.life("refunded_rows")
    shop.run()
    plan(shop.world, Fault("kill_before", nth=2, method="PUT", path=r"/3/invoices/\d+$"))
    with pytest.raises(Killed):
        shop.run()
    for _ in range(2):
        shop.lose_the_database()
        report = shop.run()
        sums = [str(one.total) for one in shop.fortnox_invoices if one.total < 0]
        assert sums == ["-149.00", "-746.00", "-399.00"]
        states = {one.payout: one.state for one in shop.outcomes(report, "credit_invoice").values()}
        assert states[f"order {half.order}"] == "parked"
        assert states[f"order {whole.order}"] in ("posted", "adopted")


# -- the second pair of credentials ---------------------------------------------------------------


def test_without_the_plus_pair_the_run_says_so_first_and_the_other_flows_go_on(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**{"qliro.plus_api_key": None, "qliro.plus_api_secret": None})
    shop.life("refunded_rows")
    for _ in range(2):
        report = shop.run()
        said = report.plan.problems[0]
        assert "API Plus" in said
        assert "ask your Qliro account manager" in said
        assert said.count(". ") == 0
        assert report.exit_code == 3
    (invoice,) = shop.fortnox_invoices
    assert (len(shop.fortnox_orders), invoice.booked) == (1, True)
    assert not {"credit_invoice", "further_credit_invoice"} & {
        one.mapping for one in report.plan.outcomes
    }


def test_without_the_plus_pair_nothing_is_even_read_for_refunds(order_shop: OpenShop) -> None:
    shop = order_shop(**{
        "qliro.plus_api_key": None, "qliro.plus_api_secret": None, "use_merchant_reference": False,
        "flows.orders": False, "flows.invoices": False,
    })  # fmt: skip
    life = shop.life("refunded_rows")
    lifecycle.pay_out(shop.world, [life.order])
    shop.known.clear()
    shop.clock.advance(3 * 86400)
    shop.run()
    assert shop.requests("GET", "/v2/orders/") == []


def test_orders_are_read_with_the_plus_pair_and_the_rest_with_the_other(
    order_shop: OpenShop,
) -> None:
    shop = order_shop()
    life = shop.life("refunded_rows")
    shop.world.access.merchant_api_secret = "changed"
    with pytest.raises(AccessError, match=r"qliro\.api_key and qliro\.api_secret"):
        shop.run()
    assert shop.requests("GET", "/v2/orders/") == []
    shop.world.access.merchant_api_secret = "sandbox-secret"
    shop.world.access.plus_api_secret = "changed"
    report = shop.run()
    assert report.plan.problems[0].startswith(
        "Qliro does not accept the API Plus credentials, the pair qliro.plus_api_key and "
        "qliro.plus_api_secret ("
    )
    assert report.exit_code == Exit.ATTENTION
    # The other flows go on: orders are read with the first pair, once the second was refused once.
    assert f"/v2/orders/{life.order}" in shop.requests("GET", "/v2/orders/")[0]
    assert len(shop.fortnox_orders) == 1
    assert [one.total for one in shop.fortnox_invoices] == [Decimal(746)]
    assert not {"credit_invoice", "further_credit_invoice"} & {
        one.mapping for one in report.plan.outcomes
    }
    shop.settings({"qliro.plus_for": []})
    shop.run()
    assert sorted(one.total for one in shop.fortnox_invoices) == [-149, 746]


# -- what Qliro tells late, or otherwise ----------------------------------------------------------


def test_a_refund_that_succeeds_after_a_later_one_is_a_further_credit_invoice(
    order_shop: OpenShop,
) -> None:
    """Fortnox's one linked credit invoice is the later one's by then."""
    shop = order_shop()
    life = shop.life("captured")
    (taken,) = captures(shop.world, life.order)
    held, line = shop.world.qliro_orders[life.order], lot("Refund", "-20.00", type="Discount")
    slow = operations.begin(shop.world, held, "UpdateInvoice", Decimal("-20.00"),
                       [replace(line, action="Ship")], original=taken.id,
                       status="OnHold")  # fmt: skip
    shop.later(seconds=60)
    discount(shop.world, life.order, "30.00")
    shop.run()
    shop.run()
    assert [one.total for one in shop.fortnox_invoices] == [746, -30]
    operations.end(shop.world, life.order, slow.id, "Success")
    report = shop.run()
    assert [(one.total, one.booked) for one in shop.fortnox_invoices] == [
        (746, True), (-30, True), (-20, True),
    ]  # fmt: skip
    assert not [one for one in report.plan.outcomes if one.state == "parked"]


def test_what_is_given_back_of_a_direct_payment_before_it_is_shipped_is_credited(
    order_shop: OpenShop,
) -> None:
    """The money was taken, and invoiced: its Reversal gives it back. A whole one may come with a
    Refund of the same money (Trustly)."""
    shop = order_shop()
    part, whole = (
        lifecycle.secure(shop.world, [lot("A-1", "100.00"), lot("B-1", "50.00", rate="12")],
                         method="TRUSTLY_DIRECT", type="Debit")
        for _ in range(2)
    )  # fmt: skip
    shop.known += [str(part.id), str(whole.id)]
    shop.run()
    for order, amount, items in ((part, "50.00", part.items[1:]), (whole, "150.00", whole.items)):
        released = [replace(one, action="Release") for one in items]
        operations.begin(shop.world, order, "Reversal", Decimal(amount), released,
                    original=order.transactions[0].id, done=True)  # fmt: skip
    held = shop.world.qliro_orders[whole.id]
    operations.begin(shop.world, held, "Refund", Decimal(150), original=held.transactions[0].id,
                done=True)  # fmt: skip
    for _ in range(2):
        report = shop.run()
    assert not [one for one in report.plan.outcomes if one.state == "parked"]
    assert [(one.total, one.booked) for one in shop.fortnox_invoices] == [
        (150, True), (150, True), (-50, True), (-150, True),
    ]  # fmt: skip
    assert by_rate(shop.fortnox_invoices[2]) == {12: Decimal(-50)}
    assert by_rate(shop.fortnox_invoices[3]) == {25: Decimal(-100), 12: Decimal(-50)}


def test_more_of_a_row_that_came_back_later_is_not_credited_either(order_shop: OpenShop) -> None:
    """One pair of two came back and was credited; then two."""
    shop = order_shop()
    life = shop.life("refunded_rows")
    shop.run()
    shop.run()
    (taken,) = captures(shop.world, life.order)
    _portal(shop.world, life, taken, "298.00", [_socks(2)])
    (told,) = shop.outcomes(shop.run(), "further_credit_invoice").values()
    assert told.state == "parked"
    assert "more of Strumpor, 3-pack came back than its capture took" in told.reason
    assert [one.total for one in shop.fortnox_invoices] == [746, -149]


def test_a_refund_that_does_not_say_of_which_capture_is_left_to_a_person(
    order_shop: OpenShop,
) -> None:
    shop = order_shop()
    held = shop.world.qliro_orders[shop.life("captured_in_parts").order]
    operations.begin(shop.world, held, "Refund", Decimal("10.00"), done=True)
    shop.run()
    (told,) = shop.outcomes(shop.run(), "credit_invoice").values()
    assert told.state == "parked"
    assert told.reason.endswith("Qliro does not say which of the order's 2 captures it gives back")
    assert [one.total for one in shop.fortnox_invoices] == [448, 149]


def test_an_amount_at_a_rate_without_an_account_is_parked_and_named(order_shop: OpenShop) -> None:
    """What is given back of an amount goes to the accounts of goods; at 25 % there is none."""
    shop = order_shop(sales_accounts=[
        {"kind": "shipping", "rate": 25, "account": 3520},
        {"kind": "goods", "rate": 12, "account": 3002},
    ])  # fmt: skip
    freight = lot("dhl-hem", "50.00", type="Shipping")
    order = lifecycle.secure(shop.world, [lot("KAFFE-500", "112.00", rate="12"), freight])
    shop.known.append(str(order.id))
    capture(shop.world, order)
    for _ in range(2):
        discount(shop.world, order, "20.00", rate="0")
    shop.run()
    report = shop.run()
    first, later = (
        next(iter(shop.outcomes(report, mapping).values()))
        for mapping in ("credit_invoice", "further_credit_invoice")
    )
    sentence = "no row of sales_accounts fits SE with 25 % VAT (goods, private, domestic)"
    assert (first.state, first.reason) == ("parked", sentence)
    assert later.state == "waiting"
    assert f"1001: the credit invoice of its first refund, {first.source}, comes" in later.reason
    assert [one.total for one in shop.fortnox_invoices] == [162]


def test_what_came_back_at_a_rate_whose_account_was_taken_out_is_parked_and_named(
    order_shop: OpenShop,
) -> None:
    shop = order_shop()
    shop.life("refunded_rows")
    shop.run()
    shop.settings({"sales_accounts": [{"country": "FI", "account": 3106}]})
    (told,) = shop.outcomes(shop.run(), "credit_invoice").values()
    sentence = "no row of sales_accounts fits SE with 25 % VAT (goods, private, domestic)"
    assert (told.state, told.reason) == ("parked", sentence)


def test_fortnox_fills_no_freight_and_no_fee_into_a_credit(order_shop: OpenShop) -> None:
    shop = order_shop()
    shop.world.company.freight = Decimal("39.00")
    shop.world.company.administration_fee = Decimal("19.00")
    shop.life("refunded_twice")
    shop.run()
    shop.run()
    assert [(one.total, one.freight, one.fee, one.booked) for one in shop.fortnox_invoices] == [
        (total, 0, 0, True) for total in (746, -149, -399)
    ]


# -- a discount that was split --------------------------------------------------------------------

DISCOUNTS = [
    {"kind": "discount", "rate": 25, "account": 3731},
    {"kind": "discount", "rate": 6, "account": 3732},
]


@pytest.mark.parametrize("vat_included", [True, False])
def test_a_split_discount_goes_back_to_the_accounts_that_the_invoice_took_it_from(
    order_shop: OpenShop, vat_included: bool
) -> None:
    """With the goods that it was given on, and with all of the capture by its amount alone."""
    accounts = [*DISCOUNTS, {"rate": 25, "account": 3001}, {"rate": 6, "account": 3003}]
    shop = order_shop(**{"discounts.mixed_vat": "split", "sales_accounts": accounts,
                         "vat_included": vat_included})  # fmt: skip
    chart(shop.world, 3731, 3732)
    by_items, by_amount = (_sold(shop.world, "mixed_rate_discount") for _ in range(2))
    shop.known += [str(by_items.order), str(by_amount.order)]
    refund(shop.world, by_items.order)
    discount(shop.world, by_amount.order, "640.80", rate="0")
    shop.run()
    shop.run()
    first, second, *credits = shop.fortnox_invoices
    for invoice, credit in zip((first, second), credits, strict=True):
        assert credit.booked
        assert [(r.account, r.quantity * r.price, r.vat) for r in credit.rows] == [
            (r.account, -r.quantity * r.price, r.vat) for r in invoice.rows
        ]
        assert {3731, 3732} < {row.account for row in credit.rows}


def test_a_split_discount_without_an_account_is_left_to_a_person_as_on_the_invoice(
    order_shop: OpenShop,
) -> None:
    """The account for discounts at 6 % has been taken out since."""
    goods = [{"kind": "goods", "rate": rate, "account": account}
             for rate, account in ((25, 3001), (6, 3003))]  # fmt: skip
    shop = order_shop(**{"discounts.mixed_vat": "split", "sales_accounts": [*DISCOUNTS, *goods]})
    chart(shop.world, 3731, 3732)
    life = _sold(shop.world, "mixed_rate_discount")
    shop.known.append(str(life.order))
    refund(shop.world, life.order)
    shop.run()
    shop.settings({"sales_accounts": [DISCOUNTS[0], *goods]})
    report = shop.run()
    (told,) = shop.outcomes(report, "credit_invoice").values()
    assert told.state == "parked"
    assert "no row of sales_accounts fits SE with 6 % VAT (discount, private" in told.reason


# -- a first refund that a person set aside --------------------------------------------------------


def test_refunds_after_one_that_a_person_set_aside_go_on_and_never_beyond_what_remains(
    order_shop: OpenShop,
) -> None:
    """447.00 of 746.00 is booked by hand: credits of their own follow for 100.00 and 199.00, and
    none for the öre that is more. Fortnox's own credit is left for the first, should it come."""
    shop = order_shop()
    life = more_of_a_row(shop.world)
    shop.known.append(str(life.order))
    shop.run()
    for amount in ("100.00", "199.00", "0.01"):
        shop.later(seconds=60)
        discount(shop.world, life.order, amount)
    for _ in range(2):
        report = shop.run()
    (first,) = shop.outcomes(report, "credit_invoice")
    for told in shop.outcomes(report, "further_credit_invoice").values():
        assert told.state == "waiting"
        assert told.reason.startswith("invoice ")
        assert f"its first refund, {first}, comes first" in told.reason
        assert f"`resolve {first} --ignore`" in told.reason
    shop.resolve(first, "ignore", reason="booked by hand")
    for _ in range(2):
        report = shop.run()
    invoice, *credits = shop.fortnox_invoices
    assert [(str(one.total), one.booked) for one in credits] == [
        ("-100.00", True), ("-199.00", True),
    ]  # fmt: skip
    assert {invoice.credit_reference, *(one.credit_reference for one in credits)} == {0}
    assert shop.outcomes(report, "credit_invoice")[first].state == "ignored"
    last = list(shop.outcomes(report, "further_credit_invoice").values())[-1]
    assert last.state == "parked"
    assert "746.01 was refunded of a capture of 746.00" in last.reason


def test_refunds_after_one_that_a_person_credited_by_hand_and_set_aside_go_on_too(
    order_shop: OpenShop,
) -> None:
    shop = order_shop()
    life = shop.life("refunded_twice")
    shop.run()
    (invoice,) = shop.fortnox_invoices
    credit_invoice(shop.world, str(invoice.number))
    report = shop.run()
    (first,) = shop.outcomes(report, "credit_invoice")
    shop.resolve(first, "ignore", reason="credited by hand")
    shop.run()
    mine = [one for one in shop.fortnox_invoices if one.external2.startswith(f"{life.order}/")]
    assert [(str(one.total), one.booked) for one in mine if one.total < 0 and one.booked] == [
        ("-399.00", True),
    ]  # fmt: skip
    assert len(shop.fortnox_invoices) == 3


# -- VAT that is not what it must be --------------------------------------------------------------


def test_a_credit_of_another_vat_than_came_back_is_left_unbooked_with_both_figures(
    order_shop: OpenShop,
) -> None:
    """Somebody has made the buyer's card one of an export since: the total is right all the same.
    The first credit and a later one, by items and by amount."""
    shop = order_shop()
    life = shop.life("refunded_rows")
    discount(shop.world, life.order, "100.00")
    shop.run()
    number = shop.fortnox_invoices[0].customer_number
    card = shop.world.customers[number]
    shop.world.customers[number] = replace(card, fields={**card.fields, "VATType": "EXPORT"})
    shop.run()
    report = shop.run()
    told = {one.mapping: one for one in report.plan.outcomes if one.mapping in CREDITS}
    for one, figures in zip(
        CREDITS, ("TotalVAT is 0.00 and must be -29.80", "TotalVAT is 0.00 and must be -20.00"),
        strict=True,
    ):  # fmt: skip
        assert told[one].state == "parked"
        assert figures in told[one].reason
        assert "Total is" not in told[one].reason
    assert [(one.total, one.booked) for one in shop.fortnox_invoices if one.total < 0] == [
        (Decimal("-149.00"), False), (Decimal("-100.00"), False),
    ]  # fmt: skip


def test_the_vat_of_a_credit_is_confirmed_less_strictly_where_a_vat_code_decides(
    order_shop: OpenShop,
) -> None:
    """A sale to Finland at 25.5 %: the double takes a row's VAT code for 25 %."""
    shop = order_shop(**{**SETTINGS, "flows.refunds": True})
    chart(shop.world)
    life = shop.life("finnish")
    refund(shop.world, life.order)
    shop.run()
    shop.run()
    _invoice, credit = shop.fortnox_invoices
    assert (credit.booked, credit.rows[0].account) == (True, 3106)


@pytest.mark.parametrize("by", ["items", "amount"])
def test_a_rate_that_no_row_holds_is_left_to_a_person_on_a_credit_too(
    order_shop: OpenShop, by: str
) -> None:
    """The VAT code of 25.5 % has been taken out since the invoice was made."""
    shop = order_shop(sales_accounts=[{"account": 3106, "vat_code": "FI255"}])
    chart(shop.world, 3106)
    life = shop.life("finnish")
    if by == "items":
        refund(shop.world, life.order)
    else:
        discount(shop.world, life.order, "10.00", rate="0")
    shop.run()
    shop.settings({"sales_accounts": [{"account": 3106}]})
    (told,) = shop.outcomes(shop.run(), "credit_invoice").values()
    assert told.state == "parked"
    assert "a VAT rate of 25.5 % does not fit an invoice's row" in told.reason
    assert len(shop.fortnox_invoices) == 1


# -- prices without VAT ---------------------------------------------------------------------------


def _of_an_ore(shop: OrderShop, n: int = 3) -> int:
    """3 of 9.99 are 3 of 7.99 without VAT: with the VAT that Fortnox adds 29.96."""
    order = lifecycle.secure(shop.world, [lot("A-1", "9.99", n), lot("B-1", "40.00", 2, rate="12")])
    shop.known.append(str(order.id))
    capture(shop.world, order)
    return order.id


def _last(shop: OrderShop) -> tuple[Decimal, bool, list[tuple[int, Decimal, Decimal, Decimal]]]:
    """The newest invoice: its total, whether it is booked, its rows."""
    one = shop.fortnox_invoices[-1]
    rows = [(row.account, row.quantity, row.price, row.vat) for row in one.rows]
    return one.total, one.booked, rows


def test_a_credit_whose_vat_fortnox_adds_comes_out_to_the_ore_by_a_row_for_rounding(
    order_shop: OpenShop,
) -> None:
    """Its invoice has one too; so the account for rounding gets back what that took. The first
    credit and a later one."""
    shop = order_shop(vat_included=False)
    order = _of_an_ore(shop, 6)
    refund(shop.world, order, {"A-1": 3})
    shop.run()
    shop.run()
    assert _last(shop) == (Decimal("-29.97"), True, [
        (3001, -3, Decimal("7.99"), 25), (3740, -1, Decimal("0.01"), 0),
    ])  # fmt: skip
    refund(shop.world, order, {"A-1": 3, "B-1": 1})
    shop.run()
    assert _last(shop) == (Decimal("-69.97"), True, [
        (3001, -3, Decimal("7.99"), 25), (3002, -1, Decimal("35.71"), 12),
        (3740, -1, Decimal("0.01"), 0),
    ])  # fmt: skip
    refund(shop.world, order, {"B-1": 1})
    shop.run()
    assert _last(shop) == (Decimal("-40.00"), True, [(3002, -1, Decimal("35.71"), 12)])
    assert shop.fortnox_invoices[0].total == Decimal("139.94")


def test_an_amount_alone_and_a_return_fee_come_out_to_the_ore_too(order_shop: OpenShop) -> None:
    shop = order_shop(vat_included=False)
    by_amount, with_fee = _of_an_ore(shop), _of_an_ore(shop)
    discount(shop.world, by_amount, "11.48", rate="0")
    fee = lot("returavgift", "4.00", type="Fee", text="Returavgift")
    refund(shop.world, with_fee, {"A-1": 3}, fee=fee)
    shop.run()
    shop.run()
    credits = [one for one in shop.fortnox_invoices if one.total < 0]
    assert sorted((one.total, one.booked) for one in credits) == [
        (Decimal("-25.97"), True), (Decimal("-11.48"), True),
    ]  # fmt: skip


def test_the_payout_of_such_a_refund_leaves_nothing_open(order_shop: OpenShop) -> None:
    shop = order_shop(vat_included=False)
    order = _of_an_ore(shop)
    refund(shop.world, order)
    shop.run()
    shop.run()
    lifecycle.pay_out(shop.world, [order])
    shop.clock.advance(3 * 86400)
    shop.run()
    assert [str(one.balance) for one in shop.fortnox_invoices] == ["0.00", "0.00"]
    assert set(shop.states()) == {"posted"}
    rows = [row for one in shop.world.vouchers.values() for row in one.rows if row.account == 3740]
    assert sorted(row.debit - row.credit for row in rows) == [Decimal("-0.02"), Decimal("0.02")]


@pytest.mark.parametrize(
    ("setting", "value"), [("rounding.tolerance", 0), ("rounding.policy", "park")]
)
def test_a_credit_that_is_further_off_than_rounding_may_be_is_never_made(
    order_shop: OpenShop, setting: str, value: object
) -> None:
    shop = order_shop(vat_included=False)
    order = _of_an_ore(shop, 6)
    shop.run()
    for mapping in CREDITS:  # the first and a later one
        shop.settings({setting: value})
        refund(shop.world, order, {"A-1": 3})
        before = len(shop.fortnox_invoices)
        (told,) = shop.outcomes(shop.run(), mapping).values()
        assert told.state == "parked"
        assert "Fortnox would make -29.96 of its rows, and 29.97 was refunded" in told.reason
        assert len(shop.fortnox_invoices) == before
        shop.settings({"rounding.tolerance": 1.0, "rounding.policy": "post"})
        shop.run()
        assert _last(shop)[:2] == (Decimal("-29.97"), True)


def test_a_credit_that_needs_an_account_for_rounding_says_so_before_it_is_made(
    order_shop: OpenShop,
) -> None:
    shop = order_shop(**{"vat_included": False, "flows.payouts": False})
    order = _of_an_ore(shop)
    refund(shop.world, order, {"A-1": 3})
    shop.run()
    shop.settings({"accounts.rounding": None})
    report = shop.run()
    (told,) = shop.outcomes(report, "credit_invoice").values()
    assert told.state == "parked"
    assert told.reason == (
        "Fortnox would make -29.96 of its rows, and 29.97 was refunded: name accounts.rounding, "
        "where the difference of 0.01 is booked"
    )
    assert len(shop.fortnox_invoices) == 1
    shop.settings({"accounts.rounding": 3740})
    shop.run()
    assert _last(shop)[:2] == (Decimal("-29.97"), True)
