"""Reads cases: the YAML of the folders ``tests`` of a set or overlay, checked before anything runs.

Gives ``Case`` values, or one FileError with all findings: the format, names that the set does not
have, columns that an entity does not have, lacks, or has of another type.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from ... import validate
from ...errors import FileError, Finding
from ...home import HOME
from ...language.kinds import shown
from ...language.spec import MappingSet
from ...language.texts import CASES
from ...plan.payouts import HOUSE, PERSON
from ...yamlfile import Path_, YamlFile, nearest, read
from . import answers, names_in, rows
from .case import KINDS, Case
from .samples import Sample, Samples

SNAPSHOTS = "snapshots"
MOST_TIMES = 1000
MISSING = "missing-key"
SETTINGS = "settings"
# What may be expected, by what a case is of.
EXPECTED = {
    "mapping": ("outcome", "because", "document", "whole_document", "warnings", "covers", "moves",
                "then", "confirm", "snapshot"),
    "table": ("row", "gives", "because", "snapshot"),
    "entity": ("columns", "because", "snapshot"),
    "flow": ("outcomes", "nothing_else", "warnings", "snapshot"),
}  # fmt: skip
OF_DOCUMENT = {"document", "whole_document", "covers", "moves", "then", "confirm", "warnings"}
WITH_REASON = ("parked", "waiting", "done")
# What a case of flows is given beside what the servers hold.
BESIDE = ("settings", "books", "made", "resolved", "today")
# What stands in place of a mapping where the run itself, or a person, has decided.
OF_THE_RUN = (HOUSE, PERSON)


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of a file of cases."""
    made: dict[str, Any] = json.loads((HOME / "schemas" / "case.schema.json").read_text("utf-8"))
    return made


def files_in(folder: Path) -> list[Path]:
    """The files of cases of a set or an overlay, by name."""
    return sorted(
        path
        for path in [*folder.rglob("*.yaml"), *folder.rglob("*.yml")]
        if CASES in path.relative_to(folder).parts[:-1]
        and SNAPSHOTS not in path.relative_to(folder).parts[:-1]
    )


def read_cases(mapping_set: MappingSet, folders: Iterable[Path]) -> list[Case]:
    """The cases of these folders, in the order of their files. The files of a folder share their
    samples, and have those of the folders before it: of the set, where this is the overlay.

    Raises FileError with all findings.
    """
    reader = _Reader(mapping_set)
    cases: list[Case] = []
    for folder in folders:
        opened = [reader.opened(path) for path in files_in(folder)]
        files = [file for file in opened if file is not None]
        own: dict[str, Sample] = {}
        for file in files:
            reader.samples.take(file, own, (SETTINGS, *mapping_set.columns, *answers.kinds()))
        reader.samples.known |= own  # of an overlay: over those of the set, which it may use too
        cases += [one for file in files for one in reader.cases(file)]
    if reader.samples.findings:
        raise FileError(list(dict.fromkeys(reader.samples.findings)))  # a sample is used often
    return cases


@dataclass(slots=True)
class _Reader:
    """Held open over the files of cases of a set: samples and findings gather."""

    set: MappingSet
    samples: Samples = field(default_factory=Samples)

    def opened(self, path: Path) -> YamlFile | None:
        """A file whose structure is right; of others the findings are kept."""
        try:
            file = read(path)
        except FileError as error:
            self.samples.findings += error.findings
            return None
        faults = validate.faults(file, schema())
        self.samples.findings += map(_told, faults)
        return None if faults or not isinstance(file.value, dict) else file

    def cases(self, file: YamlFile) -> Iterator[Case]:
        """The cases of a file that are right; of others the findings are kept."""
        seen: set[str] = set()
        for index, value in enumerate(file.value.get("cases", ())):
            before = len(self.samples.findings)
            path: Path_ = ("cases", index)
            if value["case"] in seen:
                text = f"{value['case']!r} is the name of another case here."
                remedy = "Say what is different."
                self.report(file.finding((*path, "case"), "twice", text, remedy))
            seen.add(value["case"])
            kind = self._kind(file, path, value)
            if kind:
                self._assertion(file, path, kind, value["expect"])
                for finding in names_in.unknown(self.set, file, path, kind, value):
                    self.report(finding)
                made = self._case(file, path, kind, value)
                if len(self.samples.findings) == before:
                    yield made

    def report(self, finding: Finding) -> None:
        self.samples.report(finding)

    def _kind(self, file: YamlFile, path: Path_, value: Mapping[str, Any]) -> str:
        kinds = [kind for kind in KINDS if kind in value]
        if len(kinds) != 1:
            what = f"has {' and '.join(kinds)}" if kinds else "has none of them"
            text = f"a case is of one of mapping, table, entity or flow; this one {what}."
            self.report(file.finding((*path, "case"), "unknown-kind", text))
            return ""
        if kinds == ["flow"]:
            return "flow"
        known: Mapping[str, Any] = {
            "mapping": self.set.mappings, "table": self.set.tables, "entity": self.set.entities,
        }[kinds[0]]  # fmt: skip
        name = value[kinds[0]]
        if name not in known:
            text = f"the set has no {kinds[0]} {name!r}."
            self.report(file.finding((*path, kinds[0]), "unknown-name", text, nearest(name, known)))
            return ""
        return kinds[0]

    def _assertion(self, file: YamlFile, path: Path_, kind: str, expect: Mapping[str, Any]) -> None:
        """What is expected is something that such a case gives."""
        at = (*path, "expect")
        for n, one in enumerate(expect.get("outcomes", ())):
            self._outcome(file, (*at, "outcomes", n), one)
        for key in expect:
            if key not in EXPECTED[kind]:
                text = f"{key} is nothing that a {kind} gives."
                remedy = nearest(key, EXPECTED[kind])
                self.report(file.finding((*at, key), "unknown-key", text, remedy, key=True))
        self._outcome(file, at, expect)

    def _outcome(self, file: YamlFile, at: Path_, expect: Mapping[str, Any]) -> None:
        """Of a stopped source the reason is said, and no document."""
        self._mapping(file, at, expect)
        outcome = expect.get("outcome")
        if outcome in WITH_REASON and not {"because", "snapshot"} & expect.keys():
            text = f"that it is {outcome} is expected, and not why: anything might be the reason."
            self.report(file.finding((*at, "outcome"), "no-reason", text, "Add because."))
        made = OF_DOCUMENT & expect.keys()
        if made and outcome not in (None, "planned"):
            text = f"there is no document where the outcome is {outcome}."
            self.report(file.finding((*at, sorted(made)[0]), "unknown-key", text, key=True))

    def _mapping(
        self, file: YamlFile, at: Path_, one: Mapping[str, Any], also: Sequence[str] = OF_THE_RUN
    ) -> None:
        name = one.get("mapping")
        if name is not None and name not in (*self.set.mappings, *also):
            text = f"the set has no mapping {name!r}."
            remedy = nearest(name, self.set.mappings)
            self.report(file.finding((*at, "mapping"), "unknown-name", text, remedy))

    def _case(self, file: YamlFile, path: Path_, kind: str, value: Mapping[str, Any]) -> Case:
        if kind == "flow":
            return self._flow(file, path, value)
        given, at = value["given"], (*path, "given")
        self._days(file, at, given)
        settings, places = self._settings(file, at, given.get("settings", {}))
        names = self._names(kind, value[kind])
        found: dict[str, list[dict[str, Any]]] = {}
        named: dict[str, Any] = {}
        rest: dict[str, Any] = {}
        for key, one in given.items():
            if key in ("settings", "books"):
                continue
            if key not in names and key not in self.set.columns:
                text = f"{value[kind]} has nothing that is called {key!r}."
                known = [*names, "settings", "books"]
                self.report(file.finding((*at, key), "unknown-key", text, nearest(key, known),
                                         key=True))  # fmt: skip
                continue
            what, entity = names.get(key, ("rows", key))
            if what == "value":
                rest[key] = one
                if kind == "table" and self.set.tables[value[kind]].inputs[key].kind == "date":
                    self._day(file, (*at, key), one)
            elif what == "made":
                named[key] = one
            else:
                filled = self._filled(kind, value[kind], key)
                made = self._rows(file, (*at, key), entity, one, filled)
                if what == "match":
                    named[key] = made[0]
                else:
                    found.setdefault(entity, []).extend(made)
                    if what == "source":  # whatever order they stand in, it comes first
                        found[entity] = [*made, *found[entity][: -len(made)]]
        source = next((n for n, (what, _) in names.items() if what == "source"), "")
        if source and (source not in given or not isinstance(given[source], dict)):
            text = f"a case of {value[kind]} gives its {source}: one row."
            self.report(file.finding(at, "missing-key", text, key=True))
        return Case(
            name=value["case"], kind=kind, of=value[kind], file=file.path,
            place=file.place((*path, "case")), rows=found, named=named, given=rest,
            settings=settings, settings_places=places, books=given.get("books", {}),
            expect=value["expect"],
        )  # fmt: skip

    def _flow(self, file: YamlFile, path: Path_, value: Mapping[str, Any]) -> Case:
        """A case of flows: what is given are answers, whole."""
        given, at = value["given"], (*path, "given")
        self._days(file, at, given)
        settings, places = self._settings(file, at, given.get("settings", {}))
        held: dict[str, list[dict[str, Any]]] = {}
        for key, one in given.items():
            if key in BESIDE:
                continue
            if key not in answers.KINDS:
                text = f"a case of flows gives nothing that is called {key!r}."
                remedy = nearest(key, [*answers.KINDS, *BESIDE])
                self.report(file.finding((*at, key), "unknown-key", text, remedy, key=True))
                continue
            listed = one if isinstance(one, list) else [one]
            held[key] = [
                answers.answer(self.samples, key, file,
                               (*at, key, n) if isinstance(one, list) else (*at, key), item)
                for n, item in enumerate(listed)
            ]  # fmt: skip
        for n, one in enumerate(given.get("made", ())):
            self._mapping(file, (*at, "made", n), one, ())
        flows = value["flow"]
        return Case(
            name=value["case"], kind="flow", file=file.path, place=file.place((*path, "case")),
            of=flows if isinstance(flows, str) else ", ".join(flows), held=held,
            given={key: given[key] for key in ("made", "resolved", "today") if key in given},
            settings=settings, settings_places=places, books=given.get("books", {}),
            expect=value["expect"],
        )  # fmt: skip

    def _names(self, kind: str, name: str) -> dict[str, tuple[str, str]]:
        """What may be given by name, as what, and of which entity."""
        if kind == "table":
            return dict.fromkeys(self.set.tables[name].inputs, ("value", ""))
        if kind == "entity":
            declared = self.set.entities[name]
            found = {declared.alias: ("source", name)}
            return found | {a: ("related", one.entity) for a, one in declared.related.items()}
        spec = self.set.mappings[name]
        found = {alias: ("related", one.entity) for alias, one in spec.related.items()}
        found |= {alias: ("match", one.entity) for alias, one in spec.match.items()}
        found |= dict.fromkeys(spec.needs, ("made", ""))
        found |= dict.fromkeys(("match", "earlier"), ("value", ""))
        if spec.card is not None:
            found["card"] = ("match", "fortnox.customer")
        return found | {spec.alias: ("source", spec.entity)}

    def _filled(self, kind: str, name: str, alias: str) -> Collection[str]:
        """The columns by which a related row belongs to the source, which has them."""
        if kind == "table":
            return ()
        of = self.set.entities[name] if kind == "entity" else self.set.mappings[name]
        return of.related[alias].on if alias in of.related else ()

    def _rows(
        self, file: YamlFile, path: Path_, entity: str, value: Any, filled: Collection[str]
    ) -> list[dict[str, Any]]:
        """The rows of a value, or of a list of them, each as often as it says."""
        made = []
        for index, one in enumerate(value if isinstance(value, list) else [value]):
            at = (*path, index) if isinstance(value, list) else path
            row = self._row(file, at, entity, one, index, filled)
            times = one.get(rows.TIMES, 1) if isinstance(one, dict) else 1
            if isinstance(times, int) and 0 < times <= MOST_TIMES:
                made += [row] * times
            else:
                text = f"{rows.TIMES} is a whole number from 1 to {MOST_TIMES}."
                self.report(file.finding((*at, rows.TIMES), "wrong-type", text))
        return made

    def _row(
        self, file: YamlFile, path: Path_, entity: str, value: Any, index: int,
        filled: Collection[str],
    ) -> dict[str, Any]:  # fmt: skip
        """A row of an entity, laid over its sample, whole and typed."""
        if not isinstance(value, dict):
            text = f"a row of {entity} is keys with values."
            self.report(file.finding(path, "wrong-type", text))
            return {}
        before = len(self.samples.findings)
        parts = [(file, path, value), *self.samples.like(file, path, value, entity)]
        is_whole = len(self.samples.findings) == before  # else the sample may have what is missing
        derived = self.set.entities[entity].derive if entity in self.set.entities else {}
        made, findings = rows.row(entity, self.set.columns[entity], derived, parts, index, filled)
        self.samples.findings += [one for one in findings if is_whole or one.code != MISSING]
        return made

    def _days(self, file: YamlFile, at: Path_, given: Mapping[str, Any]) -> None:
        """The days of what is given beside rows and answers."""
        self._day(file, (*at, "today"), given.get("today"))
        books = given.get("books", {})
        self._day(file, (*at, "books", "locked_until"), books.get("locked_until"))

    def _day(self, file: YamlFile, path: Path_, value: Any) -> None:
        try:
            if value is not None:
                date.fromisoformat(value)
        except (TypeError, ValueError):
            text = f"{path[-1]} is a date, written as 2026-11-30, not {shown(value)}."
            self.report(file.finding(path, "not-a-date", text))

    def _settings(
        self, file: YamlFile, at: Path_, value: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[Path_, tuple[int, int]]]:
        """The settings that differ, those of samples under them, and where those here stand."""
        from .programs import laid  # noqa: PLC0415  it compiles, which a reader of cases need not

        path = (*at, "settings")
        whole: dict[str, Any] = {}
        parts = [(file, path, value), *self.samples.like(file, path, value, SETTINGS)]
        for _file, _path, one in reversed(parts):
            bare = {name: v for name, v in one.items() if name not in ("like", "is")}
            whole = laid(whole, bare)
        spots = {p[len(path) :]: spot for p, spot in file.values.items() if p[: len(path)] == path}
        return whole, {(): file.values.get(at, (1, 1)), **spots}


def _told(fault: validate.Fault) -> Finding:
    """What is wrong with how a file is built; of what stands beside ``given``, where it goes."""
    is_beside = fault.path[:1] == ("cases",) and len(fault.path) == 3 and fault.path[2] in BESIDE
    if fault.finding.code != "unknown-key" or not is_beside:
        return fault.finding
    return replace(fault.finding, remedy=f"It belongs in given: {{{fault.path[2]}: …}}.")


def chosen(cases: Sequence[Case], paths: Sequence[Path], name: str | None) -> list[Case]:
    """The cases in these files and folders (all, without any) whose name has ``name`` in it."""
    wanted = [path.resolve() for path in paths]
    return [
        one for one in cases
        if (not wanted or any(Path(one.file).resolve().is_relative_to(p) for p in wanted))
        and (name is None or name.casefold() in one.name.casefold())
    ]  # fmt: skip
