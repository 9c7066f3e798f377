"""The way into Fortnox: a bearer token, given or fetched by client credentials and renewed in time.

A protocol without I/O: the flow yields requests and gets responses, so the token travels over the
same transport as the rest. Tokens live in memory only; with client credentials a lost one is just
another request.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from urllib.parse import urlencode

import httpx
import msgspec

from engine.clock import Clock
from engine.secrets import Secret
from engine.transport.access import token_refused
from engine.transport.http import NotSent

# Renewed this long before it ends, so that no request is on its way with a token that has expired.
MARGIN_SECONDS = 120.0


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0


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
        self._url = auth_url.rstrip("/") + "/token"
        self._basic = httpx.BasicAuth(client_id.reveal(), client_secret.reveal())
        self._tenant = tenant_id
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._ends = float("-inf")

    def sync_auth_flow(
        self, request: httpx.Request
    ) -> Generator[httpx.Request, httpx.Response, None]:
        """A valid token, the request; on 401 a new token, once, and the request again.

        Raises AccessError when the credentials are refused, NotSent when no token came.
        """
        token = yield from self._current(refused="")
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            token = yield from self._current(refused=token)
            request.headers["Authorization"] = f"Bearer {token}"
            yield request

    def _current(self, refused: str) -> Generator[httpx.Request, httpx.Response, str]:
        with self._lock:  # the others wait here and find the new token
            fresh = self._clock.monotonic() < self._ends - MARGIN_SECONDS
            if fresh and self._token != refused:
                return self._token
            request = httpx.Request(
                "POST",
                self._url,
                content=urlencode({"grant_type": "client_credentials"}).encode(),
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "TenantId": self._tenant,
                },
            )
            asked_at = self._clock.monotonic()
            response = yield next(self._basic.sync_auth_flow(request))
            response.read()
            if 400 <= response.status_code < 500 and response.status_code != 429:
                raise token_refused(response.status_code, response.text)
            try:
                token = msgspec.json.decode(response.content, type=_Token)
            except msgspec.MsgspecError:
                raise NotSent(f"no token: status {response.status_code}") from None
            self._token, self._ends = token.access_token, asked_at + token.expires_in
            return self._token
