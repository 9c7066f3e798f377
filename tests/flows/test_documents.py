"""Snapshots of what the default set makes of each kind of line: a change of a mapping shows here.

Renew with ``pytest tests/flows/test_documents.py --snapshot-update`` and read the difference.
"""

from __future__ import annotations

from typing import Any

import pytest
from shop import OpenShop
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from engine import json_text

TROUBLES = [
    "clean_sale", "clean_refund_with_credit_invoice", "fee_with_vat", "fee_on_refund",
    "fee_exceeding_line", "lump_fee_without_order", "part_payment", "rounding_within_tolerance",
    "chargeback", "negative_payout", "many_payment_methods", "foreign_currency_payout",
]  # fmt: skip


@pytest.mark.parametrize("mode", ["write_off", "voucher", "none"])
def test_the_documents_of_the_default_set(
    shop: OpenShop, mode: str, snapshot: SnapshotAssertion
) -> None:
    one = shop(**{"fees.mode": mode, "payment_reference_prefix": "QLIRO-"})
    for name in TROUBLES:
        one.trouble(name)
    documents: dict[str, Any] = {}
    for name, action in zip(range(1000), one.plan().actions, strict=False):
        told = {"target": action.target, "then": list(action.then), "document": action.document}
        documents[f"{name:03} {action.mapping} of payout {action.payout}"] = told
    plain = json_text.decode(json_text.encode(documents))
    assert _texts(plain) == snapshot(extension_class=JSONSnapshotExtension)


def _texts(value: Any) -> Any:
    """Amounts as their digits, so that a snapshot shows each öre."""
    if isinstance(value, dict):
        return {key: _texts(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return value if isinstance(value, (bool, int, str)) or value is None else str(value)
