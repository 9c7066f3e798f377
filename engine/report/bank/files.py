"""Opens statement files: camt.053 by what is in them, CSV by the merchant's declared columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ...bank.camt import CamtError, read_camt
from ...bank.csv_file import read_csv
from ...bank.statement import Statement
from ...errors import FileError, UsageError


def read_statements(paths: Iterable[Path], settings: Mapping[str, Any]) -> list[Statement]:
    """The statements of all files; none is kept where one can't be read.

    Raises UsageError and FileError, with the line.
    """
    return [one for path in paths for one in _statements(path, settings)]


def _statements(path: Path, settings: Mapping[str, Any]) -> list[Statement]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.", "Give the bank's file.") from None
    if _is_xml(content):
        try:
            return read_camt(content)
        except CamtError as error:
            line, _, why = str(error).removeprefix("line ").partition(": ")
            raise FileError.at(
                path, int(line), 1, "no-statement", f"is no camt.053 that can be read: {why}.",
                "Fetch the bank's statement as camt.053, the ISO 20022 statement of the day.",
            ) from None  # fmt: skip
    declared = settings["bank"]["csv"]
    if not declared["columns"]:
        raise UsageError(
            f"{path} is no XML, and the merchant's file tells no columns of a CSV.",
            "Declare them in bank.csv.columns, such as [day, text, amount], or fetch camt.053.",
        )
    return read_csv(path, content, declared, settings["accounting_currency"])


def _is_xml(content: bytes) -> bool:
    """Whether it begins as XML does, in UTF-8 or UTF-16."""
    start = content[:200].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return re.match(rb"<[?!a-zA-Z]", start) is not None
