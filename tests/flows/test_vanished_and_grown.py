"""How a payout is told whose lines became fewer or more after it was posted, and a part payment."""

from __future__ import annotations

from decimal import Decimal

from shop import OpenShop, Shop, texts

from engine.report.explain import explain
from engine.report.status import status
from engine.sandbox.history import new_invoice, new_sale, payout_day, settle
from engine.show.explanation import page as explained
from engine.show.page import amount
from engine.show.status import page as status_page


def found(one: Shop) -> dict[str, object]:
    return status(one.store, one.clock.now().date(), 14)


def shown(one: Shop) -> str:
    return texts(status_page("shop", "Shop", found(one)))


def test_what_vanished_is_told_beside_the_total_and_the_transfer_that_still_holds_it(
    shop: OpenShop,
) -> None:
    one = shop()
    one.trouble("batch_shrinks_later")
    one.run()
    (before,) = one.payouts()
    one.later(days=1.1)
    one.run()
    gone = one.lines(vanished=True)
    worth = sum(line["gross"] for line in gone)
    (after,) = one.payouts()
    assert before["TotalAmount"] - after["TotalAmount"] == worth
    told = shown(one)
    assert f"no longer lists {len(gone)} line" in told
    assert f"hold {amount(worth)} SEK more" in told
    assert f"hold {amount(worth)} SEK more" in texts(explained(explain(one.store, after["payout"])))
    (line,) = one.lines(vanished=True, Type="Transaction")
    assert f"payment {line['number']}" in line["reason"]
    (voucher,) = one.vouchers("T")
    assert f"voucher T/{voucher.key.number}/{voucher.key.year}" in line["reason"]


def test_what_vanished_after_it_was_booked_is_not_open_on_the_interim_account(
    shop: OpenShop,
) -> None:
    one = shop()
    one.trouble("batch_shrinks_later")
    one.run()
    one.later(days=1.1)
    one.run()
    assert [row["open_lines"] for row in found(one)["interim"]] == [0]  # type: ignore[attr-defined]
    assert "The interim accounts are even" in shown(one)


def test_every_voucher_of_a_transfer_stands_in_its_column(shop: OpenShop) -> None:
    one = shop()
    one.trouble("batch_grows_later")
    one.run()
    one.later(days=1.1)
    one.run()
    numbers = [f"T/{v.key.number}/{v.key.year}" for v in one.vouchers("T")]
    assert len(numbers) == 2
    assert ", ".join(numbers) in shown(one)


def test_a_part_payment_that_leaves_something_open_is_reported(shop: OpenShop) -> None:
    one = shop()
    sale = new_sale(one.world, Decimal(95), invoiced=False)
    invoice = new_invoice(
        one.world, Decimal(100), day=payout_day(one.world), reference=sale.order.reference
    )
    settle(one.world, [sale.line])
    report = one.run()
    assert one.states() == ["posted"]
    (warning,) = [text for text in report.plan.warnings if "stay" in text]
    assert f"invoice {invoice.number}: 5.00 SEK of it stays open" in warning
    assert f"Invoice {invoice.number}: 5.00 SEK" in shown(one)
    one.later(days=1)
    one.run()
    assert f"Invoice {invoice.number}: 5.00 SEK" in shown(one), "also in later runs"


def test_parts_that_pay_an_invoice_together_are_not_reported(shop: OpenShop) -> None:
    one = shop()
    first = new_sale(one.world, Decimal(60), invoiced=False)
    second = new_sale(one.world, Decimal(40), reference=first.order.reference, invoiced=False)
    new_invoice(one.world, Decimal(100), day=payout_day(one.world),
                reference=first.order.reference)  # fmt: skip
    settle(one.world, [first.line, second.line])
    report = one.run()
    assert one.states() == ["posted", "posted"]
    assert not [text for text in report.plan.warnings if "stays open" in text]
    assert "stays open" not in shown(one)
