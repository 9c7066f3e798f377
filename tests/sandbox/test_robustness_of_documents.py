"""Whatever is sent as a document or a command, the sandbox takes it or refuses it like an API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sandbox.answer import answer
from engine.sandbox.fortnox.cards import ARTICLE_FIELDS, CUSTOMER_FIELDS
from engine.sandbox.fortnox.documents import INVOICE_HEAD, ORDER_HEAD
from engine.sandbox.fortnox.rows import INVOICE_FIELDS, ORDER_FIELDS
from engine.sandbox.lives.by_name import LIVES, shop
from engine.sandbox.world.exchange import Request, Response, encoded
from engine.sandbox.world.world import World

LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(
        ["K1", "K1", "A1", "SEK", "EUR", "25", 25, 3001, "3001", "SE", "1", 501, "2026-11-13"]
    )
    | st.sampled_from(["TSHIRT-BLA-M", 399, "Product", "Discount", 1, 2, -75, Decimal("149.00")])
    | st.text(max_size=5)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=2), st.integers(), max_size=1)
)


def fields(names: frozenset[str], **inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Some of the names with whatever comes, and what a good document needs."""
    some = st.dictionaries(st.sampled_from(sorted(names)), LEAF, max_size=4)
    return st.tuples(some, st.fixed_dictionaries({}, optional=inner)).map(lambda p: p[0] | p[1])


def rows(names: frozenset[str]) -> st.SearchStrategy[Any]:
    return st.lists(fields(names) | LEAF, max_size=3)


CUSTOMER = st.sampled_from(["K1"])
DOCUMENTS = {
    "orders": ("Order", fields(ORDER_HEAD, CustomerNumber=CUSTOMER, OrderRows=rows(ORDER_FIELDS))),
    "invoices": (
        "Invoice",
        fields(INVOICE_HEAD, CustomerNumber=CUSTOMER, InvoiceRows=rows(INVOICE_FIELDS)),
    ),
    "customers": ("Customer", fields(CUSTOMER_FIELDS, Name=st.just("x"))),
    "articles": ("Article", fields(ARTICLE_FIELDS, Description=st.just("x"))),
}


def made() -> World:
    world = shop()
    world.access.required, world.limits.rate_limit = False, None
    row = {"Description": "x", "Price": 1, "AccountNumber": 3001}
    ordered, delivered = row | {"OrderedQuantity": "1"}, row | {"DeliveredQuantity": "1"}
    for method, path, body in (
        ("POST", "customers", {"Customer": {"CustomerNumber": "1", "Name": "x"}}),
        ("POST", "articles", {"Article": {"ArticleNumber": "A1", "Description": "x"}}),
        ("POST", "orders", {"Order": {"CustomerNumber": "K1", "OrderRows": [ordered]}}),
        ("POST", "invoices", {"Invoice": {"CustomerNumber": "K1", "InvoiceRows": [delivered]}}),
    ):
        done = answer(world, Request(method, f"/3/{path}", "", {}, encoded(body)))
        assert isinstance(done, Response)
        assert done.status == 201, done.body
    return world


@pytest.mark.parametrize("resource", DOCUMENTS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_document_is_taken_or_refused(resource: str, data: st.DataObject) -> None:
    wrapper, strategy = DOCUMENTS[resource]
    numbers = {"orders": "501", "invoices": "1001", "customers": "1", "articles": "A1"}
    method, path = data.draw(
        st.sampled_from([("POST", resource), ("PUT", f"{resource}/{numbers[resource]}")])
    )
    world = made()
    body = encoded({wrapper: data.draw(strategy)})
    response = answer(world, Request(method, f"/3/{path}", "", {}, body))
    assert isinstance(response, Response)
    assert response.status in (200, 201, 400) or b"InternalError" in response.body
    for list_ in DOCUMENTS:
        shown = answer(world, Request("GET", f"/3/{list_}", "", {}))
        assert isinstance(shown, Response)
        assert shown.status == 200
    for number in world.invoices:
        booked = answer(world, Request("PUT", f"/3/invoices/{number}/bookkeep", "", {}))
        assert isinstance(booked, Response)
        assert booked.status in (200, 400)


ITEM = fields(
    frozenset(["MerchantReference", "Type", "Quantity", "PricePerItemIncVat", "PricePerItemExVat"]),
    MerchantReference=st.sampled_from(["TSHIRT-BLA-M", "STRUMPOR-3"]),
    Type=st.sampled_from(["Product", "Discount"]),
    Quantity=st.sampled_from([1, 2, 3]),
    PricePerItemIncVat=st.sampled_from([399, 149, -75]),
    PricePerItemExVat=st.sampled_from([319.2, 119.2, -60]),
)
PARTS = st.lists(
    fields(
        frozenset(["PaymentTransactionId", "OrderItems", "Fees", "Discounts"]),
        OrderItems=st.lists(ITEM | LEAF, max_size=3),
        PaymentTransactionId=st.sampled_from([3290001, 3290002, 3290003]),
    )
    | LEAF,
    max_size=2,
)
CALLS = {
    "MarkItemsAsShipped": "Shipments",
    "ReturnItems": "Returns",
    "AddItemsToInvoice": "Additions",
    "UpdateItems": "Updates",
    "cancelOrder": "Other",
    "updatemerchantreference": "NewMerchantReference",
}


@settings(max_examples=100, deadline=None)
@given(
    call=st.sampled_from(list(CALLS)),
    id=st.sampled_from([4900001, 4900002]),
    parts=PARTS | LEAF,
    more=fields(frozenset(["RequestId", "Currency", "OrderId", "NewMerchantReference"])),
)
def test_any_command_is_taken_or_refused(call: str, id: int, parts: Any, more: Any) -> None:
    world = shop()
    world.access.required = False
    LIVES["captured"](world)
    LIVES["several_rows"](world)
    body = {"OrderId": id, "Currency": "SEK", CALLS[call]: parts} | more
    path = f"/checkout/adminapi/v2/{call}"
    before = dict(world.qliro_orders)
    response = answer(world, Request("POST", path, "", {}, encoded(body)))
    assert isinstance(response, Response)
    assert response.status in (200, 400) or b"SYSTEM_ERROR" in response.body
    assert (response.effect is None) == (world.qliro_orders == before)


@settings(max_examples=30, deadline=None)
@given(body=LEAF)
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    world = shop()
    world.access.required = False
    path = "/checkout/adminapi/v2/cancelOrder"
    response = answer(world, Request("POST", path, "", {}, encoded(body)))
    assert isinstance(response, Response)
    assert response.status == 400
