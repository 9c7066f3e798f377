"""SIGTERM and Ctrl-C, from a process's first moment to its last: it ends with 75 whatever it is at.

Outside a session the first one ends what is being done; in a session the first ends it after the
request in flight (``engine.commands.opening.stopping``) and the second at once. Whoever is asked to
end while it is ending already does so on the spot: what is written down is whole at any moment.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn

BOTH = (signal.SIGINT, signal.SIGTERM)
TRY_LATER = 75  # as ``engine.errors.Exit`` has it, which is not loaded yet when this is
# So long may tidying up take, which waits for requests in flight; then it ends without.
GRACE_SECONDS = 5.0
# So soon is an interrupt raised again that Python swallowed while it tidied something away, or that
# came while a module was loaded.
AGAIN_SECONDS = 0.01


class _Process:
    """What this process was asked; nothing is watched where a test calls a command. No dataclass:
    loading those takes longer than all else here."""

    watched = False
    ending = False


_PROCESS = _Process()


def watch() -> None:
    """From now on. Called first of all, by the process that is one command."""
    _PROCESS.watched = True
    for number in BOTH:
        signal.signal(number, _asked)
    signal.signal(signal.SIGALRM, _on_the_spot)
    sys.unraisablehook = _not_raised


def insist() -> None:
    """End what is being done: raises KeyboardInterrupt, the one time that it is needed.

    While a module is loaded it is raised soon after: one that is written in another language may
    call Python as it begins, and ends the whole process when that raises, as DuckDB does.
    """
    if _PROCESS.ending:
        os._exit(TRY_LATER)
    if _PROCESS.watched:
        _PROCESS.ending = True
        if _is_loading():
            _soon()
            return
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
    raise KeyboardInterrupt


def asked_to_end() -> bool:
    """Whether this process ends because it was asked to."""
    return _PROCESS.ending


def leave(code: int) -> NoReturn:
    """End the process when all is told: on the spot, for while Python tidies up nothing listens."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(TRY_LATER if asked_to_end() else code)


def _asked(_number: int, _frame: FrameType | None) -> None:
    insist()


def _not_raised(what: sys.UnraisableHookArgs) -> None:
    """An interrupt that came while a generator or an object was tidied away goes no further: Python
    prints it and goes on. It is raised again where the program then is."""
    if not (_PROCESS.ending and isinstance(what.exc_value, KeyboardInterrupt)):
        sys.__unraisablehook__(what)
        return
    _soon()


def _soon() -> None:
    signal.signal(signal.SIGALRM, _again)
    signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)


def _again(_number: int, _frame: FrameType | None) -> None:
    if _is_loading():
        _soon()
        return
    signal.signal(signal.SIGALRM, _on_the_spot)
    signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
    raise KeyboardInterrupt


def _is_loading() -> bool:
    """Whether a module is being loaded where the program is."""
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename == "<frozen importlib._bootstrap>":
            return True
        frame = frame.f_back
    return False


def _on_the_spot(_number: int, _frame: FrameType | None) -> NoReturn:
    os._exit(TRY_LATER)
