"""The key that buyers' personal numbers are hashed with, in a file beside the database.

Reads and writes that file alone.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from ..errors import UsageError
from ..merchant.load import Merchant
from ..store.files import write_private

KEY_BYTES = 32


def personal_key(merchant: Merchant) -> bytes:
    """The key that personal numbers are hashed with: made once, kept beside the database (0600).

    It is there whole or not at all: half a key would hash everybody anew in the next run. Raises
    UsageError where the file that is there holds none.
    """
    path: Path = merchant.database.with_suffix(".key")
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _no_key(f"{path} can't be read ({error.strerror})") from None
    else:
        if len(key) >= KEY_BYTES:
            return key
        held = f"holds {len(key)} of the {KEY_BYTES} bytes" if key else "is empty"
        raise _no_key(f"{path} {held}")
    key = secrets.token_bytes(KEY_BYTES)
    write_private(path, key)
    return key


def _no_key(told: str) -> UsageError:
    return UsageError(
        f"{told}: it is the key that buyers' personal numbers are hashed with, and nothing is "
        "read or sent without it.",
        "Restore it from a backup. Where there is none, delete it and a new one is made: buyers "
        "are then known by what is read of them from that day on, so look out for customers that "
        "are made twice.",
    )


