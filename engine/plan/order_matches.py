"""What orders, captures and refunds refer to, and what is done where their document is there.

Reads the look-ups of a mapping's matches; sources that find what they must not drop out, with an
outcome, and so do those whose document is adopted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..language.program import CompiledMapping
from ..language.targets import target
from ..match.lookup import Found
from ..store.ledger import Action, owned_numbers
from .entities import ENTITIES, LISTED
from .evaluation import NOTHING, Sources
from .matching import lookups
from .model import Row
from .order_documents import action_name
from .order_outcomes import case_of
from .reasons import UNDECLARED, found_as

if TYPE_CHECKING:
    from .orders import Orders

DEFAULTS = {"one": "use", **UNDECLARED}  # of a match that does not say what follows
NOTHING_YET = "nothing in Fortnox carries its reference yet"


def look_up(orders: Orders, mapping: CompiledMapping, alias: str, sources: Sources) -> None:
    """Look up what each source refers to; those that find what they must not drop out."""
    its = mapping.spec.alias
    rows = {key: one[its] for key, one in sources.asking.items()} | sources.held
    if not rows:
        return
    match = mapping.match[alias]
    stream = ENTITIES[match.entity].stream
    # All that asked may still do so: then the table of those that ask is as the last match left it.
    asked = mapping.spec.name, rows.keys()
    found, documents, needs = lookups(
        orders.store, mapping, match, orders.settings, rows, loaded=asked == orders.asked
    )
    orders.asked = asked
    if needs and not orders.unread.replayed:
        orders.plan.unread += needs
    for key, one in found.items():
        if key not in sources.asking:
            continue
        inputs = sources.asking[key]
        row = inputs[its]
        inputs["match"][alias] = {**NOTHING, "outcome": one.outcome}
        if one.outcome == "none" and needs and not orders.unread.replayed:
            told = "what carries its reference in Fortnox could not be looked for yet"
            if orders.again:
                told = "what carries its reference in Fortnox is looked for by the next run"
            orders.tell(mapping, key, row, "waiting", "unread", told)
            del sources.asking[key]
            continue
        makes = one.outcome == "none" and LISTED.get(mapping.spec.target) == stream
        if makes and (why := orders.unread.hidden(stream)) is not None:
            orders.tell(mapping, key, row, "waiting", "unread", why)
            del sources.asking[key]
            continue
        document = documents[one.document] if one.document else None
        if _settled(orders, mapping, alias, key, one, document, sources):
            del sources.asking[key]
            continue
        if document is not None and match.whole and document.get("unread"):
            told = orders.ask(match.entity, str(one.document))
            orders.tell(mapping, key, row, "waiting", "unread", told, {"match": one.trace()})
            del sources.asking[key]
        inputs[alias] = document


def _settled(
    orders: Orders,
    mapping: CompiledMapping,
    alias: str,
    key: str,
    found: Found,
    document: Row | None,
    sources: Sources,
) -> bool:
    """Whether the look-up decides already what becomes of the source."""
    outcome, row = mapping.match[alias].outcome, sources.asking[key][mapping.spec.alias]
    policy = found.outcome  # wait or park, unless there is one, none, or several
    if policy in DEFAULTS:
        policy = outcome.get(policy, DEFAULTS[policy])
    if policy == "first":
        policy = outcome.get("one", "use")
    steps = mapping.spec.match[alias].steps
    if found.outcome == "one" and any(one.ours and one.name == found.step for one in steps):
        if not is_complete(mapping, document or {}) and not _owner(orders, mapping, key, found):
            sources.begun[key] = str(found.document)
            return False
        policy = "adopt"
    if policy in ("use", "go"):
        return False
    trace = {"match": found.trace()}
    if policy == "done":
        why = f"{found.named} is there already ({found.reason})"
        orders.nothing(mapping, key, row, why, trace)
        return True
    if policy == "adopt":
        whole = mapping.match[alias].whole and not orders.unread.replayed
        if whole and document is not None and document.get("unread"):
            told = orders.ask(mapping.match[alias].entity, str(found.document))
            orders.tell(mapping, key, row, "waiting", "unread", told, trace)
            return True
        return _adopted(orders, mapping, key, found, trace, sources)
    state = {"wait": "waiting", "park": "parked"}[policy]
    code = {"none": "nothing-found", "several": "ambiguous", "one": "already-there"}.get(
        found.outcome, "not-ready"
    )
    reason = found.reason
    if found.outcome == "none" and state == "waiting" and not found.losers:
        told = f"{NOTHING_YET}; {found.near}" if found.near else NOTHING_YET
        orders.tell(mapping, key, row, state, code, told, trace)
        return True
    if found.outcome == "one":
        reason = f"{found.named} already carries its reference ({found.reason})"
    orders.tell(mapping, key, row, state, code, reason, trace)
    return True


def _adopted(
    orders: Orders, mapping: CompiledMapping, key: str, found: Found, trace: Row, sources: Sources
) -> bool:
    """Own the document that somebody made; one that is another source's is left to a person,
    unless several sources may share it."""
    spec, number, inputs = mapping.spec, str(found.document), sources.asking[key]
    row = inputs[spec.alias]
    owner = _owner(orders, mapping, key, found)
    if owner and spec.per is None:
        why = f"{found.named} carries its reference and is the document of {owner}"
        orders.tell(mapping, key, row, "parked", "ambiguous", why, trace)
        return True
    earlier = int(inputs["earlier"])
    name = action_name(mapping, key, earlier)
    nothing: dict[str, Any] = {"ask": {}, "agree": {}, "adopt": {}}
    action = Action(name, spec.name, spec.target, key, case_of(row), (), {}, nothing,
                    adopted=number, facts={"document": number})  # fmt: skip
    orders.plan.actions.append(action)
    orders.tell(mapping, key, row, "adopted", "adopted", found_as(spec.target, number), trace,
              action.action)  # fmt: skip
    return True


def _owner(orders: Orders, mapping: CompiledMapping, key: str, found: Found) -> str:
    """Which other action owns a document that was found, if one does; else this one's does."""
    spec = mapping.spec
    name = action_name(mapping, key, len(orders.delivered.of(spec.name, key)))
    if spec.target not in orders.owned:
        orders.owned[spec.target] = owned_numbers(orders.store, spec.target)
    owner = orders.owned[spec.target].setdefault(str(found.document), name)
    return owner if owner != name else ""


def is_complete(mapping: CompiledMapping, document: Row) -> bool:
    """Whether a document shows that the last of the steps that follow it, if any, was taken."""
    if not mapping.spec.then:
        return True
    aim, last = target(mapping.spec.target), mapping.spec.then[-1].step
    return last in aim.calls["then"] and aim.carried_out(last, document) is True
