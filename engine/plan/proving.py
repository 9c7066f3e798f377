"""Proves each payout: its lines, as the conventions read them, against Qliro's own totals.

Reads staged lines and summaries, writes nothing. A disagreement is explained by trying what the
lines would come to under the other conventions that a merchant may declare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from ..errors import ItemError
from ..language.compile import compile_set, only
from ..language.program import Program
from ..language.required_columns import LINE
from ..store.database import Store
from .model import Payout
from .proof import Proof, prove


def prove_payouts(
    store: Store,
    program: Program,
    settings: Mapping[str, Any],
    convention_choices: Mapping[str, Sequence[str]],
    payouts: Mapping[str, Payout],
) -> dict[str, Proof]:
    """The proof of each payout by its key: its lines against Qliro's own totals and summaries."""
    return {
        payout.key: prove(
            payout.key,
            payout.batches,
            store.rows(SUMMARIES, [[batch["Id"] for batch in payout.batches]]),
            [line for line in payout.lines if not line["vanished"]],
            settings["conventions"],
            convention_choices,
            partial(_gross_under, program, settings),
        )
        for payout in payouts.values()
    }


# Qliro's own summaries of batches.
SUMMARIES = """
SELECT * FROM qliro.settlement_summary WHERE list_contains(?, Id) ORDER BY Id, part
"""


def _gross_under(
    program: Program,
    settings: Mapping[str, Any],
    conventions: Mapping[str, Any],
    lines: Sequence[Mapping[str, Any]],
) -> list[Decimal | None]:
    """What the lines' signed amounts would be under other conventions."""
    key = tuple(sorted(conventions.items()))
    other = program.readings.get(key)
    if other is None:
        merged = {**settings["conventions"], **conventions}
        reading = only(program.mapping_set, LINE)
        other = compile_set(reading, {**settings, "conventions": merged})
        program.readings[key] = other
    result: list[Decimal | None] = []
    for line in lines:
        try:
            result.append(other.derive(LINE, line)["gross"])
        except ItemError:
            result.append(None)
    return result
