"""How the process of a command begins: it listens to signals, and only then loads the rest.

A process of its own begins in ``engine.start``, one that is made of a prepared process
(``engine.commands.prepared``) here.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

PREPARED = "--prepared"  # and the number of a socket: see engine/commands/prepared.py


def begin(listening: Callable[[], object] = lambda: None) -> NoReturn:
    """Carry out the command of this process, and end it with its exit code; ``listening`` is called
    once signals are heard."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(75))
    from . import signals  # noqa: PLC0415  after it is listened

    try:
        signals.watch()
        listening()
        _hold_streams()
        from . import main as cli  # noqa: PLC0415  likewise

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
