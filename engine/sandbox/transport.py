"""The sandbox in process: an httpx transport that answers without a socket.

It reads httpx requests, writes httpx responses, and raises the exception that httpx would raise
where a fault loses the answer.
"""

from __future__ import annotations

import httpx

from .answer import answer
from .fortnox.api import issue_token
from .qliro.api import authorization
from .world.exchange import Request, dated
from .world.faults import Lost
from .world.world import World


class Killed(BaseException):
    """The caller was struck by ``kill_before`` or ``kill_after``: nothing may catch this."""


class SandboxTransport(httpx.BaseTransport):
    """``httpx.Client(transport=SandboxTransport(world))`` talks to the world, whatever the host."""

    def __init__(self, world: World) -> None:
        self.world = world

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange; raises ``httpx.ReadTimeout``, ``RemoteProtocolError`` or ``Killed``."""
        given = answer(
            self.world,
            Request(
                method=request.method,
                path=request.url.raw_path.split(b"?")[0].decode("ascii"),
                query=request.url.query.decode("ascii"),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=request.read(),
            ),
        )
        if isinstance(given, Lost):
            raise _exception(given, request)
        headers = {"Date": dated(self.world.now())}
        if given.body:
            headers["Content-Type"] = given.content_type
        if given.location:
            headers["Location"] = given.location
        return httpx.Response(given.status, headers=headers, content=given.body, request=request)


def _exception(lost: Lost, request: httpx.Request) -> BaseException:
    if lost.fault.kind.startswith("drop"):
        message = "Server disconnected without sending a response."
        return httpx.RemoteProtocolError(message, request=request)
    if lost.fault.kind.startswith("kill"):
        return Killed(lost.fault.kind)
    return httpx.ReadTimeout("The read operation timed out", request=request)


def fortnox_client(world: World) -> httpx.Client:
    """A client of the world's Fortnox with a good token; paths relative to ``/3/``."""
    return httpx.Client(
        transport=SandboxTransport(world),
        base_url="https://fortnox.example/3/",
        headers={"Authorization": f"Bearer {issue_token(world)}"},
    )


def qliro_client(world: World) -> httpx.Client:
    """A client of the world's Qliro that signs its GETs; paths relative to ``…/adminapi/v2/``."""
    return httpx.Client(
        transport=SandboxTransport(world),
        base_url="https://qliro.example/checkout/adminapi/v2/",
        headers={"Authorization": authorization(world.access.merchant_api_secret)},
    )
