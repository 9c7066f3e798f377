"""A mapping set as loaded: mappings, entities and tables with their expressions parsed.

Nothing here is evaluated. The spec is what a person wrote, with a place for every part; ``load``
makes it and ``compile`` turns it into functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import Finding, Place
from .expressions import Expression
from .kinds import Type
from .laid import Change
from .source import Source

# What is proved to balance as a whole.
PROVED = ("qliro.settlement_line", "qliro.payout")


@dataclass(frozen=True, slots=True)
class Related:
    """Rows that belong to the source: of ``entity``, joined by columns, and only those ``when``."""

    alias: str
    entity: str
    on: Mapping[str, Expression]
    when: Expression | None
    uncovered: bool
    fresh: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Step:
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


@dataclass(frozen=True, slots=True)
class Require:
    """What a candidate must be; ``otherwise`` is skip, wait or park."""

    that: Expression
    otherwise: str
    because: Expression
    place: Place
    id: str
    essential: bool


@dataclass(frozen=True, slots=True)
class Consume:
    """How much of a candidate's amount a match takes."""

    of: Expression
    amount: Expression
    tolerance: Expression | None


@dataclass(frozen=True, slots=True)
class Against:
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


@dataclass(frozen=True, slots=True)
class Match:
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


@dataclass(frozen=True, slots=True)
class Check:
    """What must hold; ``state`` is park, wait or done when it does not.

    ``until`` is the mapping that makes what is missing, if one does. No overlay can weaken what is
    ``essential``.
    """

    that: Expression
    because: Expression
    state: str
    place: Place
    until: str = ""
    id: str = ""
    essential: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """When there is nothing to make of a source, whatever else is known of it."""

    when: Expression
    because: Expression


@dataclass(frozen=True, slots=True)
class Then:
    """An action that follows creation, perhaps only ``when``."""

    step: str
    when: Expression | None
    place: Place


@dataclass(frozen=True, slots=True)
class Confirm:
    """What a field of the target's own document must be, give or take ``within``."""

    expected: Expression
    within: Expression | None


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a document: a value, perhaps only ``when``; or rows."""

    name: str
    place: Place
    value: Expression | None = None
    when: Expression | None = None
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """Rows of a list: one, or one for each item of ``each``, or one for each ``group`` of them."""

    place: Place
    id: str
    alias: str
    each: Expression | None
    group: Expression | None
    when: Expression | None
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """How the finished document is found again: what to ask for, what must agree. ``since`` holds
    the ``date`` before which no document of somebody else can be this one, and ``because``."""

    ask: Mapping[str, Expression]
    agree: tuple[str, ...]
    adopt: tuple[str, ...]
    since: Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class MappingSpec:
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
    source: Source = field(repr=False)

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


@dataclass(frozen=True, slots=True)
class EntitySpec:
    """How the rows of an entity are read: columns derived from its own, from each other, and from
    the rows that belong to it. ``lets`` are values that only those name: no columns."""

    entity: str
    alias: str
    related: Mapping[str, Related]
    lets: Mapping[str, Expression]
    derive: Mapping[str, Expression]
    source: Source = field(repr=False)

    @property
    def named(self) -> Mapping[str, Expression]:
        """All that its expressions may name of each other."""
        return {**self.lets, **self.derive}


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a decision table: conditions by input, outputs."""

    number: int
    when: Mapping[str, Any]
    then: Mapping[str, Expression]
    place: Place
    id: str


@dataclass(frozen=True, slots=True)
class TableSpec:
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
    source: Source = field(repr=False)


@dataclass(frozen=True, slots=True)
class MappingSet:
    """All that a folder (and its overlay) declares; ``warnings`` did not stop it from loading.

    ``files`` holds each text by name (``overlay:NAME`` for an overlay's), ``digest`` their SHA-256.
    ``sources`` are by kind and name (``mapping payment``); ``about`` is the set's own file, if it
    has one; ``changes`` are what the overlay does to the set.
    """

    mappings: Mapping[str, MappingSpec]
    entities: Mapping[str, EntitySpec]
    tables: Mapping[str, TableSpec]
    files: Mapping[str, str]
    digest: str
    warnings: Sequence[Finding]
    settings_type: Type
    columns: Mapping[str, Mapping[str, Type]] = field(repr=False)
    targets: Mapping[str, Mapping[str, Any]] = field(repr=False)
    sources: Mapping[str, Source] = field(repr=False)
    about: Source | None
    changes: Sequence[Change]

    def origin(self, what: str, path: Sequence[str | int] = ()) -> Place:
        """Where the value at ``path`` of ``what`` (``mapping payment``) comes from."""
        return self.sources[what].place(path)
