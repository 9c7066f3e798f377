"""Opens what a command works on: the merchant, its state for reading or writing, a whole session.

Reads merchant files and databases; tells on stderr what a person should know of them. From the
moment a merchant is known, its secrets are kept out of all that is shown.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from ..access.connection import secrets_of
from ..clock import SystemClock
from ..errors import NothingYetError, UsageError
from ..merchant.load import Merchant, find_merchant, load_merchant
from ..merchant.secrets import exactly, redactor
from ..show import failure
from ..show.output import Output, text_as_it_is
from ..show.progress import progress
from ..store.database import Store, in_memory, reading, writing
from ..store.lock import lock_holder
from . import signals
from .command import RIGHTS

if TYPE_CHECKING:
    from ..opened import Session


def opened(out: Output, name: str, folder: Path, *, needs_secrets: bool = True) -> Merchant:
    """The merchant of that name, or of the file at that path.

    Raises UsageError and FileError; what is only a warning is noted.
    """
    merchant = load_merchant(find_merchant(name, folder), os.environ, needs_secrets=needs_secrets)
    if (odd := text_as_it_is(str(merchant.database))) is not None:
        what = f"The path of the database is not UTF-8 text: {odd}."
        raise UsageError(what, "Rename the folder, or name another in state.")
    secrets = [*merchant.secrets.values(), *secrets_of(merchant)]
    out.redact, out.redact_results = redactor(secrets), exactly(secrets, short=False)
    out.state, out.merchant = merchant.database.parent, merchant.name
    for warning in merchant.warnings:
        out.note(failure.finding_line(warning))
    return merchant


def refuse_closed(database: Path, wanted: int = os.R_OK) -> None:
    """Raises UsageError where this user may not read the database, or with ``os.W_OK`` write it:
    no harm was done to it, and it must not be taken for one that has to be restored."""
    if database.exists() and not os.access(database, wanted):
        what = "read" if wanted == os.R_OK else "read and write"
        raise UsageError(f"This user may not {what} {database}; nothing is wrong with it.", RIGHTS)


@contextmanager
def to_write(merchant: Merchant) -> Iterator[Store]:
    """The merchant's database for this process alone. Raises BusyError while another has it."""
    refuse_closed(merchant.database, os.R_OK | os.W_OK)
    with writing(merchant.database.parent, merchant.name) as store:
        yield store


@contextmanager
def to_read(out: Output, merchant: Merchant, *, or_empty: bool = False) -> Iterator[Store]:
    """The state for reading; while a run is under way the last finished one, and that is said.

    With ``or_empty`` a merchant of which nothing was ever fetched has an empty one.
    """
    refuse_closed(merchant.database)
    with ExitStack() as stack:
        try:
            store = stack.enter_context(reading(merchant.database.parent, merchant.name))
        except NothingYetError:
            if not or_empty:
                raise
            store = in_memory()
            stack.callback(store.connection.close)
        if _under_way(merchant):
            out.note("A run is under way; this is the state that the last finished one left.")
        yield store


def _under_way(merchant: Merchant) -> bool:
    """Whether a process that still lives has written itself into the merchant's lock.

    The lock itself is not tried: holding it for a moment would turn a run away.
    """
    holder = lock_holder(merchant.database.with_suffix(".lock"))
    if holder is None:
        return False
    try:
        os.kill(holder, 0)
    except PermissionError:  # it lives, and is another user's
        return True
    except OSError:
        return False
    return True


@contextmanager
def session(out: Output, merchant: Merchant) -> Iterator[Session]:
    """Everything a run needs; Ctrl-C and SIGTERM end it after the request in flight. What is
    told as JSON comes once the state is closed."""
    from ..session import open_session  # noqa: PLC0415  a reader asks nobody

    with (
        out.held(),
        to_write(merchant) as store,
        open_session(merchant, store, SystemClock()) as opened_session,
        stopping(out, opened_session.stop),
        progress(out) as opened_session.on_progress,
    ):
        if store.before is not None:
            out.note(
                "The database is laid out otherwise by this version, and was written over. As it "
                f"was it is {store.before}: delete that once you have a backup."
            )
        yield opened_session


STOPPING = "Stopping after the request in flight; once more to end at once."


@contextmanager
def stopping(out: Output, stop: threading.Event) -> Iterator[None]:
    """Ctrl-C and SIGTERM set ``stop``; a second one ends at once, which the ledger survives."""

    def asked(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            signals.insist()
            return
        stop.set()
        try:
            out.complain(STOPPING)
        except RuntimeError:  # it came while something else was being told
            os.write(2, f"{STOPPING}\n".encode())

    before = {one: signal.signal(one, asked) for one in signals.BOTH}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
