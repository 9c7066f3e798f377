"""The way into Qliro: each request is signed with its own body and the merchant's secret.

The signature of a GET, which has no body, is the same for every GET: it is as good as the secret
and must never be logged.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Generator

import httpx

from engine.secrets import Secret


def authorization(body: bytes, secret: str) -> str:
    """``Qliro base64(sha256(body + secret))``: developers.qliro.com, get-started/authorization."""
    digest = hashlib.sha256(body + secret.encode()).digest()
    return f"Qliro {base64.b64encode(digest).decode()}"


def with_key(body: bytes, api_key: Secret) -> bytes:
    """The JSON object with the merchant's ``MerchantApiKey``, as every POST of Qliro's has it.

    It is put in when the request leaves, so that the key stands in no table and no log.
    """
    key = json.dumps(api_key.reveal(), ensure_ascii=False)
    rest = body.strip().removeprefix(b"{")
    comma = b"" if rest.strip() == b"}" else b","
    return b'{"MerchantApiKey":' + key.encode() + comma + rest


class QliroAuth(httpx.Auth):
    """Signs the exact bytes that are sent; path and query are not part of the signature."""

    requires_request_body = True

    def __init__(self, api_secret: Secret) -> None:
        self._secret = api_secret

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign, send, done."""
        request.headers["Authorization"] = authorization(request.content, self._secret.reveal())
        yield request
