"""docs/example, a repository of mappings of one's own, against the wheel; docs/ci.md quotes it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from subprocess import CompletedProcess

import pytest
import yaml
from installed import called, installed, wheel

from engine import scope as scopes
from engine import session as sessions
from engine.clock import StoppedClock
from engine.home import HOME
from engine.merchant.load import load_merchant
from engine.sandbox.lives.by_name import LIVES
from engine.sandbox.lives.by_name import shop as shop_of_lives
from engine.sandbox.transport import SandboxTransport
from engine.store import database as stores

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


def pytest_of(installed: Path, folder: Path, *arguments: str) -> CompletedProcess[str]:
    """pytest, in a folder of nobody's, with the program installed beside it."""
    start = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider")
    return called(installed, folder, "-q", *arguments, start=start)


def test_its_cases_hold(installed: Path, repository: Path) -> None:
    told = called(installed, repository, "test", "--merchant", "hats")
    assert (told.returncode, told.stdout) == (0, "2 cases hold.\n")


@pytest.mark.parametrize("more", [(), ("-n", "2")])
def test_pytest_finds_the_same_cases(
    installed: Path, repository: Path, more: tuple[str, ...]
) -> None:
    told = pytest_of(installed, repository, *more)
    assert told.returncode == 0, told.stdout
    assert "2 passed" in told.stdout
    told = pytest_of(installed, repository, "-k", "Norway", *more)
    assert "1 passed" in told.stdout


def test_pytest_shows_a_case_that_fails_as_the_page_does(
    installed: Path, repository: Path
) -> None:
    path = repository / "ours" / "orders.yaml"
    path.write_text(path.read_text("utf-8").replace("value: NORD", "value: SYD"), "utf-8")
    policy = repository / "ours" / "policies" / "house.yaml"
    policy.write_text(policy.read_text("utf-8").replace("== 'NORD'", "is not none"), "utf-8")
    told = pytest_of(installed, repository)
    assert (told.returncode, "1 failed" in told.stdout) == (1, True)
    shown = PAGE.split("is shown like this:\n\n```\n")[1].split("```")[0].splitlines()
    said = told.stdout.replace(f"{repository.resolve()}/", "")
    assert "\n".join(shown[1:]) in said
    assert "Traceback" not in told.stdout


def test_a_snapshot_that_differs_fails_and_is_written_anew_when_told_to(
    installed: Path, repository: Path
) -> None:
    path = repository / "ours" / "tests" / "samples.yaml"
    path.write_text(path.read_text("utf-8").replace("A hat", "A red hat"), "utf-8")
    assert pytest_of(installed, repository).returncode == 1
    assert pytest_of(installed, repository, "--snapshot-update").returncode == 0
    assert pytest_of(installed, repository).returncode == 0
    kept = (repository / "ours/tests/__snapshots__/orders.ambr").read_text("utf-8")
    assert "'Description': 'A red hat'" in kept


def test_a_repository_that_says_nothing_of_it_has_no_cases_for_pytest(
    installed: Path, repository: Path
) -> None:
    (repository / "pyproject.toml").unlink()
    told = pytest_of(installed, repository)
    assert (told.returncode, "no tests ran" in told.stdout) == (5, True)


def test_a_setting_that_cannot_be_is_told_in_words(installed: Path, repository: Path) -> None:
    path = repository / "pyproject.toml"
    path.write_text(path.read_text("utf-8").replace("--merchant hats", "--merchant caps"), "utf-8")
    told = pytest_of(installed, repository)
    assert told.returncode == 2
    assert "qliro_fortnox = --merchant caps: " in told.stdout
    assert "Traceback" not in told.stdout
    path.write_text(path.read_text("utf-8").replace("--merchant caps", "--shop hats"), "utf-8")
    told = pytest_of(installed, repository)
    assert "a line has options with values; known: --merchant, " in told.stdout


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


def test_a_job_of_github_may_write_what_it_is_for_and_nothing_else() -> None:
    made = yaml.safe_load(WORKFLOWS["vendor.github-workflows"].read_text("utf-8"))
    assert made["permissions"] == {"contents": "read"}
    assert {name: one.get("permissions") for name, one in made["jobs"].items()} == {
        "lint": {"contents": "read", "security-events": "write"},
        "test": None,
        "diff": {"contents": "read", "pull-requests": "write"},
    }


def test_the_page_shows_the_files_of_the_example_as_they_are() -> None:
    shown = re.findall(r"<!-- file: (\S+) -->\n```(?:ya?ml|toml)\n(.*?)```", PAGE, re.DOTALL)
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


def history(repository: Path) -> None:
    """What the shop's scheduler has read of an order that was paid, as its backup has it."""
    environ = {
        "HATS_QLIRO_API_KEY": "SANDBOX", "HATS_QLIRO_API_SECRET": "sandbox-secret",
        "HATS_FORTNOX_CLIENT_ID": "sandbox-client",
        "HATS_FORTNOX_CLIENT_SECRET": "sandbox-client-secret",
    }  # fmt: skip
    merchant = load_merchant(repository / "merchants" / "hats.yaml", environ)
    world = shop_of_lives()
    (order,) = LIVES["captured"](world).orders
    with (
        stores.writing(repository / "state", "hats") as store,
        sessions.open_session(
            merchant, store, StoppedClock(world.now()), SandboxTransport(world)
        ) as session,
    ):
        sessions.sync(session, scopes.Scope(None, (str(order),)))


def test_the_step_that_compares_a_change_writes_the_comment(
    installed: Path, repository: Path
) -> None:
    history(repository)

    def git(*arguments: str) -> None:
        names = [f"-c user.{one}=anna@example.com" for one in ("name", "email")]
        told = subprocess.run(  # noqa: S603
            ["git", *" ".join(names).split(), *arguments],  # noqa: S607
            cwd=repository, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert told.returncode == 0, told.stderr

    git("init", "--quiet"), git("add", "."), git("commit", "--quiet", "-m", "As it is")
    change = 'version: 2\nmapping: customer\ndocument:\n  Name: "{{ order.name | upper }}"\n'
    (repository / "ours" / "customer.yaml").write_text(change, "utf-8")
    (step,) = [one for one in steps(WORKFLOWS["vendor.github-workflows"]) if " diff " in one]
    program = f'qliro-fortnox() {{ {sys.executable} {installed}/bin/qliro-fortnox "$@"; }}'
    shell = ("/bin/bash", "-ec", f"{program}; BASE=HEAD; {step}")
    told = called(installed, repository, start=shell)
    assert told.returncode == 0, told.stderr
    comment = (repository / "diff.md").read_text("utf-8")
    shown = PAGE.split("A comment looks like this:\n\n```markdown\n")[1].split("```")[0]
    assert re.sub("buyer [0-9a-f]{8}", "buyer …", comment) == shown
