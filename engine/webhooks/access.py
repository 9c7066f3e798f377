"""Who may push for whom: each merchant's access, its token, and the earlier one while it is
rotated.

Reads loaded merchants; keeps digests of the tokens, so that nothing that shows an access shows one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ..errors import FileError, Finding
from ..merchant.load import Merchant
from ..merchant.secrets import Secret, reference_text
from ..merchant.settings import get

TOKEN, PREVIOUS = "webhooks.token", "webhooks.previous_token"
_STRONG = re.compile(r"[A-Za-z0-9._~-]{32,200}")
MAKE_ONE = "Make one with: openssl rand -hex 32"


@dataclass(frozen=True, slots=True)
class Access:
    """Where a merchant's pushes come in: its ``name`` in the address, and the inbox's folder.

    ``digests`` are of the two tokens; of a random one where there is no second.
    """

    name: str
    inbox: Path
    digests: tuple[bytes, bytes]


def has_access(merchant: Merchant) -> bool:
    """Whether the merchant's file names a token."""
    return get(merchant.file.value, TOKEN) is not None


def token_of(merchant: Merchant, key: str = TOKEN) -> Secret:
    """A token of the merchant. Raises FileError when it is not there or easy to guess."""
    path = tuple(key.split("."))
    found = merchant.secrets.get(key)
    if found is None:
        at = get(merchant.file.value, path)
        where = f": {reference_text(at)}" if at else ""
        raise FileError([merchant.file.finding(
            path, "missing-secret", f"the secret {key} is not there{where}.", MAKE_ONE, key=True
        )])  # fmt: skip
    if not _STRONG.fullmatch(found.reveal()):
        what = "must be 32 to 200 letters, digits and - . _ ~, at random."
        raise FileError([merchant.file.finding(path, "weak-token", f"{key} {what}", MAKE_ONE)])
    return found


def accesses(merchants: Iterable[Merchant]) -> dict[str, Access]:
    """The accesses of all merchants, by name.

    Raises FileError with all findings: no token, a weak one, one that two merchants share.
    """
    made: dict[str, Access] = {}
    owners: dict[bytes, str] = {}
    findings: list[Finding] = []
    for merchant in merchants:
        try:
            digests = [_digest(token_of(merchant).reveal())]
            if get(merchant.file.value, PREVIOUS) is not None:
                digests.append(_digest(token_of(merchant, PREVIOUS).reveal()))
        except FileError as error:
            findings += error.findings
            continue
        if merchant.name in made:
            message = f"two merchant files are called {merchant.name}; addresses need a name each."
            findings.append(merchant.file.finding((), "same-name", message))
        for digest in digests:
            other = owners.setdefault(digest, merchant.name)
            if other != merchant.name:
                message = f"{merchant.name} has the same token as {other}."
                path = tuple(TOKEN.split("."))
                findings.append(merchant.file.finding(path, "shared-token", message, MAKE_ONE))
        digests.append(_nobodys())
        made[merchant.name] = Access(merchant.name, merchant.inbox, (digests[0], digests[1]))
    if findings:
        raise FileError(findings)
    return made


def opened(known: Mapping[str, Access], name: str, token: str) -> Access | None:
    """The access that this name and token give. How long it takes tells nothing of either."""
    given = _digest(token)
    access = known.get(name)
    first, second = access.digests if access else (_NOBODYS, _NOBODYS)
    fits = hmac.compare_digest(given, first) | hmac.compare_digest(given, second)
    return access if fits else None


def address(public_url: str, name: str, token: Secret, kind: str) -> str:
    """The address to give to Qliro for pushes of a kind; it holds the token."""
    return f"{public_url.rstrip('/')}/push/{quote(name, safe='')}/{token.reveal()}/{kind}"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _nobodys() -> bytes:
    return secrets.token_bytes(32)


_NOBODYS = _nobodys()
