"""A mapping set as loaded: mappings, entities and tables with their expressions parsed.

Nothing here is evaluated. The spec is what a person wrote, with a place for every part; ``load``
makes it and ``compile`` turns it into functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from msgspec import Struct

from ..errors import Finding, Place
from .expressions import Expression
from .kinds import Type
from .laid import Change
from .source import Source

# What is proved to balance as a whole.
PROVED = ("qliro.settlement_line", "qliro.payout")


class Related(Struct, frozen=True):
    """Rows that belong to the source: of ``entity``, joined by columns, and only those ``when``."""

    alias: str
    entity: str
    on: Mapping[str, Expression]
    when: Expression | None
    uncovered: bool
    fresh: bool
    place: Place


class Step(Struct, frozen=True):
    """One way to find a candidate: a field and keys, or ``own``: what this program wrote before.

    What a step with ``ours`` finds was made by this program, and is finished where it is not."""

    name: str
    field: Expression | None
    keys: tuple[Expression, ...]
    own: tuple[Expression, ...]
    ours: bool
    refutable: bool
    place: Place
    id: str


class Require(Struct, frozen=True):
    """What a candidate must be; ``otherwise`` is skip, wait or park.

    ``by_construction`` says why it always is, where nothing can show that it is not."""

    that: Expression
    otherwise: str
    because: Expression
    place: Place
    id: str
    essential: bool
    by_construction: str = ""


class Consume(Struct, frozen=True):
    """How much of a candidate's amount a match takes."""

    of: Expression
    amount: Expression
    tolerance: Expression | None


class Against(Struct, frozen=True):
    """What must not contradict a candidate: identifiers of another order than the source's."""

    order: Expression
    names: tuple[Expression, ...]
    source: Expression | None
    fields: tuple[Expression, ...]
    digits: Expression
    prefix: Expression
    pairs_field: Expression
    pairs_keys: tuple[Expression, ...]
    pairs_that: Expression


class Match(Struct, frozen=True):
    """What a source refers to."""

    alias: str
    entity: str
    steps: tuple[Step, ...]
    awaits: Mapping[str, Expression]
    against: Against | None
    require: tuple[Require, ...]
    whole: bool
    consume: Consume | None
    order: tuple[Expression, ...]
    outcome: Mapping[str, Expression]
    place: Place


class Check(Struct, frozen=True):
    """What must hold; ``state`` is park, wait or done when it does not.

    ``until`` is the mapping that makes what is missing, if one does. No overlay can weaken what is
    ``essential``. ``by_construction`` says why it always holds, where no case can show otherwise.
    """

    that: Expression
    because: Expression
    state: str
    place: Place
    until: str = ""
    id: str = ""
    essential: bool = False
    by_construction: str = ""


class Nothing(Struct, frozen=True):
    """When there is nothing to make of a source, whatever else is known of it."""

    when: Expression
    because: Expression


class Then(Struct, frozen=True):
    """An action that follows creation, perhaps only ``when``."""

    step: str
    when: Expression | None
    place: Place


class Confirm(Struct, frozen=True):
    """What a field of the target's own document must be, give or take ``within``."""

    expected: Expression
    within: Expression | None


class Field(Struct, frozen=True):
    """A field of a document: a value, perhaps only ``when``; or rows."""

    name: str
    place: Place
    value: Expression | None = None
    when: Expression | None = None
    rows: tuple[Row, ...] = ()


class Row(Struct, frozen=True):
    """Rows of a list: one, or one for each item of ``each``, or one for each ``group`` of them."""

    place: Place
    id: str
    alias: str
    each: Expression | None
    group: Expression | None
    when: Expression | None
    fields: tuple[Field, ...]


class Identity(Struct, frozen=True):
    """How the finished document is found again: what to ask for, what must agree. ``since`` holds
    the ``date`` before which no document of somebody else can be this one, and ``because``."""

    ask: Mapping[str, Expression]
    agree: tuple[str, ...]
    adopt: tuple[str, ...]
    since: Mapping[str, Expression]


class MappingSpec(Struct, frozen=True):
    """One document kind: from which source, what it refers to, what it holds."""

    name: str
    alias: str
    entity: str
    target: str
    flows: tuple[str, ...]
    per: Expression | None
    repeats: bool
    renews: bool
    needs: tuple[str, ...]
    made_for: tuple[str, ...]
    related: Mapping[str, Related]
    when: Expression | None
    nothing: Nothing | None
    covers: tuple[str, ...]
    moves: tuple[str, ...]
    match: Mapping[str, Match]
    card: Expression | None
    lets: Mapping[str, Expression | tuple[Row, ...]]
    document: tuple[Field, ...]
    then: tuple[Then, ...]
    confirm: Mapping[str, Confirm]
    after: Mapping[str, Expression]
    identity: Identity
    checks: tuple[Check, ...]
    warnings: tuple[Check, ...]
    source: Source

    @property
    def shares_balances(self) -> bool:
        """Whether its sources take of the balances of the same documents: then they choose what
        they refer to all at once."""
        return any(match.consume for match in self.match.values())

    @property
    def needs_proof(self) -> bool:
        """Whether its sources are payouts or lines of them: nothing of a payout is booked before
        it is proved to balance."""
        return self.entity in PROVED


class EntitySpec(Struct, frozen=True):
    """How the rows of an entity are read: columns derived from its own, from each other, and from
    the rows that belong to it. ``lets`` are values that only those name: no columns."""

    entity: str
    alias: str
    related: Mapping[str, Related]
    lets: Mapping[str, Expression]
    derive: Mapping[str, Expression]
    source: Source

    @property
    def named(self) -> Mapping[str, Expression]:
        """All that its expressions may name of each other."""
        return {**self.lets, **self.derive}


class TableRow(Struct, frozen=True):
    """One row of a decision table: conditions by input, outputs."""

    number: int
    when: Mapping[str, Any]
    then: Mapping[str, Expression]
    place: Place
    id: str


class TableSpec(Struct, frozen=True):
    """A decision table. ``otherwise`` maps outputs, or ``error`` is the text that is raised."""

    name: str
    inputs: Mapping[str, Type]
    outputs: Mapping[str, Type]
    accounts: frozenset[str]  # the inputs and outputs that are account numbers
    hit: str
    rows: tuple[TableRow, ...]
    rows_from: str
    rows_add: Mapping[str, Expression]
    otherwise: Mapping[str, Expression]
    error: Expression | None
    place: Place
    source: Source


class PolicyCheck(Struct, frozen=True):
    """What finished documents of some targets must be: ``that``, where ``when`` holds, of the
    document or of each item of a list of it (``each``).

    ``policy`` is the file's name; ``severity`` is error (parked before delivery) or warning.
    """

    policy: str
    id: str
    targets: tuple[str, ...]
    each: Row | None
    when: Expression | None
    that: Expression
    because: Expression
    severity: str
    place: Place

    @property
    def name(self) -> str:
        """What it is known by in a set: ``nordic.cost-centre``."""
        return f"{self.policy}.{self.id}"


class PolicySpec(Struct, frozen=True):
    """What a house wants of its documents, whatever mapping makes them."""

    name: str
    checks: tuple[PolicyCheck, ...]
    source: Source


class MappingSet(Struct, frozen=True):
    """All that a folder (and its overlay) declares; ``warnings`` did not stop it from loading.

    ``files`` holds each text by name (``overlay:NAME`` for an overlay's), ``digest`` their SHA-256.
    ``sources`` are by kind and name (``mapping payment``); ``about`` is the set's own file, if it
    has one; ``changes`` are what the overlay does to the set.
    """

    mappings: Mapping[str, MappingSpec]
    entities: Mapping[str, EntitySpec]
    tables: Mapping[str, TableSpec]
    policies: Mapping[str, PolicySpec]
    files: Mapping[str, str]
    digest: str
    warnings: Sequence[Finding]
    settings_type: Type
    columns: Mapping[str, Mapping[str, Type]]
    targets: Mapping[str, Mapping[str, Any]]
    sources: Mapping[str, Source]
    about: Source | None
    changes: Sequence[Change]

    def policy_checks(self, target: str) -> tuple[PolicyCheck, ...]:
        """What policies ask of the documents of a target."""
        all_ = (check for one in self.policies.values() for check in one.checks)
        return tuple(check for check in all_ if target in check.targets)

    def origin(self, what: str, path: Sequence[str | int] = ()) -> Place:
        """Where the value at ``path`` of ``what`` (``mapping payment``) comes from."""
        return self.sources[what].place(path)


def expressions_in(part: Any) -> Iterator[Expression]:
    """All expressions of a part of a set, however deep, as they stand there."""
    waiting = [part]
    while waiting:
        one = waiting.pop()
        kind: Any = type(one)
        if kind is Expression:
            yield one
        elif kind is dict:
            waiting += reversed(one.values())
        elif kind is tuple or kind is list:
            waiting += reversed(one)
        else:
            waiting += [getattr(one, name) for name in reversed(_parts(kind))]


@cache
def _parts(kind: Any) -> tuple[str, ...]:
    """The parts of a spec that may hold expressions."""
    return () if kind in (Source, Place) else getattr(kind, "__struct_fields__", ())
