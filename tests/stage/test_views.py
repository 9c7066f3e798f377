"""The columns that mappings may name are the columns that the views have."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from engine.language.catalogue import ID_COLUMNS, VIEW_COLUMNS, catalogue_from_ddl
from engine.plan.payout_rows import _payout_row
from engine.store.database import Store, in_memory
from engine.store.statements import sql

VIEWS = {
    "qliro.settlement_line": "qliro.line_view",
    "qliro.order": "qliro.order_view",
    "qliro.capture": "qliro.capture_view",
    "fortnox.invoice": "fortnox.invoice_view",
    "fortnox.order": "fortnox.order_view",
}
KINDS = {
    "VARCHAR": "text",
    "BIGINT": "integer",
    "INTEGER": "integer",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
    "DECIMAL(18,4)": "decimal",
    "DECIMAL(9,4)": "decimal",
}


@pytest.mark.parametrize("entity", ["qliro.order", "qliro.capture", "fortnox.order"])
def test_the_columns_that_a_view_adds_have_the_types_that_it_gives_them(entity: str) -> None:
    columns = in_memory().rows(f"DESCRIBE {VIEWS[entity]}")
    there = {column["column_name"]: KINDS[column["column_type"]] for column in columns}
    named = {name: type_.kind for name, type_ in catalogue_from_ddl(sql("schema"))[entity].items()}
    assert named == there
    assert ID_COLUMNS[entity] in there


@pytest.mark.parametrize("entity", VIEWS)
def test_every_column_that_a_mapping_may_name_is_in_the_view(entity: str) -> None:
    store: Store = in_memory()
    there = {row["column_name"] for row in store.rows(f"DESCRIBE {VIEWS[entity]}")}
    named = set(catalogue_from_ddl(sql("schema"))[entity])
    # A line's payout is derived from its batch's, once the merchant's settings are known.
    assert named - there == ({"payout"} if entity == "qliro.settlement_line" else set())


def test_a_payout_has_just_the_columns_that_a_mapping_may_name() -> None:
    batch = {
        "Id": 1, "BatchDate": date(2026, 11, 1), "CurrencyCode": "SEK", "AcquirerName": "Qliro",
        "TotalAmount": Decimal(1), "TotalFeeAmount": Decimal(0), "FxTotalAmount": None,
        "FxCurrencyCode": None,
    }  # fmt: skip
    assert set(_payout_row("1", [batch], [])) == set(VIEW_COLUMNS["qliro.payout"])
