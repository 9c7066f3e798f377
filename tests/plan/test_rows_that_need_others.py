"""Columns that need other rows: worked out when those are there, of the rows that ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import few_rows
import pytest
from language.kit import findings, program
from msgspec import structs

from engine.language.program import NO_BOOKS, Program
from engine.plan import columns, found
from engine.plan.model import Plan
from engine.plan.order_outcomes import OrderOutcomes
from engine.plan.order_rows import Rows
from engine.store.books import Books

# A line of a wrapping costs what a tenth of all hats of its order cost.
ORDERED = """\
version: 2
entity: qliro.order_line
as: line
related:
  hats: {from: qliro.order_line, on: {OrderId: line.OrderId}, when: it.is_hat}
derive:
  tenth: "{{ (hats | values('worth') | sum) / 10 if wrapped else 0 }}"
  wrapped: "{{ line.Type == 'Wrapping' }}"
  is_hat: "{{ line.Type == 'Product' }}"
  worth: "{{ line.Quantity * tables.prices(reference=line.MerchantReference).price }}"
"""
CAPTURED = """\
version: 2
entity: qliro.capture_line
as: taken
related:
  ordered:
    from: qliro.order_line
    on: {OrderId: taken.OrderId, MerchantReference: taken.MerchantReference}
derive:
  tenth: "{{ (ordered | first).tenth }}"
"""
PRICES = """\
version: 2
table: prices
inputs: {reference: text}
outputs: {price: decimal}
hit: first
rows:
  - {id: HAT, when: {reference: HAT}, then: {price: 100}}
  - {id: CAP, when: {reference: CAP}, then: {price: 50}}
  - {id: WRAP, when: {reference: WRAP}, then: {price: 0}}
otherwise: {error: "no price of {{ reference }}"}
"""
FILES = {"order.yaml": ORDERED, "capture.yaml": CAPTURED, "prices.yaml": PRICES}
NAMES = ["qliro.order_line", "qliro.capture_line"]
BOUGHT = [
    (1, 1, "WRAP", "Wrapping", 1), (1, 2, "HAT", "Product", 2), (1, 3, "CAP", "Product", 1),
    (2, 1, "HAT", "Product", 1), (2, 2, "WRAP", "Wrapping", 1), (3, 1, "WRAP", "Wrapping", 1),
]  # fmt: skip


def rows(compiled: Program, bought: Sequence[tuple[Any, ...]] = BOUGHT) -> Rows:
    store = few_rows.in_memory()
    columns = ["OrderId", "position", "MerchantReference", "Type", "Quantity"]
    for name, more in (("order_line", []), ("capture_line", ["capture"])):
        store.append(
            f"qliro.{name}",
            [(f"{n[0]}/{n[1]}", *n, *(f"{n[0]}/9" for _ in more)) for n in bought],
            ["line", *columns, *more],
        )
    return Rows(store, compiled, NO_BOOKS, sorted({str(line[0]) for line in bought}))


def test_a_row_sees_the_rows_that_belong_to_it_wherever_they_stand() -> None:
    made = rows(program(FILES)).of("qliro.order_line")
    assert [row["tenth"] for row in made] == [
        Decimal(25), 0, 0, 0, Decimal(10), Decimal(0),
    ]  # fmt: skip


def test_a_row_of_another_entity_sees_all_columns_of_those() -> None:
    made = rows(program(FILES)).of("qliro.capture_line")
    assert [row["tenth"] for row in made] == [25, 0, 0, 0, 10, 0]


def test_only_rows_that_ask_for_others_are_derived_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 200 orders alike: each kind of line once, and the wrapping once more; of another order
    with more hats its wrapping again."""
    compiled = program(FILES)
    of_orders = [(order, *line[1:]) for order in range(1, 201) for line in BOUGHT[:3]]
    of_orders += [(201, 1, "WRAP", "Wrapping", 1), (201, 2, "HAT", "Product", 3)]
    seen: list[Any] = []
    derive = compiled.entities["qliro.order_line"].derive

    def counted(row: Any, *more: Any) -> Any:
        seen.append(row["Type"])
        return derive(row, *more)

    entity = compiled.entities["qliro.order_line"]
    entities = {**compiled.entities, "qliro.order_line": structs.replace(entity, derive=counted)}
    made = rows(structs.replace(compiled, entities=entities), of_orders).of("qliro.order_line")
    assert [row["tenth"] for row in made] == [25, 0, 0] * 200 + [30, 0]
    assert seen == ["Wrapping", "Product", "Product", "Product", "Wrapping", "Wrapping"]


def test_a_column_that_is_a_row_of_others_is_each_rows_own() -> None:
    whole = ORDERED.replace('tenth: "{{ (hats | values(\'worth\') | sum) / 10', 'tenth: "{{ hats')
    compiled = program({"order.yaml": whole, "prices.yaml": PRICES})
    of_orders = [(order, *line[1:]) for order in (1, 2) for line in BOUGHT[:3]]
    made = rows(compiled, of_orders).of("qliro.order_line")
    assert [[hat["line"] for hat in row["tenth"] or ()] for row in made] == [
        ["1/2", "1/3"], [], [], ["2/2", "2/3"], [], [],
    ]  # fmt: skip


def test_a_row_whose_others_cannot_be_read_cannot_be_read_either() -> None:
    bought = [(1, 1, "WRAP", "Wrapping", 1), (1, 2, "BELT", "Product", 1), *BOUGHT[3:]]
    made = rows(program(FILES), bought).of("qliro.order_line")
    told = [row["problem"] for row in made]
    assert [one.partition(" (")[0] for one in told[:2]] == ["tables.prices: no price of BELT"] * 2
    assert all("derive.worth of line " in one and "; order.yaml:" in one for one in told[:2])
    assert told[2:] == [None, None, None]


@pytest.mark.parametrize("number", [columns.NUMBER, "length(concat({}))"])
@pytest.mark.parametrize("name", NAMES)
def test_lines_of_many_orders_come_as_those_of_few(
    monkeypatch: pytest.MonkeyPatch, name: str, number: str
) -> None:
    """What many lines say is read once, those that need others and those that can't be read among
    them; also where two that say something else have got the same number."""
    belts = [(order, 1, "BELT", "Product", 1) for order in (5, 6)]
    bought = [(order + 10 * n, *line) for n in range(12) for order, *line in [*BOUGHT, *belts]]
    few = rows(program(FILES), bought).of(name)
    assert len({row["problem"] for row in few}) == 25  # each names its own line
    monkeypatch.setattr(found, "MANY", 1)
    monkeypatch.setattr(columns, "NUMBER", number)
    many = rows(program(FILES), bought)
    assert many.of(name) == few
    monkeypatch.setattr(found, "HANDED_ON", 3)
    assert isinstance(many.source, found.Staged)
    handed = found.portions(many.source.store, many.program, many.source.orders, NAMES)
    in_portions = [Rows(one, many.program, NO_BOOKS, one.orders).of(name) for one in handed]
    assert len(in_portions) == 20
    assert [row for one in in_portions for row in one] == few
    assert few[6]["line"] == "5/1"


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("order.yaml", "values('worth')", "values('tenth')",
         "order.yaml:7:10: unknown-key: derive.tenth: qliro.order_line has no 'tenth'."),
        ("order.yaml", "when: it.is_hat", "when: it.is_cat",
         "order.yaml:5:69: unknown-key: related.hats.when: qliro.order_line has no 'is_cat'. "
         "Did you mean 'is_hat'?"),
        ("order.yaml", "{OrderId:", "{OderId:",
         "order.yaml:5:39: unknown-key: qliro.order_line has no 'OderId'. "
         "Did you mean 'OrderId'?"),
        ("order.yaml", "from: qliro.order_line", "from: qliro.oder_line",
         "order.yaml:5:16: unknown-entity: there is no entity 'qliro.oder_line'. "
         "Did you mean 'qliro.order_line'?"),
        ("order.yaml", "  hats:", "  wrapped:",
         "order.yaml:5:3: twice: 'wrapped' is the name of something else in this file. "
         "Take another name."),
        ("order.yaml", "  hats:", "  rows:",
         "order.yaml:5:3: reserved-name: 'rows' has a meaning of its own in the language. "
         "Take another name."),
        ("order.yaml", "from: qliro.order_line", "from: qliro.capture_line",
         "order.yaml:4:1: cycle: qliro.capture_line and qliro.order_line need each other's rows."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_them_is_found_when_they_are_loaded(
    file: str, old: str, new: str, complaint: str
) -> None:
    found = findings({**FILES, file: FILES[file].replace(old, new)})
    assert any(one.startswith(complaint) for one in found), found


def test_of_what_no_other_rows_are_known_none_belong_to_it() -> None:
    """One line by itself, as `doctor` and tests derive it."""
    alone = program(FILES).derive(
        "qliro.order_line",
        {"line": "1/1", "OrderId": 1, "MerchantReference": "WRAP", "Type": "Wrapping",
         "Quantity": Decimal(1)},
    )  # fmt: skip
    assert alone == {"tenth": 0, "wrapped": True, "is_hat": False, "worth": 0}


WRAPPINGS = """\
version: 2
table: wrappings
inputs: {worth: decimal}
outputs: {price: decimal}
hit: first
rows:
  - {id: dear, when: {worth: 250}, then: {price: 20}}
otherwise: {price: 10}
"""


def test_lines_that_say_the_same_were_decided_by_the_same_table_rows_unless_others_were_asked() -> (
    None
):
    """The wrapping of the first order is dear by its hats, that of the others cheap."""
    told = ORDERED.replace("(hats | values('worth') | sum) / 10", "WRAPPING").replace(
        "WRAPPING", "tables.wrappings(worth=hats | values('worth') | sum).price"
    )
    compiled = program({"order.yaml": told, "prices.yaml": PRICES, "wrappings.yaml": WRAPPINGS})
    of_all = rows(compiled)
    outcomes = OrderOutcomes(compiled, Books((), None), Plan(""), of_all)
    decided = [
        [hit[:2] for hit in outcomes.tables_of("qliro.order_line", row)]
        for row in of_all.of("qliro.order_line")
    ]
    wrap, hat, cap = (["prices", str(n)] for n in (3, 1, 2))
    dear, cheap = ["wrappings", "1"], ["wrappings", "otherwise"]
    assert [sorted(hits) for hits in decided] == [
        [wrap, dear], [hat], [cap], [hat], [wrap, cheap], [wrap, cheap],
    ]  # fmt: skip
