"""Explains a value of each kind that the documents of a shop have, for tests of all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shop import Shop

from engine import json_text
from engine.show.page import Text
from engine.show.value import data, page
from engine.workbench.decided import decided_of
from engine.workbench.explained import Explained, Found, explained
from engine.workbench.fields import at, known_paths
from engine.workbench.kept import Kept
from engine.workbench.values import Value

INTERNAL = re.compile(r"\bNone\b|\bUndefined\b|Decimal\(|datetime|\bTrue\b|\bFalse\b|[{}]'")
MADE = "SELECT DISTINCT mapping, source FROM ledger.intent ORDER BY ALL"


def every_kind(shop: Shop) -> Iterator[Explained]:
    """A value of each field that each mapping fills or leaves out, of rows one of each field."""
    kept = Kept(shop.store, shop.merchant, {})
    program = kept.present()
    seen: set[tuple[str, ...]] = set()
    for row in shop.store.rows(MADE):
        one = decided_of(shop.store, row["mapping"], row["source"])
        assert one is not None
        assert one.document is not None
        fresh = []
        for path in known_paths(one.document, program.mappings[one.mapping].spec):
            filled = "filled" if at(one.document, path) is not None else "left out"
            names = [step for step in path if isinstance(step, str)]
            if (key := (one.mapping, *names, filled)) not in seen:
                seen.add(key)
                fresh.append(path)
        if fresh:
            yield from explained(
                shop.store, shop.merchant, kept, program, one, fresh, whole_row=False
            )


def said(one: Explained) -> str:
    """Its page, as text."""
    found = Found("", "", (one,), 0)
    json_text.encode(data(found))
    return "\n".join(part.text for part in page(found) if isinstance(part, Text))


def values(value: Value) -> Iterator[Value]:
    """It and all that went into it."""
    yield value
    for one in value.inputs:
        yield from values(one)


def unexplained(one: Explained) -> list[str]:
    """What of it nobody could follow: values of no rule and no origin, staged ones of no place."""
    found = []
    for value in values(one.value) if one.value else ():
        if value.kind == "part" and not value.what and not value.inputs:
            found.append(value.name)
        origin = value.origin
        if origin and value.value is not None and not origin.stands and not origin.said:
            found.append(f"{value.entity}: {value.name}")
    return found
