"""Shows the payouts at the bank: what arrived, what is late, missing, of another amount, unknown.

Reads what ``engine.report.bank`` found, gives a page, a line for ``status``, and JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from ..report.bank.kept import Added
from ..report.bank.model import AT_BANK, Bank, BankEntry, PayoutAtBank
from .page import Cell, Column, Page, Table, Text, amount, blank, count, day, heading, listed
from .proved import NOTHING_READ

NAMES = {
    "arrived": ("arrived", "green"),
    "late": ("arrived late", "yellow"),
    "together": ("arrived with others", "green"),
    "other_amount": ("another amount", "red"),
    "taken_back": ("taken back", "red"),
    "missing": ("missing", "red"),
    "awaited": ("awaited", ""),
    "not_held": ("not held against", "dim"),
    "no_money": ("nothing to come", "dim"),
}


def page(name: str, bank: Bank, added: Added | None, *, whole: bool) -> Page:
    """The whole of it; ``added`` is what the files brought."""
    parts: Page = [heading(f"{name}, payouts at the bank")]
    if added is not None:
        parts.append(Text(_added(added)))
    parts += [Text(_reach(bank)), blank()]
    shown = [one for one in bank.payouts if whole or one.wrong or one.state != "no_money"]
    if shown:
        parts += [_table(shown), blank()]
    parts += [Text(proof(bank), style="" if not bank.attention else "red")]
    if bank.unknown:
        parts += [blank(), heading("Entries that look like Qliro's and are no payout's")]
        parts += [Text(_entry(one), indent=2, hang=2) for one in bank.unknown]
    for one in bank.payouts:
        for again in one.again:
            parts.append(Text(f"Payout {one.payout} came again: {_entry(again)}", style="red"))
    if bank.odd:
        parts += [blank(), Text("What in the statements does not add up", style="bold red")]
        parts += [Text(f"{one}.", indent=2) for one in bank.odd]
    return parts


def data(merchant: str, bank: Bank, added: Added | None) -> dict[str, Any]:
    """The same for programs."""
    return {
        "merchant": merchant,
        "attention": bank.attention,
        "proof": proof(bank),
        "added": None if added is None else asdict(added),
        **asdict(bank),
    }


def proof(bank: Bank) -> str:
    """How payouts and bank stand to each other, in one sentence."""
    if not bank.held_against:
        return NOTHING_READ
    asked = [one for one in bank.payouts if one.state not in ("no_money", "not_held")]
    there = [one for one in asked if one.state in AT_BANK]
    told = f"{len(there)} of {count(len(asked), 'payout')} arrived"
    late = sum(one.state == "late" for one in asked)
    told += f" ({late} of them late)" if late else ""
    wrong = [
        f"{count(len(mine), 'payout')} {words} ({listed(one.payout for one in mine)})"
        for state, words in (
            ("missing", "did not arrive"), ("other_amount", "came with another amount"),
            ("taken_back", "came and went back"),
        )
        if (mine := [one for one in asked if one.state == state])
    ]  # fmt: skip
    twice = [one.payout for one in asked if one.again]
    if twice:
        wrong.append(f"{count(len(twice), 'payout')} came more than once ({listed(twice)})")
    if bank.unknown:
        wrong.append(f"{count(len(bank.unknown), 'entry', 'entries')} of Qliro's belong to none")
    awaited = sum(one.state == "awaited" for one in asked)
    rest = [f"{awaited} awaited"] if awaited else []
    not_held = sum(one.state == "not_held" for one in bank.payouts)
    rest += [f"{not_held} not held against, for no statement covers their days"] if not_held else []
    if not wrong and not bank.odd:
        wrong = ["nothing is missing or unknown"]
    return "; ".join([told, *wrong, *rest]) + "."


def told_of(bank: Bank) -> str:
    """The same, for pages that are not about the bank."""
    return f"The bank: {proof(bank)}" if bank.held_against else proof(bank)


def cell(told: PayoutAtBank | None) -> Cell:
    """The bank's word on a payout, short: for a table of payouts."""
    if told is None:
        return ""
    name, style = NAMES[told.state]
    if told.state in AT_BANK and told.entry is not None and not told.again:
        return (day(told.entry.day), style)
    return ("twice", "red") if told.again else (name, style)


def _added(added: Added) -> str:
    told = (
        f"Read {count(added.statements, 'statement')} with "
        f"{count(added.entries, 'booked entry', 'booked entries')}"
    )
    if not added.new_statements and not added.new_entries:
        return f"{told}; all were known already."
    return f"{told}; {added.new_entries} of them new."


def _reach(bank: Bank) -> str:
    if not bank.reach:
        return "No statement was read yet."
    spans = [
        f"{one.account or 'the account'} {one.currency} {day(one.first)} to {day(one.last)}"
        for one in bank.reach
    ]
    return f"Statements cover {listed(spans)}."


def _table(payouts: Sequence[PayoutAtBank]) -> Table:
    columns = [
        Column("Payout"), Column("Date"), Column(""), Column("Paid out", right=True),
        Column("At the bank"), Column("Day"), Column("Days", right=True),
        Column("Amount", right=True), Column(""),
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    for one in payouts:
        name, style = NAMES[one.state]
        differs = one.entry is not None and one.entry.amount != one.amount
        rows.append(
            [
                one.payout, day(one.day), one.currency, amount(one.amount), (name, style),
                day(one.entry.day) if one.entry else "",
                "" if one.days is None else str(one.days),
                amount(one.entry.amount) if one.entry and differs else "",
                "; ".join(one.evidence),
            ]
        )  # fmt: skip
    return Table(columns, rows)


def _entry(one: BankEntry) -> str:
    told = f"{day(one.day)}  {amount(one.amount)} {one.currency}  {one.account}  {one.text}"
    return told.rstrip()
