"""A process that has loaded this program once, and makes a process of it for each merchant.

Reads, from whoever started it, the arguments of a command and where its output goes; answers with
the exit code. Each command has a process of its own, a fork of this one, which opens no database,
reads no merchant and starts no thread: so nothing of one merchant can reach another, whatever it
leaves behind, and what it costs a merchant to start is the fork. Linux only (``pidfd_open``).
"""

# ruff: noqa: PLC0415  loaded here, and where it is used in a command of its own

from __future__ import annotations

import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from typing import IO, NoReturn

from ..home import HOME
from .beginning import PREPARED, begin
from .processes import Started
from .signals import BOTH

LONGEST = 100_000  # bytes of a command's arguments
END = b"end"


def is_possible() -> bool:
    """Whether this system tells of the end of a process by a handle."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


class Prepared:
    """Starts commands of this program, in this environment, by way of such a process; where that is
    gone, by way of a new one."""

    def __init__(
        self,
        environ: Mapping[str, str],
        program: Sequence[str] = (sys.executable, str(HOME / "cli.py")),
    ) -> None:
        self._environ, self._program = dict(environ), program
        self._lock = threading.Lock()
        self._office: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, arguments: Sequence[str], stdout: IO[bytes]) -> Started:
        """A process with these arguments. Raises OSError."""
        asked = json.dumps([*arguments]).encode()
        with ExitStack() as ours, ExitStack() as theirs:
            lines, lines_end = _pipe(ours, theirs)
            code, code_end = _pipe(ours, theirs)
            handles = [stdout.fileno(), lines_end.fileno(), code_end.fileno()]
            with self._lock:
                try:
                    socket.send_fds(self._with_office(), [asked], handles)
                except ConnectionError:
                    self._leave()
                    socket.send_fds(self._with_office(), [asked], handles)
            ours.pop_all()
        return Started(lines, lambda: _told(code))

    def ask_to_end(self) -> None:
        """SIGTERM to all that are under way."""
        with self._lock, suppress(ConnectionError):
            if self._office is not None:
                self._office.send(END)

    def close(self) -> None:
        """End the process that makes them; those under way go on."""
        with self._lock:
            self._leave()

    def _with_office(self) -> socket.socket:
        if self._office is None:
            here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with there:
                try:
                    self._process = subprocess.Popen(  # noqa: S603  this program
                        [*self._program, PREPARED, str(there.fileno())],
                        env=self._environ,
                        stdin=subprocess.DEVNULL,
                        stdout=subprocess.DEVNULL,
                        pass_fds=[there.fileno()],
                        start_new_session=True,  # Ctrl-C comes from us, once
                    )
                except OSError:
                    here.close()
                    raise
            self._office = here
        return self._office

    def _leave(self) -> None:
        if self._office is not None and self._process is not None:
            self._office.close()
            self._process.wait()
        self._office = self._process = None


def _pipe(ours: ExitStack, theirs: ExitStack) -> tuple[IO[bytes], IO[bytes]]:
    reads, writes = os.pipe()
    return ours.enter_context(open(reads, "rb")), theirs.enter_context(open(writes, "wb", 0))


def _told(code: IO[bytes]) -> int | None:
    with code:
        told = code.read()
    return int(told) if told else None


def serve(handle: int) -> None:
    """What such a process does, until nobody is at the other end of the socket ``handle``. No
    signal reaches it: each command hears what came for it from its first moment on."""
    signal.pthread_sigmask(signal.SIG_BLOCK, BOTH)
    prepare()
    running: dict[int, tuple[int, int]] = {}  # handle of a process: its id, where its code goes
    with socket.socket(fileno=handle) as office, selectors.DefaultSelector() as looking:
        looking.register(office, selectors.EVENT_READ)
        while True:
            for key, _ in looking.select():
                if key.fileobj is not office:
                    looking.unregister(key.fd)
                    _end(key.fd, *running.pop(key.fd))
                    continue
                asked, handles, _, _ = socket.recv_fds(office, LONGEST, 3)
                if not asked:
                    return
                if asked == END:
                    for process in running:
                        signal.pidfd_send_signal(process, signal.SIGTERM)
                    continue
                process, one = _begin(json.loads(asked), handles)
                running[process] = one
                looking.register(process, selectors.EVENT_READ)


def prepare() -> None:
    """Load what nearly every command of a merchant uses, and what it reads of this program alone.
    Nothing of a merchant, no database, no thread."""
    import pytz  # type: ignore[import-untyped,unused-ignore]  # DuckDB tells moments by it

    from .. import mappings, parsed, session
    from ..checked import program_digest
    from ..deliver import delivery, gone
    from ..merchant.settings import merchant_schema
    from ..plan import build, lookups, record
    from ..quick_schema import quick
    from ..report import reconcile
    from ..show import ran, status
    from . import main, opening

    _ = mappings, parsed, session, delivery, gone, build, lookups, record, reconcile, ran, status
    _ = main, opening
    program_digest()
    quick(merchant_schema())
    pytz.timezone("Europe/Stockholm")
    gc.collect()
    gc.freeze()  # what is there now lives on, and is not looked at again


def _begin(arguments: list[str], handles: list[int]) -> tuple[int, tuple[int, int]]:
    """A process of its own for these arguments: a handle to it, its id and where its code goes."""
    *streams, code = handles
    process = os.fork()
    if process == 0:
        try:
            _become(arguments, streams)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)  # there is one that serves
    for one in streams:
        os.close(one)
    return os.pidfd_open(process), (process, code)


def _become(arguments: list[str], streams: list[int]) -> NoReturn:
    """This fork becomes the process of a command, with three streams and no other handle."""
    os.setsid()
    for number, stream in enumerate(streams, start=1):
        os.dup2(stream, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    sys.argv[1:] = arguments
    begin(lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, BOTH))


def _end(handle: int, process: int, code: int) -> None:
    """Tell the exit code of a process that has ended, negative for a signal."""
    os.close(handle)
    _, status = os.waitpid(process, 0)
    with closing(open(code, "wb", 0)) as told, suppress(BrokenPipeError):
        told.write(f"{os.waitstatus_to_exitcode(status)}".encode())
