"""A sale from its order to its payout through both doubles, and each write lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from engine.sandbox.control import effects
from engine.sandbox.lives.by_name import LIVES, shop
from engine.sandbox.lives.lifecycle import captures, finish, pay_out, refund
from engine.sandbox.qliro.api import authorization, totals
from engine.sandbox.saved import keep, restore
from engine.sandbox.server import serve
from engine.sandbox.transport import Killed, fortnox_client
from engine.sandbox.world.faults import Fault, plan
from engine.sandbox.world.world import Item, World, account_balance

Command = Callable[..., httpx.Response]


def row_of(item: Item, quantity: str = "OrderedQuantity") -> dict[str, Any]:
    return {
        "Description": item.description,
        quantity: str(item.quantity),
        "Price": float(item.inc),
        "VAT": float(item.vat_rate or 0),
        "AccountNumber": 3001,
    }


def order_body(world: World, id: int) -> dict[str, Any]:
    order = world.qliro_orders[id]
    rows = [row_of(item) for item in order.items if item.action == "Reserve"]
    return {
        "Order": {
            "CustomerNumber": "K1",
            "VATIncluded": True,
            "ExternalInvoiceReference1": order.reference,
            "TermsOfPayment": "QLIRO",
            "OrderRows": rows,
        }
    }


def test_order_capture_invoice_refund_and_payout_leave_the_books_at_rest(
    command: Command, world: World, fortnox: httpx.Client
) -> None:
    ready = shop()
    world.customers, world.terms = ready.customers, ready.terms
    id = LIVES["several_rows"](world).order
    number = fortnox.post("orders", json=order_body(world, id)).json()["Order"]["DocumentNumber"]
    items = [
        {
            "MerchantReference": i.reference,
            "Type": i.type,
            "Quantity": i.quantity,
            "PricePerItemIncVat": float(i.inc),
        }
        for i in world.qliro_orders[id].items
    ]
    assert command("MarkItemsAsShipped", id, Shipments=[{"OrderItems": items}]).status_code == 200
    finish(world)
    (taken,) = captures(world, id)
    invoice = fortnox.put(f"orders/{number}/createinvoice").json()["Invoice"]
    assert Decimal(str(invoice["Total"])) == taken.amount
    fortnox.put(f"invoices/{invoice['DocumentNumber']}/bookkeep")
    (back,) = refund(world, id, {"STRUMPOR-3": 1})
    credit = fortnox.put(f"invoices/{invoice['DocumentNumber']}/credit").json()["Invoice"]
    row = {"Description": "Strumpor", "DeliveredQuantity": "-1", "Price": 149, "VAT": 25}
    body = {"Invoice": {"InvoiceRows": [row | {"AccountNumber": 3001}]}}
    credit = fortnox.put(f"invoices/{credit['DocumentNumber']}", json=body).json()["Invoice"]
    assert Decimal(str(credit["Total"])) == -back.amount
    fortnox.put(f"invoices/{credit['DocumentNumber']}/bookkeep")
    (batch,) = pay_out(world, [id], day=world.today())
    net, _ = totals(batch.lines)
    for document, amount in ((invoice, taken.amount), (credit, -back.amount)):
        payment = {
            "InvoiceNumber": int(document["DocumentNumber"]),
            "Amount": float(amount),
            "PaymentDate": str(world.today()),
            "ModeOfPaymentAccount": 1582,
        }
        made = fortnox.post("invoicepayments", json={"InvoicePayment": payment}).json()
        fortnox.put(f"invoicepayments/{made['InvoicePayment']['Number']}/bookkeep")
    assert account_balance(world, 1510) == 0
    assert account_balance(world, 1582) == net == taken.amount - back.amount


WRITES: tuple[tuple[str, str, str, Any], ...] = (
    ("POST", "customers", "customer", {"Customer": {"Name": "x"}}),
    ("POST", "articles", "article", {"Article": {"Description": "x"}}),
    ("POST", "orders", "order", None),
    (
        "POST",
        "invoices",
        "invoice",
        {
            "Invoice": {
                "CustomerNumber": "K1",
                "InvoiceRows": [
                    {
                        "Description": "x",
                        "DeliveredQuantity": "1",
                        "Price": 1,
                        "AccountNumber": 3001,
                    }
                ],
            }
        },
    ),
    ("PUT", "orders/501/createinvoice", "invoice", {}),
    ("PUT", "invoices/1001/credit", "credit", {}),
)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("lost", range(len(WRITES)))
def test_a_run_that_is_killed_at_a_write_has_made_it_or_not(lost: int, when: str) -> None:
    world = shop()
    world.limits.rate_limit = None
    id = LIVES["several_rows"](world).order
    with fortnox_client(world) as fortnox:
        for n, (method, path, kind, body) in enumerate(WRITES):
            if path.endswith("/credit"):
                fortnox.put("invoices/1001/bookkeep")
            before = sum(effects(world)["made"].get(kind, {}).values())
            if n == lost:
                plan(world, Fault(f"kill_{when}", method=method))
            given = order_body(world, id) if body is None else body or None
            if n != lost:
                assert fortnox.request(method, path, json=given).status_code in (200, 201)
                continue
            with pytest.raises(Killed):
                fortnox.request(method, path, json=given)
            after = sum(effects(world)["made"].get(kind, {}).values())
            assert after - before == (when == "after")
            assert (world.journal[-1].effect is not None) == (when == "after")
            break


def test_orders_and_captures_go_over_a_socket_too() -> None:
    world = shop()
    world.limits.rate_limit = None
    id = LIVES["private"](world).order
    body = msgspec.json.encode({"MerchantApiKey": world.access.merchant_api_key, "OrderId": id})
    sign = {"Authorization": authorization(world.access.merchant_api_secret, body)}
    with serve(world) as running, httpx.Client(base_url=running.url) as client:
        path = "/checkout/adminapi/v2/cancelOrder"
        assert client.post(path, content=body, headers=sign).status_code == 200
        wrong = {"Authorization": authorization("another", body)}
        assert client.post(path, content=body, headers=wrong).status_code == 401
        counted = client.get("/sandbox/effects").json()
    assert counted["made"] == {"cancelOrder": {str(id): 1}}


def test_a_sandbox_that_is_kept_holds_what_was_done_to_both(
    world: World, command: Command, fortnox: httpx.Client, tmp_path: Path
) -> None:
    id = LIVES["private"](world).order
    fortnox.post("customers", json={"Customer": {"Name": "x"}})
    command("cancelOrder", id)
    world.clock.advance(60)
    fortnox.post("customers", json={"Customer": {"Name": "y"}})
    keep(world, tmp_path / "kept")
    again = shop()
    again.clock.set(world.clock.now())
    LIVES["private"](again)
    assert restore(again, tmp_path / "kept") == 3
    assert {n: c.name for n, c in again.customers.items()} == {"K1": "Webbkund"} | {
        n: c.name for n, c in world.customers.items()
    }
    shown = [t.status for t in again.qliro_orders[id].transactions]
    assert shown == [t.status for t in world.qliro_orders[id].transactions]
