"""Asks a target whether a document stands there, and what it says: the reads behind a delivery.

Pure of the store: from an action and what is owned to what the target showed. The courier calls
these in threads of their own and decides from what they found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine import json_text
from engine.answers import agrees, number_of, page_of, refusal, unwrapped
from engine.clock import STOCKHOLM
from engine.ledger import Action
from engine.targets import Target, target
from engine.transport.http import Answer, Api

# Documents are looked for among those changed since this long before they were sent: much longer
# than clocks differ, and than the hour that comes twice in October.
LOOK_BACK = timedelta(days=1)
# Of a look-up's list at most so many pages are read.
MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look-up showed: its last answer, and the documents by number that agree.

    ``documents`` is None when an answer could not be read.
    """

    answer: Answer
    documents: dict[str, dict[str, Any]] | None


def read(api: Api, aim: Target, number: str) -> Seen:
    """The document of that number, whole."""
    request = aim.read(number)
    answer = api.read(request.method, request.path, request.query)
    document = unwrapped(answer.body, aim) if answer.status == 200 else None
    return Seen(answer, None if document is None else {number: document})


def created(api: Api, action: Action, sent: datetime, owned: Mapping[str, str]) -> Seen:
    """The documents that may be the one that was sent at ``sent``; those ``owned`` are not."""
    aim = target(action.target)
    if "via" in aim.calls["find"]:
        return _via(api, aim, action)
    since = (sent - LOOK_BACK).astimezone(STOCKHOLM)
    request = aim.find(action.identity["ask"], f"{since:%Y-%m-%d %H:%M}")
    found: dict[str, dict[str, Any]] = {}
    for page in range(1, MOST_PAGES + 1):
        query = (*request.query, ("page", str(page))) if aim.pages else request.query
        answer = api.read(request.method, request.path, query)
        listed = page_of(answer.body, aim) if answer.status == 200 else None
        if listed is None:
            return Seen(answer, None)
        for item in listed.items:
            if not aim.fits(item, action.identity["ask"]):
                continue
            number = number_of(item, aim)
            if number in owned or not agrees(item, action.identity["agree"], partly=True):
                continue
            if number is None:  # it could be the one, and can't be named
                return Seen(answer, None)
            document = item
            if aim.calls["find"]["detail"]:
                seen = read(api, aim, number)
                if seen.answer.status == 404 and refusal(seen.answer, aim.system) is not None:
                    continue  # it was removed after it was listed
                if seen.documents is None:
                    return seen
                document = seen.documents[number]
                if not agrees(document, action.identity["agree"], partly=False):
                    continue
            found[number] = document
        if page >= listed.pages:
            return Seen(answer, found)
    return Seen(answer, None)


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
