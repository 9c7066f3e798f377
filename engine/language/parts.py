"""Turns the merged YAML of one file into its spec: every value parsed, every part with its place.

Reads a ``Source`` whose structure has been checked, gives a ``MappingSpec``, ``EntitySpec``,
``TableSpec`` or ``PolicySpec``; what cannot be parsed is reported and left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..yamlfile import Path_
from . import expressions
from .expressions import NOTHING, Expression, Report
from .kinds import INTEGER, SCALARS, Type
from .source import Source
from .spec import (
    Against,
    Check,
    Confirm,
    Consume,
    EntitySpec,
    Field,
    Identity,
    MappingSpec,
    Match,
    Nothing,
    PolicyCheck,
    PolicySpec,
    Related,
    Require,
    Row,
    Step,
    TableRow,
    TableSpec,
    Then,
)
from .words import countries

ROW_KEYS = ("id", "each", "group", "when")  # what of a row is no field of it


class Parts:
    """Held open over one file: where values are looked up and findings go."""

    def __init__(self, source: Source, report: Report) -> None:
        self.source = source
        self.report = report

    def at(self, path: Path_) -> Any:
        value = self.source.value
        for step in path:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list):
                value = value[int(step)]
        return value

    def bare(self, *path: str | int) -> Expression:
        place, field = self.source.place(path), self.source.label(path)
        given = self.source.given(path)
        found = expressions.bare(self.at(path), place, field, self.report, given)
        return found or Expression("", NOTHING, place, field, plain=True)

    def template(self, *path: str | int, name: str = "") -> Expression:
        place, field = self.source.place(path), name or self.source.label(path)
        given = self.source.given(path)
        found = expressions.template(self.at(path), place, field, self.report, given)
        return found or Expression("", NOTHING, place, field, plain=True)

    def maybe_bare(self, *path: str | int) -> Expression | None:
        return None if self.at(path) is None else self.bare(*path)

    def templates(self, *path: str | int) -> dict[str, Expression]:
        return {key: self.template(*path, key) for key in self.at(path) or {}}

    def bares(self, *path: str | int) -> dict[str, Expression]:
        return {key: self.bare(*path, key) for key in self.at(path) or {}}

    def items(self, *path: str | int) -> range:
        return range(len(self.at(path) or []))


def mapping(source: Source, report: Report) -> MappingSpec:
    """The spec of a file with the key ``mapping``."""
    p = Parts(source, report)
    value: dict[str, Any] = source.value
    alias, entity = next(iter(value["source"].items()))
    return MappingSpec(
        name=value["mapping"],
        alias=alias,
        entity=entity,
        target=value["target"],
        flows=tuple(sorted(flows_of(value))),
        per=p.maybe_bare("per"),
        repeats=value.get("repeats", False),
        renews=value.get("renews", False),
        needs=tuple(value.get("needs", ())),
        made_for=tuple(value.get("for", ())),
        related={name: _related(p, name) for name in value.get("related", {})},
        when=p.maybe_bare("when"),
        nothing=_nothing(p),
        covers=tuple(value.get("covers", (alias,))),
        moves=tuple(value.get("moves", ())),
        match={name: _match(p, name) for name in value.get("match", {})},
        card=p.maybe_bare("card"),
        lets={name: _let(p, name) for name in value.get("let", {})},
        document=tuple(_field(p, ("document", name)) for name in value["document"]),
        then=tuple(_then(p, i) for i in p.items("then")),
        confirm={name: _confirm(p, name) for name in value.get("confirm", {})},
        after=p.bares("after"),
        identity=_identity(p),
        checks=tuple(_check(p, "checks", i) for i in p.items("checks")),
        warnings=tuple(_check(p, "warnings", i) for i in p.items("warnings")),
        source=source,
    )


def _nothing(p: Parts) -> Nothing | None:
    if p.at(("nothing",)) is None:
        return None
    return Nothing(p.bare("nothing", "when"), p.template("nothing", "because"))


def _related(p: Parts, name: str) -> Related:
    value = p.at(("related", name))
    return Related(
        alias=name,
        entity=value["from"],
        on=p.bares("related", name, "on"),
        when=p.maybe_bare("related", name, "when"),
        uncovered=value.get("uncovered", False),
        fresh=value.get("fresh", False),
        place=p.source.place(("related", name), key=True),
    )


def _match(p: Parts, name: str) -> Match:
    path: Path_ = ("match", name)
    value = p.at(path)
    steps = []
    for i in p.items(*path, "steps"):
        step = value["steps"][i]
        here = (*path, "steps", i)
        steps.append(
            Step(
                name=step["name"],
                field=p.template(*here, "field") if "field" in step else None,
                keys=tuple(p.template(*here, "keys", k) for k in p.items(*here, "keys")),
                own=tuple(p.bare(*here, "own", k) for k in p.items(*here, "own")),
                ours=step.get("ours", False),
                refutable=step.get("against", True),
                place=p.source.place(here),
                id=step["id"],
            )
        )
    requires = []
    for i in p.items(*path, "require"):
        here = (*path, "require", i)
        one = value["require"][i]
        requires.append(
            Require(
                that=p.bare(*here, "that"),
                otherwise=one.get("or", "skip"),
                because=p.template(*here, "because"),
                place=p.source.place(here),
                id=one["id"],
                essential=one.get("essential", False),
                by_construction=one.get("by_construction", ""),
            )
        )
    consume = None
    if "consume" in value:
        here = (*path, "consume")
        tolerance = p.template(*here, "tolerance") if "tolerance" in value["consume"] else None
        consume = Consume(p.bare(*here, "of"), p.bare(*here, "amount"), tolerance)
    return Match(
        alias=name,
        entity=value["from"],
        steps=tuple(steps),
        awaits=p.bares(*path, "awaits"),
        against=_against(p, (*path, "against")) if "against" in value else None,
        require=tuple(requires),
        whole=value.get("whole", False),
        consume=consume,
        order=tuple(p.bare(*path, "order", i) for i in p.items(*path, "order")),
        outcome=p.templates(*path, "outcome"),
        place=p.source.place(path, key=True),
    )


def _against(p: Parts, path: Path_) -> Against:
    pairs = (*path, "pairs")
    return Against(
        order=p.bare(*path, "order"),
        names=tuple(p.bare(*path, "names", i) for i in p.items(*path, "names")),
        source=p.maybe_bare(*path, "source"),
        fields=tuple(p.template(*path, "fields", i) for i in p.items(*path, "fields")),
        digits=p.template(*path, "digits"),
        prefix=p.template(*path, "prefix"),
        pairs_field=p.template(*pairs, "field"),
        pairs_keys=tuple(p.template(*pairs, "keys", i) for i in p.items(*pairs, "keys")),
        pairs_that=p.bare(*pairs, "that"),
    )


def _let(p: Parts, name: str) -> Expression | tuple[Row, ...]:
    value = p.at(("let", name))
    if isinstance(value, list):
        return tuple(_row(p, ("let", name, i)) for i in range(len(value)))
    return p.template("let", name)


def _field(p: Parts, path: Path_) -> Field:
    value, place = p.at(path), p.source.place(path)
    name = str(path[-1])
    if isinstance(value, list):
        rows = tuple(_row(p, (*path, i)) for i in range(len(value)))
        return Field(name, place, rows=rows)
    if isinstance(value, dict):
        optional = p.template(*path, "value", name=p.source.label(path))
        return Field(name, place, optional, p.maybe_bare(*path, "when"))
    return Field(name, place, p.template(*path))


def _row(p: Parts, path: Path_, *, fields: bool = True) -> Row:
    value = p.at(path)
    alias = next(iter(value["each"]), "") if "each" in value else ""
    return Row(
        place=p.source.place(path),
        id=value["id"],
        alias=alias,
        each=p.bare(*path, "each", alias) if alias else None,
        group=p.maybe_bare(*path, "group"),
        when=p.maybe_bare(*path, "when") if fields else None,
        fields=tuple(_field(p, (*path, k)) for k in value if k not in ROW_KEYS) if fields else (),
    )


def _identity(p: Parts) -> Identity:
    value = p.at(("identity",))
    agree = tuple(value["agree"])
    since = p.templates("identity", "since") if "since" in value else {}
    return Identity(p.templates("identity", "ask"), agree, tuple(value.get("adopt", agree)), since)


def flows_of(value: Mapping[str, Any]) -> set[str]:
    """The flows that a mapping's file names."""
    named = value.get("flow", "payouts")
    return set(map(str, named)) if isinstance(named, list) else {str(named)}


def _then(p: Parts, i: int) -> Then:
    value, place = p.at(("then", i)), p.source.place(("then", i))
    if isinstance(value, str):
        return Then(value, None, place)
    return Then(value["do"], p.maybe_bare("then", i, "when"), place)


def _confirm(p: Parts, name: str) -> Confirm:
    within = "within" in p.at(("confirm", name))
    return Confirm(
        p.template("confirm", name, "is"),
        p.template("confirm", name, "within") if within else None,
    )


def _check(p: Parts, key: str, i: int) -> Check:
    value = p.at((key, i))
    return Check(
        that=p.bare(key, i, "that"),
        because=p.template(key, i, "because"),
        state=value.get("or", "park"),
        place=p.source.place((key, i)),
        until=value.get("until", ""),
        id=value["id"],
        essential=value.get("essential", False),
        by_construction=value.get("by_construction", ""),
    )


def entity(source: Source, report: Report) -> EntitySpec:
    """The spec of a file with the key ``entity``."""
    p = Parts(source, report)
    value = source.value
    return EntitySpec(
        entity=value["entity"],
        alias=value["as"],
        related={name: _related(p, name) for name in value.get("related", {})},
        lets=p.templates("let"),
        derive=p.templates("derive"),
        source=source,
    )


def policy(source: Source, report: Report) -> PolicySpec:
    """The spec of a file with the key ``policy``."""
    p = Parts(source, report)
    name = source.value["policy"]
    checks = []
    for i in p.items("checks"):
        value, here = p.at(("checks", i)), ("checks", i)
        said = value["for"]
        each = _row(p, here, fields=False) if "each" in value else None
        checks.append(
            PolicyCheck(
                policy=name,
                id=value["id"],
                targets=tuple(said) if isinstance(said, list) else (said,),
                each=each,
                when=p.maybe_bare(*here, "when"),
                that=p.bare(*here, "that"),
                because=p.template(*here, "because"),
                severity=value.get("severity", "error"),
                place=source.place(here),
            )
        )
    return PolicySpec(name, tuple(checks), source)


def table(source: Source, report: Report) -> TableSpec:
    """The spec of a file with the key ``table``."""
    p = Parts(source, report)
    value = source.value
    columns = {**value["inputs"], **value["outputs"]}
    rows = []
    for i in p.items("rows"):
        row = value["rows"][i]
        then = p.templates("rows", i, "then")
        place = source.place(("rows", i))
        rows.append(TableRow(i + 1, row.get("when", {}), then, place, row["id"]))
    otherwise = p.templates("otherwise")
    fails = set(otherwise) == {"error"} and "error" not in value["outputs"]
    return TableSpec(
        name=value["table"],
        inputs={name: _input(name, said) for name, said in value["inputs"].items()},
        outputs={name: _type(said) for name, said in value["outputs"].items()},
        accounts=frozenset(k for k, t in columns.items() if t == "account"),
        hit=value["hit"],
        rows=tuple(rows),
        rows_from=value.get("rows_from", ""),
        rows_add=p.templates("rows_add"),
        otherwise={} if fails else otherwise,
        error=otherwise["error"] if fails else None,
        place=source.place(),
        source=source,
    )


def _input(name: str, said: Any) -> Type:
    """The type of a table's input; a text that is called so is a country."""
    return _type("country" if said == "text" and name == "country" else said)


def _type(said: Any) -> Type:
    if isinstance(said, dict):
        return Type("text", values=tuple(said["enum"]))
    if said == "country":
        return countries()
    return INTEGER if said == "account" else SCALARS[said]
