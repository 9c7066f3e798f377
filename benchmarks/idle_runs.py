"""Runs of one merchant against a sandbox, each timed and its requests counted, as JSON on stdout.

A program of its own, so that the code of any build can be measured: what it imports is that of the
folder on PYTHONPATH. Reads its order as JSON on stdin (``Work``); moves the sandbox's clock.
"""

from __future__ import annotations

import json
import re
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from engine.clock import SystemClock
from engine.scope import ALL, Scope
from engine.session import open_session, run


def _of_any_build(name: str, *modules: str) -> Any:
    """What has this name in the first of the modules that the build has: rooms were made later."""
    for module in modules:
        with suppress(ModuleNotFoundError):
            return getattr(import_module(module), name)
    raise RuntimeError(f"this build has none of {', '.join(modules)}")


HOME = _of_any_build("HOME", "engine.home", "engine.settings")
load_merchant = _of_any_build("load_merchant", "engine.merchant.load", "engine.merchant")
writing = _of_any_build("writing", "engine.store.database", "engine.store")


class Ahead(SystemClock):
    """The machine's clock, set to the sandbox's."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.ahead = timedelta()
        self.move({})

    def move(self, asked: dict[str, Any]) -> None:
        """Move the sandbox's clock, and this one with it."""
        told = ask(self.url, "clock", asked)["now"]
        self.ahead = datetime.fromisoformat(told).astimezone(UTC) - super().now()

    def now(self) -> datetime:
        return super().now() + self.ahead


def ask(url: str, name: str, body: dict[str, Any] | None = None) -> Any:
    """What the sandbox tells of itself."""
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(f"{url}/sandbox/{name}", data)) as answer:  # noqa: S310 — our own sandbox
        return json.load(answer)


def main() -> None:
    """``{url, folder, merchant, pace, secrets, steps: [{advance, orders}]}``: a run for each step,
    so many seconds after the one before, over all that is open or over these orders too."""
    work = json.load(sys.stdin)
    url, folder = work["url"], Path(work["folder"])
    text = (HOME / "merchants" / f"{work['merchant']}.yaml").read_text("utf-8")
    pace = json.dumps(work["pace"])
    text = text.replace("fortnox:\n", f"fortnox:\n  pace: {pace}\n", 1)
    left = [line for line in text.splitlines() if not line.startswith(("sync:", "state:"))]
    path = folder / "bench.yaml"
    left.append(f"state: {folder / 'state'}\n")
    path.write_text(re.sub(r"http://127\.0\.0\.1:\d+", url, "\n".join(left)), "utf-8")
    merchant = load_merchant(path, work["secrets"])
    clock = Ahead(url)
    told = []
    for step in work["steps"]:
        clock.move({"advance": step["advance"]})
        before = len(ask(url, "journal")["requests"])
        began = time.perf_counter()
        with (
            writing(merchant.database.parent, merchant.name) as store,
            open_session(merchant, store, clock) as session,
        ):
            run(session, Scope(None, tuple(step["orders"])) if step.get("orders") else ALL)
        seconds = time.perf_counter() - began
        asked = [f"{one['method']} {one['path']}" for one in ask(url, "journal")["requests"]]
        state = merchant.database.parent.glob(f"{merchant.name}.*duckdb*")
        size = sum(one.stat().st_size for one in state)
        told.append({"seconds": seconds, "asked": asked[before:], "bytes": size})
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
