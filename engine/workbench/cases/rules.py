"""Where the rule stands that made a value of what came out of a case.

Asked only of values that differ: reads the mapping's document and its rows as they were made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...errors import Place
from ...language.program import Program, Rendered
from ...language.spec import Field, MappingSpec
from ..seen import Evaluator, of_mapping, with_lets

Steps = Sequence[str | int]


@dataclass(frozen=True, slots=True)
class Rules:
    """What is known of the rules of one outcome: ``place`` or ``told`` where one rule made all of
    it, ``places`` by column, or the mapping with its inputs."""

    program: Program | None = None
    spec: MappingSpec | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    made: Rendered | None = None
    place: Place | None = None
    told: str = ""
    places: Mapping[str, Place] = field(default_factory=dict)

    def of(self, steps: Steps) -> tuple[Place | None, str]:
        """The place of the rule that made the value at these steps, and its expression."""
        if steps[:1] == ["columns"] and len(steps) > 1:
            return self.places.get(str(steps[1])), ""
        if steps[:1] == ["confirm"] and self.spec is not None and len(steps) > 1:
            confirmed = self.spec.confirm.get(str(steps[1]))
            return (confirmed.expected.place, confirmed.expected.text) if confirmed else (None, "")
        if steps[:1] != ["document"] or self.spec is None or len(steps) < 2:
            return self.place or place_told(self.told), ""
        declared = next((one for one in self.spec.document if one.name == steps[1]), None)
        if declared is None:
            return None, ""
        if len(steps) == 2:
            return _told(declared)
        return self._of_row(declared, steps[2:])

    def _of_row(self, declared: Field, steps: Steps) -> tuple[Place | None, str]:
        assert self.program is not None and self.spec is not None and self.made is not None  # noqa: S101, PT018
        evaluator = Evaluator(self.program)
        lets = self.made.trace.lets if self.made.trace else {}
        frame = with_lets(
            evaluator, of_mapping(self.program, self.spec, self.inputs), lets
        )
        rows = [row for row, _ in evaluator.rows(declared.rows, frame)]
        listed = (self.made.document or {}).get(declared.name)
        index = steps[0]
        if not isinstance(index, int) or len(rows) != len(listed or ()) or index >= len(rows):
            return declared.place, ""
        row = rows[index]
        found = next((one for one in row.fields if len(steps) > 1 and one.name == steps[1]), None)
        return _told(found) if found else (row.place, "")


def _told(declared: Field) -> tuple[Place, str]:
    return declared.place, declared.value.text if declared.value else ""


def place_told(told: str) -> Place | None:
    """The place that a trace tells of as a text."""
    parts = told.split(", used in ", maxsplit=1)[0].rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():
        return Place(parts[0], int(parts[1]), int(parts[2]))
    return None
