"""Finds every candidate of every line by set-based SQL, in the declared steps, and keeps them all.

Reads the temp table ``demand`` (lines with their derived columns) and a document view; writes the
temp tables ``document`` (what the match asks of the view), ``candidate`` (line × document × step,
with the verdict of the requirements) and ``matched`` (a row per line: how many, the best, and
whether it is beyond doubt). In the last two, lines and documents go by their row number.
"""

from __future__ import annotations

import re
from collections.abc import (
    Callable,
    Collection,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from ..language.sql import literal, quoted
from ..ordering import sql_order
from ..packed import PackedMap
from ..store.database import Store
from ..store.narrow import may_own, own_documents, owners
from ..store.once import Once
from .choice import ZERO, Candidate, Choice, Demand, choose
from .evidence import Against, refute, tell
from .sought import among, keyed

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One declared step: a field of the document and the SQL of the keys to look up in it.

    With ``own`` the keys are sources of documents that this program wrote, and ``field`` is unused.
    """

    name: str
    field: str
    keys: tuple[str, ...]
    own: bool = False


@dataclass(frozen=True, slots=True)
class Requirement:
    """What a candidate must be: SQL, the state when it is not, and the reason put into words."""

    that: str
    state: str
    because: Callable[[Row, Row], str]


@dataclass(frozen=True, slots=True)
class Query:
    """A declared match as SQL; ``l`` is the line and ``i`` the document in every fragment."""

    documents: str
    key: str
    steps: tuple[Step, ...]
    require: tuple[Requirement, ...]
    balance: str
    amount: str
    order: tuple[str, ...]
    against: Against | None = None
    called: str = "document"  # what a document of it is, in sentences

    @property
    def verdicts(self) -> tuple[Requirement, ...]:
        """What a candidate may have failed, by its verdict: the requirements, and the evidence."""
        against = self.against
        if against is None:
            return self.require

        def told(line: Row, it: Row) -> str:
            return against.told.get((str(line["line"]), str(it[self.key])), "it is another order's")

        return (*self.require, Requirement("", "skip", told))

    def amounts(self) -> str:
        """The amount that each line demands."""
        return f"SELECT l.line, {self.amount} AS amount FROM demand AS l"

    def asked_of_pairs(self) -> list[tuple[int, str]]:
        """The requirements that line and document must fulfil together, with their numbers; the
        others ask the document alone, once."""
        numbered = enumerate(self.require, start=1)
        return [(number, one.that) for number, one in numbered if any(_named("l", [one.that]))]

    def asked_of_documents(self) -> list[tuple[int, str]]:
        """The requirements that a document fulfils or not, whichever line asks."""
        pairs = dict(self.asked_of_pairs())
        numbered = enumerate(self.require, start=1)
        return [(number, one.that) for number, one in numbered if number not in pairs]

    def columns(self, alias: str) -> list[str]:
        """The columns that the fragments name of ``l`` or ``i``: nothing else need be carried."""
        keys = [key for step in self.steps for key in step.keys]
        fragments = [*keys, *(that for _, that in self.asked_of_pairs()), self.balance, self.amount]
        fragments += self.against.fragments() if self.against else []
        return list(dict.fromkeys(_named(alias, fragments)))


def _named(alias: str, fragments: Sequence[str]) -> Iterator[str]:
    for fragment in fragments:
        yield from re.findall(rf'\b{alias}\."([^"]+)"', fragment)


def find(store: Store, query: Query) -> None:
    """Fill ``candidate`` and ``matched`` for the lines in the table ``demand``."""
    against = query.against
    owned = against is not None and bool(store.tuples(f"{may_own(against.entity)} LIMIT 1"))
    store.execute(document_sql(query, owned=owned, of=_sought(store, query)))
    store.execute(candidate_sql(query, owned=owned, alike=_alike(store, query)))
    if against is not None:
        refute(store, against, len(query.verdicts), owned=owned)
    store.execute(matched_sql(query))


def forget(store: Store) -> None:
    """Let go of what a match was worked out by: of many lines it is much."""
    for table in ("matched", "candidate", "document", "demand"):
        store.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _alike(store: Store, query: Query) -> dict[str, str]:
    """The columns of pairs that hold one text in all rows, as SQL, and that text.

    Nearly every merchant has one currency. Carried through the joins and compared pair by pair, two
    texts cost a seventh of them.
    """
    asked = [that for _, that in query.asked_of_pairs()]
    found = {}
    for alias, table in (("l", "demand"), ("i", "document")):
        for name in dict.fromkeys(_named(alias, asked)):
            column = quoted(name)
            one = store.value(f"SELECT {column} FROM {table} LIMIT 1")
            others = f"SELECT count(*) FROM {table} WHERE {column} IS DISTINCT FROM ?"
            if isinstance(one, str) and not store.value(others, [one]):
                found[f"{alias}.{column}"] = literal(one)
    return found


def _sought(store: Store, query: Query) -> str | None:
    """A query of the ids of the documents that any step may find, where there is one."""
    steps = [(one.field, key) for one in query.steps if not one.own for key in one.keys]
    own = [key for one in query.steps if one.own for key in one.keys]
    return keyed(store, query.documents, steps, own)


def document_sql(query: Query, *, owned: bool = False, of: str | None = None) -> str:
    """The documents once, with no more than is asked of them: the view is not cheap. Those alone
    whose ids the query ``of`` gives, where there is one.

    A field that is searched for stands beside itself, without its blanks: nulls join nothing.
    """
    names = {query.key: None, **dict.fromkeys(query.columns("i"))}
    fields = dict.fromkeys(step.field for step in query.steps if not step.own)
    fields |= dict.fromkeys(query.against.fields if query.against else ())
    fields.pop(query.key, None)  # never blank
    searched = [f'nullif(i."{field}", \'\') AS "find {field}"' for field in fields]
    numbers = query.against.numbers() if query.against else []
    fails = [f"{_first_failed(query.asked_of_documents())} AS fails"]
    shown = ", ".join([*(f'i."{name}"' for name in names), *searched, *numbers, *fails])
    narrow = f"WITH sought AS MATERIALIZED (\n{of}\n)\n" if of else ""
    ids = f'SELECT "{query.key}" FROM sought' if of else ""
    asked = {*_named("i", [shown])}
    table = f"{among(query.documents, query.key, ids, asked) if of else query.documents} AS i"
    if owned and query.against:
        shown += ", owner.source AS owner"
        table += (
            f"\nLEFT JOIN {owners(ids)} AS owner ON owner.entity = '{query.against.entity}' "
            f'AND owner.DocumentNumber = i."{query.key}"'
        )
    return f"CREATE OR REPLACE TEMP TABLE document AS\n{narrow}SELECT {shown}\nFROM {table}"


# Where a document fails nothing by itself: beyond the number of any requirement.
NONE_FAILED = 127


def _first_failed(numbered: Sequence[tuple[int, str]]) -> str:
    """SQL of the number of the first requirement that is not fulfilled."""
    cases = " ".join(f"WHEN NOT ({that}) THEN {number}" for number, that in numbered)
    return f"(CASE {cases} ELSE {NONE_FAILED} END)::TINYINT" if cases else f"{NONE_FAILED}::TINYINT"


def where_searched(query: Query, step: Step) -> str:
    """SQL of what a step's keys are compared with, over ``i``."""
    at_key = step.own or step.field == query.key
    return f'i."{query.key}"' if at_key else f'i."find {step.field}"'


def candidate_sql(
    query: Query, *, owned: bool = False, alike: Mapping[str, str] = MappingProxyType({})
) -> str:
    """All candidates of all steps: one hash join for each step, put together. In the requirements
    the columns that are ``alike`` in all rows are put as what they hold.

    Conditions are part of the keys and not of a WHERE: what DuckDB guesses of those makes it build
    its hash table on the longer side.
    """
    pairs = [(number, _put(that, alike)) for number, that in query.asked_of_pairs()]
    verdict = f"least(i.fails, {_first_failed(pairs)}) % {NONE_FAILED}"
    asked = [*(that for _, that in pairs), query.balance, query.amount]
    asked += query.against.asked(owned=owned) if query.against else []
    carried = "".join(f', l."{name}"' for name in dict.fromkeys(_named("l", asked)))
    branches = []
    for number, step in enumerate(query.steps, start=1):
        keys = "\n    UNION ALL\n".join(
            f"    SELECT l.rowid AS line, {key} AS key{carried} FROM demand AS l"
            for key in _distinct(step.keys)
        )
        sought = [f"SELECT {key} FROM demand AS l" for key in step.keys]
        own = f"\nJOIN {own_documents(sought)} AS own ON own.source = l.key" if step.own else ""
        key = "own.DocumentNumber" if step.own else "l.key"
        odd = "FALSE"
        if query.against and number not in query.against.exempt:
            odd = query.against.odd(step.field, owned=owned)
        branches.append(
            f"SELECT l.line, {number}::TINYINT AS step, i.rowid AS document, "
            f"({verdict})::TINYINT AS verdict, "
            f"coalesce({query.balance} = {query.amount}, false) AS exact, {odd} AS odd\n"
            f"FROM (\n{keys}\n) AS l{own}\n"
            f"JOIN document AS i ON {where_searched(query, step)} = {key}"
        )
    union = "\nUNION ALL\n".join(branches)
    return f"CREATE OR REPLACE TEMP TABLE candidate AS\n{union}"


def _put(that: str, values: Mapping[str, str]) -> str:
    """SQL with values in place of columns, put all at once: a value may read like a column."""
    return re.sub(r'\b[li]\."[^"]+"', lambda found: values.get(found[0], found[0]), that)


def _distinct(keys: Sequence[str]) -> Iterator[str]:
    """Each key, or null where it equals one before it: a candidate is found once in a step."""
    for position, key in enumerate(keys):
        text = f"({key})"
        for other in keys[:position]:
            text = f"nullif({text}, ({other}))"
        yield text


def matched_sql(query: Query) -> str:
    """A row per line that has candidates: how many, the best one and its step, and ``clean``."""
    skips = [n for n, one in enumerate(query.verdicts, start=1) if one.state == "skip"]
    return MATCHED.replace("$skipped", ", ".join(map(str, skips)) or "-1")


# A line is beyond doubt when its candidates that are not out of the question are one and the same
# document, that is acceptable, takes exactly the amount, and is no other line's. ``best`` is step
# and document in one number, ``claim`` is document and fitting (even) or not (odd): a million lines
# are grouped by few and plain aggregates.
MATCHED = """
CREATE OR REPLACE TEMP TABLE matched AS
WITH claimed AS (
    SELECT
        line,
        CASE WHEN verdict = 0 THEN (step::BIGINT << 40) + document END AS best,
        CASE WHEN verdict NOT IN ($skipped)
            THEN document * 2 + (verdict <> 0 OR NOT exact)::BIGINT END AS claim
    FROM candidate
),
line_ AS (
    SELECT line, count(*) AS candidates, min(best) AS best, min(claim) AS low, max(claim) AS high
    FROM claimed
    GROUP BY line
),
shared AS (
    SELECT document
    FROM candidate
    WHERE verdict NOT IN ($skipped)
    GROUP BY document
    HAVING min(line) <> max(line)
)
SELECT
    l.line,
    l.candidates,
    (l.best >> 40)::TINYINT       AS step,
    l.best & ((1::BIGINT << 40) - 1) AS document,
    coalesce(l.low = l.high AND (l.low & 1) = 0 AND s.document IS NULL, false) AS clean
FROM line_ AS l
LEFT JOIN shared AS s ON s.document = l.low >> 1
"""


def told_verdicts(store: Store, query: Query) -> tuple[Requirement, ...]:
    """The verdicts, those of the evidence ready to be put into words."""
    verdicts = query.verdicts
    refused = "SELECT count(*) FROM candidate WHERE verdict = ?"
    if query.against is not None and store.value(refused, [len(verdicts)]):
        tell(store, query.against, query.key)
    return verdicts


def documents(
    store: Store, query: Query, *, packed: bool = False
) -> MutableMapping[str, dict[str, Any]]:
    """Every document that is a candidate of some line, by its key, in the declared order."""
    found: MutableMapping[str, dict[str, Any]] = PackedMap() if packed else {}
    if not store.value("SELECT count(*) FROM candidate"):
        return found
    order = ", ".join((*query.order, sql_order(f'i."{query.key}"::VARCHAR')))
    chosen = among(query.documents, query.key, "SELECT id FROM chosen")
    rows = store.each(
        f'WITH chosen AS MATERIALIZED (SELECT DISTINCT d."{query.key}" AS id '
        "FROM candidate AS c JOIN document AS d ON d.rowid = c.document)\n"
        f"SELECT * FROM {chosen} AS i ORDER BY {order}"
    )
    for row in map(Once(), rows):
        found[row[query.key]] = row
    return found


def settle(
    store: Store,
    query: Query,
    lines: Mapping[str, Row],
    found: Mapping[str, Row],
    tolerance: Decimal,
    left_open: Collection[str] = (),
) -> dict[str, Choice]:
    """The choice of every line: those beyond doubt as they are, the others one after the other.

    ``lines`` are the demanding lines in their order, oldest first; ``found`` are the documents
    in the declared order; ``left_open`` are the outcomes that nothing is posted of.
    """
    names = [step.name for step in query.steps]
    candidates = _candidates(store, query, lines, found, names)
    choices: dict[str, Choice] = {}
    demands: list[Demand] = []
    clean = {row["line"]: row for row in store.rows(CLEAN.replace("$key", query.key))}
    amounts = {row["line"]: row["amount"] for row in store.rows(query.amounts())}
    for position, line in enumerate(lines):
        mine = candidates.get(line, [])
        row = clean.get(line)
        if row is None:
            demands.append(
                Demand(line, amounts[line] or ZERO, (position,), mine, query.called)
            )
            continue
        losers = tuple((c.document, c.step_name, c.because) for c in mine if c.state == "skip")
        choices[line] = Choice(
            line, "exact", row["document"], names[row["step"] - 1], losers=losers,
            reason=f"its balance is exactly {amounts[line]:.2f}", called=query.called,
        )  # fmt: skip
    choices.update(choose(demands, tolerance, left_open))
    return choices


CLEAN = """
SELECT d.line, m.step, i."$key" AS document
FROM matched AS m
JOIN demand AS d ON d.rowid = m.line
JOIN document AS i ON i.rowid = m.document
WHERE m.clean
"""


def _candidates(
    store: Store,
    query: Query,
    lines: Mapping[str, Row],
    found: Mapping[str, Row],
    names: Sequence[str],
) -> dict[str, list[Candidate]]:
    """The candidates of each line that are contested, or lost: the reasons are put into words."""
    ranks = {document: rank for rank, document in enumerate(found)}
    wanted = WANTED.replace("$key", query.key).replace("$balance", query.balance)
    result: dict[str, list[Candidate]] = {}
    verdicts = told_verdicts(store, query)
    for row in store.rows(wanted):
        verdict, line, document = row["verdict"], row["line"], row["document"]
        failed = verdicts[verdict - 1] if verdict else None
        result.setdefault(line, []).append(
            Candidate(
                document, row["step"], names[row["step"] - 1],
                failed.state if failed else "ok",
                failed.because(lines[line], found[document]) if failed else "",
                row["balance"] or ZERO, (ranks[document],),
            )
        )  # fmt: skip
    for mine in result.values():
        mine.sort(key=lambda one: (one.step, one.rank))
    return result


# A clean line's other candidates are out of the question, and kept as that.
WANTED = """
SELECT l.line, i."$key" AS document, c.step, c.verdict, $balance AS balance
FROM candidate AS c
JOIN matched AS m ON m.line = c.line
JOIN demand AS l ON l.rowid = c.line
JOIN document AS i ON i.rowid = c.document
WHERE NOT m.clean OR c.document <> m.document
"""
