"""Under pytest: collects the cases of mapping sets and overlays, the same that ``test`` runs.

Does nothing unless the repository's own configuration says ``qliro_fortnox``: each of its lines is
what the command ``test`` would be given, ``--merchant hats`` or ``--overlay ours``. What a case
keeps whole (``snapshot: true``) is compared with syrupy's snapshot, which ``--snapshot-update``
rewrites.
"""

# ruff: noqa: PLC0415  whoever has the program installed and tests something else must not wait for it

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..workbench.cases.case import Case, Verdict
    from ..workbench.cases.suite import Suite

INI = "qliro_fortnox"
OPTIONS = ("--merchant", "--merchants", "--set", "--overlay")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a line of the configuration asks for, read once: its cases and their folder."""

    line: str
    suite: Suite
    folder: Path

    def cases(self, path: Path) -> list[Case]:
        """Those of a file."""
        return [one for one in self.suite.cases if Path(one.file).resolve() == path]


# What each line of the configuration asks for, or what is wrong with it.
ASKED: pytest.StashKey[list[_Asked | str]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """One setting, by which a repository of mappings asks for its cases."""
    parser.addini(
        INI, type="linelist", default=[],
        help="Collect the cases of mappings: in each line the options of qliro-fortnox test, such "
             "as --merchant hats or --overlay ours.",
    )  # fmt: skip


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> CaseFile | None:
    """A file of cases, where one of those that are asked for has it."""
    config = parent.config
    if not config.getini(INI) or file_path.suffix != ".yaml":
        return None
    from ..workbench.cases.read import files_in

    if "tests" not in file_path.parts:
        return None
    if ASKED not in config.stash:
        made: list[_Asked | str] = []
        made += [_asked(line, config.rootpath) for line in config.getini(INI)]
        config.stash[ASKED] = made
    asked = config.stash[ASKED]
    wrong = any(isinstance(one, str) for one in asked)
    if not wrong and not any(file_path in files_in(one.folder) for one in _sound(asked)):
        return None
    collected: CaseFile = CaseFile.from_parent(parent, path=file_path)
    return collected


def _sound(asked: Iterable[_Asked | str]) -> list[_Asked]:
    return [one for one in asked if isinstance(one, _Asked)]


class CaseFile(pytest.File):
    """The cases of a file, each a test of its name; where several ask for it, of each."""

    def collect(self) -> Iterable[pytest.Item]:
        from ..workbench.cases.read import files_in

        all_asked = self.config.stash[ASKED]
        wrong = [one for one in all_asked if isinstance(one, str)]
        if wrong:
            raise self.CollectError("\n".join(wrong))
        asked = [one for one in _sound(all_asked) if self.path in files_in(one.folder)]
        for one in asked:
            for case in one.cases(self.path.resolve()):
                name = f"{case.name} [{one.line}]" if len(asked) > 1 else case.name
                test: pytest.Function = pytest.Function.from_parent(
                    self, name=name, callobj=_test(one.suite, case)
                )
                yield test


def _test(suite: Suite, case: Case) -> Callable[..., None]:
    """The test of a case: it asks for syrupy's fixture only where it keeps a snapshot."""

    def holds() -> None:
        _judge(suite, case)

    def holds_and_is_as_it_was(snapshot: Any) -> None:
        assert _judge(suite, case) == snapshot  # noqa: S101  it is a test

    return holds_and_is_as_it_was if "snapshot" in case.expect else holds


def _judge(suite: Suite, case: Case) -> Any:
    """What came of a case; where it does not hold it fails, expected and actual side by side."""
    from ..errors import FileError
    from ..workbench.cases.compare import written
    from ..workbench.cases.run import run

    try:
        program = suite.programs.of(case)
    except FileError as error:
        pytest.fail("\n".join(map(str, error.findings)), pytrace=False)
    servers = suite.programs.servers
    made = written(run(case, program, servers=servers).made)
    verdict = run(case, program, made, servers)  # what it keeps whole is syrupy's to compare
    if not verdict.holds:
        pytest.fail(_told(verdict), pytrace=False)
    return made


def _told(verdict: Verdict) -> str:
    """Why a case fails: each value as expected and as it is, with the rule that made it."""
    lines = [f"{verdict.case.kind} {verdict.case.of}, {verdict.case.place.near()}"]
    for one in verdict.differences:
        lines += [one.path, f"  expected  {one.expected}", f"  came out  {one.actual}"]
        if one.rule:
            lines.append(f"  made by   {one.rule.near()} {one.expression}".rstrip())
    return "\n".join(lines)


def _asked(line: str, root: Path) -> _Asked | str:
    """What one line of the configuration asks for, or what is wrong with it."""
    from ..doctor.lint import whole_set
    from ..errors import FileError, QliroFortnoxError
    from ..merchant.load import find_merchant, load_merchant
    from ..merchant.mapping_sets import DEFAULT, folder_of
    from ..workbench.cases.suite import suite

    words = shlex.split(line)
    names, values = words[::2], words[1::2]
    if len(names) != len(values) or any(name not in OPTIONS for name in names):
        known = ", ".join(OPTIONS)
        return f"{INI} = {line}: a line has options with values; known: {known}."
    said = dict(zip(names, values, strict=True))
    try:
        merchant, overlay = None, None
        if "--merchant" in said:
            merchants = root / said.get("--merchants", "merchants")
            path = find_merchant(said["--merchant"], merchants)
            merchant = load_merchant(path, {}, needs_secrets=False)
            folder, overlay = merchant.mapping_folder, merchant.overlay_folder
        else:
            folder = folder_of(said.get("--set", DEFAULT), root)
            overlay = root / said["--overlay"] if "--overlay" in said else None
        found = suite(whole_set(folder, overlay), folder, overlay, merchant)
        return _Asked(line, found, (overlay or folder).resolve())
    except FileError as error:
        return "\n".join(map(str, error.findings))
    except QliroFortnoxError as error:
        return f"{INI} = {line}: {error}"

