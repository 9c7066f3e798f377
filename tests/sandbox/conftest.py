"""What the sandbox's tests share: a world, and clients that talk to its two APIs in process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

import httpx
import pytest

from engine.sandbox.company import empty_world
from engine.sandbox.transport import fortnox_client, qliro_client
from engine.sandbox.world import World


@pytest.fixture
def world() -> World:
    """An empty company, its rate limit off."""
    made = empty_world()
    made.limits.rate_limit = None
    return made


@pytest.fixture
def fortnox(world: World) -> Iterator[httpx.Client]:
    """A client with a good token, relative to ``/3/``."""
    with fortnox_client(world) as client:
        yield client


@pytest.fixture
def qliro(world: World) -> Iterator[httpx.Client]:
    """A client with the right signature of a GET, relative to ``/checkout/adminapi/v2/``."""
    with qliro_client(world) as client:
        yield client


@pytest.fixture
def pay(fortnox: httpx.Client) -> Callable[..., httpx.Response]:
    """Posts an invoice payment of kronor on the interim account, other fields by name."""

    def post(invoice: int, amount: str, **fields: object) -> httpx.Response:
        body = {
            "InvoiceNumber": invoice,
            "Amount": float(Decimal(amount)),
            "PaymentDate": "2026-11-13",
            "ModeOfPaymentAccount": 1581,
        }
        return fortnox.post("invoicepayments", json={"InvoicePayment": body | fields})

    return post


@pytest.fixture
def refused() -> Callable[..., str]:
    """The message of a refusal with HTTP 400 and, if given, a code."""

    def message(response: httpx.Response, code: int | None = None) -> str:
        assert response.status_code == 400, response.text
        error = response.json()["ErrorInformation"]
        assert error["error"] == 1
        if code is not None:
            assert error["code"] == code
        return str(error["message"])

    return message
