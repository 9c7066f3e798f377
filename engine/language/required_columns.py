"""The derived columns that the engine itself reads, which no mapping set and no overlay can leave
out: who makes up an entity's columns is told before a run, as of every other mistake in a mapping.

Reads a loaded mapping set and gives findings; of a derived row, what can't be used of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from msgspec import Struct

from ..errors import FileError, Finding, Place
from .kinds import NUMERIC, a, shown
from .spec import MappingSet

LINE = "qliro.settlement_line"
BATCH = "qliro.settlement_batch"
ORDER_LINE = "qliro.order_line"


class Needed(Struct, frozen=True):
    """A column of an entity: ``kinds`` that it may have, what for; others do without it."""

    entity: str
    column: str
    kinds: frozenset[str]
    why: str
    optional: bool = False


TEXT, WHOLE = frozenset({"text"}), frozenset({"integer"})
NEEDED = (
    Needed(BATCH, "payout", TEXT, "batches with the same text are one payout"),
    Needed(LINE, "reference", TEXT, "a line is told by it"),
    Needed(LINE, "gross", NUMERIC, "a payout is proved by the sums of it"),
    Needed(LINE, "value", NUMERIC, "the interim accounts are held against the sums of it"),
    Needed(LINE, "interim", WHOLE, "it is the account that the line's money lies on"),
    Needed(LINE, "doubt", TEXT, "a line that has one is parked with it", optional=True),
    Needed(LINE, "unmatched", TEXT, "a line that has one is matched with nothing", optional=True),
    Needed(ORDER_LINE, "no_account", TEXT, "lint tells of it", optional=True),
    Needed(ORDER_LINE, "article", TEXT, "lint tells of references that share one", optional=True),
)
_PYTHON: Mapping[str, tuple[type, ...]] = {
    "text": (str,), "integer": (int,), "decimal": (Decimal, int), "number": (Decimal, int),
}  # fmt: skip


def refuse_unmet(mapping_set: MappingSet) -> None:
    """Raises FileError when a column that the engine needs is not there, or can't be used."""
    if found := list(unmet(mapping_set)):
        raise FileError(found)


def unmet(mapping_set: MappingSet) -> Iterator[Finding]:
    """What is missing, or of another kind; a column whose kind is not known before is looked at in
    each row. A set that makes nothing of payouts needs no columns of theirs."""
    of_payouts = any("payouts" in spec.flows for spec in mapping_set.mappings.values())
    for one in NEEDED:
        spec = mapping_set.entities.get(one.entity)
        columns = mapping_set.columns.get(one.entity, {})
        place = spec.source.place(("derive", one.column), key=True) if spec else _of(mapping_set)
        if spec is None or one.column not in spec.derive:
            if not one.optional and (spec or of_payouts):
                yield Finding(
                    place,
                    "missing-column",
                    f"{one.entity} needs the column {one.column}: {one.why}.",
                    "Give it under derive; a column of another name is added beside it.",
                )
        elif (kind := columns[one.column].kind) not in (*one.kinds, "any", "null"):
            wanted = a("decimal" if one.kinds == NUMERIC else next(iter(one.kinds)))
            yield Finding(
                place,
                "wrong-type",
                f"{one.column} of {one.entity} is {a(kind)}, and has to be {wanted}: {one.why}.",
            )


def _of(mapping_set: MappingSet) -> Place:
    """A place for what is in no file: the set's folder, by the first of its files."""
    first = next(iter(mapping_set.sources.values()), None)
    return first.place() if first else Place("mappings")


def unsure(mapping_set: MappingSet, entity: str) -> tuple[Needed, ...]:
    """The needed columns of an entity whose kind is known only when a row is there."""
    spec, columns = mapping_set.entities.get(entity), mapping_set.columns.get(entity, {})
    return tuple(
        one
        for one in NEEDED
        if one.entity == entity and spec and one.column in spec.derive
        and columns[one.column].kind == "any"
    )  # fmt: skip


def unusable(row: Mapping[str, Any], looked_at: tuple[Needed, ...]) -> str | None:
    """What of a derived row is of a kind that can't be used, in a sentence."""
    for one in looked_at:
        value = row[one.column]
        types = tuple(t for kind in one.kinds for t in _PYTHON[kind])
        if value is not None and (not isinstance(value, types) or isinstance(value, bool)):
            return f"the mapping gives the {one.column} {shown(value)}, which can't be used"
    return None
