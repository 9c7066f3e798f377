"""Every code that lint can print is explained in docs/lint.md and carried in SARIF."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.language.rules.explained import RULES, explained
from engine.manual.pages import lint_page
from engine.show import findings as view

from .kit import HOUSE, findings

CALLS = {"finding", "Finding", "wrong", "_wrong", "at", "_refuse", "_held"}
# What only an import of a CSV file, or a change of a merchant's file, can tell.
NOT_OF_LINT = {
    "duplicate-column", "no-account", "not-csv", "too-many-cells", "unknown-column", "not-in-lines",
    "empty",
}  # fmt: skip
WORD = re.compile(r"[a-z]+(-[a-z]+)*")


def codes() -> Iterator[str]:
    """The codes in the source: the second text of a call that makes a finding."""
    engine = HOUSE / "engine"
    paths = [*(engine / "language").rglob("*.py"), *(engine / "merchant").glob("*.py")]
    paths += [engine / "yamlfile.py", engine / "validate.py", engine / "doctor/oss_gaps.py"]
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", "") or getattr(node.func, "id", "")
            for argument in node.args if name in CALLS else ():
                told = str(argument.value) if isinstance(argument, ast.Constant) else ""
                if "-" in told and WORD.fullmatch(told):
                    yield told


def test_the_page_is_current() -> None:
    page = (HOUSE / "docs/lint.md").read_text("utf-8")
    assert page == lint_page(), "Write it: python -m engine.manual.pages"


def test_every_code_is_explained() -> None:
    assert set(codes()) - NOT_OF_LINT - explained().keys() == set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.CODE)
def test_a_rule_shows_what_not_to_write_and_what_to(rule: object) -> None:
    told = str(rule.__doc__)
    assert re.search(r"\n\*\*Anti-pattern\*\*\n\n    ", told)
    assert re.search(r"\n\*\*Best practice\*\*\n\n    ", told)
    assert told.index("Anti-pattern") < told.index("Best practice")


def test_sarif_carries_the_explanations(tmp_path: Path) -> None:
    log = view.sarif([], explained(), "1")
    rules = {one["id"]: one for one in log["runs"][0]["tool"]["driver"]["rules"]}
    assert rules["may-be-null"]["shortDescription"]["text"].startswith("A column that may be null")
    assert "**Best practice**" in rules["may-be-null"]["help"]["markdown"]
    assert json.dumps(log)
    assert findings("- 1\n")  # a finding of a code is one of these
