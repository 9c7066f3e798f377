"""What this Qliro would push of an order: its checkout's status, then each of its transactions'.

It reads the world's orders and posts to the addresses that the caller names, one after the other;
nobody pushes again what was refused.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from ..world.world import QliroOrder, World
from .spelling import stamp

# What Qliro calls its addresses, in the order that a shop sends it.
CHECKOUT: Final = "MerchantCheckoutStatusPushUrl"
ORDER_MANAGEMENT: Final = "MerchantOrderManagementStatusPushUrl"
_PATIENCE: Final = 10.0
_SECURING: Final = ("Preauthorization", "Debit")
# What the status of the securing transaction makes of the checkout; any other leaves it in process.
_CHECKOUT: Final = {"Success": "Completed", "OnHold": "OnHold", "Error": "Refused"}


def push(world: World, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Push all orders, or ``orders`` by id, to the addresses that ``webhooks urls --json`` prints,
    by Qliro's names; one that is not named gets none. Tells how many pushes came to which status
    of HTTP.

    Raises KeyError when there is no such order, OSError when nobody answers.
    """
    ids = asked.get("orders") or list(world.qliro_orders)
    answers: Counter[str] = Counter()
    for order in [world.qliro_orders[int(id)] for id in ids]:
        for name, body in bodies(world, order):
            if address := asked.get(name):
                answers[str(_post(str(address), body))] += 1
    return {"answers": dict(answers)}


def bodies(world: World, order: QliroOrder) -> Iterator[tuple[str, dict[str, Any]]]:
    """The pushes of an order, with the name of the address that each goes to."""
    for ordinal, one in enumerate(order.transactions):
        shared = {
            "OrderId": order.id,
            "MerchantReference": order.reference,
            "PaymentTransactionId": one.id,
            "Timestamp": stamp(one.at, world.conventions, ordinal),
        }
        if one.type in _SECURING:
            status = _CHECKOUT.get(one.status, "InProcess")
            kind = {"Status": status, "NotificationType": "CustomerCheckoutStatus"}
            yield CHECKOUT, shared | kind
        yield (
            ORDER_MANAGEMENT,
            shared
            | {
                "OriginalPaymentTransactionId": one.original,
                "PaymentType": one.type,
                "Status": one.status,
                "Amount": str(one.amount),
                "Currency": order.currency,
            },
        )


def _post(address: str, body: Mapping[str, Any]) -> int:
    """The status that a push came to."""
    if not address.startswith(("http://", "https://")):
        raise ValueError("an address of http or https is wanted")
    content = json.dumps(body).encode()
    request = Request(address, content, {"Content-Type": "application/json"})  # noqa: S310  checked
    try:
        with urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310  likewise
            return int(answer.status)
    except HTTPError as refused:
        with refused:
            return int(refused.code)
