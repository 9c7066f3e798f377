"""Shops that are answered oddly: one field of one answer is wrong, once or until further notice.

``oddly`` says of which answers what is changed; the world itself stays as it is, so that what a run
makes of the next good answer can be held against what it makes of good answers alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from order_shop import OrderShop
from shop import Shop

from engine import session as sessions
from engine.sandbox.transport import SandboxTransport

Spoil = Callable[[Any], str | None]  # changes a body, or gives the text that comes in its place


@dataclass(slots=True)
class Oddity:
    """What is odd: answers whose path ends with ``path``, as ``spoil`` changes their body."""

    path: str
    spoil: Spoil
    times: int = 1
    told: int = 0  # how many answers were changed so far


class OddTransport(SandboxTransport):
    """The sandbox, whose answers to GET are changed on their way."""

    def __init__(self, world: Any, oddities: list[Oddity]) -> None:
        super().__init__(world)
        self.oddities = oddities

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The sandbox's answer, or what is made of it."""
        answer = super().handle_request(request)
        if request.method != "GET" or answer.status_code != 200:
            return answer
        for one in self.oddities:
            if request.url.path.endswith(one.path) and one.told < one.times:
                body = json.loads(answer.content)
                text = one.spoil(body) or json.dumps(body)
                one.told += 1
                headers = {"content-type": "application/json", "date": answer.headers["date"]}
                return httpx.Response(200, headers=headers, content=text)
        return answer


@dataclass(slots=True)
class OddShop(Shop):
    """A shop whose answers may be odd."""

    oddities: list[Oddity] = field(default_factory=list)

    def oddly(self, path: str, spoil: Spoil, times: int = 1) -> Oddity:
        """The next answers of that path are changed."""
        self.oddities.append(Oddity(path, spoil, times))
        return self.oddities[-1]

    def session(self) -> Any:
        """A session of its own; a context manager."""
        return sessions.open_session(
            self.merchant, self.store, self.clock, OddTransport(self.world, self.oddities)
        )


@dataclass(slots=True)
class OddOrderShop(OrderShop):
    """The same, of orders."""

    oddities: list[Oddity] = field(default_factory=list)

    def oddly(self, path: str, spoil: Spoil, times: int = 1) -> Oddity:
        """The next answers of that path are changed."""
        self.oddities.append(Oddity(path, spoil, times))
        return self.oddities[-1]

    def session(self) -> Any:
        """A session of its own; a context manager."""
        return sessions.open_session(
            self.merchant, self.store, self.clock, OddTransport(self.world, self.oddities)
        )


def setting(rows: str, name: str, value: object, at: int = 0) -> Spoil:
    """Puts a value into a field of one entry of a list."""

    def spoil(body: Any) -> None:
        if len(body[rows]) > at:
            body[rows][at][name] = value

    return spoil
