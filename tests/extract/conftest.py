"""What the tests of extraction share: a sandbox world, both APIs over it, an empty store."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import httpx
import pytest

from engine.access.tokens import ClientCredentials
from engine.clock import StoppedClock
from engine.extract.ask import Extraction
from engine.merchant.secrets import Secret
from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.transport import SandboxTransport
from engine.sandbox.world.world import World
from engine.store.database import Store, in_memory
from engine.transport.http import Api
from engine.transport.limiter import Limiter
from engine.transport.qliro_signature import QliroAuth

KEY = b"a key for personal numbers"


@pytest.fixture
def world() -> World:
    """An empty company."""
    return empty_world()


@pytest.fixture
def store() -> Store:
    """An empty database."""
    return in_memory()


@pytest.fixture
def clock(world: World) -> StoppedClock:
    """Stands where the world's clock stands."""
    return StoppedClock(world.now())


@pytest.fixture
def qliro(world: World, store: Store, clock: StoppedClock) -> Extraction:
    """Qliro, as the sandbox plays it."""
    auth = QliroAuth(Secret("test", world.access.merchant_api_secret))
    return Extraction(api("qliro", auth, clock, SandboxTransport(world)), store, KEY)


@pytest.fixture
def fortnox(world: World, store: Store, clock: StoppedClock) -> Extraction:
    """Fortnox, as the sandbox plays it, with client credentials and the real limit."""
    access = world.access
    world.limits.rate_clock = "real"
    auth = ClientCredentials(
        "https://sandbox/oauth-v1",
        Secret("test", access.client_id),
        Secret("test", access.client_secret),
        access.tenant_id,
        clock,
    )
    world.limits.rate_limit = None
    return Extraction(api("fortnox", auth, clock, SandboxTransport(world)), store, KEY)


def api(source: str, auth: httpx.Auth, clock: StoppedClock, transport: httpx.BaseTransport) -> Api:
    """One of the two APIs over a transport of the test's own."""
    return Api(
        source,
        "https://sandbox",
        auth=auth,
        clock=clock,
        limiter=Limiter(clock) if source == "fortnox" else None,
        transport=transport,
        random=Random(1),  # noqa: S311  jitter
    )


@pytest.fixture
def answering(store: Store, clock: StoppedClock) -> Callable[..., Extraction]:
    """An API whose answers the test makes itself: ``answering("qliro", handler)``."""

    def make(source: str, handler: Callable[[httpx.Request], httpx.Response]) -> Extraction:
        auth = QliroAuth(Secret("test", "secret"))
        return Extraction(api(source, auth, clock, httpx.MockTransport(handler)), store, KEY)

    return make
