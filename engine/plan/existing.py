"""What already stands in the target and belongs to no action: found instead of made twice.

Reads the staged payments and vouchers, with their detail where it was read; writes nothing. A
document is given to one taker only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from ..extract.fortnox import odd_entries
from ..extract.raw import cursors
from ..language.targets import target
from ..ordering import sql_order
from ..store.database import Store
from ..store.ledger import owned_numbers
from ..store.narrow import steps
from ..transport.answers import same
from .claims import age
from .claims import told as payment_told
from .model import Row

ZERO = Decimal(0)
PAYMENT = "fortnox.invoice_payment"
Sums = dict[int, Decimal]  # debit less credit by account
# Those on these invoices that no action owns.
PAYMENTS = f"""
WITH standing AS MATERIALIZED (
    SELECT * FROM fortnox.invoice_payment
    WHERE InvoiceNumber IN (SELECT unnest($invoices::VARCHAR[]))
),
named AS MATERIALIZED (
    SELECT action FROM ledger.event WHERE number IN (SELECT Number FROM standing)
),
owning AS MATERIALIZED (
    SELECT action FROM ledger.action
    WHERE target = 'fortnox.invoice_payment' AND action IN (SELECT action FROM named)
)
SELECT p.*, d.AmountCurrency, d.ModeOfPayment, d.ModeOfPaymentAccount, d.WriteOffs
FROM standing AS p
LEFT JOIN (
    SELECT * FROM fortnox.invoice_payment_detail WHERE Number IN (SELECT Number FROM standing)
) AS d ON d.Number = p.Number
WHERE p.Number NOT IN (
    SELECT number FROM {steps("SELECT action FROM owning")} WHERE number IS NOT NULL
)
ORDER BY {sql_order("p.Number")}
"""
PAID = "SELECT DISTINCT InvoiceNumber FROM fortnox.invoice_payment"
VOUCHERS = "SELECT * FROM fortnox.voucher ORDER BY Year, VoucherSeries, VoucherNumber"
# The payments that this program made, by the invoice that they take from.
MADE_FOR = f"""
SELECT
    arg_max(a.consumed_of, a.noted_at) AS document,
    s.number,
    any_value(a.source)                AS source,
    any_value(a.payout)                AS payout,
    arg_max(a.consumed, a.noted_at)    AS consumed
FROM ledger.step AS s
JOIN ledger.action AS a ON a.action = s.action
WHERE s.number IS NOT NULL AND a.target = 'fortnox.invoice_payment' AND a.consumed_of IS NOT NULL
GROUP BY s.number
ORDER BY {sql_order("s.number")}
"""
# The rows of the vouchers that were read whole since they last changed.
VOUCHER_ROWS = """
SELECT r.*
FROM fortnox.voucher_row AS r
JOIN fortnox.voucher AS v
    ON v.VoucherSeries = r.VoucherSeries AND v.VoucherNumber = r.VoucherNumber AND v.Year = r.Year
WHERE r.raw_seq >= v.raw_seq
"""


class Unread:
    """Which of the target's lists were never read whole: what stands there is not known then."""

    def __init__(self, store: Store) -> None:
        self.streams = set(cursors(store, "fortnox."))
        self.odd = odd_entries(store)
        # Saved traffic stands in place of the network: it is all that there is.
        self.replayed = not store.value("SELECT 1 FROM raw.answer WHERE origin = 'network' LIMIT 1")

    def of(self, name: str, document: Mapping[str, Any]) -> str | None:
        """Why a document must wait, or None when it is known what stands beside it."""
        if self.replayed:
            return None
        if name == "fortnox.invoice_payment" and "invoice payments" not in self.streams:
            return "Fortnox's invoice payments could not be read yet"
        if name == "fortnox.invoice_payment":
            return self.hidden("invoice payments", str(document.get("InvoiceNumber")))
        vouchers = self.vouchers(name, document)
        if vouchers and f"vouchers {vouchers}" not in self.streams:
            series = document.get("VoucherSeries")
            return f"Fortnox's vouchers of series {series} could not be read yet"
        return self.hidden(f"vouchers {vouchers}") if vouchers else None

    def vouchers(self, name: str, document: Mapping[str, Any]) -> str | None:
        """Series and year of the vouchers among which a document may stand already; None for what
        is no voucher."""
        series, year = document.get("VoucherSeries"), document.get("Year")
        if name != "fortnox.voucher" or self.replayed or None in (series, year):
            return None
        return f"{series} {year}"

    def hidden(self, stream: str, invoice: str | None = None) -> str | None:
        """Why it can't be told that there is no such document in Fortnox: an entry of the list says
        neither in the list nor on its own page what it is of. None where it can."""
        for told, on in () if self.replayed else self.odd.get(stream, ()):
            if invoice is None or on is None or on == invoice:
                kind = "vouchers" if stream.startswith("vouchers") else stream
                return f"one of Fortnox's {kind} can't be read, and may be this one: {told}"
        return None


class Existing:
    """Documents in the target by what identifies them; taken ones are gone. Payments are those on
    the invoices that were looked at, for after a year nearly all that stand are on paid ones."""

    def __init__(self, store: Store) -> None:
        self._store = store
        voucher = target("fortnox.voucher")
        owned = owned_numbers(store, voucher.name)
        others = {voucher.number(row): row for row in store.rows(VOUCHERS)}
        self.rows: dict[str, dict[str, Row]] = {
            PAYMENT: {},
            voucher.name: {number: {**row, "number": number} for number, row in others.items()
                           if number not in owned},
        }  # fmt: skip
        self.payments: dict[str, list[Row]] = {}  # by invoice; of one looked at there may be none
        self.voucher_rows: dict[str, list[Row]] = {}
        for row in store.rows(VOUCHER_ROWS):
            number = target("fortnox.voucher").number(row)
            self.voucher_rows.setdefault(number, []).append(row)

    def look_at(self, invoices: Iterable[str]) -> None:
        """Read the payments that stand on these invoices and are nobody's: of many at once, for to
        look at each alone would take as long as at all."""
        new = sorted({one for one in invoices if one not in self.payments})
        if not new:
            return
        self.payments |= {number: [] for number in new}
        for row in self._store.rows(PAYMENTS, {"invoices": new}):
            free = {**row, "number": target(PAYMENT).number(row)}
            self.rows[PAYMENT][free["number"]] = free
            self.payments[row["InvoiceNumber"]].append(free)

    @cached_property
    def ours(self) -> dict[str, list[Row]]:
        """The payments that this program made, by invoice: read when a sentence is to name them."""
        ours: dict[str, list[Row]] = {}
        for row in self._store.rows(MADE_FOR):
            ours.setdefault(row["document"], []).append(row)
        return ours

    def on_documents(self, name: str, numbers: Iterable[str]) -> list[Row]:
        """The free payments on these invoices."""
        if name != PAYMENT:
            return []
        wanted = list(numbers)
        self.look_at(wanted)
        return [
            row
            for number in wanted
            for row in self.payments[number]
            if row["number"] in self.rows[name]
        ]

    def take_payment(
        self, adopt: Mapping[str, Any], document: Mapping[str, Any], tolerance: Decimal
    ) -> Row | None:
        """The first free payment whose fields are all as ``adopt`` says; it is free no longer.

        It must also write off what ``document`` does, give or take the ``tolerance`` that may have
        gone to rounding; else a fee would count as booked that is not.
        """
        found = self.such_payments(adopt, document, tolerance)
        return self.rows[PAYMENT].pop(found[0]["number"]) if found else None

    def such_payments(
        self, adopt: Mapping[str, Any], document: Mapping[str, Any], tolerance: Decimal
    ) -> list[Row]:
        """All those free payments, the oldest first."""
        off = sum((Decimal(one["Amount"]) for one in document.get("WriteOffs", ())), ZERO)
        standing = self.on_documents(PAYMENT, [str(adopt.get("InvoiceNumber"))])
        found = [
            row
            for row in standing
            if abs((row.get("WriteOffs") or ZERO) - off) <= tolerance and _agrees(row, adopt)
        ]
        return sorted(found, key=age)

    def alike(self, name: str, adopt: Mapping[str, Any]) -> list[str]:
        """The free documents whose fields are all as ``adopt`` says, by number."""
        if adopt and name == PAYMENT:
            self.look_at(one["InvoiceNumber"] for one in self._store.rows(PAID))
        found = self.rows.get(name, {}).items() if adopt else ()
        return [number for number, row in found if _agrees(row, adopt)]

    def sums(self, number: str) -> Sums | None:
        """What a voucher adds to each account; None when its rows are not read yet."""
        rows = self.voucher_rows.get(number)
        return sums_of(rows) if rows is not None else None

    def take(self, name: str, number: str) -> None:
        """The document has an owner now: it is free no longer."""
        self.rows[name].pop(number)

    def described(self, name: str, number: str) -> str:
        """In words: the payments that stand on a document, and which of them are our own."""
        found = [
            payment_told(row, f" on account {row['ModeOfPaymentAccount'] or 'unknown'}")
            + ("" if row.get("Booked", True) else ", not booked")
            for row in self.on_documents(name, [number])
        ]
        found += [
            f"payment {row['number']}, by which line {row['source']} of payout {row['payout']} "
            f"takes {row['consumed']:.2f} of it"
            for row in (self.ours.get(number, []) if name == PAYMENT else [])
        ]
        return "Fortnox has " + "; ".join(found) if found else "Fortnox shows no payment on it"


def _agrees(row: Row, wanted: Mapping[str, Any]) -> bool:
    return all(same(row.get(field), value) for field, value in wanted.items())


def sums_of(rows: Iterable[Mapping[str, Any]]) -> Sums:
    """What voucher rows add to each account, those that a correction struck left out."""
    sums: Sums = {}
    for row in rows:
        if not row.get("Removed"):
            change = Decimal(row["Debit"] or 0) - Decimal(row["Credit"] or 0)
            sums[int(row["Account"])] = sums.get(int(row["Account"]), ZERO) + change
    return {account: change for account, change in sorted(sums.items()) if change}


def differing(found: Mapping[str, Sums], wanted: Sums) -> str:
    """In words: vouchers that read like the one wanted and book something else."""
    stands = "; ".join(f"voucher {number} is {_told(sums)}" for number, sums in found.items())
    return (
        f"Fortnox has its text with other amounts: {stands}; to be posted is {_told(wanted)}. "
        f"Nothing was posted; correct {' or '.join(found)} in Fortnox until it is that, and the "
        "next run adopts it"
    )


def _told(sums: Sums) -> str:
    told = [
        f"{'debit' if change > 0 else 'credit'} {abs(change):.2f} on {account}"
        for account, change in sums.items()
    ]
    return ", ".join(told) or "nothing"
