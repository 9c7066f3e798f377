"""Asks a target whether a document stands there, and what it says: the reads behind a delivery.

Pure of the store: from an action and what is owned to what the target showed. The courier calls
these in threads of their own and decides from what they found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .. import json_text
from ..clock import STOCKHOLM
from ..language.targets import Request, Target, target
from ..store.ledger import Action
from ..transport.answers import agrees, number_of, page_of, refusal, unwrapped
from ..transport.http import Answer, Api

# Documents are looked for among those changed since this long before they were sent: much longer
# than clocks differ, and than the hour that comes twice in October.
LOOK_BACK = timedelta(days=1)
# Of a look-up's list at most so many pages are read.
MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look-up showed: its last answer, and the documents by number that agree.

    ``documents`` is None when it can't be told what stands there: an answer could not be read, or
    a document may be the one and a field by which that is told can't be; ``unclear`` says which.
    Only an empty ``documents`` says that it is not there.
    """

    answer: Answer
    documents: dict[str, dict[str, Any]] | None
    unclear: str = ""


def read(api: Api, aim: Target, number: str) -> Seen:
    """The document of that number, whole."""
    request = aim.read(number)
    answer = api.read(request.method, request.path, request.query)
    document = unwrapped(answer.body, aim) if answer.status == 200 else None
    if document is None or aim.number(document) != number:
        return Seen(answer, None)
    return Seen(answer, {number: document})


def created(api: Api, action: Action, sent: datetime, owned: Mapping[str, str]) -> Seen:
    """The documents that may be the one that was sent at ``sent``; those ``owned`` are not."""
    aim = target(action.target)
    ask, agree = action.identity["ask"], action.identity["agree"]
    if "via" in aim.calls["find"]:
        return _via(api, aim, action)
    since = (sent - LOOK_BACK).astimezone(STOCKHOLM)
    answer, items, unclear = _listed(api, aim, aim.find(ask, f"{since:%Y-%m-%d %H:%M}"), ask)
    if items is None:
        return Seen(answer, None, unclear)
    found: dict[str, dict[str, Any]] = {}
    for item in items:
        number = number_of(item, aim)
        if number in owned or not aim.fits(item, ask) or agrees(item, agree) is False:
            continue
        if number is None:  # it could be the one, and can't be named
            return Seen(answer, None, "an entry of the list has no number that can be read")
        seen = _whole(api, aim, answer, number, item)
        if seen.documents is None:
            return seen
        for document in seen.documents.values():
            told = aim.unclear(document) or agrees(document, agree)
            if isinstance(told, str):
                unclear = f"{number} may be it, and its {told} can't be read"
            elif told:
                found[number] = document
    return Seen(answer, None, unclear) if unclear and not found else Seen(answer, found)


def _listed(
    api: Api, aim: Target, request: Request, ask: dict[str, Any]
) -> tuple[Answer, list[dict[str, Any]] | None, str]:
    """The entries of all pages of a list; None when one can't be read, or they are not all."""
    items: list[dict[str, Any]] = []
    for page in range(1, MOST_PAGES + 1):
        query = (*request.query, ("page", str(page))) if aim.pages else request.query
        answer = api.read(request.method, request.path, query)
        listed = page_of(answer.body, aim, ask) if answer.status == 200 else None
        if listed is None:
            return answer, None, ""
        items += listed.items
        if page >= listed.pages:
            missing = listed.entries is not None and len(items) < listed.entries
            told = f"the list has {listed.entries} entries and showed {len(items)}"
            return answer, None if missing else items, told if missing else ""
    return answer, None, ""


def _whole(api: Api, aim: Target, answer: Answer, number: str, item: dict[str, Any]) -> Seen:
    """An entry of a list with all its fields: where the list leaves some out, its own page. None
    where it was removed after it was listed."""
    if not aim.calls["find"]["detail"]:
        return Seen(answer, {number: item})
    seen = read(api, aim, number)
    if seen.answer.status == 404 and refusal(seen.answer, aim.system) is not None:
        return Seen(seen.answer, {})
    return seen


def _via(api: Api, aim: Target, action: Action) -> Seen:
    """Where the document that it was made from names it."""
    request = aim.via(action.document)
    answer = api.read(request.method, request.path, request.query)
    if answer.status != 200:
        return Seen(answer, None)
    try:
        number = aim.seen_via(json_text.decode(answer.body))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Seen(answer, None)
    return Seen(answer, {} if number is None else {number: {}})
