"""What went wrong, for people and for programs: a short paragraph, or the same as JSON.

An error that this program raises on purpose says what, where, why and the remedy. Any other is a
defect: one paragraph names it, and the traceback goes to a file that only its owner may read.
"""

from __future__ import annotations

import os
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from ..errors import FileError, Finding, QliroFortnoxError
from .page import count

LOG = "defects.log"


def paragraph(error: QliroFortnoxError) -> str:
    """The error for a person; findings in files one a line, and how many there are."""
    if isinstance(error, FileError):
        return findings_text(list(error.findings))
    return str(error)


def findings_text(findings: list[Finding]) -> str:
    """Findings, one a line, then their number by severity."""
    return "\n".join([*map(finding_line, findings), counted(findings)])


def counted(findings: list[Finding]) -> str:
    """How many findings there are, by severity."""
    errors = sum(finding.severity == "error" for finding in findings)
    counts = [count(errors, "error")] if errors else []
    if warnings := len(findings) - errors:
        counts.append(count(warnings, "warning"))
    return f"{', '.join(counts) or 'No findings'}."


def finding_line(finding: Finding) -> str:
    """``file:line:column: code: what. Remedy``; a warning says that it is one."""
    if finding.severity == "error":
        return str(finding)
    return str(finding).replace(f": {finding.code}: ", f": {finding.severity}: {finding.code}: ", 1)


def finding_data(finding: Finding) -> dict[str, Any]:
    """A finding for ``--json``."""
    return {
        "file": finding.place.path,
        "line": finding.place.line,
        "column": finding.place.column,
        "severity": finding.severity,
        "code": finding.code,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def as_data(error: QliroFortnoxError) -> dict[str, Any]:
    """The error for ``--json``."""
    told: dict[str, Any] = {
        "kind": type(error).__name__,
        "message": error.message,
        "remedy": error.remedy,
        "exit_code": int(error.exit_code),
    }
    if isinstance(error, FileError):
        told["findings"] = [finding_data(finding) for finding in error.findings]
    return {"error": told}


def defect(
    error: BaseException, folder: Path | None, redact: Callable[[str], str], now: datetime
) -> str:
    """One paragraph on an unforeseen error; its traceback is written beside the state (0600)."""
    told = "".join(traceback.format_exception(error))
    text = redact(f"{now.isoformat()}\n{told}\n")
    try:
        kept = f"is in {_written(text, folder)}; send that file with your report"
    except OSError as refused:  # the disk may be what it began with
        kept = f"could not be written down ({refused.strerror or refused})"
    name = f"{type(error).__name__}: {error}".split("\n", 1)[0].rstrip(": .")
    return redact(
        f"This is a defect of qliro-fortnox, not of your files ({name}). "
        f"What was being done {kept}. "
        "Nothing is lost: a further run goes on from what is written down."
    )


def _written(text: str, folder: Path | None) -> str:
    """The file that the text was added to: in ``folder``, or elsewhere where that takes nothing."""
    if folder is not None:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / LOG
            _add(text, os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
            return str(path)
    handle, name = tempfile.mkstemp(prefix="qliro-fortnox-", suffix=".log")
    _add(text, handle)
    return name


def _add(text: str, handle: int) -> None:
    with os.fdopen(handle, "a", encoding="utf-8") as file:
        os.fchmod(handle, 0o600)
        file.write(text)
