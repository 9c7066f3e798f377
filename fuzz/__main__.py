"""``python -m fuzz [PART…]``: plays inputs that nobody meant, until the time is over.

Parts are files, bodies, expressions, answers, pushes, signals and plans; all without one, each its
share of ``--seconds``. An example is known by its part and number, ``answers 17``, which is the
seed of all that is odd in it: ``--only answers:17`` plays it again. Those that found something once
are kept in ``fuzz/kept.txt`` and are played first. Ends with 1 when something was found.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).parent
KEPT = HERE / "kept.txt"
NAMES = ("files", "bodies", "expressions", "answers", "pushes", "signals", "plans")
# What it takes: a run is worth many files.
SHARES = {"answers": 4.0, "signals": 4.0, "files": 2.0}
# So many different faults are told of each part.
TOLD = 10


@dataclass(slots=True)
class Played:
    """What came of a part: how many examples, by what became of them, and the faults by number."""

    part: str
    became: Counter[str] = field(default_factory=Counter)
    faults: dict[int, str] = field(default_factory=dict)

    def told(self) -> str:
        """A line for people."""
        counts = ", ".join(f"{count} {what}" for what, count in sorted(self.became.items()))
        found = f"; FOUND {len(self.faults)}" if self.faults else ""
        return f"{self.part:<12}{sum(self.became.values()):>7} examples: {counts}{found}"


def kept() -> dict[str, list[int]]:
    """The numbers of examples that found something once, by part."""
    found: dict[str, list[int]] = {}
    for line in KEPT.read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            part, number = line.split()[:2]
            found.setdefault(part, []).append(int(number))
    return found


def example(part: str, number: int) -> str:
    """Play one example; what became of it in a word. Whatever it raises is a fault."""
    play: Callable[[random.Random, Path], str] = import_module(f"fuzz.{part}").play
    with tempfile.TemporaryDirectory() as folder:
        return play(random.Random(f"{part}:{number}"), Path(folder))  # noqa: S311  a seed


def play(part: str, numbers: Sequence[int], seconds: float, first: int) -> Played:
    """The kept examples of a part, then new ones from ``first`` on until its time is over."""
    played, end = Played(part), time.monotonic() + seconds
    waiting, number = list(numbers), first
    while waiting or time.monotonic() < end:
        if waiting:
            one = waiting.pop(0)
        else:
            one, number = number, number + 1
        try:
            became = example(part, one)
        except Exception as error:
            became = "at fault"
            where = traceback.extract_tb(error.__traceback__)[-1]
            file = Path(where.filename).name
            told = f"{type(error).__name__} in {file}:{where.lineno}: {str(error)[:300]}"
            if told not in played.faults.values() and len(played.faults) < TOLD:
                played.faults[one] = told
        played.became[became] += 1
    return played


def main(arguments: Sequence[str]) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", choices=[*NAMES, []])
    parser.add_argument("--seconds", type=float, default=600.0, help="for all parts together")
    parser.add_argument("--first", type=int, default=None, help="the number of the first example")
    parser.add_argument("--only", metavar="PART:NUMBER", help="play this example alone")
    asked = parser.parse_args(arguments)
    if asked.only:
        part, _, number = asked.only.partition(":")
        print(example(part, int(number)))
        return 0
    parts = asked.parts or NAMES
    first = asked.first if asked.first is not None else int(time.time()) * 1000
    whole = sum(SHARES.get(part, 1.0) for part in parts)
    print(f"From example {first} on, {asked.seconds:.0f} seconds:")
    known, found = kept(), 0
    for part in parts:
        share = asked.seconds * SHARES.get(part, 1.0) / whole
        played = play(part, known.get(part, ()), share, first)
        print(played.told(), flush=True)
        for number, told in played.faults.items():
            found += 1
            print(f"  {part} {number}  {told}")
            print(f"    again: python -m fuzz --only {part}:{number}", flush=True)
    if found:
        print(f"Mend the kind, then keep the example: a line in {KEPT.name}.")
    return 1 if found else 0


def prepare() -> None:
    """As the tests are played: their shops, databases in one thread, mappings compiled once."""
    for folder in ("tests", "tests/cli"):
        if (path := str(HERE.parent / folder)) not in sys.path:
            sys.path.insert(0, path)
    few_rows, shop = import_module("few_rows"), import_module("faults.shop")
    stores, sessions = import_module("engine.store.database"), import_module("engine.session")
    stores._configure, stores.in_memory = few_rows.in_one_thread, few_rows.in_memory
    sessions.load_mappings = shop.compiled


if __name__ == "__main__":
    prepare()
    sys.exit(main(sys.argv[1:]))
