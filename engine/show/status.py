"""Shows how the payouts stand: the reconciliation that an accountant reads.

Reads what ``engine.report.status`` gathered, gives a page: a table of payouts whose states add up
to their lines, the open lines with their reasons, what persons set aside, and the interim accounts.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

from .orders import is_urgent, orders_page
from .page import (
    SHOWN_STATES,
    STYLES,
    Cell,
    Column,
    Page,
    Table,
    Text,
    amount,
    blank,
    count,
    day,
    heading,
    listed,
    moment,
    state_name,
)

if TYPE_CHECKING:
    from ..report.bank.model import Bank

Row = dict[str, Any]


def page(merchant: str, name: str, found: Row, bank: Bank | None = None) -> Page:
    """The whole report. ``merchant`` is what commands call it, ``name`` what people do; ``bank`` is
    what its statements say of the payouts."""
    standing = _standing(found)
    if found["as_of"] is None and not found["orders"]["counts"]:
        return [
            *standing,
            Text(f"{name}: no payout has been planned yet."),
            Text(f"Begin with: qliro-fortnox run {merchant}"),
        ]
    parts: Page = [heading(f"{name}, as the run of {moment(found['as_of'])} left it")]
    parts += [*standing, blank()]
    parts += _payouts(found, bank) if found["payouts"] or not found["orders"]["counts"] else []
    parts += _disagreeing(found)
    parts += _outside(found)
    for state, what in (
        ("parked", "parked for a person"),
        ("waiting", "waiting: looked at again in every run"),
        ("planned", "to be posted by the next run"),
    ):
        parts += _open_lines(found, state, what)
    parts += _ignored(found)
    parts += _part_paid(found)
    parts += _interim(found)
    parts += orders_page(found)
    if found["attention"]:
        parts += [blank(), *_next(merchant, found)]
    return parts


def _standing(found: Row) -> Page:
    """Whether it is live, and whether it still hears of Qliro."""
    parts: Page = [Text(found["activation"])] if found.get("activation") else []
    if found.get("silence"):
        parts.append(Text(found["silence"], style=STYLES["parked"]))
    return parts


def _payouts(found: Row, bank: Bank | None) -> Page:
    payouts = found["payouts"]
    if not payouts:
        return [Text("No payouts to show.")]
    states = [s for s in SHOWN_STATES if any(s in one["states"] for one in payouts)]
    widths = {s: max(len(_amount_in(one, s)) for one in payouts) for s in states}
    columns = [
        Column("Payout"), Column("Date"), Column("Age", right=True), Column("", right=False),
        Column("Paid out", right=True), Column("Lines", right=True),
        *(Column(state_name(s).capitalize(), right=True) for s in states),
        Column("Proof"), Column("Transfer"),
    ]  # fmt: skip
    rows: list[list[Cell]] = []
    for one in payouts:
        rows.append(
            [
                one["payout"], day(one["BatchDate"]), f"{one['age']} d", one["CurrencyCode"] or "",
                amount(one["TotalAmount"]), str(one["lines"]),
                *(_state_cell(one, s, widths[s]) for s in states),
                "holds" if one["holds"] else ("fails", "red"),
                _transfer(one),
            ]
        )  # fmt: skip
    if bank is not None and bank.held_against:
        from .bank import cell  # noqa: PLC0415  few merchants have one

        columns.append(Column("Bank"))
        at_bank = {one.payout: one for one in bank.payouts}
        for row, one in zip(rows, payouts, strict=True):
            row.append(cell(at_bank.get(one["payout"])))
    parts: Page = [Table(columns, rows), Text(_sum(payouts))]
    if found["earlier"]:
        parts.append(
            Text(f"{count(found['earlier'], 'earlier payout')}, closed: --closed shows them too.")
        )
    return parts


def _sum(payouts: list[Row]) -> str:
    """The rule that nothing is silent, in figures: each line is in exactly one state."""
    lines = sum(one["lines"] for one in payouts)
    counts = {
        state: sum(one["states"].get(state, {"lines": 0})["lines"] for one in payouts)
        for state in SHOWN_STATES
    }
    told = [f"{number} {state_name(state)}" for state, number in counts.items() if number]
    equal = "=" if sum(counts.values()) == lines else "≠"
    return f"{count(lines, 'line')} {equal} {' + '.join(told) or '0'}"


def _amount_in(payout: Row, state: str) -> str:
    return amount(payout["states"][state]["amount"]) if state in payout["states"] else ""


def _state_cell(payout: Row, state: str, width: int) -> Cell:
    if state not in payout["states"]:
        return "–"
    text = f"{payout['states'][state]['lines']} · {_amount_in(payout, state):>{width}}"
    return (text, STYLES[state])


def _transfer(payout: Row) -> Cell:
    """The vouchers of the transfer once there are any, else its state."""
    state, reason = payout["transfer"], payout["transfer_reason"]
    numbers = ", ".join(one.rpartition(" ")[2] for one in reason.split("; "))
    text = numbers if state in ("posted", "adopted") else state_name(state)
    return (text, STYLES.get(state, ""))


def _disagreeing(found: Row) -> Page:
    """What does not hold: payouts that do not balance, transfers that are parked or wait."""
    parts: Page = []
    for one in found["payouts"]:
        if not one["holds"]:
            parts.append(Text(f"Payout {one['payout']} is not posted: {one['proof']}", style="red"))
        elif one["transfer"] in ("parked", "waiting"):
            reason = one["transfer_reason"].rstrip(".")
            parts.append(
                Text(f"The transfer of payout {one['payout']} is {one['transfer']}: {reason}.")
            )
        if one["vanished"]:
            parts.append(Text(vanished(one), style=STYLES["parked"]))
    return [blank(), *parts] if parts else []


def vanished(payout: Row) -> str:
    """What Qliro lists no more of what was booked, and how that is read beside its figures."""
    gone, currency = payout["vanished"], payout["CurrencyCode"]
    worth = f"{amount(gone['amount'])} {currency}"
    told = (
        f"Payout {payout['payout']}: Qliro no longer lists {count(gone['lines'], 'line')} of it "
        f"({worth} in all) that {'was' if gone['lines'] == 1 else 'were'} booked before."
    )
    if payout["transfer"] not in ("posted", "adopted"):
        return told
    now = f"{amount(payout['TotalAmount'])} {currency}"
    return (
        f"{told} Its total of now ({now}) and its proof are without that; the vouchers of its "
        f"transfer to the bank hold {worth} more."
    )


def _outside(found: Row) -> Page:
    """Lines that Qliro has not accepted: told, and outside of the sums."""
    told = [
        f"{count(one['outside']['lines'], 'line')} of payout {one['payout']} "
        f"({amount(one['outside']['amount'])} {one['CurrencyCode']})"
        for one in found["payouts"]
        if one["outside"]
    ]
    if not told:
        return []
    return [blank(), Text(f"Pending or rejected at Qliro, outside of the sums: {listed(told)}.")]


def _open_lines(found: Row, state: str, what: str) -> Page:
    lines = [line for line in found["lines"] if line["state"] == state]
    if not lines:
        return []
    parts: Page = [
        blank(),
        Text(f"{count(len(lines), 'line')} {what}", style=f"bold {STYLES[state]}"),
    ]
    for (payout, reason), group in groupby(lines, key=lambda one: (one["payout"], one["reason"])):
        mine = list(group)
        parts.append(_rows(mine))
        late = state == "waiting" and mine[0]["age"] > found["alert_after_days"]
        told = f"{reason[:1].upper()}{reason[1:]}".rstrip(".") + "."
        if late:
            told += f" Payout {payout} is {mine[0]['age']} days old, more than alert_after_days."
        parts.append(Text(told, indent=6))
    return parts


def _rows(lines: list[Row]) -> Table:
    columns = [Column("", right=True)] + [Column("")] * 6
    rows = [
        [
            amount(line["gross"]) if line["gross"] is not None else "?",
            line["CurrencyCode"] or "",
            kind(line),
            f"reference {line['reference'] or '–'}",
            f"order {line['OrderId'] or '–'}",
            f"payout {line['payout']} of {day(line['BatchDate'])}",
            f"line {line['line']}",
        ]
        for line in lines
    ]
    return Table(columns, rows, indent=2, titles=False)


def kind(line: Row) -> str:
    """What a line is, in a word: sale, refund, fee, chargeback."""
    if line["Type"] != "Transaction":
        return str(line["Type"] or "line").lower()
    if line["gross"] is None:
        return "transaction"
    return "sale" if line["gross"] > 0 else "refund"


def _ignored(found: Row) -> Page:
    if not found["ignored"]:
        return []
    parts: Page = [blank(), heading(f"{count(len(found['ignored']), 'line')} ignored by a person")]
    for line in found["ignored"]:
        parts.append(_rows([line]))
        by = f"{line['who']}, {moment(line['noted_at'])}: " if line["who"] else ""
        parts.append(Text(f"{by}{line['said'] or line['reason']}", indent=6))
    return parts


def _part_paid(found: Row) -> Page:
    """Invoices that payouts have not paid whole."""
    told: Page = [
        Text(
            f"Invoice {one['document']}: {amount(abs(one['open']))} {one['Currency']} of "
            f"{amount(abs(one['Total']))} is still open after line {listed(one['lines'])}."
        )
        for one in found["part_paid"]
    ]
    return [blank(), *told] if told else []


def _interim(found: Row) -> Page:
    """What this program's documents leave on the interim accounts, and what must be there."""
    accounts = found["interim"]
    if not accounts:
        return []
    columns = [
        Column("Interim account"),
        Column("Holds", right=True),
        Column("Must hold", right=True),
        Column("Open, transferred", right=True),
        *([Column("Ignored", right=True)] if any(one["ignored_lines"] for one in accounts) else []),
        Column(""),
    ]
    rows: list[list[Cell]] = []
    for one in accounts:
        parts: list[Cell] = [str(one["account"]), amount(one["held"]), amount(one["must"])]
        parts.append(_counted(one["open_lines"], one["open"]))
        if len(columns) > len(parts) + 1:
            parts.append(_counted(one["ignored_lines"], one["ignored"]))
        rows.append([*parts, "" if one["agrees"] else ("differs", "red")])
    return [blank(), Table(columns, rows), *(Text(text) for text in _interim_words(accounts))]


def _counted(lines: int, value: Decimal) -> str:
    return f"{lines} · {amount(value)}" if lines else "–"


def _interim_words(accounts: list[Row]) -> Iterator[str]:
    wrong = [one for one in accounts if not one["agrees"]]
    ignored = any(one["ignored_lines"] for one in accounts)
    if wrong:
        off = [f"{one['account']} by {amount(one['held'] - one['must'])}" for one in wrong]
        yield f"The interim accounts do not hold what the lines demand: {listed(off)}."
    elif all(one["held"] == 0 for one in accounts):
        yield "The interim accounts are even: all that was transferred is booked."
    else:
        which = "still open or ignored" if ignored else "still open"
        yield (
            f"The interim accounts hold exactly the lines that are {which}, with the opposite "
            "sign: what was transferred to the bank and is not yet booked."
        )
    if ignored:
        yield "What a person ignored is to be booked on the interim account by hand."


def _next(merchant: str, found: Row) -> Page:
    transfers = len(found["transfers"])
    urgent = [one for one in found["orders"]["open"] if is_urgent(one, found["alert_after_days"])]
    counts = {
        "line": found["attention"] - transfers - len(urgent),
        "transfer": transfers,
        "document of orders": len(urgent),
    }
    # Of a payout that does not balance nothing can be decided but to set lines aside.
    failing = {one["payout"] for one in found["payouts"] if not one["holds"]}
    stopped = [line for line in found["lines"] if line["state"] == "parked"]
    parked = next((line for line in stopped if line["payout"] not in failing), None)
    named = parked or (found["lines"][0] if counts["line"] else None)
    told = listed(
        count(number, what, "documents of orders" if what.startswith("document") else "")
        for what, number in counts.items() if number
    )  # fmt: skip
    handles = [*found["transfers"], *(one["source"] for one in urgent)]
    ref = _handle(named) if named else handles[0]
    if named and named["payout"] in failing:
        ref = named["payout"]
    need = "needs" if found["attention"] == 1 else "need"
    parts: Page = [Text(f"{told} {need} a person.", style="bold"),
                   Text(f"See why:  qliro-fortnox explain {merchant} {ref}", indent=2)]  # fmt: skip
    if parked:
        from ..report.resolve import ONLY_IGNORED  # noqa: PLC0415  only here

        others = "(or --retry; or --ignore, --suspense, with --reason TEXT)"
        ways = f"--invoice NUMBER --by NAME {others}"
        if parked["code"] in ONLY_IGNORED:
            ways = "--ignore --reason TEXT --by NAME"
        parts.append(Text(f"Decide:   qliro-fortnox resolve {merchant} {ref} {ways}", indent=2))
    return parts


def _handle(line: Row) -> str:
    return str(line["reference"] or line["OrderId"] or line["line"])
