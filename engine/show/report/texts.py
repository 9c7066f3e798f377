"""The report's sentences: states, why a line stands as it does, proofs, what a decision books.

Pure: typed data and a language in, text out. Every text is in the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...report.payouts.model import (
    AccountTotal,
    Choice,
    Document,
    Line,
    Payout,
    Period,
    Proof,
    ToDecide,
)
from .words import Words, _

STATES: Mapping[str, str] = {
    "posted": _("booked"),
    "adopted": _("was booked already"),
    "done": _("done, needed no document"),
    "planned": _("to be booked"),
    "waiting": _("waits"),
    "parked": _("needs a decision"),
    "ignored": _("set aside"),
    "outside": _("outside of the sums"),
}
KINDS: Mapping[str, str] = {
    "Fee": _("Fee"),
    "Chargeback": _("Chargeback"),
    "transfer": _("Transfer to the bank"),
}
ROLES: Mapping[str, str] = {
    "": _("Accounts receivable"),
    "interim": _("Interim account"),
    "bank": _("Bank"),
    "fee": _("Fees"),
    "fee_vat": _("Input VAT on fees"),
    "fees_pending": _("Fees not invoiced yet"),
    "fees_owed": _("Fees owed"),
    "rounding": _("Rounding"),
    "currency_gain": _("Currency gain"),
    "currency_loss": _("Currency loss"),
    "dispute": _("Disputes"),
    "suspense": _("Suspense account"),
    "debt": _("Debt to Qliro"),
}
CALLED: Mapping[str, str] = {"payment": _("payment"), "voucher": _("voucher")}
# What the code of a state means, where its reason is of sentences that the catalogue lacks; any
# other code is the name of a check.
WHY: Mapping[str, str] = {
    "no-invoice": _("No invoice carries its reference yet."),
    "ambiguous": _("Several invoices carry its reference, and none is of exactly its amount."),
    "already-paid": _("Its invoice is paid already."),
    "part-payment": _("It is less than what is open of its invoice."),
    "overpayment": _("It is more than what is open of its invoice."),
    "payout-disagrees": _("Qliro's figures of its payout do not agree with the lines."),
    "unreadable": _("It can't be read."),
    "voucher-differs": _("A voucher for it stands in Fortnox already, with other amounts."),
    "vanished": _("Qliro has taken it out of the payout after it was booked."),
    "undecided": _("It is not known whether it was sent: look for it in Fortnox."),
    "unknown": _("Its answer was lost; it is looked for before it is sent again."),
    "refused": _("Fortnox refused it."),
    "later": _("It is sent later."),
    "not-ready": _("It waits for what comes before it."),
    "check-failed": _("A check of the rules stops it."),
    "mapping-error": _("Its rule can't be worked out."),
    "no-rule": _("No rule is declared for it."),
    "not-twice": _("The same was settled before: it would be booked twice."),
    "by-a-person": _("It is to be booked by a person."),
    "after-invoice-date": _("Its payment date lies before the invoice date."),
    "locked-period": _("Its day lies in a locked period."),
    "year-open": _("Its invoice lies in a closed financial year."),
    "cancelled-out": _("Another line of the same transaction takes it back."),
    "rate-known": _("There is no exchange rate for it."),
    "interim-declared": _("No interim account is declared for it."),
    "sales-account": _("There is no sales account for it."),
    "pending": _("Qliro has not accepted it yet."),
    "rejected": _("Qliro has rejected it."),
    "transfer": _("The transfer to the bank is not booked."),
    "does-not-fit": _("What carries its reference does not fit."),
    "already-there": _("Something in Fortnox carries its reference already."),
    "nothing-found": _("Nothing in Fortnox carries its reference yet."),
    "unread": _("Something of it is still to be read in Fortnox."),
    "unsettled": _("Another line of its invoice is not settled yet."),
    "doubted": _("Its VAT is in doubt."),
    "cancelled": _("Its document was cancelled in Fortnox."),
    "ignored": _("A person set it aside."),
    "rounding": _("It differs a little from what is open of its invoice."),
    "to-finish": _("Its document stands and is to be finished."),
    "to-post": _("It is booked by the next run."),
    "nothing-to-book": _("There is nothing to book."),
}
CHOICES: Mapping[str, str] = {
    "invoice": _("Pay an invoice"),
    "suspense": _("To the suspense account"),
    "ignore": _("Set aside"),
    "retry": _("Try again"),
    "there": _("It stands in Fortnox"),
}
BOOKS: Mapping[str, str] = {
    "invoice": _("A payment of the invoice that you name."),
    "suspense": _("A voucher between the interim account and the suspense account."),
    "ignore": _("Nothing. Book it by hand, and say in the reason where."),
    "retry": _("What the rules make of it at the next run."),
    "there": _("Nothing: the document of that number is taken for it."),
}
VERDICTS: Mapping[str, str] = {
    "holds": _("Holds"),
    "fails": _("Does not hold"),
    "unproved": _("Not held against"),
}
PROOFS: Mapping[str, str] = {
    "qliro": _("Qliro's figures = the lines"),
    "books": _("Interim accounts = open lines, by the books"),
    "bank": _("Payouts = the bank"),
}
SHORT: Mapping[str, str] = {"qliro": "Qliro", "books": _("Books"), "bank": _("Bank")}
BANK: Mapping[str, str] = {
    "arrived": _("arrived"),
    "late": _("arrived late"),
    "together": _("arrived with others"),
    "other_amount": _("of another amount"),
    "taken_back": _("taken back by the bank"),
    "missing": _("has not arrived"),
    "awaited": _("is awaited"),
    "not_held": _("not held against"),
    "no_money": _("nothing is to come"),
    "": _("not held against"),
}
TOLD = ("posted", "adopted")  # of these the document says all


def state(words: Words, name: str) -> str:
    """A state in words."""
    return words.of(STATES[name]) if name in STATES else name


def kind(words: Words, line: Line | ToDecide) -> str:
    """What a line is: sale, refund, fee …"""
    if isinstance(line, ToDecide) and line.kind == "order":
        return line.what.replace("_", " ")
    name = line.kind if isinstance(line, Line) else line.what
    amount = line.gross if isinstance(line, Line) else line.amount
    if name == "Transaction":
        return words.of(_("Refund")) if amount and amount < 0 else words.of(_("Sale"))
    return words.of(KINDS[name]) if name in KINDS else name


@dataclass(frozen=True, slots=True)
class Why:
    """Why something stands as it does: ``told`` in the report's language, and what only ``own``
    says, a sentence of a merchant's own rule or of Fortnox, as it came."""

    told: str
    own: str = ""

    def __str__(self) -> str:
        return f"{self.told} [{self.own}]" if self.told and self.own else self.told or self.own


def why(words: Words, code: str, reason: str) -> Why:
    """The reason of a state in the report's language, else what its code means, and the reason."""
    told = words.said(reason) if reason else ""
    if told:
        return Why(_sentence(told) if words.language != "en" else told)
    return Why(words.of(WHY.get(code, WHY["check-failed"])), reason)


def because(words: Words, reason: str) -> str:
    """A reason that stands in brackets, in the report's language where it can be said."""
    return words.said(reason) or reason


def _sentence(told: str) -> str:
    return told[:1].upper() + told[1:] + ("" if told.endswith((".", "?", "!")) else ".")


def said(words: Words, line: Line) -> str:
    """Why a line is set aside, and who said so."""
    return words.say(_("%(reason)s (%(who)s)"), reason=line.said, who=line.who) if line.said else ""


def document(words: Words, one: Document) -> str:
    """A document as people call it."""
    name = words.of(CALLED[one.called])
    number = " ".join(one.number.split("/")[:2]) if one.called == "voucher" else one.number
    return f"{name} {number}"


def role(words: Words, one: AccountTotal) -> str:
    """What an account is: Fortnox's name of it, else what the merchant's file uses it for."""
    return one.name or (words.of(ROLES[one.role]) if one.role in ROLES else "")


def period(words: Words, one: Period) -> str:
    """The period of a report in words."""
    if one.payouts:
        return words.say(_("Payout %(keys)s"), keys=words.listed(list(one.payouts)))
    if one.first is None or one.last is None:
        return words.of(_("All payouts"))
    if (one.first.year, one.first.month) == (one.last.year, one.last.month):
        return words.month(one.first)
    return str(one.first.year)


def proof(words: Words, one: Proof) -> str:
    """A proof in one sentence, and another where a person answers for a part of it."""
    told = _proof(words, one)
    if not one.accepted:
        return told
    which = "; ".join(
        f"{account} {words.amount(amount)} ({said})" for account, amount, said in one.accepted
    )
    return f"{told} {words.say(_('A person answers for: %(which)s.'), which=which)}"


def _proof(words: Words, one: Proof) -> str:
    failing = words.listed(
        [f"{name} ({words.amount(by)})" if by is not None else name for name, by in one.failing]
    )
    day = words.day(one.as_of)
    match one.of, one.verdict:
        case "qliro", "holds":
            return words.count(
                _("The lines of %(number)s payout add up to Qliro's own figures, to the öre."),
                _("The lines of all %(number)s payouts add up to Qliro's own figures, to the öre."),
                one.counted,
            )
        case "qliro", "fails":
            return words.say(
                _("The lines do not add up to Qliro's figures in payout %(failing)s; nothing of it "
                  "is booked."), failing=failing,
            )  # fmt: skip
        case "qliro", _:
            return words.of(_("There is no payout in this period."))
        case "books", "holds":
            return words.say(
                _("The accounts hold exactly what is open, by Fortnox's SIE file of %(day)s; "
                  "nothing is unexplained."), day=day,
            )  # fmt: skip
        case "books", "fails":
            return words.say(
                _("Something is unexplained by the SIE file of %(day)s: %(failing)s. The command "
                  "books tells it item by item."), day=day, failing=failing or "–",
            )  # fmt: skip
        case "books", _:
            if one.since:
                return words.say(
                    _("No SIE file since %(day)s, and documents were booked after it: run the "
                      "command books."), day=words.day(one.since),
                )  # fmt: skip
            return words.of(_("No SIE file has been held against it: run the command books."))
        case "bank", "holds":
            return words.say(
                _("Every payout has arrived, by the bank's statements up to %(day)s."), day=day
            )
        case "bank", "fails":
            return words.say(
                _("By the bank's statements up to %(day)s this does not agree: %(failing)s."),
                day=day, failing=failing,
            )  # fmt: skip
    if one.since:
        return words.say(
            _("Not all of it by the bank's statements, which reach to %(day)s."),
            day=words.day(one.since),
        )
    return words.of(_("No bank statement has been held against it."))


def at_bank(words: Words, one: Payout) -> str:
    """What the bank's statements say of a payout."""
    return f"{words.of(BANK[one.bank])} {words.day(one.bank_day)}".rstrip()


def books(words: Words, choice: Choice) -> str:
    """What a decision books."""
    told = words.of(BOOKS[choice.kind])
    rows = [
        words.say(_("%(side)s %(account)s %(amount)s"),
                  side=words.of(_("debit")) if amount > 0 else words.of(_("credit")),
                  account=account or words.of(ROLES[""]).lower(), amount=words.amount(abs(amount)))
        for account, amount in choice.books
    ]  # fmt: skip
    return f"{told} {'; '.join(rows)}." if rows else told
