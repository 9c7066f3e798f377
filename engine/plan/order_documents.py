"""The document of an order, a capture, a refund: rendered, and what becomes of it.

Reads what the mapping makes of a source and what the ledger knows of the same document; adds
outcomes and actions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..language.program import CompiledMapping, Rendered
from ..language.targets import target
from ..personal import called
from ..store.ledger import Action
from .evaluation import UNASKED, Sources, Stopped, judged, rendered
from .kept_traces import LEFT_OUT
from .model import Row
from .order_outcomes import case_of
from .reasons import in_place_of, refused_before, rendered_trace

if TYPE_CHECKING:
    from .orders import Orders

TO_POST = ("to-post", "to be posted")


def make_document(orders: Orders, mapping: CompiledMapping, key: str, sources: Sources) -> None:
    """The document of a source; of one that stands what is left to be done."""
    inputs, begun = sources.asking[key], sources.begun.get(key)
    row = inputs[mapping.spec.alias]
    made = rendered_or_told(orders, mapping, key, inputs, begun)
    if made is None:
        return
    trace = rendered_trace(made) or (dict.fromkeys(LEFT_OUT) if orders.outcomes.traced else {})
    for one in made.warnings:
        said_of = called(mapping.spec.name, key)
        orders.warned.setdefault(one.because, []).append(said_of)
    action = _action(orders, mapping, key, row, made, int(inputs["earlier"]), begun)
    before = orders.delivered.actions.get(action.action)
    progress = orders.delivered.progress.get(action.action)
    trace["document"] = action.document
    retry = begun or (orders.resolved.get(key) or {}).get("kind") == "retry"
    refusal = None if retry else refused_before(action, before, progress, orders.catalogue)
    if refusal is not None:
        orders.tell(mapping, key, row, "parked", "refused", refusal, trace, action.action, inputs)
        return
    orders.plan.actions.append(action)
    named = target(action.target).told(begun)
    code, why = ("to-finish", f"{named} stands and is to be finished") if begun else TO_POST
    if "replaces" in action.facts:
        why += in_place_of(action)
    orders.tell(mapping, key, row, "planned", code, why, trace, action.action, inputs)


def rendered_or_told(
    orders: Orders,
    mapping: CompiledMapping,
    key: str,
    inputs: dict[str, Any],
    begun: str | None,
    tried: dict[str, Any] | None = None,
) -> Rendered | None:
    """The document of a source, or None after telling why there is none; ``tried`` are inputs of
    which some are only assumed."""
    row = inputs[mapping.spec.alias]
    stands = f"{target(mapping.spec.target).told(begun)} stands and is not finished: "
    stands = stands if begun else ""
    made = rendered(mapping, tried or inputs, stands, traced=orders.outcomes.traced,
                    whole=orders.outcomes.whole)  # fmt: skip
    if not isinstance(made, Stopped) and not begun:
        made = judged(mapping, tried or inputs, made)
    if not isinstance(made, Stopped):
        return made
    doubtful = made.state == "parked" and made.code != UNASKED and orders.cards.presumed(inputs)
    if doubtful and not orders.again:
        # It may have been mended before it was listed for the first time.
        told = orders.ask("fortnox.customer", inputs["card"]["CustomerNumber"])
        orders.tell(mapping, key, row, "waiting", "unread", told, made.trace)
    elif made.state == "done":
        orders.nothing(mapping, key, row, made.because, made.trace, inputs)
    else:
        orders.tell(mapping, key, row, made.state, made.code, made.because, made.trace,
                    inputs=inputs)  # fmt: skip
    return None


def action_name(mapping: CompiledMapping, key: str, earlier: int) -> str:
    """The id of an action: its mapping's, its source's, and which of several it is."""
    return f"{mapping.spec.name}-{key}" + (f"-{earlier + 1}" if earlier else "")


def _action(
    orders: Orders,
    mapping: CompiledMapping,
    key: str,
    row: Row,
    made: Rendered,
    earlier: int,
    begun: str | None,
) -> Action:
    facts: dict[str, Any] = {}
    if made.confirm:
        facts["confirm"] = made.confirm
    staged = target(mapping.spec.target).calls.get("staged")
    if mapping.spec.renews and (replaced := orders.delivered.replaced(key, staged)):
        facts["replaces"] = replaced
    return Action(
        action_name(mapping, key, earlier), mapping.spec.name, mapping.spec.target, key,
        case_of(row), (), made.document or {}, made.identity, made.then,
        facts=facts, adopted=begun,
    )  # fmt: skip
