"""History as Parquet: read by others with its exact types, and judged as the database would be."""

# ruff: noqa: PLC0415  where Polars or Arrow is not installed, the tests of them fail and no others

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from order_shop import OrderShop

from engine.errors import NothingYetError, UsageError
from engine.home import HOME
from engine.show import difference
from engine.store.answers import SHORT
from engine.store.database import Store, reading, writing
from engine.store.exported import Export, export_history
from engine.workbench.diff.judged import judged
from engine.workbench.history import exported_history

pytestmark = pytest.mark.usefixtures("read_mappings_once")
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
LIVED = ("private", "refunded_rows", "captured_in_parts", "company")


def shop_with(folder: Path, *lives: str) -> OrderShop:
    """A shop that has lived so and posted it, in a database on disk."""
    folder.mkdir()
    made = OrderShop(folder)
    with writing(folder / "state", "shop") as made.store:
        for name in lives:
            made.life(name)
        made.run()
        made.run()
    return made


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> OrderShop:
    return shop_with(tmp_path_factory.mktemp("lived") / "shop", *LIVED)


@pytest.fixture
def store(shop: OrderShop) -> Iterator[Store]:
    with reading(shop.folder / "state", "shop") as opened:
        yield opened


def exported_to(folder: Path, store: Store, name: str = "shop") -> Export:
    return export_history(store, name, folder, NOW, "0.2.0")


def upper(folder: Path) -> str:
    shutil.copytree(HOME / "mappings" / "qliro-fortnox", folder)
    file = folder / "orders" / "new_order.yaml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("{{ order.name }}", "{{ order.name | upper }}"), "utf-8")
    return f"{folder}/"


def test_a_change_is_judged_on_an_export_as_on_the_database(
    shop: OrderShop, store: Store, tmp_path: Path
) -> None:
    exported_to(tmp_path / "out", store)
    other = upper(tmp_path / "set")
    with exported_history(tmp_path / "out", "shop") as there:
        for before in ("working", "live"):
            here = difference.data(judged(store, shop.merchant, before, other))
            assert here["differing"] > 0
            assert difference.data(judged(there, shop.merchant, before, other)) == here
        assert judged(there, shop.merchant, "live", "working").differing == 0


def test_every_column_has_the_type_of_the_schema_and_may_be_null(
    store: Store, tmp_path: Path
) -> None:
    import pyarrow.parquet

    told = exported_to(tmp_path, store)
    types = {
        table: {row["column_name"]: row["column_type"] for row in store.rows(f"DESCRIBE {table}")}
        for table in told.rows
    }
    kinds = {
        "VARCHAR": "string", "BIGINT": "int64", "INTEGER": "int32", "BOOLEAN": "bool",
        "DATE": "date32[day]", "TIMESTAMP WITH TIME ZONE": "timestamp[us, tz=UTC]",
        "DECIMAL(18,4)": "decimal128(18, 4)", "VARCHAR[]": "list<element: string>",
    }  # fmt: skip
    for table, columns in types.items():
        (file,) = (tmp_path / table.replace(".", "_")).rglob("*.parquet")
        found = pyarrow.parquet.read_schema(file)
        assert {one.name: str(one.type) for one in found} == {
            "place": "int64", **{name: kinds[type_] for name, type_ in columns.items()},
        }  # fmt: skip
        assert all(one.nullable for one in found)


def test_duckdb_polars_and_arrow_read_all_merchants_of_a_table_at_once(
    store: Store, tmp_path: Path
) -> None:
    """Arrow by one schema for all files, as Spark does: of one merchant a column may hold no null,
    of another nothing else."""
    import polars
    import pyarrow.dataset

    exported_to(tmp_path / "out", store, "anna")
    with writing(tmp_path / "state", "new"):
        pass
    with reading(tmp_path / "state", "new") as empty:
        exported_to(tmp_path / "out", empty, "new")
    exported_to(tmp_path / "out", store, "shop")
    files = str(tmp_path / "out" / "ledger_action" / "**" / "*.parquet")
    query = f"SELECT merchant, count(*) AS n, sum(consumed) AS consumed FROM '{files}' GROUP BY ALL"
    with duckdb.connect() as connection:
        by_duckdb = {row[0]: row[1:] for row in connection.sql(query).fetchall()}
    frame = polars.read_parquet(files, hive_partitioning=True)
    grouped = frame.group_by("merchant").agg(polars.len(), polars.col("consumed").sum())
    table = pyarrow.dataset.dataset(tmp_path / "out" / "ledger_action", partitioning="hive")
    arrow = table.to_table()
    number = store.value("SELECT count(*) FROM ledger.action")
    consumed = store.value("SELECT sum(consumed) FROM ledger.action")
    assert number > 0
    assert by_duckdb == dict.fromkeys(("anna", "shop"), (number, consumed))
    for name, rows, total in grouped.iter_rows():
        assert (rows, total or None) == by_duckdb[name]
    assert arrow.num_rows == 2 * number
    assert table.schema.field("consumed").type == pyarrow.decimal128(18, 4)
    assert set(arrow["merchant"].to_pylist()) == {"anna", "shop"}
    assert isinstance(consumed, Decimal | None)


def test_files_are_their_owners_alone_and_hold_no_secret(
    shop: OrderShop, store: Store, tmp_path: Path
) -> None:
    exported_to(tmp_path / "out", store)
    files = [one for one in (tmp_path / "out").rglob("*") if one.is_file()]
    assert {one.stat().st_mode & 0o777 for one in files} == {0o600}
    secrets = [one.reveal().encode() for one in shop.merchant.secrets.values()]
    with duckdb.connect() as connection:
        texts = [
            str(connection.read_parquet(str(one)).fetchall()).encode() for one in files
            if one.suffix == ".parquet"
        ]  # fmt: skip
    assert secrets
    assert not any(secret in text for secret in secrets for text in texts if len(secret) > 8)


def test_an_export_that_is_cut_or_half_written_is_refused(store: Store, tmp_path: Path) -> None:
    told = exported_to(tmp_path, store)
    about = tmp_path / "_exports" / "shop.json"
    text = about.read_text("utf-8")
    about.write_text(text.replace(f'"{SHORT}": {told.rows[SHORT]}', f'"{SHORT}": 1'))
    with (
        pytest.raises(UsageError, match="is not what was exported of shop"),
        exported_history(tmp_path, "shop"),
    ):
        pass
    about.write_text(text.replace(told.schema, "0" * 64))
    with (
        pytest.raises(UsageError, match="whose tables are others"),
        exported_history(tmp_path, "shop"),
    ):
        pass
    about.unlink()
    with (
        pytest.raises(UsageError, match=r"of shop in .* is being written, or was left half"),
        exported_history(tmp_path, "shop"),
    ):
        pass
    with (
        pytest.raises(NothingYetError, match="no history of anna"),
        exported_history(tmp_path, "anna"),
    ):
        pass
    with (
        pytest.raises(UsageError, match="no folder of exported histories"),
        exported_history(tmp_path / "nowhere", "shop"),
    ):
        pass


def test_an_export_takes_the_place_of_the_one_before(store: Store, tmp_path: Path) -> None:
    first = exported_to(tmp_path, store)
    assert exported_to(tmp_path, store).rows == first.rows
    assert len(list(tmp_path.rglob("*.parquet"))) == len(first.rows)
