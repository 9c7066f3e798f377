"""The merchant's file and the mappings that it names: valid, and what only draws a warning.

Reads the files; asks no server.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import FileError
from ..context import Context
from ..result import Result, error, ok, warning


def run(context: Context) -> Iterator[Result]:
    try:
        mapping_set, program = context.mappings
    except FileError as wrong:
        for one in wrong.findings:
            yield error(
                f"{one.code}: {one.message}",
                "Nothing runs while a mapping is invalid.",
                one.remedy or "Correct it; `lint` shows every finding.",
                one.place,
            )
        return
    told = [*context.merchant.warnings, *mapping_set.warnings, *program.warnings]
    for one in dict.fromkeys(told):
        yield warning(
            f"{one.code}: {one.message}",
            "It runs, but hardly as it was meant.",
            one.remedy or "Correct it; `lint` shows every finding.",
            one.place,
        )
    if not told:
        name = context.settings["mapping_set"]
        yield ok(f"The merchant's file and the mapping set {name} are valid.")
