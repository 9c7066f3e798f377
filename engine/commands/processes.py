"""One command for many merchants: each in a process of its own, so many at once as asked for.

Has processes started and reads what they print: JSON on stdout, kept until they end, and lines on
stderr, handed on as they come. One that fails, or crashes, is told of and stops no other.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from typing import IO, Any, Protocol

from .. import json_text
from ..errors import Exit, NothingYetError
from ..home import HOME

# The exit code of all is the first of these that one of them ended with.
GRAVEST = (Exit.FAILED, Exit.INVALID, Exit.TRY_LATER, Exit.ATTENTION, Exit.OK)
# How often it is looked whether somebody wants it all to end.
LOOK_SECONDS = 0.1
UNSEEN = "What had started it was killed, so how it ended is not known. Run it again."
OnLine = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class Job:
    """A merchant's command: what it is called, and its arguments."""

    name: str
    arguments: Sequence[str]


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a job. ``told`` is the JSON that it printed; empty when it printed none."""

    name: str
    code: int
    seconds: float
    told: Mapping[str, Any] = field(default_factory=dict)

    @property
    def error(self) -> str:
        """What went wrong, where something did."""
        error = self.told.get("error")
        return str(error["message"]) if isinstance(error, dict) else ""

    @property
    def has_nothing(self) -> bool:
        """Whether nothing was ever stored of the merchant: that is no failure."""
        error = self.told.get("error")
        return isinstance(error, dict) and error.get("kind") == NothingYetError.__name__

    @property
    def remedy(self) -> str:
        """What can be done about it, where that is known."""
        error = self.told.get("error")
        return str(error.get("remedy", "")) if isinstance(error, dict) else ""


@dataclass(frozen=True, slots=True)
class Started:
    """A process: what it writes to its stderr, and its exit code once it has ended, negative for a
    signal; None where nobody was left to see it."""

    lines: IO[bytes]
    wait: Callable[[], int | None]


class Starter(Protocol):
    """What starts the process of a job."""

    def start(self, arguments: Sequence[str], stdout: IO[bytes]) -> Started:
        """A process with these arguments that writes its results there. Raises OSError."""

    def ask_to_end(self) -> None:
        """SIGTERM to all that are under way."""

    def close(self) -> None:
        """When there is no further job."""


def environment(environ: Mapping[str, str], *commands: str) -> dict[str, str]:
    """The environment of such a process: options of these commands are not taken from it again."""
    ours = tuple(f"QLIRO_FORTNOX_{command.upper()}_" for command in commands)
    return {name: value for name, value in environ.items() if not name.startswith(ours)}


def for_each(
    jobs: Iterable[Job],
    at_once: int,
    starter: Starter,
    stop: threading.Event,
    on_line: OnLine,
    on_end: Callable[[Ended], None],
) -> list[Ended]:
    """Carry all jobs out, ``at_once`` at a time at most; what became of them, in their order.

    Setting ``stop`` asks those under way to end (SIGTERM: each after its request in flight) and
    begins no further one. KeyboardInterrupt asks once more, waits, and goes on.
    """
    office = _Office(starter, stop, on_line, on_end)
    with closing(starter), ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(office.carry_out, job) for job in jobs]
        asked = False
        try:
            while wait(futures, LOOK_SECONDS).not_done:
                if stop.is_set() and not asked:
                    asked = True
                    office.ask_to_end()
        except KeyboardInterrupt:
            stop.set()
            office.ask_to_end()
            raise
        return [future.result() for future in futures]


def exit_code(ended: Iterable[Ended]) -> Exit:
    """One code for all: failed before invalid, before try again later, before needs a person."""
    return gravest(one.code for one in ended)


def gravest(of: Iterable[int]) -> Exit:
    """The gravest of these exit codes; one that is none of ours stands for failed."""
    codes = {code if code in [*map(int, GRAVEST)] else int(Exit.FAILED) for code in of}
    return next((code for code in GRAVEST if int(code) in codes), Exit.OK)


class Separate:
    """Starts each process anew, in this environment: ``program`` with the arguments behind it."""

    def __init__(
        self,
        environ: Mapping[str, str],
        program: Sequence[str] = (sys.executable, str(HOME / "cli.py")),
    ) -> None:
        self._environ, self._program = dict(environ), program
        self._running: set[subprocess.Popen[bytes]] = set()

    def start(self, arguments: Sequence[str], stdout: IO[bytes]) -> Started:
        """A process with these arguments. Raises OSError."""
        process = subprocess.Popen(  # noqa: S603  this program, and names of files
            [*self._program, *arguments],
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C comes from us, once
        )
        self._running.add(process)
        assert process.stderr is not None  # noqa: S101  it is a pipe
        return Started(process.stderr, lambda: self._wait(process))

    def ask_to_end(self) -> None:
        """SIGTERM to all that are under way."""
        for process in [*self._running]:
            process.terminate()

    def close(self) -> None:
        """Nothing is held."""

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        code = process.wait()
        self._running.discard(process)
        return code


class _Office:
    """Carries jobs out, and tells what became of each."""

    def __init__(
        self,
        starter: Starter,
        stop: threading.Event,
        on_line: OnLine,
        on_end: Callable[[Ended], None],
    ) -> None:
        self._starter, self._stop = starter, stop
        self._on_line, self._on_end = on_line, on_end
        self._lock = threading.Lock()

    def carry_out(self, job: Job) -> Ended:
        """One job, from its start to its end."""
        begun = time.monotonic()
        with tempfile.TemporaryFile() as stdout:
            with self._lock:
                if self._stop.is_set():
                    told = _said("Not begun: stopped.")
                    return self._ended(job, int(Exit.TRY_LATER), begun, told)
                try:
                    process = self._starter.start(job.arguments, stdout)
                except OSError as error:  # no memory, no further process
                    told = _said(f"It could not be started: {error.strerror or error}.")
                    return self._ended(job, int(Exit.FAILED), begun, told)
            with process.lines as lines:
                for line in lines:
                    self._on_line(job.name, line.decode("utf-8", "replace").rstrip("\n"))
            code = process.wait()
            stdout.seek(0)
            told = _json(stdout.read())
        if code is None:
            return self._ended(job, int(Exit.FAILED), begun, _said(UNSEEN))
        if code == -signal.SIGTERM and self._stop.is_set():  # before it could listen
            return self._ended(job, int(Exit.TRY_LATER), begun, _said("Not begun: stopped."))
        if code < 0:
            return self._ended(job, int(Exit.FAILED), begun, _said(f"Killed by signal {-code}."))
        if not told and code == Exit.TRY_LATER and self._stop.is_set():
            told = _said("Stopped.")
        if not told:
            told = _said(f"It ended with code {code} and without a word.")
        return self._ended(job, code, begun, told)

    def ask_to_end(self) -> None:
        """SIGTERM to all that are under way."""
        with self._lock:
            self._starter.ask_to_end()

    def _ended(self, job: Job, code: int, begun: float, told: dict[str, Any]) -> Ended:
        ended = Ended(job.name, code, time.monotonic() - begun, told)
        self._on_end(ended)
        return ended


def _json(text: bytes) -> dict[str, Any]:
    """What a process printed; nothing when it is no JSON object."""
    try:
        found = json_text.decode(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _said(message: str) -> dict[str, Any]:
    return {"error": {"kind": "QliroFortnoxError", "message": message}}
