"""Proves that a payout balances: its lines by the declared conventions against Qliro's own figures.

Reads a payout's batches, summaries and derived lines; gives a ``Proof`` with every figure compared,
and, when it does not hold, the conventions under which it would. Nothing is posted of a payout
whose proof does not hold. ``interim_balance`` is the other half, after delivery: the interim
accounts must hold exactly the lines that are still open.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)
Row = Mapping[str, Any]
PARTS = {"accepted": "Accepted", "pending": "Pending", "rejected": "Rejected"}


@dataclass(frozen=True, slots=True)
class Figure:
    """One comparison: what Qliro states and what the lines add up to."""

    name: str
    stated: Decimal | int | None
    counted: Decimal | int

    @property
    def holds(self) -> bool:
        """Equal to the öre; a figure that Qliro leaves out proves nothing and fails nothing."""
        return self.stated is None or self.stated == self.counted


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof of one payout, and for a failed one the conventions that would make it hold."""

    payout: str
    figures: tuple[Figure, ...]
    problems: tuple[str, ...] = ()
    alternatives: tuple[str, ...] = field(default=())

    @property
    def holds(self) -> bool:
        return not self.problems and all(figure.holds for figure in self.figures)

    def sentence(self) -> str:
        """What does not hold, in one sentence, with the numbers side by side."""
        if self.holds:
            return "The lines add up to Qliro's own totals."
        wrong = [
            f"{figure.name} {_text(figure.stated)}, the lines give {_text(figure.counted)}"
            for figure in self.figures
            if not figure.holds
        ]
        text = "; ".join([*self.problems, *(f"Qliro states {one}" for one in wrong)]) + "."
        if self.alternatives:
            text += " It would agree with conventions " + " or ".join(self.alternatives) + "."
        elif wrong:
            text += " No convention that can be declared makes it agree."
        return text


def prove(
    payout: str,
    batches: Sequence[Row],
    summaries: Sequence[Row],
    lines: Sequence[Row],
    conventions: Mapping[str, Any],
    choices: Mapping[str, Sequence[str]],
    gross_under: Callable[[Mapping[str, Any], Sequence[Row]], list[Decimal | None]],
) -> Proof:
    """Compare every total and summary of each batch of the payout.

    ``lines`` are all of its lines, pending and rejected ones too, with the derived ``gross``.
    ``choices`` are the values that each convention may have; ``gross_under`` derives the signed
    amounts of lines under other conventions. Both only serve to explain a disagreement.
    """
    problems = [
        f"line {line['line']} has no amount that can be read"
        for line in lines
        if line["Status"] == "Accepted" and line["gross"] is None
    ]
    problems += [
        f"the lines of batch {batch['Id']} could not all be read ({batch['half_read']})"
        for batch in batches
        if batch.get("half_read")
    ]
    problems += list(_odd(batches, lines))
    known = {batch["Id"] for batch in batches}
    summarised = {row["Id"] for row in summaries} | {line["Id"] for line in lines}
    problems += [
        f"the lines of batch {id_} have not been fetched" for id_ in sorted(known - summarised)
    ]
    figures = tuple(_figures(batches, summaries, lines, conventions))
    proof = Proof(payout, figures, tuple(problems))
    if proof.holds or problems:
        return proof
    return Proof(payout, figures, (), _alternatives(
        batches, summaries, lines, conventions, choices, gross_under
    ))  # fmt: skip


def _alternatives(
    batches: Sequence[Row],
    summaries: Sequence[Row],
    lines: Sequence[Row],
    conventions: Mapping[str, Any],
    choices: Mapping[str, Sequence[str]],
    gross_under: Callable[[Mapping[str, Any], Sequence[Row]], list[Decimal | None]],
) -> tuple[str, ...]:
    """The conventions under which it would agree: two at most, of those that change least."""
    names = list(choices)
    others = [
        dict(zip(names, values, strict=True))
        for values in itertools.product(*(choices[name] for name in names))
    ]

    def changed(other: Mapping[str, Any]) -> list[str]:
        return [f"{name}: {other[name]}" for name in names if conventions.get(name) != other[name]]

    agreeing: list[str] = []
    for _, equally in itertools.groupby(
        sorted(others, key=lambda other: len(changed(other))), lambda other: len(changed(other))
    ):
        for other in equally:
            signed = gross_under(other, lines)
            if any(value is None for value in signed):
                continue
            relined = [{**line, "gross": value} for line, value in zip(lines, signed, strict=True)]
            if all(one.holds for one in _figures(batches, summaries, relined, other)):
                agreeing.append("{" + ", ".join(sorted(changed(other))) + "}")
        if agreeing:
            break  # what changes more explains nothing more
    return tuple(sorted(agreeing)[:2])


def _odd(batches: Sequence[Row], lines: Sequence[Row]) -> Iterable[str]:
    """What no sum can prove: a total that is not there, fractions of an öre, mixed currencies."""
    currencies = {batch["Id"]: batch["CurrencyCode"] for batch in batches}
    for batch in batches:
        if batch["TotalAmount"] is None:
            yield f"Qliro gives no total of batch {batch['Id']} that can be read"
    for line in lines:
        if line["Status"] != "Accepted" or line["Amount"] is None:
            continue
        if line["Amount"] != round(line["Amount"], 2):
            finer = line["Amount"].normalize()
            yield f"line {line['line']} has an amount finer than an öre, {finer}"
        if line["CurrencyCode"] != currencies.get(line["Id"]):
            yield (
                f"line {line['line']} is in {line['CurrencyCode']}, "
                f"its batch in {currencies.get(line['Id'])}"
            )


def _figures(
    batches: Sequence[Row],
    summaries: Sequence[Row],
    lines: Sequence[Row],
    conventions: Mapping[str, Any],
) -> Iterable[Figure]:
    several = len(batches) > 1
    by_batch: dict[Any, list[Row]] = {}
    for line in lines:
        by_batch.setdefault(line["Id"], []).append(line)
    for batch in batches:
        of = f" of batch {batch['Id']}" if several else ""
        mine = by_batch.get(batch["Id"], [])
        accepted = [line for line in mine if line["Status"] == "Accepted"]
        fees = [line for line in accepted if line["Type"] == "Fee"]
        others = [line for line in accepted if line["Type"] != "Fee"]
        paid = accepted if conventions["total"] == "net" else others
        yield Figure(f"TotalAmount{of}", batch["TotalAmount"], _sum(paid, "gross"))
        yield Figure(f"TotalFeeAmount{of}", _abs(batch["TotalFeeAmount"]), abs(_sum(fees, "gross")))
    for summary in summaries:
        of = f" of batch {summary['Id']}" if several else ""
        mine = by_batch.get(summary["Id"], [])
        if summary["part"] in PARTS:
            mine = [line for line in mine if line["Status"] == PARTS[summary["part"]]]
        elif conventions["total_summary"] == "accepted":
            mine = [line for line in mine if line["Status"] == "Accepted"]
        yield from _summary(summary, mine, of)


def _summary(summary: Row, lines: Sequence[Row], of: str) -> Iterable[Figure]:
    fees = [line for line in lines if line["Type"] == "Fee"]
    for kind, mine in (
        ("Debit", [one for one in lines if one["Type"] != "Fee" and one["Action"] == "Debit"]),
        ("Credit", [one for one in lines if one["Type"] != "Fee" and one["Action"] == "Credit"]),
        ("Fee", fees),
    ):
        name = f"{summary['part']} {kind}Transactions"
        total = summary[f"{kind}TransactionsTotalSum"]
        yield Figure(f"{name}TotalSum{of}", _abs(total), abs(_sum(mine, "Amount")))
        yield Figure(f"{name}Count{of}", summary[f"{kind}TransactionsCount"], len(mine))


def interim_balance(
    effects: Iterable[tuple[Any, Decimal]], open_lines: Iterable[tuple[Any, Decimal]]
) -> dict[Any, tuple[Decimal, Decimal]]:
    """For each interim account: what the posted documents leave on it, and what it must hold.

    ``effects`` are (account, debit − credit) of every posted row; ``open_lines`` (account, value)
    of every line that is not booked. A transfer credits what open lines have yet to debit, so the
    balance that must be there is the negative sum of the open lines.
    """
    held: dict[Any, list[Decimal]] = {}
    for account, amount in effects:
        held.setdefault(account, [ZERO, ZERO])[0] += amount
    for account, value in open_lines:
        held.setdefault(account, [ZERO, ZERO])[1] -= value
    return {account: (pair[0], pair[1]) for account, pair in sorted(held.items(), key=_by_account)}


def _sum(lines: Iterable[Row], column: str) -> Decimal:
    return sum((line[column] for line in lines if line[column] is not None), ZERO)


def _abs(value: Decimal | None) -> Decimal | None:
    return None if value is None else abs(value)


def _text(value: Decimal | int | None) -> str:
    return f"{value:.2f}" if isinstance(value, Decimal) else str(value)


def _by_account(held: tuple[Any, Any]) -> tuple[bool, int]:
    """Where an account is missing comes last."""
    return held[0] is None, int(held[0] or 0)
