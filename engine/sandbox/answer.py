"""The one way through the sandbox: a request in, a response or a lost answer out, all journalled.

It lets late effects happen, asks the fault plan, sends the request to the double it is for and
writes the journal. The server and the in-process transport both call it.
"""

from __future__ import annotations

from dataclasses import replace

from . import control
from .fortnox import api as fortnox
from .qliro import api as qliro
from .qliro import operations
from .world.exchange import Request, Response
from .world.faults import LOST, WITHOUT_EFFECT, Fault, Lost, fault_for
from .world.world import Entry, World


def answer(world: World, request: Request) -> Response | Lost:
    """What becomes of a request; safe to call from many threads."""
    with world.lock:
        happen(world)
        if request.path.startswith("/sandbox"):
            return control.answer(world, request)
        return _journalled(world, request)


def happen(world: World) -> None:
    """Carries out what was to happen by now: late effects, and transactions that come to an end."""
    due = [item for item in world.late if item[0] <= world.now()]
    for moment, n, request in due:
        world.late.remove((moment, n, request))
        required, limit = world.access.required, world.limits.rate_limit
        world.access.required, world.limits.rate_limit = False, None
        try:
            effect = _plain(world, request).effect
        finally:
            world.access.required, world.limits.rate_limit = required, limit
        world.journal[n - 1] = replace(world.journal[n - 1], effect=effect)
    operations.ripen(world)


def _plain(world: World, request: Request) -> Response:
    if request.path.startswith(("/3/", "/api/warehouse/", "/oauth-v1/")):
        return fortnox.answer(world, request)
    if request.path.lower().startswith(qliro.PREFIX + "/"):
        return qliro.answer(world, request)
    return Response(404, b"not a path of the sandbox", "text/plain")


def _journalled(world: World, request: Request) -> Response | Lost:
    fault = fault_for(world, request)
    n = len(world.journal) + 1
    done: Response | None = None
    if fault is None or fault.kind not in WITHOUT_EFFECT:
        done = _plain(world, request)
    if fault is not None and fault.kind == "late_effect":
        due = world.now().timestamp() + fault.seconds
        moment = world.now().fromtimestamp(due, world.now().tzinfo)
        world.late.append((moment, n, request))
    given = done if fault is None else _struck(fault, done)
    world.journal.append(
        Entry(
            n=n,
            at=world.now(),
            method=request.method,
            path=request.path,
            query=request.query,
            body=request.body.decode("utf-8", "replace"),
            status=given.status if isinstance(given, Response) else None,
            effect=done.effect if done else None,
            fault=fault.kind if fault else None,
        )
    )
    assert given is not None  # noqa: S101  without a fault there is an answer
    return given


def _struck(fault: Fault, done: Response | None) -> Response | Lost:
    """What the caller gets to see of a request that a fault struck."""
    if fault.kind in LOST:
        return Lost(fault)
    body = done.body if done else b""
    match fault.kind:
        case "429":
            return Response(429)
        case "truncated":
            return Response(done.status if done else 200, body[: len(body) // 2])
        case "html":
            page = b"<!DOCTYPE html><html><body><h1>Service unavailable</h1></body></html>"
            return Response(200, page, "text/html; charset=utf-8")
        case "empty":
            return Response(200)
        case "not_json_error":
            return Response(400, b"Bad Request: upstream said no", "text/plain")
    return Response(500, b'{"message":"Internal Server Error"}')
