"""What the demo stands on: a folder with merchants and secrets, sandboxes, commands as typed.

Makes its own merchants from the examples, starts each sandbox as a process of its own, and runs
commands as processes of their own; ``Context`` is what the acts of the demo are given.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from ..clock import STOCKHOLM
from ..errors import Exit, QliroFortnoxError, UsageError
from ..home import HOME
from ..show.output import Output
from ..show.page import Text, blank, heading

SECRETS, MADE = "secrets.yaml", "made.json"
# A merchant's history goes back so far, and a day more.
DAYS = 32
# Fortnox lets 25 requests through in 5 seconds; the demo's sandbox in a tenth of that.
WINDOW = 0.5
# Longer than the sandbox ever takes to start.
PATIENCE = 20.0
# A folder's ports lie among these, below those that the system gives away by itself.
FIRST_PORT, PORTS = 10000, 10000


@dataclass(frozen=True, slots=True)
class Context:
    """One shop of the demo: its merchant file and its sandbox, both by ``name``.

    ``options`` are those of ``sandbox serve`` that make its world.
    """

    out: Output
    folder: Path
    name: str
    port: int
    seed: int
    until: str
    options: tuple[str, ...] = ()

    @property
    def merchant(self) -> str:
        """Its merchant file, as it is typed."""
        return os.path.relpath(self.folder / f"{self.name}.yaml")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def journal(self) -> Path:
        """What callers changed in its sandbox, to go on with."""
        return self.folder / f"{self.name}.jsonl"

    def step(self, title: str, *arguments: str) -> Any:
        """One command; with ``--json`` its result, else shown as it comes."""
        out = self.out
        typed = Text(f"$ qliro-fortnox {' '.join(arguments)}", style="dim")
        out.page([blank(), heading(title), typed])
        command = [*COMMAND, *arguments, *(["--json", "--quiet"] if out.json else [])]
        if out.quiet and not out.json:
            command.append("--quiet")
        ended = subprocess.run(  # noqa: S603  our own command line
            command, stdout=subprocess.PIPE if out.json else None, check=False
        )
        if ended.returncode not in (Exit.OK, Exit.ATTENTION):
            raise QliroFortnoxError(
                f"The demo's {arguments[0]} ended with {ended.returncode}.",
                "What it said is above.",
            )
        return json.loads(ended.stdout) if out.json else None

    def ask(self, name: str) -> dict[str, Any]:
        """What the sandbox itself tells: effects, state."""
        with urlopen(f"{self.url}/sandbox/{name}", timeout=PATIENCE) as answer:  # noqa: S310  ours
            return dict(json.load(answer))

    def deed(self, **asked: Any) -> dict[str, Any]:
        """Something that a person does at Qliro or in Fortnox."""
        request = Request(f"{self.url}/sandbox/deeds", json.dumps(asked).encode())  # noqa: S310  ours
        with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310  ours
            return dict(json.load(answer))

    @contextmanager
    def sandbox(self) -> Iterator[None]:
        """Its sandbox, served by a process of its own as long as this lasts."""
        options = [
            "--port", str(self.port), "--seed", str(self.seed), "--until", self.until,
            "--window", str(WINDOW), "--journal", str(self.journal), *self.options,
        ]  # fmt: skip
        log = self.folder / f"{self.name}.log"
        with log.open("w", encoding="utf-8") as told:
            process = subprocess.Popen(  # noqa: S603  our own command line
                [*COMMAND, "sandbox", "serve", *options], stdout=told, stderr=told
            )
        try:
            _await(process, self.port, log)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


COMMAND = [sys.executable, str(HOME / "cli.py")]


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise QliroFortnoxError("The sandbox did not start.", f"What it said is in {log}.")


# -- the folder ------------------------------------------------------------------------------


def prepare(folder: Path, seed: int, shops: Mapping[str, tuple[str, ...]]) -> None:
    """A new folder with a merchant for each of ``shops``, whose worlds those options make; what an
    earlier demo left is replaced."""
    if folder.exists() and not (folder / MADE).exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} holds something else.", "Name another: --folder FOLDER")
    try:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    except OSError as error:
        what = f"{folder} can't be made anew ({error.strerror or error})."
        raise UsageError(what, "Name another: --folder FOLDER") from None
    until = f"{datetime.now(STOCKHOLM):%Y-%m-%d}"
    ports = dict(zip(shops, _ports(folder, len(shops)), strict=True))
    for name, port in ports.items():
        _write_merchant(folder, name, port)
    (folder / SECRETS).touch(mode=0o600)
    (folder / SECRETS).write_text(
        "# These open nothing but the sandboxes on this machine.\n"
        "QLIRO_API_KEY: SANDBOX\nQLIRO_API_SECRET: sandbox-secret\n"
        "QLIRO_PLUS_API_KEY: SANDBOX-PLUS\nQLIRO_PLUS_API_SECRET: sandbox-plus-secret\n"
        "FORTNOX_CLIENT_ID: sandbox-client\nFORTNOX_CLIENT_SECRET: sandbox-client-secret\n",
        encoding="utf-8",
    )
    made = json.dumps({"seed": seed, "until": until, "ports": ports})
    (folder / MADE).write_text(f"{made}\n", encoding="utf-8")


def grounds(out: Output, folder: Path, shops: Mapping[str, tuple[str, ...]]) -> list[Context]:
    """The shops of the demo that was made in the folder."""
    try:
        made = json.loads((folder / MADE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        remedy = "Make one: qliro-fortnox demo"
        raise UsageError(f"There is no demo in {folder} yet.", remedy) from None
    return [
        Context(out, folder, name, made["ports"][name], made["seed"], made["until"], options)
        for name, options in shops.items()
    ]


def _write_merchant(folder: Path, name: str, port: int) -> None:
    """A merchant from the example: its addresses, its secrets, its first days."""
    text = (HOME / "merchants" / f"{name}.yaml").read_text(encoding="utf-8")
    schema = os.path.relpath(HOME / "schemas" / "merchant.schema.json", folder)
    first = datetime.now(STOCKHOLM).date() - timedelta(days=DAYS)
    for pattern, new in (
        (r"\$schema=\S+", f"$schema={schema}"),
        (r"http://127\.0\.0\.1:\d+", f"http://127.0.0.1:{port}"),
        (r"\{env: (\w+)\}", rf"{{file: {SECRETS}, key: \1}}"),
        (r"(payouts|orders)_from: \S+", rf"\1_from: {first}"),
        (r"(  tenant_id: .*)", rf"\1\n  pace: {{requests: 25, seconds: {WINDOW}}}"),
    ):
        text, found = re.subn(pattern, new, text)
        if not found:
            raise QliroFortnoxError(f"The demo can't find {pattern} in merchants/{name}.yaml.")
    text += "\nstate: state\ndelivery: {settle_delay_seconds: 2}\n"
    (folder / f"{name}.yaml").write_text(text, encoding="utf-8")


def _ports(folder: Path, count: int) -> list[int]:
    """Ports that stay the folder's own from demo to demo, as files of people name them; where
    something else listens there, free ones."""
    first = FIRST_PORT + count * (zlib.crc32(os.fsencode(folder.resolve())) % PORTS)
    try:
        return _bound([first + one for one in range(count)])
    except OSError:
        return _bound([0] * count)


def _bound(ports: list[int]) -> list[int]:
    """The ports that are free, each of these or, of 0, any. Raises OSError when one is taken."""
    held: list[socket.socket] = []
    try:
        for port in ports:
            held.append(socket.socket())
            held[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held[-1].bind(("127.0.0.1", port))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()
