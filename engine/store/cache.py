"""What is worked out again and again, kept beside the state: data, never code, and never missed.

Each file holds one value as JSON below a digest of it. A file is read only where it and its folder
belong to this user and nobody else may write them; whatever is odd counts as not there, and is made
anew by whoever needed it.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from .. import json_text

FOLDER = "cache"
LARGEST = 20_000_000
# Read, written and searched by the owner alone.
OTHERS = 0o077


def read(state: Path, name: str) -> Any | None:
    """The value that was kept under this name beside a state; None where none can be trusted."""
    folder = state / FOLDER
    if not _is_ours(folder, stat.S_ISDIR):
        return None
    try:
        with open(folder / name, "rb", opener=_opened) as file:
            about = os.fstat(file.fileno())
            if not _holds(about, stat.S_ISREG) or about.st_size > LARGEST:
                return None
            digest, _, text = file.read(LARGEST).partition(b"\n")
    except OSError:  # it is not there, no file, or does not read
        return None
    if hashlib.sha256(text).hexdigest().encode() != digest:
        return None
    try:
        return json_text.decode(text)
    except ValueError:
        return None


def write(state: Path, name: str, value: Any) -> None:
    """Keep a value (what JSON can hold) under a name; where that can't be done, nothing is."""
    folder, text = state / FOLDER, json_text.encode(value).encode()
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        if not _is_ours(folder, stat.S_ISDIR):
            return
        handle, half = tempfile.mkstemp(dir=folder, prefix=".")  # mode 0600
        try:
            with open(handle, "wb") as file:
                file.write(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
            os.replace(half, folder / name)
        except OSError:
            os.unlink(half)
            raise


def _opened(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _is_ours(path: Path, kind: Any) -> bool:
    try:
        return _holds(path.lstat(), kind)
    except OSError:
        return False


def _holds(about: os.stat_result, kind: Any) -> bool:
    return kind(about.st_mode) and about.st_uid == os.geteuid() and not about.st_mode & OTHERS
