"""Which tests `make test` leaves to `make test-slow`: those that `tests/slow.txt` names, by cost.

``pytest --cost FILE`` writes the seconds of processor time that each test took, of it and of the
processes that it started; other work on the machine changes them little.
``python tests/slow.py FILE`` makes ``slow.txt`` of them: a file whose tests are all slow stands
there once, others by name.
"""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path

import pytest

LIST = Path(__file__).parent / "slow.txt"
# Seconds beyond which a test is slow, so that all others fit into four minutes of two cores.
MOST = 0.4


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cost", metavar="FILE", help="write what each test costs there")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    named = frozenset(LIST.read_text("utf-8").splitlines())
    for item in items:
        file, name = item.nodeid.split("::", 1)
        if file in named or f"{file}::{name.split('[')[0]}" in named:
            item.add_marker(pytest.mark.slow)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    before = _spent()
    result = yield
    into = item.config.getoption("--cost")
    if into:
        with Path(into).open("a", encoding="utf-8") as log:
            log.write(f"{_spent() - before:.3f} {item.nodeid}\n")
    return result


def _spent() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def slow(costs: Iterable[tuple[str, float]], most: float = MOST) -> list[str]:
    """The files and tests that are left out, where one of a test's parameters costs too much."""
    of: Mapping[str, dict[str, float]] = defaultdict(dict)
    for test, seconds in costs:
        file, name = test.split("::", 1)
        name = name.split("[")[0]
        of[file][name] = max(seconds, of[file].get(name, 0.0))
    found = []
    for file, tests in sorted(of.items()):
        names = [name for name, seconds in tests.items() if seconds > most]
        found += [file] if len(names) == len(tests) else [f"{file}::{n}" for n in sorted(names)]
    return found


if __name__ == "__main__":
    lines = Path(sys.argv[1]).read_text("utf-8").splitlines()
    told = [line.split(" ", 1) for line in lines]
    LIST.write_text("".join(f"{one}\n" for one in slow((t, float(s)) for s, t in told)), "utf-8")
