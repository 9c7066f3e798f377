"""The program as people have it: a wheel, built from the sources and installed into a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
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
