"""Holds payouts against the bank's entries: by amount and day, by texts only among equals.

Reads the payouts as the last run left them and the kept entries; writes nothing. The same entries
give the same answer in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ...ordering import sql_order
from ...store.database import Store
from .kept import kept_entries, kept_statements, names_number
from .model import Bank, BankEntry, PayoutAtBank, Reach, State

ZERO = Decimal(0)
MOST_TOGETHER = 10  # payouts that a bank may book as one entry
# A bank that books nothing on some days sends nothing for them; longer silence is a gap, unless
# the balances go on from one another.
SILENT_DAYS = 4

PAYOUTS = f"""
-- Every payout with what Qliro says it paid out, in its own currency and in the one that it was
-- paid in, and the numbers that a text may name.
SELECT
    p.payout, p.BatchDate, p.CurrencyCode, p.TotalAmount, b.currency, b.amount, b.numbers
FROM ledger.payout_state AS p
LEFT JOIN (
    SELECT
        s.payout,
        any_value(q.FxCurrencyCode)                                      AS currency,
        CASE WHEN count(q.FxTotalAmount) = count(*) THEN sum(q.FxTotalAmount) END AS amount,
        list(DISTINCT q.BatchId) FILTER (WHERE q.BatchId IS NOT NULL)    AS numbers
    FROM (SELECT payout, unnest(string_split(batches, ', ')) AS id FROM ledger.payout_state) AS s
    JOIN qliro.settlement_batch AS q ON q.Id::VARCHAR = s.id
    GROUP BY s.payout
) AS b ON b.payout = p.payout
WHERE p.TotalAmount IS NOT NULL
ORDER BY p.BatchDate, {sql_order('p.payout')}
"""


@dataclass(frozen=True, slots=True)
class _Payout:
    """A payout as the bank may show it: amount by currency."""

    key: str
    day: date
    amount: Decimal
    currency: str
    amounts: Mapping[str, Decimal]
    numbers: tuple[str, ...]
    comes: bool  # whether anything is to come

    def named_in(self, text: str) -> bool:
        return any(names_number(text, one) for one in self.numbers)


@dataclass(slots=True)
class _Matching:
    """What is left to be matched, and what was."""

    payouts: Sequence[_Payout]
    settings: Mapping[str, Any]
    entries: dict[str, BankEntry]
    found: dict[str, PayoutAtBank] = field(default_factory=dict)

    def window(self, payout: _Payout, entry: BankEntry) -> int | None:
        """Days from the payout to the entry; None out of all its days."""
        days = (entry.day - payout.day).days
        return days if -self.settings["days_before"] <= days <= self.settings["late_days"] else None

    def is_late(self, days: int) -> bool:
        return bool(days > self.settings["days_after"])

    def left(self) -> list[_Payout]:
        return [one for one in self.payouts if one.comes and one.key not in self.found]

    def take(self, payout: _Payout, state: State, entry: BankEntry, *evidence: str) -> None:
        days = (entry.day - payout.day).days
        self.found[payout.key] = PayoutAtBank(
            payout.key, payout.day, payout.amounts[entry.currency], entry.currency, state, entry,
            days, evidence,
        )  # fmt: skip


def read_bank(store: Store, settings: Mapping[str, Any]) -> Bank:
    """All payouts at the bank, by what statements say so far."""
    if not store.has("ledger.bank_entry"):  # a database of an earlier version
        return Bank(())
    statements = kept_statements(store)
    reach = tuple(_reach(statements))
    odd = tuple(_odd(statements))
    payouts = [_payout(row, settings) for row in store.rows(PAYOUTS)]
    entries = {one.entry: one for one in kept_entries(store)}
    matching = _Matching(payouts, settings["bank"], entries)
    taken_back = _taken_back(matching)
    _by_amount(matching)
    _together(matching)
    _back_again(matching, taken_back)
    _of_another_amount(matching)
    told = [_again(matching, matching.found.get(one.key) or _not_there(matching, one, reach))
            for one in payouts]  # fmt: skip
    first = settings["payouts_from"] - timedelta(days=matching.settings["days_before"])
    unknown = [one for one in matching.entries.values() if one.looks and one.day >= first]
    return Bank(tuple(told), tuple(sorted(unknown, key=_by_day)), reach, odd)


def _payout(row: Mapping[str, Any], settings: Mapping[str, Any]) -> _Payout:
    amounts = {row["CurrencyCode"]: row["TotalAmount"]}
    if row["currency"] and row["amount"] is not None:
        amounts[row["currency"]] = row["amount"]
    debt = row["TotalAmount"] < 0 and settings["negative_payout"] == "debt"
    numbers = tuple(dict.fromkeys([row["payout"], *(row["numbers"] or ())]))
    return _Payout(
        row["payout"], row["BatchDate"], row["TotalAmount"], row["CurrencyCode"], amounts, numbers,
        bool(row["TotalAmount"]) and not debt,
    )  # fmt: skip


def _by_day(entry: BankEntry) -> tuple[date, str]:
    return entry.day, entry.entry


def _taken_back(matching: _Matching) -> list[tuple[BankEntry, BankEntry]]:
    """Reversals, each with the entry that it takes back; neither is a payout that stayed."""
    pairs = []
    for back in sorted(matching.entries.values(), key=_by_day):
        if not back.reversal:
            continue
        earlier = [
            one
            for one in matching.entries.values()
            if one.amount == -back.amount and one.currency == back.currency and not one.reversal
            and one.account == back.account and one.day <= back.day
        ]  # fmt: skip
        if earlier:
            chosen = max(earlier, key=lambda one: (one.looks, one.day, one.entry))
            del matching.entries[chosen.entry], matching.entries[back.entry]
            pairs.append((chosen, back))
    return pairs


def _by_amount(matching: _Matching) -> None:
    """Exactly its amount within its days. Among several what names the payout comes first, then
    what looks like Qliro's, then the nearer; on time comes before late."""
    by_amount: dict[tuple[str, Decimal], list[BankEntry]] = {}
    for entry in matching.entries.values():
        if not entry.reversal:  # it takes something back, whatever no statement has
            by_amount.setdefault((entry.currency, entry.amount), []).append(entry)
    pairs = []
    for order, payout in enumerate(matching.left()):
        for currency, amount in payout.amounts.items():
            for entry in by_amount.get((currency, amount), ()):
                days = matching.window(payout, entry)
                if days is None:
                    continue
                named = payout.named_in(entry.text)
                if matching.is_late(days) and not (named or entry.looks):
                    continue  # weeks later the same amount may be anything
                rank = (not named, matching.is_late(days), not entry.looks, abs(days), order,
                        entry.day, entry.entry)  # fmt: skip
                pairs.append((rank, payout, entry, named))
    pairs.sort(key=lambda one: one[0])
    for (_, late, *_), payout, entry, named in pairs:
        if payout.key in matching.found or entry.entry not in matching.entries:
            continue
        evidence = ["its text names the payout"] if named else []
        if not named and not entry.looks:
            evidence.append("by amount and day alone")
        matching.take(payout, "late" if late else "arrived", entry, *evidence)
        del matching.entries[entry.entry]


def _together(matching: _Matching) -> None:
    """An entry that looks like Qliro's and is the sum of payouts that follow each other."""
    for entry in sorted(matching.entries.values(), key=_by_day):
        if not entry.looks:
            continue
        left = [
            one
            for one in matching.left()
            if entry.currency in one.amounts and matching.window(one, entry) is not None
        ]
        run = next(_runs(left, entry), None)
        if run is None:
            continue
        for payout in run:
            matching.take(payout, "together", entry, f"{len(run)} payouts as one entry")
        del matching.entries[entry.entry]


def _runs(left: Sequence[_Payout], entry: BankEntry) -> Iterator[Sequence[_Payout]]:
    for start in range(len(left)):
        for end in range(start + 2, min(start + MOST_TOGETHER, len(left)) + 1):
            total = sum((one.amounts[entry.currency] for one in left[start:end]), ZERO)
            if total == entry.amount:
                yield left[start:end]


def _back_again(matching: _Matching, pairs: Sequence[tuple[BankEntry, BankEntry]]) -> None:
    """Payouts that came only to be taken back."""
    for came, back in pairs:
        for payout in matching.left():
            if (
                payout.amounts.get(came.currency) == came.amount
                and matching.window(payout, came) is not None
            ):
                matching.take(payout, "taken_back", came, f"taken back on {back.day}")
                break


def _of_another_amount(matching: _Matching) -> None:
    """What looks like Qliro's, within the days that a payout has to arrive in: the only such for
    it, or one that names it."""
    for payout in matching.left():
        near = []
        for entry in sorted(matching.entries.values(), key=_by_day):
            days = matching.window(payout, entry)
            same_way = (entry.amount > 0) == (payout.amount > 0)
            if days is None or not entry.looks or entry.currency not in payout.amounts:
                continue
            if payout.named_in(entry.text) or (same_way and not matching.is_late(days)):
                near.append(entry)
        named = [one for one in near if payout.named_in(one.text)]
        chosen = (named or near)[:1] if len(named or near) == 1 else []
        for entry in chosen:
            evidence = ["its text names the payout"] if named else ["the only one of these days"]
            matching.take(payout, "other_amount", entry, *evidence)
            del matching.entries[entry.entry]


def _again(matching: _Matching, told: PayoutAtBank) -> PayoutAtBank:
    """The payout with entries of its amount that nothing asks for."""
    if told.state not in ("arrived", "late"):
        return told
    payout = next(one for one in matching.payouts if one.key == told.payout)
    again = [
        one
        for one in sorted(matching.entries.values(), key=_by_day)
        if one.looks
        and (one.currency, one.amount) == (told.currency, told.amount)
        and matching.window(payout, one) is not None
    ]
    for one in again:
        del matching.entries[one.entry]
    return replace(told, again=tuple(again))


def _not_there(
    matching: _Matching, payout: _Payout, reach: Sequence[Reach]
) -> PayoutAtBank:
    state: State = "no_money"
    if payout.comes:
        first = payout.day - timedelta(days=matching.settings["days_before"])
        last = payout.day + timedelta(days=matching.settings["days_after"])
        mine = [one for one in reach if one.currency in payout.amounts]
        if any(one.first <= first and last <= one.last for one in mine):
            state = "missing"
        elif not mine or all(last > one.last for one in mine):
            state = "awaited" if mine else "not_held"
        else:
            state = "not_held"
    return PayoutAtBank(payout.key, payout.day, payout.amount, payout.currency, state)


def _reach(statements: Sequence[Mapping[str, Any]]) -> Iterator[Reach]:
    """The days that statements of an account cover, those that go on from one another together."""
    open_: Reach | None = None
    closing: Decimal | None = None
    for one in statements:
        if one["first"] is None or one["last"] is None:
            continue
        reach = Reach(one["account"], one["currency"], one["first"], one["last"])
        if open_ is not None and (open_.account, open_.currency) == (reach.account, reach.currency):
            goes_on = closing is not None and closing == one["opening"]
            if goes_on or (reach.first - open_.last).days <= SILENT_DAYS:
                if reach.last >= open_.last:
                    closing = one["closing"]
                open_ = replace(open_, last=max(open_.last, reach.last))
                continue
        if open_ is not None:
            yield open_
        open_, closing = reach, one["closing"]
    if open_ is not None:
        yield open_


def _odd(statements: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in statements:
        for problem in one["problems"]:
            yield f"The statement of {one['account']} from {one['first']}: {problem}"
