"""A run over a payout with every kind of line, killed before and after each request in turn.

Killed with SIGKILL, in a process of its own, over a socket; run again; counted on the server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import few_rows
import pytest

from faults.shop import ROOT

# In so many parts, so that the cores share the work.
PARTS = 2


@pytest.fixture
def folder() -> Iterator[Path]:
    with few_rows.folder() as made:
        yield Path(made)


def swept(folder: Path, *of: object, **changes: Any) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "faults.sweep", str(folder), json.dumps(changes)]
    done = subprocess.run(  # noqa: S603  our own program
        [*command, *map(str, of)],
        cwd=ROOT / "tests",
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("part", range(PARTS))
def test_a_run_killed_at_any_request_and_run_again_posts_every_line_exactly_once(
    folder: Path, part: int
) -> None:
    undisturbed, *killed = swept(folder, part, PARTS, delivery={"parallel": 1})
    total = undisturbed["requests"][0]
    assert len(killed) == 2 * len(range(1 + part, total + 1, PARTS))
    assert undisturbed["posted"]["made"] == {"payments_created": 9, "vouchers_created": 3}
    assert undisturbed["posted"]["booked twice"] == {}
    for one in killed:
        where = f"killed {one['point']} ({one['struck']})"
        assert one["killed"], f"{where}: the run was not killed"
        assert one["posted"] == undisturbed["posted"], where
        assert one["told"] == undisturbed["told"], where
        assert one["too soon"] == [], where


@pytest.mark.parametrize("mode", ["voucher", "none"])
def test_so_do_runs_with_other_fee_modes_and_requests_side_by_side(folder: Path, mode: str) -> None:
    changes = {"fees": {"mode": mode}, "delivery": {"parallel": 4}}
    undisturbed, *killed = swept(folder, 24, 12, **changes)
    assert killed
    for one in killed:
        where = f"killed {one['point']} ({one['struck']})"
        assert one["killed"], f"{where}: the run was not killed"
        assert one["posted"] == undisturbed["posted"], where
        assert one["told"] == undisturbed["told"], where
        assert one["too soon"] == [], where


ORDERS = {
    "flows": {"payouts": False, "orders": True, "invoices": True, "refunds": True,
              "order_status": True},
    "orders_from": "2026-01-01",
    "articles": {"create": True},
    "delivery": {"parallel": 1},
}  # fmt: skip


def test_the_lives_of_orders_killed_at_write_after_write_leave_one_document_for_each_event(
    folder: Path,
) -> None:
    (lived,) = swept(folder, "life", **ORDERS)
    assert lived["killed"] == 6
    assert lived["made"] == {
        "customer": 1, "article": 3, "order": 2, "invoice": 3, "credit": 1,
        "MarkItemsAsShipped": 1,
    }  # fmt: skip
    assert lived["totals"] == ["-149.00", "-399.00", "746.00", "746.00"]
    assert lived["invoices"] == 4
    assert lived["qliro"] == [["Preauthorization", "746.00", "Success"],
                              ["Capture", "746.00", "Success"]]  # fmt: skip
    assert {state for _, _, state in lived["told"]} == {"posted"}
    assert lived["too soon"] == []
