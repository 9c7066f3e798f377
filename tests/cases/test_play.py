"""The interface by which situations are played: every step does what its name says."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import play
import pytest

SOCKS = {
    "MerchantReference": "STRUMPA", "Quantity": 2, "PricePerItemIncVat": 50,
    "PricePerItemExVat": 40, "VatRate": 25,
}  # fmt: skip
ORDERS: dict[str, Any] = {
    "case": "socks, one pair given back, an order that is called off",
    "kind": "orders",
    "settings": {"orders_from": "2026-01-01"},
    "orders": [
        {"items": [SOCKS], "reference": "S-1"},
        {"items": [SOCKS], "country": "DK", "buyer": {"email": "b@example.dk"},
         "shipping": {"country": "DK"}, "billing": {"country": "DK"}},
    ],
    "steps": [
        ["order", 0], ["order", 1], ["run"], ["deliver", 0, [0]], ["capture", 0], ["run"],
        ["refund", 0, {"Amount": "50", "items": [{**SOCKS, "Quantity": 1}]}], ["run"],
        ["customer", {"City": "Lund"}], ["cancel", "order"], ["retry", 1], ["run"],
    ],
    "expect": "an invoice of 100.00 and a credit invoice of 50.00",
}  # fmt: skip
PAYOUTS: dict[str, Any] = {
    "case": "a sale with a fee, one that somebody has booked, one given back",
    "kind": "payouts",
    "steps": [
        ["sale", {"name": "A", "amount": "100.00"}],
        ["sale", {"name": "B", "amount": "80.00", "days_before": 1}],
        ["sale", {"name": "C", "amount": "60.00", "invoiced": False}],
        ["payment", "B", "80.00", 0],
        ["invoice", {"of": "C", "total": "60.00", "second": True}],
        ["credit", "A", "-40.00"],
        ["batch", [["A", "sale"], ["A", "fee", "5.00", "4.00"], ["B", "sale"], ["C", "sale"],
                   ["A", "refund", "40.00"]]],
        ["run"], ["later", 1], ["run"],
    ],
}  # fmt: skip


def test_orders_are_lived_and_told(tmp_path: Path) -> None:
    told = play.told(play.play(ORDERS, tmp_path))
    assert sum(line == "run:" for line in told) == 4
    assert any(line.startswith("Fortnox order 501") for line in told)
    (first,) = [line for line in told if line.startswith("Fortnox invoice 1001")]
    assert "total 100.00 VAT 20.00 booked | 2 × 50.00" in first
    (second,) = [line for line in told if line.startswith("Fortnox invoice 1002")]
    assert "total -50.00 VAT -10.00 booked" in second
    assert any("captured ['100" in line for line in told if line.startswith("Qliro"))


def test_payouts_are_lived_and_told(tmp_path: Path) -> None:
    played = play.play(PAYOUTS, tmp_path)
    told = play.told(played)
    assert sorted(line["state"] for line in played.shop.lines(Type="Transaction")) == [
        "adopted", "posted", "posted", "posted",
    ]  # fmt: skip
    assert any("95.00" in line for line in told if line.startswith("payment"))
    assert told[-1].startswith("left on the interim accounts:")


@pytest.mark.parametrize("case", [ORDERS, PAYOUTS])
def test_every_step_is_played_by_one_of_the_cases(case: dict[str, Any]) -> None:
    steps = play.PAYOUTS if case["kind"] == "payouts" else play.ORDERS
    assert {name for name, *_ in case["steps"]} == set(steps)


def test_a_file_is_played_from_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps({**PAYOUTS, "expect": "all is paid"}), encoding="utf-8")
    words = [sys.executable, play.__file__, str(file)]
    done = subprocess.run(words, check=False, capture_output=True, text=True)  # noqa: S603  ours
    assert done.returncode == 0, done.stderr
    assert f"== {PAYOUTS['case']}" in done.stdout
    assert "EXPECTED: all is paid" in done.stdout
