"""What the sandbox answers, held against the two APIs' official documents and recorded answers.

The documents are not part of the project: they are looked for beside it, and the tests are skipped
where they are absent. Where real answers are known to differ from the documents, the difference is
named in ``QUIRKS`` and nowhere else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import httpx
import jsonschema
import pytest

from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.history import new_fortnox_order, new_invoice
from engine.sandbox.lives.by_name import LIVES, shop
from engine.sandbox.lives.lifecycle import pay_out
from engine.sandbox.transport import fortnox_client, qliro_client
from engine.sandbox.troubles.by_name import TROUBLES
from engine.sandbox.world.faults import Fault, plan
from engine.sandbox.world.world import World

CONTRACTS = Path(__file__).parents[3] / "shared" / "contracts"
pytestmark = pytest.mark.skipif(
    not CONTRACTS.exists(), reason=f"the official documents are not at {CONTRACTS}"
)
Schema = dict[str, Any]
Query = dict[str, Any]

# Where reality differs from Fortnox's document: (schema, field) and what is taken instead.
QUIRKS: dict[tuple[str, str], Schema] = {
    ("InvoiceListItem", "CurrencyRate"): {"type": "string"},
    ("Invoice", "PaymentWay"): {"enum": ["", "CASH", "CARD", "AG"]},
    ("Invoice", "InvoiceReference"): {"type": "string"},
    ("Article", "ConstructionAccount"): {"type": "integer"},  # 0 where there is none
    ("ArticleListItem", "QuantityInStock"): {"type": "string"},
    ("ArticleListItemV2", "QuantityInStock"): {"type": "string"},
    ("Order_OrderRow", "Cost"): {"type": "number"},
    ("Invoice_InvoiceRow", "Cost"): {"type": "number"},
}
# Newer than Qliro's document, where an order has them: (end of the schema's name, field).
NEWER: dict[tuple[str, str], Schema] = {
    ("GetOrderResponse", "PaymentMethod"): {"type": "object"},
    ("OrderItemActionData", "VatRate"): {"type": "number"},
}
# Schemas that speak of states no list or register of payouts shows.
SPEECH = {"enums_as_integers", "enums_mixed", "future_fields", "timestamps_with_and_without_zone"}


class Contract:
    """One OpenAPI document, its schemas made strict: no unknown field passes."""

    def __init__(self, name: str, *, nulls: bool) -> None:
        self.document = json.loads((CONTRACTS / name).read_text())
        self.nulls = nulls
        self.made: dict[str, Schema] = {}
        self.validators: dict[tuple[str, str, int], jsonschema.Validator] = {}

    def named(self, reference: str) -> Schema:
        """The schema behind a reference, made once."""
        name = reference.rsplit("/", 1)[1]
        if name not in self.made:
            short = name.removeprefix("fortnox_")
            self.made[name] = self.strict(self.document["components"]["schemas"][name], short)
        return self.made[name]

    def strict(self, schema: Schema, name: str = "") -> Schema:
        if "$ref" in schema:
            return self.maybe_null(self.named(schema["$ref"]), {})
        if "x-enumNames" in schema:
            known = [*schema["enum"], *schema["x-enumNames"]]
            return {"enum": known}
        if "oneOf" in schema and len(schema["oneOf"]) == 1:
            return self.maybe_null(self.strict(schema["oneOf"][0]), schema)
        if "allOf" in schema:
            parts = [self.strict(part) for part in schema["allOf"]]
            properties = {k: v for part in parts for k, v in part.get("properties", {}).items()}
            return {"type": "object", "properties": properties, "additionalProperties": False}
        if "properties" in schema:
            properties = {k: self.strict(v) for k, v in schema["properties"].items()}
            for (of, field), quirk in QUIRKS.items():
                if of == name:
                    properties[field] = quirk
            for (of, field), newer in NEWER.items():
                if name.endswith(of):
                    properties[field] = newer
            if any(
                isinstance(v.get("type"), str) and v["type"] == "array"
                for v in schema["properties"].values()
            ):
                properties.setdefault("MetaInformation", {"type": "object"})
            return {
                "type": "object",
                "properties": properties,
                "required": schema.get("required", []),
                "additionalProperties": False,
            }
        kept: Schema = {
            k: schema[k]
            for k in ("type", "enum", "maxLength", "minLength", "minimum", "maximum")
            if k in schema
        }
        if schema.get("type") == "array":
            kept["items"] = self.strict(schema["items"])
        return self.maybe_null(kept, schema)

    def maybe_null(self, strict: Schema, schema: Schema) -> Schema:
        if self.nulls or schema.get("nullable"):
            return {"anyOf": [strict, {"type": "null"}]}
        return strict

    def check(self, response: httpx.Response, path: str) -> None:
        """Fails unless the document knows the path, the method and a body like this one."""
        template = max(
            (t for t in self.document["paths"] if re.fullmatch(_pattern(t), path, re.I)),
            key=lambda t: t.count("/") * 100 - t.count("{"),
        )
        operation = self.document["paths"][template][response.request.method.lower()]
        answers = operation["responses"]
        answer = answers.get(str(response.status_code)) or answers.get("default")
        assert answer is not None, f"{path} does not answer {response.status_code}"
        if response.status_code == 204:
            assert not response.content
            return
        (content,) = list(answer["content"].values())[:1]
        body = response.json()
        if "ErrorInformation" in body:
            error = body["ErrorInformation"]
            body = {"ErrorInformation": {k[0].upper() + k[1:]: v for k, v in error.items()}}
        key = (template, response.request.method, response.status_code)
        if key not in self.validators:
            self.validators[key] = jsonschema.Draft202012Validator(self.strict(content["schema"]))
        self.validators[key].validate(body)


def _pattern(template: str) -> str:
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))


@pytest.fixture(scope="module")
def fortnox_contract() -> Contract:
    return Contract("fortnox-v3.openapi.json", nulls=True)


@pytest.fixture(scope="module")
def qliro_contract() -> Contract:
    return Contract("qliro-admin-v2.openapi.json", nulls=False)


@pytest.fixture(scope="module")
def troubled() -> World:
    """One world with every trouble that does not break the set-up or how Qliro speaks."""
    world = empty_world()
    world.limits.rate_limit = None
    for name, make in TROUBLES.items():
        if make.__module__.endswith("_company") or name in SPEECH | {
            "signed_amounts",
            "gross_totals",
            "debit_is_refund",
            "unknown_line_type",
            "unknown_action",
            "unknown_status",
            "locked_period",
            "invoice_in_closed_year",
        }:
            continue
        make(world)
    return world


def recorded(name: str) -> Any:
    return json.loads((CONTRACTS / "samples" / name).read_text())


def keys(shape: Any) -> Any:
    """The names in a shape, all the way down; rows of a list are taken together."""
    if isinstance(shape, dict):
        return {name: keys(value) for name, value in shape.items() if keys(value) is not None}
    return None


def test_the_recorded_answers_pass_the_same_check(fortnox_contract: Contract) -> None:
    for name, schema in (
        ("fortnox-invoice.recorded.json", "fortnox_Invoice_Wrap"),
        ("fortnox-invoice-list.recorded.json", "fortnox_InvoiceListItem_Wrap"),
    ):
        strict = fortnox_contract.named(f"#/{schema}")
        jsonschema.validate(recorded(name), strict)


def test_an_invoice_has_the_names_of_a_recorded_one(world: World, fortnox: httpx.Client) -> None:
    number = new_invoice(world, Decimal(100), day=date(2026, 11, 11)).number
    document = fortnox.get(f"invoices/{number}").json()
    real = recorded("fortnox-invoice.recorded.json")
    assert set(document["Invoice"]) - set(real["Invoice"]) == {"InvoicePeriodReference"}
    assert set(real["Invoice"]) <= set(document["Invoice"])
    for part in ("EDIInformation", "EmailInformation"):
        assert set(document["Invoice"][part]) == set(real["Invoice"][part])


def test_an_invoice_has_the_types_of_a_recorded_one(world: World, fortnox: httpx.Client) -> None:
    number = new_invoice(world, Decimal(100), day=date(2026, 11, 11), booked=False).number
    document = fortnox.get(f"invoices/{number}").json()["Invoice"]
    real = recorded("fortnox-invoice.recorded.json")["Invoice"]
    kinds = {int: "number", float: "number"}
    for name, value in real.items():
        ours = document[name]
        assert kinds.get(type(ours), type(ours)) == kinds.get(type(value), type(value)), name


def test_an_invoice_list_has_the_names_and_types_of_a_recorded_one(
    world: World, fortnox: httpx.Client
) -> None:
    new_invoice(world, Decimal(100), day=date(2026, 11, 11), booked=False)
    content = fortnox.get("invoices").json()
    real = recorded("fortnox-invoice-list.recorded.json")
    assert keys(content) == keys(real)
    ours, theirs = content["Invoices"][0], real["Invoices"][0]
    assert set(ours) == set(theirs)
    number = (int, float)
    for name, value in theirs.items():
        same = type(ours[name]) is type(value)
        assert same or (isinstance(value, number) and isinstance(ours[name], number)), name


@pytest.fixture(scope="module")
def living() -> World:
    """One world with every life, and a Fortnox order, invoice and credit of its own."""
    world = shop()
    world.limits.rate_limit = None
    world.cost_centers["WEBB"], world.projects["1"] = "Webb", "Projekt"
    for make in LIVES.values():
        make(world)
    pay_out(world)
    with fortnox_client(world) as fortnox:
        for method, path, body in DOCUMENTS:
            response = fortnox.request(method, path, json=body)
            assert response.status_code in (200, 201), (path, response.text)
    return world


ORDER_ROW = {
    "ArticleNumber": "T-1",
    "OrderedQuantity": "2",
    "Price": 99.9,
    "VAT": 25.5,
    "Unit": "st",
    "CostCenter": "WEBB",
}
INVOICE_ROW = {"Description": "Mugg", "DeliveredQuantity": "1", "Price": 10, "AccountNumber": 3001}
DOCUMENTS: tuple[tuple[str, str, Any], ...] = (
    ("POST", "customers", {"Customer": {"Name": "Färg & Form", "CountryCode": "SE"}}),
    ("PUT", "customers/101", {"Customer": {"Email": "a@example.com", "VATType": "EUVAT"}}),
    ("POST", "articles", {"Article": {"ArticleNumber": "T-1", "Description": "T", "VAT": 25}}),
    ("PUT", "articles/T-1", {"Article": {"EUVATAccount": 3106, "Note": "x"}}),
    ("POST", "orders", {"Order": {"CustomerNumber": "101", "OrderRows": [ORDER_ROW]}}),
    ("PUT", "orders/501", {"Order": {"YourReference": "Anna"}}),
    ("PUT", "orders/501/createinvoice", None),
    ("POST", "orders", {"Order": {"CustomerNumber": "101", "OrderRows": [ORDER_ROW]}}),
    ("PUT", "orders/502/cancel", None),
    ("POST", "invoices", {"Invoice": {"CustomerNumber": "K1", "InvoiceRows": [INVOICE_ROW]}}),
    ("PUT", "invoices/1002", {"Invoice": {"InvoiceRows": [{"Price": 20}], "Freight": 5}}),
    ("PUT", "invoices/1002/bookkeep", None),
    ("PUT", "invoices/1002/externalprint", None),
    ("PUT", "invoices/1002/credit", None),
    ("PUT", "invoices/1003/cancel", None),
)
REFUSED: tuple[tuple[str, str, Any], ...] = (
    ("POST", "customers", {"Customer": {"CustomerNumber": "K1", "Name": "x"}}),
    ("PUT", "customers/4711", {"Customer": {"Name": "x"}}),
    ("DELETE", "customers/4711", None),
    ("POST", "articles", {"Article": {"ArticleNumber": "a b", "Description": "x"}}),
    ("POST", "orders", {"Order": {"CustomerNumber": "K1", "OrderRows": []}}),
    ("PUT", "orders/4711/createinvoice", None),
    ("PUT", "invoices/4711/credit", None),
    ("POST", "invoices", {"Invoice": {}}),
)


def test_fortnox_documents_are_written_as_documented(fortnox_contract: Contract) -> None:
    world = shop()
    world.limits.rate_limit = None
    world.cost_centers["WEBB"] = "Webb"
    with fortnox_client(world) as fortnox:
        for method, path, body in (*DOCUMENTS, *REFUSED, ("DELETE", "customers/101", None)):
            fortnox_contract.check(fortnox.request(method, path, json=body), f"/3/{path}")


def test_an_order_shows_every_field_of_the_document(
    living: World, fortnox_contract: Contract
) -> None:
    schemas = fortnox_contract.document["components"]["schemas"]
    with fortnox_client(living) as fortnox:
        order = fortnox.get("orders/501").json()["Order"]
    assert set(order) == set(schemas["fortnox_Order"]["properties"])
    rows = set(schemas["fortnox_Order_OrderRow"]["properties"])
    assert set(order["OrderRows"][0]) == rows | {"Cost"}  # recorded, and not in the document


@pytest.mark.parametrize("enums", ["names", "integers"])
def test_qliros_lives_are_as_documented(
    living: World, qliro_contract: Contract, enums: Literal["names", "integers"]
) -> None:
    living.conventions = replace(living.conventions, enums=enums)
    for path, response in qliro_answers(living):
        qliro_contract.check(response, path)
    with qliro_client(living) as qliro:
        id = next(iter(living.qliro_orders.values())).transactions[0].id
        response = qliro.get(f"paymentTransactions/{id}")
        qliro_contract.check(response, f"/v2/paymentTransactions/{id}")


READS = (
    "customers",
    "customers/101",
    "articles",
    "articles/T-1",
    "termsofpayments",
    "termsofpayments/QLIRO",
    "wayofdeliveries",
    "wayofdeliveries/PN",
    "units",
    "units/st",
    "costcenters",
    "projects",
    "customers/4711",
    "articles/4711",
    "units/tunna",
    "customers?filter=old",
    "orders/501",
    "invoices/1001",
    "invoices/1003",
    "invoices",
    "orders",
    "invoicepayments",
    "vouchers",
    "vouchers/sublist",
    "vouchers/sublist/C",
    "vouchers/C/1",
    "accounts",
    "accounts/1581",
    "voucherseries",
    "voucherseries/T",
    "financialyears",
    "financialyears/2",
    "currencies",
    "currencies/EUR",
    "modesofpayments",
    "modesofpayments/BG",
    "predefinedaccounts",
    "predefinedaccounts/ROUNDOFF",
    "settings/lockedperiod",
    "settings/company",
    "companyinformation",
    "invoices/4711",
    "orders/4711",
    "invoicepayments/4711",
    "vouchers/C/4711",
    "accounts/4711",
    "invoices?filter=paid",
    "invoices?nonsense=1",
)


@pytest.mark.parametrize("path", READS)
def test_fortnox_reads_are_as_documented(
    troubled: World, living: World, fortnox_contract: Contract, path: str
) -> None:
    with fortnox_client(living if path in READS[:19] else troubled) as fortnox:
        response = fortnox.get(path, params={"limit": "500"} if "?" not in path else None)
        fortnox_contract.check(response, "/3/" + path.split("?", maxsplit=1)[0])


def test_every_document_of_a_troubled_world_is_as_documented(
    troubled: World, fortnox_contract: Contract
) -> None:
    with fortnox_client(troubled) as fortnox:
        for path in (
            *(f"invoices/{number}" for number in troubled.invoices),
            *(f"orders/{number}" for number in troubled.orders),
            *(f"invoicepayments/{number}" for number in troubled.payments),
        ):
            fortnox_contract.check(fortnox.get(path), f"/3/{path}")


def test_fortnox_writes_and_refusals_are_as_documented(
    world: World, fortnox: httpx.Client, fortnox_contract: Contract
) -> None:
    invoice = new_invoice(world, Decimal(100), day=date(2026, 11, 11))
    new_fortnox_order(world, invoice, day=date(2026, 11, 11))
    payment = {
        "InvoiceNumber": invoice.number,
        "Amount": 40,
        "PaymentDate": "2026-11-13",
        "ModeOfPaymentAccount": 1581,
        "WriteOffs": [{"AccountNumber": 6570, "Amount": 4}],
    }
    rows = [{"Account": 1930, "Debit": 1}, {"Account": 1581, "Credit": 1}]
    voucher = {
        "Description": "x",
        "TransactionDate": "2026-11-13",
        "VoucherSeries": "T",
        "VoucherRows": rows,
    }
    for method, path, body in (
        ("POST", "invoicepayments", {"InvoicePayment": payment}),
        ("POST", "invoicepayments", {"InvoicePayment": payment}),
        ("POST", "invoicepayments", {"InvoicePayment": {}}),
        ("PUT", "invoicepayments/1/bookkeep", None),
        ("PUT", "invoicepayments/1/bookkeep", None),
        ("DELETE", "invoicepayments/2", None),
        ("DELETE", "invoicepayments/2", None),
        ("POST", "vouchers", {"Voucher": voucher}),
        ("POST", "vouchers", {"Voucher": voucher | {"VoucherSeries": "A"}}),
    ):
        response = fortnox.request(method, path, json=body)
        fortnox_contract.check(response, f"/3/{path}")


def qliro_answers(world: World) -> Iterator[tuple[str, httpx.Response]]:
    """Every answer that the sandbox's Qliro has for a world, with its path in the document."""
    period: Query = {"FromDate": "2026/10/01", "ToDate": "2026/11/15"}
    batches: Query = {"FromBatchDate": "2026/10/01", "ToBatchDate": "2026/11/15"}
    all_of_it: Query = {
        "Types": ["Transaction", "Fee", "Chargeback"],
        "SettlementStatuses": ["Accepted", "Rejected", "Pending"],
    }
    with qliro_client(world) as qliro:
        asked: list[tuple[str, Query]] = [
            ("settlements/GetSettlementBatches", batches),
            ("settlements/GetSettlementBatches", batches | {"ToBatchDate": "2026/11/16"}),
            ("settlements/GetSettlementsByBatchId", {"Id": "4711"}),
            ("settlements", period | all_of_it),
            ("orders/4711", {}),
            *((f"orders/{id}", {}) for id in world.qliro_orders),
            *(("settlements/GetSettlementsByBatchId", {"Id": id}) for id in world.batches),
        ]
        for path, query in asked:
            yield f"/v2/{path}", qliro.get(path, params=query)


def test_qliro_answers_are_as_documented(troubled: World, qliro_contract: Contract) -> None:
    for path, response in qliro_answers(troubled):
        qliro_contract.check(response, path)


@pytest.mark.parametrize("name", ["enums_as_integers", "enums_mixed"])
def test_qliro_enums_are_as_documented_as_numbers_too(
    world: World, qliro_contract: Contract, name: str
) -> None:
    TROUBLES[name](world)
    for path, response in qliro_answers(world):
        qliro_contract.check(response, path)


def test_qliro_commands_are_answered_as_documented(
    world: World, qliro_contract: Contract, command: Callable[..., httpx.Response]
) -> None:
    orders = [LIVES["captured"](world).order for _ in range(3)] + [
        LIVES["several_rows"](world).order
    ]
    captures = [world.qliro_orders[id].transactions[1].id for id in orders[:3]]
    socks = {
        "MerchantReference": "STRUMPOR-3",
        "Type": "Product",
        "Quantity": 1,
        "PricePerItemIncVat": 149,
    }
    money = socks | {"Type": "Discount", "PricePerItemIncVat": -9, "PricePerItemExVat": -7.2}
    asked: list[tuple[str, int, dict[str, object]]] = [
        ("MarkItemsAsShipped", orders[3], {"Shipments": [{"OrderItems": [socks]}]}),
        ("MarkItemsAsShipped", orders[3], {"Shipments": [{"OrderItems": [money]}]}),
        ("ReturnItems", orders[0], {"Returns": [part(captures[0], socks)]}),
        ("ReturnItems", orders[0], {"Returns": [part(captures[0], socks)]}),
        ("AddItemsToInvoice", orders[1], {"Additions": [part(captures[1], money)]}),
        ("UpdateItems", orders[2], {"Updates": [{"OrderItems": [socks]}]}),
        ("cancelOrder", orders[3], {}),
        ("cancelOrder", LIVES["private"](world).order, {}),
        ("cancelOrder", 4711, {}),
    ]
    for call, id, fields in asked:
        qliro_contract.check(command(call, id, **fields), f"/v2/{call}")


def part(capture: int, *items: object) -> dict[str, object]:
    return {"PaymentTransactionId": capture, "OrderItems": list(items)}


def test_the_check_does_find_what_is_not_documented(
    world: World, qliro_contract: Contract, fortnox_contract: Contract
) -> None:
    trouble = TROUBLES["future_fields"](world)
    path = "settlements/GetSettlementsByBatchId"
    with qliro_client(world) as qliro, fortnox_client(world) as fortnox:
        response = qliro.get(path, params={"Id": trouble.batches[0]})
        with pytest.raises(jsonschema.ValidationError, match="FutureField"):
            qliro_contract.check(response, f"/v2/{path}")
        plan(world, Fault("truncated"))
        with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
            fortnox_contract.check(fortnox.get("invoices"), "/3/invoices")
