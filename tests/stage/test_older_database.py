"""A database of an earlier version opens, and what it holds is staged anew from the raw answers."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
from orderkit import NOW, RESERVED, order, transaction

from engine.extract.raw import Call, keep
from engine.stage.staging import stage
from engine.store.database import Store, writing
from engine.transport.http import Answer

LINES = "/v2/settlements/GetSettlementsByBatchId"


def answered(store: Store, path: str, body: object, minutes: int = 0, **query: object) -> None:
    call = Call(path, tuple((name, str(value)) for name, value in query.items()))
    at = NOW + timedelta(minutes=minutes)
    keep(store, [(call, Answer(200, json.dumps(body), at))], origin="test", key=b"key")
    stage(store)


def contents(store: Store) -> dict[str, list[dict[str, Any]]]:
    tables = store.rows(
        "SELECT table_schema || '.\"' || table_name || '\"' AS name "
        "FROM information_schema.tables "
        "WHERE table_schema IN ('qliro', 'fortnox') AND table_type = 'BASE TABLE'"
    )
    return {t["name"]: store.rows(f"SELECT * FROM {t['name']} ORDER BY ALL") for t in tables}


def test_what_an_earlier_version_staged_is_staged_anew(tmp_path: Path) -> None:
    line = {"PaymentTransactionId": 5, "Action": "Debit", "Type": "Transaction", "Amount": 1}
    with writing(tmp_path, "shop") as store:
        answered(store, "/v2/orders/9", order([transaction(1, "Debit", 250)], RESERVED))
        answered(store, LINES, {"Settlements": [line, line, line | {"Amount": 2}]}, Id=7)
        answered(store, LINES, {"Settlements": [line]}, 1, Id=7)
        answered(store, "/3/invoices/17", {"Invoice": {"DocumentNumber": "17", "Credit": "true"}})
        answered(store, "/3/orders/4", {"Order": {"DocumentNumber": "4", "InvoiceReference": "17"}})
        before = contents(store)
        assert len(before['qliro."settlement_line"']) == 3
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as old:
        for view in ("qliro.order_view", "qliro.capture_view"):
            old.execute(f"DROP VIEW {view}")
        old.execute("DROP TABLE qliro.order_line")
        old.execute("CREATE VIEW qliro.order_line AS SELECT 1 AS line")  # a view, once
        old.execute('ALTER TABLE qliro."order" DROP COLUMN IsUpsellOrder')
        old.execute("ALTER TABLE fortnox.invoice_detail DROP COLUMN Credit")
        old.execute("DROP TABLE qliro.item_action")
        old.execute("DROP TABLE raw.made_by")
    with writing(tmp_path, "shop") as store:
        assert store.rows("SELECT Credit FROM fortnox.invoice_detail") == [{"Credit": None}]
        stage(store)
        assert contents(store) == before
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as old:
        old.execute("DROP TABLE fortnox.project")
        old.execute("UPDATE raw.made_by SET digest = 'of another version'")
    with writing(tmp_path, "shop") as store:
        assert stage(store).answers == 5
        assert contents(store) == before
    with writing(tmp_path, "shop") as store:
        assert stage(store).answers == 0
