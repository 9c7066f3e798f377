"""Shows how orders stand: what was made of them, what is open and why, and the history of one.

Reads what ``engine.report.status`` and ``engine.report.explain`` gathered; gives parts of their
pages.
"""

from __future__ import annotations

from itertools import groupby
from typing import Any

from ..personal import called, known_as
from .history import history, state_text
from .page import (
    SHOWN_STATES,
    STYLES,
    Column,
    Page,
    Table,
    Text,
    blank,
    count,
    heading,
    mapping_name,
    moment,
    of_day,
    state_name,
)

Row = dict[str, Any]
WORDS = (
    ("parked", "parked for a person"),
    ("waiting", "waiting: looked at again in every run"),
    ("planned", "to be posted by the next run"),
)
MOST_NAMED = 5


def is_urgent(item: Row, alert_after_days: int) -> bool:
    """Whether a document of an order needs a person."""
    late = item["state"] == "waiting" and item["age"] > alert_after_days
    return item["state"] == "parked" or bool(late)


def orders_page(found: Row) -> Page:
    """Documents of orders by mapping and state, then what is open with its reason."""
    counts = found["orders"]["counts"]
    if not counts:
        return []
    names = list(dict.fromkeys(row["mapping"] for row in counts))
    number = {(row["mapping"], row["state"]): row["items"] for row in counts}
    states = [state for state in SHOWN_STATES if any((name, state) in number for name in names)]
    columns = [Column("Orders"), *(Column(state_name(s).capitalize(), right=True) for s in states)]
    rows = [
        [
            mapping_name(name),
            *(
                (str(number[name, state]), STYLES[state]) if (name, state) in number else "–"
                for state in states
            ),
        ]
        for name in names
    ]
    parts: Page = [blank(), Table(columns, rows)]
    for state, what in WORDS:
        mine = [one for one in found["orders"]["open"] if one["state"] == state]
        if mine:
            title = f"{count(len(mine), 'document')} of orders {what}"
            parts += [blank(), Text(title, style=f"bold {STYLES[state]}"), *_reasons(mine)]
    return parts


def _reasons(items: list[Row]) -> Page:
    """Each reason once, with the orders that it holds for."""
    parts: Page = []
    for (mapping, reason), group in groupby(items, key=lambda one: (one["mapping"], one["reason"])):
        mine = list(group)
        first, *others = mine[:MOST_NAMED]
        named = ", ".join([
            f"{called(mapping, first['source'])}{_of_order(first)}",
            *(f"{known_as(one['source'])}{_of_order(one)}" for one in others),
        ])  # fmt: skip
        more = f" and {len(mine) - MOST_NAMED} more" if len(mine) > MOST_NAMED else ""
        parts.append(Text(f"{named}{more}", indent=2))
        parts.append(Text(f"{reason[:1].upper()}{reason[1:]}".rstrip(".") + ".", indent=6))
    return parts


def _of_order(item: Row) -> str:
    reference = f", reference {item['MerchantReference']}" if item["MerchantReference"] else ""
    return f"{of_day(item['OrderDate'])}{reference}"


def order_page(order: Row, *, whole: bool) -> Page:
    """One order with the history of each of its documents."""
    reference = order["MerchantReference"] or "–"
    head = f"Order {order['OrderId']}{of_day(order['OrderDate'])}, reference {reference}"
    parts: Page = [heading(head)]
    for item in order["items"]:
        told = state_text(item["state"], item["reason"])
        text = f"{called(item['mapping'], item['source'])}: {told}"
        parts.append(Text(text, indent=2, style=STYLES.get(item["state"], "")))
    for item in order["items"]:
        parts += history(item, whole=whole)
    if order["further_items"]:
        others = count(order["further_items"], "other document")
        parts.append(Text(f"It has {others}: ask for order {order['OrderId']}.", indent=2))
    for said in order["resolutions"]:
        why = f": {said['reason']}" if said["reason"] else ""
        parts.append(
            Text(f"decided   {moment(said['noted_at'])} {said['who']}: {said['kind']}{why}", 2)
        )
    for raw in order["raw"]:
        told = f"{moment(raw['noted_at'])} {raw['path']} ({raw['origin']}, raw answer {raw['seq']})"
        parts.append(Text(f"read      {told}", indent=2))
    return parts
