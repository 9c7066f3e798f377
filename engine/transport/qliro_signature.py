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

from ..errors import AccessError
from ..merchant.secrets import Secret
from .refusals import pair_refused


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
    """Signs the exact bytes that are sent; path and query are not part of the signature.

    ``plus`` is the secret of the second pair, for reads of the paths that have one of
    ``opened`` in them. Where Qliro refuses it, ``refused`` says so, and those reads go on with the
    first pair: what needs the second must not stop the rest.
    """

    requires_request_body = True
    requires_response_body = True

    def __init__(
        self, api_secret: Secret, plus: Secret | None = None, opened: tuple[str, ...] = ()
    ) -> None:
        self._secret, self._plus, self._opened = api_secret, plus, opened
        self.refused: AccessError | None = None

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign, send, done; a read that the second pair does not open is signed anew."""
        opened = any(part in request.url.path for part in self._opened)
        plus = self._plus if opened and request.method == "GET" and not self.refused else None
        secret = plus or self._secret
        request.headers["Authorization"] = authorization(request.content, secret.reveal())
        response = yield request
        if plus is not None and response.status_code in (401, 403):
            self.refused = pair_refused(response.status_code, response.text)
            request.headers["Authorization"] = authorization(
                request.content, self._secret.reveal()
            )
            yield request
