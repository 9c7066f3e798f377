"""The paths of the sandbox's own: clock, journal, faults, deeds, pushes, state and effects.

People, demos and tests that talk to the sandbox over a socket use them; they are neither limited
nor struck by faults, and but for deeds not journalled.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from .bank import camt, payout_rows, sheet
from .people import deed
from .qliro import api as qliro
from .qliro.pushes import push
from .world.exchange import Request, Response, answered
from .world.faults import clear, fault_from, plan
from .world.world import STOCKHOLM, World, account_balance


def answer(world: World, request: Request) -> Response:
    """GET and POST ``/sandbox/clock|faults``, POST ``deeds|pushes``, GET others. ``statement`` is
    the bank's, camt.053 with the payouts."""
    try:
        match request.method, request.path.strip("/").split("/")[1:]:
            case "GET", ["clock"]:
                return answered({"now": world.now().isoformat()})
            case "POST", ["clock"]:
                return _set_clock(world, msgspec.json.decode(request.body))
            case "GET", ["journal"]:
                return answered({"requests": [asdict(entry) for entry in world.journal]})
            case "GET", ["faults"]:
                return answered(
                    {"faults": [asdict(p.fault) | {"seen": p.seen} for p in world.faults]}
                )
            case "POST", ["faults"]:
                return _plan(world, msgspec.json.decode(request.body))
            case "POST", ["deeds"]:
                return _deed(world, request)
            case "POST", ["pushes"]:
                return answered(push(world, msgspec.json.decode(request.body)))
            case "GET", ["state"]:
                return answered(state(world))
            case "GET", ["effects"]:
                return answered(effects(world))
            case "GET", ["statement"]:
                return Response(200, camt([sheet(world, payout_rows(world))]), "application/xml")
    except (ValueError, TypeError, KeyError, OSError) as wrong:
        return answered({"error": str(wrong)}, 400)
    return answered({"error": "no such control"}, 404)


def _set_clock(world: World, asked: Any) -> Response:
    """``{"advance": seconds}`` or ``{"now": "2026-11-16T09:00:00+01:00"}``, naive is Swedish."""
    if not isinstance(asked, dict):
        raise TypeError("an object is wanted")
    if "now" in asked:
        moment = datetime.fromisoformat(asked["now"])
        world.clock.set(moment if moment.tzinfo else moment.replace(tzinfo=STOCKHOLM))
    if "advance" in asked:
        world.clock.advance(float(asked["advance"]))
    return answered({"now": world.now().isoformat()})


def _deed(world: World, request: Request) -> Response:
    asked = msgspec.json.decode(request.body)
    if not isinstance(asked, dict):
        raise TypeError("an object is wanted")
    return answered(deed(world, asked, request.body.decode()))


def _plan(world: World, asked: Any) -> Response:
    """One fault, or ``{"faults": [...]}``; ``{"clear": true}`` forgets those planned before."""
    if not isinstance(asked, dict):
        raise TypeError("an object is wanted")
    if asked.get("clear"):
        clear(world)
    wanted = asked.get("faults", [asked] if "kind" in asked else [])
    plan(world, *[fault_from(item) for item in wanted])
    return answered({"planned": len(world.faults)})


def _money(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def effects(world: World) -> dict[str, Any]:
    """What callers made, seeded documents left out: payments by invoice, vouchers by text."""
    payments: dict[str, Any] = {}
    for number in world.made_payments:
        payment = world.payments[number]
        off = _money(off.amount for off in payment.write_offs)
        item = payments.setdefault(
            str(payment.invoice), {"created": 0, "booked": 0, "amount": Decimal(0)}
        )
        item["created"] += 1
        item["booked"] += payment.booked
        item["amount"] += payment.amount_currency + off
    texts = Counter(world.vouchers[key].description for key in world.made_vouchers)
    return {
        "payments": payments,
        "vouchers": dict(texts),
        "made": made(world),
        "payments_created": len(world.made_payments),
        "payments_booked": sum(world.payments[n].booked for n in world.made_payments),
        "vouchers_created": len(world.made_vouchers),
    }


def made(world: World) -> dict[str, dict[str, int]]:
    """How often callers made what, by kind and by what it was made for.

    Orders and invoices are told by ``ExternalInvoiceReference1``, credits by the invoice that they
    credit, customers and articles by their number, calls to Qliro by the order.
    """
    counted: dict[str, dict[str, int]] = {}
    for kind, number in world.made:
        match kind:
            case "order":
                what = world.orders[int(number)].external1
            case "invoice":
                what = world.invoices[int(number)].external1
            case "credit":
                what = str(world.invoices[int(number)].credit_reference)
            case _:
                what = number
        of = counted.setdefault(kind, {})
        of[what] = of.get(what, 0) + 1
    return counted


def state(world: World) -> dict[str, Any]:
    """A summary for people: documents counted, account balances, payouts with their totals."""
    balances = {
        str(number): account_balance(world, number)
        for number in world.accounts
        if account_balance(world, number)
    }
    return {
        "now": world.now().isoformat(),
        "fortnox": {
            "customers": len(world.customers),
            "orders": len(world.orders),
            "invoices": len(world.invoices),
            "open": sum(i.booked and i.balance != 0 for i in world.invoices.values()),
            "payments": len(world.payments),
            "vouchers": len(world.vouchers),
            "balances": balances,
        },
        "qliro": {
            "orders": len(world.qliro_orders),
            "batches": [
                qliro.batch_shape(batch, world, 0) | {"Lines": len(batch.lines)}
                for batch in world.batches.values()
            ],
        },
        "requests": len(world.journal),
    }
