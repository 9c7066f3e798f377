"""Policies before delivery: what breaks one is parked with its sentence, a warning is only told."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from shop import OpenShop

from engine.sandbox.history import new_sale, settle

HEAD = "version: 2\npolicy: house\nchecks:\n"
LARGE = """\
  - id: large
    for: fortnox.invoice_payment
    that: document.Amount < 1000
    because: "{{ document.Amount }} is booked by our accountant"
"""


def overlay(folder: Path, *checks: str) -> str:
    over = folder / "over"
    over.mkdir(exist_ok=True)
    (over / "house.yaml").write_text(HEAD + "".join(checks), "utf-8")
    return str(over)


def test_a_payment_that_breaks_a_policy_is_parked_and_the_others_are_posted(
    shop: OpenShop, tmp_path: Path
) -> None:
    one = shop(overlay=overlay(tmp_path, LARGE))
    large, small = new_sale(one.world, Decimal("1200.00")), new_sale(one.world, Decimal("400.00"))
    settle(one.world, [large.line, small.line])
    report = one.run()
    assert [(line["state"], line["code"]) for line in one.lines()] == [
        ("parked", "policy"), ("posted", "posted"),
    ]  # fmt: skip
    (reason,) = [line["reason"] for line in one.lines() if line["state"] == "parked"]
    assert reason == "breaks the policy house.large: 1200.00 is booked by our accountant"
    assert one.payments(large.invoice) == []
    assert len(one.payments(small.invoice)) == 1
    assert report.exit_code == 3
    (trace,) = [one.trace for one in report.plan.outcomes if one.code == "policy"]
    assert str(trace["place"]).endswith("house.yaml:4:5")
    assert trace["document"]["Amount"] == Decimal("1200.00"), "it is shown as it would have been"


def test_when_the_policy_is_lifted_it_is_posted_once(shop: OpenShop, tmp_path: Path) -> None:
    one = shop(overlay=overlay(tmp_path, LARGE))
    large = new_sale(one.world, Decimal("1200.00"))
    settle(one.world, [large.line])
    one.run()
    one.settings({"overlay": None})
    one.run()
    one.run()
    assert len(one.payments(large.invoice)) == 1


def test_what_stands_in_fortnox_already_is_taken_over_whatever_a_policy_says(
    shop: OpenShop, tmp_path: Path
) -> None:
    """It was not this program's to make: the policy is about what is to be sent."""
    one = shop()
    large = new_sale(one.world, Decimal("1200.00"))
    settle(one.world, [large.line])
    one.run()
    one.settings({"overlay": overlay(tmp_path, LARGE)})
    one.lose_the_database()
    one.run()
    assert [line["state"] for line in one.lines()] == ["adopted"]
    assert len(one.payments(large.invoice)) == 1


def test_a_warning_is_told_and_in_nobodys_way(shop: OpenShop, tmp_path: Path) -> None:
    one = shop(overlay=overlay(tmp_path, LARGE + "    severity: warning\n"))
    large = new_sale(one.world, Decimal("1200.00"))
    settle(one.world, [large.line])
    report = one.run()
    assert one.states() == ["posted"]
    told = [said for said in report.plan.warnings if "house.large" in said]
    assert len(told) == 1
    assert "1200.00 is booked by our accountant" in told[0]
