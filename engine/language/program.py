"""What a mapping set becomes: the compiled mappings and what each of them renders.

The shapes here are what the later stages work with; ``compile`` makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from ..errors import Finding, ItemError, Place
from .expressions import Expression
from .spec import Against, MappingSet, MappingSpec, Require, Step
from .tables import Hit, Lookup

Row = Mapping[str, Any]


class Books(Protocol):
    """What expressions may ask of the merchant's books. A null date gives null or false."""

    def next_open_day(self, day: date | None) -> date | None: ...
    def is_open(self, day: date | None) -> bool: ...
    def financial_year(self, day: date | None) -> int | None: ...
    def in_closed_year(self, day: date | None) -> bool: ...
    def takes_vouchers(self, series: str | None, day: date | None) -> bool: ...
    def has_account(self, number: int | None, day: date | None) -> bool: ...
    def has_article(self, number: str | None) -> bool: ...
    def has_currency(self, code: str | None) -> bool: ...
    def has_terms(self, code: str | None) -> bool: ...
    def rounds(self, currency: str | None) -> bool: ...


class NotYet(Exception):  # noqa: N818 — it says what was met
    """Rows were asked for that are not there yet, or never will be."""


Belonging = Callable[[str], list[Any]]


def nothing_belongs(_alias: str) -> list[Any]:
    """The rows that belong to a row of which no others are known."""
    return []


class NoBooks:
    """Books of which nothing is known: nothing is in them, and no day is open."""

    def next_open_day(self, _day: date | None) -> date | None:
        return None

    def is_open(self, _day: date | None) -> bool:
        return False

    def financial_year(self, _day: date | None) -> int | None:
        return None

    def in_closed_year(self, _day: date | None) -> bool:
        return False

    def takes_vouchers(self, _series: str | None, _day: date | None) -> bool:
        return False

    def has_account(self, _number: int | None, _day: date | None) -> bool:
        return False

    def has_article(self, _number: str | None) -> bool:
        return False

    def has_currency(self, _code: str | None) -> bool:
        return False

    def has_terms(self, _code: str | None) -> bool:
        return False

    def rounds(self, _currency: str | None) -> bool:
        return False


NO_BOOKS = NoBooks()


class Failure(NamedTuple):
    """A check that does not hold: ``state`` is park or wait (warn for a warning), and why."""

    state: str
    because: str
    place: Place


class Broken(NamedTuple):
    """A policy that a document breaks: which (``nordic.cost-centre``), its severity (error or
    warning), the sentence, where it stands, and the rows it is about, from 1."""

    policy: str
    severity: str
    because: str
    place: Place
    rows: tuple[int, ...]

    @property
    def told(self) -> str:
        """The sentence with the policy's name."""
        return f"breaks the policy {self.policy}: {self.because}"


class Trace(NamedTuple):
    """How a document came to be: the named values that were evaluated, the table rows that hit."""

    lets: dict[str, Any]
    tables: list[Hit]


class Rendered(NamedTuple):
    """A document, or the reasons why there is none (``document`` is None then).

    ``then`` are the actions that follow its creation; ``confirm`` is by field of the target's
    document what it must be and by how much it may differ.
    """

    document: dict[str, Any] | None
    covers: list[Any]
    moves: list[Any]
    identity: dict[str, dict[str, Any]]
    failures: Sequence[Failure]
    warnings: Sequence[Failure]
    trace: Trace | None
    then: tuple[str, ...] = ()
    confirm: dict[str, list[Any]] | None = None


class CompiledStep(Struct, frozen=True):
    """A step of a match with the settings known: ``field`` is the column, where it has one."""

    spec: Step
    field: str | None


class CompiledRequire(Struct, frozen=True):
    """A condition of a candidate; ``because`` takes the inputs by alias and ``it``."""

    spec: Require
    because: Callable[[Row], str]


class Order(Struct, frozen=True):
    """What candidates are sorted by; a text sorts as the number that it is."""

    value: Expression
    is_text: bool


class CompiledAgainst(Struct, frozen=True):
    """What must not contradict a candidate, with the settings known: ``fields``, ``digits`` and
    ``pairs_field`` are columns."""

    spec: Against
    fields: tuple[str, ...]
    digits: str
    prefix: str
    pairs_field: str


class CompiledMatch(Struct, frozen=True):
    """A match with the settings known; ``awaits`` by entity whether the source's transaction, where
    it is not known yet, is one of these."""

    alias: str
    entity: str
    steps: tuple[CompiledStep, ...]
    awaits: Mapping[str, Callable[[Row], bool]]
    against: CompiledAgainst | None
    require: tuple[CompiledRequire, ...]
    of: Expression | None
    amount: Expression | None
    tolerance: Decimal
    whole: bool
    order: tuple[Order, ...]
    outcome: Mapping[str, str]


class CompiledRelated(Struct, frozen=True):
    """Rows that belong to the source: those of ``entity`` whose ``columns`` hold ``key(inputs)``,
    and ``when``, which is None where any will do; with ``never`` the settings say that there are
    none."""

    entity: str
    columns: tuple[str, ...]
    key: Callable[[Row], tuple[Any, ...]]
    when: Callable[[Row], bool] | None
    never: bool


class CompiledMapping(Struct, frozen=True):
    """A mapping as functions of its inputs by alias.

    ``amount`` is what its match consumes; ``covered`` what its document would cover, also when
    there is none yet. ``at_once``: ``applies`` asks for no rows that belong to the source.
    ``nothing`` says why there is nothing to make of it, where that is so. ``card`` is whose card in
    Fortnox must have been read, where the mapping says so.
    """

    spec: MappingSpec
    match: Mapping[str, CompiledMatch]
    applies: Callable[[Row], bool]
    nothing: Callable[[Row], str | None]
    at_once: bool
    per: Callable[[Row], Any]
    after: Callable[[Row], dict[str, Any] | None]
    related: Mapping[str, CompiledRelated]
    card: Callable[[Row], Any] | None
    amount: Callable[[Row], Any]
    covered: Callable[[Row], list[Any]]
    _judge: Callable[[Mapping[str, Any], Row], list[Broken]] | None
    _render: Callable[[Row], Rendered]
    _trace: Callable[[Row], Rendered]
    _own: Callable[[], Callable[[Row], Sequence[Failure]]]
    _part: Callable[[frozenset[str]], Callable[[Row], Rendered]]
    _source: Callable[[], str]

    @property
    def source(self) -> str:
        """The Python that renders it."""
        return self._source()

    def render(self, inputs: Row, traced: bool = False) -> Rendered:
        """The document for these inputs. Raises ItemError when a value cannot be had."""
        return self._trace(inputs) if traced else self._render(inputs)

    def heard(self, hear: Callable[[Row, Rendered | ItemError], None]) -> CompiledMapping:
        """The same mapping, which tells ``hear`` of each document that is rendered without a trace:
        of which inputs, and what came of it."""
        own = self._render

        def render(inputs: Row) -> Rendered:
            try:
                made = own(inputs)
            except ItemError as error:
                hear(inputs, error)
                raise
            hear(inputs, made)
            return made

        return replace(self, _render=render)

    def fields(self, names: frozenset[str], inputs: Row) -> Mapping[str, Any]:
        """These fields of the document, as far as it has them, and nothing else: no check is asked.
        Raises ItemError when a value cannot be had."""
        return self._part(names)(inputs).document or {}

    def broken(self, document: Mapping[str, Any], inputs: Row) -> list[Broken]:
        """The policies of the set that a document of this mapping breaks, made of these inputs; a
        policy that can't be asked of it is broken."""
        return [] if self._judge is None else self._judge(document, inputs)

    def own_failures(self, inputs: Row) -> Sequence[Failure]:
        """Of the checks that ask for nothing but the source and the rows that belong to it those
        that do not hold, whether its document stands or not. Raises ItemError like ``render``."""
        return self._own()(inputs)


class CompiledEntity(Struct, frozen=True):
    """The derived columns of an entity as a function of a row and the books; they are put into a
    third argument, which may be the row itself, once all of them are there.

    A fourth gives the rows that belong to it, by name. Where it raises ``NotYet`` the columns that
    need no such rows are there, and ``derive`` raises it too. ``related`` are those rows, ``reads``
    the columns of the row itself that they are made of, ``late`` those that need other rows. They
    are made of ``seen`` of those rows, by name; None where that is not known.
    """

    derive: Callable[..., dict[str, Any]]
    trace: Callable[[Row, Books, Belonging], tuple[dict[str, Any], list[Hit]]]
    related: Mapping[str, CompiledRelated]
    reads: frozenset[str]
    late: tuple[str, ...]
    seen: Mapping[str, tuple[str, ...]] | None
    source: str


class Program(Struct, frozen=True, eq=False):
    """A compiled mapping set; ``mappings`` in the order in which they are to be evaluated."""

    mapping_set: MappingSet
    settings: Mapping[str, Any]
    mappings: Mapping[str, CompiledMapping]
    entities: Mapping[str, CompiledEntity]
    tables: Mapping[str, Lookup]
    warnings: Sequence[Finding]
    # How rows are read under other settings, as far as that was asked for.
    readings: dict[Any, Program] = field(default_factory=dict)

    def derive(
        self,
        entity: str,
        row: Row,
        books: Books = NO_BOOKS,
        belonging: Belonging = nothing_belongs,
    ) -> dict[str, Any]:
        """The derived columns of a row. Raises ItemError when a table refuses it."""
        compiled = self.entities.get(entity)
        return compiled.derive(row, books, None, belonging) if compiled else {}

    def derive_rows(
        self, entity: str, rows: Iterable[Row], books: Books = NO_BOOKS
    ) -> list[dict[str, Any] | ItemError]:
        """The same for many rows; one that cannot be read gives its error, the rest go on."""
        compiled = self.entities.get(entity)
        if compiled is None:
            return [{} for _row in rows]
        result: list[dict[str, Any] | ItemError] = []
        for row in rows:
            try:
                result.append(compiled.derive(row, books))
            except ItemError as error:
                result.append(error)
        return result

    def trace_derive(
        self,
        entity: str,
        row: Row,
        books: Books = NO_BOOKS,
        belonging: Belonging = nothing_belongs,
    ) -> tuple[dict[str, Any], list[Hit]]:
        """The derived columns, and the table rows that decided them."""
        compiled = self.entities.get(entity)
        return compiled.trace(row, books, belonging) if compiled else ({}, [])
