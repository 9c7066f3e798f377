"""Declared troubles of the wire: what is done, what the caller gets, in process and on a socket."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.sandbox.fortnox.api import issue_token
from engine.sandbox.generator import clean
from engine.sandbox.server import Running, serve, serve_companies
from engine.sandbox.transport import Killed
from engine.sandbox.world.faults import KINDS, Fault, plan
from engine.sandbox.world.world import World

ROOT = Path(__file__).parents[2]
VOUCHER = {
    "Voucher": {
        "Description": "Qliro utbetalning",
        "TransactionDate": "2026-11-13",
        "VoucherSeries": "T",
        "VoucherRows": [{"Account": 1930, "Debit": 1}, {"Account": 1581, "Credit": 1}],
    }
}
LOST: dict[str, tuple[type[BaseException], int]] = {
    "drop_before": (httpx.RemoteProtocolError, 0),
    "drop_after": (httpx.RemoteProtocolError, 1),
    "timeout_before": (httpx.ReadTimeout, 0),
    "timeout_after": (httpx.ReadTimeout, 1),
    "kill_before": (Killed, 0),
    "kill_after": (Killed, 1),
    "late_effect": (httpx.ReadTimeout, 0),
}
ANSWERED: dict[str, tuple[int, int]] = {
    "500_before": (500, 0),
    "500_after": (500, 1),
    "truncated": (201, 1),
    "429": (429, 0),
    "html": (200, 1),
    "empty": (200, 1),
    "not_json_error": (400, 0),
}


def test_every_kind_of_fault_is_tried_here() -> None:
    assert set(LOST) | set(ANSWERED) == set(KINDS)


@pytest.mark.parametrize("kind", LOST)
def test_lost_answers_raise_and_take_effect_or_not(
    world: World, fortnox: httpx.Client, kind: str
) -> None:
    raised, effects = LOST[kind]
    plan(world, Fault(kind))
    with pytest.raises(raised):
        fortnox.post("vouchers", json=VOUCHER)
    assert len(world.vouchers) == effects
    assert fortnox.post("vouchers", json=VOUCHER).status_code == 201


@pytest.mark.parametrize("kind", ANSWERED)
def test_spoilt_answers_arrive_and_take_effect_or_not(
    world: World, fortnox: httpx.Client, kind: str
) -> None:
    status, effects = ANSWERED[kind]
    plan(world, Fault(kind))
    response = fortnox.post("vouchers", json=VOUCHER)
    assert (response.status_code, len(world.vouchers)) == (status, effects)
    if kind in ("truncated", "html", "empty", "not_json_error"):
        with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
            response.json()


def test_late_effect_comes_on_the_worlds_clock(world: World, fortnox: httpx.Client) -> None:
    plan(world, Fault("late_effect", seconds=90))
    with pytest.raises(httpx.ReadTimeout):
        fortnox.post("vouchers", json=VOUCHER)
    world.clock.advance(89)
    assert fortnox.get("vouchers").json()["Vouchers"] == []
    world.clock.advance(1)
    assert len(fortnox.get("vouchers").json()["Vouchers"]) == 1
    assert world.journal[0].effect == "voucher T 1 created"


def test_faults_choose_requests_by_count_method_and_path(
    world: World, fortnox: httpx.Client
) -> None:
    plan(world, Fault("500_before", nth=2, times=2, method="POST", path="vouchers$"))
    got = []
    for _ in range(4):
        got.append(fortnox.post("vouchers", json=VOUCHER).status_code)
        assert fortnox.get("vouchers").status_code == 200
    assert got == [201, 500, 500, 201]


def test_the_nth_request_of_all_can_be_struck(world: World, fortnox: httpx.Client) -> None:
    plan(world, Fault("429", nth=3))
    codes = [fortnox.get("currencies").status_code for _ in range(4)]
    assert codes == [200, 200, 429, 200]


def test_unknown_kind_is_told_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="drop_after"):
        Fault("explode")


def test_journal_keeps_what_came_and_what_became_of_it(world: World, fortnox: httpx.Client) -> None:
    plan(world, Fault("drop_after", nth=2))
    fortnox.get("invoices", params={"page": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        fortnox.post("vouchers", json=VOUCHER)
    first, second = world.journal
    assert (first.n, first.method, first.path, first.query) == (1, "GET", "/3/invoices", "page=1")
    assert (first.status, first.effect, first.fault) == (200, None, None)
    assert "Qliro utbetalning" in second.body
    assert (second.status, second.effect) == (None, "voucher T 1 created")
    assert second.fault == "drop_after"


# -- over a socket --------------------------------------------------------------------------------


@pytest.fixture
def running(world: World) -> Iterator[Running]:
    with serve(world) as running:
        yield running


@pytest.fixture
def client(running: Running) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {issue_token(running.world)}"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=5) as client:
        yield client


def test_connection_is_kept_alive(client: httpx.Client) -> None:
    for _ in range(3):
        response = client.get("/3/currencies")
        assert response.status_code == 200
        assert response.http_version == "HTTP/1.1"
        assert "connection" not in response.headers


def test_many_companies_on_one_port_know_nothing_of_each_other(world: World) -> None:
    other = clean(1, seed=2)
    with serve_companies({"one": world, "other": other}) as running:
        for company in running.values():
            headers = {"Authorization": f"Bearer {issue_token(company.world)}"}
            with httpx.Client(base_url=company.url, headers=headers) as client:
                for _ in range(len(company.company)):
                    assert client.get("/3/invoices").status_code == 200
        assert (len(world.journal), len(other.journal)) == (3, 5)
        nobody = httpx.get(f"{running['one'].url}-s-shadow/3/invoices")
        assert (nobody.status_code, nobody.text) == (404, "no company of the sandbox")


@pytest.mark.parametrize("kind", [k for k in LOST if not k.startswith("kill")])
def test_lost_answers_over_a_socket(client: httpx.Client, running: Running, kind: str) -> None:
    raised, effects = LOST[kind]
    assert client.post("/sandbox/faults", json={"kind": kind}).json() == {"planned": 1}
    with pytest.raises(raised):
        client.post("/3/vouchers", json=VOUCHER, timeout=0.1)
    assert len(running.world.vouchers) == effects


def test_timeout_is_held_and_then_closed(client: httpx.Client) -> None:
    client.post("/sandbox/faults", json={"kind": "timeout_before", "hold": 0.1})
    began = time.monotonic()
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/3/currencies")
    assert time.monotonic() - began >= 0.1


def test_killing_calls_what_the_test_gave(world: World) -> None:
    killed = threading.Event()
    with serve(world, on_kill=killed.set) as running, httpx.Client(base_url=running.url) as client:
        plan(world, Fault("kill_before"))
        with pytest.raises(httpx.RemoteProtocolError):
            client.get("/3/currencies")
    assert killed.is_set()


def test_clock_is_read_set_and_advanced(client: httpx.Client) -> None:
    assert client.get("/sandbox/clock").json() == {"now": "2026-11-16T09:00:00+01:00"}
    now = client.post("/sandbox/clock", json={"advance": 120}).json()
    assert now == {"now": "2026-11-16T09:02:00+01:00"}
    now = client.post("/sandbox/clock", json={"now": "2026-07-01T12:00:00"}).json()
    assert now == {"now": "2026-07-01T12:00:00+02:00"}


def test_journal_state_and_effects_are_read(client: httpx.Client) -> None:
    client.post("/3/vouchers", json=VOUCHER)
    (entry,) = client.get("/sandbox/journal").json()["requests"]
    assert (entry["path"], entry["status"]) == ("/3/vouchers", 201)
    effects: dict[str, Any] = client.get("/sandbox/effects").json()
    assert effects["vouchers"] == {"Qliro utbetalning": 1}
    state = client.get("/sandbox/state").json()
    assert state["fortnox"]["balances"] == {"1581": -1, "1930": 1}


@pytest.mark.parametrize(
    "body", [{"kind": "explode"}, {"kind": "429", "nth": "x"}, {"kind": "429", "often": 1}, []]
)
def test_a_wrong_fault_is_told_and_not_planned(client: httpx.Client, body: object) -> None:
    response = client.post("/sandbox/faults", json=body)
    assert response.status_code == 400
    assert "error" in response.json()
    assert client.get("/sandbox/faults").json() == {"faults": []}


def test_planned_faults_can_be_cleared(client: httpx.Client) -> None:
    client.post("/sandbox/faults", json={"faults": [{"kind": "429"}, {"kind": "html"}]})
    assert client.post("/sandbox/faults", json={"clear": True}).json() == {"planned": 0}


def test_what_is_no_request_is_answered_and_closed(running: Running) -> None:
    with socket.create_connection((running.host, running.port), timeout=2) as raw:
        raw.sendall(b"nonsense\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 400 ")


def test_many_connections_at_once_lose_nothing(client: httpx.Client, running: Running) -> None:
    def post() -> None:
        with httpx.Client(base_url=running.url, headers=client.headers) as own:
            for _ in range(10):
                assert own.post("/3/vouchers", json=VOUCHER).status_code == 201

    threads = [threading.Thread(target=post) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(key.number for key in running.world.vouchers) == list(range(1, 81))


def test_a_thousand_simple_calls_take_less_than_a_second(
    client: httpx.Client, running: Running
) -> None:
    """Of processor time, client and server together: the machine may have other work."""
    head = f"GET /3/currencies HTTP/1.1\r\nAuthorization: {client.headers['Authorization']}\r\n\r\n"
    with socket.create_connection((running.host, running.port)) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        began = time.process_time()
        for _ in range(1000):
            raw.sendall(head.encode())
            got = raw.recv(65536)
            length = int(got.split(b"Content-Length: ")[1].split(b"\r\n")[0])
            missing = length - len(got.split(b"\r\n\r\n", 1)[1])
            while missing > 0:
                missing -= len(raw.recv(65536))
        assert time.process_time() - began < 1


def test_served_forever_means_until_interrupted() -> None:
    program = (
        "import signal\n"
        "from engine.sandbox.fortnox.company import empty_world\n"
        "from engine.sandbox.server import run_forever\n"
        # What a shell starts in the background ignores it, and so would these tests' children.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "run_forever(empty_world(), 0, ready=lambda r: print(r.url, flush=True))\n"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(  # noqa: S603  our own program
        command, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert httpx.get(f"{url}/sandbox/clock").status_code == 200
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(30) == 0
        finally:
            process.kill()
