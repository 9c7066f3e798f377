"""What is known of each target: how a document of it is created, found again and read.

Reads ``schemas/documents/*.json``: the JSON Schema of the document and, under ``x-target``, the
calls of the API. A fact of an API stands there once; mappings and deliveries read it from here.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from .. import json_text
from ..home import HOME

# Request ids are made of an action's id in this namespace: the same action, the same id, for ever.
REQUESTS = uuid.UUID("5a6f4f0e-9a52-5d0c-8a43-6c1f4b8f2b11")
# What the APIs write where there is no number (Fortnox: "0", recorded).
NOTHING = ("", "0", 0)

FOLDER = HOME / "schemas" / "documents"


class Request(Struct, frozen=True):
    """A call to be made: path, query pairs in order, and the exact body to be sent."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: str | None = None


class Target(Struct, frozen=True):
    """The declaration of one target; ``fill`` texts name fields in braces."""

    name: str
    schema: dict[str, Any]
    calls: dict[str, Any]

    @property
    def system(self) -> str:
        """Which API it is a document of: fortnox or qliro."""
        return self.name.partition(".")[0]

    @property
    def place(self) -> str:
        """Where its documents stand, in sentences."""
        return "at Qliro" if self.system == "qliro" else f"in {self.system.capitalize()}"

    def told(self, number: str | None) -> str:
        """One of its documents in sentences: invoice 1001."""
        return f"{self.calls['called']} {number or 'of an unknown number'}"

    @property
    def wrapper(self) -> str:
        """The key that the API wraps one document in; empty where it wraps none."""
        return str(self.calls.get("wrapper", self.calls["create"].get("wrapper", "")))

    def create(
        self, document: Mapping[str, Any], action: str = "", without: Collection[str] = ()
    ) -> Request:
        """The call that creates the document. A list without rows is left out of it.

        ``action`` is what a request id is made of, where the API knows such a thing; the fields
        ``without`` are left out.
        """
        call = self.calls["create"]
        if without:
            document = {name: value for name, value in document.items() if name not in without}
        return Request(
            call["method"],
            fill(call["path"], document),
            _query(call.get("query", {}), document),
            self._body(call, document, action),
        )

    def spared(self, document: Mapping[str, Any], refusal: str) -> tuple[str, ...]:
        """The fields of a refused document that it can do without, and that the ``refusal``, the
        API's own words, is about: nothing was created, so it may be sent again without them."""
        declared = self.calls["create"].get("without")
        if declared is None or not re.search(declared["message"], refusal, re.IGNORECASE):
            return ()
        return tuple(name for name in declared["fields"] if name in document)

    def follow(self, step: str, number: str, document: Mapping[str, Any] | None = None) -> Request:
        """The call of a step that follows creation, such as bookkeep; ``document`` is sent where
        the step sends it again."""
        call = self.calls["then"][step]
        body = self._body(call, document or {}, "") if call.get("body") else None
        return Request(call["method"], fill(call["path"], self.names(number)), (), body)

    def _body(
        self, call: Mapping[str, Any], document: Mapping[str, Any], action: str
    ) -> str | None:
        """The document as it is sent: without what only the path names, and in the API's shape."""
        if call.get("body") is False:
            return None
        content = dict(document)
        for name in [one for one, value in document.items() if value == []]:
            del content[name]
        for name in self.calls.get("omit", ()):
            content.pop(name, None)
        for name, cleared in call.get("clear", {}).items():  # else inherited, row by row
            if name in content:
                content[name] = [{**cleared, **row} for row in content[name]]
        for outer, inner in call.get("nest", {}).items():
            content[outer] = [{name: content.pop(name) for name in inner if name in content}]
        if "request_id" in call:
            content[call["request_id"]] = str(uuid.uuid5(REQUESTS, action))
        wrapper = self.wrapper
        return json_text.encode({wrapper: content} if wrapper else content)

    def sent(self, body: str, document: Mapping[str, Any]) -> dict[str, Any] | None:
        """What a body that was sent to ``create`` says, in the shape of the ``document`` that it
        was made of, with what only the path named; None where it is none."""
        try:
            content = json_text.decode(body)
        except ValueError:
            return None
        if isinstance(content, dict) and self.wrapper:
            content = content.get(self.wrapper)
        if not isinstance(content, dict):
            return None
        for outer in self.calls["create"].get("nest", {}):
            for inner in content.pop(outer, ()):
                content |= inner
        return {
            **content,
            **{one: document[one] for one in self.calls.get("omit", ()) if one in document},
        }

    def answered(
        self, content: Mapping[str, Any], asked: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]] | None:
        """The number and the document of an answer to ``create``, or None when it has neither.

        The API may answer with the new document or with the one that it was made from
        (``asked`` is the document that was sent): each way is declared, the first that fits counts.
        """
        ways = self.calls["create"].get("answers") or [
            {"wrapper": self.wrapper, "number": self.calls["number"]}
        ]
        for way in ways:
            found = content.get(way["wrapper"]) if way["wrapper"] else content
            if isinstance(found, list):
                found = found[0] if found else None
            if not isinstance(found, Mapping):
                continue
            if any(
                str(found.get(name)) == str(asked.get(other))
                for name, other in way.get("differs", {}).items()
            ):
                continue
            try:
                number = numbered(way["number"], found)
            except KeyError:
                continue
            if number not in NOTHING:
                return number, dict(found) if way.get("whole", True) else {}
        return None

    def carried_out(self, step: str, document: Mapping[str, Any]) -> bool | None:
        """Whether the document shows that the step has been carried out; None when its field is
        not one that can be read.

        A step that may be repeated without harm shows nothing: its own answer tells.
        """
        done = self.calls["then"][step].get("done")
        if done is None:
            return False
        if isinstance(done, str):
            return flag(document.get(done))
        shown = [_one_of(document.get(name), wanted) for name, wanted in done.items()]
        return None if None in shown else all(shown)

    def cancelled(self, document: Mapping[str, Any]) -> bool:
        """Whether the document says that somebody has cancelled it."""
        return str(document.get(self.calls.get("cancelled", ""))).lower() == "true"

    def failed(self, step: str, document: Mapping[str, Any]) -> str:
        """Why a step that finishes by itself never will; empty when it may."""
        for name, unwanted in self.calls["then"][step].get("failed", {}).items():
            if document.get(name) in unwanted:
                told = [str(document[k]) for k in self.calls["then"][step]["tells"]
                        if document.get(k)]  # fmt: skip
                return ": ".join([f"{name} is {document[name]}", *told])
        return ""

    def polls(self, step: str) -> bool:
        """Whether the step is only waited for: the API finishes it by itself."""
        return bool(self.calls["then"][step].get("poll"))

    def repeatable(self, step: str) -> bool:
        """Whether sending the step twice does no more than sending it once."""
        return bool(self.calls["then"][step].get("repeatable"))

    def read(self, number: str) -> Request:
        """The call that reads one document whole."""
        return self._get(self.calls["read"], self.names(number))

    def via(self, document: Mapping[str, Any]) -> Request:
        """The call that reads the document which tells whether this one was made of it."""
        return self._get(self.calls["find"]["via"], document)

    def seen_via(self, content: Mapping[str, Any]) -> str | None:
        """The number that the answer to ``via`` tells; None when nothing was made, or when it
        can't be told and making it again does no harm. ValueError or KeyError when it can't be
        told whether something was made."""
        find = self.calls["find"]
        if self.calls["create"].get("repeatable"):
            return None
        found = content[find["wrapper"]]
        for name, wanted in find.get("when", {}).items():
            is_so = flag(found[name])
            if is_so is None:
                raise ValueError(name)
            if is_so is not wanted:
                return None
        (field,) = re.findall(r"{(\w+)}", find["number"])
        return None if found[field] in NOTHING else numbered(find["number"], found)

    @staticmethod
    def _get(template: str, values: Mapping[str, Any]) -> Request:
        path, _, query = fill(template, values).partition("?")
        pairs = tuple(tuple(part.split("=", 1)) for part in query.split("&") if part)
        return Request("GET", path, pairs)  # type: ignore[arg-type]

    def find(self, ask: Mapping[str, Any], since: str) -> Request:
        """The call that lists what may be the document; ``since`` is a lastmodified."""
        call = self.calls["find"]
        values = {**ask, "since": since}
        query = _query(call.get("query", {}), values)
        limit = (("limit", "500"),) if self.pages else ()
        return Request("GET", fill(call["path"], values), (*query, *limit))

    @property
    def pages(self) -> bool:
        """Whether its list comes in pages; one that stands in another document does not."""
        return bool(self.wrapper)

    def fits(self, item: Mapping[str, Any], ask: Mapping[str, Any]) -> bool:
        """Whether an entry of the list may be the document: its kind, and not known before. One
        whose kind or number can't be read may be."""
        where = self.calls["find"].get("where", {})
        if any(_one_of(item.get(name), wanted) is False for name, wanted in where.items()):
            return False
        if not ask.get("known"):
            return True
        try:
            return self.number(item) not in {str(one) for one in ask["known"]}
        except KeyError:
            return True

    def unclear(self, item: Mapping[str, Any]) -> str:
        """The field that its kind is told by, where that can't be read; else empty."""
        where = self.calls["find"].get("where", {})
        return next((name for name, of in where.items() if _one_of(item.get(name), of) is None), "")

    def number(self, document: Mapping[str, Any]) -> str:
        """The number of a document as the API gave it. KeyError when a part is missing, or is
        nothing that a number can be."""
        return numbered(self.calls["number"], document)

    def names(self, number: str) -> dict[str, str]:
        """The parts of a number by field name, and the whole as ``number``."""
        fields = re.findall(r"{(\w+)}", self.calls["number"])
        parts = number.split("/") if len(fields) > 1 else [number]
        return {"number": number, **dict(zip(fields, parts, strict=True))}


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
    if "{" not in text:
        return text
    return re.sub(r"{(\w+)}", lambda found: quote(str(values[found[1]]), safe=":- "), text)


def put(text: str, values: Mapping[str, Any]) -> str:
    """The text with each ``{name}`` replaced by its value as it is."""
    return re.sub(r"{(\w+)}", lambda found: str(values[found[1]]), text)


def numbered(text: str, values: Mapping[str, Any]) -> str:
    """Like ``put``, of the parts of a number: texts or whole numbers. KeyError for any other."""

    def part(found: re.Match[str]) -> str:
        value = values[found[1]]
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise KeyError(found[1])
        return str(value)

    return re.sub(r"{(\w+)}", part, text)


def flag(value: Any) -> bool | None:
    """A truth as the APIs write it, also as a text (Fortnox's Credit, recorded); None when it is
    neither."""
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def _one_of(value: Any, wanted: Collection[Any]) -> bool | None:
    """Whether it is one of the words or numbers wanted; None when it is no word or number."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    return value in wanted


def _query(declared: Mapping[str, str], values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((key, put(text, values)) for key, text in declared.items())
