"""Checks the policies of a mapping set when it is loaded: their targets, and every name in them.

Reads the parsed set, reports findings. A condition is looked at once for each mapping whose
documents it is asked of: their sources have different columns.
"""

from __future__ import annotations

from ..yamlfile import Path_, nearest
from .code import Code
from .expressions import Report
from .policies import emitted
from .spec import MappingSet, MappingSpec, PolicyCheck, PolicySpec


def check(mapping_set: MappingSet, report: Report, *, whole: bool) -> None:
    """Reports what is wrong. ``whole`` when no mapping was left out."""
    settings = Code("K_settings", mapping_set.settings_type)
    by_target: dict[str, list[MappingSpec]] = {}
    for spec in mapping_set.mappings.values():
        by_target.setdefault(spec.target, []).append(spec)
    for policy in mapping_set.policies.values():
        for i, one in enumerate(policy.checks):
            known = _known_targets(mapping_set, policy, i, one, report)
            for target in known:
                asking: list[MappingSpec | None] = [*by_target.get(target, [])]
                for asked in asking or [None]:
                    emitted(mapping_set, target, asked, one, settings, report)
            if whole and known and not any(target in by_target for target in known):
                text = f"no mapping makes {' or '.join(known)}: {one.id} is never asked."
                where = ("checks", i, "for")
                report(policy.source.finding(where, "unused", text, severity="warning"))


def _known_targets(
    mapping_set: MappingSet, policy: PolicySpec, i: int, one: PolicyCheck, report: Report
) -> list[str]:
    known = []
    said = policy.source.value["checks"][i]["for"]
    for number, target in enumerate(one.targets):
        if target in mapping_set.targets:
            known.append(target)
            continue
        where: Path_ = (
            ("checks", i, "for", number) if isinstance(said, list) else ("checks", i, "for")
        )
        text, remedy = f"there is no target {target!r}.", nearest(target, mapping_set.targets)
        report(policy.source.finding(where, "unknown-target", text, remedy))
    return known
