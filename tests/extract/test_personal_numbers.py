"""A private buyer's personal number never reaches the store; all else comes as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.extract.redact import hashed, redacted

KEY = b"key"


def person(number: object, kind: object = "Physical") -> str:
    return json.dumps({"Customer": {"PersonalNumber": number, "JuridicalType": kind}})


def test_the_number_becomes_a_keyed_hash_and_every_other_byte_stays() -> None:
    body = '{ "a" : 1.10,\n "Customer":{"PersonalNumber" : "197906255307" , "Email":"å\\u00e4@x"} }'
    assert redacted(body, KEY) == body.replace("197906255307", hashed("197906255307", KEY))
    assert redacted(body, KEY) != redacted(body, b"another key")


def test_the_same_buyer_is_recognised_however_the_number_is_written() -> None:
    assert hashed("790625-5307", KEY) == hashed("197906255307", KEY) == hashed("7906255307", KEY)


@pytest.mark.parametrize("number", ["556001-1982", "165560011982", "123456785", "2678277-6"])
def test_a_companys_organisation_number_stays(number: str) -> None:
    assert redacted(person(number, "Company"), KEY) == person(number, "Company")
    assert redacted(person(number, 1), KEY) == person(number, 1)


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        ("790625-5307", "Company"),  # a person whom the shop calls a company, or a sole trader
        ("22034149589", "Company"),
        ("201042-9991", "Company"),
        ("030842-921X", "Company"),
        ("556001-1982", "Physical"),
        ("556001-1982", None),
        (197906255307, "Physical"),
    ],
)
def test_what_may_be_a_personal_number_goes(number: object, kind: object) -> None:
    assert str(number) not in redacted(person(number, kind), KEY)


def test_a_key_written_with_escapes_is_found() -> None:
    body = '{"\\u0050ersonalNumber": "7906255307"}'
    assert "7906255307" not in redacted(body, KEY)


def test_null_and_hashes_stay() -> None:
    once = redacted(person("7906255307"), KEY)
    assert redacted(once, KEY) == once
    assert redacted(person(None), KEY) == person(None)


@given(st.integers(0, 200))
def test_a_body_that_is_cut_off_anywhere_shows_no_whole_number(end: int) -> None:
    body = '{"x": [{"Customer": {"JuridicalType": "Physical", "PersonalNumber": "197906255307"}}]}'
    assert "1979062553" not in redacted(body[:end], KEY)


@given(st.text())
def test_any_text_at_all_is_taken(text: str) -> None:
    assert redacted(text, KEY) is not None
    assert redacted('{"personalnumber' + text, KEY) is not None
