"""Bodies of answers, by column: a good entry among which fields are odd in any combination.

Staging takes whatever comes: it raises nothing, and the entries beside the odd one are there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import few_rows
from odd import sweep

from engine.extract.raw import keep
from engine.extract.readable import shapes
from engine.stage.staging import stage
from engine.transport.endpoints import by_name
from fuzz.values import ODD, spoiled

KEY = b"\0" * 32


@cache
def good(name: str, number: int) -> Any:
    """An entry of an endpoint's answer as one would come."""
    shape = sweep.entry_shape(by_name(name))
    of = "" if shape is shapes()[name] else by_name(name).key or ""
    return sweep.good(shape, number, of)


def play(chance: Random, _folder: Path) -> str:
    """One endpoint: an odd entry between two good ones, alone, and a good one after it."""
    name = chance.choice(sorted(shapes()))
    entry = spoiled(chance, good(name, 20), odd=ODD)
    store = few_rows.plainly(few_rows.in_memory())
    answers = sweep.answers(
        name, [(10, good(name, 10)), (20, entry), (11, good(name, 11))],
        one_by_one=chance.random() < 0.5,
    )  # fmt: skip
    keep(store, answers, origin="fuzz", key=KEY)
    told = stage(store).problems
    keep(store, sweep.answers(name, [(20, good(name, 20))], hours=1), origin="fuzz", key=KEY)
    stage(store)
    store.connection.close()
    return "told" if told else "staged"
