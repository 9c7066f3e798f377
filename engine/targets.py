"""What is known of each target: how a document of it is created, found again and read.

Reads ``schemas/documents/*.json``: the JSON Schema of the document and, under ``x-target``, the
calls of the API. A fact of an API stands there once; mappings and deliveries read it from here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from engine import json_text

FOLDER = Path(__file__).parent.parent / "schemas" / "documents"


@dataclass(frozen=True, slots=True)
class Request:
    """A call to be made: path, query pairs in order, and the exact body to be sent."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """The declaration of one target; ``fill`` texts name fields in braces."""

    name: str
    schema: dict[str, Any]
    calls: dict[str, Any]

    @property
    def wrapper(self) -> str:
        """The key that the API wraps one document in."""
        return str(self.calls["create"]["wrapper"])

    def create(self, document: Mapping[str, Any]) -> Request:
        """The call that creates the document. A list without rows is left out of it."""
        call = self.calls["create"]
        document = {name: value for name, value in document.items() if value != []}
        return Request(
            call["method"],
            fill(call["path"], document),
            _query(call.get("query", {}), document),
            json_text.encode({self.wrapper: document}),
        )

    def follow(self, step: str, number: str) -> Request:
        """The call of a step that follows creation, such as bookkeep; it has no body."""
        call = self.calls["then"][step]
        return Request(call["method"], fill(call["path"], self.names(number)))

    def done_field(self, step: str) -> str:
        """The field of the document that is true once the step has been carried out."""
        return str(self.calls["then"][step]["done"])

    def read(self, number: str) -> Request:
        """The call that reads one document whole."""
        path, _, query = fill(self.calls["read"], self.names(number)).partition("?")
        pairs = tuple(tuple(part.split("=", 1)) for part in query.split("&") if part)
        return Request("GET", path, pairs)  # type: ignore[arg-type]

    def find(self, ask: Mapping[str, Any], since: str) -> Request:
        """The call that lists what may be the document; ``since`` is a lastmodified."""
        call = self.calls["find"]
        values = {**ask, "since": since}
        query = _query(call.get("query", {}), values)
        return Request("GET", fill(call["path"], values), (*query, ("limit", "500")))

    def number(self, document: Mapping[str, Any]) -> str:
        """The number of a document as the API gave it. KeyError when a part is missing."""
        return fill(self.calls["number"], document)

    def names(self, number: str) -> dict[str, str]:
        """The parts of a number by field name, and the whole as ``number``."""
        fields = re.findall(r"{(\w+)}", self.calls["number"])
        return {"number": number, **dict(zip(fields, number.split("/"), strict=True))}


@cache
def target(name: str) -> Target:
    """The target of that name, such as ``fortnox.voucher``. KeyError when there is none."""
    path = FOLDER / f"{name}.json"
    if not path.exists():
        raise KeyError(name)
    schema = json_text.decode(path.read_bytes())
    return Target(name, schema, schema["x-target"])


def target_names() -> list[str]:
    """All declared targets."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def fill(text: str, values: Mapping[str, Any]) -> str:
    """The text with each ``{name}`` replaced by its value, quoted for a path."""
    return re.sub(r"{(\w+)}", lambda found: quote(str(values[found[1]]), safe=":- "), text)


def _query(declared: Mapping[str, str], values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (key, re.sub(r"{(\w+)}", lambda found: str(values[found[1]]), text))
        for key, text in declared.items()
    )
