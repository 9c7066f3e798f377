"""The fields that cases may give, held against the two APIs' official documents.

``schemas/answers.json`` has the fields of each answer by the name under which a case gives it; it
is written from the documents by ``python tests/contracts/test_fields_of_answers.py``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / "schemas" / "answers.json"
CONTRACTS = ROOT.parent / "shared" / "contracts"
pytestmark = pytest.mark.skipif(
    not CONTRACTS.exists(), reason=f"the official documents are not at {CONTRACTS}"
)
# What a case gives, by the schemas that its answer is made of: of a batch what the list of batches
# shows, and what the answer about its settlements does.
QLIRO = "AdminApiV2ModelsSettlements"
MADE_OF = {
    "qliro.orders": ("AdminApiCoreV2HandlersQueryOrdersGetOrderResponse",),
    "qliro.batches": (
        f"{QLIRO}GetSettlementBatchesResponse/SettlementBatches",
        f"{QLIRO}GetSettlementsByBatchIdResponse",
    ),
    "fortnox.customers": ("fortnox_Customer",),
    "fortnox.articles": ("fortnox_Article",),
    "fortnox.orders": ("fortnox_Order",),
    "fortnox.invoices": ("fortnox_Invoice",),
    "fortnox.invoice_payments": ("fortnox_InvoicePayment",),
    "fortnox.vouchers": ("fortnox_Voucher",),
    "fortnox.accounts": ("fortnox_AccountListItem",),
    "fortnox.voucher_series": ("fortnox_VoucherSeries",),
    "fortnox.currencies": ("fortnox_Currency",),
    "fortnox.terms_of_payment": ("fortnox_TermsOfPayment",),
}


def fields(schema: Mapping[str, Any], known: Mapping[str, Any], seen: tuple[str, ...] = ()) -> Any:
    """The fields of a schema: of objects and lists those within, else the names that a value may
    have, or nothing."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return "" if name in seen else fields(known[name], known, (*seen, name))
    for key in ("allOf", "oneOf", "anyOf"):
        if key in schema:
            found = [fields(one, known, seen) for one in schema[key]]
            objects = [one for one in found if isinstance(one, dict)]
            return {k: v for one in objects for k, v in one.items()} if objects else found[0]
    if schema.get("type") == "array":
        inner = fields(schema.get("items", {}), known, seen)
        return [inner] if isinstance(inner, dict) else ""
    if schema.get("properties"):
        return {name: fields(one, known, seen) for name, one in schema["properties"].items()}
    return "|".join(schema.get("x-enumNames", ()))


def written() -> str:
    """The text of the file."""
    known: dict[str, Any] = {}
    for name in ("qliro-admin-v2", "fortnox-v3"):
        text = (CONTRACTS / f"{name}.openapi.json").read_text("utf-8")
        known |= json.loads(text)["components"]["schemas"]
    made: dict[str, Any] = {}
    for kind, sources in MADE_OF.items():
        made[kind] = {}
        for source in sources:
            name, _, inner = source.partition("/")
            found = fields(known[name], known, (name,))
            made[kind] |= found[inner][0] if inner else found
    return f"{json.dumps(made, indent=1)}\n"


def test_the_fields_that_cases_may_give_are_those_of_the_official_documents() -> None:
    assert FILE.read_text("utf-8") == written()


if __name__ == "__main__":
    FILE.write_text(written(), "utf-8")
