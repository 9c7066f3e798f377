"""Which lines wait for the document of their own transaction, and what that waits for.

A line settles a capture or a refund. Where a flow makes a document of that, the line pays it and
no other. Reads staged orders, what becomes of captures and refunds in this plan and became of them
before, and what a person decided; writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from dataclasses import dataclass
from datetime import date

from ..language.program import CompiledMatch, Program
from ..packed import PackedMap
from ..store.database import Store
from ..store.once import Once
from .model import Plan, Row

# A transaction that only reserves never gets a document, nor does one that failed.
WITHOUT = ("Preauthorization", "Registration", "Error", "Cancelled")
# What is said of a document that is on its way.
COMING = {
    "planned": "is to be posted first", "adopted": "is to be taken over first",
    "waiting": "waits", "parked": "is parked",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a capture or refund: a state with its code and reason."""

    state: str
    code: str
    reason: str
    refusal: str = ""  # why it was refused when it was sent last

    def told(self, called: str) -> str | None:
        """What a line waits for; None where no document comes of it."""
        if self.code == "nothing-to-book" or self.state not in COMING:
            return None
        if self.state == "planned" and self.refusal:
            return f"the document of {called} was refused ({self.refusal}); it is sent again"
        sure = self.state in ("planned", "adopted")
        said = f"the document of {called} {COMING[self.state]}"
        return said if sure else f"{said} ({self.reason})"


class Awaited:
    """What is known of the transactions of ``lines``; ``reason`` tells what a line waits for.

    ``plan`` has what becomes of orders in this run already; ``first`` is the day from which on the
    flows handle orders.
    """

    def __init__(
        self,
        store: Store,
        program: Program,
        match: CompiledMatch,
        plan: Plan,
        lines: Iterable[Row],
        first: date,
    ) -> None:
        self.match, self.first, self.asked = match, first, frozenset(plan.orders)
        self.makers = _makers(program, match)
        self.facts: MutableMapping[str, Row] = PackedMap()
        self.now: dict[str, Fate] = {}
        self.before: dict[str, Fate] = {}
        made: set[str] = set()
        ids: list[str] = []
        asked: set[str] = set()
        for line in lines:
            if line["own_document"] is not None:
                made.add(line["own_document"])
            if line["PaymentTransactionId"] and not line["own_document"] and self.makers:
                ids.append(line["line"])
                asked.add(line["own_source"])
        unseen = store.rows(UNSEEN, [sorted(made)]) if made else []
        self.unseen = {row["number"] for row in unseen}
        if not ids:
            return
        for row in map(Once(), store.each(FACTS, [ids])):
            self.facts[row["line"]] = row
        of_now = [one for one in plan.outcomes if one.mapping in self.makers]
        due = [one.action for one in of_now if one.state == "planned"]
        refused = {row["action"]: row["note"] or "" for row in store.rows(REFUSED, [due])}
        for one in of_now:
            told = refused.get(one.action or "", "")
            self.now[one.source] = Fate(one.state, one.code, one.reason, told)
        sources = sorted(filter(None, asked))
        for row in store.rows(BEFORE, [list(self.makers), sources]):
            self.before[row["source"]] = Fate(row["state"], row["code"], row["reason"])

    @property
    def knows_any(self) -> bool:
        """Whether a line may have to wait at all."""
        return bool(self.facts or self.unseen)

    def reason(self, alias: str, line: Row) -> str | None:
        """Why a line waits for the document of its own transaction; None when it need not."""
        if line["chosen_invoice"] is not None:
            return None
        if line["own_document"] in self.unseen:
            kind = self.match.entity.partition(".")[2]
            return f"its {kind} {line['own_document']} was not seen in Fortnox's list yet"
        facts = self.facts.get(line["line"])
        if facts is None:
            return None
        entity: str | None = facts["entity"] or self._will_be(alias, line, facts)
        if entity is None or entity not in self.match.awaits or entity not in self.makers.values():
            return None
        source, what = line["own_source"], entity.partition(".")[2]
        called = f"its {what} {source}"
        if source in self.now:
            return self.now[source].told(called)
        if facts["ignored"] or not self._covered(facts, line):
            return None
        if source in self.before:
            return self.before[source].told(called)
        if facts["entity"] is None:
            return (
                f"Qliro's order does not show its transaction {line['PaymentTransactionId']} yet: "
                f"as its {what} it gets a document of its own, which this line pays"
            )
        if str(facts["OrderId"]) in self.asked:  # and no mapping is for it
            return None
        return f"the document of {called} was not planned yet"

    def _will_be(self, alias: str, line: Row, facts: Row) -> str | None:
        """What a transaction will be that no order shows as a capture or refund yet."""
        if facts["Type"] in WITHOUT or facts["Status"] in (*WITHOUT, "Success"):
            return None
        return next((of for of, is_one in self.match.awaits.items() if is_one({alias: line})), None)

    def _covered(self, facts: Row, line: Row) -> bool:
        """Whether the flow handles orders of that day: an order comes no later than its lines."""
        if facts["is_known"]:
            day = facts["OrderDate"]
        else:
            day = line["TransactionCompletedDate"] or line["BatchDate"]
        return day is None or bool(day >= self.first)


def _makers(program: Program, match: CompiledMatch) -> dict[str, str]:
    """The mappings whose flow is on that make what the match looks for of a transaction: the entity
    of each."""
    system, _, kind = match.entity.partition(".")
    return {
        name: one.spec.entity
        for name, one in program.mappings.items()
        if one.spec.entity in match.awaits
        and one.spec.target.startswith(f"{system}.")
        and one.spec.target.endswith(kind)
    }


# Documents that stand and that no list has shown.
UNSEEN = """
SELECT number
FROM (SELECT unnest(?) AS number)
WHERE number NOT IN (SELECT DocumentNumber FROM fortnox.invoice)
"""
# Those of these actions that the target refused when they were sent last, and why.
REFUSED = """
SELECT action, note
FROM ledger.step
WHERE step = 'create' AND event = 'refused' AND list_contains(?, action)
"""
# What Qliro and a person say of the transaction that each line settles.
FACTS = """
SELECT
    l.line,
    d.entity,
    t.Type,
    t.Status,
    o.OrderId,
    o.OrderDate,
    o.OrderId IS NOT NULL                   AS is_known,
    coalesce(r.kind = 'ignore', false)      AS ignored
FROM qliro.settlement_line AS l
LEFT JOIN qliro.transaction AS t
    ON t.PaymentTransactionId = l.PaymentTransactionId
    AND (t.OrderId = l.OrderId OR coalesce(l.OrderId, 0) = 0)
LEFT JOIN qliro.documented AS d
    ON d.PaymentTransactionId = t.PaymentTransactionId AND d.OrderId = t.OrderId
LEFT JOIN qliro.order_sum AS o ON o.OrderId = coalesce(t.OrderId, l.OrderId)
LEFT JOIN ledger.resolved AS r ON r.line = d.source
WHERE list_contains(?, l.line)
"""
# What the last run that looked at them made of captures and refunds.
BEFORE = """
SELECT source, state, code, reason
FROM ledger.order_item
WHERE list_contains(?, mapping) AND list_contains(?, source)
ORDER BY source, state IN ('posted', 'adopted', 'ignored', 'done') DESC
"""
