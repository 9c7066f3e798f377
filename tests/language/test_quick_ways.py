"""What generated code sees without a call is what the call would have given, nulls included."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sales.kit import LINES, blank, mappings, plain

from engine.errors import ItemError
from engine.language import compile_entities, fields
from engine.language.compile import compile_set
from engine.language.filters import FILTERS
from engine.language.program import Program
from engine.language.runtime import RUNTIME
from engine.language.targets import target, target_names

from .kit import parsed, value

TEXTS = ("", " ", "a", "Åsa & Söner", "a|b", "tab\there", "x" * 49, "x" * 300, "x" * 2000)
NUMBERS = (0, 1, -1, 5, 100, 101, 999, 1000, 9999, 10**6, Decimal("12.50"), Decimal("12.505"))
VALUES = (*TEXTS, *NUMBERS, None, True, date(2026, 11, 2), [], ["a"], Decimal("0.00"))


def outcome(work: Any, *args: Any) -> Any:
    """What comes of it: a value with its type, or a refusal with its words."""
    try:
        result = work(*args)
    except (TypeError, ValueError, ArithmeticError, ItemError) as error:
        return type(error), str(error)
    return type(result), result


QUICK = sorted(name for name, one in FILTERS.items() if one.as_is)


@pytest.mark.parametrize("name", QUICK)
@pytest.mark.parametrize("given", VALUES, ids=lambda given: repr(given)[:20])
def test_a_filter_gives_the_same_without_its_call(name: str, given: Any) -> None:
    declared = FILTERS[name]
    for args in ([], [50], [3], [2], [-1], [True]):
        if len(args) != declared.args[0]:
            continue
        text = f"x | {name}" + (f"({', '.join(map(str, args)).lower()})" if args else "")
        assert outcome(value_blind, text, given) == outcome(declared.run, given, *args), text


def value_blind(text: str, given: Any) -> Any:
    """Of a type that is not known before, so that no value is refused when it is loaded."""
    return value(text, {"x": given}, blind=True)


def test_there_are_quick_filters() -> None:
    assert QUICK == ["cut", "fortnox_text", "without_numbers"]


def _fields(schema: dict[str, Any], where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, one in schema.get("properties", {}).items():
        if one.get("type") == "array":
            yield from _fields(one["items"], f"{where}.{name}")
        else:
            yield f"{where}.{name}", one


@pytest.mark.parametrize("name", target_names())
def test_a_field_takes_the_same_without_a_call(name: str) -> None:
    for where, schema in _fields(target(name).schema, name):
        wrap, convert = fields.conversion(schema)
        source = wrap.format(value="x", convert="convert")
        space = {**RUNTIME, "convert": convert, "money": fields.money, "CENT": fields.CENT}
        quick = eval(f"lambda x: {source}", space)  # noqa: S307 — the compiler's own source
        longest = schema.get("maxLength", 5)
        edges = ("x" * longest, "x" * (longest + 1), schema.get("minimum"), schema.get("maximum"))
        for one in (*VALUES, *edges):
            assert outcome(quick, one) == outcome(convert, one), (where, one)


# Nulls ------------------------------------------------------------------------------------------
ENTITIES = ("qliro.order", *LINES)
SAMPLES: dict[str, Any] = {
    "OrderId": 7, "MerchantReference": " A-1 ", "DeliveryCountry": "fi", "VatNumber": "fi123",
    "JuridicalType": "Company", "OrganisationNumber": "556001-1982", "Email": "E@EXAMPLE.COM",
    "BillingFirstName": "Eva", "BillingLastName": "Ö|st", "BillingCompanyName": "Färg & Form",
    "BillingStreet": "Gatan 1", "BillingStreet2": "lgh 2", "BillingPostalCode": "111 22",
    "BillingCity": "Lund", "BillingCareOf": "Öberg", "ShippingStreet": "Vägen 3",
    "ShippingCareOf": "c/o Ek", "ShippingPostalCode": "12345678901", "ShippingCity": "Umeå",
    "Country": "SE", "PaymentMethodName": "CARD", "Type": "Product", "Description": "A\nhat",
    "Quantity": Decimal(2), "PricePerItemIncVat": Decimal(125), "PricePerItemExVat": Decimal(100),
    "OrderDate": date(2026, 11, 2), "VatRate": Decimal("25.00"),
}  # fmt: skip


@cache
def raising() -> Program:
    """The default set compiled so that each null is raised, and caught for the whole value."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compile_entities, "_passing", lambda _node: {})
        return compile_set(mappings(), plain().settings)


@given(st.sampled_from(ENTITIES), st.sets(st.sampled_from(sorted(SAMPLES))))
@settings(max_examples=150)
def test_a_null_that_is_seen_in_time_is_the_null_that_would_be_raised(
    entity: str, absent: set[str]
) -> None:
    row = blank(entity, plain())
    row |= {name: given for name, given in SAMPLES.items() if name in row and name not in absent}
    made = [outcome(one.derive, entity, row) for one in (plain(), raising())]
    assert made[0] == made[1]


def test_a_default_behind_a_null_that_is_raised_stays_behind_it() -> None:
    """Only the last filters of a value pass a null on: what is inside of it is null as a whole."""
    sources = [plain().entities["qliro.order"].source, raising().entities["qliro.order"].source]
    assert [" is None else f_upper(" in source for source in sources] == [True, False]
    node = parsed("x | upper | default('y')").node
    assert compile_entities._passing(node) == {}
