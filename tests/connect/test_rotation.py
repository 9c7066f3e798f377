"""A refresh token works once: whoever renews it, and whatever is cut off, the next one is kept."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

import pytest

from engine.access.apis import open_fortnox
from engine.access.connection import Kept, kept
from engine.errors import AccessError
from engine.sandbox.transport import Killed
from engine.sandbox.world.faults import Fault, plan
from engine.transport.http import NotSent

from .conftest import Office

TOKEN = "/oauth-v1/token"


@pytest.fixture(autouse=True)
def _connected(office: Office) -> None:
    office.connect(service=False)
    office.world.journal.clear()


def test_a_token_is_renewed_early_and_the_next_process_takes_it_from_the_file(
    office: Office,
) -> None:
    office.clock.advance(3600 - 601)
    office.ask()
    assert office.grants() == []
    office.clock.advance(2)
    office.ask()
    office.ask()
    assert office.grants() == ["refresh_token"]
    assert office.held.tokens is not None
    assert office.held.tokens.refresh_token == office.world.access.refresh_token


def test_a_sign_in_that_is_down_stops_nothing_while_the_token_is_good(office: Office) -> None:
    office.clock.advance(3600 - 500)
    plan(office.world, Fault("500_before", path=TOKEN))
    assert office.ask().status == 200
    assert office.ask().status == 200
    assert office.grants() == ["refresh_token", "refresh_token"]


def test_a_crash_after_the_file_was_written_costs_nothing(office: Office) -> None:
    office.clock.advance(3600)
    plan(office.world, Fault("kill_before", path="/3/currencies"))
    with pytest.raises(Killed):
        office.ask()
    assert office.ask().status == 200
    assert office.grants() == ["refresh_token"]


def test_a_crash_before_the_written_file_was_in_place_costs_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.clock.advance(3600)
    moved: list[Path] = []

    def cut_off(self: Kept, old: Path, new: Path) -> None:
        moved.append(new)
        if len(moved) == 2:  # the first is the word that a renewal is asked for
            raise Killed
        os.replace(old, new)

    with monkeypatch.context() as patched:
        patched.setattr(Kept, "_moved", cut_off)
        with pytest.raises(Killed):
            office.ask()
    assert office.ask().status == 200
    assert office.grants() == ["refresh_token"]


def test_half_a_file_is_no_file(office: Office) -> None:
    half = office.file.with_suffix(".half")
    half.write_bytes(office.file.read_bytes()[:100])
    half.chmod(0o600)
    assert office.ask().status == 200


@pytest.mark.parametrize("fault", ["drop_after", "timeout_after", "kill_after"])
def test_an_answer_that_never_arrived_is_told_in_one_sentence(office: Office, fault: str) -> None:
    office.clock.advance(3600)
    when = f"{office.clock.now():%Y-%m-%d %H:%M:%S}"
    plan(office.world, Fault(fault, path=TOKEN))
    with (
        open_fortnox(office.merchant, office.clock, office.transport) as fortnox,
        pytest.raises((NotSent, Killed)),
    ):
        fortnox.send("POST", "/3/vouchers", body=b"{}")
    with pytest.raises(AccessError) as raised:
        office.ask()
    assert str(raised.value) == (
        f"The connection of shop to Fortnox is lost: the answer to its renewal of {when} UTC never "
        "arrived, and the refresh token that was sent then is spent. Connect again: qliro-fortnox "
        "connect shop. A service account has no token that can be lost."
    )
    office.connect(service=False)
    assert office.ask().status == 200


def test_a_request_that_never_arrived_costs_nothing(office: Office) -> None:
    office.clock.advance(3600)
    plan(office.world, Fault("timeout_before", path=TOKEN))
    assert office.ask().status == 200
    assert office.held.asked_at is None


def test_a_connection_that_lay_for_45_days_says_what_to_do(office: Office) -> None:
    office.clock.advance(46 * 86400)
    with pytest.raises(AccessError, match="A refresh token works once and for 45 days") as raised:
        office.ask()
    assert "Connect again (connect)" in str(raised.value)
    assert not re.search(r"sandbox-refresh-\d", str(raised.value))


def test_after_a_refusal_the_file_is_read_again_before_it_is_given_up(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody without respect for the lock has renewed it in between."""
    office.clock.advance(3600)
    stale = office.held
    office.ask()
    office.clock.advance(3600)
    renewed, read = office.held, Kept.read
    answers = [stale]
    monkeypatch.setattr(Kept, "read", lambda self: answers.pop() if answers else read(self))

    def save(self: Kept, connection: object) -> object:
        return connection

    with open_fortnox(office.merchant, office.clock, office.transport) as fortnox:
        answers.append(stale)
        with monkeypatch.context() as patched:
            patched.setattr(Kept, "save", save)
            assert fortnox.read("GET", "/3/currencies").status == 200
    assert office.grants() == ["refresh_token"] * 3  # ours, the stale one, the one read again
    assert renewed.tokens is not None
    assert office.world.access.refresh_token != renewed.tokens.refresh_token


def test_many_who_renew_at_once_renew_once(office: Office) -> None:
    """Each has an own way in, as processes have: the lock is the file's."""
    office.clock.advance(3600)
    office.world.limits.rate_limit = None
    told: list[int] = []
    threads = [threading.Thread(target=lambda: told.append(office.ask().status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [200] * 8
    assert office.grants() == ["refresh_token"]


def test_a_token_that_fortnox_refuses_is_renewed_once(office: Office) -> None:
    office.world.access.tokens.clear()
    assert office.ask().status == 200
    assert office.grants() == ["refresh_token"]


def test_the_file_is_whole_when_the_disk_is_full(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.clock.advance(3600)
    before = office.file.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            office.ask()
    assert office.file.read_bytes() == before
    assert office.grants() == []  # what could not be written down was not sent
    assert office.ask().status == 200
    assert kept(office.merchant).read() is not None
