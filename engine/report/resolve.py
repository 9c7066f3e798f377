"""Takes down what a person decides of a parked line: which invoice, ignore, suspense, try again.

Reads the line's state; writes ``ledger.resolution`` with name and time, and for a delivery that
could not be decided the person's answer as an event. The next run carries out what was decided.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ..errors import UsageError
from ..language.targets import target
from ..ordering import sql_order
from ..personal import called
from ..store.database import Store
from ..store.ledger import Event, owned_numbers, read_actions, record

KINDS = ("invoice", "ignore", "suspense", "retry")
OPEN = ("parked", "waiting", "planned")
# The states of what is settled, in words.
STANDS = {"posted": "posted", "adopted": "posted already", "ignored": "set aside", "done": "done"}
# By the code of a line's state: why nothing but --ignore changes it, and what to do instead.
ONLY_IGNORED = {
    "payout-disagrees": (
        "Payout {payout} does not balance, and until it does none of its lines is booked, "
        "whatever is decided of them.",
        "See `explain {payout}`: change the conventions or ask Qliro; --ignore sets a line aside.",
    ),
    "unreadable": (
        "Line {line} can't be read, so no document can be made of it: {reason}.",
        "Mend what it names and run again, or book it by hand and --ignore it.",
    ),
    "voucher-differs": (
        "A voucher for line {line} stands in Fortnox already, with other amounts.",
        "Correct it there (`explain {line}` names it) and run again, or --ignore the line.",
    ),
    "vanished": (
        "Line {line} was booked or transferred before Qliro took it out of the payout.",
        "Correct it in Fortnox by hand and --ignore it.",
    ),
}


def resolve(
    store: Store, now: datetime, who: str, ref: str, kind: str, detail: str = "", reason: str = ""
) -> dict[str, Any]:
    """Write the decision down and give the line it was made for.

    ``kind`` invoice needs the invoice number in ``detail``; ignore and suspense need a ``reason``.
    For a delivery of unknown outcome, retry says that it is not there, and ``detail`` with retry
    says under which number it is; there ``ref`` may also be a payout, for its transfer or fees, or
    the delivery itself. Raises UsageError when no line, or several, carry ``ref``.
    """
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is no way to resolve a line.", f"Known: {', '.join(KINDS)}.")
    if kind == "invoice" and not detail:
        raise UsageError("Which invoice?", "Give its number: --invoice NUMBER.")
    if kind in ("ignore", "suspense") and not reason.strip():
        raise UsageError("Why?", "Give a reason: --reason TEXT. It is kept.")
    if not who.strip():
        raise UsageError("Who decides?", "Give a name: --by NAME. It is kept.")
    line = (
        (_undecided(store, ref) if kind == "retry" else None)
        or _of_order(store, ref, kind)
        or _the_line(store, ref, kind)
    )
    if line["state"] == "done":
        what = f"Line {line['line']} needed no document ({line['reason']})."
        raise UsageError(what, "There is nothing to decide.")
    if line["state"] in ("posted", "adopted"):
        raise UsageError(
            f"Line {line['line']} is already {line['state']}; nothing is reversed by itself.",
            "Correct it in Fortnox if it is wrong.",
        )
    if kind == "invoice" and not store.rows(
        "SELECT 1 FROM fortnox.invoice WHERE DocumentNumber = ?", [detail]
    ):
        raise UsageError(
            f"Invoice {detail} is not known here.",
            "Check its number; an invoice older than sync.invoice_lookback_days is not read.",
        )
    _refuse_without_effect(line, kind, detail)
    if line["code"] == "undecided":
        _refuse_owned(store, line["delivery"], detail)
    store.append(
        "ledger.resolution",
        [(now, who, line["line"], kind, detail or None, reason or None)],
        ("noted_at", "who", "line", "kind", "detail", "reason"),
    )
    if line["code"] == "undecided":
        _decide(store, now, line, who, detail)
    return line


def decided(line: dict[str, Any]) -> str:
    """What ``resolve`` took the decision for, in words: a line, an order's item or a delivery."""
    if "payout" in line:
        return f"Line {line['line']}"
    if "mapping" in line:
        told = called(line["mapping"], line["line"])
        return f"{told[:1].upper()}{told[1:]}"
    return f"Delivery {line['delivery']}"


def _refuse_without_effect(line: dict[str, Any], kind: str, detail: str) -> None:
    """A decision that the next run would not carry out is not taken down."""
    if line["code"] == "undecided":
        if kind != "retry":
            raise UsageError(
                f"It is not known yet whether {line['delivery']} was posted, and that comes first.",
                "Look in Fortnox: --retry --number NUMBER if it is there, --retry if it is not.",
            )
        return
    if kind != "ignore" and line["code"] in ONLY_IGNORED:
        why, instead = ONLY_IGNORED[line["code"]]
        raise UsageError(why.format_map(line), instead.format_map(line))
    if kind == "retry" and detail:
        raise UsageError(
            f"Nothing was sent for line {line['line']} of which the answer was lost, so it can't "
            f"stand in Fortnox as {detail} by this program.",
            "Say --retry alone to try again; what somebody else has booked is set aside with "
            "--ignore --reason TEXT.",
        )
    if kind == "invoice" and line.get("Type", "Transaction") != "Transaction":
        raise UsageError(
            f"Line {line['line']} is a {str(line['Type']).lower()}, and only a sale or a refund "
            "settles an invoice.",
            "Decide with --ignore, or with --suspense for a chargeback.",
        )
    if kind == "suspense" and line["Type"] == "Fee":
        raise UsageError(
            f"Line {line['line']} is a fee, and fees have accounts of their own.",
            "Book it by hand and --ignore it, or change the settings under fees and accounts.",
        )


def _decide(store: Store, now: datetime, line: dict[str, Any], who: str, number: str) -> None:
    steps = store.rows(
        "SELECT step FROM ledger.step WHERE action = ? AND event = 'undecided'", [line["delivery"]]
    )
    for row in steps:
        event = "found" if number else "absent"
        record(store, "resolve", now, Event(line["delivery"], row["step"], event,
               number=number or None, note=f"decided by {who}"))  # fmt: skip


def _refuse_owned(store: Store, delivery: str, number: str) -> None:
    """A document in the target is the end of one delivery only."""
    action = read_actions(store)[delivery]
    other = owned_numbers(store, action.target).get(number)
    if number and other is not None and other != delivery:
        raise UsageError(
            f"{target(action.target).told(number).capitalize()} is already the document of "
            f"{other}; it cannot be that of {delivery} too.",
            f"`explain {number}` tells what it is.",
        )


def _undecided(store: Store, ref: str) -> dict[str, Any] | None:
    """The delivery of unknown outcome that is called so, or is the payout's own."""
    rows = store.rows(
        "SELECT DISTINCT i.action, i.source FROM ledger.intent AS i "
        "JOIN ledger.step AS s ON s.action = i.action AND s.event = 'undecided' "
        "WHERE i.action = $ref OR i.source = $ref AND (i.payout = $ref "
        f"OR starts_with(i.payout, 'order ')) ORDER BY {sql_order('i.action')}",
        {"ref": ref},
    )
    if not rows:
        return None
    if len(rows) > 1:
        listed = ", ".join(row["action"] for row in rows)
        raise UsageError(f"Several deliveries of {ref} are undecided: {listed}.", "Name one.")
    found = rows[0]
    return {"line": found["source"], "delivery": found["action"], "state": "parked",
            "code": "undecided"}  # fmt: skip


# What of orders goes by a name; an open item of that very name comes before a line's references.
OF_ORDER = f"""
SELECT DISTINCT source AS line, state, code, reason, delivery, mapping
FROM ledger.order_item
WHERE $ref IN (source, delivery)
  AND (
      list_contains($states, state)
      -- What a person cancelled in Fortnox may be made again.
      OR $kind = 'retry' AND delivery IN (SELECT action FROM ledger.cancelled)
  )
ORDER BY {sql_order("source")}, mapping
"""


def _of_order(
    store: Store, ref: str, kind: str, states: Sequence[str] = OPEN
) -> dict[str, Any] | None:
    """The open item of an order, capture or refund that is called so; none for a line's."""
    rows = store.rows(OF_ORDER, {"ref": ref, "kind": kind, "states": list(states)})
    if not rows:
        return None
    if kind == "suspense" or (kind == "invoice" and "/" not in rows[0]["line"]):
        item = rows[0]["mapping"].replace("_", " ")
        raise UsageError(
            f"{ref} is of an order ({item}), and --{kind} is for settlement lines"
            f"{', captures and refunds' if kind == 'invoice' else ''}.",
            "Decide with --ignore --reason TEXT, or --retry.",
        )
    if kind == "ignore":
        return {**rows[0], "code": "of-order"}
    if rows[0]["state"] in ("posted", "adopted"):
        return {**rows[0], "state": "parked", "code": "cancelled"}
    return rows[0]


def _refuse_settled(store: Store, ref: str) -> None:
    """Say what became of an order, capture or refund of which nothing is open."""
    items = store.rows(
        "SELECT mapping, source, state, reason FROM ledger.order_item "
        f"WHERE $ref IN (source, delivery) ORDER BY mapping, {sql_order('source')}",
        {"ref": ref},
    )
    if items:
        told = "; ".join(
            f"its {one['mapping'].replace('_', ' ')} is {STANDS.get(one['state'], one['state'])} "
            f"({one['reason']})"
            for one in items
        )
        raise UsageError(
            f"Nothing of {ref} is open: {told}. Nothing is reversed by itself.",
            "Correct it in Fortnox if it is wrong.",
        )


def _the_line(store: Store, ref: str, kind: str) -> dict[str, Any]:
    rows = store.rows(
        "SELECT * FROM ledger.line_state WHERE $ref IN (line, OrderId::VARCHAR, "
        "PaymentTransactionId::VARCHAR, reference) AND Status = 'Accepted' AND Type <> 'Fee' "
        f"OR line = $ref ORDER BY {sql_order('payout')}, line",
        {"ref": ref},
    )
    still_open = [row for row in rows if row["state"] in OPEN]
    # What a person set aside of an order is decided anew by its own name, as a line is.
    if not still_open and (set_aside := _of_order(store, ref, kind, ("ignored",))):
        return set_aside
    still_open = still_open or rows
    if len(still_open) == 1:
        return still_open[0]
    if not rows:
        _refuse_settled(store, ref)
        raise UsageError(
            f"No line carries {ref!r}.", "`status` lists the parked lines with their ids."
        )
    listed = ", ".join(row["line"] for row in still_open)
    raise UsageError(
        f"{len(still_open)} open lines carry {ref!r}: {listed}.", "Give the line's id."
    )
