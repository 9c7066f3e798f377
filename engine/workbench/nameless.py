"""Whose names stay out of a recorded case: rows with personal texts replaced, alike everywhere.

Reads the answers behind documents, as far as they name somebody; the rules are those of an export
(``engine.extract.pseudonym``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from .. import json_text
from ..extract.personal_key import personal_key
from ..extract.pseudonym import Pseudonyms, known_ids, references
from ..language.spec import MappingSet
from ..merchant.load import Merchant
from ..stage.traffic import own_words, territories
from ..store.database import Store
from .decided import Decided
from .origins import ROWS, declared

Row = dict[str, Any]
OF_ORDERS = """
SELECT body FROM raw.answer
WHERE seq IN (SELECT unnest(?::BIGINT[]))
   OR seq IN (SELECT raw_seq FROM qliro."order" WHERE OrderId IN (SELECT unnest(?::BIGINT[])))
"""


def pseudonyms(
    store: Store, merchant: Merchant, mapping_set: MappingSet, of: list[Decided]
) -> Pseudonyms:
    """The names that an export of this merchant has, as far as the answers behind these documents
    tell them."""
    names = Pseudonyms(
        personal_key(merchant), known_ids(store),
        merchant.settings["payment_reference_prefix"] or "", sorted(own_words(mapping_set)),
        references(store), sorted(territories(mapping_set)),
    )  # fmt: skip
    given = [one.trace.get("inputs", {}) for one in of]
    told = [sorted(set(_under(given, key))) for key in ("raw_seq", "OrderId")]
    for (body,) in store.tuples(OF_ORDERS, told):
        with suppress(ValueError):
            names.know(json_text.decode(body))
    return names


def _under(value: Any, key: str) -> Iterator[int]:
    """The whole numbers that stand under a key, anywhere."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            if name == key and isinstance(one, int):
                yield one
            else:
                yield from _under(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from _under(one, key)


def nameless(names: Pseudonyms, entity: str, row: Row) -> Row:
    """A row with its personal texts replaced, as an export replaces them in an answer."""
    return {name: replaced(names, entity, name, value) for name, value in row.items()}


IDS = {"line", "capture", "refund", "reversal", "row", "payout", "item", "settles", "own_source"}


def replaced(names: Pseudonyms, entity: str, column: str, value: Any) -> Any:
    """A value of a column, replaced as an export replaces what it comes from."""
    if not isinstance(value, str) or column in IDS:
        return value
    key = _key(entity, column)
    if key is None:  # worked out here: what something is called, or a word
        return names.reference(value)
    goods = "orderitemactions" if key == "Description" and entity.startswith("qliro.") else ""
    return names.field(key.lower(), value, goods)


def _key(entity: str, column: str) -> str | None:
    """The key that a column stands under in an answer; None where it is worked out here."""
    told = (declared().get(entity, {}).get("columns") or {}).get(column)
    if told is None:
        return column if column[:1].isupper() else None
    first = told[0] if isinstance(told, list) else told
    if ":" in first:
        word, other = first.split(":", 1)
        return _key(ROWS[word][0], other)
    return None if " " in first else first.rpartition(".")[2]
