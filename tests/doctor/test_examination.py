"""The examination as a whole: worlds in which all is well, and what keeps a check from looking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from order_shop import OrderShop
from shop import OpenShop

from engine.doctor.checks import CHECKS
from engine.doctor.examine import examine
from engine.sandbox.transport import SandboxTransport

from .kit import PLENTY, RECEIVER, Street, every_flow, found, many, trouble, well
from .test_documents import ORDER_CASES
from .test_set_up import CASES


def test_each_check_has_a_world_that_provokes_it() -> None:
    # Those have tests of their own (test_machine, test_left_to_a_person).
    apart = {"mapping_set", "state_folder", "left_to_a_person"}
    provoked = {case.check for case in (*CASES, *ORDER_CASES)} | apart
    assert provoked == {check.name for check in CHECKS}
    assert all(check.about.endswith(".") for check in CHECKS)


def test_where_all_is_well_every_check_says_so(shop: OpenShop) -> None:
    opened = shop(well())
    many("clean_sale")(opened.world)
    results = found(opened)
    assert [one for one in results if one.severity != "ok"] == []
    assert [one.check for one in results] == [check.name for check in CHECKS]
    assert all(one.what.endswith(".") for one in results)


def test_with_every_flow_on_every_check_says_that_all_is_well(
    order_shop: Callable[..., OrderShop],
) -> None:
    opened = every_flow(order_shop, **RECEIVER)
    for life in ("captured", "refunded_rows"):
        opened.life(life)
    opened.run()
    assert opened.fortnox_orders
    assert len(opened.fortnox_invoices) == 2
    results = found(opened, transport=Street(opened.world))
    assert [one for one in results if one.severity != "ok"] == []
    assert [one.check for one in results] == [check.name for check in CHECKS]


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


def test_an_answer_that_nobody_could_foresee_stops_one_check_alone(shop: OpenShop) -> None:
    class Odd(SandboxTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = super().handle_request(request)
            text = answer.text.replace('"RoundOff":0', '"RoundOff":"none at all"')
            return httpx.Response(answer.status_code, headers=answer.headers, text=text)

    opened = shop(well())
    trouble("clean_sale")(opened.world)
    wrong = [one for one in found(opened, transport=Odd(opened.world)) if one.severity != "ok"]
    assert [(one.check, "has no readable RoundOff" in one.what) for one in wrong] == [
        ("rounding", True)
    ]


def test_a_database_that_cannot_be_read_stops_only_what_needs_it(
    order_shop: Callable[..., OrderShop],
) -> None:
    opened = every_flow(order_shop)
    opened.merchant.database.parent.mkdir(parents=True)
    opened.merchant.database.write_text("no database")
    (told,) = found(opened, "other_connector", state=None)
    assert "This could not be checked" in told.what
    (told,) = found(opened, "accounts", state=None)
    assert told.severity == "ok"


DOWN: list[str] = []


def raise_down(request: Any) -> None:
    DOWN.append(request.url.path)
    raise httpx.ConnectError("Connection refused", request=request)
