"""Serves the receiver on a port of this machine, and does not wait for callers who dawdle.

uvicorn reads HTTP; what it lacks is here: a request whose head takes too long ends with its
connection, and so does a connection beyond the number that may be open.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import UsageError
from .counters import Counters

HEAD_SECONDS = 10.0
LARGEST_HEAD = 16 * 1024
MOST_CONNECTIONS = 512
# A reverse proxy keeps its connections open for a while.
IDLE_SECONDS = 60
ENDING_SECONDS = 10


class _Impatient(H11Protocol):
    """HTTP/1.1 with a time limit for the head of a request, and a count of connections."""

    _limit: asyncio.TimerHandle | None = None

    @property
    def counters(self) -> Counters:
        return cast("Counters", cast("Starlette", self.config.app).state.counters)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self.counters.refuse("too-many")
            transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        self.counters.refuse("not-http")
        self._rest()
        super().send_400_response(msg)

    def _watch(self) -> None:
        """A head that has begun, or that never came, may take so long and no longer."""
        if self.transport.is_closing() or (self.cycle and not self.cycle.response_complete):
            self._rest()
        elif self._limit is None and self.timeout_keep_alive_task is None:
            self._limit = self.loop.call_later(HEAD_SECONDS, self._end)

    def _rest(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def _end(self) -> None:
        self._limit = None
        self.counters.refuse("too-slow")
        self.transport.abort()


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises UsageError when the port is taken or the host not ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise UsageError(
            f"The receiver can't listen on {host}, port {port}: {error.strerror or error}.",
            "Name another port, or 0 for a free one: --port 0",
        ) from None


def serve(application: Starlette, opened: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; requests under way are answered first."""
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
    config = uvicorn.Config(
        application,
        loop="asyncio",
        http=_Impatient,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=ENDING_SECONDS,
        h11_max_incomplete_event_size=LARGEST_HEAD,
    )
    ready()
    with suppress(KeyboardInterrupt):  # uvicorn hands the signal on when all is done
        uvicorn.Server(config).run(sockets=[opened])
