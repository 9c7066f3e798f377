"""The receiver: who is let in, when a push is answered, and what is refused, counted and told."""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.clock import StoppedClock
from engine.extract.pushes import drain
from engine.store.database import in_memory
from engine.webhooks import receiver as receivers
from engine.webhooks.access import Access, opened
from engine.webhooks.commit_group import CommitGroup
from engine.webhooks.counters import Counters
from engine.webhooks.receiver import LARGEST_BODY, receiver

TOKENS = {"hats": "hats-" + "a" * 32, "shoes": "shoes-" + "b" * 32}
BEFORE = "hats-before-" + "c" * 32
RECEIVED = {"CallbackResponse": "received"}
PUSH = {"OrderId": 4711, "Status": "Completed", "MerchantReference": "Anna Andersson"}


def digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


@dataclass(slots=True)
class Counter:
    """A receiver for hats and shoes, with its log; ``calls`` are made in an event loop."""

    folder: Path
    log: list[str] = field(default_factory=list)
    second: float = 0.0
    counters: Counters = field(init=False)
    commit_group: CommitGroup = field(init=False)
    accesses: dict[str, Access] = field(init=False)

    def __post_init__(self) -> None:
        inbox = {name: self.folder / f"{name}.inbox" for name in TOKENS}
        self.accesses = {
            "hats": Access("hats", inbox["hats"], (digest(TOKENS["hats"]), digest(BEFORE))),
            "shoes": Access("shoes", inbox["shoes"], (digest(TOKENS["shoes"]), b"0" * 32)),
        }
        self.counters = Counters(TOKENS, self.log.append, lambda: self.second)
        self.commit_group = CommitGroup(inbox)

    def calls(self, work: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
        clock = StoppedClock(datetime(2026, 11, 22, 12, tzinfo=UTC))

        async def within() -> Any:
            application = receiver(self.accesses, self.commit_group, self.counters, clock)
            transport = httpx.ASGITransport(application)
            async with httpx.AsyncClient(transport=transport, base_url="http://qf") as client:
                return await work(client)

        return asyncio.run(within())

    def post(self, path: str, body: Any = PUSH, **options: Any) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer: httpx.Response = self.calls(
            lambda client: client.post(path, content=content, **options)
        )
        return answer

    def drained(self, name: str = "hats") -> list[int]:
        store = in_memory()
        drain(store, self.folder / f"{name}.inbox")
        return [row["OrderId"] for row in store.rows("SELECT OrderId FROM raw.push ORDER BY seq")]


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path)


def address(name: str = "hats", token: str | None = None, kind: str = "checkout-status") -> str:
    return f"/push/{name}/{TOKENS[name] if token is None else token}/{kind}"


# -- taken -----------------------------------------------------------------------------------------


def test_a_push_is_answered_as_qliro_wants_and_kept(counter: Counter) -> None:
    for kind in ("checkout-status", "order-management"):
        answer = counter.post(address(kind=kind))
        assert (answer.status_code, answer.json()) == (200, RECEIVED)
    assert counter.drained() == [4711, 4711]
    assert counter.drained("shoes") == []


def test_a_push_is_answered_only_after_the_disk_has_it(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, fsync = threading.Event(), os.fsync

    def slowly(file: int) -> None:
        assert synced.wait(10)
        fsync(file)

    monkeypatch.setattr(os, "fsync", slowly)

    async def push(client: httpx.AsyncClient) -> int:
        sending = asyncio.create_task(client.post(address(), json=PUSH))
        await asyncio.sleep(0.05)
        assert not sending.done()
        synced.set()
        return (await sending).status_code

    assert counter.calls(push) == 200


def test_pushes_that_wait_share_a_sync_of_the_disk(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.post(address())
    syncs, fsync = [], os.fsync

    def counted(file: int) -> None:
        syncs.append(file)
        fsync(file)

    monkeypatch.setattr(os, "fsync", counted)

    async def many(client: httpx.AsyncClient) -> list[httpx.Response]:
        return await asyncio.gather(*(client.post(address(), json=PUSH) for _ in range(40)))

    assert {answer.status_code for answer in counter.calls(many)} == {200}
    assert len(syncs) < 20
    assert len(counter.drained()) == 41


def test_a_push_that_the_disk_did_not_take_is_not_answered_and_health_tells(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int) -> None:
        raise OSError("no space")

    monkeypatch.setattr(os, "fsync", full)
    answer = counter.post(address())
    assert (answer.status_code, answer.json()) == (503, {"refused": "not-kept"})
    ill = counter.calls(lambda client: client.get("/health"))
    assert (ill.status_code, ill.json()["merchants"]) == (503, 2)
    monkeypatch.undo()
    assert counter.calls(lambda client: client.get("/health")).json()["status"] == "ok"
    assert counter.post(address()).json() == RECEIVED


# -- forged ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        address(token=TOKENS["hats"][:-1]),
        address(token=TOKENS["hats"] + "a"),
        address(token=TOKENS["hats"].upper()),
        address(token="x"),
        address(token=TOKENS["shoes"]),  # another merchant's
        address("shoes", BEFORE),
        "/push/gloves/" + TOKENS["hats"] + "/checkout-status",
        "/push/hats/%00/checkout-status",
        "/push/hats/" + "å" * 40 + "/checkout-status",
    ],
)
def test_a_token_that_does_not_fit_opens_nothing(counter: Counter, path: str) -> None:
    answer = counter.post(path)
    assert (answer.status_code, answer.json()) == (404, {"refused": "wrong-token"})
    assert answer.headers["connection"] == "close"
    assert counter.drained("hats") == counter.drained("shoes") == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/push/hats",
        f"/push/hats/{TOKENS['hats']}",
        f"/push/hats/{TOKENS['hats']}/refunds",
        f"/push/hats/{TOKENS['hats']}/checkout-status/",
        f"/push//{TOKENS['hats']}/checkout-status",
        f"/push/hats/checkout-status?token={TOKENS['hats']}",
        f"/push/hats/x/../{TOKENS['hats']}/checkout-status/%2e",
    ],
)
def test_other_addresses_are_refused_without_a_redirect(counter: Counter, path: str) -> None:
    answer = counter.post(path)
    assert (answer.status_code, answer.json()) == (404, {"refused": "wrong-address"})
    assert "location" not in answer.headers


def test_a_rotated_token_is_valid_beside_the_new_one(counter: Counter) -> None:
    assert counter.post(address(token=BEFORE)).json() == RECEIVED
    hats = counter.accesses["hats"]
    counter.accesses["hats"] = Access("hats", hats.inbox, (hats.digests[0], b"0" * 32))
    assert counter.post(address(token=BEFORE)).status_code == 404
    assert counter.post(address()).json() == RECEIVED


def test_names_and_tokens_are_compared_alike_whether_they_fit_or_not(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared, compare = [], hmac.compare_digest

    def counted(one: bytes, other: bytes) -> bool:
        compared.append(len(one) + len(other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    for name, token in (("hats", TOKENS["hats"]), ("hats", BEFORE), ("hats", ""), ("none", "x")):
        compared.clear()
        opened(counter.accesses, name, token)
        assert compared == [64, 64]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(counter: Counter, method: str) -> None:
    answer = counter.calls(lambda client: client.request(method, address()))
    assert answer.status_code == 405
    assert counter.counters.refused == {"wrong-method": 1}
    assert counter.drained() == []


# -- replayed --------------------------------------------------------------------------------------


def test_a_replayed_push_is_answered_and_kept_again(counter: Counter) -> None:
    assert [counter.post(address()).json() for _ in range(3)] == [RECEIVED] * 3
    assert counter.drained() == [4711] * 3  # one more question at most: test_asked_by_push


# -- oversized, slow, not JSON ---------------------------------------------------------------------


def test_a_body_that_says_it_is_too_large_is_not_read(counter: Counter) -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("it was read")
        yield b""

    answer = counter.calls(
        lambda client: client.post(
            address(), content=never(), headers={"content-length": str(LARGEST_BODY + 1)}
        )
    )
    assert (answer.status_code, answer.json()) == (413, {"refused": "too-large"})
    assert counter.drained() == []


@pytest.mark.parametrize("declared", ["-1", "1e3", "9" * 30, ""])
def test_a_length_that_is_none_is_refused(counter: Counter, declared: str) -> None:
    answer = counter.post(address(), b"{}", headers={"content-length": declared})
    assert answer.status_code == 413


def test_a_body_that_grows_too_large_is_not_read_to_its_end(counter: Counter) -> None:
    body = b'{"OrderId": 1, "x": "' + b"x" * LARGEST_BODY + b'"}'

    async def chunks() -> AsyncIterator[bytes]:
        yield body

    answer = counter.calls(lambda client: client.post(address(), content=chunks()))
    assert (answer.status_code, answer.json()) == (413, {"refused": "too-large"})
    assert counter.drained() == []


def test_a_body_that_comes_too_slowly_is_given_up(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receivers, "BODY_SECONDS", 0.02)
    application = receiver(
        counter.accesses, counter.commit_group, counter.counters, StoppedClock(datetime.now(UTC))
    )
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(10)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": address(), "headers": [], "query_string": b"",
    }  # fmt: skip
    asyncio.run(application(scope, receive, send))
    assert sent[0]["status"] == 408
    assert counter.counters.refused == {"too-slow": 1}


@pytest.mark.parametrize("body", [b"", b"{", b"OrderId=1", b'{"Status": "Completed"}', b"\xff"])
def test_what_is_no_push_is_refused(counter: Counter, body: bytes) -> None:
    answer = counter.post(address(), body)
    assert (answer.status_code, answer.json()) == (400, {"refused": "not-a-push"})
    assert counter.drained() == []


# -- told ------------------------------------------------------------------------------------------


def test_metrics_and_log_count_and_hold_neither_tokens_nor_people(counter: Counter) -> None:
    counter.post(address())
    counter.post(address(token=TOKENS["shoes"]))
    counter.post(address(), b"Anna Andersson")
    told = counter.calls(lambda client: client.get("/metrics")).text
    assert 'qliro_fortnox_pushes_total{merchant="hats",kind="checkout-status"} 1\n' in told
    assert 'qliro_fortnox_last_push_seconds{merchant="hats"} 1795348800.000\n' in told
    assert 'qliro_fortnox_last_push_seconds{merchant="shoes"} 0.000\n' in told
    assert 'qliro_fortnox_refused_total{reason="wrong-token"} 1\n' in told
    size = sum(path.stat().st_size for path in counter.accesses["hats"].inbox.iterdir())
    assert f'qliro_fortnox_inbox_bytes{{merchant="hats"}} {size}\n' in told
    assert 'qliro_fortnox_inbox_bytes{merchant="shoes"} 0\n' in told
    assert 'qliro_fortnox_refused_total{reason="not-a-push"} 1\n' in told
    assert counter.log == [
        "Refused 1 request with a token that does not fit.",
        "Refused 1 request whose body is not JSON with an OrderId.",
    ]
    for secret in (*TOKENS.values(), BEFORE, "Anna", "4711"):
        assert secret not in told + "".join(counter.log)


def test_a_flood_of_refusals_is_one_line_in_ten_seconds(counter: Counter) -> None:
    for _ in range(100):
        counter.counters.refuse("wrong-token")
    counter.second = 10.0
    counter.counters.refuse("wrong-token")
    assert counter.log == [
        "Refused 1 request with a token that does not fit.",
        "Refused 100 requests with a token that does not fit.",
    ]
