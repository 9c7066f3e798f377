"""Opens the two APIs for a merchant: addresses, signatures, pace, the way in.

Reads the merchant's file and secrets; nothing is asked of a server before the first call.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from ..clock import Clock
from ..merchant.flows import PLUS, flows_on
from ..merchant.load import Merchant
from ..transport.endpoints import ORDER
from ..transport.http import ATTEMPTS, Api
from ..transport.limiter import Limiter
from ..transport.qliro_signature import QliroAuth, with_key
from .authentication import authentication
from .connection import Company

if TYPE_CHECKING:
    import httpx

# Which paths each word of qliro.plus_for opens with the second pair of credentials.
OPENED = {"orders": ORDER.partition("{")[0], "settlements": "/adminapi/v2/settlements/"}


def open_apis(
    merchant: Merchant,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
    booked: Company | None = None,
) -> tuple[Api, Api]:
    """Qliro and Fortnox as the merchant declares them; ``transport`` stands in for the network.

    ``booked`` is the company that the database holds the books of. Raises FileError when a secret
    is not there, AccessError when the way in leads to another company.
    """
    auth = authentication(merchant, clock, booked)
    return (
        open_qliro(merchant, clock, transport),
        open_fortnox(merchant, clock, transport, auth),
    )


def open_qliro(
    merchant: Merchant,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
    *,
    attempts: int = ATTEMPTS,
) -> Api:
    """Qliro alone; likewise. ``attempts`` is how often a read is tried."""
    return Api(
        "qliro",
        merchant.settings["qliro"]["base_url"],
        auth=_signature(merchant),
        complete=lambda body: with_key(body, merchant.secret("qliro.api_key")),
        clock=clock,
        transport=transport,
        random=_jitter(merchant),
        secrets=merchant.secrets.values(),
        attempts=attempts,
    )


def open_fortnox(
    merchant: Merchant,
    clock: Clock,
    transport: httpx.BaseTransport | None = None,
    auth: httpx.Auth | None = None,
    *,
    attempts: int = ATTEMPTS,
) -> Api:
    """Fortnox alone; likewise. ``auth`` is another way in than the merchant's."""
    settings = merchant.settings["fortnox"]
    pace = settings["pace"]
    return Api(
        "fortnox",
        settings["base_url"],
        auth=auth or authentication(merchant, clock),
        clock=clock,
        limiter=Limiter(clock, int(pace["requests"]), float(pace["seconds"])),
        transport=transport,
        random=_jitter(merchant),
        secrets=merchant.secrets.values(),
        attempts=attempts,
        signs_in_at=settings["auth_url"],
    )


def _jitter(merchant: Merchant) -> Random:
    return Random(merchant.name)  # noqa: S311 jitter, and the same in every run


def _signature(merchant: Merchant) -> QliroAuth:
    """Signed with the merchant's secret, and what refunds ask for with that of the second pair."""
    secret = merchant.secret("qliro.api_secret")
    if "refunds" not in flows_on(merchant):
        return QliroAuth(secret)
    opened = tuple(OPENED[word] for word in merchant.settings["qliro"]["plus_for"])
    return QliroAuth(secret, merchant.secret(PLUS[1]), opened)


