"""Financial years of which Fortnox does not tell the days: told, asked for again, no run ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .kit import OddShop


@pytest.mark.parametrize(
    "changed",
    [
        {"FromDate": None}, {"ToDate": None}, {"FromDate": None, "ToDate": None},
        {"FromDate": ""}, {"FromDate": "0001-01-01"}, {"ToDate": "9999-99-99"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("every", [True, False])
def test_a_year_without_its_days_is_told_and_healed_by_the_next_good_answer(
    tmp_path: Path, read_mappings_once: None, changed: dict[str, Any], every: bool
) -> None:
    shop = OddShop(tmp_path)
    shop.trouble("clean_sale")

    def spoil(body: Any) -> None:
        for year in body["FinancialYears"] if every else body["FinancialYears"][:1]:
            year.update(changed)

    shop.oddly("/3/financialyears", spoil)
    report = shop.run()
    told = [str(one) for one in report.findings.findings]
    assert any("row 1 of FinancialYears has no " in one for one in told)
    if every:
        assert not shop.world.made_payments
    shop.later(days=1)
    assert not shop.run().findings.findings
    assert len(shop.world.made_payments) == 1
