"""What is let through without the library that words refusals, that library lets through too."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.language import structure
from engine.language.load import load_set
from engine.merchant.settings import merchant_schema
from engine.quick_schema import quick
from engine.validate import _validator
from engine.yamlfile import parse

from .kit import CATALOGUE, HOUSE, PAYMENT

KINDS = structure.KINDS


def refused(kind: str, value: Any) -> bool:
    """Whether the library finds anything wrong."""
    return bool(list(structure._validator(kind).iter_errors(value)))


def test_every_schema_of_files_is_known_whole() -> None:
    assert all(quick(structure._leaned(kind)) for kind in KINDS)
    assert quick(merchant_schema())


def test_the_files_of_the_set_need_no_library() -> None:
    loaded = load_set(HOUSE / "mappings/qliro-fortnox", None, CATALOGUE)
    assert len(loaded.sources) > 40
    for name, source in loaded.sources.items():
        assert structure._quick(name.split()[0])(source.value), name  # type: ignore[misc]


# Values that stand where others are meant: each kind that YAML has.
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 10_000), st.decimals(-9, 9, places=3),
    st.sampled_from(["", "x", "a b", "Amount", "{{ x }}", "1", "x\n", "å"]),
    st.lists(st.sampled_from(["x", "y", 1, True, Decimal(1)]), max_size=3),
    st.dictionaries(st.sampled_from(["id", "that", "when", "value", "X y"]), st.just("x")),
)  # fmt: skip


def changed(value: Any, draw: Any) -> Any:
    """The value with something in it taken out, renamed or put in the place of something."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(value)))
        rest = {name: one for name, one in value.items() if name != key}
        how = draw(st.integers(0, 3))
        if how == 0:
            return rest
        if how == 1:
            return {**rest, draw(st.sampled_from(["odd", "when", "id"])): value[key]}
        return {**value, key: changed(value[key], draw)}
    if isinstance(value, list) and value and draw(st.booleans()):
        at = draw(st.integers(0, len(value) - 1))
        return [*value[:at], changed(value[at], draw), *value[at + 1 :]]
    return draw(ODD)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_nothing_is_let_through_that_the_library_refuses(data: st.DataObject) -> None:
    files = sorted((HOUSE / "mappings/qliro-fortnox").rglob("*.yaml"))
    path = data.draw(st.sampled_from(files))
    value = changed(parse(path.read_text("utf-8")).value, data.draw)
    kind = next((k for k in KINDS if isinstance(value, dict) and k in value), "mapping")
    fits = structure._quick(kind)
    assert fits is not None
    assert not (fits(value) and refused(kind, value))


@pytest.mark.parametrize(
    ("schema", "value", "fits"),
    [
        ({"type": "integer"}, True, False),
        ({"enum": [1, "a"]}, True, False),
        ({"const": 1}, Decimal(1), True),
        ({"type": ["string", "null"], "minLength": 2}, None, True),
        ({"not": {"required": ["a"]}}, {"a": 1}, False),
        ({"oneOf": [{"type": "integer"}, {"minimum": 3}]}, 5, False),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": 1}, False),
        ({"if": {"required": ["a"]}, "else": {"required": ["b"]}}, {"b": 1}, True),
        ({"uniqueItems": True}, [1, True], True),
        ({"uniqueItems": True}, [1, Decimal(1)], False),
        ({"multipleOf": Decimal("0.01")}, Decimal("1.005"), False),
        ({"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": False},
         {"x1": "a"}, True),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, False),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}, "type": "array"}}},
         [[], [[1]]], False),
    ],
)  # fmt: skip
def test_it_is_the_library_s_own_answer(schema: Any, value: Any, fits: bool) -> None:
    made = quick(schema)
    assert made is not None
    assert made(value) is fits
    assert (not list(_validator()(schema).iter_errors(value))) is fits


def test_of_a_keyword_that_it_does_not_know_and_of_a_last_line_break_it_says_nothing() -> None:
    assert quick({"contains": {}}) is None
    made = quick({"not": {"pattern": "^x$"}})
    assert made is not None
    assert not made("x\n")
    assert not quick({"type": "object", "properties": {"mapping": {"pattern": "^[a-z]+$"}}})(  # type: ignore[misc]
        parse(PAYMENT.replace("mapping: payment", 'mapping: "payment\\n"')).value
    )
