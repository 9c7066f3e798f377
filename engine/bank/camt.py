"""Reads camt.053 of any version since .02: statements, balances, booked entries.

Reads bytes through expat and holds one entry at a time. A document type is refused before anything
of it is read, so no entity can grow or fetch anything. Looked at and not taken: pycamt and camt053
(the first statement of a file only), ofxstatement-iso20022, openpurse and iso20022.js (fill in the
entry's amount where a batch's parts have none, or know one version); pyiso20022 reads everything,
and takes 16 s for what this reads in one; tests hold this against it where it is installed.

An ``Ntry`` is what was booked; ``TxDtls`` only tell what is in it. ``Amt`` has no sign,
``CdtDbtInd`` is the direction as booked, of a reversal too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from xml.parsers import expat

from ..clock import STOCKHOLM
from .statement import Entry, Part, Statement, balance_problem, numbered

BOOKED = "BOOK"
# ActiveCurrencyAndAmount of the schema as far as the database holds it, and a plus that xs:decimal
# allows.
AMOUNT = re.compile(r"\+?([0-9]{1,14}(\.[0-9]{0,5})?|\.[0-9]{1,5})")
OTHERS = {
    "BkToCstmrAcctRpt": "camt.052, a report within the day",
    "BkToCstmrDbtCdtNtfctn": "camt.054, an advice of single entries",
}
# Where a bank may put what an entry is about.
TEXTS_OF_PART = (
    ("AddtlTxInf",),
    ("RmtInf", "Ustrd"),
    ("RmtInf", "Strd", "CdtrRefInf", "Ref"),
    ("RmtInf", "Strd", "RfrdDocInf", "Nb"),
    ("Refs", "EndToEndId"),
    ("Refs", "InstrId"),
    ("Refs", "PmtInfId"),
    ("RltdPties", "Dbtr", "Nm"),
    ("RltdPties", "Dbtr", "Pty", "Nm"),
    ("RltdPties", "Cdtr", "Nm"),
    ("RltdPties", "Cdtr", "Pty", "Nm"),
)
PARTS = ("NtryDtls", "TxDtls")
TEXTS = (
    ("AddtlNtryInf",),
    *((*PARTS, *path) for path in TEXTS_OF_PART),
    ("NtryDtls", "Btch", "PmtInfId"),
    ("NtryDtls", "Btch", "MsgId"),
)
PART_AMOUNTS = (("Amt",), ("AmtDtls", "TxAmt", "Amt"))


class CamtError(ValueError):
    """It is no camt.053 that can be read; a sentence says why, with the line."""


@dataclass(slots=True)
class _Node:
    """An element with its text and children, namespaces taken off."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list[_Node] = field(default_factory=list)

    def all(self, *path: str) -> Iterator[_Node]:
        """The elements at a path."""
        if not path:
            yield self
            return
        for child in self.children:
            if child.name == path[0]:
                yield from child.all(*path[1:])

    def first(self, *path: str) -> str:
        """The text of the first element at a path; empty where there is none."""
        return next((one.text.strip() for one in self.all(*path)), "")

    def texts(self, paths: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
        """What stands at these paths, each text once, blanks put together."""
        found = (" ".join(one.text.split()) for path in paths for one in self.all(*path))
        return tuple(dict.fromkeys(text for text in found if text))


@dataclass(slots=True)
class _Reading:
    """The elements that are open, and the statement being read."""

    parser: expat.XMLParserType
    open: list[_Node] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    root: str = ""
    place: int = 0  # of the entry in its statement

    def fail(self, why: str) -> CamtError:
        return CamtError(f"line {self.parser.CurrentLineNumber}: {why}")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(" ")[2]
        if len(self.open) == 1 and not self.root:
            self.root = name
            if name in OTHERS:
                raise self.fail(f"it is {OTHERS[name]}; a statement of the day is camt.053")
            if name != "BkToCstmrStmt":
                raise self.fail(f"it holds {name}, and no statement (BkToCstmrStmt)")
        self.open.append(_Node(name, attributes))

    def text(self, text: str) -> None:
        if self.open:
            self.open[-1].text += text

    def end(self, _name: str) -> None:
        node = self.open.pop()
        parents = [one.name for one in self.open]
        if parents[-1:] == ["Stmt"] and node.name == "Ntry":
            self.entry(node)
        elif parents[-1:] == ["BkToCstmrStmt"] and node.name == "Stmt":
            self.statement(node)
        elif "Stmt" in parents:
            self.open[-1].children.append(node)

    def entry(self, node: _Node) -> None:
        self.place += 1
        status = node.first("Sts", "Cd") or node.first("Sts")
        if status != BOOKED:
            return
        (amount, currency), day = self.amount(node), node.first("BookgDt", "Dt")
        day = day or node.first("BookgDt", "DtTm") or node.first("ValDt", "Dt")
        parts = [self.part(one, node.first("CdtDbtInd"), currency) for one in node.all(*PARTS)]
        entry = Entry(
            self.day(day), amount, currency, node.texts(TEXTS), self.reference(node),
            node.first("RvslInd").lower() in ("true", "1"),
            parts=tuple(parts) if len(parts) > 1 else (),
        )  # fmt: skip
        total = entry.parts_total
        if entry.parts and total is not None and total != amount:
            told = f"the entry of {entry.day} over {amount} has parts that come to {total}"
            self.problems.append(told)
        self.entries.append(entry)

    def reference(self, node: _Node) -> str:
        """The bank's number of an entry. One that only counts the statement's entries is none: in
        another statement over the same day it is another."""
        told = node.first("NtryRef")
        counts = re.fullmatch("[0-9]{1,9}", told) is not None and int(told) <= self.place
        return node.first("AcctSvcrRef") or ("" if counts else told)

    def part(self, node: _Node, direction: str, currency: str) -> Part:
        """A transaction of an entry; its own direction counts, where it has one."""
        told = next((one for path in PART_AMOUNTS for one in node.all(*path)), None)
        if told is None or told.attributes.get("Ccy", currency) != currency:
            return Part(None, node.texts(TEXTS_OF_PART))
        number = self.number(told.text)
        comes_in = (node.first("CdtDbtInd") or direction) == "CRDT"
        return Part(number if comes_in else -number, node.texts(TEXTS_OF_PART))

    def statement(self, node: _Node) -> None:
        balances = {
            one.first("Tp", "CdOrPrtry", "Cd"): (self.amount(one)[0], one.first("Dt", "Dt"))
            for one in node.all("Bal")
        }
        opened = balances.get("OPBD") or balances.get("PRCD")
        closed = balances.get("CLBD")
        days = [one.day for one in self.entries]
        first = node.first("FrToDt", "FrDtTm") or node.first("FrToDt", "FrDt")
        last = node.first("FrToDt", "ToDtTm") or node.first("FrToDt", "ToDt")
        last = last or (closed[1] if closed else "")
        currency = node.first("Acct", "Ccy")
        if closed and not first and not days:
            first = closed[1]
        if told := balance_problem(
            opened[0] if opened else None, closed[0] if closed else None, self.entries
        ):
            self.problems.append(told)
        self.statements.append(
            Statement(
                node.first("Id"),
                node.first("Acct", "Id", "IBAN") or node.first("Acct", "Id", "Othr", "Id"),
                currency or next((one.currency for one in self.entries), ""),
                self.day(first) if first else min(days, default=None),
                self.day(last) if last else max(days, default=None),
                opened[0] if opened else None,
                closed[0] if closed else None,
                numbered(self.entries),
                tuple(self.problems),
            )
        )
        self.entries, self.problems, self.place = [], [], 0

    def amount(self, node: _Node) -> tuple[Decimal, str]:
        """The amount of an entry or balance with its sign, and its currency."""
        told = next(node.all("Amt"), None)
        direction = node.first("CdtDbtInd")
        if told is None or direction not in ("CRDT", "DBIT"):
            raise self.fail(f"a {node.name} lacks its amount (Amt) or direction (CdtDbtInd)")
        number = self.number(told.text)
        return (number if direction == "CRDT" else -number), told.attributes.get("Ccy", "")

    def number(self, text: str) -> Decimal:
        if AMOUNT.fullmatch(text.strip()) is None:
            why = "one has digits and a point, no sign: CdtDbtInd tells it"
            raise self.fail(f"{text.strip()!r} is no amount: {why}")
        return Decimal(text.strip())

    def day(self, text: str) -> date:
        """The day as written: with a time, in the bank's own zone (2026-11-27+01:00); of a time
        that is told in UTC the Swedish day."""
        try:
            if text[10:11] == "T" and text.endswith(("Z", "+00:00")):
                return datetime.fromisoformat(text).astimezone(STOCKHOLM).date()
            return date.fromisoformat(text[:10])
        except (ValueError, OverflowError):
            raise self.fail(f"{text!r} is no day") from None


def read_camt(content: bytes) -> list[Statement]:
    """The statements of a file, in its order. Raises CamtError where it is none or can't be
    read."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    reading = _Reading(parser)

    def no_document_type(*_: object) -> None:
        raise reading.fail("it declares a document type, which no statement does; it is not read")

    parser.StartDoctypeDeclHandler = no_document_type
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise CamtError(f"line {error.lineno}: {expat.ErrorString(error.code)}") from None
    except CamtError:
        raise
    except (LookupError, ValueError) as error:  # of the encoding that it declares
        raise CamtError(f"line {parser.CurrentLineNumber}: {error}") from None
    if not reading.statements:
        raise CamtError("line 1: it holds no statement")
    return reading.statements
