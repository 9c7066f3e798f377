"""Receiver: how many pushes a second are on the disk and answered, and whether a kill loses one.

``webhooks serve`` runs as a process of its own on one core; 64 connections of this process, on
another core where there is one, each send the next push when the last one is answered.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.figure import Figure
from engine.home import HOME
from engine.webhooks.inbox import portions
from engine.webhooks.push import read_line

CONNECTIONS = 64
SECONDS, UNTIL_KILLED = 10.0, 3.0
WANTED, LONGEST_MS = 500, 200
TOKEN = secrets.token_urlsafe(32)
# An order-management push, with the fields that public plugins read.
BODY = (
    '{"OrderId":%d,"MerchantReference":"S-10066","PaymentTransactionId":99,'
    '"OriginalPaymentTransactionId":98,"PaymentType":"Capture","Status":"Success","Amount":697.0,'
    '"Currency":"SEK","ProviderTransactionId":"f3b1","ProviderResultCode":"0",'
    '"ProviderResultDescription":"","Timestamp":"2026-11-22T11:43:05.567"}'
)


@dataclass(slots=True)
class Load:
    """What the callers saw: OrderIds that were answered, and how long each took, in seconds."""

    answered: list[int] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    seconds: float = 0.0


def run() -> list[Figure]:
    """The figures of the receiver."""
    with tempfile.TemporaryDirectory(prefix="qliro-fortnox-bench-") as name:
        folder = Path(name)
        alone = _each_synced(folder / "alone")
        with served(folder) as (process, port):
            asyncio.run(load(Load(), port, 1.0))  # the first second is of other things
            steady = Load()
            asyncio.run(load(steady, port, SECONDS))
            process.send_signal(signal.SIGTERM)
        killed = Load()
        with served(folder) as (process, port):
            asyncio.run(load(killed, port, UNTIL_KILLED + 5, kill=process))
        kept = {
            push.order_id
            for portion in portions(folder / "state" / "bench.inbox", {})
            for push in map(read_line, portion.lines)
            if push is not None
        }
    lost = len({*steady.answered, *killed.answered} - kept)
    answered = len(steady.answered) + len(killed.answered)
    rate = len(steady.answered) / steady.seconds
    p99 = statistics.quantiles(steady.took, n=100)[98] * 1000
    return [
        Figure(
            f"durable pushes a second on one core, {CONNECTIONS} connections",
            f"{rate:,.0f} a second (a file that is synced for each push: {alone:,.0f})",
            f"{WANTED} a second", rate / WANTED, "at least 1", rate >= WANTED,
        ),
        Figure(
            "the same: 99 of 100 are answered within", f"{p99:.0f} ms", f"{LONGEST_MS} ms",
            p99 / LONGEST_MS, "at most 1", p99 <= LONGEST_MS,
        ),
        Figure(
            "answered pushes that are lost, the receiver killed (SIGKILL) under that load",
            f"{lost}", f"{answered:,} answered", float(lost), "0", lost == 0 < len(killed.answered),
        ),
    ]  # fmt: skip


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A receiver in a process of its own, on the first core, and its port."""
    (folder / "merchants").mkdir(exist_ok=True)
    text = (HOME / "merchants/demo.yaml").read_text(encoding="utf-8")
    more = "\nwebhooks: {token: {env: PUSH_TOKEN}}\n"
    (folder / "merchants/bench.yaml").write_text(text + more, encoding="utf-8")
    process = subprocess.Popen(  # noqa: S603  our own command line
        [sys.executable, str(HOME / "cli.py"), "webhooks", "serve", "--port", "0", "--json"],
        cwd=folder,
        env=os.environ | {"PUSH_TOKEN": TOKEN},
        stdout=subprocess.PIPE,
    )
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(process.pid, cores[:1])
    os.sched_setaffinity(0, cores[1:] or cores)
    try:
        told = process.stdout.readline() if process.stdout else b""
        yield process, int(urlsplit(json.loads(told)["url"]).port or 0)
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate()
        os.sched_setaffinity(0, cores)


async def load(
    seen: Load, port: int, seconds: float, *, kill: subprocess.Popen[bytes] | None = None
) -> None:
    """All connections at work for so many seconds, or until the receiver was killed."""
    began = time.perf_counter()
    first = time.time_ns()  # no OrderId comes twice
    numbers = iter(range(first, first + 10_000_000))
    callers = [
        asyncio.create_task(_caller(seen, port, numbers, began + seconds))
        for _ in range(CONNECTIONS)
    ]
    if kill is not None:
        await asyncio.sleep(UNTIL_KILLED)
        kill.kill()
    await asyncio.gather(*callers)
    seen.seconds = time.perf_counter() - began


async def _caller(seen: Load, port: int, numbers: Iterator[int], end: float) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    path = f"/push/bench/{TOKEN}/order-management"
    with suppress(OSError, asyncio.IncompleteReadError):  # killed
        while (sent_at := time.perf_counter()) < end:
            order = next(numbers)
            body = BODY % order
            writer.write(
                f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n\r\n"
                f"{body}".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            answer = await reader.readexactly(int(head.split(b"content-length: ")[1].split()[0]))
            if head.split()[1] != b"200" or answer != b'{"CallbackResponse":"received"}':
                raise RuntimeError(f"{head!r} {answer!r}")
            seen.answered.append(order)
            seen.took.append(time.perf_counter() - sent_at)
    writer.close()


def _each_synced(path: Path, seconds: float = 1.0) -> float:
    """Lines a second when each is synced by itself, by a program that does nothing else."""
    count, began = 0, time.perf_counter()
    with path.open("wb", buffering=0) as file:
        while time.perf_counter() - began < seconds:
            file.write(b"x" * 180 + b"\n")
            os.fsync(file.fileno())
            count += 1
    return count / seconds


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value}, {figure.yardstick}: {figure.ratio:.2f}")
