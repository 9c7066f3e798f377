"""Finds every candidate of every line by set-based SQL, in the declared steps, and keeps them all.

Reads the temp table ``demand`` (lines with their derived columns) and a document view; writes the
temp tables ``candidate`` (line × document × step, with the verdict of each requirement) and
``matched`` (a row per line: how many, the deciding step, the best, and whether it is beyond doubt).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.match.choice import ZERO, Candidate, Choice, Demand, choose
from engine.store import Store

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

    def amounts(self) -> str:
        """The amount that each line demands."""
        return f"SELECT l.line, {self.amount} AS amount FROM demand AS l"


def find(store: Store, query: Query) -> None:
    """Fill ``candidate`` and ``matched`` for the lines in the table ``demand``."""
    store.execute(candidate_sql(query))
    store.execute(MATCHED)


def candidate_sql(query: Query) -> str:
    """All candidates of all steps: one hash join for each key, put together."""
    verdict = "CASE " + " ".join(
        f"WHEN NOT ({one.that}) THEN {number}" for number, one in enumerate(query.require, start=1)
    )
    verdict = f"{verdict} ELSE 0 END" if query.require else "0"
    skipped = [n for n, one in enumerate(query.require, start=1) if one.state == "skip"]
    skips = f"verdict IN ({', '.join(map(str, skipped))})" if skipped else "false"
    branches = []
    for number, step in enumerate(query.steps, start=1):
        for position, key in enumerate(step.keys):
            earlier = [f"({key}) IS DISTINCT FROM ({other})" for other in step.keys[:position]]
            on = f'i."{step.field}" = ({key})'
            source = f"{query.documents} AS i"
            if step.own:
                on = f'i."{query.key}" = own.DocumentNumber'
                source = f"ledger.own_document AS own ON own.source = ({key}) JOIN {source}"
            where = " AND ".join([f"({key}) <> ''", *earlier])
            branches.append(
                f"SELECT l.line, {number}::TINYINT AS step, "
                f'i."{query.key}" AS document, ({verdict})::TINYINT AS verdict, '
                f"{query.balance} AS balance, {query.amount} AS amount\n"
                f"FROM demand AS l JOIN {source} ON {on}\nWHERE {where}"
            )
    union = "\nUNION ALL\n".join(branches)
    return f"CREATE OR REPLACE TEMP TABLE candidate AS\nSELECT *, {skips} AS skipped FROM (\n{union}\n)"


# A row per line: a line is beyond doubt when its candidates that are not out of the question are
# one and the same document, that is acceptable, takes exactly the amount, and is no other line's.
MATCHED = """
CREATE OR REPLACE TEMP TABLE matched AS
WITH line_ AS (
    SELECT
        line,
        count(*)                                                   AS candidates,
        min(step) FILTER (WHERE NOT skipped)                       AS step,
        arg_min(document, step) FILTER (WHERE verdict = 0)         AS document,
        min(document) FILTER (WHERE NOT skipped)
            = max(document) FILTER (WHERE NOT skipped)             AS single,
        bool_and(verdict = 0 AND balance = amount) FILTER (WHERE NOT skipped) AS fits
    FROM candidate
    GROUP BY line
),
document_ AS (
    SELECT document, min(line) = max(line) AS sole
    FROM candidate
    WHERE NOT skipped
    GROUP BY document
)
SELECT
    l.line, l.candidates, l.step, l.document,
    coalesce(l.single AND l.fits AND d.sole, false) AS clean
FROM line_ AS l
LEFT JOIN document_ AS d ON d.document = l.document
"""


def documents(store: Store, query: Query) -> dict[str, dict[str, Any]]:
    """Every document that is a candidate of some line, by its key."""
    rows = store.rows(
        f"SELECT * FROM {query.documents} AS i "
        f'WHERE i."{query.key}" IN (SELECT document FROM candidate)'
    )
    return {row[query.key]: row for row in rows}


def settle(
    store: Store,
    query: Query,
    lines: Mapping[str, Row],
    found: Mapping[str, Row],
    tolerance: Decimal,
) -> dict[str, Choice]:
    """The choice of every line: those beyond doubt as they are, the others one after the other.

    ``lines`` are the demanding lines in their order, oldest first; ``found`` are the documents.
    """
    names = [step.name for step in query.steps]
    candidates = _candidates(store, query, lines, found, names)
    choices: dict[str, Choice] = {}
    demands: list[Demand] = []
    clean = {row["line"]: row for row in store.rows(CLEAN)}
    amounts = {row["line"]: row["amount"] for row in store.rows(query.amounts())}
    for position, line in enumerate(lines):
        mine = candidates.get(line, [])
        row = clean.get(line)
        if row is None:
            demands.append(Demand(line, amounts[line] or ZERO, (position,), mine))
            continue
        losers = tuple((c.document, c.step_name, c.because) for c in mine if c.state == "skip")
        choices[line] = Choice(
            line, "exact", row["document"], names[row["step"] - 1],
            reason=f"its balance is exactly {row['amount']:.2f}", losers=losers,
        )  # fmt: skip
    choices.update(choose(demands, tolerance))
    return choices


CLEAN = """
SELECT m.line, m.step, m.document, any_value(c.amount) AS amount
FROM matched AS m
JOIN candidate AS c ON c.line = m.line AND c.document = m.document
WHERE m.clean
GROUP BY m.line, m.step, m.document
"""


def _candidates(
    store: Store,
    query: Query,
    lines: Mapping[str, Row],
    found: Mapping[str, Row],
    names: Sequence[str],
) -> dict[str, list[Candidate]]:
    """The candidates of each line that are contested, or lost: the reasons are put into words."""
    ordered = store.rows(
        f'SELECT i."{query.key}" AS document FROM {query.documents} AS i '
        f'WHERE i."{query.key}" IN (SELECT document FROM candidate) '
        f"ORDER BY {', '.join(query.order)}, document"
    )
    ranks = {row["document"]: rank for rank, row in enumerate(ordered)}
    result: dict[str, list[Candidate]] = {}
    for row in store.rows(WANTED):
        verdict, line, document = row["verdict"], row["line"], row["document"]
        failed = query.require[verdict - 1] if verdict else None
        result.setdefault(line, []).append(
            Candidate(
                document, row["step"], names[row["step"] - 1],
                failed.state if failed else "ok",
                failed.because(lines[line], found[document]) if failed else "",
                row["balance"] or ZERO, (ranks[document],),
            )
        )  # fmt: skip
    return result


WANTED = """
SELECT c.line, c.document, c.step, c.verdict, c.balance
FROM candidate AS c
JOIN matched AS m ON m.line = c.line
WHERE NOT m.clean OR c.skipped
ORDER BY c.line, c.step, c.document
"""
