"""A document in Fortnox that can't be read holds up what is booked on it, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from odd.kit import OddOrderShop, OddShop, setting

INVOICES = "/3/invoices"


@pytest.mark.parametrize("name", ["Total", "Currency"])
def test_only_the_line_of_an_invoice_that_cannot_be_read_waits(
    tmp_path: Path, read_mappings_once: None, name: str
) -> None:
    shop = OddShop(tmp_path)
    first, second = shop.trouble("clean_sale"), shop.trouble("clean_sale")
    shop.oddly(INVOICES, setting("Invoices", name, None))
    shop.run()
    assert sorted([*shop.states(first), *shop.states(second)]) == ["posted", "waiting"]
    (reason,) = [one for one in shop.reasons() if "read" in one]
    assert "its total or its currency can't be read" in reason
    assert len(shop.payments()) == 1


def test_no_second_invoice_is_made_beside_one_whose_total_cannot_be_read(
    tmp_path: Path, read_mappings_once: None
) -> None:
    shop = OddOrderShop(tmp_path)
    shop.life("captured")
    shop.run()
    made = len(shop.fortnox_invoices)
    shop.lose_the_database()
    shop.oddly(INVOICES, setting("Invoices", "Total", None))
    report = shop.run()
    assert len(shop.fortnox_invoices) == made == 1  # and not two
    (told,) = shop.outcomes(report, "invoice").values()
    assert (told.state, told.reason) == (
        "waiting",
        "invoice 1001: its total or its currency can't be read",
    )
    shop.run()  # a good answer
    assert len(shop.fortnox_invoices) == 1
