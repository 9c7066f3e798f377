"""Every staged column says where it stands in the answer that it was read from: the declaration is
held against what staging made of the sandbox's answers, column by column."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from flows.test_fee_vat import charged
from order_shop import OrderShop
from shop import Shop

from engine.clock import STOCKHOLM
from engine.language.catalogue import ADDED, catalogue_from_ddl
from engine.store.statements import sql
from engine.workbench.origins import ROWS, Origins, declared

Row = dict[str, Any]
OURS = {"raw_seq", "as_of", "card_seq"}  # what the program notes of the answer itself
STAGED = {
    f"{home}.{name}": set(columns)
    for (home, name), columns in (
        (tuple(entity.split(".")), columns)
        for entity, columns in catalogue_from_ddl(sql("schema")).items()
    )
    if home in ("qliro", "fortnox")
}
# Enums that Qliro writes as numbers, and what a staged text says of them.
ENUMS = {"ActionType", "Type", "Status", "Action", "JuridicalType"}


# Between them they have every kind of row that staging knows.
LIVED = (
    "captured", "captured_in_parts", "card_registered", "company", "discounted", "export",
    "mixed_rates", "paid_at_once", "part_captured_rest_cancelled", "refunded_rows",
    "refunded_twice", "refunded_amount", "refund_of_direct_payment", "refused", "unfinished",
    "upsold",
)  # fmt: skip


@pytest.fixture(scope="module")
def lived(order_shops: Callable[..., OrderShop]) -> OrderShop:
    shop = order_shops(**{"flows.order_status": True, "order_status.when": "delivered"})
    for name in LIVED:
        shop.life(name)
    shop.run(), shop.run()
    for order in shop.fortnox_orders:
        shop.deliver(order.number)
    shop.run(), shop.run()
    return shop


def columns() -> Iterator[tuple[str, str]]:
    for table, names in STAGED.items():
        if table in ("qliro.payout", "fortnox.sent_row"):
            continue  # made of batches, and of what this program sent
        for name in sorted(names - OURS - set(ADDED.get(table, ()))):
            yield table, name


def test_every_staged_column_is_declared() -> None:
    undeclared = [
        (table, column) for table, column in columns()
        if column not in (declared()[table].get("columns") or {})
        and not (column[:1].isupper() and declared()[table].get("row"))
    ]  # fmt: skip
    assert undeclared == []


def test_nothing_is_declared_of_a_column_that_is_not_there() -> None:
    shared = ("qliro.order_line", "qliro.capture_line", "qliro.refund_line",
              "qliro.capture", "qliro.refund", "qliro.reversal")  # fmt: skip
    every = {name for table in shared for name in STAGED[table]}
    for table, one in declared().items():
        known = every if table in shared else STAGED[table] | set(ADDED.get(table, ()))
        assert set(one.get("columns") or {}) <= known, table
        for told in (one.get("columns") or {}).values():
            for part in told if isinstance(told, list) else [told]:
                if ":" in part:
                    word, name = part.split(":", 1)
                    of = ROWS[word][0]
                    assert name in STAGED[of] | set(ADDED.get(of, ())), (table, part)


def same(column: str, staged: Any, said: Any) -> bool:
    """Whether an answer says what was staged: as text, amount or day; blanks are nothing."""
    if isinstance(staged, datetime):
        return datetime.fromisoformat(str(said).replace("/", "-")).date() == staged.date() or (
            str(said)[:10].replace("/", "-") == staged.date().isoformat()
        )
    if isinstance(staged, date):
        told = str(said).replace("/", "-")
        return told[:10] == staged.isoformat() or _stockholm(told) == staged
    if isinstance(staged, bool):
        return str(staged).lower() == str(said).lower()
    if isinstance(staged, Decimal | int):
        try:
            return abs(Decimal(str(said))) == abs(Decimal(staged))  # a discount's sign, a capture's
        except InvalidOperation:
            return False
    if column in ENUMS and isinstance(said, int):
        return True
    return str(said) == str(staged)


def _stockholm(text: str) -> date:
    moment = datetime.fromisoformat(text)
    return (moment.astimezone(STOCKHOLM) if moment.tzinfo else moment).date()


def held(shop: Shop) -> dict[tuple[str, str], int]:
    """How often each column with a place of its own was found where it is said to stand."""
    origins = Origins(shop.store)
    seen: dict[tuple[str, str], int] = {}
    wrong = []
    for table, names in STAGED.items():
        if not shop.store.has(_quoted(table)) or table not in declared():
            continue
        for row in shop.store.rows(f"SELECT * FROM {_quoted(table)} ORDER BY ALL LIMIT 150"):
            for column in names & row.keys() - OURS:
                if row[column] in (None, "", Decimal(0)):
                    continue
                found = origins.of(table, row, column)
                if not found.stands:
                    if not found.said:
                        wrong.append((table, column, row[column], "nowhere"))
                    continue
                seen[table, column] = seen.get((table, column), 0) + 1
                worked_out = column[:1].islower() or column in WORKED_OUT
                if not worked_out and not any(same(column, row[column], s.value)
                                              for s in found.stands):  # fmt: skip
                    told = [(s.path, s.value) for s in found.stands]
                    wrong.append((table, column, row[column], told))
    assert wrong == [], wrong[:5]
    return seen


# Made of several places, of a lower precision, or of what was left after something was let go.
WORKED_OUT = {"Quantity", "DeliveryPostalCode", "WriteOffs", "OrderDate", "SecuredAt"}


def _quoted(table: str) -> str:
    home, name = table.split(".")
    return f'{home}."{name}"'


def test_what_is_declared_of_orders_is_what_the_answers_say(lived: OrderShop) -> None:
    seen = held(lived)
    for table in ("qliro.order", "qliro.item_action", "qliro.transaction", "qliro.order_line",
                  "qliro.capture", "qliro.capture_line", "qliro.refund", "qliro.refund_line",
                  "qliro.reversal", "fortnox.order", "fortnox.order_detail", "fortnox.order_row",
                  "fortnox.invoice", "fortnox.invoice_detail", "fortnox.invoice_row",
                  "fortnox.customer", "fortnox.article"):  # fmt: skip
        assert any(of == table for of, _ in seen), table


def test_what_is_declared_of_payouts_is_what_the_answers_say(shop: Callable[..., Shop]) -> None:
    one = shop()
    charged(one, "5.00", "4.00")
    one.later(days=1)
    one.run()
    seen = held(one)
    for table in ("qliro.settlement_batch", "qliro.settlement_summary", "qliro.settlement_line",
                  "fortnox.invoice_payment", "fortnox.account", "fortnox.company"):  # fmt: skip
        assert any(of == table for of, _ in seen), table
