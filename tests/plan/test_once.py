"""Values that come again are held once, and stay what they are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from engine.store.once import MOST, Once


def row(n: int) -> dict[str, object]:
    return {"line": f"{n:016x}", "day": date(2026, 11, 1 + n % 3), "currency": f"SE{'K'}"[:3],
            "amount": Decimal(n), "rate": Decimal("1.0"), "one": 1, "true": True}  # fmt: skip


def test_rows_read_the_same_and_share_what_they_have_in_common() -> None:
    once = Once()
    rows = [once(row(n)) for n in range(200)]
    assert rows == [row(n) for n in range(200)]
    assert [[type(value) for value in one.values()] for one in rows] == [
        [type(value) for value in row(n).values()] for n in range(200)
    ]
    assert len({id(one["day"]) for one in rows}) == 3
    assert len(once.columns["line"]) == MOST
