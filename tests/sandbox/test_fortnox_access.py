"""Who may call the sandbox's Fortnox, and how often: tokens, scopes, licences, the rate limit."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from engine.sandbox.transport import SandboxTransport, fortnox_client
from engine.sandbox.world.world import World

Refused = Callable[..., str]


BASIC = ("sandbox-client", "sandbox-client-secret")


@pytest.fixture
def anyone(world: World) -> httpx.Client:
    """A client without any credentials."""
    return httpx.Client(transport=SandboxTransport(world), base_url="https://fortnox.example")


def token(anyone: httpx.Client, form: dict[str, str], **headers: str) -> httpx.Response:
    return anyone.post("/oauth-v1/token", data=form, auth=BASIC, headers=headers)


def test_no_token_or_a_wrong_one_is_unauthorized(anyone: httpx.Client) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        response = anyone.get("/3/invoices", headers=headers)
        assert (response.status_code, response.json()) == (401, {"message": "unauthorized"})


def test_client_credentials_need_the_tenant_and_give_no_refresh_token(anyone: httpx.Client) -> None:
    form = {"grant_type": "client_credentials"}
    given = token(anyone, form, TenantId="1234567").json()
    assert "refresh_token" not in given
    assert (given["expires_in"], given["token_type"]) == (3600, "bearer")
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    assert anyone.get("/3/invoices", headers=headers).status_code == 200
    assert token(anyone, form, TenantId="1").json()["error"] == "invalid_grant"


def test_token_is_good_for_an_hour(world: World, anyone: httpx.Client) -> None:
    given = token(anyone, {"grant_type": "client_credentials"}, TenantId="1234567").json()
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    world.clock.advance(3599)
    assert anyone.get("/3/invoices", headers=headers).status_code == 200
    world.clock.advance(1)
    assert anyone.get("/3/invoices", headers=headers).status_code == 401


def test_refresh_token_works_once_and_rotates(anyone: httpx.Client) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-1"}
    first = token(anyone, form).json()
    again = token(anyone, form)
    assert (again.status_code, again.json()) == (
        400,
        {"error": "invalid_grant", "error_description": "Invalid refresh token"},
    )
    second = token(anyone, form | {"refresh_token": first["refresh_token"]}).json()
    assert len({"sandbox-refresh-1", first["refresh_token"], second["refresh_token"]}) == 3


def test_authorization_code_works_once(anyone: httpx.Client) -> None:
    form = {"grant_type": "authorization_code", "code": "sandbox-code", "redirect_uri": "x"}
    assert "refresh_token" in token(anyone, form).json()
    assert token(anyone, form).status_code == 400


def consented(anyone: httpx.Client, **more: str) -> dict[str, str]:
    """What the sign-in sends back to the address of the integration."""
    asked = {
        "client_id": "sandbox-client",
        "redirect_uri": "http://localhost:1/back?way=fortnox",
        "scope": "invoice payment",
        "state": "mine",
        "access_type": "offline",
        "response_type": "code",
    }
    response = anyone.get("/oauth-v1/auth", params=asked | more)
    assert response.status_code == 302, response.text
    back = httpx.URL(response.headers["location"])
    assert (back.host, back.path, back.params["way"]) == ("localhost", "/back", "fortnox")
    return dict(back.params)


def test_a_consent_gives_a_code_that_works_once_for_ten_minutes_and_its_address(
    world: World, anyone: httpx.Client
) -> None:
    form = {
        "grant_type": "authorization_code",
        "redirect_uri": "http://localhost:1/back?way=fortnox",
    }
    given = consented(anyone)
    assert given["state"] == "mine"
    assert token(anyone, form | {"code": given["code"]}).status_code == 200
    assert token(anyone, form | {"code": given["code"]}).json()["error"] == "invalid_grant"
    elsewhere = {"redirect_uri": "http://localhost:2", "code": consented(anyone)["code"]}
    assert token(anyone, form | elsewhere).json()["error"] == "invalid_grant"
    late = consented(anyone)["code"]
    world.clock.advance(600)
    assert token(anyone, form | {"code": late}).json()["error"] == "invalid_grant"


def test_what_is_wrong_with_a_consent_is_told_to_the_address(
    world: World, anyone: httpx.Client
) -> None:
    assert consented(anyone, scope="invoice salary")["error"] == "invalid_scope"
    assert consented(anyone, access_type="online")["error"] == "invalid_request"
    world.access.service_accounts = False
    assert consented(anyone, account_type="service")["error"] == "unauthorized_client"
    assert anyone.get("/oauth-v1/auth", params={"client_id": "other"}).status_code == 400


def test_client_credentials_work_after_the_consent_of_a_service_account(
    world: World, anyone: httpx.Client
) -> None:
    form = {"grant_type": "client_credentials"}
    world.access.consented = False
    consented(anyone)
    assert token(anyone, form, TenantId="1234567").json()["error"] == "invalid_grant"
    consented(anyone, account_type="service")
    assert token(anyone, form, TenantId="1234567").status_code == 200


def test_a_refresh_token_that_lay_for_45_days_is_dead(world: World, anyone: httpx.Client) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-1"}
    again = token(anyone, form).json()["refresh_token"]
    world.clock.advance(45 * 86400)
    assert token(anyone, form | {"refresh_token": again}).json()["error"] == "invalid_grant"


def test_wrong_client_secret_is_invalid_client(anyone: httpx.Client) -> None:
    response = anyone.post("/oauth-v1/token", data={}, auth=("sandbox-client", "wrong"))
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")


def test_missing_scope_and_missing_licence_are_told_apart(
    world: World, fortnox: httpx.Client, refused: Refused
) -> None:
    world.access.scopes.discard("payment")
    refused(fortnox.get("invoicepayments"), 2000663)
    world.access.unlicensed.add("invoice")
    refused(fortnox.get("invoices"), 2001101)


def test_the_26th_request_in_five_seconds_is_429_with_an_empty_body(world: World) -> None:
    world.limits.rate_limit, world.limits.rate_clock = 25, "world"
    with fortnox_client(world) as fortnox:
        assert {fortnox.get("currencies").status_code for _ in range(25)} == {200}
        response = fortnox.get("currencies")
        assert (response.status_code, response.content) == (429, b"")
        world.clock.advance(5)
        assert fortnox.get("currencies").status_code == 200


def test_the_window_slides(world: World) -> None:
    world.limits.rate_limit, world.limits.rate_clock = 2, "world"
    with fortnox_client(world) as fortnox:
        got = []
        for seconds in (0, 3, 1, 1, 1, 2):
            world.clock.advance(seconds)
            got.append(fortnox.get("currencies").status_code)
        assert got == [200, 200, 429, 200, 429, 200]


def test_the_window_can_be_scaled_down_on_the_real_clock(world: World) -> None:
    world.limits.rate_limit, world.limits.rate_window_seconds = 5, 0.05
    with fortnox_client(world) as fortnox:
        codes = [fortnox.get("currencies").status_code for _ in range(6)]
        assert codes == [200] * 5 + [429]
        time.sleep(0.06)
        assert fortnox.get("currencies").status_code == 200


def test_a_429_changes_nothing_and_qliro_is_not_limited(world: World, qliro: httpx.Client) -> None:
    world.limits.rate_limit, world.limits.rate_clock = 1, "world"
    with fortnox_client(world) as fortnox:
        fortnox.get("currencies")
        assert fortnox.post("vouchers", json={}).status_code == 429
    assert not world.vouchers
    query = {"FromBatchDate": "2026/11/01", "ToBatchDate": "2026/11/15"}
    for _ in range(3):
        response = qliro.get("settlements/GetSettlementBatches", params=query)
        assert response.status_code == 200
