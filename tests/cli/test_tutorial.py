"""docs/tutorial.md, typed as it stands on an installed wheel in an empty folder: its files, its
commands, and what it says they print. Only the port is another."""

from __future__ import annotations

import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from installed import installed, wheel
from test_walkthrough import Terminal, free_ports

from engine.home import HOME

__all__ = ["installed", "wheel"]

PAGE = (HOME / "docs" / "tutorial.md").read_text("utf-8")
BLOCK = re.compile(r"(?:<!-- file: (\S+) -->\n)?^```(\w+) ?(\S*)\n(.*?)^```", re.M | re.S)
USUAL = "8765"
REQUIRED = [shutil.which(one) for one in ("curl", "git")]


class Installed(Terminal):
    """A terminal whose qliro-fortnox is the installed one, and whose git knows a name."""

    def __init__(self, folder: Path, site: Path) -> None:
        super().__init__(folder)
        command = folder.parent / "bin" / "qliro-fortnox"
        command.parent.mkdir()
        (folder / "qliro-fortnox").unlink()
        command.write_text(f'#!/bin/sh\nexec {sys.executable} {site}/bin/qliro-fortnox "$@"\n')
        command.chmod(0o755)
        packages = os.pathsep.join([str(site), sysconfig.get_path("purelib")])
        self.env |= {
            "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": packages,
            "GIT_AUTHOR_NAME": "Anna", "GIT_AUTHOR_EMAIL": "anna@example.com",
            "GIT_COMMITTER_NAME": "Anna", "GIT_COMMITTER_EMAIL": "anna@example.com",
        }  # fmt: skip


def blocks(page: str) -> Iterator[tuple[str, str, str, str]]:
    """What a page says block by block: the file, the language, what stands after it, the text."""
    for found in BLOCK.finditer(page):
        yield found[1] or "", found[2], found[3], found[4]


def steady(text: str) -> list[str]:
    """Lines without where this machine has the set, and without the lines of its files."""
    text = re.sub(r"[^\s(]*(?:qliro-fortnox|…)/([\w/]+\.yaml):\d+(:\d+)?", r"…/\1:1", text)
    return [line.rstrip() for line in text.splitlines()]


def stands_in(quoted: str, printed: str) -> str:
    """The first quoted line that does not stand in what was printed, in order; … is any text."""
    left = steady(printed)
    for line in steady(quoted):
        if line in ("", "…"):
            continue
        wanted = ".*".join(re.escape(part) for part in line.replace("…/", "\0").split("…"))
        wanted = wanted.replace(re.escape("\0"), "…/")
        while left and not re.fullmatch(wanted, left[0]):
            left.pop(0)
        if not left:
            return line
        left.pop(0)
    return ""


@pytest.mark.skipif(None in REQUIRED, reason="the page uses curl and git")
def test_a_rule_goes_from_idea_to_live_as_the_page_says(installed: Path, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    folder = tmp_path / "shop"
    folder.mkdir()
    terminal = Installed(folder, installed)
    printed = ""
    with ExitStack() as open_:
        for file, language, after, text in blocks(PAGE.replace(f":{USUAL}", f":{port}")):
            if file:
                (folder / file).write_text(text, "utf-8")
            elif after == "second":
                open_.enter_context(terminal.beside(text, port))
            elif language == "sh":
                before = len(terminal.told)
                terminal.type(text, int(after.removeprefix("exit=") or 0))
                printed = terminal.told[before:]
            else:
                assert stands_in(text, printed) == "", printed
    assert "Traceback" not in terminal.told
    assert "is not declared" not in terminal.told.rpartition("git commit")[2]
