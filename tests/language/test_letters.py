"""Letters of two signs, as a Mac writes them, are one letter before Fortnox gets them."""

from __future__ import annotations

import unicodedata

import pytest

from engine.language.fortnox_signs import forbidden
from engine.language.text_filters import fortnox_text


@pytest.mark.parametrize("name", ["José", "Åsa Öberg", "Zoë", "Nguyễn Ánh", "Đorđe Šešić", "Łódź"])
def test_a_decomposed_letter_is_composed_and_keeps_its_accent(name: str) -> None:
    apart = unicodedata.normalize("NFD", name)
    assert fortnox_text(apart) == fortnox_text(name) == name
    assert forbidden(fortnox_text(apart)) == ""


def test_an_accent_that_no_letter_takes_is_a_visible_sign_as_before() -> None:
    assert fortnox_text("q\u0301 <x>") == "q_ _x_"
    assert fortnox_text("q\u0308") == "q\u0308"  # Fortnox takes these two
