"""Orders and their lines as the default set reads them, under settings of which few are said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from engine.home import HOME
from engine.language.catalogue import catalogue_from_ddl
from engine.language.compile import compile_set
from engine.language.load import load_set
from engine.language.program import Program
from engine.language.spec import MappingSet
from engine.merchant.settings import filled, merchant_schema
from engine.store.statements import sql

SCHEMA = merchant_schema()
ACCOUNTS = {"fee": 6570, "fee_vat": 2641, "rounding": 3740, "suspense": 2999, "dispute": 1589}
LINES = ("qliro.order_line", "qliro.capture_line", "qliro.refund_line")
DAY = date(2026, 11, 2)


@cache
def mappings() -> MappingSet:
    """The default set as it is installed."""
    return load_set(
        HOME / "mappings/qliro-fortnox", None, catalogue_from_ddl(sql("schema")), SCHEMA
    )


def program(**settings: Any) -> Program:
    """The default set under the defaults of all settings but these."""
    given = {"accounts": ACCOUNTS, "default_interim_account": 1580, **settings}
    return compile_set(mappings(), filled(given, SCHEMA, SCHEMA, "test"))


@cache
def plain() -> Program:
    """The same under the defaults alone."""
    return program()


def blank(entity: str, compiled: Program) -> dict[str, Any]:
    own = compiled.mapping_set.entities[entity].derive
    return dict.fromkeys(c for c in compiled.mapping_set.columns[entity] if c not in own)


def order(compiled: Program | None = None, **columns: Any) -> dict[str, Any]:
    """What is derived of an order of a private person in Sweden, but for these columns."""
    compiled = compiled or plain()
    row = {
        **blank("qliro.order", compiled), "OrderId": 4711, "MerchantReference": "A1",
        "Currency": "SEK", "Country": "SE", "DeliveryCountry": "SE", "JuridicalType": "Physical",
        "OrderDate": DAY, **columns,
    }  # fmt: skip
    return compiled.derive("qliro.order", row)


def line(
    compiled: Program | None = None,
    entity: str = LINES[0],
    bought: Sequence[Mapping[str, Any]] = (),
    **columns: Any,
) -> dict[str, Any]:
    """What is derived of two hats to a private person in Sweden, but for these columns, in an order
    that holds also the lines ``bought``, each one piece."""
    compiled = compiled or plain()
    row = given(compiled, entity, **columns)
    others = [given(compiled, LINES[0], **{"Quantity": Decimal(1)} | dict(one)) for one in bought]

    def belonging(alias: str) -> list[dict[str, Any]]:
        related = compiled.entities[entity].related[alias]
        rows = [one | compiled.derive(LINES[0], one) for one in others]
        return [one for one in rows if related.when is None or related.when({"it": one})]

    return compiled.derive(entity, row, belonging=belonging)


def given(compiled: Program, entity: str, **columns: Any) -> dict[str, Any]:
    """A line as it is staged: two hats, but for these columns."""
    return {
        **blank(entity, compiled), "line": "4711/1", "OrderId": 4711, "MerchantReference": "HAT",
        "Description": "A hat", "Type": "Product", "Quantity": Decimal("2.0000"),
        "PricePerItemIncVat": Decimal("125.0000"), "PricePerItemExVat": Decimal("100.0000"),
        "Country": "SE", "DeliveryCountry": "SE", "JuridicalType": "Physical", "Currency": "SEK",
        "OrderDate": DAY, **columns,
    }  # fmt: skip
