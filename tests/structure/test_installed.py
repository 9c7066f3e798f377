"""Installed from a wheel the program is one package, whatever else lies beside it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from engine.home import HOME

SOURCES = ("cli.py", "pyproject.toml", "README.md", "engine", "mappings", "merchants", "schemas")
# Another package, with names that this program had at the top of site-packages before.
OTHERS = {
    "cli.py": "import sys\n\n\ndef main() -> int:\n    print('another program')\n    return 0\n",
    "engine/__init__.py": "",
    "engine/start.py": "def main() -> None:\n    print('another program')\n",
    "mappings/__init__.py": "",
    "schemas/__init__.py": "",
}


def ran(*command: str | Path, **more: object) -> subprocess.CompletedProcess[str]:
    settings = {"capture_output": True, "text": True, "timeout": 120, **more}
    return subprocess.run([str(one) for one in command], check=False, **settings)  # noqa: S603


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources with what this environment has."""
    try:
        if int(version("setuptools").partition(".")[0]) < 77:
            raise PackageNotFoundError
    except PackageNotFoundError:
        pytest.skip("setuptools 77 or later is not installed here: no wheel can be built")
    folder = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        if (HOME / name).is_dir():
            leave = shutil.ignore_patterns("__pycache__")
            shutil.copytree(HOME / name, folder / name, ignore=leave)
        else:
            shutil.copy(HOME / name, folder / name)
    out = tmp_path_factory.mktemp("wheel")
    told = ran(sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-index", "--quiet",
               "--no-build-isolation", "--wheel-dir", out, folder)  # fmt: skip
    assert told.returncode == 0, told.stderr
    (made,) = out.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with this one in it, beside another that has its former names."""
    site = tmp_path_factory.mktemp("site")
    told = ran(sys.executable, "-m", "pip", "install", "--no-deps", "--no-index", "--quiet",
               "--target", site, wheel)  # fmt: skip
    assert told.returncode == 0, told.stderr
    for name, text in OTHERS.items():
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text(text, "utf-8")
    return site


def called(
    installed: Path, folder: Path, *arguments: str, start: tuple[str | Path, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """The command as it was installed, in a folder of nobody's."""
    start = start or (sys.executable, installed / "bin" / "qliro-fortnox")
    libraries = sysconfig.get_path("purelib")
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(installed), libraries])}
    return ran(*start, *arguments, cwd=folder, env=environ)


def test_the_wheel_holds_one_package_and_all_that_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = {name for name in file.namelist() if ".dist-info/" not in name}
    assert {name.partition("/")[0] for name in names} == {"qliro_fortnox"}
    needed = {
        f"qliro_fortnox/{path.relative_to(HOME).as_posix()}"
        for folder in ("engine", "mappings", "merchants", "schemas")
        for path in (HOME / folder).rglob("*")
        if path.suffix in {".py", ".sql", ".yaml", ".json"}
    }
    assert names == needed | {"qliro_fortnox/cli.py"}


def test_another_package_with_its_former_names_is_left_alone(
    installed: Path, tmp_path: Path
) -> None:
    told = called(installed, tmp_path, "lint")
    assert (told.returncode, told.stdout) == (2, "")
    assert "Lint what?" in told.stderr
    told = called(installed, tmp_path, "lint", "--all", "--json")
    assert (told.returncode, json.loads(told.stdout)["ok"]) == (0, True)


def test_it_works_in_any_folder(installed: Path, tmp_path: Path) -> None:
    assert called(installed, tmp_path, "--version").stdout.startswith("qliro-fortnox ")
    assert called(installed, tmp_path, "init", "shop").returncode == 0
    first = (tmp_path / "merchants" / "shop.yaml").read_text("utf-8")
    address = first.partition("$schema=")[2].partition("\n")[0]
    assert (tmp_path / "merchants" / address).resolve().is_file()
    told = called(installed, tmp_path, "lint", "shop", "--json")
    assert told.returncode == 2  # payouts_from is to be filled in
    assert "payouts_from" in told.stdout
    assert called(installed, tmp_path, "errors", "2000423").returncode == 0


def test_its_folder_can_be_started_too_and_is_the_same_program(
    installed: Path, tmp_path: Path
) -> None:
    start = (sys.executable, "-P", installed / "qliro_fortnox" / "cli.py")
    told = called(installed, tmp_path, "lint", start=start)
    assert (told.returncode, "another program" in told.stdout) == (2, False)
    assert "Lint what?" in told.stderr


def test_processes_that_it_starts_are_the_same_program(installed: Path, tmp_path: Path) -> None:
    assert called(installed, tmp_path, "init", "hats").returncode == 0
    told = called(installed, tmp_path, "status", "--all", "--json")
    assert "another program" not in told.stdout
    result = json.loads(told.stdout)["merchants"]["hats"]["result"]
    assert "payouts_from" in json.dumps(result["error"])
