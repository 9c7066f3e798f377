"""docs/walkthrough.md, typed as it stands: from an empty folder to a live merchant.

Only the ports and the pace are others, so that nothing on the machine is in the way; the test is
the administrator's browser.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from engine.home import HOME

PAGE = HOME / "docs" / "walkthrough.md"
# What the page names, by who listens there.
PORTS = {"second": "8765", "third": "8780", "sign-in": "8767"}
PATIENCE = 30.0
# These say with 3 that something is left to a person, as the page tells.
LEFT_TO_PERSONS = ("connect butiken\n", "doctor ", "run ", "status ")


@pytest.mark.skipif(not shutil.which("curl"), reason="a step of the page uses curl")
def test_a_stranger_gets_from_an_empty_folder_to_a_live_merchant(tmp_path: Path) -> None:
    ports = dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
    terminal = Terminal(tmp_path)
    merchant = tmp_path / "merchants" / "butiken.yaml"
    with ExitStack() as open_:
        for kind, commands in blocks(with_ports(PAGE.read_text("utf-8"), ports)):
            if kind in ports:
                open_.enter_context(terminal.beside(commands, ports[kind]))
            else:
                terminal.type(commands)
            if " init " in commands:  # it writes the usual addresses, and Fortnox's own pace
                text = with_ports(merchant.read_text("utf-8"), ports)
                merchant.write_text(text.replace("seconds: 5\n", "seconds: 0.2\n"), "utf-8")
    told = terminal.told
    for said in (
        "No findings.",
        "butiken is connected to Exempelbutiken AB, 556001-1982",
        "A test push to the public address arrived in the inbox.",
        "activated by Anna.",
    ):
        assert said in told
    assert re.search(r"Posted [1-9]\d* documents", told)
    assert "not been activated" not in told
    assert "Traceback" not in told


def with_ports(text: str, ports: Mapping[str, str]) -> str:
    for name, usual in PORTS.items():
        text = text.replace(f":{usual}", f":{ports[name]}")
    return text


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a page, block by block, with what stands after ``sh``."""
    for found in re.finditer(r"^```sh *(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield found[1], found[2]


class Terminal:
    """A shell whose exports last, in an empty folder, which is its home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told = ""
        command = folder / "qliro-fortnox"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} {HOME / "cli.py"} "$@"\n')
        command.chmod(0o755)
        path = f"{folder}{os.pathsep}{os.environ['PATH']}"
        self.env = {"PATH": path, "HOME": str(folder), "LANG": "C.UTF-8"}

    def type(self, commands: str, ends: int = 0) -> None:
        """Commands one after the other; each must end well, or say what is left to do, the last one
        with ``ends``."""
        told, after = self.folder / ".told", self.folder / ".environment"
        with told.open("w") as out, subprocess.Popen(  # noqa: S603  our own page
            ["/bin/bash", "-ec", f"{commands}env > {after}\n"],
            cwd=self.folder, env=self.env, text=True,
            stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            for line in process.stderr or ():
                self.told += line
                if "/oauth-v1/auth?" in line:  # the administrator approves
                    urlopen(line.strip(), timeout=PATIENCE).close()  # noqa: S310  the sandbox
        self.told += told.read_text("utf-8")
        left = any(one in commands for one in LEFT_TO_PERSONS)
        may = (ends, 3) if left else (ends,)
        assert process.returncode in may, f"{commands}\n{self.told}"
        if not process.returncode:
            pairs = (line.partition("=") for line in after.read_text("utf-8").splitlines())
            self.env |= {name: value for name, _, value in pairs if name.isupper()}

    @contextmanager
    def beside(self, commands: str, port: str) -> Iterator[None]:
        """A command in a terminal that stays open."""
        options = f"--port {port}" + (" --window 0.2" if " sandbox " in commands else "")
        with (
            (self.folder / f"{port}.log").open("w") as log,
            subprocess.Popen(  # noqa: S603  our own page
                ["/bin/bash", "-c", f"exec {commands.strip()} {options}"],
                cwd=self.folder, env=self.env, stdout=log, stderr=log,
            ) as process,
        ):  # fmt: skip
            try:
                await_listener(process, int(port))
                yield
            finally:
                process.send_signal(signal.SIGTERM)


def await_listener(process: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail(f"nobody listens on {port}")


def free_ports(count: int) -> list[str]:
    found = [socket.socket() for _ in range(count)]
    for one in found:
        one.bind(("127.0.0.1", 0))
    ports = [str(one.getsockname()[1]) for one in found]
    for one in found:
        one.close()
    return ports
