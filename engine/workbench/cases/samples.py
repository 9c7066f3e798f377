"""Samples of cases: rows, answers and settings by name, and what is like which.

Held open over the files of cases of a set: samples and findings gather here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...errors import Finding
from ...yamlfile import Path_, YamlFile, nearest

# A value with the file and path that it stands at.
Part = tuple[YamlFile, Path_, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Sample:
    """A named value: where it stands, and what."""

    file: YamlFile
    path: Path_
    value: dict[str, Any]


@dataclass(slots=True)
class Samples:
    """Those known so far, and all that was found to be wrong."""

    findings: list[Finding] = field(default_factory=list)
    known: dict[str, Sample] = field(default_factory=dict)

    def report(self, finding: Finding) -> None:
        """Keep a finding; what else is wrong is still looked for."""
        self.findings.append(finding)

    def take(self, file: YamlFile, own: dict[str, Sample], kinds: Collection[str]) -> None:
        """The samples of a file, into ``own``: each name stands once in all files of its folder.
        ``kinds`` is what a sample may be."""
        for name, value in file.value.get("samples", {}).items():
            path: Path_ = ("samples", name)
            if name in own:
                where = own[name].file.place(own[name].path, key=True)
                text = f"the sample {name!r} stands already in {where}."
                self.report(file.finding(path, "twice", text, "Take another name.", key=True))
                continue
            own[name] = Sample(file, path, value)
            if value["is"] not in kinds:
                text = f"there is nothing that is called {value['is']!r}."
                remedy = nearest(value["is"], kinds)
                self.report(file.finding((*path, "is"), "unknown-name", text, remedy))

    def like(
        self, file: YamlFile, path: Path_, value: Mapping[str, Any], kind: str
    ) -> Iterator[Part]:
        """The samples that a value of this kind is like, the nearest first."""
        seen: list[str] = []
        while (name := value.get("like")) is not None:
            sample = self.known.get(str(name))
            at = (*path, "like")
            if sample is None:
                text = f"there is no sample {name!r}."
                self.report(file.finding(at, "unknown-name", text, nearest(str(name), self.known)))
                return
            if sample.value["is"] != kind:
                text = f"the sample {name!r} is of {sample.value['is']}, and this is {kind}."
                self.report(file.finding(at, "wrong-type", text))
                return
            if name in seen:
                self.report(file.finding(at, "circle", f"the sample {name!r} is like itself."))
                return
            seen.append(str(name))
            file, path, value = sample.file, sample.path, sample.value
            yield file, path, value
