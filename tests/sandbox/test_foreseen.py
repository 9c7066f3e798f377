"""What the mapping language foresees of a document is what the sandbox's Fortnox makes of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.language.foreseen import foreseen
from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.transport import fortnox_client

RATES = (25, 12, 6, 0)
PRICES = st.integers(-200_000, 200_000).map(lambda oere: Decimal(oere) / 100)
ROWS = st.lists(
    st.tuples(st.integers(-600, 600), PRICES, st.sampled_from(RATES)), min_size=1, max_size=12
)
CARDS = ("SEVAT", "EUVAT", "EXPORT", "EUREVERSEDVAT", "SEREVERSEDVAT")


def row(quantity: Any, price: str, vat: int | None = 25, code: str | None = None) -> dict[str, Any]:
    return {"quantity": quantity, "price": Decimal(price), "vat": vat, "vat_code": code}


@settings(max_examples=150, deadline=None)
@given(ROWS, st.booleans(), st.sampled_from(CARDS), st.booleans(), st.booleans())
def test_total_vat_and_rounding_are_those_of_the_sandbox(
    rows: list[tuple[int, Decimal, int]], included: bool, card: str, whole: bool, order: bool
) -> None:
    """Rates whose sum is below zero, discounts and credits alike, to the öre."""
    world = empty_world()
    world.limits.rate_limit = None
    world.company.whole_kronor = whole
    kind, quantity = ("Order", "OrderedQuantity") if order else ("Invoice", "DeliveredQuantity")
    with fortnox_client(world) as fortnox:
        buyer = {"Name": "Eva", "VATType": card, "Currency": "SEK"}
        made = fortnox.post("customers", json={"Customer": buyer}).json()["Customer"]
        document = {
            "CustomerNumber": made["CustomerNumber"], "VATIncluded": included,
            "Freight": 0, "AdministrationFee": 0,
            f"{kind}Rows": [
                {"AccountNumber": 3001, "Description": "x", quantity: str(n), "Price": str(price),
                 "VAT": vat, "DeliveredQuantity": str(n)}
                for n, price, vat in rows
            ],
        }  # fmt: skip
        answer = fortnox.post(f"{kind.lower()}s", json={kind: document})
    assert answer.status_code == 201, answer.text
    shown = answer.json()[kind]
    taxed = card in ("SEVAT", "EUVAT")
    told = foreseen([row(n, str(p), vat) for n, p, vat in rows], included, taxed, whole)
    assert told["unknown"] is None
    for name, theirs in (("Total", "Total"), ("VAT", "TotalVAT"), ("RoundOff", "RoundOff")):
        assert told[name] == Decimal(str(shown[theirs])).quantize(Decimal("0.01")), name


def test_half_an_oere_is_rounded_away_from_zero_on_either_side() -> None:
    for sign in (1, -1):
        told = foreseen([row(sign, "0.02")], False, True, False)  # VAT 0.005
        assert (told["VAT"], told["Total"]) == (sign * Decimal("0.01"), sign * Decimal("0.03"))
        told = foreseen([row(sign, "98.50")], True, True, True)
        assert (told["Total"], told["RoundOff"]) == (sign * 99, sign * Decimal("0.50"))


def test_vat_is_of_the_sum_of_a_rate_and_not_of_its_rows() -> None:
    told = foreseen([row(1, "0.79")] * 500, False, True, False)
    assert (told["Total"], told["VAT"]) == (Decimal("493.75"), Decimal("98.75"))


def test_prices_and_quantities_are_rounded_to_two_decimals_first() -> None:
    told = foreseen([row(Decimal("1.125"), "1.125", 0)], True, True, False)
    assert told["Total"] == Decimal("1.28")  # 1.13 × 1.13


@pytest.mark.parametrize(
    ("unknown", "why"),
    [(row(1, "10.00", None, "FI255"), "a row has the VAT code FI255"),
     (row(1, "10.00", None), "a row has no VAT rate")],
)  # fmt: skip
def test_of_a_row_whose_rate_is_not_known_only_a_total_with_vat_is_foreseen(
    unknown: dict[str, Any], why: str
) -> None:
    rows = [row(1, "5.00"), unknown]
    nothing = {"Total": None, "VAT": None, "RoundOff": None, "unknown": why}
    assert foreseen(rows, False, True, False) == nothing
    assert foreseen(rows, True, True, True) == {
        "Total": Decimal(15), "VAT": None, "RoundOff": 0, "unknown": why,
    }  # fmt: skip


def test_a_row_without_vat_is_taken_beside_the_others() -> None:
    """Such as VAT of another country, which is booked as a row of its own."""
    told = foreseen([row(1, "400.00", 0), row(1, "100.00", 0)], True, False, False)
    assert (told["Total"], told["VAT"]) == (500, 0)
