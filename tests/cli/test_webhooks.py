"""``webhooks serve`` as a process of its own, ``webhooks urls``, and what both refuse."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from shopkit import Cli, Ended, ended, start, write_shop

from engine.extract.pushes import drain
from engine.home import HOME
from engine.sandbox.lives.by_name import LIVES
from engine.sandbox.lives.by_name import shop as orders_shop
from engine.sandbox.qliro import pushes
from engine.store.database import in_memory
from engine.webhooks import server

TOKEN, BEFORE = "shop-" + "a" * 40, "shop-before-" + "b" * 40
SETTINGS = """\
webhooks:
  public_url: https://push.example.se/qliro/
  token: {env: PUSH_TOKEN}
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of a shop that takes pushes; nobody is asked."""
    monkeypatch.setenv("PUSH_TOKEN", TOKEN)
    return write_shop(tmp_path, "http://127.0.0.1:9", more=SETTINGS)


def served(tmp_path: Path, *more: str) -> tuple[subprocess.Popen[str], str, int]:
    """A receiver on a free port: the process, its host and port."""
    process = start(["webhooks", "serve", "--port", "0", "--json", *more], tmp_path)
    assert process.stdout
    line = process.stdout.readline()
    assert line, process.stderr.read() if process.stderr else ""
    url = urlsplit(json.loads(line)["url"])
    assert url.hostname
    assert url.port
    return process, url.hostname, url.port


def post(connection: http.client.HTTPConnection, order: int, token: str = TOKEN) -> int:
    body = json.dumps({"OrderId": order, "Status": "Success"})
    connection.request("POST", f"/push/shop/{token}/order-management", body)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def stopped(process: subprocess.Popen[str]) -> Ended:
    process.send_signal(signal.SIGTERM)
    return ended(process)


def drained(tmp_path: Path) -> list[int]:
    store = in_memory()
    assert drain(store, tmp_path / "state" / "shop.inbox").findings == []
    return [row["OrderId"] for row in store.rows("SELECT OrderId FROM raw.push ORDER BY OrderId")]


def test_killed_under_load_it_loses_no_push_that_it_answered(shop: Path, tmp_path: Path) -> None:
    process, host, port = served(tmp_path)
    answered: list[int] = []

    def load(first: int) -> None:
        connection = http.client.HTTPConnection(host, port, timeout=10)
        order = first
        try:
            while True:
                if post(connection, order) == 200:
                    answered.append(order)
                order += 1
        except (OSError, http.client.HTTPException):
            pass  # it was killed
        finally:
            connection.close()

    threads = [threading.Thread(target=load, args=(n * 1_000_000,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + 30
    while len(answered) < 150 and time.monotonic() < end:
        time.sleep(0.01)
    process.kill()
    process.communicate()
    for thread in threads:
        thread.join()
    kept = drained(tmp_path)
    assert len(answered) >= 150
    assert {*answered} <= {*kept}
    assert len(kept) - len(answered) <= len(threads)  # kept, and killed before the answer


def test_it_opens_no_database_counts_what_it_refuses_and_ends_well(
    shop: Path, tmp_path: Path
) -> None:
    process, host, port = served(tmp_path, "shop")
    connection = http.client.HTTPConnection(host, port, timeout=10)
    assert post(connection, 7) == 200
    assert post(connection, 8, "forged-" + "x" * 40) == 404
    connection.close()
    # A caller who never finishes its head, and one who speaks something else.
    with socket.create_connection((host, port), timeout=10) as odd:
        odd.sendall(b"\x16\x03\x01 not HTTP\r\n\r\n")
        assert odd.recv(100).startswith(b"HTTP/1.1 400")
    told = stopped(process)
    assert told.code == 0
    assert told.err.splitlines() == [
        "Refused 1 request with a token that does not fit.",
        "Refused 1 request that was not HTTP.",
        "Took 1 push, refused 2 requests.",
    ]
    assert TOKEN not in told.out + told.err
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["shop.inbox"]
    assert drained(tmp_path) == [7]


def test_what_the_sandbox_pushes_is_taken_and_makes_orders_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUSH_TOKEN", TOKEN)
    write_shop(tmp_path, "http://127.0.0.1:9", more=SETTINGS)
    world = orders_shop()
    secured = LIVES["private"](world)
    waiting = LIVES["on_hold"](world)
    process, host, port = served(tmp_path)
    base = f"http://{host}:{port}/push/shop/{TOKEN}"
    asked = {pushes.CHECKOUT: f"{base}/checkout-status",
             pushes.ORDER_MANAGEMENT: f"{base}/order-management"}  # fmt: skip
    assert pushes.push(world, asked)["answers"].keys() == {"200"}
    assert pushes.push(world, {pushes.CHECKOUT: base})["answers"].keys() == {"404"}
    stopped(process)
    assert {*drained(tmp_path)} == {*secured.orders, *waiting.orders}


def test_the_addresses_are_printed_for_qliro(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = f"https://push.example.se/qliro/push/shop/{TOKEN}"
    told = cli("webhooks", "urls", "shop")
    assert (told.code, told.err) == (0, "")
    assert f"MerchantCheckoutStatusPushUrl\n    {base}/checkout-status\n" in told.out
    assert cli("webhooks", "urls", "shop", "--json").json == {
        "MerchantCheckoutStatusPushUrl": f"{base}/checkout-status",
        "MerchantOrderManagementStatusPushUrl": f"{base}/order-management",
    }
    assert TOKEN not in cli("show", "shop").out


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("", "missing-secret: the secret webhooks.token is not there: environment variable"),
        ("short", "weak-token: webhooks.token must be 32 to 200 letters"),
        ("a b" * 20, "weak-token: "),
        ("a/b" * 20, "weak-token: "),
    ],
)
def test_a_token_that_is_not_there_or_easy_to_guess_is_refused(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch, token: str, said: str
) -> None:
    monkeypatch.setenv("PUSH_TOKEN", token)
    for command in (["webhooks", "urls", "shop"], ["webhooks", "serve"]):
        told = cli(*command)
        assert told.code == 2
        assert said in told.err
        assert not token or token not in told.err
        assert "openssl rand -hex 32" in told.err


def test_a_merchant_whose_token_is_not_there_stops_no_others_receiver(
    shop: Path, tmp_path: Path
) -> None:
    hats = shop.read_text("utf-8").replace("PUSH_TOKEN", "NOT_THERE")
    (shop.parent / "hats.yaml").write_text(hats, "utf-8")
    process, host, port = served(tmp_path)
    connection = http.client.HTTPConnection(host, port, timeout=10)
    assert post(connection, 7) == 200
    connection.close()
    told = stopped(process)
    assert told.code == 0
    assert "missing-secret: the secret webhooks.token is not there" in told.err
    assert "No pushes are taken for hats until that is mended.\n" in told.err
    assert drained(tmp_path) == [7]


def test_two_merchants_with_one_token_are_refused(cli: Cli, shop: Path) -> None:
    (shop.parent / "twin.yaml").write_text(shop.read_text("utf-8"), "utf-8")
    told = cli("webhooks", "serve")
    assert told.code == 2
    assert "shared-token: twin has the same token as shop." in told.err
    assert TOKEN not in told.err


def test_without_a_token_there_is_nothing_to_serve_and_without_an_address_no_urls(
    cli: Cli, shop: Path, tmp_path: Path
) -> None:
    write_shop(tmp_path, "http://127.0.0.1:9", more="webhooks: {token: {env: PUSH_TOKEN}}\n")
    told = cli("webhooks", "urls", "shop")
    assert (told.code, told.err.split(", so ")[0]) == (2, "shop has no webhooks.public_url")
    write_shop(tmp_path, "http://127.0.0.1:9")
    told = cli("webhooks", "serve")
    assert (told.code, told.err.split(":")[0]) == (2, "No merchant in merchants has webhooks.token")


def test_a_run_does_not_need_the_receivers_token(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PUSH_TOKEN")
    assert cli("lint", "shop").code == 0


def test_without_the_extra_one_sentence_says_how_to_install_it(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [*sys.modules]:
        if name.partition(".")[0] in {"starlette", "uvicorn"} or name == "engine.webhooks.receiver":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "starlette", None)
    told = cli("webhooks", "serve")
    assert (told.code, told.out) == (2, "")
    assert told.err == (
        "The receiver needs starlette, which is not installed. "
        "Install it with: pip install 'qliro-fortnox[webhooks]'\n"
    )


def test_a_port_that_is_taken_is_said(cli: Cli, shop: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        told = cli("webhooks", "serve", "--port", port)
    assert told.code == 2
    assert told.err.startswith(f"The receiver can't listen on 127.0.0.1, port {port}: ")


def test_a_caller_who_does_not_finish_its_head_is_cut_off(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The limit is long; a process that has it short says the same.
    code = (
        "import sys; from engine.commands import main; from engine.webhooks import server; "
        "server.HEAD_SECONDS = 0.2; server.MOST_CONNECTIONS = 2; sys.exit(main.main())"
    )
    assert server.HEAD_SECONDS == 10
    process = subprocess.Popen(  # noqa: S603  our own command line
        [sys.executable, "-c", code, "webhooks", "serve", "--port", "0", "--json"],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(HOME)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    port = urlsplit(json.loads(process.stdout.readline())["url"]).port
    with (
        socket.create_connection(("127.0.0.1", port or 0), timeout=10) as silent,
        socket.create_connection(("127.0.0.1", port or 0), timeout=10) as slow,
    ):
        slow.sendall(b"POST /push HTTP/1.1\r\nHost: x\r\n")
        with socket.create_connection(("127.0.0.1", port or 0), timeout=10) as third:
            assert _end(third) == b""  # more than may be open
        assert _end(silent) == _end(slow) == b""
    told = stopped(process)
    assert "Refused 1 request since too many connections were open." in told.err
    assert "that took too long to send." in told.err
    assert told.err.endswith("Took 0 pushes, refused 3 requests.\n")


def _end(connection: socket.socket) -> bytes:
    """What comes before the other side hangs up."""
    try:
        return connection.recv(100)
    except ConnectionResetError:
        return b""
