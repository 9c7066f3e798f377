"""The first that runs: it listens to signals, and only then loads the rest, which takes a moment.

``python cli.py`` and the console script both begin here.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn


def main() -> NoReturn:
    """Carry out the command of this process, and end it with its exit code."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(75))
    from .commands import signals  # noqa: PLC0415  after it is listened

    try:
        signals.watch()
        _hold_streams()
        from .commands import main as cli  # noqa: PLC0415  likewise

        signals.leave(cli.main())
    except KeyboardInterrupt:  # while it was loading, telling of another end, or leaving
        signals.leave(signals.TRY_LATER)


def _hold_streams() -> None:
    """Where a standard stream is closed, nothing that is opened later must take its number: what is
    said goes nowhere, and the exit code is the word that is left."""
    while (handle := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(handle)
    sys.stdin = sys.stdin or os.fdopen(0, encoding="utf-8")
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8")
