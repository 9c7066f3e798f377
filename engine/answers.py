"""Reads what an API answered to a delivery: its document, a list, a refusal, or nothing usable.

Pure functions from texts to values; they decide whether an answer can be trusted, not what follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from engine import json_text
from engine.catalogue import ApiError, read_error
from engine.targets import Request, Target
from engine.transport.http import Answer

# Answers may name the customer; nothing here needs that.
PERSONAL = ("InvoiceCustomerName", "InvoiceCustomerNumber", "CustomerName")


def shown(request: Request) -> str:
    query = "&".join(f"{key}={value}" for key, value in request.query)
    return f"{request.path}?{query}" if query else request.path


def unwrapped(body: str, aim: Target) -> dict[str, Any] | None:
    """The document of an answer, or None when the answer is not one that can be trusted."""
    try:
        document = json_text.decode(body)[aim.wrapper]
        aim.number(document)
    except (ValueError, KeyError, TypeError):
        return None
    return dict(document)


@dataclass(frozen=True, slots=True)
class Page:
    """The entries of a page of a list, and the number of its last page as far as it is known."""

    items: list[dict[str, Any]]
    pages: int


def page_of(body: str, aim: Target) -> Page | None:
    """A page of the target's list, or None when it can't be read."""
    try:
        content = json_text.decode(body)
        items = [dict(item) for item in content[aim.calls["find"]["list"]]]
        return Page(items, int(content["MetaInformation"]["@TotalPages"]))
    except (ValueError, KeyError, TypeError):
        return None


def number_of(document: dict[str, Any], aim: Target) -> str | None:
    try:
        return aim.number(document)
    except (KeyError, TypeError):
        return None


def carried_out(document: dict[str, Any], aim: Target, step: str) -> bool:
    if step == "create":
        return True
    return str(document.get(aim.done_field(step))).lower() == "true"


def agrees(document: dict[str, Any], agree: dict[str, Any], *, partly: bool) -> bool:
    """Whether the fields agree; ``partly`` forgives fields that a list leaves out."""
    for name, wanted in agree.items():
        if partly and name not in document:
            continue
        if not same(document.get(name), wanted):
            return False
    return True


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


def refusal(answer: Answer) -> ApiError | None:
    """The error that the API itself gives in its answer; a proxy's page is none."""
    try:
        json_text.decode(answer.body)
    except ValueError:
        return None
    error = read_error("fortnox", answer.status, answer.body)
    return error if error.code or error.message else None


def without_personal(body: str) -> str:
    """The answer as kept in the ledger: as it came, less the customer's name and number."""
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
