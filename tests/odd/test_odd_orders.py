"""One order that is answered oddly is told of and parked; a good answer heals it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.errors import Exit
from odd.kit import OddOrderShop, setting

ITEMS, MOVES = "OrderItemActions", "PaymentTransactions"
ODD = [
    (ITEMS, "Quantity", 10**9),
    (ITEMS, "Type", 2147483647),
    (MOVES, "Status", 2147483647),
    (MOVES, "Timestamp", "0001-01-01T00:00:00"),
]


def problems(report: Any) -> list[str]:
    return [one for one in report.plan.problems if "can't be read" in one]


@pytest.mark.parametrize(("rows", "field", "value"), ODD)
def test_an_order_that_is_answered_oddly_waits_for_a_good_answer(
    tmp_path: Path, read_mappings_once: None, rows: str, field: str, value: object
) -> None:
    shop = OddOrderShop(tmp_path)
    odd, _ = shop.life("private"), shop.life("several_rows")
    shop.oddly(f"/orders/{odd.order}", setting(rows, field, value), times=2)
    for _ in range(2):  # told in every run, whether or not it is answered as before
        report = shop.run()
        assert report.exit_code is Exit.ATTENTION
        (told,) = problems(report)
        assert str(odd.order) in told
        found = [str(one) for one in report.findings.findings if one.code == "order-not-read"]
        assert len(found) == 1
        assert str(odd.order) in found[0]
        assert len(shop.fortnox_orders) == 1
    report = shop.run()
    assert problems(report) == []
    assert len(shop.fortnox_orders) == 2
