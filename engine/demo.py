"""The demo: a seeded month of one shop, from settlement batches to booked payments.

Makes its own merchant and state in a folder, starts the sandbox as a process of its own and runs
the commands that a merchant's working day has, each shown as it would be typed.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from engine.clock import STOCKHOLM
from engine.errors import Exit, QliroFortnoxError, UsageError
from engine.explain import explain
from engine.serving import serve
from engine.settings import HOME
from engine.show.output import Output
from engine.show.page import Text, blank, heading
from engine.store import reading

MERCHANT, SECRETS, MADE, JOURNAL = "demo.yaml", "secrets.yaml", "made.json", "sandbox.jsonl"
# The month goes back so far, and a day more.
DAYS = 32
# Fortnox lets 25 requests through in 5 seconds; the demo's sandbox in a tenth of that.
WINDOW = 0.5
ONE_LINE = "SELECT min(reference) FROM ledger.line_state WHERE code = ? AND Type = 'Transaction'"
# Longer than the sandbox ever takes to start.
PATIENCE = 20.0


def demonstrate(out: Output, folder: Path, seed: int) -> None:
    """Run the demo from the beginning; what an earlier one left in ``folder`` is replaced."""
    _clear(folder)
    made = {"port": _free_port(), "seed": seed, "until": f"{_now():%Y-%m-%d}"}
    _write_merchant(folder, made)
    merchant = os.path.relpath(folder / MERCHANT)
    with _sandbox(folder, made) as url:
        out.page(
            [
                heading("A month of one shop's payouts, from Qliro to booked payments in Fortnox"),
                Text(f"Both are the sandbox on {url}, its pace ten times Fortnox's own."),
                Text("Some lines have a trouble, as they do in life."),
            ]
        )
        first = _step(out, "Fetch, plan, post:", "run", merchant)
        counted = _effects(url)
        stands = _step(out, "The reconciliation:", "status", merchant)
        again = _step(out, "The same once more, which must post nothing:", "run", merchant)
        if _effects(url) != counted:
            raise QliroFortnoxError("The second run posted something; that is a defect.")
    out.page(
        [
            blank(),
            Text(
                f"Counted at the sandbox, after the first run and after the second: "
                f"{counted['payments_created']} payments, {counted['vouchers_created']} vouchers."
            ),
            blank(),
            *_next(merchant, folder),
        ]
    )
    out.data({"run": first, "status": stands, "again": again, "counted": counted})


def serve_again(out: Output, folder: Path) -> None:
    """The sandbox of the last demo, with all that was posted to it."""
    try:
        made = json.loads((folder / MADE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"There is no demo in {folder} yet.", "Make one: make demo") from None
    until = datetime.fromisoformat(made["until"])
    serve(out, made["port"], made["seed"], (), until, WINDOW, folder / JOURNAL)


def _next(merchant: str, folder: Path) -> list[Text]:
    """Commands that work on what the demo left, with its own references."""
    refs = _examples(folder)
    on_path = shutil.which("qliro-fortnox")
    activate = [] if on_path else [Text(". .venv/bin/activate", 2)]
    again = f"{' ' if folder == Path('.demo') else f' --folder {folder} '}--sandbox-only"
    told = [
        (f"explain {merchant} {refs.parked}", "why a line is parked, back to its rule"),
        (f"explain {merchant} {refs.posted}", "how one was posted: request and answer"),
        (f"explain {merchant} {refs.payout}", "a payout that does not balance"),
        (f"plan {merchant}", "what the next run would post"),
        (f"references {merchant}", "which invoice field matches best"),
        (f"show {merchant}", "every setting and where it comes from"),
        (f"resolve {merchant} {refs.parked} --invoice {refs.invoice} --by YOU", "decide on it"),
    ]
    width = max(len(command) for command, _ in told)
    return [
        heading("Try next"),
        *activate,
        *(Text(f"qliro-fortnox {command:<{width}}  {why}", 2) for command, why in told),
        Text("run, plan and references ask the sandbox: serve it in a second terminal, with all"),
        Text("that was posted to it:"),
        Text(f"make sandbox    (qliro-fortnox demo{again})", 2),
    ]


@dataclass(frozen=True, slots=True)
class _Examples:
    """References of the month that are worth a look."""

    parked: str
    invoice: str
    posted: str
    payout: str


def _examples(folder: Path) -> _Examples:
    """An ambiguous line with its first candidate, a posted line, a payout that disagrees."""
    with reading(folder / "state", "demo") as store:
        parked = store.value(ONE_LINE, ["ambiguous"])
        story = explain(store, parked)["lines"][0]["stories"][0]
        return _Examples(
            parked=parked,
            invoice=story["trace"]["match"]["losers"][0][0],
            posted=store.value(ONE_LINE, ["posted"]),
            payout=store.value("SELECT payout FROM ledger.payout_state WHERE NOT holds"),
        )


def _step(out: Output, title: str, *arguments: str) -> Any:
    """One command as a process of its own; with ``--json`` its result, else shown as it comes."""
    out.page([blank(), heading(title), Text(f"$ qliro-fortnox {' '.join(arguments)}", style="dim")])
    command = [*_command(), *arguments, *(["--json", "--quiet"] if out.json else [])]
    if out.quiet and not out.json:
        command.append("--quiet")
    ended = subprocess.run(  # noqa: S603  our own command line
        command, stdout=subprocess.PIPE if out.json else None, check=False
    )
    if ended.returncode not in (Exit.OK, Exit.ATTENTION):
        raise QliroFortnoxError(
            f"The demo's {arguments[0]} ended with {ended.returncode}.", "What it said is above."
        )
    return json.loads(ended.stdout) if out.json else None


def _command() -> list[str]:
    return [sys.executable, str(HOME / "cli.py")]


# -- what the demo works on ------------------------------------------------------------------


def _now() -> datetime:
    return datetime.now(STOCKHOLM)


def _clear(folder: Path) -> None:
    """Remove what an earlier demo made, and nothing else."""
    if folder.exists() and not (folder / MADE).exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} holds something else.", "Name another: --folder FOLDER")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _write_merchant(folder: Path, made: dict[str, Any]) -> None:
    """The merchant of the demo, from the example: its addresses, its secrets, its first day."""
    text = (HOME / "merchants" / MERCHANT).read_text(encoding="utf-8")
    schema = os.path.relpath(HOME / "schemas" / "merchant.schema.json", folder)
    first = _now().date() - timedelta(days=DAYS)
    for pattern, new in (
        (r"\$schema=\S+", f"$schema={schema}"),
        (r"http://127\.0\.0\.1:\d+", f"http://127.0.0.1:{made['port']}"),
        (r"\{env: (\w+)\}", rf"{{file: {SECRETS}, key: \1}}"),
        (r"payouts_from: \S+", f"payouts_from: {first}"),
        (r"(  tenant_id: .*)", rf"\1\n  pace: {{requests: 25, seconds: {WINDOW}}}"),
    ):
        text, found = re.subn(pattern, new, text)
        if not found:
            raise QliroFortnoxError(f"The demo can't find {pattern} in merchants/{MERCHANT}.")
    text += "\nstate: state\ndelivery: {settle_delay_seconds: 2}\n"
    (folder / MERCHANT).write_text(text, encoding="utf-8")
    (folder / SECRETS).touch(mode=0o600)
    (folder / SECRETS).write_text(
        "# These open nothing but the sandbox on this machine.\n"
        "QLIRO_API_KEY: SANDBOX\nQLIRO_API_SECRET: sandbox-secret\n"
        "FORTNOX_CLIENT_ID: sandbox-client\nFORTNOX_CLIENT_SECRET: sandbox-client-secret\n",
        encoding="utf-8",
    )
    (folder / MADE).write_text(json.dumps(made) + "\n", encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def _sandbox(folder: Path, made: dict[str, Any]) -> Iterator[str]:
    """The sandbox as a process of its own, ended at the end; its address."""
    options = [
        "--port", str(made["port"]), "--seed", str(made["seed"]), "--until", made["until"],
        "--window", str(WINDOW), "--journal", str(folder / JOURNAL),
    ]  # fmt: skip
    log = folder / "sandbox.log"
    with log.open("w", encoding="utf-8") as told:
        process = subprocess.Popen(  # noqa: S603  our own command line
            [*_command(), "sandbox", "serve", *options], stdout=told, stderr=told
        )
    url = f"http://127.0.0.1:{made['port']}"
    try:
        _await(process, made["port"], log)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise QliroFortnoxError("The sandbox did not start.", f"What it said is in {log}.")


def _effects(url: str) -> dict[str, Any]:
    """What callers changed, as the sandbox itself counts it."""
    with urlopen(f"{url}/sandbox/effects", timeout=PATIENCE) as answer:  # noqa: S310  our own
        return dict(json.load(answer))
