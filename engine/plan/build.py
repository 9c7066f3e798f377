"""Makes the plan: every mapping over every open line and payout, until each line has a state.

Reads staged tables, the ledger and the registers; writes only temp tables of the matching. What is
already delivered is recognised and left alone; what stands in the target from elsewhere is adopted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from .. import json_text
from ..error_catalogue import Catalogue
from ..language.program import Program
from ..packed import Packed
from ..scope import ALL, Scope
from ..store.books import Books
from ..store.database import Store
from .evaluation import evaluate
from .model import PackedOutcomes, Plan, Row
from .order_rows import open_orders, unknown_orders, unread_orders
from .orders import plan_orders
from .payout_rows import open_payouts
from .payouts import Payouts
from .proving import prove_payouts


def make_plan(
    store: Store,
    program: Program,
    settings: Mapping[str, Any],
    books: Books,
    convention_choices: Mapping[str, Sequence[str]],
    catalogue: Catalogue,
    *,
    flows: Collection[str],
    scope: Scope = ALL,
    again: bool = False,
    traced: bool = True,
    whole: bool = True,
    derived: dict[str, list[Row]] | None = None,
    packed: bool = False,
) -> Plan:
    """The plan as of what is staged now, of the payouts and orders that are in ``scope``.

    ``convention_choices`` are the values each convention may have, to explain a disagreement;
    ``flows`` are those that are on. With ``again`` nothing has been read since the last plan: a
    source whose document has just been finished gets no further one. Without ``traced`` it is not
    told of orders which inputs, named values and table rows decided, nor that others made documents
    of them too; without ``whole`` the trace of a document lacks what is not written down of it
    (``kept_traces``). ``derived`` are rows that were derived before for the same orders, by entity;
    to it those are added that are derived here. With ``packed`` lines, outcomes and actions are
    held as bytes, and are other objects at each look.
    """
    payouts_from: date = settings["payouts_from"]
    wanted = scope.payouts if "payouts" in flows else ()
    digest = _digest(program, settings)
    payouts, unreadable = open_payouts(
        store, program, payouts_from, wanted, packed=packed, rules=digest
    )
    movers = frozenset(name for name, one in program.mappings.items() if one.spec.moves)
    plan = Plan(
        digest, payouts, movers=movers, problems=unreadable, scope=scope,
        books=books, outcomes=PackedOutcomes() if packed else [],
        actions=Packed() if packed else [],
    )  # fmt: skip
    of_orders = Plan("", scope=scope)
    of_payouts = Payouts(
        store, program, settings, books, catalogue, plan, of_orders, again=again, whole=whole,
        packed=packed,
    )
    plan.proofs |= prove_payouts(store, program, settings, convention_choices, payouts)
    of_payouts.known()
    of_payouts.set_aside()
    # A line asks what becomes of its own transaction, so orders come first; they are told last.
    if set(flows) - {"payouts"}:
        of_orders.orders = open_orders(store, settings["orders_from"] or payouts_from, scope)
        of_orders.problems += unknown_orders(store, scope)
        of_orders.problems += unread_orders(store, of_orders.orders)
        plan_orders(store, program, settings, books, catalogue, of_orders, flows, again=again,
                    traced=traced, whole=whole, derived=derived)  # fmt: skip
    elif scope.orders or scope.is_period:
        of_orders.problems.append(NO_ORDERS)
    for mapping in program.mappings.values():
        if mapping.spec.needs_proof:
            evaluate(mapping, of_payouts)
    of_payouts.uncovered()
    plan.warnings = of_payouts.warnings()
    plan.add(of_orders)
    return plan


# Why nothing becomes of orders that somebody names.
NO_ORDERS = (
    "Nothing is done about orders: of the flows that handle them none is on. A line of a payout is "
    "looked at again in every run; --payout names a payout."
)


def _digest(program: Program, settings: Mapping[str, Any]) -> str:
    """Of all that decides: the texts of the mappings and the settings."""
    return json_text.digest([program.mapping_set.digest, dict(settings)])


