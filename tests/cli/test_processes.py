"""Commands as processes of their own: locks, signals, secrets, the sandbox and the demo."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from shopkit import SECRETS, Cli, ended, shop_world, start, write_shop

from engine.commands.opening import stopping
from engine.demo.context import _ports
from engine.home import HOME
from engine.sandbox.control import effects
from engine.sandbox.generator import clean
from engine.sandbox.saved import keep, restore
from engine.sandbox.server import Running, serve
from engine.sandbox.world.world import DEFAULT_START, World
from engine.show.output import Output
from engine.store.database import writing


def until(holds: Callable[[], bool], patience: float = 30.0) -> None:
    """Wait for something that another process brings about."""
    end = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def test_a_second_run_ends_with_75_and_one_sentence(shop: Path, tmp_path: Path) -> None:
    with writing(tmp_path / "state", "shop"):
        told = ended(start(["run", "shop"], tmp_path))
    assert (told.code, told.out) == (75, "")
    assert told.err.startswith("Another run of shop is under way (process ")
    assert told.err.endswith("; nothing was done. Try again when it has ended.\n")


def test_status_during_a_run_tells_of_the_last_finished_one(
    cli: Cli, shop: Path, tmp_path: Path
) -> None:
    cli("run", "shop", "--quiet")
    with writing(tmp_path / "state", "shop"):
        told = ended(start(["status", "shop"], tmp_path))
    assert told.code == 3
    assert told.out.startswith("Hattar & Mössor AB, as the run of ")
    assert told.err == "A run is under way; this is the state that the last finished one left.\n"


@pytest.mark.parametrize("gone", ["stdout", "stderr"])
def test_a_run_that_nobody_listens_to_any_more_does_its_work_and_tells_by_its_code(
    shop: Path, tmp_path: Path, running: Running, gone: str
) -> None:
    running.world.clock.set(datetime.now(UTC))  # processes have the machine's clock
    process = start(["run", "shop"], tmp_path)
    stream = getattr(process, gone)
    stream.close()
    rest = process.stderr if gone == "stdout" else process.stdout
    assert rest is not None
    told = rest.read()
    rest.close()
    assert (process.wait(60), "Traceback" in told) == (3, False)
    assert running.world.made_payments


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_result_that_a_full_disk_does_not_take_is_told_in_a_sentence(
    tmp_path: Path, more: list[str]
) -> None:
    command = [sys.executable, str(HOME / "cli.py"), "errors", *more]
    with Path("/dev/full").open("w") as full:
        told = subprocess.run(  # noqa: S603  our own command line
            command, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (told.returncode, told.stderr) == (
        1,
        "The disk of the file to be written is full. Free space and run again; what is written "
        "down is whole.\n",
    )


def test_ctrl_c_and_sigterm_ask_to_stop_and_a_second_one_insists(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for first, second in ((signal.SIGINT, signal.SIGTERM), (signal.SIGTERM, signal.SIGINT)):
        stop = threading.Event()
        with stopping(Output(), stop):
            signal.raise_signal(first)
            assert stop.is_set()
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(second)
        told = "Stopping after the request in flight; once more to end at once.\n"
        assert capsys.readouterr().err == told


def test_a_stopped_run_ends_cleanly_and_the_next_one_finishes_it(tmp_path: Path) -> None:
    world = clean(8, seed=1, now=DEFAULT_START)
    world.limits.rate_limit = None
    world.limits.latency_seconds = 0.1
    world.clock.runs = True
    with serve(world) as running:
        world.clock.set(DEFAULT_START.now(DEFAULT_START.tzinfo))
        write_shop(tmp_path, running.url)
        process = start(["run", "shop"], tmp_path)
        until(lambda: bool(world.made_payments))
        process.send_signal(signal.SIGTERM)
        told = ended(process)
        assert told.code == 75
        assert "Stopping after the request in flight; once more to end at once.\n" in told.err
        assert "Traceback" not in told.err
        assert "Stopped before the end; the next run goes on from here.\n" in told.out
        assert len(world.made_payments) < 8
        world.limits.latency_seconds = 0
        assert ended(start(["run", "shop", "--quiet"], tmp_path)).code == 0
    counted = effects(world)
    assert {one["created"] for one in counted["payments"].values()} == {1}
    assert (counted["payments_created"], counted["payments_booked"]) == (8, 8)
    assert counted["vouchers_created"] == 1


def test_no_secret_is_in_any_output_or_file(
    running: Running, shop: Path, tmp_path: Path, cli: Cli
) -> None:
    told = [ended(start(["run", "shop", "--verbose"], tmp_path))]
    told += [
        cli("status", "shop", "--json"),
        cli("explain", "shop", "10001", "--verbose"),
        cli("show", "shop"),
        cli("export", "shop"),
        cli("plan", "shop", "--json", "--out", "plan.json"),
    ]
    streams = [text.encode() for one in told for text in (one.out, one.err)]
    files = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 4
    tokens = list(running.world.access.tokens)
    hidden = [SECRETS["QLIRO_API_SECRET"], SECRETS["FORTNOX_CLIENT_SECRET"], *tokens]
    for secret in hidden:
        assert not [one for one in [*streams, *files] if secret.encode() in one], secret
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "state").glob("*.duckdb")}
    assert modes == {0}


def test_the_sandbox_is_served_until_sigterm_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    process = start(["sandbox", "serve", "--port", "0", "--journal", "kept.jsonl"], tmp_path)
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first.startswith("Qliro and Fortnox of the sandbox on http://127.0.0.1:")
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 0
    assert (tmp_path / "kept.jsonl").exists()


def test_a_kept_world_is_the_same_to_the_last_digit(cli: Cli, shop: Path, world: World) -> None:
    cli("run", "shop", "--quiet")
    keep(world, Path("kept.jsonl"))
    again = shop_world("fee_with_vat", "invoice_missing", "ambiguous_same_reference")
    assert restore(again, Path("kept.jsonl")) == 5
    assert (again.payments, again.vouchers) == (world.payments, world.vouchers)


def test_an_unknown_trouble_names_the_nearest(cli: Cli) -> None:
    told = cli("sandbox", "serve", "--trouble", "chargebak")
    assert told.code == 2
    assert told.err == "There is no trouble 'chargebak'. Did you mean 'chargeback'?\n"


def test_the_demo_books_a_month_and_lives_an_order_and_posts_nothing_twice(tmp_path: Path) -> None:
    told = ended(start(["demo"], tmp_path), timeout=240)
    assert told.code == 0, told.err
    assert re.search(r"^Posted 97 documents with \d+ requests; adopted 1\.$", told.out, re.M)
    for wanted in (
        "163 lines = 157 posted + 1 already posted + 1 waiting + 4 parked\n",
        "Posted 0 documents with 0 requests.\n",
        "after the first run and after the second: 87 payments, 10 vouchers.\n",
        "  qliro-fortnox explain .demo/demo.yaml 10066 ",
    ):
        assert wanted in told.out
    for shop in ("demo", "demo-orders"):
        assert f"Written: .demo/reports/{shop}.html.\n" in told.out
        assert "<h1>Utbetalningsrapport" in (
            tmp_path / ".demo" / "reports" / f"{shop}.html"
        ).read_text("utf-8")
    parked = ended(start(["explain", ".demo/demo.yaml", "10066"], tmp_path))
    assert parked.code == 0
    assert "several invoices carry its reference" in parked.out
    _the_second_act_lives_an_order(told.out)
    order = ended(start(["explain", ".demo/demo-orders.yaml", "4900004"], tmp_path))
    assert order.code == 0
    assert "no row of sales_accounts fits FI with 25.5 % VAT" in order.out
    # What was posted and what people did is there again when the sandboxes are served again.
    again = start(["demo", "--sandbox-only"], tmp_path)
    try:
        assert again.stdout is not None
        for line in again.stdout:
            if "of the sandbox on" in line:
                break
        run = ended(start(["run", ".demo/demo-orders.yaml"], tmp_path), timeout=120)
    finally:
        again.send_signal(signal.SIGTERM)
    assert ended(again).code == 0
    assert "Posted 0 documents with 0 requests.\n" in run.out


def _the_second_act_lives_an_order(out: str) -> None:
    act = out[out.index("Two: a shop without another connector") :]
    # Two orders are made side by side: Fortnox numbers them as they arrive.
    packed = "501" if "The shop packs its order 501 " in act else "502"
    other = {"501": "502", "502": "501"}[packed]
    for wanted in (
        "Posted 8 documents with 8 requests.\n",
        f"The shop packs its order {packed} and registers it as delivered in Fortnox.\n",
        "Posted 2 documents with 5 requests.\n",
        "Payout  Date ",
        "  new order 4900003 of ",
        "Its payment is on hold or still under way at Qliro.",
        f"Order {other} is not delivered yet.",
        "The interim accounts are even: all that was transferred is booked.\n",
    ):
        assert wanted in act
    for name, value in (
        ("sold, less what came back, with VAT", "198.00"),
        ("Qliro's fees, with VAT", "-11.70"),
        ("on the bank account", "186.30"),
        ("left on the interim accounts", "0.00"),
        ("left to pay of invoices", "0.00"),
    ):
        assert re.search(rf"^ +{name} +{value}$", act, re.M), name


def test_a_demo_has_ports_that_stay_and_others_only_where_something_listens(tmp_path: Path) -> None:
    """A merchant's file that names them goes on after the next demo."""
    first = _ports(tmp_path / ".demo", 2)
    assert _ports(tmp_path / ".demo", 2) == first
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first[0]))
        taken.listen()
        assert not set(_ports(tmp_path / ".demo", 2)) & set(first)
    assert _ports(tmp_path / ".demo", 2) == first
