"""The sandbox on a socket: both APIs and the control paths on one port of this machine.

One company, or many: then the first word of a path says whose it is. It reads HTTP/1.1 requests,
kept alive, in one thread per connection, and writes the answers of ``answer``. The parser knows
just what the sandbox's callers send; it is no server for the world.
"""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from typing import Final

from .answer import answer
from .world.exchange import Request, Response, dated
from .world.faults import Lost
from .world.world import World

_LONGEST_BODY: Final = 16 * 1024 * 1024
_REASONS: Final = {status.value: status.phrase for status in HTTPStatus}


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that is being served: ``url`` is the base address of both APIs."""

    world: World
    host: str
    port: int
    company: str = ""  # the first word of its paths, where there are many

    @property
    def url(self) -> str:
        """The base address, without a slash at its end."""
        return f"http://{self.host}:{self.port}" + (f"/{self.company}" if self.company else "")


class _Server(ThreadingHTTPServer):
    """Holds the worlds for its connections; dies with its process, whatever is still open."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self, worlds: Mapping[str, World], address: tuple[str, int], on_kill: Callable[[], None]
    ) -> None:
        self.worlds, self.on_kill, self.closing = worlds, on_kill, threading.Event()
        super().__init__(address, _Connection)

    def whose(self, path: str) -> tuple[World | None, str]:
        """The world that a path leads to, and the path there."""
        if alone := self.worlds.get(""):
            return alone, path
        company, _, rest = path.removeprefix("/").partition("/")
        return self.worlds.get(company), f"/{rest}"

    def server_bind(self) -> None:
        """Binds without looking the host's name up, which can take seconds."""
        socketserver.TCPServer.server_bind(self)


class _Connection(socketserver.StreamRequestHandler):
    """One connection: requests in turn until one side closes."""

    server: _Server
    disable_nagle_algorithm = True
    rbufsize = 65536

    def handle(self) -> None:
        try:
            while self._exchange():
                pass
        except (ConnectionError, TimeoutError):
            pass  # the caller went away, as callers do

    def _exchange(self) -> bool:
        """Answers one request; whether the connection stays open."""
        line = self.rfile.readline(65537)
        if not line.strip():
            return False
        try:
            method, target, _ = line.decode("latin-1").split()
        except ValueError:
            return self._send(Response(400, b"bad request line", "text/plain"), keep=False)
        headers: dict[str, str] = {}
        while (header := self.rfile.readline(65537)) not in (b"\r\n", b"\n", b""):
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers or not length.isdecimal():
            return self._send(Response(411, b"send a Content-Length", "text/plain"), keep=False)
        if int(length) > _LONGEST_BODY:
            return self._send(Response(413), keep=False)
        if headers.get("expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = self.rfile.read(int(length))
        path, _, query = target.partition("?")
        world, path = self.server.whose(path)
        if world is None:
            return self._send(Response(404, b"no company of the sandbox", "text/plain"), keep=False)
        if world.limits.latency_seconds and not path.startswith("/sandbox"):
            time.sleep(world.limits.latency_seconds)
        given = answer(world, Request(method, path, query, headers, body))
        if isinstance(given, Lost):
            return self._lose(given)
        keep = headers.get("connection", "").lower() != "close"
        return self._send(given, keep=keep, date=dated(world.now()))

    def _send(self, response: Response, *, keep: bool, date: str = "") -> bool:
        head = f"HTTP/1.1 {response.status} {_REASONS.get(response.status, '')}\r\n"
        if date:
            head += f"Date: {date}\r\n"
        if response.body:
            head += f"Content-Type: {response.content_type}\r\n"
        if response.location:
            head += f"Location: {response.location}\r\n"
        if response.status != HTTPStatus.NO_CONTENT:
            head += f"Content-Length: {len(response.body)}\r\n"
        if not keep:
            head += "Connection: close\r\n"
        self.wfile.write(head.encode("latin-1") + b"\r\n" + response.body)
        return keep

    def _lose(self, lost: Lost) -> bool:
        """Gives no answer: at once, after holding the connection, or with the caller killed."""
        kind = lost.fault.kind
        if kind.startswith("kill"):
            self.server.on_kill()
        elif not kind.startswith("drop"):
            self.server.closing.wait(lost.fault.hold)
        return False


@contextmanager
def serve(
    world: World,
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    on_kill: Callable[[], None] = lambda: None,
) -> Iterator[Running]:
    """Serves the world from a thread for as long as the context lasts; port 0 takes a free one.

    ``on_kill`` is called when a ``kill_before`` or ``kill_after`` fault strikes; it should kill
    the calling process, whose connection is then closed without an answer.
    """
    with serve_companies({"": world}, port, host=host, on_kill=on_kill) as running:
        yield running[""]


@contextmanager
def serve_companies(
    worlds: Mapping[str, World],
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    on_kill: Callable[[], None] = lambda: None,
) -> Iterator[dict[str, Running]]:
    """Serves many worlds on one port, each below its name (letters, digits, hyphens)."""
    server = _Server(worlds, (host, port), on_kill)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        port = int(server.server_address[1])
        yield {name: Running(world, host, port, name) for name, world in worlds.items()}
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def run_forever(
    world: World,
    port: int = 8642,
    *,
    host: str = "127.0.0.1",
    ready: Callable[[Running], None] = lambda running: None,
) -> None:
    """Serves the world until interrupted (Ctrl-C, or ``KeyboardInterrupt`` from a signal handler).

    ``ready`` is called once the port is open, to tell the caller where.
    """
    with serve(world, port, host=host) as running:
        ready(running)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return
