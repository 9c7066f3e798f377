"""The way into Qliro: each request is signed with its own body and the merchant's secret.

The signature of a GET, which has no body, is the same for every GET: it is as good as the secret
and must never be logged.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Generator

import httpx

from engine.secrets import Secret


def authorization(body: bytes, secret: str) -> str:
    """``Qliro base64(sha256(body + secret))``: developers.qliro.com, get-started/authorization."""
    digest = hashlib.sha256(body + secret.encode()).digest()
    return f"Qliro {base64.b64encode(digest).decode()}"


class QliroAuth(httpx.Auth):
    """Signs the exact bytes that are sent; path and query are not part of the signature."""

    requires_request_body = True

    def __init__(self, api_secret: Secret) -> None:
        self._secret = api_secret

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign, send, done."""
        request.headers["Authorization"] = authorization(request.content, self._secret.reveal())
        yield request
