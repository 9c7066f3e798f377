"""One evaluation of a mapping over its sources: who asks, what each refers to, what is made of it.

What differs between payouts and orders is asked of ``Planning``; what a mapping's functions answer
becomes a document or a ``Stopped`` here, in the same words for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

from ..errors import ItemError
from ..language.program import CompiledMapping, Failure, Rendered
from .model import Row
from .reasons import FAILED, rendered_trace, stopped_at

# What a mapping may name of what it refers to, or needs, where that is not there.
NOTHING = {"rest": Decimal(0), "difference": Decimal(0), "outcome": "", "number": None,
           "customer": None, "vat_included": None}  # fmt: skip
# The code of a document that breaks a policy of the set.
POLICY = "policy"
# The code of what no mapping could be asked: a value of it can't be had.
UNASKED = "mapping-error"


@dataclass(slots=True)
class Sources:
    """The sources of a mapping that ask for a document, by key, with what it may name of each;
    those that are ``held`` will, when something else has been made. ``begun`` are those with a
    document that stands and is to be finished, with its number."""

    asking: MutableMapping[str, dict[str, Any]] = field(default_factory=dict)
    held: dict[str, Row] = field(default_factory=dict)
    begun: dict[str, str] = field(default_factory=dict)


class Planning(Protocol):
    """Payouts as a whole, whose lines share balances and a proof, or orders one by one."""

    def sources(self, mapping: CompiledMapping) -> Iterator[Sources]:
        """Who asks, those together that choose together; of all others it is told what becomes of
        them, where anything does."""

    def resolve(self, mapping: CompiledMapping, sources: Sources) -> None:
        """What each refers to, and what has to come first; who need not ask any more drops out."""

    def make(self, mapping: CompiledMapping, key: str, sources: Sources) -> None:
        """The document of a source, or why there is none."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """What becomes of a source that gets no document, and why."""

    state: str
    code: str
    because: str
    trace: dict[str, Any]

    @classmethod
    def by(cls, error: ItemError, stands: str = "") -> Stopped:
        """By a value that can't be had; ``stands`` is what is there already, as a beginning."""
        return cls("parked", UNASKED, stands + error.told(), stopped_at(error))


def evaluate(mapping: CompiledMapping, planning: Planning) -> None:
    """One mapping over all its sources."""
    for sources in planning.sources(mapping):
        planning.resolve(mapping, sources)
        for key in sources.asking:
            planning.make(mapping, key, sources)


def rendered(
    mapping: CompiledMapping,
    inputs: dict[str, Any],
    stands: str = "",
    *,
    traced: bool = True,
    whole: bool = True,
) -> Rendered | Stopped:
    """The document of a source, or what stops it: a value that can't be had, or its checks.

    Nothing to make is said only when nothing else is wrong. Without ``whole`` only what stops it is
    ``traced``.
    """
    try:
        made = mapping.render(inputs, traced=traced and whole)
    except ItemError as error:
        return Stopped.by(error, stands)
    if made.document is not None and not made.failures:
        return made
    failures = [one for one in made.failures if one.state != "done"] or made.failures
    state, code = FAILED[failures[0].state]
    because = stands + "; ".join(one.because for one in failures)
    if traced and not whole:
        made = mapping.render(inputs, traced=True)
    told = rendered_trace(made)
    return Stopped(state, code, because, {**told, "place": str(failures[0].place)})


def trace_of(mapping: CompiledMapping, inputs: Mapping[str, Any], made: Rendered) -> dict[str, Any]:
    """Named values and table rows of what was rendered, also where that was not traced."""
    return rendered_trace(made if made.trace else mapping.render(inputs, traced=True))


def judged(mapping: CompiledMapping, inputs: dict[str, Any], made: Rendered) -> Rendered | Stopped:
    """A document that is to be made, held against the policies of its set: one that breaks one is
    left to a person, unless that is only a warning."""
    broken = mapping.broken(made.document or {}, inputs)
    if not broken:
        return made
    errors = [one for one in broken if one.severity == "error"]
    if errors:
        because = "; ".join(one.told for one in errors)
        trace = trace_of(mapping, inputs, made)
        trace |= {"place": str(errors[0].place), "document": made.document}
        return Stopped("parked", POLICY, because, trace)
    told = tuple(Failure("warn", one.told, one.place) for one in broken)
    return made._replace(warnings=(*made.warnings, *told))
