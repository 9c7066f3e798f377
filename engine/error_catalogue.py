"""Errors of Fortnox and Qliro in the user's words: what happened, why, what to do about it.

Reads an answer's status and body in every shape that the two APIs use, and the catalogue in
``mappings/errors``; gives the entry that fits, and one paragraph for a person. What the catalogue
does not know is shown whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from .errors import FileError, Finding
from .home import HOME
from .validate import faults
from .yamlfile import YamlFile, read

SCHEMA = HOME / "schemas" / "errors.schema.json"
FOLDER = HOME / "mappings" / "errors"
NAMES = {"fortnox": "Fortnox", "qliro": "Qliro", "http": "The server"}

Retry = Literal["never", "later", "after_fix"]
_MOST_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class ApiError:
    """What an API answered instead of what was asked for.

    ``code`` and ``message`` are the API's own, empty where it gives none; ``reference`` is the id
    under which the API's support finds it; ``body`` the text as it came. ``parsed`` is whether the
    body was an error in one of the API's own shapes: only then did the API itself refuse.
    """

    code: str
    message: str
    source: str
    status: int
    reference: str = ""
    body: str = ""
    parsed: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """What an error means, and how to know it.

    ``retry``: never, later (by itself) or after_fix. ``who`` can act. ``fatal``: nothing else that
    is asked of this API can succeed either. ``code``, ``message`` and ``status`` are what it is
    found by; ``known`` is False for the entry of an error that the catalogue does not have.
    """

    means: str
    cause: str
    remedy: str
    retry: Retry
    who: str
    fatal: bool = False
    code: str = ""
    message: str = ""
    status: tuple[int, ...] = ()
    source: str = ""
    known: bool = True


Catalogue = tuple[Entry, ...]


def read_catalogue(folder: Path = FOLDER) -> Catalogue:
    """All entries of the YAML files in ``folder``. Raises FileError with all findings."""
    schema = json.loads(SCHEMA.read_text("utf-8"), parse_float=Decimal)
    entries: list[Entry] = []
    findings: list[Finding] = []
    for path in sorted(folder.glob("*.yaml")):
        file = read(path)
        wrong = [fault.finding for fault in faults(file, schema)] or list(_own_rules(file))
        findings += wrong
        if not wrong:
            for raw in file.value["errors"]:
                entries += [_entry(file.value["source"], raw, by) for by in _known_by(raw)]
    if findings:
        raise FileError(findings)
    return tuple(entries)


def read_error(source: str, status: int, body: str) -> ApiError:
    """The error in an answer of ``source`` (``fortnox``, ``qliro``), whatever its shape.

    Fortnox: ``ErrorInformation`` in lower or Pascal case, ``{"message": …}`` with 401, OAuth's
    ``error`` and ``error_description`` (recorded answers). Qliro: ``ErrorCode`` with
    ``ErrorMessage`` or ``DetailedErrorMessage`` and ``ErrorReference`` (its OpenAPI documents).
    A body that is empty or no JSON gives an error without code whose message is its text.
    """
    fields = _fields(body)
    inner = fields.get("errorinformation")
    if isinstance(inner, dict):
        fields = {str(key).lower(): value for key, value in inner.items()}
    code = _first(fields, "code", "errorcode")
    message = _first(fields, "message", "errormessage", "detailederrormessage", "error_description")
    oauth = fields.get("error")
    if not code and isinstance(oauth, str) and not oauth.isdigit():
        code = oauth
    parsed = bool(code or message)
    if not parsed and not fields:
        message = body.strip()[:_MOST_SHOWN]
    reference = _first(fields, "errorreference")
    return ApiError(code, message, source, status, reference, body, parsed)


@cache
def installed() -> Catalogue:
    """The catalogue that this program comes with; read once, for it never changes in a run."""
    return read_catalogue()


def look_up(error: ApiError, catalogue: Catalogue | None = None) -> Entry:
    """The entry that names most of ``error``: code and message, code, message, then status.

    Entries of the API itself come before those of any server. An error that none fits gives an
    entry that says so (``known`` False), with a retry only for a failing server (5xx).
    """
    entries = installed() if catalogue is None else catalogue
    fitting = [entry for entry in entries if _fits(entry, error)]
    if not fitting:
        return _unknown(error)
    best = max(fitting, key=_weight)
    if error.code and not (best.code or best.message) and error.status not in _TELLING:
        return _unknown(error)  # a code that nobody has explained: its status explains nothing
    return best


def sentence(error: ApiError, entry: Entry | None = None) -> str:
    """One paragraph: what happened, why, what to do, and the API's own words.

    The body of an error that the catalogue does not know follows whole (its first 1,000 signs).
    Pass the result through ``redact`` before it is shown: servers repeat what they were sent.
    """
    entry = entry or look_up(error)
    text = f"{entry.means} {entry.cause} {entry.remedy} {_own_words(error)}"
    whole = error.body.strip()
    if entry.known or whole in ("", error.message):
        return text
    short = whole if len(whole) <= _MOST_SHOWN else f"{whole[:_MOST_SHOWN]} …"
    return f"{text} The whole answer: {short}"


# A status that says enough by itself, even beside a code that nobody has explained.
_TELLING = frozenset({401, 403, 429, *range(500, 600)})


def _own_words(error: ApiError) -> str:
    name = NAMES.get(error.source, error.source)
    head = f"{name} {error.code}".strip() + f", HTTP {error.status}"
    words = f": “{error.message}”" if error.message else ", without a word"
    reference = f", ErrorReference {error.reference}" if error.reference else ""
    return f"({head}{words}{reference})"


def _fits(entry: Entry, error: ApiError) -> bool:
    if entry.source not in (error.source, "http"):
        return False
    if entry.code and entry.code != error.code:
        return False
    if entry.status and error.status not in entry.status:
        return False
    return not entry.message or bool(re.search(entry.message, error.message, re.IGNORECASE))


def _weight(entry: Entry) -> tuple[bool, bool, bool, bool]:
    return (bool(entry.code), bool(entry.message), entry.source != "http", bool(entry.status))


def _unknown(error: ApiError) -> Entry:
    failing = error.status >= 500
    return Entry(
        means="An error that the catalogue does not know.",
        cause="The answer is given here as it came.",
        remedy="It is tried again." if failing else "Look it up with the API's support.",
        retry="later" if failing else "after_fix",
        who="integrator",
        known=False,
    )


def _known_by(raw: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What an entry is found by: its code, message and status together; or by those of its `or`."""
    return [raw, raw["or"]] if "or" in raw else [raw]


def _entry(source: str, raw: Mapping[str, Any], by: Mapping[str, Any]) -> Entry:
    status = by.get("status", ())
    return Entry(
        means=raw["means"],
        cause=raw["cause"],
        remedy=raw["remedy"],
        retry=cast("Retry", raw["retry"]),
        who=raw["who"],
        fatal=raw.get("fatal", False),
        code=str(by.get("code", "")),
        message=by.get("message", ""),
        status=(status,) if isinstance(status, int) else tuple(status),
        source=source,
    )


def _own_rules(file: YamlFile) -> Iterator[Finding]:
    """Each entry names something to be found by, no two name the same, patterns compile."""
    seen: dict[str, int] = {}
    for index, raw in enumerate(file.value["errors"]):
        for by in _known_by(raw):
            at = ("errors", index, "or") if by is not raw else ("errors", index)
            key = repr((by.get("code"), by.get("message"), by.get("status")))
            if not {"code", "message", "status"} & set(by):
                what = "an entry needs a code, a message or a status."
                yield file.finding(at, "never-found", what)
            elif key in seen:
                line = file.place(("errors", seen[key])).line
                same = f"the entry in line {line} says the same."
                yield file.finding(at, "duplicate-entry", same)
            seen.setdefault(key, index)
            try:
                re.compile(by.get("message", ""))
            except re.error as error:
                yield file.finding((*at, "message"), "not-a-pattern", f"{error}.")


def _fields(body: str) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(content, dict):
        return {}
    return {str(key).lower(): value for key, value in content.items()}


def _first(fields: Mapping[str, Any], *names: str) -> str:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and str(value).strip():
            return str(value).strip()
    return ""
