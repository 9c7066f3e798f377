"""What is made for other documents, a customer or an article: before them, and for them alone.

Tries out which documents would be made if what they need were there; makes what is missing for
those. Adds outcomes and actions.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ..errors import ItemError
from ..language.program import CompiledMapping
from .evaluation import NOTHING, Sources, Stopped, judged
from .model import Row
from .order_documents import make_document, rendered_or_told
from .order_matches import look_up

if TYPE_CHECKING:
    from .orders import Orders


def make_first(
    orders: Orders, mapping: CompiledMapping, sources: Sources, makers: list[CompiledMapping]
) -> None:
    """What ``makers`` make for the sources whose document will be made: that is tried out where
    something is still to be made. The others drop out, with what stops them."""
    its = mapping.spec.alias
    among = {inputs[its]["OrderId"] for inputs in sources.asking.values()}
    missing = _missing_of(orders, makers, among)
    assumed = frozenset(one.spec.name for one in makers)
    wanted = set()
    for key, inputs in list(sources.asking.items()):
        order = inputs[its]["OrderId"]
        if order not in missing:
            continue
        tried = {**inputs, "assumed": assumed}
        tried |= {name: {**NOTHING, "number": "0"} for name in assumed
                  if name in mapping.spec.needs and inputs[name] is None}  # fmt: skip
        if _would_be_made(mapping, tried):
            wanted.add(order)
        elif rendered_or_told(orders, mapping, key, inputs, sources.begun.get(key), tried) is None:
            del sources.asking[key]
    found = [(one, _found(orders, one, wanted)) for one in makers]
    for one, theirs in found:
        if not wanted:
            break
        wanted -= _stuck(orders, makers, wanted)
        keys = {key for key, row in orders.keyed(one) if row["OrderId"] in wanted}
        for key in theirs.asking:
            if key in keys:
                make_document(orders, one, key, theirs)
    for key, inputs in list(sources.asking.items()):
        first = orders.first(inputs[its], (one for one in mapping.spec.needs if one in assumed))
        if first is not None:
            orders.tell(mapping, key, inputs[its], "waiting", "not-ready", first)
            del sources.asking[key]


def _found(orders: Orders, maker: CompiledMapping, wanted: Collection[int]) -> Sources:
    """The sources of a maker that belong to these orders and ask for a document of their own."""
    sources = orders.asking(maker, wanted)
    for alias in maker.match:
        look_up(orders, maker, alias, sources)
    return sources


def _would_be_made(mapping: CompiledMapping, tried: dict[str, Any]) -> bool:
    """Whether there is a document that may be sent, once what is only assumed is there."""
    try:
        rendered = mapping.render(tried)
    except ItemError:
        return False
    if rendered.document is None or rendered.failures:
        return False
    return not isinstance(judged(mapping, tried, rendered), Stopped)


def _missing_of(
    orders: Orders, makers: list[CompiledMapping], among: Collection[int]
) -> set[int]:
    """Of these orders those for which a maker would still have something to make or find."""
    missing: set[int] = set()
    for one in makers if among else ():
        name = one.spec.name
        for key, row in orders.keyed(one):
            order = row["OrderId"]
            if order not in among or order in missing:
                continue
            if (name, key) in orders.outcomes.made or orders.delivered.of(name, key):
                continue
            if _applies(orders, one, row) is not False:
                missing.add(order)
    return missing


def _applies(orders: Orders, mapping: CompiledMapping, row: Row) -> bool | None:
    """Whether a mapping is for a row; None when that can't be told."""
    try:
        return orders.is_for(mapping, orders.inputs(mapping, row, 0))
    except ItemError:
        return None


def _stuck(
    orders: Orders, makers: list[CompiledMapping], among: Collection[int]
) -> set[int]:
    """Of these orders those for which something can't be made."""
    states = {
        (one.spec.name, key): row["OrderId"]
        for one in makers for key, row in orders.keyed(one) if row["OrderId"] in among
    }  # fmt: skip
    return {
        order for place, order in states.items()
        if place in orders.outcomes.made
        and orders.outcomes.made[place].state in ("parked", "waiting", "ignored")
    }  # fmt: skip
