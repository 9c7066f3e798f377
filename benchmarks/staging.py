"""How fast raw payloads become typed tables, beside DuckDB's own ``read_json`` on the same bytes.

A million settlement lines in 100 answers of 10,000, stored as extract stores them. The yardstick
reads the same payloads from files, as one file each and as one file with all (the faster counts),
and projects the same columns into a table. Both have two threads and the program's memory limit;
``read_json`` gets more, for it needs it.
"""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import duckdb

from benchmarks.figure import Figure, high_water
from engine.extract.raw import Call, keep
from engine.stage.staging import stage
from engine.store.database import writing
from engine.transport.http import Answer

ANSWERS = 100
LINES = 10_000
ROUNDS = 3
PATH = "/checkout/adminapi/v2/settlements/GetSettlementsByBatchId"

READ_JSON = """
-- The columns of qliro.settlement_line from the same payloads, dates as they came.
CREATE OR REPLACE TABLE line AS
SELECT unnest(Settlements, recursive := true)
FROM read_json('{files}', maximum_object_size = 8000000, columns = {{
    'Settlements': 'STRUCT(
        PaymentTransactionId BIGINT, OrderId BIGINT, MerchantOrderReference VARCHAR,
        BatchId VARCHAR, "Action" VARCHAR, "Type" VARCHAR, CurrencyCode VARCHAR,
        Amount DECIMAL(18,4), AmountExcludingVat DECIMAL(18,4), VatRate DECIMAL(18,4),
        CountryCode VARCHAR, AcquirerName VARCHAR, PaymentMethodType VARCHAR,
        PaymentMethodSubType VARCHAR, PspSettlementDate VARCHAR, ImportSettlementDate VARCHAR,
        TransactionCompletedDate VARCHAR, FxRate DECIMAL(18,8), FxCurrencyCode VARCHAR,
        FxTotal DECIMAL(18,4))[]'
}}, format = 'unstructured')
"""


def payload(answer: int, random: Random) -> str:
    """One answer of ``LINES`` lines, as Qliro writes them."""
    day = f"2026-09-{answer % 28 + 1:02}"
    rows = []
    for position in range(LINES):
        number = answer * LINES + position
        action = random.choice(("Debit", "Debit", "Credit"))
        rows.append(
            f'{{"PaymentTransactionId":{9_000_000 + number},"BatchId":"2026{answer:04}",'
            f'"Action":"{action}","Type":"Transaction","CurrencyCode":"SEK",'
            f'"Amount":{random.randint(1, 5000)}.{random.randint(0, 99):02},'
            f'"PaymentMethodType":"QLIROPAYLATER_INVOICE30","PaymentMethodSubType":"INVOICE",'
            f'"PspSettlementDate":"{day}T00:00:00","ImportSettlementDate":"{day}T00:00:00",'
            f'"TransactionCompletedDate":"{day}T11:43:05.567","FxRate":null,'
            f'"FxCurrencyCode":null,"FxTotal":null,"OrderId":{5_000_000 + number},'
            f'"MerchantOrderReference":"SHOP-{100_000 + number}","CountryCode":"SE",'
            f'"AcquirerName":"Qliro","VatRate":null,"AmountExcludingVat":null}}'
        )
    total = f'{{"DebitTransactionsTotalSum":1.5,"DebitTransactionsCount":{LINES}}}'
    return (
        f'{{"Settlements":[{",".join(rows)}],"PendingSettlements":[],"RejectedSettlements":[],'
        f'"TotalSummary":{total},"SettlementTransactionSummary":{total},'
        f'"PendingTransactionsSummary":{total},"RejectedTransactionsSummary":{total}}}'
    )


def prepare(folder: Path) -> None:
    """The payloads in a database, and as files."""
    random = Random(1)  # noqa: S311  made-up money
    (folder / "each").mkdir()
    with (
        writing(folder, "bench") as store,
        (folder / "all.json").open("w", encoding="utf-8") as together,
    ):
        for answer in range(ANSWERS):
            text = payload(answer, random)
            (folder / "each" / f"{answer:03}.json").write_text(text, encoding="utf-8")
            together.write(text + "\n")
            call = Call(PATH, (("Id", str(answer + 1)),))
            keep(store, [(call, Answer(200, text, datetime.now(UTC)))], origin="bench", key=b"")


def staging(folder: Path) -> float:
    """Best time to stage them all, in seconds."""
    with writing(folder, "bench") as store:
        store.execute("SET threads = 2")
        best = float("inf")
        for _ in range(ROUNDS):
            for table in ("raw.staged", "qliro.settlement_line", "qliro.settlement_summary"):
                store.execute(f"DELETE FROM {table}")
            began = time.perf_counter()
            report = stage(store)
            best = min(best, time.perf_counter() - began)
            if report.lines != ANSWERS * LINES or report.problems:
                raise RuntimeError(f"staged {report.lines} lines, {report.problems[:1]}")
        return best


def reading(folder: Path) -> float:
    """Best time of ``read_json`` into a table, over both ways to lay out the files."""
    best = float("inf")
    with duckdb.connect(str(folder / "yardstick.duckdb")) as connection:
        connection.execute("SET threads = 2")
        connection.execute("SET memory_limit = '6GB'")
        connection.execute("SET preserve_insertion_order = false")
        connection.execute("SET enable_progress_bar = false")
        for files in ("each/*.json", "all.json"):
            for _ in range(ROUNDS):
                began = time.perf_counter()
                connection.execute(READ_JSON.format(files=folder / files))
                best = min(best, time.perf_counter() - began)
        rows = connection.execute("SELECT count(*) FROM line").fetchone()
    if rows != (ANSWERS * LINES,):
        raise RuntimeError(f"read_json gave {rows}")
    return best


def _alone(work: Callable[[Path], float], folder: Path) -> tuple[float, float]:
    """Seconds and peak MiB of ``work`` in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, folder))


def _measured(work: Callable[[Path], float], folder: Path) -> tuple[float, float]:
    seconds = work(folder)
    return seconds, high_water()


def run() -> list[Figure]:
    """The figure: lines a second of both, and the memory of each."""
    folder = Path(tempfile.mkdtemp(prefix="qliro-fortnox-bench-"))
    try:
        prepare(folder)
        staged, staged_memory = _alone(staging, folder)
        read, read_memory = _alone(reading, folder)
    finally:
        shutil.rmtree(folder)
    lines = ANSWERS * LINES
    ratio = read / staged
    return [
        Figure(
            name="staging 1,000,000 lines from stored raw payloads",
            value=f"{lines / staged:,.0f} lines/s ({staged:.2f} s, peak {staged_memory:,.0f} MiB)",
            yardstick=f"read_json: {lines / read:,.0f} lines/s ({read:.2f} s, "
            f"peak {read_memory:,.0f} MiB)",
            ratio=ratio,
            wanted="at least 0.5 of the speed",
            holds=ratio >= 0.5,
        )
    ]


if __name__ == "__main__":
    for figure in run():
        print(figure)
