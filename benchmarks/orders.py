"""Orders: how fast saved answers become documents, and how many calls a life costs.

Saved answers of GetOrder are staged, derived and rendered to orders as they are sent, beside
hand-written Python over the same answers (``orders_by_hand.py``).
"""

from __future__ import annotations

import hashlib
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks import orders_by_hand
from benchmarks.figure import Figure, high_water, processor_seconds
from benchmarks.mapping import HOUSE, SETTINGS
from engine import json_text
from engine.extract.raw import COLUMNS
from engine.garbage import without_garbage_collection
from engine.language.catalogue import catalogue_from_ddl
from engine.language.compile import compile_set
from engine.language.load import load_set
from engine.language.program import Program
from engine.language.targets import target
from engine.merchant.settings import filled, merchant_schema
from engine.plan.found import Portion, asked_by, portions
from engine.plan.order_rows import Rows
from engine.stage.staging import stage
from engine.store.answers import append_answers
from engine.store.books import Books
from engine.store.database import Store, writing
from engine.store.statements import sql
from engine.transport.endpoints import ORDER
from engine.workers import Workers, for_cores

ORDERS, FIRST = 200_000, 5_000_000
ROUNDS = 2
WANTED = 0.8  # of the yardstick's speed, by the clock
# The discount is given on something at its rate, whichever three in a row an order has.
ROWS = (
    ("KAFFE-500", "Kaffe 500 g", 3, "89.90", "80.27", 12, "Product"),
    ("BOK-9789", "Bok: \"Vindens ö\"", 1, "249.00", "234.91", 6, "Product"),
    ("TSHIRT-BLA-M", "T-shirt, blå, M", 1, "399.00", "319.20", 25, "Product"),
    ("RABATT", "Rabattkod HÖST", 1, "-100.00", "-80.00", 25, "Discount"),
    ("dhl-hem", "DHL hem", 1, "49.00", "39.20", 25, "Shipping"),
    ("STRUMPOR-3", "Strumpor, 3-pack", 2, "149.00", "119.20", 25, "Product"),
)  # fmt: skip
ABROAD = ("TSHIRT-BLA-M", "T-shirt, blå, M", 1, "100.40", "80.00", Decimal("25.5"), "Product")
ARTICLES = frozenset(row[0] for row in ROWS)
TERMS = frozenset({"QLIRO"})
BOOKS = Books(((1, date(2026, 1, 1), date(2026, 12, 31)),), None, articles=ARTICLES, terms=TERMS)
CARD = {"CustomerNumber": "1", "VATType": "SEVAT"}  # of every customer
NEEDED = {
    "flows": {"payouts": True, "orders": True, "invoices": True, "refunds": False,
              "order_status": False},
    "sales_accounts": [
        *merchant_schema()["properties"]["sales_accounts"]["default"],
        {"region": "oss", "country": "FI", "rate": ABROAD[5], "account": 3105, "vat_code": "FI25"},
        {"region": "oss", "country": "DE", "rate": 19, "account": 3106},
    ],
    "payment_methods": [{"method": ["CREDITCARDS"], "terms_of_payment": "QLIRO"}],
}  # fmt: skip


def answer(number: int) -> str:
    """GetOrder's answer about an order of three rows; of some there is more to be said."""
    id, paid = FIRST + number, 30_000_000 + 2 * number
    finnish, elsewhere = number % 17 == 8, number % 13 == 6
    firm = number % 11 == 5 and not finnish
    rows = [ABROAD] * 3 if finnish else [ROWS[(number + step) % len(ROWS)] for step in range(3)]
    told = finnish or number % 10 != 3  # older orders tell no VAT rate
    items = [
        {"Id": place, "MerchantReference": row[0], "Description": row[1], "Quantity": row[2],
         "PricePerItemIncVat": Decimal(row[3]), "PricePerItemExVat": Decimal(row[4]),
         "ActionType": "Reserve", "PaymentTransactionId": paid, "Type": row[6], "MetaData": None}
        | ({"VatRate": row[5]} if told else {})
        for place, row in enumerate(rows, start=1)
    ]  # fmt: skip
    payments = [_payment(id, paid, "Success", sum(row[2] * Decimal(row[3]) for row in rows))]
    if number % 19 == 9:  # changed since: what was reserved first is bought no more
        before = [item | {"PaymentTransactionId": paid - 1, "Quantity": 5} for item in items]
        items, payments = before + items, [_payment(id, paid - 1, "Success", 9), *payments]
    if number % 7 == 2:
        payments.insert(0, _payment(id, paid - 1, "Error", 9))
    country = "FI" if finnish else "SE"
    at = {
        "FirstName": "Eva", "LastName": f"Östlund {number % 1000}",
        "CompanyName": "Färg & Form AB" if firm else None, "CareOf": None,
        "Street": f"Storgatan {number % 100}", "Street2": None, "PostalCode": "111 22",
        "City": "Stockholm", "CountryCode": country, "Area": None, "AreaCode": None,
    }  # fmt: skip
    to = at | {"CareOf": "Öberg", "Street2": "lgh 1201", "City": "Göteborg"} if elsewhere else at
    content = {
        "OrderId": id, "MerchantReference": f"SHOP-{100_000 + number}", "Currency": "SEK",
        "Country": country, "SignupForNewsletter": None, "MerchantProvidedQuestionAnswer": None,
        "OrderItemActions": items,
        "Customer": {
            "FirstName": "Eva", "LastName": "Östlund", "Email": f"eva{number}@example.com",
            "MobileNumber": "0700000000", "VatNumber": None,
            "PersonalNumber": "5560011982" if firm else f"pn:{number:032x}",
            "JuridicalType": "Company" if firm else "Physical",
        },
        "BillingAddress": at, "ShippingAddress": to, "PaymentTransactions": payments,
        "IdentityVerification": {"RequireIdentityVerification": False, "IdentityVerified": None},
        "Upsell": None, "MerchantProvidedMetadata": [],
        "PaymentMethod": {"PaymentMethodName": "CREDITCARDS", "PaymentTypeCode": "704"},
    }  # fmt: skip
    return json_text.encode(content)


def _payment(order: int, id: int, status: str, amount: Decimal | int) -> dict[str, Any]:
    return {
        "PaymentTransactionId": id, "OrderId": order, "Type": "Preauthorization",
        "Amount": amount, "Currency": "SEK", "ProviderTransactionId": f"psp-{id}",
        "ProviderResultCode": None, "ProviderResultDescription": None, "Status": status,
        "Timestamp": f"2026-09-{order % 28 + 1:02}T10:{id % 60:02}:00.000",
        "PaymentMethodName": "CREDITCARDS", "PaymentMethodSubtypeCode": "VISA", "ErrorCode": None,
        "ErrorCodeDescription": None, "OriginalPaymentTransactionId": None,
    }  # fmt: skip


def prepare(folder: Path, orders: int) -> None:
    """The answers in a database as extract stores them, and in a file, one a line."""
    now = datetime.now(UTC)
    with (
        writing(folder, "bench") as store,
        (folder / "answers.jsonl").open("w", encoding="utf-8") as file,
    ):
        for start in range(0, orders, 10_000):
            rows = []
            for number in range(start, min(start + 10_000, orders)):
                body = answer(number)
                file.write(body + "\n")
                path, digest = ORDER.format(id=FIRST + number), hashlib.sha256(body.encode())
                rows.append((now, "bench", "qliro", "order", "GET", path, "", 200, body,
                             digest.hexdigest(), None))  # fmt: skip
            append_answers(store, rows, COLUMNS)


def program() -> Program:
    """The default set, compiled for a merchant whose orders go to Fortnox."""
    catalogue = catalogue_from_ddl(sql("schema"))
    settings = {**filled({}, merchant_schema(), merchant_schema(), None), **SETTINGS, **NEEDED}
    return compile_set(
        load_set(HOUSE / "mappings/qliro-fortnox", None, catalogue, merchant_schema()), settings
    )


def by_engine(
    store: Store, processes: int | None = None, held: list[float] | None = None
) -> Iterator[bytes]:
    """The orders as they are sent, by staging, the views and the mapping: the last in so many other
    processes, one for each core unless it is said; what those ``held`` at most, in MiB."""
    compiled, number = program(), for_cores() if processes is None else processes
    recipe = compiled.mapping_set, compiled.settings
    with without_garbage_collection(), Workers(number, compile_set, *recipe) as workers:
        stage(store)
        names = asked_by(compiled, compiled.mappings["new_order"])
        ids = [one for (one,) in store.tuples('SELECT OrderId FROM qliro."order"')]
        for bodies in workers.each(bodies_of, portions(store, compiled, ids, names)):
            yield from bodies
        if held is not None:
            held.append(sum(high_water(process.pid or 0) for process, _ in workers.started))


def bodies_of(compiled: Program, portion: Portion) -> list[bytes]:
    """The orders of a portion as they are sent."""
    with without_garbage_collection():
        return list(_mapped(compiled, portion))


def _mapped(compiled: Program, portion: Portion) -> Iterator[bytes]:
    mapping, aim = compiled.mappings["new_order"], target("fortnox.order")
    rows = Rows(portion, compiled, BOOKS, portion.orders)
    for order in rows.of("qliro.order"):
        inputs = {"order": order, "books": BOOKS, "match": {}, "earlier": 0,
                  "customer": {"number": order["OrderId"] % 5000},
                  "card": CARD}  # fmt: skip
        inputs["lines"] = rows.related(mapping, "lines", inputs)
        if not mapping.applies(inputs):
            continue
        rendered = mapping.render(inputs)
        if rendered.document is not None:
            yield (aim.create(rendered.document).body or "").encode()


def by_hand(folder: Path) -> Iterator[bytes]:
    """The same by hand."""
    with (folder / "answers.jsonl").open(encoding="utf-8") as file:
        yield from orders_by_hand.documents(file, ARTICLES, TERMS, CARD["VATType"], BOOKS.rounded)


# Seconds by the clock, those of processors meanwhile, how many documents were made, and the MiB
# that other processes held.
Measured = tuple[float, float, int, float]


def engine_seconds(folder: Path) -> Measured:
    """Best time of the engine."""
    rounds: list[Measured] = []
    with writing(folder, "bench") as store:
        store.execute("SET threads = 2")
        for _ in range(ROUNDS):
            for table in ("raw.staged", 'qliro."order"', "qliro.item_action", "qliro.transaction"):
                store.execute(f"DELETE FROM {table}")
            held: list[float] = []
            rounds.append((*_timed(by_engine(store, None, held)), max(held)))
    return min(rounds)


def hand_seconds(folder: Path) -> Measured:
    """The same by hand."""
    return min((*_timed(by_hand(folder)), 0.0) for _ in range(ROUNDS))


def _timed(bodies: Iterator[bytes]) -> tuple[float, float, int]:
    began, spent = time.perf_counter(), processor_seconds()
    made = sum(1 for _body in bodies)
    return time.perf_counter() - began, processor_seconds() - spent, made


def alone(work: Callable[[Path], Any], folder: Path) -> tuple[Any, float]:
    """What ``work`` gives in a process of its own, and that one's peak MiB."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_measured, work, folder).result()


def _measured(work: Callable[[Path], Any], folder: Path) -> tuple[Any, float]:
    result = work(folder)
    return result, high_water()


def mapping_figure(orders: int = ORDERS) -> Figure:
    """Staging and mapping, beside the same by hand."""
    folder = Path(tempfile.mkdtemp(prefix="qliro-fortnox-bench-"))
    try:
        prepare(folder, orders)
        (ours, spent, made, held), memory = alone(engine_seconds, folder)
        (hand, hand_spent, same, _), hand_memory = alone(hand_seconds, folder)
    finally:
        shutil.rmtree(folder)
    if (made, same) != (orders, orders):
        raise RuntimeError(f"{made} documents, {same} by hand, of {orders} orders")
    return Figure(
        f"staging and mapping {orders:,} orders of three rows",
        f"{orders / ours:,.0f} orders/s ({ours:.1f} s, {spent:.1f} s of processors, "
        f"peak {memory:,.0f} MiB and {held:,.0f} of others)",
        f"by hand: {orders / hand:,.0f} orders/s ({hand:.1f} s, {hand_spent:.1f} s of a "
        f"processor, peak {hand_memory:,.0f} MiB)",
        hand / ours, f"at least {WANTED} of the speed", hand / ours >= WANTED,
    )  # fmt: skip


def run() -> list[Figure]:
    """The figures of orders."""
    return [mapping_figure()]


if __name__ == "__main__":
    for figure in run():
        print(f"{figure.name}: {figure.value}, {figure.yardstick}: {figure.ratio:.2f}")
