"""The programs that cases are run with: of a mapping set, under the settings of each case.

Settings that differ are laid over a merchant's, or over those of a new merchant, and checked as in
a merchant's file. What a case does not need is not compiled; what was compiled once is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from ... import json_text
from ...language.compile import compile_set
from ...language.counts import now
from ...language.kept import Kept
from ...language.program import Program
from ...language.spec import MappingSet
from ...merchant.first_file import initial_text
from ...merchant.load import Merchant, of_file
from ...yamlfile import YamlFile, parse
from .answered import Answered
from .case import Case
from .servers import Servers, opened

# What the file of a new merchant leaves to a person.
FIRST_DAYS = {"payouts_from": "2026-01-01", "orders_from": "2026-01-01"}
FOLDERS = ("mapping_set", "overlay")
FLOWS = ("payouts", "orders", "invoices", "refunds", "order_status")
PLUS = {"plus_api_key": {"env": "QLIRO_PLUS_API_KEY"},
        "plus_api_secret": {"env": "QLIRO_PLUS_API_SECRET"}}  # fmt: skip


@cache
def usual() -> Mapping[str, Any]:
    """The settings of a merchant as ``init`` writes them, from 2026-01-01, with every flow on."""
    value = parse(initial_text("Hattar & Mössor")).value
    given = {name: one for name, one in value.items() if one is not None}
    flows = {**given.get("flows", {}), **dict.fromkeys(FLOWS, True)}
    made: Mapping[str, Any] = laid(given, {**FIRST_DAYS, "flows": flows, "qliro": PLUS})
    return made


def laid(under: Any, over: Any) -> Any:
    """Settings over others: groups key by key, all else whole."""
    if not (isinstance(under, dict) and isinstance(over, Mapping)):
        return over
    return {**under, **{name: laid(under.get(name), one) for name, one in over.items()}}


def kept(settings: Any) -> Any:
    """Settings without those that null takes away, in groups too."""
    if not isinstance(settings, Mapping):
        return settings
    return {name: kept(one) for name, one in settings.items() if one is not None}


@dataclass(slots=True)
class Programs:
    """Held open over the cases of a set; ``merchant`` is whose settings they are run with;
    ``answered`` what the databases of their cases answered at earlier times."""

    mapping_set: MappingSet
    merchant: Merchant | None = None
    known: dict[str, Program] = field(default_factory=dict)
    settings: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    opened: Servers | None = None
    answered: Answered | None = None
    kept: Kept = field(default_factory=Kept)

    def servers(self) -> Servers:
        """What holds what cases of flows give, made when it is first asked for."""
        if self.opened is None:
            self.opened = opened(self.answered)
        return self.opened

    def of(self, case: Case) -> Program:
        """The program of a case. Raises FileError where its settings are wrong, at their place."""
        given = case.settings
        if case.kind == "flow":
            on = case.of.split(", ")
            given = laid(dict(given), {"flows": {name: name in on for name in FLOWS}})
        differing = json_text.canonical(given)
        key = f"{case.kind} {case.of} {differing}"
        if key not in self.known:
            if differing not in self.settings:
                self.settings[differing] = self._settings(case, given)
            part = needed(self.mapping_set, case.kind, case.of)
            # What is counted while a program is compiled is its own.
            kept = self.kept if now() is None else None
            self.known[key] = compile_set(part, self.settings[differing], kept=kept)
        return self.known[key]

    def _settings(self, case: Case, given: Mapping[str, Any]) -> Mapping[str, Any]:
        if not given and self.merchant is not None:
            return self.merchant.settings
        under = self.merchant.file.value if self.merchant else usual()
        # The set that is tested is there already; its folders are named from the merchant's file.
        under = {name: one for name, one in under.items() if name not in FOLDERS}
        places = dict(case.settings_places)
        file = YamlFile(case.file, kept(laid(under, given)), places, places)
        where = self.merchant.path if self.merchant else Path("case.yaml")
        return of_file(file, where, {}, needs_secrets=False).settings


def needed(mapping_set: MappingSet, kind: str, name: str) -> MappingSet:
    """No more of a set than a case of this mapping, table or entity needs; all, where it is of
    flows. The mapping counts as being of a flow that is on, whatever the settings say: its own
    checks may ask."""
    if kind == "flow":
        return mapping_set
    if kind == "table":
        return replace(mapping_set, mappings={}, entities={})
    mappings = {}
    wanted = {name} if kind == "entity" else set()
    if kind == "mapping":
        spec = mapping_set.mappings[name]
        mappings[name] = replace(spec, flows=("tested",))
        wanted = {spec.entity, *(one.entity for one in spec.related.values())}
        wanted |= {one.entity for one in spec.match.values()}
    entities = {one: mapping_set.entities[one] for one in reached(mapping_set, wanted)}
    return replace(mapping_set, mappings=mappings, entities=entities)


def reached(mapping_set: MappingSet, wanted: Iterable[str]) -> list[str]:
    """Entities with derived columns, and those whose rows these ask for."""
    found: dict[str, None] = {}
    queue = sorted(wanted)
    while queue:
        name = queue.pop()
        spec = mapping_set.entities.get(name)
        if spec is not None and name not in found:
            found[name] = None
            queue += [one.entity for one in spec.related.values()]
    return list(found)
