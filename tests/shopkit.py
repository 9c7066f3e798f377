"""A shop with a handful of lines, and commands started as people start them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.home import HOME
from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.troubles.by_name import TROUBLES
from engine.sandbox.world.world import DEFAULT_START, World

SECRETS = {
    "QLIRO_API_KEY": "SANDBOX",
    "QLIRO_API_SECRET": "sandbox-secret",
    "FORTNOX_CLIENT_ID": "sandbox-client",
    "FORTNOX_CLIENT_SECRET": "sandbox-client-secret",
}
SHOP = """\
version: 1
name: Hattar & Mössor AB
environment: sandbox
qliro:
  base_url: {url}
  api_key: {{env: QLIRO_API_KEY}}
  api_secret: {{env: QLIRO_API_SECRET}}
fortnox:
  base_url: {url}
  auth_url: {url}/oauth-v1
  client_id: {{env: FORTNOX_CLIENT_ID}}
  client_secret: {{env: FORTNOX_CLIENT_SECRET}}
  tenant_id: "1234567"
  pace: {{requests: 1000, seconds: 1}}
payouts_from: {payouts_from}
interim_accounts:
  - {{method: [QLIRO_INVOICE], account: 1581}}
  - {{method: [CREDITCARDS, SWISH, TRUSTLY], account: 1582}}
default_interim_account: 1580
bank_accounts:
  - {{currency: SEK, account: 1930}}
accounts: {{fee: 6570, fee_vat: 2641, fees_pending: 1790, fees_owed: 2990, rounding: 3740,
  currency_gain: 3960, currency_loss: 7960, dispute: 1589, suspense: 2999, debt: 2890}}
voucher_series: {{fees: Q, transfer: T, dispute: D}}
delivery: {{settle_delay_seconds: 2, parallel: 1}}
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """What a command left: exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Cli = Callable[..., Ended]


def shop_world(*troubles: str) -> World:
    """A company with these troubles, each in a payout of its own, and no rate limit."""
    world = empty_world(DEFAULT_START, seed=1)
    world.limits.rate_limit = None
    for name in troubles:
        TROUBLES[name](world)
    return world


def write_shop(folder: Path, url: str, *, payouts_from: str = "2026-10-01", more: str = "") -> Path:
    path = folder / "merchants" / "shop.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(SHOP.format(url=url, payouts_from=payouts_from) + more, encoding="utf-8")
    return path


def start(arguments: Sequence[str], folder: Path) -> subprocess.Popen[str]:
    """A command as a process of its own, in ``folder``."""
    return subprocess.Popen(  # noqa: S603  our own command line
        [sys.executable, str(HOME / "cli.py"), *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str], timeout: float = 60) -> Ended:
    """Wait for a started command."""
    out, err = process.communicate(timeout=timeout)
    return Ended(process.returncode, out, err)
