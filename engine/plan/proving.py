"""Proves each payout: its lines, as the conventions read them, against Qliro's own totals.

Reads staged lines and summaries, writes nothing. A disagreement is explained by trying what the
lines would come to under the other conventions that a merchant may declare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from ..errors import ItemError
from ..language.compile import compile_set, only
from ..language.program import Program
from ..language.required_columns import LINE
from ..store.database import Store
from .model import Payout, Row
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
            [{name: line[name] for name in PROVED} for line in _still_told(payout)],
            settings["conventions"],
            convention_choices,
            partial(_gross_under, program, settings, payout),
        )
        for payout in payouts.values()
    }


# What a proof is made of: of many lines no more is held at once.
PROVED = ("line", "Id", "Status", "Type", "Action", "CurrencyCode", "Amount", "gross")


def _still_told(payout: Payout) -> Iterator[Row]:
    return (line for line in payout.lines if not line["vanished"])


# Qliro's own summaries of batches.
SUMMARIES = """
SELECT * FROM qliro.settlement_summary WHERE list_contains(?, Id) ORDER BY Id, part
"""


def _gross_under(
    program: Program,
    settings: Mapping[str, Any],
    payout: Payout,
    conventions: Mapping[str, Any],
    _lines: Sequence[Row],
) -> list[Decimal | None]:
    """What the signed amounts of the payout's lines would be under other conventions."""
    key = tuple(sorted(conventions.items()))
    other = program.readings.get(key)
    if other is None:
        merged = {**settings["conventions"], **conventions}
        reading = only(program.mapping_set, LINE)
        other = compile_set(reading, {**settings, "conventions": merged})
        program.readings[key] = other
    result: list[Decimal | None] = []
    for line in _still_told(payout):
        try:
            result.append(other.derive(LINE, line)["gross"])
        except ItemError:
            result.append(None)
    return result
