"""A case as a plain value: what is given, what is expected; and the verdict on it.

``read`` makes cases of YAML, ``run`` judges them; whoever writes or collects cases needs no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import Place

# What a case may be of; each names it under a key of its own.
KINDS = ("mapping", "table", "entity", "flow")
Given = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """One case. ``kind`` is mapping, table, entity or flow, ``of`` its name (of flows all of them);
    ``place`` is where its name stands, in ``file``.

    ``rows`` are by entity the rows that are given, typed and whole; ``source`` is the index of the
    source in those of its entity. ``named`` has by alias what a match gave, or what a mapping that
    is needed made. ``given`` holds the rest: ``match``, ``earlier``, ``card``, a table's inputs.
    ``held`` is by name what the servers hold, of a case of flows: ``qliro.orders``.
    ``settings`` are those that differ from what it is run with, ``books`` what is not as usual.
    """

    name: str
    kind: str
    of: str
    place: Place
    file: str
    rows: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    named: Mapping[str, Any] = field(default_factory=dict)
    given: Given = field(default_factory=dict)
    held: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    settings: Given = field(default_factory=dict)
    settings_places: Mapping[tuple[str | int, ...], tuple[int, int]] = field(default_factory=dict)
    books: Given = field(default_factory=dict)
    expect: Given = field(default_factory=dict)

    @property
    def id(self) -> str:
        """What tells it from all others: its file and name."""
        return f"{self.file}::{self.name}"


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that came out otherwise, and where the rule stands that made it, where one did."""

    path: str
    expected: Any
    actual: Any
    rule: Place | None = None
    expression: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a case: it holds where nothing differs. ``made`` is all that came out."""

    case: Case
    made: Mapping[str, Any]
    differences: tuple[Difference, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether all came out as expected."""
        return not self.differences
