"""The cases of a set, an overlay over it or a merchant: found, read, run, their snapshots kept.

Where a folder or file of cases is named alone, the set is the one that it lies in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import UsageError
from ...language.spec import MappingSet
from ...merchant.load import Merchant
from . import snapshots
from .case import Case, Verdict
from .programs import Programs
from .read import chosen, read_cases
from .run import run

SET_FILE = "set.yaml"


@dataclass(slots=True)
class Suite:
    """The chosen cases with the programs that they are run with; ``kept`` are their snapshots by
    file and name. ``whole`` says that of each file all cases are among them."""

    cases: list[Case]
    programs: Programs
    whole: bool
    kept: dict[str, dict[str, Any]] = field(default_factory=dict)

    def verdicts(self) -> Iterator[Verdict]:
        """Each case run, in order. Raises FileError where a case's settings are wrong."""
        for case in self.cases:
            yield self.verdict(case)

    def verdict(self, case: Case) -> Verdict:
        """One case run."""
        kept = self.kept.get(case.file, {}).get(case.name)
        return run(case, self.programs.of(case), kept, self.programs.servers)


def suite(
    mapping_set: MappingSet,
    folder: Path,
    overlay: Path | None,
    merchant: Merchant | None = None,
    paths: Sequence[Path] = (),
    name: str | None = None,
) -> Suite:
    """The cases of an overlay where there is one, else of the set; with ``paths`` those in them.
    ``name`` is a part of the names wanted.

    Raises FileError with all that is wrong in the files, UsageError where there is no such case.
    """
    for path in paths:
        if not path.exists():
            raise UsageError(f"There is no file or folder {path}.", "Name one that holds cases.")
    cases = read_cases(mapping_set, [folder, *([overlay] if overlay else [])])
    wanted = list(paths) or [overlay or folder]
    found = chosen(cases, wanted, name)
    if not found:
        where = " and ".join(str(path) for path in wanted)
        what = f"No case of {where} has {name!r} in its name." if name else f"{where} has no cases."
        raise UsageError(what, "Cases are YAML in a folder tests beside the mappings.")
    return Suite(found, Programs(mapping_set, merchant), name is None, snapshots.kept(found))


def set_of(paths: Sequence[Path]) -> Path | None:
    """The folder of the set that all these paths lie in; None where that can't be told."""
    found = set()
    for path in paths:
        here = path.absolute()
        above = [one for one in (here, *here.parents) if (one / SET_FILE).is_file()]
        found.add(above[0] if above else None)
    return found.pop() if len(found) == 1 else None
