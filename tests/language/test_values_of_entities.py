"""Named values of an entity: what its columns are made of, and that nobody else sees."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import few_rows
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.errors import ItemError
from engine.language.load import load_set_from_texts
from engine.language.program import NO_BOOKS, Program
from engine.plan.order_rows import Rows

from .kit import CATALOGUE, LINE, PAYMENT, Grammar, findings, fits, grown, program

HEAD = "version: 2\nentity: qliro.settlement_line\nas: line\n"
# What the engine reads of each line of a payout.
NEEDED = "  reference: A\n  gross: 1\n  value: 1\n  interim: 1684\n"
PRICES = """\
version: 2
table: prices
inputs: {reference: text}
outputs: {price: decimal}
hit: first
rows: [{id: HAT, when: {reference: HAT}, then: {price: 100}}]
otherwise: {error: "no price of {{ reference }}"}
"""


def entity(lets: str, columns: str) -> dict[str, str]:
    """A payment, and how its line is read; a name with its value on each line."""
    told = ["".join(f"  {one}\n" for one in some.split("\n")) for some in (lets, columns)]
    text = f"{HEAD}let:\n{told[0]}derive:\n{told[1]}{NEEDED}"
    return {"e.yaml": text, "p.yaml": PAYMENT} | ({"t.yaml": PRICES} if "tables." in text else {})


def read(compiled: Program, **columns: Any) -> dict[str, Any]:
    """The line as it is read, without what every line has here."""
    made = compiled.derive("qliro.settlement_line", {**LINE, **columns})
    assert made == compiled.trace_derive("qliro.settlement_line", {**LINE, **columns})[0]
    return {name: value for name, value in made.items() if f"  {name}:" not in NEEDED}


def test_columns_name_it_in_any_order_and_the_row_does_not_have_it() -> None:
    compiled = program(entity(
        'quarter: "{{ half / 2 }}"\nhalf: "{{ line.Amount / 2 }}"',
        'rest: "{{ line.Amount - quarter }}"\nboth: "{{ half + quarter }}"',
    ))  # fmt: skip
    assert read(compiled) == {"rest": Decimal("75.00"), "both": Decimal("75.00")}
    columns = compiled.mapping_set.columns["qliro.settlement_line"]
    assert {"rest", "both"} <= columns.keys()
    assert not {"half", "quarter"} & columns.keys()


def test_a_mapping_that_names_it_is_told_why_it_cannot() -> None:
    files = entity('half: "{{ line.Amount / 2 }}"', 'rest: "{{ line.Amount - half }}"')
    files["p.yaml"] = PAYMENT.replace('"{{ line.Amount }}"', '"{{ line.half }}"')
    assert findings(files) == [
        "p.yaml:9:11: unknown-key: document.Amount: qliro.settlement_line has no 'half'. "
        "half is a named value of it: only under derive it is a column."
    ]


def test_what_no_column_needs_of_a_row_is_not_worked_out() -> None:
    asked = "{{ tables.prices(reference=line.MerchantOrderReference).price }}"
    compiled = program(entity(
        f'price: "{asked}"', 'paid: "{{ price if line.Type == \'Hat\' else 0 }}"'
    ))  # fmt: skip
    assert read(compiled, Type="Cap", MerchantOrderReference="CAP") == {"paid": 0}
    assert read(compiled, Type="Hat", MerchantOrderReference="HAT") == {"paid": 100}
    with pytest.raises(ItemError, match="no price of CAP"):
        read(compiled, Type="Hat", MerchantOrderReference="CAP")


def test_a_null_in_it_makes_each_column_null_that_needs_it_and_no_other() -> None:
    compiled = program(entity(
        'net: "{{ line.AmountExcludingVat * 1 }}"\nword: "{{ \'net \' ~ (net | text) }}"\n'
        'low: "{{ line.MerchantOrderReference | lower }}"',
        'vat: "{{ line.Amount - net }}"\ntold: "{{ word | default(\'none\') }}"\n'
        'kind: "{{ word if line.Type == \'Fee\' else \'no fee\' }}"\nagain: "{{ word }}"\n'
        'shop: "{{ low | default(\'none\') }}"',
    ))  # fmt: skip
    assert read(compiled, AmountExcludingVat=None) == {
        "vat": None, "told": None, "kind": "no fee", "again": None, "shop": None,
    }  # fmt: skip
    line = {"AmountExcludingVat": Decimal(80), "Type": "Fee", "MerchantOrderReference": "A"}
    assert read(compiled, **line) == {
        "vat": Decimal(20), "told": "net 80", "kind": "net 80", "again": "net 80", "shop": "a",
    }  # fmt: skip


# Columns that may be null, and two named values, the second made of the first.
GRAMMAR: Grammar = {
    "number": (
        ["line.Amount", "line.AmountExcludingVat", "line.VatRate", "n", "n", "2"],
        ["({number} + {number})", "({number} * {number})", "({number} | abs)",
         "({number} | default({number}))", "({number} if {condition} else {number})",
         "([{number}, {number}] | sum)", "({number} if {condition} else none)"],
    ),
    "text": (
        ["line.MerchantOrderReference", "line.Type", "t", "t", "'a'"],
        ["({text} ~ {text})", "({text} | lower)", "({number} | text)", "([{text}] | first_text)",
         "({text} | default({text}))", "({text} if {condition} else {text})"],
    ),
    "condition": (
        ["(line.Amount is none)", "(line.Type is not none)", "(line.Type == 'Fee')"],
        ["({number} is none)", "({text} is none)", "({number} < {number})", "({text} == {text})",
         "({condition} and {condition})", "({condition} or {condition})", "(not {condition})"],
    ),
}  # fmt: skip
NEXT: Grammar = {kind: ([x for x in a if x != "t"], b) for kind, (a, b) in GRAMMAR.items()}
FIRST: Grammar = {kind: ([x for x in a if x != "n"], b) for kind, (a, b) in NEXT.items()}
NUMBERS = st.sampled_from([None, Decimal("0.00"), Decimal("12.50"), Decimal("-3.00")])
TEXTS = st.sampled_from([None, "", "Fee", "b"])


def inline(text: str, values: Mapping[str, str]) -> str:
    """An expression with what the names stand for in their places."""
    return re.sub(r"(?<![\w.'])[nt](?![\w'(])", lambda found: f"({values[found[0]]})", text)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    number=grown(FIRST, "number"), text=grown(NEXT, "text"),
    columns=st.lists(grown(GRAMMAR), min_size=1, max_size=3),
    rows=st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, TEXTS, TEXTS), min_size=1, max_size=6),
)  # fmt: skip
def test_a_column_is_what_it_would_be_with_the_expression_in_its_place(
    number: str, text: str, columns: list[str], rows: list[tuple[Any, ...]]
) -> None:
    stand_for = {"n": number, "t": inline(text, {"n": number})}
    written_out = [inline(one, stand_for) for one in columns]
    assume(all(fits(one) for one in written_out))
    ours = loaded(f'n: "{{{{ {number} }}}}"\nt: "{{{{ {text} }}}}"', columns)
    theirs = loaded("nothing: 1", written_out)
    for row in rows:
        line = dict(zip(COLUMNS, row, strict=True))
        assert read(ours, **line) == read(theirs, **line)


COLUMNS = ("Amount", "AmountExcludingVat", "VatRate", "MerchantOrderReference", "Type")


def loaded(lets: str, columns: list[str]) -> Program:
    return program(
        entity(lets, "\n".join(f'c{i}: "{{{{ {one} }}}}"' for i, one in enumerate(columns)))
    )


# What is wrong with one ---------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("lets", "columns", "told"),
    [
        ('a: "{{ b }}"\nb: "{{ a }}"', 'c: "{{ a }}"',
         ["e.yaml:5:6: cycle: let.a: 'b' needs itself: b → a → b."]),
        ('a: "{{ c }}"', 'c: "{{ a }}"',
         ["e.yaml:5:6: cycle: let.a: 'c' needs itself: c → a → c."]),
        ('a: "{{ lime.Amount }}"', 'c: "{{ a }}"',
         ["e.yaml:5:6: unknown-name: let.a: there is no 'lime' here. Did you mean 'line'?"]),
        ("c: 2", 'c: "{{ line.Amount }}"',
         ["e.yaml:5:3: twice: 'c' is the name of something else in this file. Take another name."]),
        ("books: 2", 'c: "{{ line.Amount }}"',
         ["e.yaml:5:3: reserved-name: 'books' has a meaning of its own in the language. "
          "Take another name."]),
        ("own_document: 2", 'c: "{{ own_document }}"',
         ["e.yaml:5:3: twice: qliro.settlement_line has a column own_document already."]),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_name_and_place(
    lets: str, columns: str, told: list[str]
) -> None:
    assert [one for one in findings(entity(lets, columns)) if "unused-name" not in one] == told


def test_one_that_no_column_needs_is_a_warning() -> None:
    found = load_set_from_texts(entity("a: 1\nb: 2", 'c: "{{ b }}"'), CATALOGUE)
    assert [str(one) for one in found.warnings] == [
        "e.yaml:5:3: unused-name: nothing uses the named value a. Use it or delete it."
    ]


def test_a_circle_of_columns_is_told_too() -> None:
    assert findings(entity("a: 1", 'b: "{{ c + a }}"\nc: "{{ b }}"')) == [
        "e.yaml:7:6: cycle: derive.b: 'c' needs itself: c → b → c."
    ]


def test_what_fails_in_it_is_told_with_its_name_and_place() -> None:
    compiled = program(entity('list: "{{ [line.Amount] }}"\nthird: "{{ list[2] }}"',
                              'c: "{{ third }}"'))  # fmt: skip
    with pytest.raises(ItemError) as caught:
        read(compiled)
    assert str(caught.value) == (
        "e.yaml:6:10: qliro.settlement_line, let.third: list[2] asks for an item that the list "
        "does not have (line L1)."
    )


# With other constructs ----------------------------------------------------------------------------
LINES = """\
version: 2
entity: qliro.order_line
as: line
related: {others: {from: qliro.order_line, on: {OrderId: line.OrderId}}}
let:
  worth: "{{ others | values('price') | sum }}"
  wraps: "{{ line.Type == 'Wrapping' }}"
derive:
  price: "{{ 0 if wraps else line.Quantity * 100 }}"
  tenth: "{{ worth / 10 if wraps else 0 }}"
"""


def test_one_that_needs_other_rows_is_worked_out_when_those_are_there() -> None:
    compiled = program({"l.yaml": LINES})
    assert compiled.entities["qliro.order_line"].late == ("tenth",)
    store = few_rows.in_memory()
    columns = ["line", "OrderId", "position", "Type", "Quantity"]
    bought = [("1/1", 1, 1, "Wrapping", 1), ("1/2", 1, 2, "Hat", 2), ("2/1", 2, 1, "Hat", 1)]
    store.append("qliro.order_line", bought, columns)
    made = Rows(store, compiled, NO_BOOKS, ["1", "2"]).of("qliro.order_line")
    assert [(row["price"], row["tenth"]) for row in made] == [(0, 20), (200, 0), (100, 0)]
    assert "worth" not in made[0]


def test_rows_that_differ_only_in_what_it_reads_are_not_taken_for_alike() -> None:
    text = LINES.replace("line.Quantity * 100", "worth_each").replace(
        "let:\n", "let:\n  worth_each: \"{{ line.Quantity * 100 }}\"\n"
    )
    store = few_rows.in_memory()
    bought = [(f"1/{n}", 1, n, "Product", n) for n in (1, 2, 3)]
    store.append("qliro.order_line", bought, ["line", "OrderId", "position", "Type", "Quantity"])
    made = Rows(store, program({"l.yaml": text}), NO_BOOKS, ["1"]).of("qliro.order_line")
    assert [row["price"] for row in made] == [100, 200, 300]


def test_a_part_shares_it_between_an_entity_and_a_mapping() -> None:
    part = "version: 2\npart: halves\ntakes: {of: an amount}\nlet:\n  half: \"{{ of / 2 }}\"\n"
    files = entity("use halves: {of: line.Amount}", 'c: "{{ half }}"') | {"h.yaml": part}
    files["p.yaml"] = PAYMENT.replace('"{{ line.Amount }}"', '"{{ half | round(2) }}"').replace(
        "document:", "let:\n  use halves: {of: line.c}\ndocument:"
    )
    compiled = program(files)
    line = {**LINE, **read(compiled)}
    assert line["c"] == 50
    given = {"line": line, "books": NO_BOOKS, "earlier": 0}
    rendered = compiled.mappings["payment"].render(given)
    assert rendered.document is not None
    assert rendered.document["Amount"] == 25


def test_an_overlay_adds_replaces_and_removes_one_by_its_name() -> None:
    files = entity('half: "{{ line.Amount / 2 }}"\nold: 1', 'c: "{{ half }}"\nd: "{{ old }}"')
    over = (
        f"{HEAD.replace('as: line', '')}let:\n  third: \"{{{{ line.Amount / 4 }}}}\"\n"
        '  half: "{{ third * 2 + 1 }}"\n  old: null\nderive:\n  d: null\n'
    )
    found = load_set_from_texts({**files, "overlay:e.yaml": over}, CATALOGUE)
    assert [(one.operation, str(one)) for one in found.changes] == [
        ("added", "entity qliro.settlement_line: let.third"),
        ("replaced", "entity qliro.settlement_line: let.half"),
        ("removed", "entity qliro.settlement_line: let.old"),
        ("removed", "entity qliro.settlement_line: derive.d"),
    ]
    compiled = program({**files, "overlay:e.yaml": over})
    assert read(compiled) == {"c": 51}
