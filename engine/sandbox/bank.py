"""The merchant's bank: a statement of the world's payouts, as camt.053 of version .02 or .08.

It reads payouts, or entries that a test hands in, and writes XML as Swedish banks do. What a bank
may do to a payout is seeded by name: ``late``, ``lost``, ``short``, ``twice``, ``taken_back``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, Literal
from xml.sax.saxutils import escape, quoteattr

from .qliro.api import batch_shape
from .world.world import ZERO, World

Version = Literal["02", "08"]
ARRIVES: Final = timedelta(days=2)  # after the payout's date
ACCOUNT: Final = "SE3550000000054910000003"
# Others' business on the same account: none of it is anything that may be kept.
RENT: Final = "Hyra november Anna Andersson 19121212-1212"


@dataclass(frozen=True, slots=True)
class Row:
    """A booked entry: ``parts`` are the amounts of a batch, ``status`` other than BOOK is none."""

    day: date
    amount: Decimal
    text: str
    reference: str = ""
    currency: str = "SEK"
    parts: tuple[Decimal, ...] = ()
    reversal: bool = False
    status: str = "BOOK"
    name: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A statement; without ``closing`` it is what opening balance and booked entries come to."""

    rows: tuple[Row, ...]
    first: date
    last: date
    opening: Decimal = Decimal("10000.00")
    closing: Decimal | None = None
    number: int = 1
    account: str = ACCOUNT
    currency: str = "SEK"


def payout_rows(world: World, troubles: Mapping[int, str] | None = None) -> list[Row]:
    """An entry for each payout that has money, by batch id with what the bank does to it."""
    rows: list[Row] = []
    for number, batch in enumerate(world.batches.values()):
        shape = batch_shape(batch, world, 0)
        amount, currency = shape["TotalAmount"], batch.currency
        if batch.fx_currency is not None and batch.fx_total is not None:
            amount, currency = batch.fx_total, batch.fx_currency
        if not amount:
            continue
        row = Row(
            batch.day + ARRIVES, amount, "Bg-insättning", f"BG{number:05d}", currency,
            name="QLIRO AB",
        )  # fmt: skip
        rows += _troubled(row, (troubles or {}).get(batch.id, ""))
    return rows


def _troubled(row: Row, trouble: str) -> Iterator[Row]:
    match trouble:
        case "lost":
            return
        case "late":
            yield replace(row, day=row.day + timedelta(days=10))
        case "short":
            yield replace(row, amount=row.amount - 1)
        case "twice":
            yield row
            yield replace(row, day=row.day + timedelta(days=1), reference=f"{row.reference}X")
        case "taken_back":
            yield row
            yield replace(row, day=row.day + timedelta(days=1), amount=-row.amount, reversal=True,
                          reference=f"{row.reference}R")  # fmt: skip
        case _:
            yield row


def sheet(world: World, rows: Sequence[Row], *, others: bool = True) -> Sheet:
    """A statement of these entries from a month before the first payout until today, among what
    else goes over an account."""
    days = [batch.day for batch in world.batches.values()] or [world.today()]
    first, last = min(days) - timedelta(days=30), max(world.today(), max(days) + ARRIVES)
    last = max([last, *(row.day for row in rows)])
    extra = (Row(first, Decimal("-8000.00"), RENT, "A1", name="Anna Andersson"),) if others else ()
    return Sheet((*extra, *sorted(rows, key=lambda row: row.day)), first, last)


def camt(sheets: Sequence[Sheet], version: Version = "08") -> bytes:
    """The file."""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">',
        "<BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId>"
        "<CreDtTm>2026-11-16T06:00:00+01:00</CreDtTm></GrpHdr>",
    ]
    for one in sheets:
        parts += _statement(one, version)
    parts.append("</BkToCstmrStmt></Document>")
    return "\n".join(parts).encode()


def _statement(one: Sheet, version: Version) -> Iterator[str]:
    booked = sum((row.amount for row in one.rows if row.status == "BOOK"), ZERO)
    closing = one.opening + booked if one.closing is None else one.closing
    yield f"<Stmt><Id>S{one.number}</Id><ElctrncSeqNb>{one.number}</ElctrncSeqNb>"
    yield f"<CreDtTm>{one.last}T23:59:59+01:00</CreDtTm>"
    yield (
        f"<FrToDt><FrDtTm>{one.first}T00:00:00+01:00</FrDtTm>"
        f"<ToDtTm>{one.last}T23:59:59+01:00</ToDtTm></FrToDt>"
    )
    yield f"<Acct><Id><IBAN>{one.account}</IBAN></Id><Ccy>{one.currency}</Ccy></Acct>"
    yield _balance("OPBD", one.opening, one.first, one.currency)
    yield _balance("ITBD", one.opening + 1, one.first, one.currency)
    yield _balance("CLBD", closing, one.last, one.currency)
    for row in one.rows:
        yield from _entry(row, version)
    yield "</Stmt>"


def _balance(kind: str, amount: Decimal, day: date, currency: str) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{_amount(amount, currency)}"
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _amount(amount: Decimal, currency: str) -> str:
    direction = "CRDT" if amount >= 0 else "DBIT"
    return (
        f"<Amt Ccy={quoteattr(currency)}>{abs(amount):f}</Amt><CdtDbtInd>{direction}</CdtDbtInd>"
    )


def _entry(row: Row, version: Version) -> Iterator[str]:
    status = row.status if version == "02" else f"<Cd>{row.status}</Cd>"
    yield f"<Ntry>{_amount(row.amount, row.currency)}"
    if row.reversal:
        yield "<RvslInd>true</RvslInd>"
    yield f"<Sts>{status}</Sts><BookgDt><Dt>{row.day}+01:00</Dt></BookgDt>"
    yield f"<AcctSvcrRef>{escape(row.reference)}</AcctSvcrRef>"
    yield "<BkTxCd><Prtry><Cd>BG</Cd></Prtry></BkTxCd><NtryDtls>"
    for part in row.parts or (None,):
        yield "<TxDtls>"
        if part is not None:
            amount = f'<Amt Ccy="{row.currency}">{part:f}</Amt>'
            if version == "02":
                amount = f"<AmtDtls><TxAmt>{amount}</TxAmt></AmtDtls>"
            yield amount
        name = f"<Nm>{escape(row.name)}</Nm>"
        party = name if version == "02" else f"<Pty>{name}</Pty>"
        yield f"<RltdPties><Dbtr>{party}</Dbtr></RltdPties>"
        yield f"<RmtInf><Ustrd>{escape(row.text)}</Ustrd></RmtInf></TxDtls>"
    yield "</NtryDtls></Ntry>"
