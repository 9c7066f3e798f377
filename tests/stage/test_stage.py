"""Raw answers become tables: all spellings, the latest answer, what is lost is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.extract.raw import Call, keep
from engine.stage.staging import stage
from engine.store.database import Store, in_memory
from engine.transport.http import Answer

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
LINES = "/v2/settlements/GetSettlementsByBatchId"
CONTRACTS = Path(__file__).parents[3] / "shared" / "contracts"


@pytest.fixture
def store() -> Store:
    """An empty database."""
    return in_memory()


@pytest.fixture
def answered(store: Store) -> Callable[..., None]:
    """Keeps an answer: ``answered(path, body, Id=7)``; a body that is no text becomes JSON."""

    def answer(path: str, body: object, **query: object) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        call = Call(path, tuple((name, str(value)) for name, value in query.items()))
        keep(store, [(call, Answer(200, text, NOW))], origin="test", key=b"key")

    return answer


def row(**more: object) -> dict[str, object]:
    return {
        "PaymentTransactionId": 5,
        "OrderId": 9,
        "MerchantOrderReference": "S-1",
        "Action": "Debit",
        "Type": "Transaction",
        "CurrencyCode": "SEK",
        "Amount": 100.5,
    } | more


def lines(store: Store) -> list[dict[str, Any]]:
    return store.rows("SELECT * FROM qliro.settlement_line ORDER BY Id, position, line")


def test_enums_are_read_as_names_and_as_numbers_and_unknown_ones_stay(
    store: Store, answered: Callable[..., None]
) -> None:
    rows = [
        row(Action=0, Type=0),
        row(Action=1, Type=1),
        row(Action="Debit", Type=2),
        row(Action=7, Type="Reserve"),
    ]
    answered(LINES, {"Settlements": rows}, Id=7)
    stage(store)
    assert [(line["Action"], line["Type"]) for line in lines(store)] == [
        ("Debit", "Transaction"),
        ("Credit", "Fee"),
        ("Debit", "Chargeback"),
        ("7", "Reserve"),
    ]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2021/01/15", date(2021, 1, 15)),
        ("2021-01-15", date(2021, 1, 15)),
        ("2021-01-15T23:30:00", date(2021, 1, 15)),
        ("2021-01-15T23:30:00.000+00:00", date(2021, 1, 16)),
        ("2021-06-15T22:30:00Z", date(2021, 6, 16)),
        ("2021-06-15T00:30:00+02:00", date(2021, 6, 15)),
        ("2021-06-15T00:30:00-02:00", date(2021, 6, 15)),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_dates_are_days_in_stockholm(
    store: Store, answered: Callable[..., None], text: str | None, day: date | None
) -> None:
    answered(LINES, {"Settlements": [row(TransactionCompletedDate=text)]}, Id=7)
    stage(store)
    assert lines(store)[0]["TransactionCompletedDate"] == day


def test_lines_of_all_three_lists_have_their_status_and_place(
    store: Store, answered: Callable[..., None]
) -> None:
    body = {
        "Settlements": [row(), row(PaymentTransactionId=6)],
        "PendingSettlements": [row(PaymentTransactionId=7)],
        "RejectedSettlements": [row(PaymentTransactionId=8)],
        "FutureField": "tolerated",
    }
    answered(LINES, body, Id=7)
    report = stage(store)
    assert [(line["position"], line["Status"]) for line in lines(store)] == [
        (1, "Accepted"),
        (2, "Accepted"),
        (3, "Pending"),
        (4, "Rejected"),
    ]
    assert (report.answers, report.lines, report.problems) == (1, 4, ())


def test_a_line_keeps_its_id_when_it_is_accepted_and_when_rows_change_places(
    store: Store, answered: Callable[..., None]
) -> None:
    pending = row()
    del pending["OrderId"]
    other = row(PaymentTransactionId=6)
    answered(LINES, {"Settlements": [other], "PendingSettlements": [pending]}, Id=7)
    stage(store)
    before = {line["PaymentTransactionId"]: line["line"] for line in lines(store)}
    answered(LINES, {"Settlements": [row(), other], "PendingSettlements": []}, Id=7)
    stage(store)
    assert {line["PaymentTransactionId"]: line["line"] for line in lines(store)} == before
    assert {line["Status"] for line in lines(store)} == {"Accepted"}


def test_identical_lines_are_told_apart_and_keep_their_ids(
    store: Store, answered: Callable[..., None]
) -> None:
    twins = [row(), row(), row(AmountExcludingVat=80)]
    answered(LINES, {"Settlements": twins}, Id=7)
    stage(store)
    before = {(line["line"], line["AmountExcludingVat"]) for line in lines(store)}
    assert len({line for line, _ in before}) == 3
    answered(LINES, {"Settlements": twins[::-1]}, Id=7)
    stage(store)
    assert {(line["line"], line["AmountExcludingVat"]) for line in lines(store)} == before


def test_lump_fees_without_a_transaction_are_told_by_their_reference(
    store: Store, answered: Callable[..., None]
) -> None:
    fee = row(PaymentTransactionId=None, Type="Fee")
    answered(LINES, {"Settlements": [fee | {"MerchantOrderReference": "B"}]}, Id=7)
    stage(store)
    first = lines(store)[0]["line"]
    more = [fee | {"MerchantOrderReference": name} for name in ("A", "B")]
    answered(LINES, {"Settlements": more}, Id=7)
    stage(store)
    ids = {line["MerchantOrderReference"]: line["line"] for line in lines(store)}
    assert ids["B"] == first != ids["A"]


def test_a_line_that_is_gone_stays_as_vanished_and_may_come_back(
    store: Store, answered: Callable[..., None]
) -> None:
    both = {"Settlements": [row(), row(PaymentTransactionId=6)]}
    answered(LINES, both, Id=7)
    answered(LINES, both, Id=8)
    stage(store)
    answered(LINES, {"Settlements": [row()]}, Id=7)
    stage(store)
    state = "SELECT Id, PaymentTransactionId AS t, vanished FROM qliro.settlement_line ORDER BY ALL"
    gone = [tuple(line.values()) for line in store.rows(state)]
    assert gone == [(7, 5, False), (7, 6, True), (8, 5, False), (8, 6, False)]
    answered(LINES, {"Settlements": []}, Id=7)
    stage(store)
    assert [line["vanished"] for line in lines(store)] == [True, True, False, False]
    answered(LINES, both, Id=7)
    stage(store)
    assert not any(line["vanished"] for line in lines(store))


def test_staging_at_once_gives_what_staging_each_answer_gives(store: Store) -> None:
    bodies = [
        {"Settlements": [row(), row(PaymentTransactionId=6)]},
        {"Settlements": [row(), row(), row(PaymentTransactionId=8)]},
        {"Settlements": [row()], "PendingSettlements": [row(PaymentTransactionId=8)]},
    ]
    each, once = store, in_memory()
    for body in bodies:
        answer = (Call(LINES, (("Id", "7"),)), Answer(200, json.dumps(body), NOW))
        for one in (each, once):
            keep(one, [answer], origin="test", key=b"key")
        stage(each)
    stage(once)
    assert lines(each) == lines(once)


@pytest.mark.parametrize("amount", [None, "a lot", {"value": 3}, [], "missing"])
def test_a_line_without_a_readable_amount_stays_and_is_reported(
    store: Store, answered: Callable[..., None], amount: object
) -> None:
    bad = row(PaymentTransactionId=6, Amount=amount)
    if amount == "missing":
        del bad["Amount"]
    answered(LINES, {"Settlements": [row(), bad]}, Id=7)
    report = stage(store)
    assert [line["Amount"] for line in lines(store)] == [Decimal("100.5"), None]
    assert lines(store)[1]["PaymentTransactionId"] == 6
    assert {problem.code for problem in report.problems} == {
        "line-without-amount",
        "unreadable-answer",
    }


def test_a_row_that_is_no_object_is_a_line_all_the_same(
    store: Store, answered: Callable[..., None]
) -> None:
    answered(LINES, {"Settlements": [row(), None, "x"]}, Id=7)
    report = stage(store)
    assert len(lines(store)) == 3
    assert {problem.code for problem in report.problems} >= {"line-without-amount"}


def test_fractions_of_an_ore_are_kept_and_reported(
    store: Store, answered: Callable[..., None]
) -> None:
    answered(LINES, '{"Settlements": [{"Amount": 10.125}]}', Id=7)
    report = stage(store)
    assert lines(store)[0]["Amount"] == Decimal("10.125")
    assert [(p.code, p.severity) for p in report.problems] == [("fraction-of-an-ore", "warning")]


def test_amounts_keep_every_digit_as_numbers_and_as_text(
    store: Store, answered: Callable[..., None]
) -> None:
    body = '{"Settlements": [{"Amount": 1234567890.12}, {"Amount": "0.10", "FxRate": 0.087654}]}'
    answered(LINES, body, Id=7)
    stage(store)
    assert [line["Amount"] for line in lines(store)] == [Decimal("1234567890.12"), Decimal("0.10")]
    assert lines(store)[1]["FxRate"] == Decimal("0.087654")


@pytest.mark.parametrize("body", ["", "<html>", '{"Settlements": [{"Am', "[]", "null", "5"])
def test_what_is_no_answer_at_all_is_reported_and_the_rest_is_staged(
    store: Store, answered: Callable[..., None], body: str
) -> None:
    answered(LINES, body, Id=7)
    answered(LINES, {"Settlements": [row()]}, Id=8)
    report = stage(store)
    assert [line["Id"] for line in lines(store)] == [8]
    assert [problem.code for problem in report.problems] == ["unreadable-answer"]
    assert "Id=7" in str(report.problems[0])


def test_an_unreadable_answer_makes_no_line_vanish(
    store: Store, answered: Callable[..., None]
) -> None:
    answered(LINES, {"Settlements": [row()]}, Id=7)
    answered(LINES, "{", Id=7)
    stage(store)
    assert [line["vanished"] for line in lines(store)] == [False]


def test_settlements_that_are_not_by_batch_are_kept_and_said(
    store: Store, answered: Callable[..., None]
) -> None:
    answered("/checkout/adminapi/v2/settlements", {"Settlements": [row()]}, FromDate="2026/01/01")
    report = stage(store)
    assert [problem.code for problem in report.problems] == ["not-by-batch"]


def test_summaries_are_those_of_the_last_answer(
    store: Store, answered: Callable[..., None]
) -> None:
    for count in (1, 2):
        summary = {"DebitTransactionsTotalSum": 10.5, "DebitTransactionsCount": count}
        body = {"Settlements": [], "TotalSummary": summary, "SettlementTransactionSummary": None}
        answered(LINES, body, Id=7)
        stage(store)
    rows = store.rows("SELECT part, DebitTransactionsCount AS n FROM qliro.settlement_summary")
    assert rows == [{"part": "total", "n": 2}]


def invoice(number: object, **more: object) -> dict[str, object]:
    return {"DocumentNumber": number, "Balance": 10, "Booked": True, "Cancelled": False} | more


def test_fortnoxs_spellings_are_read(store: Store, answered: Callable[..., None]) -> None:
    one = invoice(
        "17",
        Booked="true",
        Cancelled="false",
        CurrencyRate="1",
        FinalPayDate=None,
        VoucherNumber=None,
        InvoiceDate="2026-01-31",
        Surprise={"a": [1]},
    )
    answered("/3/invoices", {"Invoices": [one]})
    stage(store)
    found = store.rows("SELECT * FROM fortnox.invoice")[0]
    assert (found["Booked"], found["Cancelled"], found["CurrencyRate"]) == (True, False, 1)
    assert (found["InvoiceDate"], found["FinalPayDate"]) == (date(2026, 1, 31), None)
    assert found["as_of"] == NOW


def test_the_latest_answer_wins_whether_list_or_document(
    store: Store, answered: Callable[..., None]
) -> None:
    answered("/3/invoices", {"Invoices": [invoice("17"), invoice("18"), invoice("17", Balance=9)]})
    document = invoice("17", Balance=5, OrderReference="0", YourReference=None, OurReference="x")
    answered("/3/invoices/17", {"Invoice": document})
    stage(store)
    answered("/3/invoices", {"Invoices": [invoice("18", Balance=0)]})
    stage(store)
    balances = store.rows(
        "SELECT DocumentNumber AS n, Balance AS b FROM fortnox.invoice ORDER BY n"
    )
    assert balances == [{"n": "17", "b": 5}, {"n": "18", "b": 0}]
    detail = store.rows("SELECT * EXCLUDE (raw_seq) FROM fortnox.invoice_detail")[0]
    assert detail == {
        "DocumentNumber": "17",
        "YourOrderNumber": "",
        "OurReference": "x",
        "YourReference": "",
        "OrderReference": "",
        "CreditInvoiceReference": "",
        "Credit": None,
        "TotalToPay": None,
        "VATIncluded": None,
        "RoundOff": None,
    }


def test_the_rows_of_a_voucher_are_those_that_were_read_last(
    store: Store, answered: Callable[..., None]
) -> None:
    voucher = {"VoucherSeries": "T", "VoucherNumber": 3, "Year": 2, "Description": "payout"}
    first = {"Account": 1930, "Debit": 10, "Credit": 0, "Removed": False}
    answered("/3/vouchers/T/3", {"Voucher": voucher | {"VoucherRows": [first, first]}})
    stage(store)
    struck = {"Account": "1930", "Debit": "10.50", "Credit": 0, "Removed": True}
    answered("/3/vouchers/T/3", {"Voucher": voucher | {"VoucherRows": [struck]}})
    answered("/3/vouchers/sublist/T", {"Vouchers": [voucher]})
    stage(store)
    (row,) = store.rows("SELECT Account, Debit, Credit, Removed FROM fortnox.voucher_row")
    assert row == {"Account": 1930, "Debit": Decimal("10.5"), "Credit": 0, "Removed": True}


def test_an_order_adds_its_number_to_the_invoice_and_takes_nothing_away(
    store: Store, answered: Callable[..., None]
) -> None:
    answered("/3/invoices/17", {"Invoice": invoice("17", YourReference="you")})
    stage(store)
    answered("/3/orders/4", {"Order": {"DocumentNumber": "4", "InvoiceReference": "17"}})
    answered("/3/orders/5", {"Order": {"DocumentNumber": "5", "InvoiceReference": "0"}})
    stage(store)
    details = store.rows("SELECT YourReference, OrderReference FROM fortnox.invoice_detail")
    assert details == [{"YourReference": "you", "OrderReference": "4"}]


def test_a_lock_that_was_lifted_is_gone(store: Store, answered: Callable[..., None]) -> None:
    for end in ("2026-01-31", None):
        answered("/3/settings/lockedperiod", {"LockedPeriod": {"EndDate": end}})
        stage(store)
        assert store.value("SELECT count(*) FROM fortnox.locked_period") == 1
    assert store.value("SELECT EndDate FROM fortnox.locked_period") is None


def test_staging_again_changes_nothing(store: Store, answered: Callable[..., None]) -> None:
    answered(LINES, {"Settlements": [row()]}, Id=7)
    stage(store)
    before = lines(store)
    assert stage(store).answers == 0
    assert lines(store) == before


def test_the_line_view_joins_what_a_mapping_reads(
    store: Store, answered: Callable[..., None]
) -> None:
    batch = {"Id": 7, "BatchDate": "2026-10-01T00:00:00", "FxRate": 11.1, "FxCurrencyCode": "SEK"}
    answered("/v2/settlements/GetSettlementBatches", {"SettlementBatches": [batch]})
    fee = {"Type": "Fee", "Action": "Credit", "Amount": 2, "CurrencyCode": "EUR"}
    sale = {"CurrencyCode": "EUR", "PaymentMethodType": "SWISH", "MerchantOrderReference": " "}
    body = {"Settlements": [row(**fee), row(**sale), row(**sale), row(PaymentTransactionId=6)]}
    answered(LINES, body, Id=7)
    answered("/v2/orders/9", {"OrderId": 9, "MerchantReference": "S-9"})
    answered("/3/currencies", {"Currencies": [{"Code": "EUR", "BuyRate": "1112.5", "Unit": 100}]})
    stage(store)
    sold = lines(store)[1]["line"]
    store.append(
        "ledger.resolution",
        [[NOW, "anna", sold, "invoice", "17", "found it"]],
        ["noted_at", "who", "line", "kind", "detail", "reason"],
    )
    view = store.rows("SELECT * FROM qliro.line_view ORDER BY position")
    assert view[0]["settles"] == sold
    assert view[0]["settled_method"] == "SWISH"
    assert [line["settles"] for line in view[1:]] == [None, None, None]
    assert view[1]["MerchantOrderReference"] == "S-9"
    assert view[0]["MerchantOrderReference"] == "S-1"
    assert (view[1]["resolution"], view[1]["chosen_invoice"]) == ("invoice", "17")
    assert (view[0]["BatchDate"], view[0]["BatchFxRate"]) == (date(2026, 10, 1), Decimal("11.1"))
    assert view[0]["FortnoxRate"] == Decimal("11.125")
    assert len(view) == 4


needs_contracts = pytest.mark.skipif(
    not CONTRACTS.exists(), reason="the official contracts are not here"
)


# What the official document calls a string without an example, and holds a number or a flag.
IN_STRINGS = {
    "AccountNumber": "1680",
    "Credit": "false",
    "DeliveredQuantity": "2.00",
    "OrderedQuantity": "2.00",
}


def example(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0) -> Any:
    """A value of an OpenAPI schema, with its own examples where it has some."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth)
    if "example" in schema:
        return schema["example"]
    for key in ("oneOf", "anyOf"):
        if key in schema:
            return example(schema[key][0], schemas, depth)
    if "allOf" in schema:
        merged: dict[str, Any] = {}
        for part in schema["allOf"]:
            merged |= example(part, schemas, depth)
        return merged
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            found = schema.get("properties", {})
            return {
                name: IN_STRINGS.get(name) or example(one, schemas, depth + 1)
                if one.get("type") == "string" else example(one, schemas, depth + 1)
                for name, one in found.items()
            }  # fmt: skip
        case "array":
            return [example(schema["items"], schemas, depth + 1)] if depth < 8 else []
        case "integer" | "number":
            return 7
        case "boolean":
            return True
    formats = {"date-time": "2021/01/15", "date": "2021-01-15"}
    return formats.get(schema.get("format", ""), "text")


@needs_contracts
@pytest.mark.parametrize(
    ("document", "path", "table"),
    [
        ("qliro-admin-v2", "/v2/settlements/GetSettlementBatches", "qliro.settlement_batch"),
        ("qliro-admin-v2", LINES, "qliro.settlement_line"),
        ("qliro-admin-v2", "/v2/orders/{id}", 'qliro."order"'),
        ("qliro-admin-v2", "/v2/orders/{id}", "qliro.item_action"),
        ("qliro-admin-v2", "/v2/orders/{id}", "qliro.transaction"),
        ("fortnox-v3", "/3/invoices", "fortnox.invoice"),
        ("fortnox-v3", "/3/invoices/{DocumentNumber}", "fortnox.invoice_detail"),
        ("fortnox-v3", "/3/invoices/{DocumentNumber}", "fortnox.invoice_row"),
        ("fortnox-v3", "/3/orders", 'fortnox."order"'),
        ("fortnox-v3", "/3/orders/{DocumentNumber}", "fortnox.order_detail"),
        ("fortnox-v3", "/3/orders/{DocumentNumber}", "fortnox.order_row"),
        ("fortnox-v3", "/3/customers", "fortnox.customer"),
        ("fortnox-v3", "/3/customers/{CustomerNumber}", "fortnox.customer"),
        ("fortnox-v3", "/3/articles", "fortnox.article"),
        ("fortnox-v3", "/3/articles/{ArticleNumber}", "fortnox.article"),
        ("fortnox-v3", "/3/termsofpayments", "fortnox.terms_of_payment"),
        ("fortnox-v3", "/3/costcenters", "fortnox.cost_center"),
        ("fortnox-v3", "/3/projects", "fortnox.project"),
        ("fortnox-v3", "/3/invoicepayments", "fortnox.invoice_payment"),
        ("fortnox-v3", "/3/invoicepayments/{Number}", "fortnox.invoice_payment_detail"),
        ("fortnox-v3", "/3/vouchers/sublist/{VoucherSeries}", "fortnox.voucher"),
        ("fortnox-v3", "/3/vouchers/{VoucherSeries}/{VoucherNumber}", "fortnox.voucher"),
        ("fortnox-v3", "/3/vouchers/{VoucherSeries}/{VoucherNumber}", "fortnox.voucher_row"),
        ("fortnox-v3", "/3/accounts", "fortnox.account"),
        ("fortnox-v3", "/3/voucherseries", "fortnox.voucher_series"),
        ("fortnox-v3", "/3/financialyears", "fortnox.financial_year"),
        ("fortnox-v3", "/3/currencies", "fortnox.currency"),
        ("fortnox-v3", "/3/modesofpayments", "fortnox.mode_of_payment"),
        ("fortnox-v3", "/3/settings/lockedperiod", "fortnox.locked_period"),
        ("fortnox-v3", "/3/companyinformation", "fortnox.company"),
    ],
)
def test_an_answer_of_the_official_document_fills_its_table(
    store: Store, answered: Callable[..., None], document: str, path: str, table: str
) -> None:
    api = json.loads((CONTRACTS / f"{document}.openapi.json").read_text())
    content = api["paths"][path]["get"]["responses"]["200"]["content"]
    schema = next(iter(content.values()))["schema"]
    body = example(schema, api["components"]["schemas"])
    if "orders/{id}" in path:  # the answer is the order that was asked for
        path = path.replace("{id}", str(body["OrderId"]))
    answered(path.replace("{", "").replace("}", ""), body, Id=7)
    report = stage(store)
    assert report.problems == ()
    assert store.value(f"SELECT count(*) > 0 FROM {table}")


@needs_contracts
@pytest.mark.parametrize(
    ("file", "path", "table", "rows"),
    [
        ("fortnox-invoice-list.recorded", "/3/invoices", "fortnox.invoice", 34),
        ("fortnox-invoice.recorded", "/3/invoices/1", "fortnox.invoice_detail", 1),
        (
            "qliro-merchant-get-order.completed",
            "/checkout/merchantapi/Orders/1",
            'qliro."order"',
            1,
        ),
        (
            "qliro-merchant-get-order.platform-settled-shipping",
            "/checkout/merchantapi/Orders/1",
            'qliro."order"',
            1,
        ),
    ],
)
def test_a_recorded_answer_fills_its_table(
    store: Store, answered: Callable[..., None], file: str, path: str, table: str, rows: int
) -> None:
    answered(path, (CONTRACTS / "samples" / f"{file}.json").read_text())
    assert stage(store).problems == ()
    assert store.value(f"SELECT count(*) FROM {table}") == rows
