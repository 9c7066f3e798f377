"""What coverage costs: the same lines derived and their payments mapped, compiled to count and not.

Both sides in turns, in one process, by processor time; of each its best turn. The benchmark stops
if a document differs, or if a line was not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.figure import Figure
from benchmarks.mapping import Books, lines, program
from engine.language.counts import Counts, counting
from engine.language.program import Program, Rendered

SECONDS, ROUNDS = 0.5, 8  # of a turn, and turns of each side
MOST = 0.15  # of mapping


def _mapping(
    compiled: Program, inputs: Sequence[Mapping[str, Any]]
) -> Callable[[], list[Rendered]]:
    """Derives the columns of each line and renders its document, once."""
    payment, books = compiled.mappings["payment"], Books()

    def once() -> list[Rendered]:
        made = []
        for one in inputs:
            compiled.derive("qliro.settlement_line", one["line"], books)
            made.append(payment.render(one))
        return made

    return once


def run() -> list[Figure]:
    """The figure of coverage."""
    plain, counts = program(), Counts()
    inputs = lines(plain)
    with counting(counts):
        sides = [_mapping(plain, inputs), _mapping(program(), inputs)]
        same = [[one.document for one in made()] for made in sides]
        assert same[0] == same[1]  # noqa: S101 — the same work
        hits = counts.all().values()
        assert len(inputs) in hits  # noqa: S101 — and it was counted
        best = [float("inf"), float("inf")]
        for _round in range(ROUNDS):
            for side, once in enumerate(sides):
                times, begun = 0, time.process_time()
                while (spent := time.process_time() - begun) < SECONDS:
                    once()
                    times += 1
                best[side] = min(best[side], spent / times)
    more = best[1] / best[0] - 1
    shown = [f"{len(inputs) / one:,.0f} documents/s" for one in best]
    return [
        Figure(
            "coverage of rules, what it adds to mapping", shown[1], shown[0], more,
            f"at most {MOST}", more <= MOST,
        )
    ]  # fmt: skip
