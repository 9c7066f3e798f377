"""The way into Fortnox: a bearer token, given, or fetched and renewed in time.

A protocol without I/O: the flow yields requests and gets responses, so the token travels over the
same transport as the rest. Tokens by client credentials live in memory only: a lost one is just
another request. A refresh token works once, so the pair that it gives is kept before it is used.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Generator, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

import httpx
import msgspec

from .. import json_text
from ..clock import Clock
from ..errors import AccessError
from ..merchant.secrets import Secret
from ..transport.http import NotSent
from ..transport.refusals import another_company, connection_lost, token_refused
from .connection import Connection, Kept, Tokens

# Renewed this long before it ends, so that no request is on its way with a token that has expired.
MARGIN_SECONDS = 120.0
# A token that rotates is renewed so early that a sign-in which is down for a while stops nothing.
EARLY_SECONDS = 600.0

Flow = Generator[httpx.Request, httpx.Response, str]


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0
    refresh_token: str = ""


class _Claims(msgspec.Struct):
    tenant: int | str | None = msgspec.field(default=None, name="tenantId")


def tenant_of(access_token: str) -> str | None:
    """The company (DatabaseNumber) that a token says it is for; None when it does not say.

    Fortnox's tokens are JWTs whose claims name the tenant (fortnox.se, developer pages). The
    signature is not looked at: what is asked is whether we mix companies up, not who signed.
    """
    part = access_token.split(".")[1:2]
    try:
        text = base64.urlsafe_b64decode(part[0] + "=" * (-len(part[0]) % 4))
        claims = json_text.decode_as(text, _Claims)
    except (IndexError, ValueError, msgspec.MsgspecError):
        return None
    return str(claims.tenant) if claims.tenant else None


class SignIn:
    """Fortnox's token address and the integration's Basic pair; ``tenant`` is the only company
    whose tokens are taken, None while it is not known."""

    def __init__(
        self, auth_url: str, client_id: Secret, client_secret: Secret, tenant: str | None = None
    ) -> None:
        self._url = auth_url.rstrip("/") + "/token"
        self._basic = httpx.BasicAuth(client_id.reveal(), client_secret.reveal())
        self.tenant = tenant

    def request(self, form: Mapping[str, str], **headers: str) -> httpx.Request:
        """``POST {auth_url}/token`` with a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form).encode()
        request = httpx.Request("POST", self._url, content=body, headers=kind | headers)
        return next(self._basic.sync_auth_flow(request))

    def check(self, access_token: str) -> str:
        """The token, if it is for the merchant's own company. Raises AccessError."""
        told = tenant_of(access_token)
        if self.tenant is not None and told not in (None, self.tenant):
            raise another_company(self.tenant, told or "")
        return access_token


def _read(response: httpx.Response) -> _Token:
    try:
        return json_text.decode_as(response.content, _Token)
    except msgspec.MsgspecError:
        raise NotSent(f"no token: status {response.status_code}") from None


def _refused(response: httpx.Response) -> bool:
    return 400 <= response.status_code < 500 and response.status_code != 429


def _with_token(
    request: httpx.Request, current: Callable[[str], Flow]
) -> Generator[httpx.Request, httpx.Response, None]:
    """A valid token, the request; on 401 a new token, once, and the request again."""
    token = yield from current("")
    request.headers["Authorization"] = f"Bearer {token}"
    response = yield request
    if response.status_code == 401:
        token = yield from current(token)
        request.headers["Authorization"] = f"Bearer {token}"
        yield request


class GivenToken(httpx.Auth):
    """A ready access token, for tests and the sandbox; it cannot be renewed."""

    def __init__(self, access_token: Secret) -> None:
        self._token = access_token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token, send, done."""
        request.headers["Authorization"] = f"Bearer {self._token.reveal()}"
        yield request


class ClientCredentials(httpx.Auth):
    """Tokens by client credentials for a tenant that consented to a service account.

    ``POST {auth_url}/token`` with Basic authentication, the header ``TenantId`` and
    ``grant_type=client_credentials`` (fortnox.se, "Say goodbye to refresh tokens"). However many
    threads need a token, one fetches it.
    """

    requires_response_body = True

    def __init__(
        self, auth_url: str, client_id: Secret, client_secret: Secret, tenant_id: str, clock: Clock
    ) -> None:
        self._sign_in = SignIn(auth_url, client_id, client_secret, tenant_id)
        self._tenant = tenant_id
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._ends = float("-inf")

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """The request with a valid token.

        Raises AccessError when the credentials are refused, NotSent when no token came.
        """
        yield from _with_token(request, self._current)

    def _current(self, refused: str) -> Flow:
        with self._lock:  # the others wait here and find the new token
            fresh = self._clock.monotonic() < self._ends - MARGIN_SECONDS
            if fresh and self._token != refused:
                return self._token
            form = {"grant_type": "client_credentials"}
            asked_at = self._clock.monotonic()
            response = yield self._sign_in.request(form, TenantId=self._tenant)
            response.read()
            if _refused(response):
                raise token_refused(response.status_code, response.text)
            token = _read(response)
            self._token = self._sign_in.check(token.access_token)
            self._ends = asked_at + token.expires_in
            return self._token


class RotatingToken(httpx.Auth):
    """Tokens by a refresh token, which works once: each answer brings the next.

    Before it is sent, the file says so; the answer is in the file before anything is done with it;
    and all that under a lock which other processes respect, who then find the new pair. ``code``
    is the form that begins a connection: the grant of an authorisation code.
    """

    requires_response_body = True

    def __init__(
        self, sign_in: SignIn, kept: Kept, clock: Clock, code: Mapping[str, str] | None = None
    ) -> None:
        self._sign_in = sign_in
        self._kept = kept
        self._clock = clock
        self._code = code
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """The request with a valid token.

        Raises AccessError when the connection is lost or leads to another company, NotSent when no
        token came, OSError when one can't be kept.
        """
        yield from _with_token(request, self._current)

    def _current(self, refused: str) -> Flow:
        with self._lock:
            if self._good(self._tokens, refused, EARLY_SECONDS):
                return self._taken(self._tokens)
            with self._kept.locked():
                held = self._held()
                if self._good(held.tokens, refused, EARLY_SECONDS):
                    return self._taken(held.tokens)
                return (yield from self._renewed(held, refused))

    def _renewed(self, held: Connection, refused: str) -> Flow:
        unanswered = held.asked_at
        while True:
            form = self._form(held)
            now = self._clock.now()
            if self._code is None:
                held = self._kept.save(msgspec.structs.replace(held, asked_at=now))
            response = yield self._sign_in.request(form)
            response.read()
            if _refused(response):
                other = self._held()  # somebody without respect for locks, or a restored file
                if self._code is None and self._form(other) != form:
                    if self._good(other.tokens, refused, EARLY_SECONDS):
                        return self._taken(other.tokens)
                    held = other
                    continue
                raise self._lost(response, unanswered)
            if response.status_code != 200 and self._good(held.tokens, refused, MARGIN_SECONDS):
                return self._taken(held.tokens)  # there is time to try again
            return self._taken(self._keep(held, response, now))

    def _keep(self, held: Connection, response: httpx.Response, asked_at: datetime) -> Tokens:
        """The pair of an answer, on the disk."""
        token = _read(response)
        ends = asked_at + timedelta(seconds=token.expires_in)
        spent = held.tokens.refresh_token if held.tokens else ""
        pair = Tokens(token.access_token, ends, token.refresh_token or spent)
        self._kept.save(msgspec.structs.replace(held, tokens=pair, asked_at=None))
        self._code = None
        return pair

    def _taken(self, tokens: Tokens | None) -> str:
        assert tokens is not None  # noqa: S101  good ones are there
        self._tokens = tokens
        return self._sign_in.check(tokens.access_token)

    def _held(self) -> Connection:
        found = self._kept.read()
        if found is None:
            raise connection_lost(self._kept.merchant, "its file has gone")
        return found

    def _form(self, held: Connection) -> dict[str, str]:
        if self._code is not None:
            return {"grant_type": "authorization_code", **self._code}
        refresh = held.tokens.refresh_token if held.tokens else ""
        return {"grant_type": "refresh_token", "refresh_token": refresh}

    def _good(self, tokens: Tokens | None, refused: str, seconds: float) -> bool:
        if tokens is None or tokens.access_token in ("", refused):
            return False
        return self._clock.now() < tokens.ends - timedelta(seconds=seconds)

    def _lost(self, response: httpx.Response, unanswered: datetime | None) -> AccessError:
        error = token_refused(response.status_code, response.text, renewal=True)
        if self._code is not None or unanswered is None or '"invalid_grant"' not in response.text:
            return error
        return connection_lost(
            self._kept.merchant,
            f"the answer to its renewal of {unanswered:%Y-%m-%d %H:%M:%S} UTC never arrived, and "
            "the refresh token that was sent then is spent",
        )
