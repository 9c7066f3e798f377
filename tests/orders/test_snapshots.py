"""Snapshots of what the default set makes of orders: a change of a mapping shows here.

Renew with ``pytest tests/orders/test_snapshots.py --snapshot-update`` and read the difference.
"""

from __future__ import annotations

from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from engine import json_text
from engine.sandbox.world.world import Entry

from .kit import Lived

CALLS = {
    "/3/customers": "customers", "/3/articles": "articles", "/3/orders": "orders",
    "/3/invoices": "invoices",
}  # fmt: skip
# Lives whose documents differ in more than their numbers.
SHELF = (
    "private", "company", "delivered_elsewhere", "discounted", "mixed_rate_discount",
    "invoice_fee", "rounding_line", "without_vat_rate", "long_texts", "bare_buyer", "upsold",
    "finnish", "german", "eu_company", "export", "captured_in_parts", "added_to_invoice",
)  # fmt: skip
NAMES = ("ExternalInvoiceReference2", "ArticleNumber", "Name")


@pytest.mark.parametrize("what", CALLS.values())
def test_the_documents_of_a_shelf_of_lives(
    lived: Lived, what: str, snapshot: SnapshotAssertion
) -> None:
    told = _told(lived.shop.world.journal)[what]
    if what in ("orders", "invoices"):
        ids = {str(lived.lives[name].order) for name in SHELF}
        told = {name: one for name, one in told.items() if name.split("/")[0] in ids}
    assert told == snapshot(extension_class=JSONSnapshotExtension)


def test_the_documents_of_a_merchant_who_set_all_otherwise(
    otherwise: Lived, snapshot: SnapshotAssertion
) -> None:
    told = _told(otherwise.shop.world.journal)
    assert told == snapshot(extension_class=JSONSnapshotExtension)


def test_what_is_made_and_changed_of_orders(
    of_orders: Lived, snapshot: SnapshotAssertion
) -> None:
    puts = [
        f"{one.method} {one.path} {_texts(json_text.decode(one.body)) if one.body else ''}".strip()
        for one in of_orders.shop.world.journal if one.method == "PUT"
    ]  # fmt: skip
    assert puts == snapshot(extension_class=JSONSnapshotExtension)


def _told(journal: list[Entry]) -> dict[str, Any]:
    """The documents that were posted, by kind, each once: by its reference, else its name."""
    found: dict[str, Any] = {what: {} for what in CALLS.values()}
    for one in journal:
        if one.method == "POST" and one.path in CALLS:
            document = _texts(next(iter(json_text.decode(one.body).values())))
            name = next(document[key] for key in NAMES if key in document)
            found[CALLS[one.path]][name] = document
    return found


def _texts(value: Any) -> Any:
    """Amounts as their digits, so that a snapshot shows each öre."""
    if isinstance(value, dict):
        return {key: _texts(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return value if isinstance(value, (bool, int, str)) or value is None else str(value)
