"""How fast a mapping renders: the default payment against hand-written Python and Jinja2.

All three make the same documents of the same lines (asserted): a payment with its fees written
off, rows with VAT, cost centres by a decision table, checks, two decimals and no more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from benchmarks.figure import Figure
from engine.language.catalogue import catalogue_from_ddl
from engine.language.compile import compile_set
from engine.language.expressions import Expression
from engine.language.filters import FILTERS
from engine.language.load import load_set
from engine.language.program import CompiledMapping, Program
from engine.language.spec import Field
from engine.language.written import written
from engine.merchant.settings import filled, merchant_schema

HOUSE = Path(__file__).resolve().parent.parent
ROUNDS, SECONDS = 7, 0.25
CENT = Decimal("0.01")
Inputs = Mapping[str, Any]

SCHEMA = merchant_schema()
SETTINGS: dict[str, Any] = {
    **filled({}, SCHEMA, SCHEMA, None),
    "payouts": {"key": "Id"},
    "payout_reference_field": "ExternalInvoiceReference1",
    "second_reference_field": "ExternalInvoiceReference2",
    "use_merchant_reference": True,
    "payment_reference_prefix": "Q",
    "accounting_currency": "SEK",
    "interim_accounts": [
        {"method": "INVOICE", "currency": "SEK", "account": 1684},
        {"method": "CARD", "currency": "SEK", "account": 1685},
    ],
    "default_interim_account": 1689,
    "bank_accounts": [{"currency": "SEK", "account": 1930}],
    "accounts": {
        "fee": 6064, "fee_vat": 2641, "fees_pending": 1688, "fees_owed": 2990, "rounding": 3740,
        "currency_gain": 3960, "currency_loss": 7960, "dispute": 1687, "suspense": 2999,
        "debt": 2890,
    },
    "dimensions": [{"country": "SE", "cost_center": "WEB"}],
    "fees": {"mode": "write_off", "vat_tolerance": Decimal("1.00")},
    "conventions": {"amounts": "positive", "debit": "sale", "fee": "minus", "total": "net"},
    "rounding": {"tolerance": Decimal("1.00"), "policy": "post", "totals": "as_seen"},
    "part_payment": "pay",
    "overpayment": "park",
    "dates": {"payment": "transaction", "before_invoice_date": "park", "closed": "park"},
    "negative_payout": "bank",
    "chargeback": "voucher",
    "unknown_payment_method": "park",
    "fx": {"rate": "qliro", "direction": "multiply"},
    "voucher_series": {"fees": "Q", "transfer": "Q", "dispute": "Q"},
}  # fmt: skip


class Books:
    """Books in which every day is open."""

    def next_open_day(self, day: date | None) -> date | None:
        return day

    def is_open(self, day: date | None) -> bool:
        return day is not None

    def financial_year(self, day: date | None) -> int | None:
        return None if day is None else day.year

    def in_closed_year(self, day: date | None) -> bool:
        return False

    def takes_vouchers(self, series: str | None, day: date | None) -> bool:
        return True

    def has_account(self, number: int | None, day: date | None) -> bool:
        return True


def program() -> Program:
    """The default set, compiled for the merchant above."""
    catalogue = catalogue_from_ddl((HOUSE / "engine/store/sql/schema.sql").read_text("utf-8"))
    return compile_set(load_set(HOUSE / "mappings/qliro-fortnox", None, catalogue), SETTINGS)


def lines(compiled: Program, count: int = 200) -> list[dict[str, Any]]:
    """Inputs of the payment: lines of which most have one or two fees, some a rounding."""
    columns = compiled.mapping_set.columns
    own = compiled.mapping_set.entities["qliro.settlement_line"].derive
    blank = dict.fromkeys(c for c in columns["qliro.settlement_line"] if c not in own)
    invoice = dict.fromkeys(columns["fortnox.invoice"])
    books = Books()

    def line(**values: Any) -> dict[str, Any]:
        row = {**blank, "Status": "Accepted", "CurrencyCode": "SEK", "CountryCode": "SE", **values}
        return row | compiled.derive("qliro.settlement_line", row, books)

    result = []
    for i in range(count):
        method = "CARD" if i % 3 else "INVOICE"
        shared = {"PaymentMethodType": method, "BatchDate": date(2026, 11, 2), "payout": "7"}
        amount = Decimal(10_000 + 37 * i).scaleb(-2)
        main = line(
            line=f"L{i}", Type="Transaction", Action="Debit", Amount=amount, OrderId=1000 + i,
            MerchantOrderReference=f"A{i}", TransactionCompletedDate=date(2026, 10, 30), **shared,
        )  # fmt: skip
        fees = [
            line(
                line=f"F{i}.{n}", Type="Fee", Action="Debit", Amount=Decimal("5.00") + n,
                AmountExcludingVat=Decimal("4.00") + n, settles=f"L{i}", **shared,
            )
            for n in range(i % 3)
        ]  # fmt: skip
        difference = Decimal("0.37") if i % 5 == 0 else Decimal(0)
        result.append({
            "line": main, "fees": fees, "books": books, "earlier": 0,
            "invoice": {
                **invoice, "DocumentNumber": str(500 + i), "InvoiceDate": date(2026, 10, 20),
                "Total": amount, "Booked": True, "Cancelled": False, "Currency": "SEK",
            },
            "match": {
                "invoice": {"rest": Decimal(0), "difference": difference, "outcome": "exact"}
            },
        })  # fmt: skip
    return result


# By hand ------------------------------------------------------------------------------------------
_exact = Context(prec=28, traps=[Inexact]).quantize
_half_up = Context(prec=28, rounding=ROUND_HALF_UP).quantize


def _money(value: Decimal) -> Decimal:
    return _exact(value, CENT)


def _account(value: int) -> int:
    if type(value) is not int or not 1000 <= value <= 9999:
        raise ValueError(f"{value} is no account")
    return value


def _dimensions(country: str | None) -> tuple[str | None, str | None]:
    for row in SETTINGS["dimensions"]:
        if "country" not in row or row["country"] == country:
            return row.get("cost_center"), row.get("project")
    return None, None


def by_hand(  # noqa: PLR0912, PLR0915 — one case after the other is how one would write it
    inputs: Inputs,
) -> tuple[dict[str, Any], list[str], dict[str, Any], list[str]]:
    """The payment as one would write it for this merchant: document, covers, identity, failures."""
    settings = SETTINGS
    accounts = settings["accounts"]
    line, invoice, books = inputs["line"], inputs["invoice"], inputs["books"]
    rest = inputs["match"]["invoice"]["rest"]
    difference = inputs["match"]["invoice"]["difference"]
    currency = line["CurrencyCode"]
    failures = []
    if line["gross"] == 0:
        failures.append("the line has no amount, so there is nothing to pay")
    if line["rate"] is None:
        failures.append(f"there is no rate from {currency} to SEK")
    if line["interim"] is None:
        failures.append(f"no interim account is declared for {line['method']} in {currency}")
    if not line["method_is_known"] and settings["unknown_payment_method"] != "default":
        failures.append(f"the payment method {line['method']} is not declared")
    wanted = line["BatchDate"]
    fees = inputs["fees"]
    cost = sum([fee["cost"] for fee in fees])
    if settings["fees"]["mode"] != "write_off" or cost > abs(line["gross"]):
        fees, cost = [], 0
    if settings["dates"]["payment"] == "transaction":
        completed = line["TransactionCompletedDate"]
        wanted = completed if completed is not None else wanted
    if line["interim"] is not None and not books.has_account(line["interim"], wanted):
        failures.append(f"the interim account {line['interim']} is not in Fortnox's accounts")
    if fees and not books.has_account(accounts["fee"], wanted):
        failures.append(f"the account for fees {accounts['fee']} is not in Fortnox's accounts")
    issued = invoice["InvoiceDate"]
    if wanted < issued and settings["dates"]["before_invoice_date"] != "invoice_date":
        failures.append(f"the payment date {wanted} lies before the invoice date {issued}")
    if books.in_closed_year(issued):
        failures.append(f"invoice {invoice['DocumentNumber']} of {issued} lies in a closed year")
    day = max(wanted, issued)
    if settings["dates"]["closed"] == "next_open_day":
        day = books.next_open_day(day)
    if day is None or not books.is_open(day):
        failures.append(f"{day} lies in a locked period or in a year that Fortnox does not have")
    if failures:
        return {}, [line["line"]], {}, failures
    foreign = currency != settings["accounting_currency"]
    paid = line["gross"] - rest
    if rest:
        amount = _half_up((paid - cost) * line["rate"], CENT)
    else:
        amount = line["value"] + sum([fee["value"] for fee in fees])
    document: dict[str, Any] = {
        "InvoiceNumber": int(invoice["DocumentNumber"]),
        "PaymentDate": day.isoformat(),
        "ModeOfPaymentAccount": _account(line["interim"]),
        "Amount": _money(amount),
    }
    if foreign:
        document["AmountCurrency"] = _money(paid - cost)
        document["CurrencyRate"] = line["rate"]
    write_offs = document["WriteOffs"] = []
    for fee in fees:
        if fee["net"] != 0:
            row = {"AccountNumber": accounts["fee"], "Amount": _money(fee["net"])}
            if foreign:
                row["Currency"] = currency
            cost_center, project = _dimensions(line["CountryCode"])
            if cost_center is not None:
                row["CostCenter"] = cost_center
            if project is not None:
                row["Project"] = project
            write_offs.append(row)
    for fee in fees:
        if fee["vat"] != 0:
            row = {"AccountNumber": accounts["fee_vat"], "Amount": _money(fee["vat"])}
            if foreign:
                row["Currency"] = currency
            write_offs.append(row)
    if difference != 0:
        row = {"AccountNumber": accounts["rounding"], "Amount": _money(difference)}
        if foreign:
            row["Currency"] = currency
        write_offs.append(row)
    total = document["Amount"] + sum([row["Amount"] for row in write_offs])
    if not foreign and total != paid + difference:
        failures.append("amount and write-offs do not add up to the line")
    agree = {
        "InvoiceNumber": document["InvoiceNumber"],
        "PaymentDate": document["PaymentDate"],
        "Amount": document["Amount"],
        "ModeOfPaymentAccount": document["ModeOfPaymentAccount"],
    }
    identity = {"ask": {"invoicenumber": document["InvoiceNumber"]}, "agree": agree}
    return document, [line["line"], *[fee["line"] for fee in fees]], identity, failures


# Jinja2, field by field ---------------------------------------------------------------------------
def by_jinja(mapping: CompiledMapping, compiled: Program) -> Callable[[Inputs], dict[str, Any]]:
    """The document by Jinja2's own engine: each field, condition and named value by itself."""
    environment = Environment(undefined=StrictUndefined)  # noqa: S701 — values, not pages
    environment.filters |= {name: f.run for name, f in FILTERS.items()}
    tables = {name: _called(compiled, name) for name in compiled.tables}
    shared = {"settings": SETTINGS, "tables": tables}

    def made(expression: Expression) -> Callable[..., Any]:
        return environment.compile_expression(written(expression.node), undefined_to_none=False)

    lets = {name: made(e) for name, e in _ordered(mapping.spec.lets).items()}

    def field_of(field: Field) -> Callable[[dict[str, Any]], tuple[bool, Any]]:
        when = made(field.when) if field.when else None
        assert field.value is not None  # noqa: S101 — rows are made below
        value = made(field.value)
        return lambda names: (when is None or bool(when(names)), value)

    fields = {f.name: field_of(f) for f in mapping.spec.document if f.value is not None}
    rows = [
        (
            row.alias,
            made(row.each) if row.each else None,
            made(row.when) if row.when else None,
            {f.name: field_of(f) for f in row.fields},
        )
        for field in mapping.spec.document
        for row in field.rows
    ]

    def filled(makers: Mapping[str, Any], names: dict[str, Any]) -> dict[str, Any]:
        result = {}
        for name, maker in makers.items():
            there, value = maker(names)
            if there:
                result[name] = value(names)
        return result

    def document(inputs: Inputs) -> dict[str, Any]:
        names = {**shared, **inputs}
        for name, let in lets.items():
            names[name] = let(names)
        result = filled(fields, names)
        result["InvoiceNumber"] = int(result["InvoiceNumber"])
        result["PaymentDate"] = result["PaymentDate"].isoformat()
        offs = result["WriteOffs"] = []
        for alias, each, when, makers in rows:
            for one in each(names) if each else [None]:
                inner = {**names, alias: one} if alias else names
                if when is None or when(inner):
                    offs.append(filled(makers, inner))
        return result

    return document


def _called(compiled: Program, name: str) -> Callable[..., dict[str, Any]]:
    table = compiled.tables[name]
    order = list(compiled.mapping_set.tables[name].inputs)

    def call(**given: Any) -> dict[str, Any]:
        key = tuple(given[k] for k in order)
        return table.remembered.get(key) or table.find(key)

    return call


def _ordered(lets: Mapping[str, Expression]) -> dict[str, Expression]:
    done: dict[str, Expression] = {}
    while len(done) < len(lets):
        for name, expression in lets.items():
            others = [n for n in lets if n not in done and n != name]
            if name not in done and not any(n in _names(expression) for n in others):
                done[name] = expression
    return done


def _names(expression: Expression) -> set[str]:
    return {n.name for n in expression.node.find_all(_NAME)} | {
        getattr(expression.node, "name", "")
    }


from jinja2.nodes import Name as _NAME  # noqa: E402, N814


# Measuring ----------------------------------------------------------------------------------------
def rates(makers: Sequence[Callable[[Inputs], Any]], inputs: Sequence[Inputs]) -> list[float]:
    """Documents a second of each, the best of several turns in which they alternate."""
    best = [0.0] * len(makers)
    for _round in range(ROUNDS):
        for index, make in enumerate(makers):
            count, start = 0, time.perf_counter()
            while (spent := time.perf_counter() - start) < SECONDS / len(makers):
                for one in inputs:
                    make(one)
                count += len(inputs)
            best[index] = max(best[index], count / spent)
    return best


def run() -> list[Figure]:
    """The figures of the mapping language."""
    compiled = program()
    mapping = compiled.mappings["payment"]
    inputs = lines(compiled)
    jinja = by_jinja(mapping, compiled)
    for one in inputs:
        rendered = mapping.render(one)
        document, covers, identity, failures = by_hand(one)
        same = (rendered.document, rendered.covers, list(rendered.failures))
        assert same == (document, covers, failures), (same, document)  # noqa: S101 — the same work
        assert rendered.identity["agree"] == identity["agree"]  # noqa: S101 — likewise
        assert jinja(one) == document, (jinja(one), document)  # noqa: S101 — likewise
    ours, hand, slow = rates([mapping.render, by_hand, jinja], inputs)
    shown = f"{ours:,.0f} documents/s"
    return [
        Figure(
            "mapping against hand-written Python", shown, f"{hand:,.0f} documents/s",
            ours / hand, "at least 0.6", ours / hand >= 0.6,
        ),
        Figure(
            "mapping against Jinja2 field by field", shown, f"{slow:,.0f} documents/s",
            ours / slow, "at least 25", ours / slow >= 25,
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value}, {figure.yardstick}: {figure.ratio:.2f}")
