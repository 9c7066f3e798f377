"""Signals: a run as a process of its own gets one or two at any moment. The second ends it with 75,
and whatever was cut short, the runs after it post each document once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from random import Random

from shopkit import SECRETS, shop_world, write_shop

from engine.home import HOME
from engine.sandbox.control import effects
from engine.sandbox.server import Running, serve

SIGNALS = (signal.SIGTERM, signal.SIGTERM, signal.SIGINT)
# Python itself needs so long before anything of ours can listen.
START_SECONDS = 0.3


def _run(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603  our own command line
        [sys.executable, str(HOME / "cli.py"), "run", "shop", "--quiet"],
        cwd=folder, env=os.environ | SECRETS, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def _cut_short(chance: Random, folder: Path) -> str:
    """A run that is signalled; what became of it."""
    process, sent = _run(folder), 0
    for seconds in (START_SECONDS + chance.random() * 3, chance.choice((0, 0.001, 0.02, 0.3))):
        try:
            process.wait(seconds)
            break
        except subprocess.TimeoutExpired:
            process.send_signal(chance.choice(SIGNALS))
            sent += 1
    try:
        _, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise AssertionError("it did not end") from None
    assert "Traceback" not in err, err
    assert "defect" not in err, err
    if sent == 2:
        assert process.returncode == 75, (process.returncode, err)
    assert process.returncode in (0, 3, 75), (process.returncode, err)
    return ("before a signal came", "one signal", "two signals")[sent]


def _each_once(running: Running) -> None:
    counted = effects(running.world)
    made = [one["created"] for one in counted["payments"].values()]
    assert set(made) <= {1}, counted
    assert len({one.invoice for one in running.world.payments.values()}) == len(made), counted
    assert set(counted["vouchers"].values()) <= {1}, counted


def play(chance: Random, folder: Path) -> str:
    """A shop of its own, a run that is cut short, and one that is not."""
    world = shop_world("fee_with_vat", "clean_sale", "invoice_missing")
    world.limits.latency_seconds = 0.02
    with serve(world) as running:
        world.clock.set(datetime.now(UTC))  # processes have the machine's clock
        write_shop(folder, running.url)
        became = _cut_short(chance, folder)
        world.limits.latency_seconds = 0
        process = _run(folder)
        _, err = process.communicate(timeout=120)
        assert process.returncode in (0, 3, 75), (process.returncode, err)
        _each_once(running)
    return became
