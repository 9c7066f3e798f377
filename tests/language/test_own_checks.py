"""Checks that say the same before there is a document and when it stands: which they are."""

from __future__ import annotations

import pytest

from engine.language.load import load_set
from engine.language.own_checks import own_checks

from .kit import CATALOGUE, HOUSE

SET = load_set(HOUSE / "mappings/qliro-fortnox", None, CATALOGUE)


def asked(mapping: str) -> str:
    return "\n".join(one.that.text for one in own_checks(SET.mappings[mapping]))


@pytest.mark.parametrize("mapping", ["new_order", "invoice", "credit_invoice"])
def test_the_vat_of_what_was_sold_is_asked_of_what_is_posted_too(mapping: str) -> None:
    assert "no_account" in asked(mapping)


@pytest.mark.parametrize("mapping", sorted(SET.mappings))
def test_what_posting_changes_is_not_asked_of_what_is_posted(mapping: str) -> None:
    spec = SET.mappings[mapping]
    text = asked(mapping)
    fortnox = [name for name, one in spec.related.items() if one.entity.startswith("fortnox.")]
    for name in ("books.", "document.", "earlier", "match.", *spec.match, *spec.needs):
        assert name not in text
    for name in fortnox:
        assert f"{name} |" not in text


def test_what_waits_and_what_only_a_setting_decides_is_not() -> None:
    assert "has_article" not in asked("new_order")
    assert "settings.flows" not in asked("new_order")
    assert "settings.chargeback" not in asked("dispute")


def test_a_named_value_counts_by_what_it_is_made_of() -> None:
    """``rounding`` is what Fortnox will make of the rows, by the customer's card."""
    assert "mixed" in asked("new_order")
    assert "rounding" not in asked("credit_invoice")
