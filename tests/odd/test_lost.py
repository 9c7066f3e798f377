"""A cursor moves past what was read and no further: what can't be read is asked for again, and told
in every run until it can be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import Exit
from odd.kit import OddShop, setting

BATCHES = "/GetSettlementBatches"


@pytest.fixture
def shop(tmp_path: Path, read_mappings_once: None) -> OddShop:
    """Two payouts of one sale each."""
    made = OddShop(tmp_path)
    made.trouble("clean_sale")
    made.trouble("clean_sale")
    return made


def missing(rows: str) -> Callable[[Any], None]:
    def spoil(body: Any) -> None:
        body[rows] = None

    return spoil


def codes(report: Any) -> set[str]:
    return {one.code for one in report.findings.findings}


@pytest.mark.parametrize(
    "spoil",
    [
        missing("SettlementBatches"),
        setting("SettlementBatches", "Id", None),
        setting("SettlementBatches", "Id", {"Id": 7}),
        setting("SettlementBatches", "Id", -7.5),
        setting("SettlementBatches", "BatchDate", None),
        setting("SettlementBatches", "BatchDate", "0001-01-01T00:00:00"),
        setting("SettlementBatches", "TotalAmount", None),
        setting("SettlementBatches", "TotalAmount", True),
        setting("SettlementBatches", "CurrencyCode", ["SEK"]),
    ],
)
def test_a_batch_that_was_listed_oddly_is_listed_again_and_its_lines_are_booked(
    shop: OddShop, spoil: Callable[[Any], None]
) -> None:
    odd = shop.oddly(BATCHES, spoil, times=99)
    for _ in range(2):
        report = shop.run()
        assert codes(report) & {"batches-not-read", "batch-not-read"}
        assert report.exit_code is Exit.ATTENTION
        shop.later(days=20)  # beyond the overlap
    odd.times = 0
    report = shop.run()
    assert not codes(report) & {"batches-not-read", "batch-not-read"}
    assert shop.states() == ["posted", "posted"]
    assert len(shop.payments()) == 2
