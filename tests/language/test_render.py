"""What the default set makes of lines and payouts, and how a mapping is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.mapping import lines
from engine.errors import ItemError
from engine.language.compile import compile_set
from engine.language.load import load_set
from engine.language.program import Program

from .kit import (
    BOOKS,
    CATALOGUE,
    HOUSE,
    LINE,
    PAYMENT,
    SETTINGS,
    failure,
    findings,
    program,
    render,
)

LOADED = load_set(HOUSE / "mappings/qliro-fortnox", None, CATALOGUE)


def compiled(**changes: Any) -> Program:
    merged: dict[str, Any] = dict(SETTINGS)
    for name, value in changes.items():
        merged[name] = {**merged[name], **value} if isinstance(value, dict) else value
    return compile_set(LOADED, merged)


DEFAULT = compiled()


def line(program: Program = DEFAULT, **values: Any) -> dict[str, Any]:
    """A settlement line with its derived columns."""
    columns = [
        c for c in LOADED.columns["qliro.settlement_line"]
        if c not in LOADED.entities["qliro.settlement_line"].derive
    ]  # fmt: skip
    row = {
        **dict.fromkeys(columns), "line": "L1", "Status": "Accepted", "Type": "Transaction",
        "Action": "Debit", "Amount": Decimal("100.0000"), "CurrencyCode": "SEK", "OrderId": 12,
        "MerchantOrderReference": "A1", "PaymentMethodType": "CARD", "CountryCode": "SE",
        "BatchDate": date(2026, 11, 2), "payout": "7", **values,
    }  # fmt: skip
    return row | program.derive("qliro.settlement_line", row, BOOKS)


def fee(program: Program = DEFAULT, **values: Any) -> dict[str, Any]:
    given = {"line": "F1", "Type": "Fee", "Amount": Decimal("5.00"), "settles": "L1"}
    return line(program, **given | {"AmountExcludingVat": Decimal("4.00")} | values)


def inputs(
    main: Mapping[str, Any], *fees: Mapping[str, Any], rest: str = "0", difference: str = "0",
    **invoice: Any,
) -> dict[str, Any]:  # fmt: skip
    columns = dict.fromkeys(LOADED.columns["fortnox.invoice"])
    found = {"DocumentNumber": "55", "InvoiceDate": date(2026, 10, 20), **invoice}
    result = {"rest": Decimal(rest), "difference": Decimal(difference), "outcome": "exact"}
    return {
        "line": main, "fees": list(fees), "books": BOOKS, "earlier": 0,
        "invoice": columns | found, "match": {"invoice": result}, "payment": result,
    }  # fmt: skip


def test_a_sale_with_a_fee_is_its_amount_less_the_fee_and_write_offs() -> None:
    rendered = DEFAULT.mappings["payment"].render(inputs(line(), fee()))
    assert rendered.document == {
        "InvoiceNumber": 55,
        "PaymentDate": "2026-11-02",
        "ModeOfPaymentAccount": 1685,
        "Amount": Decimal("95.00"),
        "WriteOffs": [
            {"AccountNumber": 6064, "Amount": Decimal("4.00"), "CostCenter": "WEB"},
            {"AccountNumber": 2641, "Amount": Decimal("1.00")},
        ],
    }
    assert rendered.covers == ["L1", "F1"]
    assert rendered.identity["ask"] == {"invoicenumber": 55}
    assert rendered.failures == ()


def test_a_refund_with_a_fee_is_paid_out_with_the_fee_on_top() -> None:
    main = line(Action="Credit", Amount=Decimal("200"))
    rendered = DEFAULT.mappings["payment"].render(inputs(main, fee(AmountExcludingVat=None)))
    assert rendered.document is not None
    assert rendered.document["Amount"] == Decimal("-205.00")
    assert [row["Amount"] for row in rendered.document["WriteOffs"]] == [Decimal("5.00")]


def test_a_fee_above_its_line_is_left_to_the_fee_voucher() -> None:
    rendered = DEFAULT.mappings["payment"].render(inputs(line(), fee(Amount=Decimal("100.01"))))
    assert rendered.document is not None
    assert rendered.document["WriteOffs"] == []
    assert rendered.covers == ["L1"]


def test_a_foreign_line_carries_its_currency_and_rate() -> None:
    program = compiled(unknown_payment_method="default")
    main = line(program, CurrencyCode="EUR", FxRate=Decimal("11.5"))
    rendered = program.mappings["payment"].render(inputs(main, difference="0.5"))
    assert rendered.document is not None
    assert rendered.document["AmountCurrency"] == Decimal("100.00")
    assert rendered.document["CurrencyRate"] == Decimal("11.5")
    assert rendered.document["Amount"] == Decimal("1150.00")
    assert rendered.document["WriteOffs"] == [
        {"AccountNumber": 3740, "Amount": Decimal("0.50"), "Currency": "EUR"}
    ]


def test_every_check_that_does_not_hold_is_told_and_the_fees_share_their_lines_fate() -> None:
    main = line(CurrencyCode="EUR", PaymentMethodType="SWISH", TransactionCompletedDate=None)
    rendered = DEFAULT.mappings["payment"].render(
        inputs(main, fee(CurrencyCode="EUR"), InvoiceDate=date(2026, 12, 1))
    )
    assert rendered.document is None
    assert [f.because for f in rendered.failures] == [
        "there is no rate from EUR to SEK",
        "the payment method SWISH is not declared",
        "the payment date 2026-11-02 lies before the invoice date 2026-12-01",
    ]
    assert {f.state for f in rendered.failures} == {"park"}
    assert str(rendered.failures[0].place).split("/")[-1].startswith("payment.yaml:")
    assert rendered.covers == ["L1", "F1"]


def test_an_error_after_a_failed_check_does_not_hide_the_check() -> None:
    rendered = DEFAULT.mappings["payment"].render(inputs(line(settled_before=6), InvoiceDate=None))
    assert rendered.failures[0].because == (
        "the same transaction was settled in batch 6, so this would pay it twice"
    )


def test_a_derived_value_that_lacks_its_input_is_null() -> None:
    derived = line(Amount=None, CurrencyCode="EUR")
    assert derived["gross"] is None
    assert derived["value"] is None
    assert derived["rate"] is None


def test_an_unknown_action_stops_its_line_with_the_tables_words() -> None:
    with pytest.raises(ItemError) as caught:
        line(Action="Adjust")
    assert "tables.signs: the action Adjust of a Transaction is not known (line L1)" in str(
        caught.value
    )


def test_a_warning_is_told_and_not_in_the_way() -> None:
    program = compiled(unknown_payment_method="default")
    main = line(program, PaymentMethodType="SWISH")
    rendered = program.mappings["payment"].render(inputs(main))
    assert rendered.document is not None
    assert [w.because for w in rendered.warnings] == [
        "the payment method SWISH is not declared; the default account 1689 is used: add it to "
        "interim_accounts"
    ]


def payout(*rows: Mapping[str, Any], **values: Any) -> dict[str, Any]:
    columns = dict.fromkeys(LOADED.columns["qliro.payout"])
    found = {"payout": "7", "BatchDate": date(2026, 11, 2), "CurrencyCode": "SEK", **values}
    return {
        "payout": columns | found, "lines": list(rows), "books": BOOKS, "earlier": 0,
        "fees": [row for row in rows if row["Type"] == "Fee"],
    }  # fmt: skip


def test_the_transfer_moves_each_interim_account_to_the_bank() -> None:
    given = payout(line(), line(line="L2", PaymentMethodType="INVOICE"), fee())
    transfer = DEFAULT.mappings["transfer"]
    assert transfer.applies(given)
    rendered = transfer.render(given)
    assert rendered.document is not None
    assert rendered.document["Description"] == "Qliro utbetalning 2026-11-02 Q7"
    assert rendered.document["VoucherRows"] == [
        {"Account": 1930, "Debit": Decimal("195.00"), "Credit": Decimal("0.00")},
        {"Account": 1685, "Debit": Decimal("0.00"), "Credit": Decimal("95.00"),
         "TransactionInformation": "2 rader"},
        {"Account": 1684, "Debit": Decimal("0.00"), "Credit": Decimal("100.00"),
         "TransactionInformation": "1 rad"},
    ]  # fmt: skip
    assert rendered.moves == ["L1", "L2", "F1"]
    assert transfer.after(given) == {"proof": "7"}


def test_a_later_transfer_says_which_it_is() -> None:
    given = {**payout(line()), "earlier": 2}
    document = DEFAULT.mappings["transfer"].render(given).document
    assert document is not None
    assert document["Description"] == "Qliro utbetalning 2026-11-02 Q7 tillägg 2"


def test_a_bank_account_that_nobody_declared_is_missed_only_when_it_is_needed() -> None:
    opposite = line(line="L2", Action="Credit", PaymentMethodType="INVOICE")
    program = compiled(bank_accounts=[])
    rendered = program.mappings["transfer"].render(payout(line(), opposite))
    assert rendered.document is not None
    with pytest.raises(ItemError, match="no bank account is declared for SEK"):
        program.mappings["transfer"].render(payout(line()))


def test_fees_that_are_pending_go_to_their_account() -> None:
    program = compiled(fees={"mode": "none"})
    document = program.mappings["fees"].render(payout(line(program), fee(program))).document
    assert document is not None
    assert document["VoucherRows"][0] == {
        "Account": 1688, "Debit": Decimal("5.00"), "Credit": Decimal("0.00")
    }  # fmt: skip


def test_settings_decide_the_words_of_a_match() -> None:
    match = compiled(part_payment="park").mappings["payment"].match["invoice"]
    assert match.outcome["less"] == "park"
    by_reference = next(one for one in match.steps if one.spec.name == "payout reference")
    assert by_reference.field == "ExternalInvoiceReference1"
    assert match.tolerance == Decimal("1.00")
    told = [one.because({"it": {"Currency": None, "Total": None}, "line": line()})
            for one in match.require if "it is in" in str(one.spec.because)]  # fmt: skip
    (because,) = told
    assert because == "it is in (null), the line in SEK"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    one=st.sampled_from(lines(DEFAULT, 15)),
    rest=st.decimals(min_value=0, max_value=50, places=2),
    amount=st.none() | st.decimals(min_value=-50, max_value=50, places=2),
    mode=st.sampled_from(["write_off", "voucher", "none"]),
)
def test_a_traced_document_is_the_document(
    one: dict[str, Any], rest: Decimal, amount: Decimal | None, mode: str
) -> None:
    mapping = PROGRAMS[mode].mappings["payment"]
    match = {"invoice": {**one["match"]["invoice"], "rest": rest}}
    given = {**one, "match": match, "line": {**one["line"], "value": amount}}
    assert _told(mapping, given, traced=False) == _told(mapping, given, traced=True)


PROGRAMS = {mode: compiled(fees={"mode": mode}) for mode in ("write_off", "voucher", "none")}


def _told(mapping: Any, given: dict[str, Any], *, traced: bool) -> Any:
    """All but the trace, and how old a payment of others may be, which only a trace says."""
    try:
        made = mapping.render(given, traced=traced)
        identity = {key: one for key, one in made.identity.items() if key != "since"}
        return made._replace(trace=None, identity=identity)
    except ItemError as error:
        return str(error)


def test_the_trace_holds_named_values_and_the_rows_that_decided() -> None:
    rendered = DEFAULT.mappings["payment"].render(inputs(line(), fee()), traced=True)
    assert rendered.trace is not None
    assert rendered.trace.lets["paid"] == Decimal("100.0000")
    tables = {hit.table: hit for hit in rendered.trace.tables}
    assert str(tables["dimensions"].place) == "settings.dimensions.0"
    assert tables["payment_methods"].row == "otherwise"
    _derived, hits = DEFAULT.trace_derive("qliro.settlement_line", line(), BOOKS)
    assert [hit.table for hit in hits] == ["signs", "interim_accounts"]


def test_a_third_decimal_is_refused_and_not_rounded_away() -> None:
    assert failure(PAYMENT, line={**LINE, "Amount": Decimal("1.005")}) == (
        "a.yaml:9:11: payment, document.Amount: 1.005 has more than two decimals (line L1). "
        "Write | round(2)."
    )


def test_a_text_that_is_too_long_or_has_a_forbidden_character_is_refused() -> None:
    voucher = PAYMENT.replace("fortnox.invoice_payment", "fortnox.voucher")
    fields = (
        'document:\n  Description: "{{ line.Type }}"\n  TransactionDate: "2026-11-02"\n'
        "  VoucherSeries: A\n  Year: 3\n  VoucherRows:\n"
        "    - {id: r1, Account: 1930, Debit: 1, Credit: 0}\n"
        "    - {id: r2, Account: 1684, Debit: 0, Credit: 1}\n"
        "identity:\n  ask: {series: A}\n  agree: [Description]\n"
    )
    text = voucher[: voucher.index("document:")] + fields
    assert failure(text, line={**LINE, "Type": "a <b>"}) == (
        "a.yaml:6:16: payment, document.Description: Fortnox refuses the character '<' in it; "
        "use | fortnox_text (line L1)."
    )
    assert failure(text, line={**LINE, "Type": "x" * 201}).endswith(
        "has 201 characters, the field takes 200 (line L1)."
    )
    fewer = text.replace("    - {id: r2, Account: 1684, Debit: 0, Credit: 1}\n", "")
    assert "VoucherRows has 1 row, the target takes no less than 2" in failure(fewer)


def test_a_postal_code_stays_text_and_digits_become_a_number_where_one_is_wanted() -> None:
    text = PAYMENT.replace("InvoiceNumber: 5", 'InvoiceNumber: "{{ line.chosen_invoice }}"')
    row = "{id: rounding, AccountNumber: 3740, Amount: 1, Project: '01234'}"
    rows = f"  WriteOffs:\n    - {row}\nidentity:"
    text = text.replace("identity:", rows, 1)
    document = render(text, line={**LINE, "chosen_invoice": "0077"}).document
    assert document is not None
    assert document["InvoiceNumber"] == 77
    assert document["WriteOffs"][0]["Project"] == "01234"


def test_an_optional_field_is_left_out_and_null_to_later_checks() -> None:
    text = PAYMENT.replace(
        "identity:",
        "  CurrencyRate: {when: line.CurrencyCode != 'SEK', value: \"{{ line.Amount }}\"}\n"
        "checks:\n  - {id: home, that: document.CurrencyRate is none, or: wait, because: foreign}\n"
        "identity:",
    )
    assert "CurrencyRate" not in (render(text).document or {})
    failures = render(text, line={**LINE, "CurrencyCode": "EUR"}).failures
    assert [(f.state, f.because) for f in failures] == [("wait", "foreign")]


def test_a_named_value_is_not_evaluated_when_nothing_needs_it() -> None:
    text = PAYMENT.replace(
        "document:", 'let: {rate: "{{ line.VatRate * 2 }}"}\ndocument:', 1
    ).replace("{{ line.Amount }}", "{{ rate if line.VatRate is not none else line.Amount }}")
    rendered = render(text)
    assert rendered.document is not None
    assert rendered.document["Amount"] == Decimal("100.00")
    assert rendered.trace is not None
    assert rendered.trace.lets == {}


def test_groups_come_in_the_order_of_their_first_item() -> None:
    text = PAYMENT.replace(
        "source: {line: qliro.settlement_line}",
        "source: {line: qliro.settlement_line}\n"
        "related: {fees: {from: qliro.settlement_line, on: {settles: line.line}}}",
    ).replace(
        "identity:",
        "  WriteOffs:\n    - id: r6\n      each: {fee: fees}\n      group: fee.CountryCode\n"
        "      AccountNumber: 6064\n      Amount: \"{{ rows | sum('Amount') }}\"\n"
        '      Description: "{{ group }}"\nidentity:',
        1,
    )
    fees = [{"CountryCode": c, "Amount": Decimal(n)} for n, c in enumerate(["SE", "NO", "SE"])]
    document = render(text, fees=fees).document
    assert document is not None
    assert [(r["Description"], r["Amount"]) for r in document["WriteOffs"]] == [
        ("SE", Decimal("2.00")), ("NO", Decimal("1.00")),
    ]  # fmt: skip


NOTHING = 'nothing: {when: line.Amount == 0, because: "{{ line.Type }} of nothing"}\n'


def test_what_comes_to_nothing_is_said_before_anything_is_looked_up() -> None:
    mapping = program(PAYMENT + NOTHING).mappings["payment"]
    given = {"line": LINE, "books": BOOKS, "earlier": 0}
    assert mapping.nothing(given) is None
    given["line"] = {**LINE, "Amount": Decimal(0)}
    assert mapping.nothing(given) == "Transaction of nothing"
    given["line"] = {**LINE, "Amount": None}
    assert mapping.nothing(given) is None


def test_nothing_sees_what_when_sees() -> None:
    """Not what it would be matched with: that is not looked for."""
    step = "{id: number, name: number, field: DocumentNumber, keys: [X]}"
    match = f"match:\n  invoice: {{from: fortnox.invoice, steps: [{step}]}}\n"
    (told,) = findings(PAYMENT + match + NOTHING.replace("line.Amount", "invoice.Total"))
    assert "there is no 'invoice' here" in told
