"""A shop that is to be connected: its file, the sandbox's sign-in, and one clock for both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from shop import SharedClock

from engine.access import consent as connect
from engine.access.apis import open_fortnox
from engine.access.connection import Company, Connection, kept
from engine.merchant.load import Merchant, load_merchant
from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.transport import SandboxTransport
from engine.sandbox.world.world import World
from engine.transport.http import Answer

FILE = """\
version: 1
name: Hattar AB
environment: {environment}
qliro:
  base_url: https://qliro.example
  api_key: {{env: KEY}}
  api_secret: {{env: KEY}}
fortnox:
  base_url: https://fortnox.example
  auth_url: https://fortnox.example/oauth-v1
  client_id: {{env: CLIENT_ID}}
  client_secret: {{env: CLIENT_SECRET}}
payouts_from: 2026-10-01
default_interim_account: 1580
bank_accounts: [{{currency: SEK, account: 1930}}]
accounts: {{fee: 6570, fee_vat: 2641, rounding: 3740, dispute: 1589, suspense: 2999}}
voucher_series: {{fees: Q, transfer: T, dispute: D}}
"""
ENVIRON = {"KEY": "x", "CLIENT_ID": "sandbox-client", "CLIENT_SECRET": "sandbox-client-secret"}


@dataclass(slots=True)
class Office:
    """A merchant beside Fortnox: what it does to get in."""

    world: World
    clock: SharedClock
    merchant: Merchant

    @property
    def file(self) -> Path:
        return kept(self.merchant).path

    @property
    def transport(self) -> SandboxTransport:
        return SandboxTransport(self.world)

    @property
    def held(self) -> Connection:
        found = kept(self.merchant).read()
        assert found is not None
        return found

    def signed_in(self, *, service: bool = True) -> str:
        """An administrator approves; gives the code."""
        consent = connect.ask_consent(self.merchant, service=service)
        with httpx.Client(transport=self.transport) as browser:
            back = browser.get(consent.address).headers["location"]
        assert back.startswith("http://localhost:8767/fortnox?")
        return connect.code_of(back, consent.state)

    def begin(self, *, service: bool = True) -> Company:
        return connect.exchange(
            self.merchant, self.signed_in(service=service), self.clock, self.transport
        )

    def connect(self, *, service: bool = True) -> Connection:
        company = self.begin(service=service)
        return connect.confirm(
            self.merchant, company, "Anna", self.clock, self.transport, service=service
        )

    def ask(self, merchant: Merchant | None = None) -> Answer:
        """What a run does: opens the way in and asks something."""
        merchant = merchant or self.merchant
        with open_fortnox(merchant, self.clock, self.transport) as fortnox:
            return fortnox.read("GET", "/3/currencies")

    def grants(self) -> list[str]:
        """The grants that were asked for, in order."""
        return [
            dict(parse_qsl(one.body))["grant_type"]
            for one in self.world.journal
            if urlsplit(one.path).path == "/oauth-v1/token"
        ]


@pytest.fixture
def merchant_of(tmp_path: Path) -> Callable[..., Merchant]:
    """A merchant by the name of its file and its environment."""

    def make(name: str = "shop", environment: str = "sandbox", **environ: str) -> Merchant:
        path = tmp_path / "merchants" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        text = FILE.format(environment=environment)
        if environment != "sandbox":
            text = "\n".join(one for one in text.splitlines() if ".example" not in one) + "\n"
        path.write_text(text, encoding="utf-8")
        return load_merchant(path, ENVIRON | environ)

    return make


@pytest.fixture
def office(merchant_of: Callable[..., Merchant]) -> Office:
    world = empty_world()
    world.limits.rate_limit = None
    world.access.consented = False
    return Office(world, SharedClock(world), merchant_of())
