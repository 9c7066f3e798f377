"""The schemas for editors are written from what the loader checks, and lie beside the files."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from language.kit import CATALOGUE, FEE

from engine.language.editor import FOLDER, overlay_of, schemas
from engine.language.filters import FILTERS
from engine.language.load import load_set_from_texts
from engine.merchant.first_file import initial_text


@pytest.mark.parametrize("name", schemas())
def test_the_schema_in_the_repository_is_current(name: str) -> None:
    remedy = "write them again: python -m engine.language.editor"
    assert (FOLDER / name).read_text("utf-8") == schemas()[name], remedy


@pytest.mark.parametrize("name", schemas())
def test_a_schema_stands_alone_and_is_one(name: str) -> None:
    text = schemas()[name]
    try:
        Draft202012Validator.check_schema(json.loads(text))
    except SchemaError as wrong:  # its own text shows the whole schema
        pytest.fail(wrong.message)
    assert all(part.startswith('"#/') for part in text.split('"$ref": ')[1:])


def test_every_filter_is_offered_in_every_expression() -> None:
    for kind in ("mapping", "entity", "table", "policy"):
        text = schemas()[f"{kind}.schema.json"]
        assert all(f'"| {name}' in text for name in FILTERS), kind


def test_init_names_a_copy_of_the_schema_beside_the_file() -> None:
    assert initial_text("Hattar").startswith(
        "# yaml-language-server: $schema=schemas/merchant.schema.json\n"
    )


def test_an_overlay_may_soften_a_policy_of_its_set_and_add_to_it() -> None:
    policy = (
        "version: 2\npolicy: house\nchecks:\n"
        "  - {id: small, for: fortnox.voucher, that: 'true', because: small}\n"
    )
    made = load_set_from_texts({"a.yaml": FEE, "b.yaml": policy}, CATALOGUE)
    validator = Draft202012Validator(json.loads(overlay_of(made)))
    head = {"version": 2, "policy": "house"}
    assert not list(validator.iter_errors({**head, "checks.small.severity": "warning"}))
    more = {"id": "b", "for": "fortnox.voucher", "that": "true", "because": "b"}
    assert not list(validator.iter_errors({**head, "checks": {"add": [more]}}))
    gone = {"remove": [{"id": "small", "because": "we are large"}]}
    assert not list(validator.iter_errors({**head, "checks": gone}))
    for wrong in ({"checks": {"remove": [{"id": "smal", "because": "no"}]}},
                  {"checks": {"add": [{**more, "severity": "fatal"}]}},
                  {"checks.small.severity": "fatal"}):  # fmt: skip
        assert list(validator.iter_errors({**head, **wrong})), wrong


def test_a_policy_offers_the_kinds_of_document_and_refuses_others() -> None:
    validator = Draft202012Validator(json.loads(schemas()["policy.schema.json"]))
    check = {"id": "a", "that": "true", "because": "a"}
    head = {"version": 2, "policy": "house"}
    for good in ("fortnox.invoice", ["fortnox.invoice", "fortnox.order"]):
        assert not list(validator.iter_errors({**head, "checks": [{**check, "for": good}]}))
    for wrong in ("fortnox.invoices", ["fortnox.invoice", "fortnox.orders"], []):
        assert list(validator.iter_errors({**head, "checks": [{**check, "for": wrong}]}))


def test_a_case_of_flows_is_completed_with_the_fields_of_the_apis() -> None:
    made = json.loads(schemas()["case.schema.json"])
    given = made["properties"]["cases"]["items"]["properties"]["given"]["properties"]
    assert given["qliro.orders"]["anyOf"][0] == {"$ref": "#/$defs/qliro.orders"}
    item = made["$defs"]["qliro.orders"]["properties"]["OrderItemActions"]["items"]["properties"]
    assert item["ActionType"]["examples"][:3] == ["Create", "Reserve", "Ship"]
    assert "PricePerItemIncVat" in item
    assert "ExternalInvoiceReference1" in made["$defs"]["fortnox.invoices"]["properties"]
