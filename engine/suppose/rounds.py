"""Plans what follows from a plan: its documents are supposed to stand, and it is planned again.

Reads a plan and a database to suppose in (``engine.store.supposed``). There, and nowhere else, each
action is written down as done, with a number that can't be taken for one of Fortnox's, and what
Fortnox would show of it is staged as an answer is. Round by round, until nothing new comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from .. import json_text
from ..clock import STOCKHOLM
from ..language.program import Books
from ..language.targets import target
from ..plan.model import Need, Outcome, Plan
from ..stage.staging import stage
from ..store.answers import append_answers
from ..store.books import read_books
from ..store.database import Store
from ..store.ledger import Action, Event, record, record_actions
from ..store.supposed import Step, Supposed
from . import standing
from .answers import Known, Shown, UnforeseenError, shown

# A customer, its order, the invoice, the credit invoice, its payment, what is left of that, the
# transfer: more rounds than this would be a loop.
MOST_ROUNDS = 12
# Numbers of documents that are only supposed begin after this one; Fortnox's are far below.
NUMBERS = 990_000_000_000
RUN = "supposed"


@dataclass(frozen=True, slots=True)
class Stands:
    """A document that is supposed to stand: under which number, made by which action."""

    number: str
    action: str
    mapping: str
    target: str
    source: str

    @property
    def called(self) -> str:
        """In sentences: customer 990000000001."""
        return target(self.target).told(self.number)

    @property
    def is_supposed(self) -> bool:
        """Whether the number is none of Fortnox's."""
        return any(one.isdecimal() and int(one) > NUMBERS for one in self.number.split("/"))


@dataclass(slots=True)
class Followed:
    """What follows from a plan: ``outcomes`` and ``actions`` that come about only when documents of
    the plan stand, each action once. ``stands`` are all documents that were supposed, by number;
    ``unknown`` says of actions why nothing could be supposed of them; ``unread`` is what is still
    to be read from a server for what follows."""

    outcomes: list[Outcome] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    stands: dict[str, Stands] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    unread: list[Need] = field(default_factory=list)

    def after(self, outcome: Outcome) -> list[Stands]:
        """The documents with a supposed number that a document names, or else was made from."""
        trace = outcome.trace
        for told in (trace.get("document"), [trace.get("match"), trace.get("inputs")]):
            texts = dict.fromkeys(json_text.texts_in(told))
            named = [self.stands[one] for one in texts if one in self.stands]
            if found := [one for one in named if one.is_supposed]:
                return found
        return []


def follow(
    where: Supposed,
    first: Plan,
    settings: Mapping[str, Any],
    again: Callable[[Store], Plan],
    books: Books | None = None,
) -> Followed:
    """What follows from ``first``, which was made of what ``where`` shows with nothing supposed;
    ``again`` plans the same payouts and orders once more. Nothing of it is in ``first``. ``books``
    are the merchant's, where they are not those that are read there."""
    found = Followed()
    told = {(one.mapping, one.source): one for one in first.outcomes}
    followed: dict[tuple[str, str, str | None], Outcome] = {}
    made, seen = first, {action.action for action in first.actions}
    at: datetime | None = where.now.value(LAST)
    supposed: set[str] = set()
    if at is None:  # nothing was ever read or done, so nothing is planned
        return found
    for _ in range(MOST_ROUNDS):
        at += timedelta(seconds=1)
        fresh = [one for one in made.actions if one.action not in supposed and _stands(one)]
        supposed |= {one.action for one in fresh}
        if not fresh or not _deliver(where, fresh, settings, at, found, books):
            break
        made = again(where.now)
        found.unread += [one for one in made.unread if one.key not in found.stands]
        for one in made.outcomes:
            known = told.get((one.mapping, one.source))
            if known is None or _is_news(known, one):
                told[one.mapping, one.source] = one
                followed.pop((one.mapping, one.source, None), None)
                followed[one.mapping, one.source, one.action] = one
        for action in made.actions:
            if action.action not in seen:
                seen.add(action.action)
                found.actions.append(action)
    found.outcomes = list(followed.values())
    return found


AHEAD = ("planned", "adopted")


def _is_news(known: Outcome, now: Outcome) -> bool:
    """Whether an outcome tells more than that what was planned stands by now."""
    if known.state in AHEAD:
        return now.state in AHEAD and known.action != now.action
    return (known.state, known.reason) != (now.state, now.reason)


# When something was last learnt or done: what is supposed comes after it.
LAST = """
SELECT greatest(
    (SELECT max(noted_at) FROM raw.answer),
    (SELECT max(noted_at) FROM ledger.event)
)
"""


def _stands(action: Action) -> bool:
    """What is done at Qliro is left to Qliro: nobody knows what it answers."""
    return target(action.target).system == "fortnox"


def _deliver(
    where: Supposed,
    actions: list[Action],
    settings: Mapping[str, Any],
    at: datetime,
    found: Followed,
    books: Books | None,
) -> bool:
    """Write the actions down as done; whether there was one of which something is known."""
    known = _known(where.now, actions, settings, at, books)
    numbers = _numbers(where.now, actions)
    done: list[Action] = []
    events: list[Event] = []
    pages: dict[str, Shown] = {}
    for action in actions:
        number = numbers.get(action.action) or action.adopted or _number(action, found)
        try:
            changed = shown(action, number, known)
        except UnforeseenError as why:
            found.unknown[action.action] = str(why)
            continue
        pages |= {one.path: one for one in changed}
        found.stands[number] = Stands(
            number, action.action, action.mapping, action.target, action.source
        )
        done.append(action)
        first = "adopted" if action.adopted else "done"
        events.append(Event(action.action, "create", first, number=number))
        events += [Event(action.action, step, "done") for step in action.then]
    if done:
        digest = json_text.digest([at, done, events, list(pages.values())])
        where.suppose(Step(digest, partial(_write, where, at, done, events, list(pages.values()))))
    return bool(done)


def _write(
    where: Supposed,
    at: datetime,
    done: Sequence[Action],
    events: Sequence[Event],
    pages: Sequence[Shown],
) -> None:
    record_actions(where.added, RUN, at, done)
    record(where.added, RUN, at, *events)
    _answer(where, pages, at)


def _number(action: Action, found: Followed) -> str:
    """The number that a document has already, or one of its own that is only supposed."""
    aim, document = target(action.target), action.document
    if "OrderNumber" in document and action.target != "fortnox.order_invoice":
        return str(document["OrderNumber"])
    own = str(NUMBERS + len(found.stands) + len(found.unknown) + 1)
    fields = aim.names(own) if "/" not in aim.calls["number"] else {}
    if fields:
        (name,) = [one for one in fields if one != "number"] or ["number"]
        return str(document.get(name) or own)
    return aim.number({"VoucherNumber": own, **document})


def _numbers(store: Store, actions: Iterable[Action]) -> dict[str, str]:
    """Numbers of those that were begun already."""
    rows = store.rows(BEGUN, [[one.action for one in actions]])
    return {row["action"]: row["number"] for row in rows}


BEGUN = """
SELECT action, number FROM ledger.step
WHERE step = 'create' AND number IS NOT NULL AND list_contains(?, action)
"""


def _known(
    store: Store,
    actions: list[Action],
    settings: Mapping[str, Any],
    at: datetime,
    given: Books | None,
) -> Known:
    own, totals = settings["accounting_currency"], settings["rounding"]["totals"]
    books: Books = given or read_books(store)

    def whole(currency: str | None) -> bool:
        seen = totals == "as_seen" and books.rounds(currency)
        return currency == own and (totals == "whole_kronor" or seen)

    known = Known(own, f"{at.astimezone(STOCKHOLM):%Y-%m-%d}", whole)
    named: dict[str, set[str]] = {}
    for action in actions:
        for name in ("CustomerNumber", "OrderNumber", "InvoiceNumber"):
            if action.document.get(name) is not None:
                named.setdefault(name, set()).add(str(action.document[name]))
        if action.adopted:
            named.setdefault("adopted", set()).add(action.adopted)
    begun = {*named.get("adopted", ()), *_numbers(store, actions).values()}
    known.orders = standing.orders(store, {*named.get("OrderNumber", ()), *begun})
    known.invoices = standing.invoices(store, {*named.get("InvoiceNumber", ()), *begun})
    customers = {*named.get("CustomerNumber", ())}
    for page in (*known.orders.values(), *known.invoices.values()):
        customers.add(str(page["CustomerNumber"]))
    rows = store.rows(VAT_TYPES, [sorted(customers)])
    known.vat_types = {row["CustomerNumber"]: row["VATType"] for row in rows}
    return known


# As its card says, or as this program made it.
VAT_TYPES = """
SELECT w.number AS CustomerNumber, coalesce(c.VATType, made.VATType) AS VATType
FROM (SELECT unnest(?::VARCHAR[]) AS number) AS w
LEFT JOIN fortnox.customer AS c ON c.CustomerNumber = w.number
LEFT JOIN (
    SELECT s.number, arg_max(a.document ->> 'VATType', s.seq) AS VATType
    FROM ledger.step AS s
    JOIN ledger.intent AS a ON a.action = s.action AND a.target = 'fortnox.customer'
    WHERE s.step = 'create' AND s.event IN ('done', 'found')
    GROUP BY s.number
) AS made ON made.number = w.number
"""


def _answer(where: Supposed, pages: Iterable[Shown], at: datetime) -> None:
    """Stage the pages as answers; what was searched for before is known of them too."""
    rows = [
        (at, RUN, "fortnox", one.endpoint, "GET", one.path, "", 200,
         json_text.encode({one.wrapper: one.page}), "")
        for one in pages
    ]  # fmt: skip
    newest = where.seen.value(NEWEST_INVOICE)
    append_answers(where.added, rows, ANSWER)
    stage(where.added)
    searched = where.seen.rows(SEARCHED, [str(newest)])
    now = str(where.seen.value(NEWEST_INVOICE))
    if now != str(newest):
        where.added.append(
            "raw.cursor",
            [(row["stream"], now, at) for row in searched],
            ("stream", "value", "noted_at"),
        )


ANSWER = ("noted_at", "origin", "source", "endpoint", "method", "path", "query", "status", "body",
          "digest")  # fmt: skip
NEWEST_INVOICE = "SELECT coalesce(max(raw_seq), 0) FROM fortnox.invoice"
# What has been looked for among all invoices.
SEARCHED = """
SELECT stream FROM raw.cursor
WHERE starts_with(stream, 'searched.')
GROUP BY stream
HAVING arg_max(value, rowid) = ?
"""
