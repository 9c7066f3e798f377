"""Whether a merchant's state is at rest: a whole plan of it held nothing, and nothing came since.

Reads and writes one stream of ``raw.cursor``. A plan is made of what is staged, decided and done,
of the mappings, the settings and this program, and of nothing else; where all of that is as it was
when a plan held no payout, no order and no sentence, the next one would hold none either. What
reopens an item (a batch's header, an invoice's balance, an answer about an order) is staged; what a
person decides is in the ledger.
"""

from __future__ import annotations

from datetime import datetime

from . import json_text
from .extract.raw import cursor, move_cursor
from .plan.model import Plan
from .store.database import Store

STREAM = "plan.rest"

# What a plan is made of, as far as it lies in the database; all of it only grows.
REACHED = """
SELECT
    (SELECT coalesce(max(seq), 0) FROM raw.staged)      AS staged,
    (SELECT coalesce(max(seq), 0) FROM ledger.event)    AS events,
    (SELECT count(*) FROM ledger.action)                AS actions,
    (SELECT count(*) FROM ledger.resolution)            AS resolutions,
    (SELECT count(*) FROM ledger.activation)            AS activations
"""


def is_at_rest(store: Store, mappings: str) -> bool:
    """Whether a plan by these mappings (their digest) held nothing, and nothing came since."""
    return cursor(store, STREAM) == _mark(store, mappings)


def note_rest(store: Store, mappings: str, at: datetime) -> None:
    """Write down that a plan of what is staged now held, or would hold, nothing."""
    move_cursor(store, STREAM, _mark(store, mappings), at)


def holds_nothing(plan: Plan) -> bool:
    """Whether a plan of all that is open has nothing in it, nor to say."""
    return plan.scope.is_all and not any(
        (plan.payouts, plan.orders, plan.outcomes, plan.actions, plan.unread, plan.warnings,
         plan.problems)
    )  # fmt: skip


def _mark(store: Store, mappings: str) -> str:
    (reached,) = store.rows(REACHED)
    return json_text.digest([mappings, list(reached.values())])
