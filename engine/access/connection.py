"""The connection of a merchant to its company in Fortnox: what `connect` found out and keeps.

Reads and writes one file beside the database (mode 0600), never the database itself. A write is
synced to the disk before it replaces what was there, and one that was cut off in between is taken
up by whoever reads next under the lock, so that a token which works once is not lost with it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from .. import json_text
from ..errors import STARS, AccessError
from ..merchant.load import Merchant
from ..merchant.secrets import Secret
from ..store.files import sync_folder


class Company(msgspec.Struct, frozen=True):
    """A company in Fortnox; ``tenant`` is its DatabaseNumber. Name and number may be empty."""

    tenant: str
    name: str
    organisation_number: str

    def __str__(self) -> str:
        told = ", ".join(filter(None, (self.name, self.organisation_number)))
        return f"{told or 'a company without a name'} (DatabaseNumber {self.tenant})"

    @property
    def confirmed_by(self) -> str:
        """The number by which a person confirms it: of one without a number its DatabaseNumber."""
        return self.organisation_number or self.tenant


class Tokens(msgspec.Struct, frozen=True):
    """An access token until ``ends``, and the refresh token that gives the next, once."""

    access_token: str
    ends: datetime
    refresh_token: str

    def __repr__(self) -> str:
        return STARS


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """How a merchant gets in, and to which company.

    ``client`` is a digest of the integration's client id. ``way`` is ``service``, client
    credentials of a service account, without ``tokens``; or ``user``, the refresh token that
    rotates. ``confirmed_by`` a person, or the connection is not used. ``asked_at`` is when a
    renewal was sent that has not been answered yet; ``serial`` counts the writes.
    """

    environment: str
    client: str
    way: Literal["service", "user"]
    company: Company | None = None
    tokens: Tokens | None = None
    confirmed_by: str = ""
    confirmed_at: datetime | None = None
    asked_at: datetime | None = None
    serial: int = 0


class Kept:
    """The file of a connection. ``merchant`` is how it is called in what is told of it."""

    def __init__(self, path: Path, merchant: str) -> None:
        self.path = path
        self.merchant = merchant

    def read(self) -> Connection | None:
        """The connection; None when there is none.

        Raises AccessError when others may read the file, or it is none of ours.
        """
        found = self._decoded(self.path)
        if found is None and self.path.exists():
            raise AccessError(
                f"{self.path} can't be read as a connection to Fortnox.",
                f"Move it away and connect again: qliro-fortnox connect {self.merchant}",
            )
        return found

    def save(self, connection: Connection) -> Connection:
        """Write it, on the disk when this returns; gives it as it was written.

        Raises OSError, and then what was there before is still there.
        """
        written = msgspec.structs.replace(connection, serial=connection.serial + 1)
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        with os.fdopen(os.open(self._half, flags, 0o600), "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(msgspec.json.encode(written) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._put_in_place()
        return written

    def become(self, other: Kept) -> None:
        """Take the place of another, whole or not at all: no refresh token is ever in two files,
        for whoever used the one would spend the other. Both are locked by the caller."""
        other._half.unlink(missing_ok=True)
        self._moved(self.path, other.path)

    def remove(self) -> None:
        """Forget the connection."""
        for path in (self._half, self.path):
            path.unlink(missing_ok=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Renewing is one process's at a time; the others wait. A write that was cut off before it
        replaced what was there is finished first."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self._take_up()
            yield
        finally:
            os.close(lock)

    def settled(self) -> Connection | None:
        """The connection once a renewal that is under way has ended; as ``read``."""
        if not (self.path.exists() or self._half.exists()):
            return None
        with self.locked():
            return self.read()

    @property
    def _half(self) -> Path:
        return self.path.with_suffix(".half")

    def _take_up(self) -> None:
        newer, held = self._decoded(self._half), self._decoded(self.path)
        if newer is None:
            return
        if held is None or newer.serial > held.serial:
            self._put_in_place()

    def _put_in_place(self) -> None:
        self._moved(self._half, self.path)

    def _moved(self, old: Path, new: Path) -> None:
        old.replace(new)
        sync_folder(new.parent)

    def _decoded(self, path: Path) -> Connection | None:
        with suppress(FileNotFoundError, msgspec.MsgspecError), path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & (stat.S_IRWXG | stat.S_IRWXO):
                raise AccessError(
                    f"The tokens in {path} are open to others (mode {mode:04o}).",
                    f"Close it: chmod 600 {path}",
                )
            return json_text.decode_as(file.read(), Connection)
        return None


def kept(merchant: Merchant) -> Kept:
    """Where the merchant's connection lies; each environment has its own."""
    name = f"{merchant.name}.fortnox-{merchant.settings['environment']}.json"
    return Kept(merchant.database.with_name(name), merchant.name)


def begun(merchant: Merchant) -> Kept:
    """Where one lies that nobody has confirmed yet."""
    found = kept(merchant)
    return Kept(found.path.with_suffix(".new.json"), merchant.name)


def client_digest(merchant: Merchant) -> str:
    """What tells the integration, without telling its client id."""
    client_id = merchant.secret("fortnox.client_id").reveal()
    return hashlib.sha256(client_id.encode()).hexdigest()[:16]


def confirmed_of(merchant: Merchant) -> Connection | None:
    """The merchant's connection, if it has one that a person has confirmed; it may be of another
    integration than the merchant's now, which connecting again replaces.

    Raises AccessError for one that was made for something else: tokens of a live company must not
    serve a test, nor the other way round, whatever was copied where.
    """
    held = kept(merchant)
    found = held.settled()
    if found is None or not found.confirmed_by:
        return None
    settings = merchant.settings
    if found.environment != settings["environment"]:
        raise AccessError(
            f"The connection in {held.path} was made for environment {found.environment}, and "
            f"{merchant.name} is {settings['environment']}: Fortnox is not asked.",
            f"Move the file away. {_again(merchant)}",
        )
    tenant, company = settings["fortnox"]["tenant_id"], found.company
    if tenant and company and tenant != company.tenant:
        raise AccessError(
            f"fortnox.tenant_id is {tenant}, but {merchant.name} was connected to {company}.",
            "Correct it or leave it out; another company is a merchant of its own.",
        )
    return found


def connection_of(merchant: Merchant) -> Connection | None:
    """The merchant's connection to be used, if a person has confirmed it. Raises AccessError as
    ``confirmed_of`` does, and for one of another integration."""
    found = confirmed_of(merchant)
    if found is not None and found.client != client_digest(merchant):
        raise AccessError(
            f"The connection of {merchant.name} was made for another integration than that of "
            "fortnox.client_id: Fortnox is not asked.",
            _again(merchant),
        )
    return found


def _again(merchant: Merchant) -> str:
    return f"Connect again: qliro-fortnox connect {merchant.name}"


def secrets_of(merchant: Merchant) -> list[Secret]:
    """The tokens that lie in the merchant's files, so that none of them is ever shown."""
    found: list[Secret] = []
    for one in (kept(merchant), begun(merchant)):
        with suppress(OSError, AccessError):
            held = one.read()
            if held and held.tokens:
                found.append(Secret("access token", held.tokens.access_token))
                found.append(Secret("refresh token", held.tokens.refresh_token))
    return [secret for secret in found if secret.reveal()]
