"""Codes that say little by themselves: Fortnox's own words tell which right or number it is."""

from __future__ import annotations

import pytest

from engine.error_catalogue import look_up, read_error, sentence


def told(code: int, message: str) -> str:
    body = f'{{"ErrorInformation": {{"error": 1, "message": "{message}", "code": {code}}}}}'
    error = read_error("fortnox", 400, body)
    assert look_up(error).known
    return sentence(error)


@pytest.mark.parametrize(
    ("message", "means"),
    [("Saknar behörighet för artikelregister.", "lacks a right in Fortnox"),
     ("Ej autentiserad", "The warehouse module did not accept"),
     ("Nekad.", "did not let the connection do this")],
)  # fmt: skip
def test_a_missing_right_is_told_by_fortnoxs_words_and_not_always_as_the_warehouse(
    message: str, means: str
) -> None:
    said = told(2003275, message)
    assert means in said
    assert message in said
    assert ("warehouse" in said) == (message == "Ej autentiserad")


def test_a_vat_number_that_fortnox_refuses_is_known() -> None:
    said = told(2004194, "Ogiltigt VAT-nummer.")
    assert "VAT number is not valid" in said
