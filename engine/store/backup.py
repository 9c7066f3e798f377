"""Backups of a merchant's database: taken beside a run too, checked, and put back.

A backup is a folder of two files that any tool can ship: the database as of a committed moment, and
``backup.json``, which says whose it is and what it must come to. Reads and writes those, the
database, and beside it ``<merchant>.backed-up``: how far the inbox is held by the last backup.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import BusyError, NothingYetError, UsageError
from .database import opened_copy, settled
from .files import private, sync_folder, write_private
from .lock import locked
from .opening import COPY
from .readers_copy import renew_copy

ABOUT = "backup.json"
MARK = ".backed-up"
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """What ``backup.json`` says. ``taken_at`` is when, ``as_of`` when the state in it was committed
    last (both ISO 8601); ``inbox`` is how far, in bytes, each segment of pushes is in it; ``key``
    is the digest of the key for personal numbers, which is not in it; ``digest`` is that of the
    database."""

    merchant: str
    environment: str
    company: str | None
    program: str
    taken_at: str
    as_of: str | None
    size: int
    digest: str
    key: str | None
    inbox: Mapping[str, int]

    @property
    def moment(self) -> str:
        """As of when, in sentences."""
        if self.as_of is None:
            return "before anything was fetched"
        return f"as of {datetime.fromisoformat(self.as_of):%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that was made, and where. ``beside_a_run`` says that it is what the last finished
    run left, because another is under way."""

    backup: Backup
    folder: Path
    beside_a_run: bool


def back_up(database: Path, environment: str, to: Path, now: datetime, program: str) -> Taken:
    """Copy what is committed of the database into a new folder of ``to``, checked, whole or not at
    all.

    Raises NothingYetError without a database, BusyError while its first run is under way, and
    UsageError where ``to`` can't hold it or what was copied can't be read.
    """
    merchant = database.stem
    if not database.exists():
        raise NothingYetError(
            f"{merchant} has no database in {database.parent} yet.",
            "There is nothing to back up before the first `qliro-fortnox sync`.",
        )
    folder = to / merchant / f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    half = folder.with_name(f"{folder.name}.half")
    if folder.exists():
        raise UsageError(f"{folder} is there already.", "Take the next backup a second later.")
    with _refusing(to), _thrown_away(half):
        half.mkdir(parents=True, exist_ok=True)
        half.chmod(0o700)
        with _committed(database, merchant) as (path, beside):
            digest, size = _copied(path, half / database.name)
        about = _about(half / database.name, digest, size, environment, now, program, database)
        told = json.dumps(asdict(about), indent=2, ensure_ascii=False)
        write_private(half / ABOUT, f"{told}\n".encode())
        half.replace(folder)
        sync_folder(folder.parent)
    mark = json.dumps({"taken_at": about.taken_at, "inbox": dict(about.inbox)})
    write_private(database.with_suffix(MARK), mark.encode())
    return Taken(about, folder, beside)


@contextmanager
def _thrown_away(half: Path) -> Iterator[None]:
    """Half a backup is none: it is not left behind, whatever ends it."""
    try:
        yield
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise


@contextmanager
def _committed(database: Path, merchant: str) -> Iterator[tuple[Path, bool]]:
    """A file that holds what is committed, and that nobody writes meanwhile: the database itself
    under its lock, or what the last finished run left. Second whether it is that."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(database.with_suffix(".lock"), merchant))
        except BusyError:
            copy = database.with_suffix("".join(COPY))
            if not copy.exists():
                raise BusyError(
                    f"The first run of {merchant} is under way: nothing is finished yet.",
                    "Take the backup when it has ended.",
                ) from None
            yield copy, True
        else:
            settled(database, merchant)
            yield database, False


def _about(
    copied: Path,
    digest: str,
    size: int,
    environment: str,
    now: datetime,
    program: str,
    database: Path,
) -> Backup:
    """What the copy holds, read out of it: a backup that can't be read is none."""
    with opened_copy(copied) as store:
        moment = store.value(LAST) if store.has("ledger.event") else None
        company = store.value(COMPANY) if store.has("fortnox.company") else None
        rows = store.rows("SELECT * FROM raw.inbox") if store.has("raw.inbox") else []
    return Backup(
        database.stem, environment, company, program,
        now.astimezone(UTC).isoformat(), moment.astimezone(UTC).isoformat() if moment else None,
        size, digest, key_of(database), {row["segment"]: row["read_to"] for row in rows},
    )  # fmt: skip


LAST = """
SELECT max(noted_at)
FROM (SELECT noted_at FROM raw.answer UNION ALL SELECT noted_at FROM ledger.event)
"""
COMPANY = "SELECT OrganizationNumber FROM fortnox.company LIMIT 1"


def key_of(database: Path) -> str | None:
    """The digest of the key that personal numbers are hashed with, which lies beside the database;
    None where there is none yet."""
    try:
        return hashlib.sha256(database.with_suffix(".key").read_bytes()).hexdigest()
    except OSError:
        return None


def held(beside: Path, read_to: Mapping[str, int]) -> Mapping[str, int]:
    """Of what was read of each segment of the inbox, how much may go: all of it, or, of a merchant
    that is backed up, what the last backup holds."""
    try:
        mark = json.loads(beside.with_suffix(MARK).read_text("utf-8"))["inbox"]
        return {name: min(end, int(mark.get(name, 0))) for name, end in read_to.items()}
    except FileNotFoundError:
        return read_to
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}  # backed up, and how far can't be told: nothing goes


# -- put back ------------------------------------------------------------------------------------


def found_in(folder: Path, merchant: str) -> tuple[Backup, Path]:
    """The backup in this folder, or the newest of the merchant's that lie below it.

    Raises UsageError where there is none, or where it is damaged.
    """
    if not (folder / ABOUT).exists():
        below = sorted({*folder.glob(f"*/{ABOUT}"), *folder.glob(f"{merchant}/*/{ABOUT}")},
                       key=lambda one: one.parent.name)  # fmt: skip
        if not below:
            raise UsageError(
                f"{folder} holds no backup of {merchant}: no {ABOUT} lies in it.",
                "Name the folder that `backup` wrote, or the one it was told with --to.",
            )
        folder = below[-1].parent
    try:
        told: dict[str, Any] = json.loads((folder / ABOUT).read_text("utf-8"))
        return Backup(**told), folder
    except (OSError, ValueError, TypeError) as error:
        what = f"{folder / ABOUT} is not what `backup` wrote ({error})."
        raise UsageError(what, "Take another backup.") from None


def restore(
    database: Path,
    environment: str,
    backup: Backup,
    folder: Path,
    now: datetime,
    *,
    without_key: bool = False,
) -> Path | None:
    """Put the backup in the place of the database, which is kept beside it; gives where.

    Nothing is changed unless the backup is whole and this merchant's. Raises UsageError, and
    BusyError while a run is under way.
    """
    merchant = database.stem
    _refuse_others(backup, merchant, environment)
    if backup.key not in (None, key_of(database)) and not without_key:
        raise UsageError(
            f"{database.with_suffix('.key')} is not the key that buyers' personal numbers were "
            "hashed with in this backup, or is not there: they would not be known again.",
            "Put the key back first; it lay beside the database, and is in no backup. Where it is "
            "lost, --without-key goes on without it: look out for customers that are made twice.",
        )
    source, half = folder / database.name, database.with_suffix(".restored")
    with _refusing(database.parent):
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(database.with_suffix(".lock"), merchant):
            if not source.exists():
                raise UsageError(f"{folder} has no {source.name}.", "Take another backup.")
            digest, size = _copied(source, half)
            if (digest, size) != (backup.digest, backup.size):
                half.unlink()
                raise UsageError(
                    f"{source} is damaged: it is not what `backup` wrote. Nothing was changed.",
                    "Take another backup.",
                )
            aside = _put_aside(database, now)
            database.with_suffix("".join(COPY)).unlink(missing_ok=True)
            half.replace(database)
            sync_folder(database.parent)
            renew_copy(database)
    return aside


def _refuse_others(backup: Backup, merchant: str, environment: str) -> None:
    if backup.merchant != merchant:
        raise UsageError(
            f"The backup is of {backup.merchant}, not of {merchant}. Nothing was changed.",
            f"Name a backup of {merchant}.",
        )
    if backup.environment != environment:
        raise UsageError(
            f"The backup is of {merchant} as {backup.environment}, and its file says {environment} "
            "now. Nothing was changed.",
            "A test beside the live one is a merchant of its own.",
        )


def _put_aside(database: Path, now: datetime) -> Path | None:
    """Keep the database that is there, with what its log holds, under another name."""
    if not database.exists():
        database.with_name(f"{database.name}.wal").unlink(missing_ok=True)
        return None
    moment = f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    aside = database.with_name(f"{database.stem}.before-{moment}.duckdb")
    log = database.with_name(f"{database.name}.wal")
    if log.exists():
        log.replace(aside.with_name(f"{aside.name}.wal"))
    database.replace(aside)
    return aside


# -- files ---------------------------------------------------------------------------------------


def _copied(source: Path, to: Path) -> tuple[str, int]:
    """Copy a file until it is on the disk, for its owner alone; its digest and size in bytes."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as file, private(to) as out:
        while part := file.read(CHUNK):
            digest.update(part)
            out.write(part)
            size += len(part)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest(), size


@contextmanager
def _refusing(folder: Path) -> Iterator[None]:
    """What the disk refuses, as a sentence."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"{error.filename or folder} can't be written ({error.strerror}); nothing was changed.",
            "Free some room there, or name another folder.",
        ) from None
