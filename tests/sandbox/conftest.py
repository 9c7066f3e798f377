"""What the sandbox's tests share: a world, and clients that talk to its two APIs in process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from uuid import uuid4

import httpx
import msgspec
import pytest

from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.qliro.api import authorization
from engine.sandbox.transport import fortnox_client, qliro_client
from engine.sandbox.world.world import World


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


@pytest.fixture
def command(world: World, qliro: httpx.Client) -> Callable[..., httpx.Response]:
    """Posts a call to Qliro, signed over its exact bytes, with a request id of its own.

    ``pair`` is the credentials used, ``main`` or ``plus``; other fields by name, None leaves out.
    """

    def post(call: str, order: int, pair: str = "main", **fields: object) -> httpx.Response:
        access = world.access
        key = access.merchant_api_key if pair == "main" else access.plus_api_key
        secret = access.merchant_api_secret if pair == "main" else access.plus_api_secret
        held = world.qliro_orders.get(order)
        given = {
            "RequestId": str(uuid4()),
            "MerchantApiKey": key,
            "OrderId": order,
            "Currency": held.currency if held else "SEK",
        } | fields
        body = msgspec.json.encode({k: v for k, v in given.items() if v is not None})
        headers = {"Authorization": authorization(secret, body), "Content-Type": "application/json"}
        return qliro.post(call, content=body, headers=headers)

    return post
