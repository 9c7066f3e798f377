"""Snapshots of cases: readable YAML in the folder ``snapshots`` beside the files of cases."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ...errors import FileError
from ...merchant.first_file import flow
from ...yamlfile import read
from .case import Case, Verdict
from .compare import written
from .read import SNAPSHOTS

HEAD = "# What came of the cases of {name}; written by `qliro-fortnox test --update`.\n"


@dataclass(frozen=True, slots=True)
class Change:
    """What an update does to a snapshot: ``kind`` is new, changed or gone."""

    file: Path
    case: str
    kind: str


def file_of(case_file: str) -> Path:
    """Where the snapshots of a file of cases lie."""
    path = Path(case_file)
    return path.parent / SNAPSHOTS / path.name


def kept(cases: Iterable[Case]) -> dict[str, dict[str, Any]]:
    """By file of cases the snapshots that are kept, by name of the case. Raises FileError."""
    found: dict[str, dict[str, Any]] = {}
    for name in dict.fromkeys(one.file for one in cases):
        path = file_of(name)
        if not path.is_file():
            continue
        file = read(path)
        if not isinstance(file.value, dict):
            remedy = "Write them again: qliro-fortnox test --update"
            text = "snapshots stand by name of a case."
            raise FileError([file.finding((), "wrong-type", text, remedy)])
        found[name] = file.value
    return found


def update(
    verdicts: Sequence[Verdict], known: Mapping[str, Mapping[str, Any]], *, whole: bool
) -> list[Change]:
    """Write the snapshots of these cases where they differ; what changed. With ``whole`` they are
    all cases of their files, and a snapshot of no case goes."""
    changes: list[Change] = []
    for name in dict.fromkeys(one.case.file for one in verdicts):
        before = dict(known.get(name, {}))
        mine = {one.case.name: written(one.made) for one in verdicts
                if one.case.file == name and "snapshot" in one.case.expect}  # fmt: skip
        after = {n: v for n, v in before.items() if n in mine or not whole} | mine
        path = file_of(name)
        changes += [Change(path, n, "gone") for n in before if n not in after]
        for case, value in after.items():
            if case not in before:
                changes.append(Change(path, case, "new"))
            elif text({case: before[case]}) != text({case: value}):
                changes.append(Change(path, case, "changed"))
        if any(change.file == path for change in changes):
            _write(path, HEAD.format(name=Path(name).name) + text(after) if after else "")
    return changes


def _write(path: Path, content: str) -> None:
    """The file, whole or not at all; without content it goes."""
    if not content:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(exist_ok=True)
    half = path.with_name(f"{path.name}.half")
    half.write_text(content, "utf-8")
    os.replace(half, path)


def text(value: Any) -> str:
    """A value as readable YAML."""
    return "".join(f"{line}\n" for line in _lines(value, 0))


def _lines(value: Any, indent: int) -> Iterator[str]:
    before = " " * indent
    if isinstance(value, Mapping):
        for name, one in value.items():
            key = f"{before}{flow(str(name))}:"
            if isinstance(one, Mapping | list) and one:
                yield key
                yield from _lines(one, indent + 2)
            else:
                yield f"{key} {_scalar(one)}"
    elif isinstance(value, list):
        for one in value:
            inner = list(_lines(one, indent + 2)) if isinstance(one, Mapping | list) and one else []
            if not inner:
                yield f"{before}- {_scalar(one)}"
                continue
            yield f"{before}- {inner[0].lstrip()}"
            yield from inner[1:]


def _scalar(value: Any) -> str:
    return format(value, "f") if isinstance(value, Decimal) else flow(value)
