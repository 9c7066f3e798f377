"""Cost centres and projects: those named are in Fortnox, and no account wants what is not sent.

Reads Fortnox's chart of accounts and, where the file names any, its cost centres and projects.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..accounts import Named, named_accounts
from ..context import Context
from ..result import Result, error, in_fortnox, ok, warning

MENU = in_fortnox("Register", "Konton")


@dataclass(frozen=True, slots=True)
class _Kind:
    """Cost centre or project: the setting, and Fortnox's fields and words."""

    setting: str
    english: str
    swedish: str
    field: str
    register: str
    key: str


KINDS = (
    _Kind("cost_center", "cost centre", "Kostnadsställe", "CostCenter", "/3/costcenters", "Code"),
    _Kind("project", "project", "Projekt", "Project", "/3/projects", "ProjectNumber"),
)


def run(context: Context) -> Iterator[Result]:
    results = [
        one
        for kind in KINDS
        for one in (*_named(context, kind), *_wanted(context, kind), *_refused(context, kind))
    ]
    yield from results
    if not results:
        yield ok("No account that is named wants a cost centre or project that is not sent.")


def _rows(context: Context, kind: _Kind) -> list[tuple[int, dict[str, Any]]]:
    found = enumerate(context.settings["dimensions"])
    return [(index, row) for index, row in found if row.get(kind.setting) is not None]


def _named(context: Context, kind: _Kind) -> Iterator[Result]:
    """Those of the file and of mappings that Fortnox does not have, or has closed."""
    named = []
    for index, row in _rows(context, kind):
        place = context.place("dimensions", index, kind.setting)
        named.append((row[kind.setting], f"dimensions[{index}]", place))
    named += [
        (one.value, f"{one.mapping}: {one.field}", one.place)
        for one in context.literals(f"{kind.setting}s")
    ]
    known = {str(one.get(kind.key)): one for one in context.listed(kind.register)} if named else {}
    for code, use, place in named:
        held = known.get(code)
        closed = held is not None and (
            held.get("Active") is False or held.get("Status") == "COMPLETED"
        )
        if held is None or closed:
            yield error(
                f"The {kind.english} {code} is {'closed' if closed else 'not'} in Fortnox.",
                "Fortnox refuses the documents that carry it.",
                f"{'Open' if closed else 'Add'} it, or correct {use}.",
                f"{in_fortnox('Register', kind.swedish)}; {place}",
            )


def _wanted(context: Context, kind: _Kind) -> Iterator[Result]:
    """Accounts that demand one, where none is sent or not always."""
    rows = [row for _, row in _rows(context, kind)]
    always = any(row.get("method") is None and row.get("country") is None for row in rows)
    for one in _with(context, kind, "MANDATORY"):
        carries = _carries(context, one)
        if carries and always:
            continue
        own = context.accounts[one.number].get(kind.field)
        told = warning if (carries and rows) or own else error
        sent = (
            f"A row of dimensions gives one, but not for every method and country; {one.use} may "
            "be booked without."
            if carries and rows
            else f"This program books {one.use} without one, and Fortnox then refuses it"
            + (f", unless the account's own ({own}) stands in." if own else ".")
        )
        remedy = f"Set {kind.swedish} to Tillåtet on account {one.number}"
        yield told(
            f"Account {one.number} ({one.use}) demands a {kind.english}.",
            sent,
            f"{remedy}, or end dimensions with a row that gives one to all."
            if carries
            else f"{remedy}, or use another account.",
            f"{MENU}; {one.place}",
        )


def _refused(context: Context, kind: _Kind) -> Iterator[Result]:
    """Accounts that allow none, where one is sent."""
    rows = _rows(context, kind)
    for one in _with(context, kind, "NOTALLOWED") if rows else ():
        if _carries(context, one):
            yield error(
                f"Account {one.number} ({one.use}) allows no {kind.english}.",
                f"dimensions[{rows[0][0]}] sends one with what is booked on it, and Fortnox "
                "refuses that.",
                f"Set {kind.swedish} to Tillåtet on account {one.number}, or take it out of "
                "dimensions.",
                f"{MENU}; {one.place}",
            )


def _with(context: Context, kind: _Kind, setting: str) -> list[Named]:
    """The named accounts with that setting, each once."""
    chart = context.accounts
    found = {
        one.number: one
        for one in reversed(named_accounts(context))
        if chart.get(one.number, {}).get(f"{kind.field}Settings") == setting
    }
    return [found[number] for number in sorted(found)]


def _carries(context: Context, one: Named) -> bool:
    """Whether what is booked on the account takes a dimension from the file: sales, and fees that
    are written off, without their VAT."""
    if one.use == "accounts.fee":
        return bool(context.settings["fees"]["mode"] == "write_off")
    return one.group == "sales_accounts"
