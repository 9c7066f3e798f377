"""What follows from a plan as plain data, for ``plan --json`` and a plan file.

Pure; `apply` reads none of it.
"""

from __future__ import annotations

from typing import Any

from .rounds import Followed


def as_data(followed: Followed) -> dict[str, Any]:
    """``actions`` with their documents and, under ``as_if``, the supposed documents that each goes
    by; ``outcomes`` as they are told then; ``unknown`` by action why nothing follows from it."""
    outcomes = {one.action: one for one in followed.outcomes if one.action}
    return {
        "actions": [
            {
                "action": one.action, "mapping": one.mapping, "target": one.target,
                "payout": one.payout, "source": one.source, "adopts": one.adopted,
                "document": one.document,
                "as_if": [
                    {"number": other.number, "called": other.called, "action": other.action}
                    for other in (
                        followed.after(outcomes[one.action]) if one.action in outcomes else ()
                    )
                ],
            }
            for one in followed.actions
        ],
        "outcomes": [
            {
                "mapping": one.mapping, "source": one.source, "payout": one.payout,
                "state": one.state, "code": one.code, "reason": one.reason, "action": one.action,
            }
            for one in followed.outcomes
        ],
        "unknown": followed.unknown,
    }  # fmt: skip
