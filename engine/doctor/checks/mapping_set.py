"""The merchant's file and the mappings that it names: valid, and what only draws a warning.

Reads the files; asks no server.
"""

from __future__ import annotations

from collections.abc import Iterator

from engine.doctor.ground import Ground
from engine.doctor.result import Result, error, ok, warning
from engine.errors import FileError


def run(ground: Ground) -> Iterator[Result]:
    try:
        mapping_set, program = ground.mappings
    except FileError as wrong:
        for one in wrong.findings:
            yield error(
                f"{one.code}: {one.message}",
                "Nothing runs while a mapping is invalid.",
                one.remedy or "Correct it; `lint` shows every finding.",
                one.place,
            )
        return
    told = [*ground.merchant.warnings, *mapping_set.warnings, *program.warnings]
    for one in dict.fromkeys(told):
        yield warning(
            f"{one.code}: {one.message}",
            "It runs, but hardly as it was meant.",
            one.remedy or "Correct it; `lint` shows every finding.",
            one.place,
        )
    if not told:
        name = ground.settings["mapping_set"]
        yield ok(f"The merchant's file and the mapping set {name} are valid.")
