"""Writes what a scheduler reads: each file whole or not at all, each saying where it is from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from ..errors import UsageError

HEAD = "# Written by `qliro-fortnox fleet {kind}`: change the merchants and write it anew.\n"
# JSON has no comments, and a DAG says it itself.
WITHOUT_HEAD = (".json", ".py")


def write(folder: Path, kind: str, files: Mapping[str, str]) -> list[str]:
    """Put the files of a ``kind`` of scheduler into ``folder``; gives the names of those there that
    were written so before and that are none of them.

    Raises UsageError where a file can't be written.
    """
    head = HEAD.format(kind=kind)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            half = folder / f".{name}.half"
            half.write_text(text if name.endswith(WITHOUT_HEAD) else head + text, "utf-8")
            os.replace(half, folder / name)
        return sorted(
            one.name for one in folder.iterdir()
            if one.is_file() and one.name not in files and _begins(one, head)
        )  # fmt: skip
    except OSError as error:
        raise UsageError(
            f"{error.filename} can't be written: {error.strerror}.", "Name another folder: --out"
        ) from None


def _begins(file: Path, head: str) -> bool:
    with file.open("rb") as read:
        return read.read(len(head.encode())) == head.encode()
