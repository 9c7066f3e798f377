"""The receiver as an ASGI application: takes pushes, and answers each when it is on the disk.

Reads requests, writes inboxes through ``commit_group``. A request that is no push is refused before
more of it is read than needed, counted and told of by ``counters``; no merchant's database is
opened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ..clock import Clock
from .access import Access, opened
from .commit_group import CommitGroup
from .counters import Counters
from .push import ADDRESSES, line_of, read_push

# Qliro's pushes are below two kilobytes.
LARGEST_BODY = 64 * 1024
BODY_SECONDS = 10.0
# Qliro sends a push again unless it is answered with exactly this.
RECEIVED = b'{"CallbackResponse":"received"}'
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _RefusedError(Exception):
    """A request that is not taken: the status it is answered with, and why (``REASONS``)."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def receiver(
    accesses: Mapping[str, Access], commit_group: CommitGroup, counters: Counters, clock: Clock
) -> Starlette:
    """The application: ``/push/<merchant>/<token>/<kind>``, ``/health`` and ``/metrics``."""

    async def push(request: Request) -> Response:
        path = request.path_params
        access = opened(accesses, path["merchant"], path["token"])
        if access is None:
            raise _RefusedError(404, "wrong-token")
        if path["kind"] not in ADDRESSES:
            raise _RefusedError(404, "wrong-address")
        now = clock.now()
        try:
            found = read_push(await _body(request), path["kind"], now)
        except ValueError:
            raise _RefusedError(400, "not-a-push") from None
        try:
            await commit_group.keep(access.name, line_of(found))
        except OSError:
            raise _RefusedError(503, "not-kept") from None
        counters.take(access.name, found.kind, now)
        return Response(RECEIVED, media_type="application/json")

    async def health(_request: Request) -> Response:
        ill = await commit_group.ill()
        told = {
            "status": "the disk does not take pushes" if ill else "ok",
            "merchants": len(accesses),
        }
        return JSONResponse(told, 503 if ill else 200)

    async def metrics(_request: Request) -> Response:
        return PlainTextResponse(
            counters.metrics(commit_group.waiting, commit_group.sizes()), media_type=METRICS_TYPE
        )

    def refused(_request: Request, error: Exception) -> Response:
        assert isinstance(error, _RefusedError)  # noqa: S101  it is called for nothing else
        return _refusal(counters, error.status, error.reason)

    def unknown(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return _refusal(counters, status, "wrong-method" if status == 405 else "wrong-address")

    application = Starlette(
        routes=[
            Route("/push/{merchant}/{token}/{kind}", push, methods=["POST"]),
            Route("/health", health, methods=["GET"]),
            Route("/metrics", metrics, methods=["GET"]),
        ],
        exception_handlers={_RefusedError: refused, HTTPException: unknown},
    )
    # A redirect would write the token into an answer, and callers drop the body on their way.
    application.router.redirect_slashes = False
    application.state.counters = counters
    return application


def _refusal(counters: Counters, status: int, reason: str) -> Response:
    """The answer, and the end of the connection: what is still under way is not read."""
    counters.refuse(reason)
    return JSONResponse({"refused": reason}, status, headers={"connection": "close"})


async def _body(request: Request) -> bytes:
    """The body, as long as it is neither too large nor too slow."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdigit() or len(declared) > 9 or int(declared) > LARGEST_BODY:
        raise _RefusedError(413, "too-large")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > LARGEST_BODY:
                    raise _RefusedError(413, "too-large")
    except (TimeoutError, ClientDisconnect):
        raise _RefusedError(408, "too-slow") from None
    return bytes(body)
