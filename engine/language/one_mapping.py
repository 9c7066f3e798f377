"""A mapping while it is checked: its set, where findings go, what is known of its values so far.

Reads nothing; gives the emitter and the view that the checks of its matches, its document and what
else it declares share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import Finding
from ..yamlfile import Path_
from . import lineage, scope
from .code import Code
from .emit import Emitter
from .expressions import Expression, Report
from .spec import MappingSet, MappingSpec, Row


class OneMapping:
    """Held open over one mapping: its names, its target, where findings go."""

    def __init__(
        self, mapping_set: MappingSet, spec: MappingSpec, settings: Code, report: Report
    ) -> None:
        self.set = mapping_set
        self.spec = spec
        self.settings = settings
        self.report = self._noting(report)
        self.told: list[str] = []
        self.signatures = scope.signatures(mapping_set)
        self.sure: set[str] = set()
        self.shared: dict[Any, Any] = {}

    def _noting(self, report: Report) -> Report:
        """``report``, with the codes in ``told``: one mistake is one finding."""

        def noted(finding: Finding) -> None:
            self.told.append(finding.code)
            report(finding)

        return noted

    def view(self, emitter: Emitter) -> lineage.View:
        """What an expression sees where the emitter is."""
        sure = frozenset(self.sure)
        return lineage.View(
            self.set, dict(emitter.names), emitter.lets, self.settings, sure, shared=self.shared
        )

    def emitter(
        self,
        names: Mapping[str, Code],
        lets: Mapping[str, Expression | tuple[Row, ...]] | None = None,
    ) -> Emitter:
        """An emitter with these names in scope."""
        return Emitter(self.report, dict(names), self.signatures, lets or {})

    def wrong(self, path: Path_, code: str, text: str, remedy: str = "", key: bool = False) -> None:
        """Reports a finding at a path of the mapping."""
        self.report(self.spec.source.finding(path, code, text, remedy, key=key))
