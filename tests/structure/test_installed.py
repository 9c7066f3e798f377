"""Installed from a wheel the program is one package, whatever else lies beside it."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

from installed import called, installed, wheel

from engine.home import HOME

__all__ = ["installed", "wheel"]


def test_the_wheel_holds_one_package_and_all_that_it_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = {name for name in file.namelist() if ".dist-info/" not in name}
    assert {name.partition("/")[0] for name in names} == {"qliro_fortnox"}
    needed = {
        f"qliro_fortnox/{path.relative_to(HOME).as_posix()}"
        for folder in ("engine", "mappings", "merchants", "schemas")
        for path in (HOME / folder).rglob("*")
        if path.suffix in {".py", ".sql", ".yaml", ".json", ".j2", ".css", ".po"}
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
