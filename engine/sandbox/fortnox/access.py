"""Who may call Fortnox and how often: tokens, scopes and the sliding window of requests.

It reads a request and the world's ``Access`` and ``Limits``; it writes codes, tokens and the
window.
"""

from __future__ import annotations

import base64
import binascii
import time
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode

from ..world.exchange import Request, Response, answered, encoded, parameters
from ..world.world import Code, World
from .fields import RefusedError

CODE_LASTS: Final = timedelta(minutes=10)
REFRESH_LASTS: Final = timedelta(days=45)

_SCOPES: Final = {
    "invoices": "invoice",
    "invoicepayments": "payment",
    "orders": "order",
    "vouchers": "bookkeeping",
    "accounts": "bookkeeping",
    "voucherseries": "bookkeeping",
    "financialyears": "bookkeeping",
    "sie": "bookkeeping",
    "settings": "settings",
    "modesofpayments": "settings",
    "predefinedaccounts": "settings",
    "termsofpayments": "settings",
    "wayofdeliveries": "settings",
    "units": "settings",
    "customers": "customer",
    "articles": "article",
    "costcenters": "costcenter",
    "projects": "project",
    "companyinformation": "companyinformation",
    "currencies": "currency",
    "warehouse": "warehouse",
}


def let_in(world: World, request: Request) -> bool:
    """Whether the request carries a token that is still good."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    expires = world.access.tokens.get(token)
    return scheme == "Bearer" and expires is not None and world.now() < expires


def may(world: World, resource: str) -> None:
    """Refuses a resource whose scope was not granted or not licensed."""
    scope = _SCOPES.get(resource)
    if scope in world.access.unlicensed:
        raise RefusedError(2001101, "Det finns ingen aktiv licens för önskat scope")
    if scope is not None and scope not in world.access.scopes:
        raise RefusedError(2000663, "Har inte behörighet för scope")


def rate_exceeded(world: World) -> bool:
    """Whether the sliding window is full; if not, this request is counted in it."""
    limits, window = world.limits, world.window
    if limits.rate_limit is None:
        return False
    now = time.monotonic() if limits.rate_clock == "real" else world.now().timestamp()
    while window and window[0] <= now - limits.rate_window_seconds:
        window.popleft()
    if len(window) >= limits.rate_limit:
        return True
    window.append(now)
    return False


def issue_token(world: World) -> str:
    """A new access token, good for an hour of the world's time; its claims name the tenant."""
    access = world.access
    access.issued += 1
    claims = {"tenantId": int(access.tenant_id), "jti": access.issued}
    token = ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode()
        for part in (b'{"alg":"none"}', encoded(claims), b"sandbox")
    )
    access.tokens[token] = world.now() + timedelta(seconds=3600)
    return token


def _oauth_error(status: int, error: str, description: str) -> Response:
    return answered({"error": error, "error_description": description}, status)


def consent(world: World, request: Request) -> Response:
    """``GET /oauth-v1/auth``: the administrator approves at once, and is sent back with a code.

    A wrong client or address is answered here; what else is wrong is told to the address.
    """
    access = world.access
    asked = {name: values[0] for name, values in parameters(request.query).items()}
    address = asked.get("redirect_uri", "")
    if asked.get("client_id") != access.client_id or not address.startswith("http"):
        return _oauth_error(400, "invalid_client", "Unknown client or redirect_uri")
    service = asked.get("account_type") == "service"
    given = {"state": asked.get("state", "")}
    if asked.get("response_type") != "code" or asked.get("access_type") != "offline":
        given["error"] = "invalid_request"
    elif not set(asked.get("scope", "").split()) <= access.scopes:
        given["error"] = "invalid_scope"
    elif service and not access.service_accounts:
        given["error"] = "unauthorized_client"
    else:
        access.issued += 1
        given["code"] = f"sandbox-code-{access.issued}"
        access.codes[given["code"]] = Code(world.now() + CODE_LASTS, address)
        access.consented = access.consented or service
    joint = "&" if "?" in address else "?"
    effect = "consent given" if "code" in given else None
    return Response(302, effect=effect, location=f"{address}{joint}{urlencode(given)}")


def token(world: World, request: Request) -> Response:
    """``POST /oauth-v1/token``: client credentials, a code, or a refresh token that rotates.

    Codes and refresh tokens work once. One that was taken is spent, whoever sent it.
    """
    access = world.access
    try:
        pair = base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic "))
    except binascii.Error:
        pair = b""
    if pair != f"{access.client_id}:{access.client_secret}".encode():
        return _oauth_error(401, "invalid_client", "Client credentials are invalid")
    form = {k: v[0] for k, v in parameters(request.body.decode("utf-8", "replace")).items()}
    rotated: dict[str, object] = {}
    match form.get("grant_type"):
        case "client_credentials":
            if request.headers.get("tenantid") != access.tenant_id or not access.consented:
                return _oauth_error(400, "invalid_grant", "No consent for this tenant")
        case "refresh_token":
            ends = access.refresh_ends
            is_good = form.get("refresh_token") == access.refresh_token
            if not is_good or (ends is not None and world.now() >= ends):
                return _oauth_error(400, "invalid_grant", "Invalid refresh token")
            rotated = _rotated(world)
        case "authorization_code":
            code = access.codes.pop(form.get("code", ""), None)
            if code is None or (code.ends is not None and world.now() >= code.ends):
                return _oauth_error(400, "invalid_grant", "Invalid authorization code")
            if code.redirect_uri not in (None, form.get("redirect_uri")):
                return _oauth_error(400, "invalid_grant", "Invalid redirect_uri")
            rotated = _rotated(world)
        case _:
            return _oauth_error(400, "unsupported_grant_type", "Unsupported grant type")
    content = {
        "access_token": issue_token(world),
        **rotated,
        "scope": " ".join(sorted(access.scopes)),
        "expires_in": 3600,
        "token_type": "bearer",
    }
    return answered(content, effect="token issued")


def _rotated(world: World) -> dict[str, object]:
    """The next refresh token; the one before it is spent."""
    access = world.access
    access.refresh_token = f"sandbox-refresh-{access.issued + 2}"
    access.refresh_ends = world.now() + REFRESH_LASTS
    return {"refresh_token": access.refresh_token}
