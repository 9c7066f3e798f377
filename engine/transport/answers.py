"""Reads what an API answered to a delivery: its document, a list, a refusal, or nothing usable.

Pure functions from texts to values; they decide whether an answer can be trusted, not what follows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from .. import json_text
from ..error_catalogue import ApiError, read_error
from ..language.targets import Request, Target
from .http import Answer

# Answers may name the customer; nothing here needs that.
PERSONAL = (
    "InvoiceCustomerName", "InvoiceCustomerNumber", "CustomerName",
    "OrganisationNumber", "VATNumber", "Phone1", "Phone2",
)  # fmt: skip


def shown(request: Request) -> str:
    query = "&".join(f"{key}={value}" for key, value in request.query)
    return f"{request.path}?{query}" if query else request.path


def unwrapped(body: str, aim: Target) -> dict[str, Any] | None:
    """The document of an answer, or None when the answer is not one that can be trusted."""
    try:
        content = json_text.decode(body)
        document = content[aim.wrapper] if aim.wrapper else content
        aim.number(document)
    except (ValueError, KeyError, TypeError):
        return None
    return dict(document)


@dataclass(frozen=True, slots=True)
class Page:
    """The entries of a page of a list, the number of its last page as far as it is known, and how
    many entries the whole list has, where it says so."""

    items: list[dict[str, Any]]
    pages: int
    entries: int | None = None


def page_of(body: str, aim: Target, asked: dict[str, Any]) -> Page | None:
    """A page of the target's list, or None when it can't be read.

    A list that stands in another document is read only of the one that was ``asked`` for, and what
    its entries leave out of that is the document's own.
    """
    find = aim.calls["find"]
    try:
        content = json_text.decode(body)
        own = {name: content[name] for name in find.get("of", ())}
        if not all(same(value, asked[name]) for name, value in own.items()):
            return None
        listed = content[find["list"]]
        if not isinstance(listed, list):
            return None
        items = [
            own | {name: value for name, value in dict(item).items() if value is not None}
            for item in listed
        ]
        if not aim.pages:
            return Page(items, 1)
        meta = content["MetaInformation"]
        entries = meta.get("@TotalResources")
        return Page(items, int(meta["@TotalPages"]), entries if type(entries) is int else None)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def number_of(document: dict[str, Any], aim: Target) -> str | None:
    try:
        return aim.number(document)
    except (KeyError, TypeError):
        return None


def created(
    body: str, aim: Target, asked: dict[str, Any]
) -> tuple[str, dict[str, Any]] | None:
    """Number and document of an answer to ``create``; None when it can't be trusted."""
    try:
        return aim.answered(json_text.decode(body), asked)
    except (ValueError, TypeError, AttributeError):
        return None


def differences(
    document: dict[str, Any], confirm: dict[str, list[Any]], asked: dict[str, Any]
) -> str:
    """In words, what the target's document says otherwise than it must; empty when all agrees.

    The fields of rows that differ from what was ``asked`` for are named too: they are the cause.
    """
    wrong = []
    for name, (wanted, within) in confirm.items():
        try:
            off = abs(Decimal(str(document.get(name))) - Decimal(str(wanted)))
            agrees = off <= Decimal(str(within))
        except InvalidOperation:
            agrees = same(document.get(name), wanted)
        if not agrees:
            wrong.append(f"{name} is {_plain(document.get(name))} and must be {_plain(wanted)}")
    if not wrong:
        return ""
    return "; ".join(wrong + _row_differences(document, asked))


def _row_differences(document: dict[str, Any], asked: dict[str, Any]) -> list[str]:
    told = []
    for name, rows in asked.items():
        if not isinstance(rows, list):
            continue
        theirs = document.get(name)
        if not isinstance(theirs, list):
            continue
        if len(theirs) != len(rows):
            told.append(f"{len(theirs)} {name} where {len(rows)} were sent")
        for position, (mine, other) in enumerate(zip(rows, theirs, strict=False), start=1):
            fields = [
                f"{_having(field, other.get(field))} where {_plain(value)} was sent"
                for field, value in mine.items()
                if field in other and not _as_sent(other[field], value)
            ]
            if fields:
                told.append(f"row {position} has {', '.join(fields)}")
    return told[:10]


def _as_sent(theirs: Any, mine: Any) -> bool:
    """Whether a row's field is as it was sent: a quantity is a text, and may come as another."""
    try:
        return same(Decimal(str(theirs)), Decimal(str(mine)))
    except InvalidOperation:
        return same(theirs, mine)


def _having(field: str, value: Any) -> str:
    return f"no {field}" if value in (None, "") else f"{field} {_plain(value)}"


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.2f}" if isinstance(value, Decimal) else str(value)


def agrees(document: dict[str, Any], agree: dict[str, Any]) -> bool | str:
    """Whether the fields agree; the name of one by which it can't be told, when no other differs.

    A field that is missing, null or of another type than was sent tells nothing: it does not show
    that this is another document.
    """
    unclear = ""
    for name, wanted in agree.items():
        told = alike(document.get(name), wanted)
        if told is False:
            return False
        if told is None:
            unclear = unclear or name
    return unclear or True


def same(left: Any, right: Any) -> bool:
    """Equal as the API means it: 95 = 95.00, a number may come as its text, and spaces at the ends
    of a text, or several in a row, are not always kept."""
    if left == right:
        return True
    if left is None or right is None:
        return False
    if isinstance(left, int | Decimal) or isinstance(right, int | Decimal):
        try:
            return Decimal(str(left)) == Decimal(str(right))
        except InvalidOperation:
            return False
    return str(left).split() == str(right).split()


def alike(theirs: Any, mine: Any) -> bool | None:
    """Whether what the API says is what was sent; None when it is nothing that this could have
    become: null, an object, a text where a number or a day was sent. An empty text may come as
    null."""
    if same(theirs, mine) or (theirs is None and mine == ""):
        return True
    if theirs is None or isinstance(theirs, bool) or not isinstance(theirs, str | int | Decimal):
        return None
    if isinstance(mine, int | Decimal):
        return False if _reads(Decimal, theirs) else None
    if _reads(date.fromisoformat, mine):
        return False if _reads(date.fromisoformat, theirs) else None
    return False


def _reads(kind: Callable[[str], Any], value: Any) -> bool:
    try:
        kind(str(value))
    except (ValueError, InvalidOperation):
        return False
    return True


def refusal(answer: Answer, system: str = "fortnox") -> ApiError | None:
    """The error that the API itself gives in its answer; a proxy's page is none."""
    try:
        json_text.decode(answer.body)
    except ValueError:
        return None
    error = read_error(system, answer.status, answer.body)
    return error if error.code or error.message else None


def without_personal(body: str) -> str:
    """The answer as kept in the ledger: as it came, less the customer's name, numbers and phones.

    Fortnox fills them in from the customer's card, where a sole trader's number is a personal one.
    """
    try:
        value = json_text.decode(body)
    except ValueError:
        return body
    if isinstance(value, dict):
        for inner in value.values():
            if isinstance(inner, dict):
                for name in PERSONAL:
                    inner.pop(name, None)
    return json_text.encode(value)
