"""docs/example, a repository of mappings of one's own, against the wheel; docs/ci.md quotes it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from installed import called, installed, wheel

from engine.home import HOME

__all__ = ["installed", "wheel"]

EXAMPLE = HOME / "docs" / "example"
PAGE = (HOME / "docs" / "ci.md").read_text("utf-8")
WORKFLOWS = {
    "vendor.github-workflows": EXAMPLE / ".github/workflows/mappings.yml",
    "vendor.gitlab-ci": EXAMPLE / ".gitlab-ci.yml",
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the example in a folder of nobody's."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "mappings"))


def steps(path: Path) -> list[str]:
    """The lines of a workflow that call the program, of whichever forge."""
    text = path.read_text("utf-8")
    found = re.findall(r"^ *(?:- |run: |- run: )?(qliro-fortnox .*)$", text, re.MULTILINE)
    assert found
    return found


def test_the_example_is_sound_to_the_installed_program(installed: Path, repository: Path) -> None:
    told = called(installed, repository, "lint", "--all", "--strict")
    assert (told.returncode, told.stderr) == (0, "")
    assert "added     policy house" in told.stdout
    assert told.stdout.endswith("No findings.\n")


def test_its_sarif_names_files_of_the_repository(installed: Path, repository: Path) -> None:
    path = repository / "ours" / "orders.yaml"
    path.write_text(path.read_text("utf-8").replace("NORD", "NORDLIGA"), "utf-8")
    told = called(installed, repository, "lint", "--all", "--strict", "--format", "sarif")
    (run,) = json.loads(told.stdout)["runs"]
    places = {
        one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in run["results"]
    }
    assert told.returncode == 2
    assert places == {"ours/orders.yaml"}


def test_a_change_against_the_policy_of_the_house_does_not_pass(
    installed: Path, repository: Path
) -> None:
    path = repository / "ours" / "orders.yaml"
    path.write_text(path.read_text("utf-8").replace("value: NORD", "value: SYD"), "utf-8")
    told = called(installed, repository, "lint", "--all", "--strict")
    assert told.returncode == 2
    assert "breaks the policy house.norway" in told.stdout + told.stderr


def test_both_workflows_call_the_program_alike() -> None:
    github, gitlab = (steps(path) for path in WORKFLOWS.values())
    assert github == gitlab


@pytest.mark.parametrize("schema", WORKFLOWS)
def test_a_workflow_is_one_by_the_schema_of_its_forge(schema: str) -> None:
    if find_spec("check_jsonschema") is None:
        pytest.skip("check-jsonschema, which has the schemas, is not installed here")
    told = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, WORKFLOWS[schema]],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert told.returncode == 0, told.stdout


def test_a_job_of_github_that_sees_findings_may_write_them_and_nothing_else() -> None:
    made = yaml.safe_load(WORKFLOWS["vendor.github-workflows"].read_text("utf-8"))
    assert made["permissions"] == {"contents": "read"}
    assert made["jobs"]["lint"]["permissions"] == {"contents": "read", "security-events": "write"}


def test_the_page_shows_the_files_of_the_example_as_they_are() -> None:
    shown = re.findall(r"<!-- file: (\S+) -->\n```ya?ml\n(.*?)```", PAGE, re.DOTALL)
    assert {name for name, _ in shown} >= {
        ".github/workflows/mappings.yml", ".gitlab-ci.yml", "ours/policies/house.yaml",
    }  # fmt: skip
    for name, text in shown:
        assert text == (EXAMPLE / name).read_text("utf-8"), name


def test_the_page_shows_what_lint_says_of_another_cost_centre(
    installed: Path, repository: Path
) -> None:
    path = repository / "ours" / "orders.yaml"
    path.write_text(path.read_text("utf-8").replace("value: NORD", "value: SYD"), "utf-8")
    told = called(installed, repository, "lint", "hats")
    (line,) = [line for line in told.stdout.splitlines() if "breaks the policy" in line]
    assert line in PAGE.splitlines()
