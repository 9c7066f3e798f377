"""The rows of orders as DuckDB gives them, before anything is derived: read here, or in portions
that another process is handed.

Reads the views of staged tables, by as many orders at a time as make one query worth it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ..language.program import CompiledMapping, Program
from ..ordering import sql_order
from ..store.database import Store
from .columns import Columns
from .entities import ENTITIES, Entity

AT_A_TIME = 20_000  # orders that are read at a time
MANY = 1_000  # orders whose lines are worth telling apart by what they say
HANDED_ON = 2_500  # orders that another process is handed: half a second of its work, or less
# What each line has of its own: which it is, and of what.
OF_A_LINE = ("line", "OrderId", "capture", "refund", "position")
# Rows as they come, or what each has of its own with the number of what it holds else.
Found = tuple[list[tuple[Any, ...]], dict[int, tuple[Any, ...]] | None]
# Types of which Columns gives whole numbers, texts and truths.
PLAIN = re.compile(
    r"(BIGINT|INTEGER|VARCHAR|BOOLEAN|DATE|TIMESTAMP WITH TIME ZONE|DECIMAL\(\d+,\d+\))$"
)
OF_THEM = "OrderId IN (SELECT unnest(?::BIGINT[]))"


def alike(program: Program, name: str) -> frozenset[str]:
    """The columns that an entity's derived ones are made of; none when its id is among them."""
    entity = program.entities.get(name)
    return entity.reads if entity and ENTITIES[name].id not in entity.reads else frozenset()


def columns_of(program: Program, name: str, types: Mapping[str, str]) -> Columns:
    """The columns of an entity's relation; those first that rows must have alike."""
    derived = program.mapping_set.entities[name].derive if name in program.entities else ()
    own = OF_A_LINE if ENTITIES[name].id == "line" else ()
    first = alike(program, name)
    return Columns(types, ENTITIES[name].relation, first, ("problem", *derived), own)


def asked_by(program: Program, mapping: CompiledMapping) -> list[str]:
    """The entities whose rows a document of the mapping is made of: its own, those that belong to
    it, and those that belong to these."""
    names = [mapping.spec.entity]
    names += [one.entity for one in mapping.related.values() if not one.never]
    for name in names:  # which grows meanwhile
        entity = program.entities.get(name)
        names += [one.entity for one in (entity.related.values() if entity else ())
                  if not one.never and one.entity not in names]  # fmt: skip
    return list(dict.fromkeys(names))


class Staged:
    """The rows of some orders in a database."""

    def __init__(self, store: Store, orders: list[int]) -> None:
        self.store, self.orders = store, orders

    def types(self, relation: str) -> Mapping[str, str]:
        """The columns of a relation with their types."""
        return self.store.types(relation)

    def found(self, name: str, columns: Columns) -> Iterator[Found]:
        """As they are staged; of many orders by portions, so that no list of ids is too long."""
        entity = ENTITIES[name]
        in_order = f"ORDER BY {self._order(entity, columns.names)}"
        if not entity.by_order:
            yield columns.fetched(self.store, in_order), None
            return
        for start in range(0, len(self.orders), AT_A_TIME):
            portion = self.orders[start : start + AT_A_TIME]
            # Between them: what lies outside is not even unpacked.
            of_orders, named = (
                f"WHERE OrderId BETWEEN ? AND ? AND {OF_THEM}",
                (portion[0], portion[-1], portion),
            )
            if columns.alike and columns.own and len(portion) >= MANY:
                shapes = columns.shapes(self.store, of_orders, named)
                if shapes is not None:
                    yield columns.shaped(self.store, f"{of_orders} {in_order}", named), shapes
                    continue
            yield columns.fetched(self.store, f"{of_orders} {in_order}", named), None

    def _order(self, entity: Entity, names: Collection[str]) -> str:
        """Ids are texts: the tenth row of an order would come before its second, and the capture
        10 before the capture 9."""
        numbers = [one for one in ("position", "PaymentTransactionId") if one in names]
        if numbers and "OrderId" in names:
            return ", ".join(f'"{one}"' for one in ("OrderId", *numbers))
        is_text = self.types(entity.relation)[entity.id] == "VARCHAR"
        return sql_order(f'"{entity.id}"') if is_text else f'"{entity.id}"'


@dataclass(slots=True)
class Portion:
    """What a database has of some orders, for a process without one: ``rows`` by entity, of those
    that it was made for, and the types of their relations."""

    orders: list[int]
    kinds: Mapping[str, Mapping[str, str]]
    rows: dict[str, Found] = field(default_factory=dict)

    def __reduce__(self) -> tuple[Any, ...]:
        """For another process: most of it are whole numbers and texts, which MessagePack packs in a
        third of the time."""
        whole = self.orders, self.kinds, self.rows
        if all(PLAIN.match(kind) for kinds in self.kinds.values() for kind in kinds.values()):
            return _unpacked, (msgspec.msgpack.encode(whole),)
        return Portion, whole

    def types(self, relation: str) -> Mapping[str, str]:
        """The columns of a relation with their types."""
        return self.kinds[relation]

    def found(self, name: str, _columns: Columns) -> Iterator[Found]:
        """The rows of an entity; KeyError for one that the portion was not made for."""
        yield self.rows[name]


_WHOLE = msgspec.msgpack.Decoder(tuple[list[int], dict[str, dict[str, str]], dict[str, Found]])


def _unpacked(packed: bytes) -> Portion:
    return Portion(*_WHOLE.decode(packed))


def portions(
    store: Store, program: Program, orders: Collection[int], names: Collection[str]
) -> Iterator[Portion]:
    """The orders by portions, in order, with their rows of the entities ``names``, each of which
    must have its rows by order."""
    every = sorted(orders)
    kinds = {ENTITIES[name].relation: store.types(ENTITIES[name].relation) for name in names}
    for start in range(0, len(every), AT_A_TIME):
        at_once = every[start : start + AT_A_TIME]
        cut = [Portion(at_once[first : first + HANDED_ON], kinds)
               for first in range(0, len(at_once), HANDED_ON)]  # fmt: skip
        whose = {order: portion for portion in cut for order in portion.orders}
        for name in names:
            columns = columns_of(program, name, store.types(ENTITIES[name].relation))
            (found,) = Staged(store, at_once).found(name, columns)
            _share_out(name, found, columns, cut, whose)
        yield from cut


def _share_out(
    name: str, found: Found, columns: Columns, cut: list[Portion], whose: dict[int, Portion]
) -> None:
    """To each portion its rows, in their order, and what these hold."""
    rows, shapes = found
    by_order = (columns.own if shapes else columns.names).index("OrderId")
    mine: dict[int, list[tuple[Any, ...]]] = {id(portion): [] for portion in cut}
    for values in rows:
        mine[id(whose[values[by_order]])].append(values)
    for portion in cut:
        own = mine[id(portion)]
        held = shapes and {number: shapes[number] for number in {one[-1] for one in own}}
        portion.rows[name] = own, held
