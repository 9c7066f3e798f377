"""What lint of the default set costs, in CPU, beside what starting Python alone does.

Each is a process of its own, as people and editors start it, and nothing is kept between them but
Python's compiled modules, which every installation has; the least of several is taken, for whatever
else the machine does is added to a process's own time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from benchmarks.figure import Figure
from engine.home import HOME

ROUNDS = 9
MOST = 0.5  # seconds
LINT = (str(HOME / "cli.py"), "lint", "--set", "qliro-fortnox")
BARE = ("-c", "pass")


def spent(arguments: tuple[str, ...], compiled: str) -> float:
    """The CPU seconds of a Python with these arguments, whose modules are compiled in a folder.

    Raises CalledProcessError when it fails.
    """
    # This machine may be told to keep no compiled modules: then each start would compile them all.
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environ["PYTHONPYCACHEPREFIX"] = compiled
    before = os.times()
    subprocess.run(  # noqa: S603 — our own command
        [sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, cwd=HOME, env=environ
    )
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


def run() -> list[Figure]:
    """The figure of lint."""
    with tempfile.TemporaryDirectory() as compiled:
        spent(LINT, compiled)
        pairs = [(spent(LINT, compiled), spent(BARE, compiled)) for _round in range(ROUNDS)]
    ours, bare = min(one for one, _ in pairs), min(one for _, one in pairs)
    return [
        Figure(
            "lint of the default set, CPU", f"{ours:.2f} s", f"{bare:.2f} s, a bare Python",
            ours / max(bare, 0.001), f"at most {MOST} s", ours <= MOST,
        )
    ]  # fmt: skip


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value}, {figure.yardstick}: {figure.ratio:.2f}")
