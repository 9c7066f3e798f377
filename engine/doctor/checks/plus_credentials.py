"""Qliro's API Plus credentials: there and accepted, where the flow refunds is on.

Asks Qliro for what is read with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from ...errors import AccessError
from ...merchant.flows import PLUS, lacks_plus
from ...transport.endpoints import ORDER, SETTLEMENT_BATCHES
from ..context import Context
from ..result import Result, error, ok, warning

ASK = "Ask your Qliro account manager for the API Plus credentials."
# An order that nobody has: whether it is asked for in our name shows in the refusal.
NOBODYS = ORDER.format(id="0")


def run(context: Context) -> Iterator[Result]:
    place = context.place("qliro", "plus_api_key")
    if not context.on("refunds"):
        yield ok("The flow refunds is off, so no API Plus credentials are needed.")
        return
    if lacks_plus(context.merchant):
        missing = [key for key in PLUS if key not in context.merchant.secrets]
        yield error(
            f"The flow refunds is on, and {' and '.join(missing)} are not there."
            if len(missing) > 1
            else f"The flow refunds is on, and {missing[0]} is not there.",
            "Without the second pair no refund is handled; the other flows go on.",
            f"{ASK} Or switch flows.refunds off.",
            place if not context.merchant.is_default(("qliro", "plus_api_key"))
            else context.place("flows", "refunds"),
        )  # fmt: skip
        return
    secrets = context.merchant.secrets
    if "qliro.api_secret" in secrets and secrets[PLUS[1]] == secrets["qliro.api_secret"]:
        yield warning(
            "The API Plus credentials are the same as the first pair.",
            "Qliro gives refunds a pair of their own.",
            ASK,
            place,
        )
        return
    opens = context.settings["qliro"]["plus_for"]
    day = str(context.today - timedelta(days=2))
    if "orders" in opens:
        context.qliro(NOBODYS)
    elif "settlements" in opens:
        context.qliro(SETTLEMENT_BATCHES, ("FromBatchDate", day), ("ToBatchDate", day))
    refused = getattr(context.to_qliro.api.auth, "refused", None)
    if isinstance(refused, AccessError):
        yield error(
            "Qliro does not accept the API Plus credentials.",
            refused.message,
            refused.remedy,
            place,
        )
    elif opens:
        yield ok("Qliro accepts the API Plus secret for what refunds read.")
    else:
        yield ok("The API Plus credentials are there; qliro.plus_for has nothing read with them.")
