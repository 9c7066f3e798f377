"""The units, by systemd's own analyzer: whatever it says is a failure, whatever its code."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from fleetkit import fleet, tool, write_merchants


@pytest.mark.parametrize("every", ["15", "60", "1440"])
def test_systemd_finds_nothing_in_the_units(tmp_path: Path, every: str) -> None:
    analyze = tool("systemd-analyze")
    write_merchants(tmp_path, "shop", "hats")
    program = tmp_path / ".venv/bin/qliro-fortnox"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    fleet(tmp_path, "systemd", "--home", str(tmp_path), "--every", every)
    units = sorted((tmp_path / "out").iterdir())
    assert [one.name for one in units] == [
        "qliro-fortnox.target", "qliro-fortnox@.service", "qliro-fortnox@.timer",
    ]  # fmt: skip
    told = subprocess.run(  # noqa: S603
        [analyze, "verify", "--man=no", *map(str, units)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")
    timer = units[2].read_text()
    when = next(line for line in timer.splitlines() if line.startswith("OnCalendar="))
    told = subprocess.run(  # noqa: S603
        [analyze, "calendar", when.partition("=")[2]], check=False, capture_output=True, text=True
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert "Next elapse" in told.stdout
