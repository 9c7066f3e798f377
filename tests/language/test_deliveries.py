"""What rows say is delivered, over random orders: captured is what was delivered, or it is unclear.

Goods share an article, texts and prices; between deliveries a person turns, splits, adds or edits
rows.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from engine.language.deliveries import of_lines

Row = dict[str, Any]
EDITS = ("", "", "text", "turn", "split", "text of another", "row of text")


def bought(of: Random) -> list[Row]:
    """Lines of one article, of four references at most."""
    return [
        {"MerchantReference": f"KOPP-{of.randint(0, 3)}", "PricePerItemIncVat": price,
         "article": "VARA", "text": of.choice(("Kopp", "Kopp", "Fat")), "price": price,
         "Quantity": Decimal(of.randint(1, 3)), "shipped": Decimal(0)}
        for price in (Decimal(of.choice((199, 199, 80))) for _ in range(of.randint(1, 5)))
    ]  # fmt: skip


def as_sent(line: Row) -> Row:
    return {"ArticleNumber": "VARA", "Description": line["text"], "Price": line["price"],
            "OrderedQuantity": str(line["Quantity"])}  # fmt: skip


def edit(rows: list[Row], what: str, of: Random) -> None:
    one = of.choice(rows)
    if what.startswith("text"):
        one["Description"] = "ändrad" if what == "text" else of.choice(("Kopp", "Fat"))
    elif what == "turn":
        of.shuffle(rows)
    elif what == "split" and 0 < one["DeliveredQuantity"] < one["OrderedQuantity"]:
        left = one["OrderedQuantity"] - one["DeliveredQuantity"]
        rows.append(one | {"OrderedQuantity": left, "DeliveredQuantity": Decimal(0)})
        one["OrderedQuantity"] = one["DeliveredQuantity"]
    elif what == "row of text":
        rows.insert(0, {"ArticleNumber": None, "Description": "Tack!", "Price": None,
                        "OrderedQuantity": None, "DeliveredQuantity": Decimal(0)})  # fmt: skip


def ship(lines: list[Row], told: list[Row]) -> None:
    """At Qliro the first line of an item is shipped first."""
    whole = not any(one["undelivered"] for one in told)
    taken: dict[Any, Decimal] = {}
    for line, one in zip(lines, told, strict=True):
        item = line["MerchantReference"], line["price"]
        part = line["shipped"] + (line["remaining"] if whole else one["due"])
        taken[item] = taken.get(item, Decimal(0)) + part
    for line in lines:
        item = line["MerchantReference"], line["price"]
        line["shipped"] = min(taken[item], line["Quantity"])
        taken[item] -= line["shipped"]


def test_what_is_captured_is_worth_what_was_delivered_at_every_step_or_it_is_unclear() -> None:
    told_apart = 0
    for seed in range(1500):
        of = Random(seed)  # noqa: S311
        lines = bought(of)
        sent = [as_sent(line) for line in lines]
        rows = [one | {"OrderedQuantity": Decimal(one["OrderedQuantity"]),
                       "DeliveredQuantity": Decimal(0)} for one in sent]  # fmt: skip
        for step in range(3):
            for row in rows:
                most = int(row["OrderedQuantity"] or 0)
                row["DeliveredQuantity"] = Decimal(of.randint(int(row["DeliveredQuantity"]), most))
            edit(rows, of.choice(EDITS), of)
            for row in rows:
                row["undelivered"] = row["DeliveredQuantity"] < (row["OrderedQuantity"] or 0)
            for line in lines:
                line["remaining"] = line["Quantity"] - line["shipped"]
            told = of_lines(lines, rows, sent)
            if told[0]["unclear"] and any(one["undelivered"] for one in told):
                continue
            ship(lines, told)
            captured = sum(line["shipped"] * line["price"] for line in lines)
            assert captured == sum(
                row["DeliveredQuantity"] * row["Price"] for row in rows if row["Price"]
            ), (seed, step)
            told_apart += 1
    assert told_apart > 3000
