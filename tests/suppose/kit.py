"""What a first plan supposes, held against what the runs that follow make of the same world."""

from __future__ import annotations

from typing import Any

from order_shop import OrderShop
from shop import Shop

from engine import json_text
from engine import session as sessions
from engine.scope import Scope
from engine.suppose.rounds import Followed

MOST_RUNS = 8
MADE = """
SELECT a.action, a.document, s.number
FROM ledger.intent AS a
JOIN ledger.step AS s ON s.action = a.action AND s.step = 'create'
WHERE s.event IN ('done', 'found', 'adopted') AND starts_with(a.target, 'fortnox.')
"""
# Orders and payouts of which a document stands otherwise than it must, and waits for a person.
LEFT = """
SELECT DISTINCT a.payout
FROM ledger.action AS a JOIN ledger.step AS s ON s.action = a.action
WHERE s.event = 'undecided'
"""


def planned(shop: Shop) -> tuple[dict[str, Any], Followed]:
    """The documents of a plan and of what follows from it, by action; nothing is written down."""
    named = tuple(shop.known) or None if isinstance(shop, OrderShop) else None
    scope = Scope(None, named)
    before = shop.store.value("SELECT count(*) FROM ledger.action")
    with shop.session() as opened:
        findings = sessions.sync(opened, scope)
        made, followed = sessions.plan_ahead(opened, findings, scope)
    assert shop.store.value("SELECT count(*) FROM ledger.action") == before
    actions = [*made.actions, *followed.actions]
    return {one.action: one.document for one in actions
            if one.target.startswith("fortnox.")}, followed  # fmt: skip


def posted(shop: Shop) -> dict[str, dict[str, Any]]:
    """What stands once runs have nothing more to post: the rows of MADE by action."""
    for _ in range(MOST_RUNS):
        if not shop.run().delivery.done:
            return {row["action"]: row for row in shop.store.rows(MADE)}
    raise AssertionError("the runs come to no end")


def differing(shop: Shop) -> list[str]:
    """What was supposed and came otherwise, or came and was not supposed: one line each."""
    before = {row["action"] for row in shop.store.rows(MADE)}
    supposed, followed = planned(shop)
    real = {name: row for name, row in posted(shop).items() if name not in before}
    given = {one.number: real[one.action]["number"] for one in followed.stands.values()
             if one.action in real}  # fmt: skip
    left = {row["payout"] for row in shop.store.rows(LEFT)}
    cases = {one.action: one.payout for one in followed.actions}
    wrong = [f"{name} was supposed and is not made" for name in supposed.keys() - real.keys()
             if cases.get(name) not in left]  # fmt: skip
    wrong += [f"{name} is made and was not supposed" for name in real.keys() - supposed.keys()]
    for name in supposed.keys() & real.keys():
        mine = json_text.canonical(_numbered(supposed[name], given))
        theirs = json_text.canonical(json_text.decode(real[name]["document"]))
        if mine != theirs:
            wrong.append(f"{name}:\n  supposed {mine}\n  made     {theirs}")
    return sorted(wrong)


def _numbered(value: Any, given: dict[str, str]) -> Any:
    """A document with the numbers that Fortnox gave instead of those that were supposed."""
    if isinstance(value, dict):
        return {name: _numbered(one, given) for name, one in value.items()}
    if isinstance(value, list):
        return [_numbered(one, given) for one in value]
    if isinstance(value, str):
        return given.get(value, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(given.get(str(value), value))
    return value
