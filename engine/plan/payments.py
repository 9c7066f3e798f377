"""Payments of invoices: what each line takes of the balance that it shares with others.

Reads the choices of the lines and the payments that stand in Fortnox. A payment of somebody else
is owned where it is the line's; what is left open is told; all else goes through ``Outcomes``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ..errors import ItemError
from ..language.program import CompiledMapping
from ..match.choice import Choice
from .claims import Claim, Option, allot
from .evaluation import Stopped
from .model import Need, Row
from .outcomes import Outcomes, key_of
from .reasons import CODES, blocked_by, choice_trace, found_as, not_read

# The outcomes of a match after which a payment that somebody else made may be the line's.
CLAIMING = ("spent", "more")


class Payments:
    """Balances as the lines of a plan take of them."""

    def __init__(self, outcomes: Outcomes) -> None:
        self.outcomes = outcomes
        self.allotted: dict[str, Option] = {}  # by line the payment of others that is its
        self.unclaimed: dict[str, str] = {}  # and why none is
        self.left: dict[str, Decimal] = {}  # of each document that is paid what is open then
        self.parts: dict[str, tuple[Choice, Row]] = {}  # those of which a line pays a part

    def claim(
        self,
        mapping: CompiledMapping,
        wanted: Mapping[str, dict[str, Any]],
        choices: Mapping[str, Choice],
        documents: Mapping[str, Row],
    ) -> None:
        """Give the payments that others made to the lines that no balance takes any more.

        ``wanted`` are the inputs of each line, the oldest line first.
        """
        claims = []
        for line in wanted:
            choice = choices[line]
            if choice.outcome not in CLAIMING or choice.document in self.outcomes.unsettled:
                continue
            inputs = wanted[line]
            source = inputs[mapping.spec.alias]
            claim = Claim(line, source["payout"], source.get("PaymentTransactionId") or line)
            for number in (choice.document or "", *choice.rivals):
                if number not in self.outcomes.unsettled:
                    self._claimed(claim, mapping, inputs, choice, documents[number])
            claims.append(claim)
        self.allotted, self.unclaimed = allot(claims)
        for option in self.allotted.values():
            self.outcomes.existing.take(mapping.spec.target, option.number)

    def _claimed(
        self,
        claim: Claim,
        mapping: CompiledMapping,
        inputs: Mapping[str, Any],
        choice: Choice,
        document: Row,
    ) -> None:
        """Add to a claim the payments on a document that are what the mapping would make: with
        the rows that belong to the line, its fees, or without them."""
        number = str(document["DocumentNumber"])
        standing = self.outcomes.existing.on_documents(mapping.spec.target, [number])
        if not standing or any(row["ModeOfPaymentAccount"] is None for row in standing):
            return
        alias = next(iter(mapping.match))
        whole = {**inputs, alias: document, "match": {alias: {
            "rest": Decimal(0), "difference": Decimal(0), "outcome": choice.outcome,
            "document": number,
        }}}  # fmt: skip
        ways = [whole]
        if any(whole[name] for name in mapping.spec.related):
            ways.append({**whole, **{name: [] for name in mapping.spec.related}})
        for given in ways:
            try:
                rendered = mapping.render(given, traced=True)
            except ItemError:
                continue  # what keeps it from being made is told where it would be made
            if rendered.document is None:
                continue
            since = rendered.identity.get("since")
            found = self.outcomes.existing.such_payments(
                rendered.identity["adopt"], rendered.document, mapping.match[alias].tolerance
            )
            known = {one.number for one in claim.options}
            for row in found:
                option = Option(row, number, given, rendered)
                if since and row["PaymentDate"] and row["PaymentDate"] < since["date"]:
                    claim.stale.append(f"{option.told} {since['because']}")
                elif option.number not in known:
                    claim.options.append(option)
            claim.day = since["date"] if since else None

    def settle(
        self,
        mapping: CompiledMapping,
        inputs: dict[str, Any],
        choice: Choice,
        documents: Mapping[str, Row],
    ) -> None:
        """From the choice of a document to an outcome, by what the mapping declares for it."""
        source = inputs[mapping.spec.alias]
        trace = choice_trace(choice)
        if choice.outcome in ("none", "several", "wait", "park"):
            state, code = blocked_by(mapping, choice)
            self.outcomes.tell(mapping, inputs, state, code, choice.reason, trace)
            return
        if choice.document in self.outcomes.unsettled:
            other = self.outcomes.unsettled[choice.document]
            self.outcomes.tell(mapping, inputs, "waiting", "unsettled",
                                  f"it is not known yet what {other} took of {choice.named}", trace)
            return
        alias = next(iter(mapping.spec.match))
        inputs[alias] = documents[choice.document or ""]
        facts = {"rest": choice.rest, "difference": choice.difference, "outcome": choice.outcome,
                 "document": choice.document}  # fmt: skip
        nothing = {**facts, "rest": Decimal(0), "difference": Decimal(0)}
        inputs["match"] = {alias: nothing}
        if self._adopt(mapping, inputs, choice, documents, trace):
            return
        policy = mapping.match[alias].outcome.get(choice.outcome, "")
        unclaimed = self.unclaimed.get(key_of(mapping, source))
        if choice.outcome == "spent" or unclaimed:
            found = self.outcomes.existing.described(mapping.spec.target, choice.document or "")
            why = "; ".join([choice.reason, found, *([unclaimed] if unclaimed else [])])
            self.outcomes.tell(mapping, inputs, "parked", "already-paid", why, trace)
            return
        if policy == "park":
            self.outcomes.tell(mapping, inputs, "parked", CODES[choice.outcome],
                                  f"{choice.named}: {choice.reason}", trace)
            return
        inputs["match"] = {alias: facts}
        taken = self.outcomes.document(mapping, inputs, choice, facts)
        if taken is not None:
            self._paid(source, choice, taken, inputs[alias])

    def _adopt(
        self,
        mapping: CompiledMapping,
        inputs: dict[str, Any],
        choice: Choice,
        documents: Mapping[str, Row],
        trace: Mapping[str, Any],
    ) -> bool:
        """Own a payment that already stands on a document for this line, if there is one.

        Where a balance still takes the line, a payment of the same amount may be another line's:
        then it is this one's only if its date agrees too. Else it is what ``claim`` has given it.
        """
        alias, target_name = next(iter(mapping.match)), mapping.spec.target
        for number in (choice.document or "", *choice.rivals):
            standing = self.outcomes.existing.on_documents(target_name, [number])
            if not standing or number in self.outcomes.unsettled:
                continue
            unread = [row["Number"] for row in standing if row["ModeOfPaymentAccount"] is None]
            if unread:
                self.outcomes.plan.unread += [Need("payment", one) for one in unread]
                what = f"payment {', '.join(unread)} on {choice.called} {number}"
                why = not_read(what, again=self.outcomes.again)
                self.outcomes.tell(mapping, inputs, "waiting", "unread", why, trace)
                return True
            if choice.outcome in CLAIMING:
                continue
            given = {**inputs, alias: documents[number]}
            try:
                rendered = mapping.render(given, traced=True)
            except ItemError as error:
                self.outcomes.stop(mapping, given, Stopped.by(error))
                return False
            if rendered.document is None:
                continue
            tolerance = mapping.match[alias].tolerance
            found = self.outcomes.existing.take_payment(
                rendered.identity["agree"], rendered.document, tolerance
            )
            if found is not None:
                self._own(mapping, Option(found, number, given, rendered), trace)
                return True
        option = self.allotted.get(key_of(mapping, inputs[mapping.spec.alias]))
        if option is not None:
            self._own(mapping, option, trace)
        return option is not None

    def _own(self, mapping: CompiledMapping, option: Option, trace: Mapping[str, Any]) -> None:
        """The payment is the line's; one that is not booked yet still takes of its invoice."""
        found, number, given = option.payment, option.document, option.inputs
        booked = found.get("Booked", True)
        facts = {**trace, "rest": Decimal(0), "document": number}
        action = self.outcomes.action(mapping, given, option.rendered, facts)
        action = replace(action, adopted=option.number, then=() if booked else action.then,
                         consumed_of=None if booked else number,
                         consumed=None if booked else mapping.amount(given))  # fmt: skip
        self.outcomes.finish(mapping, given, option.rendered, action, "adopted",
                     found_as(mapping.spec.target, option.number), trace)  # fmt: skip

    def _paid(self, source: Row, choice: Choice, amount: Decimal, document: Row) -> None:
        """Keep what a payment leaves of its document: another line may still take that."""
        number = str(choice.document)
        open_: Decimal = self.left[number] if number in self.left else document["open_balance"]
        self.left[number] = open_ - amount
        if choice.outcome == "less":
            self.parts[number] = choice, source

    def left_open(self) -> list[str]:
        """A sentence about each document of which only a part is paid."""
        return [
            f"{choice.named}: {abs(self.left[number]):.2f} {source['CurrencyCode']} of it stays "
            f"open after line {choice.line} of payout {source['payout']}"
            for number, (choice, source) in self.parts.items()
            if self.left[number]
        ]
