"""One request, one outcome: an answer, certainly not sent, or unknown. Only reads are repeated."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import httpx
import pytest

from engine.access.tokens import ClientCredentials, GivenToken
from engine.clock import StoppedClock
from engine.errors import AccessError, UnavailableError
from engine.merchant.secrets import Secret
from engine.transport.http import Api, Lost, NotSent
from engine.transport.limiter import Limiter
from engine.transport.qliro_signature import QliroAuth, authorization

SAMPLES = Path(__file__).parents[3] / "shared" / "contracts" / "samples"
Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(datetime(2026, 11, 16, 8, tzinfo=UTC))


def fortnox(handler: Handler, clock: StoppedClock, **more: object) -> Api:
    return Api(
        "fortnox",
        "https://api.test",
        auth=GivenToken(Secret("test", "token-1")),
        clock=clock,
        transport=httpx.MockTransport(handler),
        random=Random(1),  # noqa: S311  jitter
        **more,  # type: ignore[arg-type]
    )


def failing(error: type[httpx.TransportError]) -> Handler:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error("broken", request=request)

    return handler


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout])
def test_without_a_connection_a_write_was_certainly_not_sent(
    clock: StoppedClock, error: type[httpx.TransportError]
) -> None:
    with pytest.raises(NotSent):
        fortnox(failing(error), clock).send("POST", "/3/vouchers", body=b"{}")


@pytest.mark.parametrize(
    "error", [httpx.ReadTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError]
)
def test_silence_after_sending_leaves_the_outcome_unknown(
    clock: StoppedClock, error: type[httpx.TransportError]
) -> None:
    with pytest.raises(Lost):
        fortnox(failing(error), clock).send("POST", "/3/vouchers", body=b"{}")


@pytest.mark.parametrize("status", [200, 201, 400, 429, 500])
def test_a_write_is_sent_once_whatever_the_status(clock: StoppedClock, status: int) -> None:
    seen = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.content)
        return httpx.Response(status, text="{}")

    answer = fortnox(handler, clock).send("POST", "/3/vouchers", body='{"a": 1}')
    assert (answer.status, answer.body, answer.sent_at) == (status, "{}", clock.now())
    assert seen == [b'{"a": 1}']


def test_a_read_is_repeated_after_429_500_and_silence(clock: StoppedClock) -> None:
    answers = iter([429, 503, httpx.ReadTimeout, httpx.ConnectError, 200])

    def handler(request: httpx.Request) -> httpx.Response:
        given = next(answers)
        if isinstance(given, int):
            return httpx.Response(given, text=str(given))
        raise given("broken", request=request)

    seen: list[int] = []
    api = fortnox(handler, clock, limiter=Limiter(clock))
    answer = api.read("GET", "/3/invoices", seen=lambda a: seen.append(a.status))
    assert answer.body == "200"
    assert seen == [429, 503, 200]
    assert clock.monotonic() >= 5.0  # a whole window after the 429


def test_a_server_that_never_answers_means_try_again_later(clock: StoppedClock) -> None:
    with pytest.raises(UnavailableError, match="Fortnox does not answer GET /3/invoices") as raised:
        fortnox(lambda _: httpx.Response(502), clock).read("GET", "/3/invoices")
    assert raised.value.exit_code == 75


def test_a_write_is_never_repeated_by_the_transport(clock: StoppedClock) -> None:
    with pytest.raises(ValueError, match="not a read"):
        fortnox(lambda _: httpx.Response(200), clock).read("POST", "/3/vouchers")


def test_a_body_that_is_not_utf8_is_marked(clock: StoppedClock) -> None:
    api = fortnox(lambda _: httpx.Response(200, content=b'{"a": "\xe5"}'), clock)
    assert api.read("GET", "/3/invoices").problem == "the body is not UTF-8"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, '{"message":"unauthorized"}'),
        (403, ""),
        (400, '{"ErrorInformation":{"error":1,"message":"Ingen licens","code":2001101}}'),
        (400, '{"ErrorInformation":{"Error":1,"Message":"Behörighet","Code":"2000663"}}'),
    ],
)
def test_refused_access_is_one_paragraph_with_a_remedy(
    clock: StoppedClock, status: int, body: str
) -> None:
    with pytest.raises(AccessError) as raised:
        fortnox(lambda _: httpx.Response(status, text=body), clock).read("GET", "/3/invoices")
    assert "Fortnox" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "token-1" not in str(raised.value)


def test_an_ordinary_refusal_is_an_answer(clock: StoppedClock) -> None:
    body = '{"ErrorInformation":{"error":1,"message":"Ogiltigt filter","code":2000587}}'
    api = fortnox(lambda _: httpx.Response(400, text=body), clock)
    assert api.read("GET", "/3/invoices").status == 400


class TokenServer:
    """Gives numbered tokens; ``valid`` is the only one that it accepts."""

    def __init__(self) -> None:
        self.given = 0
        self.valid = "t1"
        self.headers: list[httpx.Headers] = []
        self.trouble: int | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth-v1/token":
            self.headers.append(request.headers)
            if self.trouble:
                return httpx.Response(self.trouble, json={"error": "invalid_client"})
            self.given += 1
            self.valid = f"t{self.given}"
            return httpx.Response(200, json={"access_token": self.valid, "expires_in": 3600})
        if request.headers["authorization"] != f"Bearer {self.valid}":
            return httpx.Response(401, json={"message": "unauthorized"})
        return httpx.Response(200, text="{}")

    def api(self, clock: StoppedClock) -> Api:
        auth = ClientCredentials(
            "https://auth.test/oauth-v1", Secret("a", "id"), Secret("b", "pw"), "29302", clock
        )
        return Api(
            "fortnox",
            "https://api.test",
            auth=auth,
            clock=clock,
            transport=httpx.MockTransport(self),
            random=Random(1),  # noqa: S311  jitter
        )


def test_client_credentials_name_the_tenant_and_one_token_serves_all(clock: StoppedClock) -> None:
    server = TokenServer()
    api = server.api(clock)
    for _ in range(3):
        assert api.read("GET", "/3/invoices").status == 200
    assert server.given == 1
    assert server.headers[0]["tenantid"] == "29302"
    assert server.headers[0]["authorization"] == "Basic " + base64.b64encode(b"id:pw").decode()


def test_a_token_is_renewed_before_it_ends(clock: StoppedClock) -> None:
    server = TokenServer()
    api = server.api(clock)
    api.read("GET", "/3/invoices")
    clock.advance(3500)
    api.read("GET", "/3/invoices")
    assert server.given == 2


def test_a_refused_token_is_renewed_once_and_the_write_sent_again(clock: StoppedClock) -> None:
    server = TokenServer()
    api = server.api(clock)
    api.read("GET", "/3/invoices")
    server.valid = "revoked"
    assert api.send("POST", "/3/vouchers", body=b"{}").status == 200
    assert server.given == 2


def test_refused_client_credentials_name_the_settings(clock: StoppedClock) -> None:
    server = TokenServer()
    server.trouble = 401
    with pytest.raises(AccessError, match=r"fortnox\.client_id"):
        server.api(clock).send("POST", "/3/vouchers", body=b"{}")


def test_without_a_token_a_write_was_not_sent(clock: StoppedClock) -> None:
    server = TokenServer()
    server.trouble = 503
    with pytest.raises(NotSent):
        server.api(clock).send("POST", "/3/vouchers", body=b"{}")

    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    api = server.api(clock)
    api._client._transport = httpx.MockTransport(handler)
    with pytest.raises(NotSent, match="no token"):
        api.send("POST", "/3/vouchers", body=b"{}")


def test_qliro_signs_exactly_what_is_sent(clock: StoppedClock) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        digest = hashlib.sha256(request.content + b"secret").digest()
        assert request.headers["authorization"] == f"Qliro {base64.b64encode(digest).decode()}"
        return httpx.Response(200, text="{}")

    api = Api(
        "qliro",
        "https://qliro.test",
        auth=QliroAuth(Secret("s", "secret")),
        clock=clock,
        transport=httpx.MockTransport(handler),
    )
    api.read("GET", "/checkout/adminapi/v2/orders/1", (("a", "b"),))
    api.send("POST", "/checkout/adminapi/v2/cancelOrder", body="{“ö”}")


@pytest.mark.skipif(not SAMPLES.exists(), reason="the official contracts are not here")
def test_qliro_signatures_agree_with_the_test_vectors() -> None:
    vectors = json.loads((SAMPLES / "qliro-auth-test-vectors.json").read_text())["vectors"]
    for vector in vectors:
        assert authorization(vector["body"].encode(), vector["secret"]) == vector["Authorization"]


def test_no_secret_reaches_the_log(clock: StoppedClock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        TokenServer().api(clock).read("GET", "/3/invoices")
        fortnox(lambda _: httpx.Response(200, text="{}"), clock).read("GET", "/3/invoices")
    assert "token-1" not in caplog.text
    assert "Bearer" not in caplog.text
    assert "Basic" not in caplog.text
