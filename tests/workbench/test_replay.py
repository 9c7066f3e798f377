"""History under the set that posted it gives what was posted, document by document."""

from __future__ import annotations

from pathlib import Path

import pytest
from order_shop import OrderShop
from shop import Shop

from engine import json_text
from engine.store.history import moments
from engine.workbench.replay import replay
from engine.workbench.versions import working

pytestmark = pytest.mark.usefixtures("read_mappings_once")
LIVED = ("private", "discounted", "captured_in_parts", "refunded_rows", "upsold", "finnish")
TROUBLED = (
    "part_payment", "overpayment", "several_fees_on_a_line", "already_paid_elsewhere", "chargeback",
)  # fmt: skip
POSTED = """
SELECT action, mapping, document, identity FROM ledger.intent
WHERE action IN (SELECT action FROM ledger.step WHERE event IN ('done', 'found', 'adopted'))
"""


def not_reproduced(shop: Shop) -> list[str]:
    """What was posted and is not made again as it was: the action, and how it reads now."""
    made = replay(shop.store, working(shop.merchant))
    again = {one.action: one for one in made.actions}
    states = {(one.mapping, one.source): one for one in made.outcomes}
    wrong = []
    for row in shop.store.rows(POSTED):
        action = again.get(row["action"])
        if action is None:
            source = shop.store.value(
                "SELECT source FROM ledger.intent WHERE action = ?", [row["action"]]
            )
            state = states.get((row["mapping"], source))
            told = f"{state.state} {state.code}: {state.reason}" if state else "no outcome"
            wrong.append(f"{row['action']}: {told}")
            continue
        for name, value in (("document", action.document), ("identity", action.identity)):
            was = json_text.canonical(json_text.decode(row[name]))
            if was != json_text.canonical(value):
                wrong.append(f"{row['action']}: {name} {was} -> {json_text.canonical(value)}")
    return wrong


def test_orders_captures_and_refunds_are_decided_as_they_were(tmp_path: Path) -> None:
    shop = OrderShop(tmp_path)
    for name in LIVED:
        shop.life(name)
    shop.run()
    shop.run()
    assert shop.store.value("SELECT count(*) FROM ledger.intent") > 5
    assert len(moments(shop.store)) > 1
    assert not_reproduced(shop) == []


def test_payouts_are_decided_as_they_were(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    for name in TROUBLED:
        shop.trouble(name)
    shop.run()
    assert not_reproduced(shop) == []
