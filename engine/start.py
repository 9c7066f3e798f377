"""The first that runs: it listens to signals before anything else is loaded.

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
    from .commands.beginning import PREPARED, begin  # noqa: PLC0415  after it is listened

    if sys.argv[1:2] == [PREPARED]:
        from .commands.prepared import serve  # noqa: PLC0415  only there

        serve(int(sys.argv[2]))
        os._exit(0)
    begin()
