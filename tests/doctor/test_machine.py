"""This machine and its address: state folder, mappings, clock, receiver."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from order_shop import OrderShop
from shop import OpenShop

from engine.clock import STOCKHOLM, StoppedClock
from engine.doctor.checks import clock
from engine.sandbox.transport import SandboxTransport
from engine.webhooks.access import Access
from engine.webhooks.commit_group import CommitGroup
from engine.webhooks.counters import Counters
from engine.webhooks.receiver import receiver

from .kit import RECEIVER, TOKEN, Street, every_flow, found, well

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_the_state_folder_is_writable_and_its_disk_not_full(
    shop: OpenShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = shop(well())
    (full,) = found(opened, "state_folder", free=lambda folder: 100 * 1024**2)
    assert (full.severity, full.what.endswith("has 100 MB left.")) == ("error", True)
    (low,) = found(opened, "state_folder", free=lambda folder: 900 * 1024**2)
    assert low.severity == "warning"
    (tmp_path / "file").write_text("")
    opened.settings({"state": str(tmp_path / "file" / "state")})
    (refused,) = found(opened, "state_folder")
    assert "Nothing can be written in" in refused.what
    assert "shop.yaml:" in refused.where


def test_a_database_that_others_may_read_is_told_of(shop: OpenShop) -> None:
    opened = shop(well())
    database = opened.merchant.database
    database.parent.mkdir(parents=True)
    database.write_bytes(b"")
    database.chmod(0o644)
    well_so_far, told = found(opened, "state_folder")
    assert well_so_far.severity == "ok"
    assert "chmod 600" in told.remedy


def test_an_invalid_mapping_is_a_result_with_its_place(shop: OpenShop, tmp_path: Path) -> None:
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    text = "version: 2\nmapping: payment\nlet: {gross: '{{ line.Amont }}'}\n"
    (overlay / "payment.yaml").write_text(text)
    (told, *_) = found(shop(well(), overlay=str(overlay)), "mapping_set")
    assert told.severity == "error"
    assert "Amount" in told.what + told.remedy
    assert "payment.yaml:3:" in told.where
    (other,) = found(shop(well(), overlay=str(overlay)), "accounts")
    assert other.severity == "warning"
    assert other.what.startswith("This could not be checked: ")
    assert "payment.yaml:3:" in other.where


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-29T00:59", 1), ("2026-03-29T01:00", 2), ("2026-10-25T01:00", 1)],
)
def test_stockholm_s_time_is_that_of_the_zone_database(day: str, hours: int) -> None:
    moment = datetime.fromisoformat(day).replace(tzinfo=UTC)
    assert clock.stockholm_offset(moment) == timedelta(hours=hours)
    assert clock.stockholm_offset(moment) == moment.astimezone(STOCKHOLM).utcoffset()


def test_a_receiver_that_is_not_there_is_told_without_the_token(
    order_shop: Callable[..., OrderShop],
) -> None:
    class Nobody(Street):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.host == "push.example.se":
                raise httpx.ConnectError("Connection refused", request=request)
            return super().handle_request(request)

    opened = every_flow(order_shop, **RECEIVER)
    (told,) = found(opened, "webhook", transport=Nobody(opened.world))
    assert "Nobody answers at webhooks.public_url" in told.what
    assert "Connection refused" in told.what
    assert TOKEN not in repr(told)
    street = Street(opened.world)
    (told,) = found(opened, "webhook", transport=street)
    assert told.severity == "ok"
    assert street.asked == ["GET /qliro/push/shop/doctor/order-management"]


def test_the_receiver_answers_what_doctor_knows_it_by(tmp_path: Path) -> None:
    access = Access("shop", tmp_path / "inbox", (b"1" * 32, b"2" * 32))
    commit_group = CommitGroup({"shop": access.inbox})
    application = receiver(
        {"shop": access}, commit_group, Counters({"shop"}, print), StoppedClock(NOW)
    )

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://qf") as client:
            return await client.get("/push/shop/doctor/order-management")

    answer = asyncio.run(asked())
    commit_group.close()
    assert (answer.status_code, '"refused"' in answer.text) == (405, True)


def test_where_no_server_tells_the_time_the_clock_is_not_called_right(shop: OpenShop) -> None:
    class Timeless(SandboxTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle_request(request)
            return httpx.Response(answer.status_code, text=answer.text, request=request)

    opened = shop(well())
    (told,) = found(opened, "clock", transport=Timeless(opened.world))
    assert told.severity == "warning"
    assert "No server told its time" in told.what
