"""What is sent to Fortnox for customers, articles, orders and invoices, held against its document."""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest
from contracts.test_what_we_send import CONTRACTS, documents, operations, strict
from jsonschema import Draft202012Validator

from engine.sandbox.world import Entry

from .kit import Lived

pytestmark = pytest.mark.skipif(
    not CONTRACTS.exists(), reason=f"the official documents are not at {CONTRACTS}"
)


def wrong(journal: Iterable[Entry]) -> tuple[set[str], list[str]]:
    """The calls with a body, and what of them the official document does not allow."""
    known = documents()["fortnox"]
    seen: set[str] = set()
    found: list[str] = []
    writes = [one for one in journal if one.method != "GET" and one.path.startswith("/3/")]
    for request, template, operation in operations(writes):
        if not request.body:
            seen.add(f"{request.method} {template}")
            continue
        (content,) = operation["requestBody"]["content"].values()
        wrapper = known["components"]["schemas"][content["schema"]["$ref"].rsplit("/", 1)[1]]
        schema = {**strict(wrapper, known), "components": known["components"]}
        errors = Draft202012Validator(schema).iter_errors(json.loads(request.body))
        found += [f"{template}: {error.message} in {request.body}" for error in errors]
        seen.add(f"{request.method} {template}")
    return seen, found


def test_every_document_fits_the_official_one(lived: Lived, otherwise: Lived) -> None:
    for world in (lived.shop.world, otherwise.shop.world):
        seen, found = wrong(world.journal)
        assert found == []
        assert {
            "POST /3/customers", "POST /3/articles", "POST /3/orders", "POST /3/invoices",
        } <= seen  # fmt: skip


def test_so_do_the_changes_of_orders_and_what_is_made_of_them(of_orders: Lived) -> None:
    seen, found = wrong(of_orders.shop.world.journal)
    assert found == []
    assert {
        "PUT /3/orders/{DocumentNumber}", "PUT /3/orders/{DocumentNumber}/cancel",
        "PUT /3/orders/{DocumentNumber}/createinvoice", "PUT /3/invoices/{DocumentNumber}",
        "PUT /3/invoices/{DocumentNumber}/bookkeep",
    } <= seen  # fmt: skip
