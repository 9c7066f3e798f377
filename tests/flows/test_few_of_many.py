"""What the views say of few things is what they say of these among all that was ever done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from shop import OpenShop, Shop

from engine.plan.existing import PAYMENTS
from engine.plan.payout_rows import LINES
from engine.sandbox.history import new_sale, settle
from engine.store.narrow import OF_LEDGER, intents, invoices, steps

DAYS = (
    ("clean_sale", "clean_refund_with_credit_invoice", "second_partial_refund", "chargeback_won",
     "two_captures_one_invoice", "equal_twins_pair_oldest_first", "several_fees_on_a_line",
     "lump_fee_without_order", "part_payment", "overpayment", "already_paid_elsewhere",
     "already_paid_on_interim_account", "unbooked_foreign_payment", "batch_grows_later",
     "foreign_currency_payout", "pending_lines"),
    ("batch_relisted_with_new_id", "duplicate_lines", "clean_sale", "fee_of_line_in_other_payout",
     "already_paid_elsewhere", "chargeback_with_fee"),
)  # fmt: skip


@pytest.fixture
def one(shop: OpenShop) -> Shop:
    """A shop with some of everything, posted over some days."""
    made = shop()
    sales = [new_sale(made.world) for _ in range(4)]
    settle(made.world, [sale.line for sale in sales])
    for names in DAYS:
        for name in names:
            made.trouble(name)
        made.run()
        made.later(days=1)
    settle(made.world, [sale.line for sale in sales[:2]])  # listed once more, under another Id
    settle(made.world, [replace(sales[2].line, action="Credit")])  # taken back
    made.run()
    made.later(days=1)
    settle(made.world, [sales[2].line])  # and paid again
    made.run()
    return made


def ids(one: Shop, query: str) -> list[str]:
    return [row[0] for row in one.store.tuples(f"{query} ORDER BY ALL")]


def same(one: Shop, view: str, key: str, few: str, keys: Iterable[Any]) -> None:
    """Hold ``few``, asked for each of the ``keys`` and for all, against what the view has."""
    for some in [[key_] for key_ in keys] + [list(keys)]:
        wanted = one.store.rows(
            f"SELECT * FROM {view} WHERE {key} IN (SELECT unnest($of::VARCHAR[])) ORDER BY ALL",
            {"of": some},
        )
        columns = ", ".join(f'"{name}"' for name in wanted[0]) if wanted else "*"
        found = one.store.rows(f"SELECT {columns} FROM {few} ORDER BY ALL", {"of": some})
        assert found == wanted, some


OF = "SELECT unnest($of::VARCHAR[])"


def test_of_actions(one: Shop) -> None:
    actions = ids(one, "SELECT DISTINCT action FROM ledger.action")
    assert len(actions) > 20
    same(one, "ledger.step", "action", steps(OF), actions)
    same(one, "ledger.intent", "action", intents(OF), actions)


def test_of_invoices(one: Shop) -> None:
    """Among them paid ones, one that somebody's unbooked payment will take of, and open ones."""
    same(one, "fortnox.invoice_view", "DocumentNumber", invoices(OF),
         ids(one, "SELECT DocumentNumber FROM fortnox.invoice"))  # fmt: skip
    told = {*one.store.types("fortnox.invoice_view")} - {*OF_LEDGER}
    columns = ", ".join(f'"{name}"' for name in sorted(told))
    numbers = "SELECT DocumentNumber FROM fortnox.invoice"
    assert one.store.rows(f"SELECT {columns} FROM {invoices(numbers, ())} ORDER BY ALL") == (
        one.store.rows(f"SELECT {columns} FROM fortnox.invoice_view ORDER BY ALL")
    )
    taken = "SELECT * FROM fortnox.invoice_view WHERE open_balance <> Balance"
    assert one.store.rows(taken)


def test_of_batches(one: Shop) -> None:
    """Among them one that was listed again, and transactions whose money went both ways."""
    batches = ids(one, "SELECT Id FROM qliro.settlement_batch")
    whole = "SELECT * FROM qliro.line_view ORDER BY BatchDate, Id, position"
    of_all = one.store.rows(whole)
    told = ("settled_before", "opposite", "opposite_document", "settles", "paid_before",
            "paid_before_document", "given_back", "paid_again")  # fmt: skip
    assert all(any(line[name] for line in of_all) for name in told)
    assert one.store.rows(LINES, [batches]) == of_all
    for batch in batches:
        mine = [line for line in of_all if line["Id"] == batch]
        assert one.store.rows(LINES, [[batch]]) == mine, batch


def test_of_payments(one: Shop) -> None:
    owned = ids(one, "SELECT number FROM ledger.step WHERE number IS NOT NULL AND action IN "
                     "(SELECT action FROM ledger.action WHERE target = 'fortnox.invoice_payment')")
    every = one.store.rows("SELECT * FROM fortnox.invoice_payment")
    paid = sorted({row["InvoiceNumber"] for row in every})
    free = [row for row in every if row["Number"] not in owned]
    assert owned
    assert free
    for some in [[number] for number in paid] + [paid]:
        found = one.store.rows(PAYMENTS, {"invoices": some})
        assert sorted(row["Number"] for row in found) == sorted(
            row["Number"] for row in free if row["InvoiceNumber"] in some
        )
