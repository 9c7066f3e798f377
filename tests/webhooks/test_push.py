"""What is kept of a push, and what is no push."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.webhooks.push import Push, line_of, read_line, read_push

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
# The fields of an order-management push that the public plugins read.
ORDER_MANAGEMENT = {
    "OrderId": 4711,
    "MerchantReference": "S-10066",
    "PaymentTransactionId": 99,
    "OriginalPaymentTransactionId": 98,
    "PaymentType": "Capture",
    "Status": "Success",
    "Amount": 697.0,
    "Currency": "SEK",
    "ProviderResultDescription": "Kortet tillhör Anna Andersson",
    "Timestamp": "2026-11-22T11:43:05.567",
}


def read(address: str = "order-management", **fields: Any) -> Push:
    return read_push(json.dumps(fields).encode(), address, NOW)


def test_a_push_keeps_who_what_and_when_and_nothing_of_people() -> None:
    push = read(**ORDER_MANAGEMENT)
    when = "2026-11-22T11:43:05.567"
    assert push == Push(NOW, "order-management", 4711, "Success", "Capture", 99, when)
    line = line_of(push)
    assert read_line(line) == push
    for gone in ("Anna", "S-10066", "697"):
        assert gone not in line.decode()


def test_an_upsell_comes_to_the_address_of_the_checkout() -> None:
    upsell = {"OrderId": 1, "Status": "Success", "NotificationType": "UpsellStatus", "UpsellId": 5}
    assert read("checkout-status", **upsell).kind == "upsell"
    assert read("checkout-status", OrderId=1, Status="OnHold").kind == "checkout-status"
    assert read("order-management", **upsell).kind == "order-management"


def test_an_id_may_be_text_and_odd_fields_are_left_out() -> None:
    push = read(OrderId="4711", Status={"a": 1}, PaymentTransactionId=-3, PaymentType="Anna A")
    assert push == Push(NOW, "order-management", 4711)
    odd = read(OrderId=4711, Timestamp="<script>", Status="x" * 41)
    assert odd == Push(NOW, "order-management", 4711)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"OrderId=4711",
        b"[]",
        b'{"OrderId": 4711',
        b'{"orderid": 4711}',
        b'{"OrderId": null}',
        b'{"OrderId": 0}',
        b'{"OrderId": -1}',
        b'{"OrderId": true}',
        b'{"OrderId": 47.11}',
        b'{"OrderId": 9223372036854775808}',
        b'{"OrderId": 1' + b"0" * 5000 + b"}",
        b'{"OrderId": "1; DROP TABLE"}',
        '{"OrderId": "٤"}'.encode(),
        b"\xff\xfe",
        b'{"OrderId": 1, "Status": ' + b"[" * 30_000 + b"}",
    ],
)
def test_what_is_not_json_with_an_order_is_refused_and_not_quoted(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^(no|not JSON with an) OrderId$"):
        read_push(body, "order-management", NOW)


@pytest.mark.parametrize("line", [b"", b"{", b"null", b'{"order_id": 1}', b"\0" * 90])
def test_a_line_that_is_none_is_no_push(line: bytes) -> None:
    assert read_line(line) is None
