"""The texts of a mapping set and its overlay, read from their folders; nothing is parsed here.

Reads files; gives their texts by name. The folders called ``tests`` hold cases and no rules.
"""

from __future__ import annotations

from pathlib import Path

from ..errors import FileError, Finding
from ..yamlfile import read_text

# How the name of an overlay's file begins.
OVERLAY = "overlay:"
# The folder whose files are cases of a set or overlay: no rules, so nothing here reads them.
CASES = "tests"


def texts_of(folder: Path, overlay: Path | None) -> dict[str, str]:
    """The texts of a set and its overlay by name (``overlay:NAME`` for the latter's). Raises
    FileError with all that can't be read."""
    findings: list[Finding] = []
    texts = _texts(folder, "", findings)
    if overlay is not None:
        texts |= _texts(overlay, OVERLAY, findings)
    if findings:
        raise FileError(findings)
    return texts


def is_of_cases(path: Path) -> bool:
    """Whether a file of a set or overlay, as it is called from there, holds cases."""
    return CASES in path.parts[:-1]


def _texts(folder: Path, prefix: str, findings: list[Finding]) -> dict[str, str]:
    if not folder.is_dir():
        missing = FileError.at(folder, 0, 0, "no-such-folder", "there is no such folder.")
        findings += missing.findings
        return {}
    result = {}
    for path in sorted([*folder.rglob("*.yaml"), *folder.rglob("*.yml")]):
        if is_of_cases(path.relative_to(folder)):
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            what = "this link leads out of the folder, and its file is not read."
            findings += FileError.at(path, 0, 0, "outside", what).findings
            continue
        try:
            result[prefix + path.relative_to(folder).as_posix()] = read_text(path)
        except FileError as error:
            findings += error.findings
        except OSError as error:
            findings += FileError.at(path, 0, 0, "not-readable", str(error)).findings
    return result
