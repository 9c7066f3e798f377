"""What is known of customers' cards in Fortnox: whether there is VAT on what is sold to them.

Reads the staged customers and what this program made of buyers; writes nothing. A card that this
program made is known without reading it, until Fortnox lists it as changed since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ItemError
from ..language.program import CompiledMapping
from ..store.database import Store


@dataclass(frozen=True, slots=True)
class Card:
    """``unread``: its own page must be read first. ``presumed``: it is as this program made it,
    unless a person changed it before it was listed for the first time."""

    number: str | None = None
    vat_type: str | None = None
    unread: bool = False
    presumed: bool = False

    @property
    def row(self) -> dict[str, Any]:
        """As expressions see it."""
        return {"CustomerNumber": self.number, "VATType": self.vat_type}


NOBODY = Card()


class Cards:
    """Cards by customer number, each looked up once."""

    def __init__(self, store: Store, *, replayed: bool) -> None:
        self.store, self.replayed = store, replayed
        self.known: dict[str, Card] = {}

    def of(
        self, mapping: CompiledMapping, inputs: Mapping[str, Mapping[str, Any]]
    ) -> dict[str, Card]:
        """The card that the document of each source goes by, where the mapping names one."""
        if mapping.card is None:
            return {}
        numbers: dict[str, str | None] = {}
        for key, given in inputs.items():
            try:
                numbers[key] = mapping.card(given)
            except ItemError:  # the document will say so too
                numbers[key] = None
        self._look_up(number for number in numbers.values() if number is not None)
        return {key: self.known.get(number or "", NOBODY) for key, number in numbers.items()}

    def presumed(self, inputs: Mapping[str, Any]) -> bool:
        """Whether a document goes by a card that could still be read to be sure."""
        number = inputs.get("card", NOBODY.row)["CustomerNumber"]
        return not self.replayed and self.known.get(number or "", NOBODY).presumed

    def _look_up(self, numbers: Iterable[str]) -> None:
        """Those that are not known yet, all at once."""
        wanted = sorted(set(numbers) - self.known.keys())
        for row in self.store.rows(CARDS, [wanted]) if wanted else ():
            self.known[row["number"]] = _card(row)


def _card(row: dict[str, Any]) -> Card:
    number, made, page = row["number"], row["made_at"], row["card_seq"]
    there = row["raw_seq"] is not None and not row["gone"]
    if page is not None:
        return Card(number, row["VATType"], unread=there and page < row["raw_seq"])
    if made is not None:
        changed = row["listed_from"] is not None and row["listed_from"] > made
        return Card(number, row["made"], unread=there and changed, presumed=there)
    return Card(number, unread=there)


# gone: its page was asked for since it was listed, and Fortnox has none.
CARDS = """
WITH wanted AS (SELECT unnest(?::VARCHAR[]) AS number),
made AS (
    SELECT
        s.number,
        arg_max(a.document ->> 'VATType', s.seq) AS VATType,
        max(s.done_at) AS made_at
    FROM ledger.step AS s
    JOIN ledger.intent AS a ON a.action = s.action
    WHERE a.target = 'fortnox.customer' AND s.step = 'create' AND s.event IN ('done', 'found')
      AND s.number IN (SELECT number FROM wanted)
    GROUP BY s.number
),
missed AS (
    SELECT regexp_extract(path, '([^/]+)$', 1) AS number, max(seq) AS seq
    FROM raw.answer
    WHERE endpoint = 'customer' AND status = 404
    GROUP BY ALL
)
SELECT
    w.number,
    c.VATType,
    c.raw_seq,
    c.card_seq,
    c.listed_from,
    made.VATType AS made,
    made.made_at,
    coalesce(missed.seq > c.raw_seq, false) AS gone
FROM wanted AS w
LEFT JOIN fortnox.customer AS c ON c.CustomerNumber = w.number
LEFT JOIN made ON made.number = w.number
LEFT JOIN missed ON missed.number = w.number
"""
