"""The fuzz suite itself: each part plays, says what became of it, and tells what is at fault."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faults.shop import compiled

from engine import session as sessions
from fuzz import __main__ as fuzz
from fuzz.values import paths, spoiled

# A run that is signalled takes seconds, and test_signals.py has those.
PARTS = [part for part in fuzz.NAMES if part != "signals"]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_plays_what_it_kept_and_goes_on(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "load_mappings", compiled)
    kept = fuzz.kept().get(part, [])
    played = fuzz.play(part, [*kept, 1], 0.0, 2)
    assert not played.faults
    assert sum(played.became.values()) == len(kept) + 1
    assert played.told().startswith(part)


def test_what_is_at_fault_is_told_once_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(chance: random.Random, _folder: Path) -> str:
        raise ZeroDivisionError("while nobody looked")

    monkeypatch.setattr(fuzz, "import_module", lambda _name: SimpleNamespace(play=wrong))
    played = fuzz.play("files", [3, 4], 0.0, 5)
    assert list(played.faults) == [3]
    assert played.faults[3].startswith("ZeroDivisionError in test_fuzz_suite.py:")
    assert played.became == {"at fault": 2}


def test_an_example_is_the_same_each_time() -> None:
    tree: Any = {"a": [1, {"b": "x"}], "c": None}
    assert list(paths(tree)) == [("a",), ("a", 0), ("a", 1), ("a", 1, "b"), ("c",)]
    made = [repr(spoiled(random.Random("files:7"), tree)) for _ in range(2)]  # noqa: S311  a seed
    assert made[0] == made[1] != repr(tree)
    assert tree == {"a": [1, {"b": "x"}], "c": None}
