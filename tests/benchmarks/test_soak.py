"""The soak at a small size: its days go by, and it sees what must not be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import soak


def test_days_of_a_shop_end_with_every_line_posted_once_and_what_is_made_twice_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(soak, "LAST_RUNS", 3)
    life = soak.live(tmp_path, 2, 2)
    assert life.happened["killed"] <= 1
    assert life.world.made_payments
    assert life.wrong == []
    made = life.world.made_payments[0]
    again = max(life.world.payments) + 1
    life.world.payments[again] = replace(life.world.payments[made], number=again)
    life.world.made_payments.append(again)
    [twice] = soak.wrong(life)
    assert twice.startswith("1 invoices without just one payment")
