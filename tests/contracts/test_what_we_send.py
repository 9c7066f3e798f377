"""What the program sends, held against the two APIs' official documents.

A month with many troubles runs against the sandbox; every request in its journal must be one that
the documents know: path, method, query, and a body that fits the payload's schema. The documents
are looked for beside the project; the tests are skipped where they are absent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from engine import session as sessions
from engine.clock import StoppedClock
from engine.merchant.load import load_merchant
from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.transport import SandboxTransport
from engine.sandbox.troubles.by_name import TROUBLES
from engine.sandbox.world.exchange import Request
from engine.sandbox.world.world import Entry, World
from engine.store.database import in_memory

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT.parent / "shared" / "contracts"
pytestmark = pytest.mark.skipif(
    not CONTRACTS.exists(), reason=f"the official documents are not at {CONTRACTS}"
)
Sent = Request | Entry
# Parameters that Fortnox takes on every list and describes on its developer pages, not in the
# document (developer pages, Parameters).
EVERY_LIST = {"page", "limit", "lastmodified", "sortby", "sortorder", "offset"}
# Said in the text of the vouchers' tag, not among the parameters.
ALSO = {"/3/vouchers/sublist/{VoucherSeries}": {"financialyear"}}
TROUBLED = (
    "clean_sale", "clean_refund_with_credit_invoice", "fee_with_vat", "fee_on_refund",
    "two_captures_one_invoice", "lump_fee_without_order", "chargeback", "part_payment",
    "rounding_within_tolerance", "already_paid_on_interim_account", "null_reference",
    "foreign_currency_payout", "negative_payout", "reference_in_your_order_number",
)  # fmt: skip


def documents() -> dict[str, Any]:
    return {
        "fortnox": json.loads((CONTRACTS / "fortnox-v3.openapi.json").read_text("utf-8")),
        "qliro": json.loads((CONTRACTS / "qliro-admin-v2.openapi.json").read_text("utf-8")),
    }


@pytest.fixture(scope="module", params=["ExternalInvoiceReference1", "YourOrderNumber"])
def journal(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[Request]:
    """Every request of a run over a payout of each trouble, as the sandbox received it."""
    world = empty_world(datetime.fromisoformat("2026-11-16T09:00:00+01:00"))
    world.limits.rate_limit = None
    for name in TROUBLED:
        TROUBLES[name](world)
    folder = tmp_path_factory.mktemp("merchants")
    text = (ROOT / "merchants" / "demo.yaml").read_text("utf-8")
    text = re.sub(r"payout_reference_field: \w+", f"payout_reference_field: {request.param}", text)
    kronor = "{currency: SEK, account: 1930}"
    text = text.replace(kronor, f"{kronor}\n  - {{currency: EUR, account: 1932}}")
    (folder / "shop.yaml").write_text(text, "utf-8")
    environ = {
        "QLIRO_API_KEY": "key",
        "QLIRO_API_SECRET": world.access.merchant_api_secret,
        "FORTNOX_CLIENT_ID": "sandbox-client",
        "FORTNOX_CLIENT_SECRET": "sandbox-client-secret",
    }
    merchant = load_merchant(folder / "shop.yaml", environ)
    received: list[Request] = []
    transport = _Listening(world, received)
    with sessions.open_session(
        merchant, in_memory(), StoppedClock(world.now()), transport
    ) as session:
        report = sessions.run(session)
    assert not report.delivery.refused
    return received


class _Listening(SandboxTransport):
    """The sandbox, and a list of what it was asked."""

    def __init__(self, world: World, received: list[Request]) -> None:
        super().__init__(world)
        self.received = received

    def handle_request(self, request: Any) -> Any:
        self.received.append(
            Request(
                request.method,
                request.url.raw_path.split(b"?")[0].decode(),
                request.url.query.decode(),
                dict(request.headers),
                request.read(),
            )
        )
        return super().handle_request(request)


def operations(journal: Sequence[Sent]) -> Iterator[tuple[Sent, str, dict[str, Any]]]:
    """Each API request with its path template and its operation; OAuth is not in the documents."""
    known = documents()
    for request in journal:
        if "oauth" in request.path:
            continue
        source = "qliro" if request.path.startswith("/checkout/adminapi") else "fortnox"
        path = request.path.removeprefix("/checkout/adminapi")
        found = [
            template
            for template in known[source]["paths"]
            if re.fullmatch(re.sub(r"{[^}]+}", "[^/]+", template), path, re.IGNORECASE)
        ]
        assert found, f"{request.method} {path} is no path of {source}"
        template = min(found, key=lambda one: one.count("{"))
        operation = known[source]["paths"][template].get(request.method.lower())
        assert operation, f"{template} has no {request.method}"
        yield request, template, operation


def test_every_path_method_and_parameter_is_documented(journal: list[Request]) -> None:
    seen = documented(journal)
    assert ("POST", "/3/invoicepayments") in seen
    assert ("PUT", "/3/invoicepayments/{Number}/bookkeep") in seen
    assert ("POST", "/3/vouchers") in seen


def documented(journal: Sequence[Sent]) -> set[tuple[str, str]]:
    """Method and path template of every request, each of which the documents know."""
    seen = set()
    for request, template, operation in operations(journal):
        declared = {one["name"].lower() for one in operation.get("parameters", [])}
        declared |= EVERY_LIST if template.startswith("/3/") else set()
        declared |= ALSO.get(template, set())
        sent = {pair.split("=")[0].lower() for pair in request.query.split("&") if pair}
        assert sent <= declared, f"{template}: {sorted(sent - declared)} are not parameters of it"
        seen.add((request.method, template))
    return seen


def test_only_one_filter_of_a_resource_is_used_at_a_time(journal: list[Request]) -> None:
    for request, template, _ in operations(journal):
        if template == "/3/invoices":
            sent = {pair.split("=")[0] for pair in request.query.split("&") if pair}
            assert len(sent - EVERY_LIST) <= 1, request.query


def test_every_body_fits_the_payload_of_the_document(journal: list[Request]) -> None:
    assert misfits(journal) == []
    templates = {template for request, template, _ in operations(journal) if request.body}
    assert templates == {"/3/invoicepayments", "/3/vouchers"}


# Fields that null clears (measured), which the document has as plain texts.
CLEARED = {"ArticleNumber"}


def misfits(journal: Sequence[Sent]) -> list[str]:
    """The bodies that do not fit the payload's schema in the documents, with what is wrong."""
    known, found = documents(), []
    for request, template, operation in operations(journal):
        if not request.body or "requestBody" not in operation:
            if request.body:
                found.append(f"{template} takes no body")
            continue
        document = known["fortnox" if template.startswith("/3/") else "qliro"]
        # Qliro's names a body in several content types, all alike.
        content = next(iter(operation["requestBody"]["content"].values()))
        schema = {**strict(content["schema"], document), "components": document["components"]}
        body = json.loads(request.body)
        for error in Draft202012Validator(schema).iter_errors(body):
            cleared = error.instance is None and error.path and error.path[-1] in CLEARED
            partly = request.method == "PUT" and error.validator == "required"  # it changes a part
            if not cleared and not partly:
                found.append(f"{template}: {error.message}")
    return found


def strict(schema: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """The schema with every reference unfolded, where no undeclared field passes."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return strict(document["components"]["schemas"][name], document)
    if "allOf" in schema:  # a base and what it gains: one object
        parts = [strict(one, document) for one in schema["allOf"]]
        return {
            "type": "object",
            "additionalProperties": False,
            "required": [name for one in parts for name in one.get("required", [])],
            "properties": {k: v for one in parts for k, v in one.get("properties", {}).items()},
        }
    if "properties" in schema:
        unfolded = {key: strict(one, document) for key, one in schema["properties"].items()}
        return {**schema, "properties": unfolded, "additionalProperties": False}
    if "items" in schema:
        return {**schema, "items": strict(schema["items"], document)}
    return schema
