"""Each check of `doctor` beside the worlds that provoke it, and one world in which all is well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from shop import OpenShop, Shop

from engine.doctor import CHECKS, Result, examine
from engine.sandbox.company import empty_world
from engine.sandbox.transport import SandboxTransport
from engine.sandbox.troubles import TROUBLES
from engine.sandbox.world import FinancialYear, World

PLENTY = 100 * 1024**3
Change = Callable[[World], object]


def well() -> World:
    """A company in which nothing is wrong for a shop that has its payouts booked."""
    world = empty_world()
    world.years[3] = FinancialYear(3, date(2027, 1, 1), date(2027, 12, 31))
    return world


def found(shop: Shop, check: str | None = None, **how: Any) -> list[Result]:
    """What the examination of a shop finds: all of it, or what one check does."""
    given = {"free": lambda folder: PLENTY, "state": shop.store, **how}
    results = examine(shop.merchant, shop.clock, SandboxTransport(shop.world), **given)
    return [one for one in results if check in (None, one.check)]


@dataclass(frozen=True)
class Case:
    """A world that provokes a check: what is changed, and words of what a person then reads."""

    check: str
    name: str
    change: Change
    severity: str
    words: tuple[str, ...]
    settings: dict[str, Any] = field(default_factory=dict)


def trouble(name: str) -> Change:
    return TROUBLES[name]


def year(id: int) -> Change:
    return lambda world: world.years.pop(id)


CASES = [
    Case("qliro_credentials", "the secret was changed", trouble("qliro_secret_changed"),
         "error", ("Qliro refuses the credentials of environment sandbox", "integration@qliro.com",
                   "shop.yaml:")),
    Case("fortnox_credentials", "the secret was changed", trouble("fortnox_secret_changed"),
         "error", ("Fortnox lets us not in", "client id and secret", "shop.yaml:")),
    Case("fortnox_credentials", "it is another company",
         lambda world: setattr(world.access, "tenant_id", "7654321"),
         "error", ("no access token for the company", "Check fortnox.tenant_id")),
    Case("financial_years", "the next one is not there", year(3),
         "warning", ("ends on 2026-12-31", "from 2027-01-01", "Räkenskapsår")),
    Case("financial_years", "this one is not there", year(2),
         "error", ("no financial year for 2026-11-16", "Fortnox: Inställningar")),
    Case("financial_years", "that of the first payout is not there", year(1),
         "error", ("for 2025-12-01 (payouts_from)", "choose a later payouts_from"),
         {"payouts_from": "2025-12-01"}),
    Case("voucher_series", "it is not open", trouble("series_not_manual"),
         "error", ("series T (transfer) is not open", "Manuell kontering", "Verifikationsserier")),
    Case("voucher_series", "it is not there", trouble("series_missing"),
         "error", ("series Q (fees) is not in Fortnox", "shop.yaml:")),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}: {case.name}")
def test_a_check_finds_what_is_wrong_and_says_what_to_do(case: Case, shop: OpenShop) -> None:
    world = well()
    case.change(world)
    told = [one for one in found(shop(world, **case.settings), case.check) if one.severity != "ok"]
    assert [one.severity for one in told][:1] == [case.severity]
    assert told[0].why
    assert told[0].remedy
    assert told[0].where
    text = f"{told[0].what}\n{told[0].why}\n{told[0].remedy}\n{told[0].where}"
    for words in case.words:
        assert words in text


def test_where_all_is_well_every_check_says_so(shop: OpenShop) -> None:
    results = found(shop(well()))
    assert [one for one in results if one.severity != "ok"] == []
    assert [one.check for one in results] == [check.name for check in CHECKS]
    assert all(one.what.endswith(".") for one in results)


def test_nothing_is_written_to_either_api_and_nothing_is_kept(shop: OpenShop) -> None:
    opened = shop(well())
    found(opened)
    asked = {(entry.method, entry.path) for entry in opened.world.journal}
    assert {path for method, path in asked if method != "GET"} == {"/oauth-v1/token"}
    assert opened.store.value("SELECT count(*) FROM raw.answer") == 0


def test_a_missing_secret_is_a_result_and_the_other_api_is_asked(
    shop: OpenShop, tmp_path: Path
) -> None:
    opened = shop(well())
    merchant = opened.merchant
    kept = {name: one for name, one in merchant.secrets.items() if name != "qliro.api_secret"}
    opened.read[repr(opened.changes)] = replace(merchant, secrets=kept)
    results = {one.check: one for one in found(opened)}
    assert "secret qliro.api_secret is not there" in results["qliro_credentials"].what
    assert results["fortnox_credentials"].severity == "ok"


def test_a_server_that_is_down_is_asked_once_and_the_rest_goes_on(shop: OpenShop) -> None:
    class Down(SandboxTransport):
        def handle_request(self, request: Any) -> Any:
            if request.url.path.startswith("/3/"):
                raise_down(request)
            return super().handle_request(request)

    opened = shop(well())
    results = examine(
        opened.merchant, opened.clock, Down(opened.world), state=opened.store,
        free=lambda folder: PLENTY,
    )  # fmt: skip
    by_name = {one.check: one for one in results}
    assert "Fortnox cannot be reached" in by_name["fortnox_credentials"].what
    assert "could not be checked" in by_name["voucher_series"].what
    assert by_name["qliro_credentials"].severity == "ok"
    assert DOWN.count("/3/companyinformation") == len(DOWN)


DOWN: list[str] = []


def raise_down(request: Any) -> None:
    import httpx  # noqa: PLC0415  this test alone is the network

    DOWN.append(request.url.path)
    raise httpx.ConnectError("Connection refused", request=request)


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
    (overlay / "payment.yaml").write_text("mapping: payment\nlet: {gross: '{{ line.Amont }}'}\n")
    (told, *_) = found(shop(well(), overlay=str(overlay)), "mapping_set")
    assert told.severity == "error"
    assert "Amount" in told.what + told.remedy
    assert "payment.yaml:2:" in told.where
