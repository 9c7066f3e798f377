"""Refuses candidates that name another order than the line's, whatever reference has found them.

Reads the temp tables ``demand``, ``document`` and ``candidate`` (whose ``odd`` pairs hold something
that is not plainly the line's own), staged orders, transactions and lines; writes the verdict into
``candidate`` and tells of each refused pair why. Only odd pairs are looked at: most are plain.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..language.sql import literal, quoted
from ..store.database import Store


@dataclass(frozen=True, slots=True)
class Pairs:
    """What ids a shop writes is judged by: documents whose ``field`` holds one of the ``keys`` of a
    row of ``relation``, and of which ``that`` holds; SQL over ``l`` and ``i``."""

    relation: str
    documents: str
    field: str
    keys: tuple[str, ...]
    that: str


@dataclass(frozen=True, slots=True)
class Against:
    """What must not contradict a candidate, as SQL over ``l``.

    ``order`` is the line's OrderId, ``names`` what else that order is called, ``source`` its own
    capture or refund. ``fields`` of the document may name another order, by an identifier that is
    known; ``digits`` is the one of them where digits do, as many as an OrderId has.
    ``told`` has of each refused pair (line, document) the reason, once they were looked for.
    """

    entity: str
    order: str
    names: tuple[str, ...]
    source: str | None
    fields: tuple[str, ...]
    digits: str
    prefix: str
    pairs: Pairs
    exempt: tuple[int, ...]
    told: dict[tuple[str, str], str] = field(default_factory=dict)

    def fragments(self) -> list[str]:
        """All SQL that names columns of the line."""
        source = [self.source] if self.source else []
        return [self.order, *self.names, *source]

    def asked(self, *, owned: bool) -> list[str]:
        """The part of it that ``odd`` asks."""
        return [self.order, *([self.source] if self.source and owned else [])]

    def numbers(self) -> list[str]:
        """The columns that ``odd`` asks: what each field of a document begins with, where that is a
        number; nothing else names an order."""
        return [f"{_number(one, self.prefix)} AS {quoted(f'number {one}')}" for one in self.fields]

    def odd(self, found_by: str, *, owned: bool) -> str:
        """Whether a document, found by a field, holds a number that is not the line's OrderId.

        It is asked of every candidate, so it is cheap.
        """
        other = [one for one in self.fields if one != found_by]
        parts = [f'i."number {one}" <> ({self.order})' for one in other]
        if owned:
            mine = self.source or f"({self.order})::VARCHAR"
            differs = f"i.owner IS NOT NULL AND i.owner IS DISTINCT FROM {mine}"
            parts.append(f"({self.order}) IS NOT NULL AND {differs}")
        return f"coalesce({' OR '.join(f'({one})' for one in parts) or 'FALSE'}, FALSE)"


def _number(field: str, prefix: str) -> str:
    """SQL of the number that a field begins with, behind the prefix or not; null where there is
    none. It is asked of every document: what begins with a letter is told by comparisons."""

    def begins(text: str, before: str = "") -> str:
        # A blank that is no space begins as a letter beyond ASCII does.
        blank, digit, beyond = (literal(before + one) for one in (" ", "9~", "~"))
        end = f" AND {text} < {literal(before[:-1] + chr(ord(before[-1]) + 1))}" if before else ""
        return f"{text} BETWEEN {blank} AND {digit} OR {text} > {beyond}{end}"

    def number(text: str) -> str:
        cast = [f"TRY_CAST({one} AS BIGINT)" for one in (text, f"split_part(trim({text}), '/', 1)")]
        return f"coalesce({', '.join(cast)})"

    whole = f"i.{quoted(field)}"
    behind = f"WHEN {begins(whole, prefix)} THEN {number(f'substr({whole}, {len(prefix) + 1})')} "
    return f"CASE {behind if prefix else ''}WHEN {begins(whole)} THEN {number(whole)} END"


def refute(store: Store, against: Against, verdict: int, *, owned: bool) -> None:
    """Give each candidate that names another order the ``verdict``."""
    against.told.clear()
    if not store.value("SELECT count(*) FROM candidate WHERE odd"):
        return
    store.execute(_said(against, owned=owned))
    store.execute(HITS.replace("$digits", literal(against.digits)))
    if store.value("SELECT count(*) FROM hit WHERE NOT sure") and _shop_ids(store, against):
        store.execute("DELETE FROM hit WHERE NOT sure")
    store.execute(UPDATE.replace("$verdict", str(verdict)))


def tell(store: Store, against: Against, key: str) -> None:
    """Keep why each pair was refused, in words."""
    for row in store.rows(WHY.replace("$key", key)):
        against.told[row["line"], row["document"]] = _why(row)


def _why(row: dict[str, object]) -> str:
    if row["field"] is None:
        return f"it is the document of {row['text']}"
    if row["other"] is None:
        return f"its {row['field']} carries another OrderId, {row['text']}, than {row['own']}"
    named = f"order {row['other']}"
    if row["text"] == str(row["other"]):
        return f"its {row['field']} carries another OrderId, {row['text']}, than {row['own']}"
    return f"its {row['field']} carries {row['text']}, which is of {named} and not of {row['own']}"


def without_prefix(value: str, prefix: str) -> str:
    """SQL of a reference without the declared prefix and without white space at its ends."""
    if not prefix:
        return f"trim({value})"
    text = literal(prefix)
    return (
        f"trim(CASE WHEN starts_with({value}, {text}) "
        f"THEN substr({value}, {len(prefix) + 1}) ELSE {value} END)"
    )


def _said(against: Against, *, owned: bool) -> str:
    """What the documents of odd pairs say: field and text, without what is the line's own."""
    names = ", ".join(f"({one})::VARCHAR" for one in against.names) or "NULL"
    source = f"({against.source})::VARCHAR" if against.source and owned else "NULL"
    texts = {one: without_prefix(f'"find {one}"', against.prefix) for one in against.fields}
    branches = [
        f"SELECT line, document, own, names, {literal(one)} AS field, {text} AS text FROM odd"
        for one, text in texts.items()
    ]
    if owned:
        branches.append(
            "SELECT line, document, own, names, NULL, owner FROM odd "
            "WHERE TRY_CAST(split_part(owner, '/', 1) AS BIGINT) <> own "
            "OR contains(owner, '/') AND owner <> source"
        )
    shown = "".join(f', i."find {one}"' for one in against.fields) + (", i.owner" if owned else "")
    return f"""
CREATE OR REPLACE TEMP TABLE said AS
WITH odd AS (
    SELECT
        c.line, c.document, ({against.order})::BIGINT AS own, {source} AS source,
        list_value({names}) AS names{shown}
    FROM (SELECT DISTINCT line, document FROM candidate WHERE odd) AS c
    JOIN demand AS l ON l.rowid = c.line
    JOIN document AS i ON i.rowid = c.document
)
{" UNION ALL ".join(branches)}
"""


# Qliro's identifiers that are known here, of the numbers ``sought``, and the order of each.
KNOWN = """
known AS (
    SELECT OrderId AS number, OrderId FROM qliro."order"
    WHERE OrderId IN (SELECT number FROM sought)
    UNION
    SELECT PaymentTransactionId, OrderId FROM qliro.transaction
    WHERE PaymentTransactionId IN (SELECT number FROM sought)
    UNION
    SELECT OrderId, OrderId FROM qliro.settlement_line
    WHERE OrderId > 0 AND OrderId IN (SELECT number FROM sought)
    UNION
    SELECT PaymentTransactionId, OrderId FROM qliro.settlement_line
    WHERE OrderId > 0 AND PaymentTransactionId IN (SELECT number FROM sought)
)
"""
# What names another order. ``sure`` where the identifier is known, or the document is ours; else
# there are just as many digits as an OrderId has.
HITS = f"""
CREATE OR REPLACE TEMP TABLE hit AS
WITH told AS (
    SELECT
        s.*,
        split_part(s.text, '/', 1) AS first,
        contains(s.text, '/') AS is_pair
    FROM said AS s
    LEFT JOIN qliro."order" AS o ON o.OrderId = s.own
    WHERE s.field IS NOT NULL
      AND regexp_full_match(s.text, '[0-9]+(/[0-9]+)?')
      AND NOT coalesce(list_contains(s.names, s.text), false)
      AND s.text IS DISTINCT FROM trim(o.MerchantReference)
      AND split_part(s.text, '/', 1) <> s.own::VARCHAR
),
sought AS (SELECT DISTINCT TRY_CAST(first AS BIGINT) AS number FROM told),
{KNOWN},
named AS (
    SELECT
        t.line, t.document, t.own, t.field, t.text, t.first,
        coalesce(bool_or(k.OrderId = t.own), false) AS is_own,
        min(k.OrderId) AS other
    FROM told AS t
    LEFT JOIN known AS k
        ON k.number = TRY_CAST(t.first AS BIGINT)
        AND k.number::VARCHAR = t.first
        AND (NOT t.is_pair OR k.number = k.OrderId)
    GROUP BY ALL
)
SELECT line, document, own, field, text, other, other IS NOT NULL AS sure
FROM named
WHERE NOT is_own
  AND (other IS NOT NULL OR (field = $digits AND length(first) = length(own::VARCHAR)))
UNION ALL
SELECT line, document, own, NULL, text, NULL, true
FROM said
WHERE field IS NULL
"""
# Not the same pair where a step found it whose other fields say nothing against it.
UPDATE = """
UPDATE candidate SET verdict = $verdict
FROM (SELECT DISTINCT line, document FROM hit) AS h
WHERE candidate.odd AND candidate.line = h.line AND candidate.document = h.document
"""
WHY = """
SELECT
    l.line::VARCHAR AS line, i."$key"::VARCHAR AS document, h.own, h.field, h.text, h.other
FROM hit AS h
JOIN demand AS l ON l.rowid = h.line
JOIN document AS i ON i.rowid = h.document
ORDER BY h.sure, h.field DESC, h.text DESC
"""


def _shop_ids(store: Store, against: Against) -> bool:
    """Whether digits in that field are ids of the shop: of all pairs that reference and exact
    amount make, most of those that hold anything there hold nothing of their own order's."""
    pairs = against.pairs
    held = without_prefix(f'i."{against.digits}"', against.prefix)
    names = ", ".join(f"({one})::VARCHAR" for one in against.names) or "NULL"
    joined = "\nUNION\n".join(
        f"""
SELECT i.DocumentNumber, l.OrderId AS own, {held} AS text, list_value({names}) AS names
FROM {pairs.relation} AS l
JOIN {pairs.documents} AS i
    ON nullif(i."{pairs.field}", '') = ({key})
WHERE {pairs.that} AND {held} <> '' AND l.OrderId > 0
"""
        for key in dict.fromkeys(pairs.keys)
    )
    judged = f"""
WITH pair AS ({joined}),
sought AS (SELECT DISTINCT TRY_CAST(text AS BIGINT) AS number FROM pair),
{KNOWN},
judged AS (
    SELECT p.own, p.DocumentNumber, bool_or(
        split_part(p.text, '/', 1) = p.own::VARCHAR
        OR coalesce(list_contains(p.names, p.text), false)
        OR k.number IS NOT NULL
    ) AS is_own
    FROM pair AS p
    LEFT JOIN known AS k
        ON k.OrderId = p.own AND k.number = TRY_CAST(p.text AS BIGINT)
        AND k.number::VARCHAR = p.text
    GROUP BY ALL
)
SELECT coalesce(2 * count(*) FILTER (NOT is_own) > count(*), false) FROM judged
"""
    return bool(store.value(judged))
