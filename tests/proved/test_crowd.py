"""The books of a crowded shop and of a made month: what is ours is found whole."""

from __future__ import annotations

import pytest
from flows.test_troubles import ALONE
from shop import OpenShop, Shop

from engine.sandbox.generator import month
from engine.sandbox.troubles.by_name import TROUBLES

from .kit import account, books


@pytest.mark.parametrize("mode", ["write_off", "voucher"])
def test_in_a_crowd_of_troubles_only_what_others_booked_is_unexplained(
    shop: OpenShop, mode: str
) -> None:
    one = shop(**{"fees.mode": mode})
    for name in TROUBLES:
        if name not in ALONE:
            one.trouble(name)
    one.run()
    proof = books(one)  # whose items add up to each balance
    odd = {item.kind for told in proof.accounts for item in told.unexplained}
    assert odd == {"others"}
    assert proof.changes == ()
    assert proof.odd == ()
    for told in proof.accounts:
        others = [item.amount for item in told.unexplained]
        assert sum(others, told.others - told.others) == told.difference == told.others


def test_a_made_month_holds_exactly_its_open_lines(shop: OpenShop) -> None:
    one: Shop = shop(world=month(3).world)
    one.run()
    proof = books(one)
    held = sum(item.amount for item in account(proof, 1581).items if item.kind == "open")
    transferred = {row["payout"] for row in one.payouts() if row["transfer"] == "posted"}
    waits = [
        line["value"]
        for line in one.lines(interim=1581)
        if line["state"] in ("waiting", "parked")
        and line["Status"] == "Accepted"
        and line["payout"] in transferred
    ]
    assert held == -sum(waits)
    assert account(proof, 1581).holds
