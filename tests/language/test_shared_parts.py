"""Parts that mappings and entities share: written once, used by name, with arguments."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

from engine.errors import Place
from engine.language import expressions
from engine.language.compile import compile_set
from engine.language.given import Given, copied
from engine.language.load import load_set_from_texts
from engine.language.program import Rendered
from engine.language.written import written

from .kit import BOOKS, CATALOGUE, LINE, PAYMENT, failure, findings, parsed

OPEN_DAY = """\
version: 2
part: open_day
takes:
  day: the day that is wanted
  what: what is booked, in words
let:
  wanted: "{{ day }}"
  date: "{{ books.next_open_day(wanted) }}"
checks:
  - id: locked-period
    that: date is not none
    because: "{{ what }}: the day {{ wanted }} lies in a locked period"
"""
USING = PAYMENT.replace('PaymentDate: "{{ line.BatchDate }}"', 'PaymentDate: "{{ date }}"') + (
    "let:\n  use open_day: {day: line.BatchDate}\nchecks:\n  - {id: sold, that: line.Amount > 0, "
    "because: nothing is sold}\n  - use open_day: {what: \"'the payment'\"}\n"
)
SET = {"open_day.yaml": OPEN_DAY, "payment.yaml": USING}


def loaded(texts: dict[str, str]) -> list[str]:
    """The warnings of a set."""
    return [str(one) for one in load_set_from_texts(texts, CATALOGUE).warnings]


def rendered(texts: dict[str, str], amount: Decimal = Decimal(100)) -> Rendered:
    made = compile_set(load_set_from_texts(texts, CATALOGUE), {}).mappings["payment"]
    return made.render({"line": {**LINE, "Amount": amount}, "books": BOOKS, "earlier": 0})


def test_a_part_used_with_arguments_is_what_it_would_be_written_out_by_hand() -> None:
    by_hand = USING.replace(
        "  use open_day: {day: line.BatchDate}\n",
        '  wanted: "{{ line.BatchDate }}"\n  date: "{{ books.next_open_day(wanted) }}"\n',
    ).replace(
        "  - use open_day: {what: \"'the payment'\"}\n",
        "  - {id: locked-period, that: date is not none,\n"
        "     because: \"{{ 'the payment' }}: the day {{ wanted }} lies in a locked period\"}\n",
    )
    for amount in (Decimal(10), Decimal(-10)):
        used, written_out = rendered(SET, amount), rendered({"payment.yaml": by_hand}, amount)
        assert used.document == written_out.document
        assert [one.because for one in used.failures] == [
            one.because for one in written_out.failures
        ]
    assert loaded(SET) == []


def test_a_fault_in_a_part_is_told_there_and_where_it_is_used() -> None:
    part = OPEN_DAY.replace("books.next_open_day(wanted)", "wanted - 1")
    told = findings({**SET, "open_day.yaml": part})
    assert told[0] == (
        "open_day.yaml:8:9, used in payment.yaml:14:3: type: let.date: - needs a number; wanted "
        "is a date."
    )


def test_an_error_in_a_run_names_the_part_and_the_one_who_used_it() -> None:
    part = OPEN_DAY.replace("{{ day }}", "{{ (1 / day) | text }}")
    part = part.replace("books.next_open_day(wanted)", "wanted")
    use = USING.replace("{day: line.BatchDate}", "{day: line.Amount - line.Amount}")
    told = failure({"open_day.yaml": part, "payment.yaml": use})  # type: ignore[arg-type]
    assert told.startswith(
        "open_day.yaml:7:11, used in payment.yaml:14:3: payment, let.wanted: a division by zero"
    )


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("use open_day: {day: line.BatchDate}", "use open_dya: {day: line.BatchDate}",
         "payment.yaml:14:3: unknown-part: there is no part 'open_dya'. Did you mean 'open_day'?"),
        ("{day: line.BatchDate}", "{dai: line.BatchDate}",
         "payment.yaml:14:18: unknown-argument: the part open_day takes no 'dai' "
         "(open_day.yaml:1:1). Did you mean 'day'?"),
        ("{day: line.BatchDate}", "{}",
         "payment.yaml:14:3: missing-argument: the part open_day needs 'day' here "
         "(open_day.yaml:7). Write: use open_day: {day: …}."),
        ("{day: line.BatchDate}", "line.BatchDate",
         "payment.yaml:14:17: wrong-type: the arguments of open_day are keys with values. "
         "Write: use open_day: {day: …, what: …}."),
        ("{day: line.BatchDate}", "{day: \"{{ line.BatchDate }}\"}",
         "payment.yaml:14:23: braces: use open_day.day: takes a bare expression. "
         "Write it without {{ and }}."),
        ("document:", "document:\n  use open_day: {}",
         "payment.yaml:6:3: unknown-piece: the part open_day has no 'document'. "
         "Known: checks, let. It stands in open_day.yaml:1:1."),
        ("identity:", "use open_day: {}\nidentity:",
         "payment.yaml:10:1: unknown-piece: a part can't be used at this place."),
        ("let:\n", 'let:\n  date: "{{ line.BatchDate }}"\n',
         "open_day.yaml:8:3, used in payment.yaml:15:3: twice: 'date' stands already in "
         "payment.yaml:14:3. Take one of them out, or another name."),
        ("checks:\n", "checks:\n  - {id: locked-period, that: true, because: x}\n",
         "open_day.yaml:10:9, used in payment.yaml:18:5: twice: the id 'locked-period' stands "
         "already in payment.yaml:16:10. Take another id."),
    ],
)  # fmt: skip
def test_a_slip_in_a_use_is_told_with_both_places(old: str, new: str, told: str) -> None:
    assert told in findings({**SET, "payment.yaml": USING.replace(old, new, 1)})


def test_a_part_may_use_parts_and_passes_on_what_it_was_given() -> None:
    outer = (
        "version: 2\npart: outer\ntakes: {when_paid: the day}\n"
        "let:\n  use open_day: {day: when_paid}\n  later: \"{{ date }}\"\n"
    )
    use = USING.replace("use open_day: {day", "use outer: {when_paid")
    use = use.replace("{{ date", "{{ later")
    made = rendered({**SET, "outer.yaml": outer, "payment.yaml": use})
    assert made.document is not None
    assert made.document["PaymentDate"] == "2026-11-02"


def test_parts_that_use_each_other_are_refused() -> None:
    one, other = (
        f"version: 2\npart: {name}\nlet:\n  {name}: 1\n  use {next_}: {{}}\n"
        for name, next_ in (("one", "other"), ("other", "one"))
    )
    use = PAYMENT + "let:\n  use one: {}\n"
    told = findings({"one.yaml": one, "other.yaml": other, "payment.yaml": use})
    assert any(
        line.endswith("cycle: the part one uses itself: one → other → one.")
        and line.startswith("other.yaml:5:3, used in one.yaml:5:3, used in payment.yaml:14:3")
        for line in told
    )


def test_fields_of_a_row_rows_and_what_contradicts_a_match_are_pieces_too() -> None:
    part = """\
version: 2
part: shared
takes: {of: the row, prefix: the reference's beginning}
row:
  Amount: "{{ of.Amount }}"
  AccountNumber: 6570
rows:
  - {id: rounding, AccountNumber: 3740, Amount: 1}
steps:
  - {id: reference, name: reference, field: OCR, keys: ["{{ prefix ~ line.OrderId }}"]}
"""
    use = PAYMENT.replace("document:", """\
related: {fees: {from: qliro.settlement_line, on: {settles: line.line}}}
match:
  invoice:
    from: fortnox.invoice
    steps:
      - use shared: {prefix: "'Q'"}
    outcome: {none: go}
document:
  WriteOffs:
    - id: fees
      each: {fee: fees}
      use shared: {of: fee}
    - use shared:""")
    loaded_ = load_set_from_texts({"shared.yaml": part, "payment.yaml": use}, CATALOGUE)
    spec = loaded_.mappings["payment"]
    assert [written(one.node) for one in spec.match["invoice"].steps[0].keys] == [
        "'Q' ~ line.OrderId"
    ]
    (field,) = [one for one in spec.document if one.rows]
    assert [(row.id, [f.name for f in row.fields]) for row in field.rows] == [
        ("fees", ["Amount", "AccountNumber"]), ("rounding", ["AccountNumber", "Amount"])
    ]  # fmt: skip
    assert list(loaded_.warnings) == []


def test_what_nothing_uses_is_a_warning() -> None:
    part = OPEN_DAY.replace("takes:", "takes:\n  never: named nowhere")
    part += "confirm: {Total: {is: 1}}\n"
    lonely = "version: 2\npart: lonely\nlet: {a: 1}\n"
    use = USING.replace("{day: line", "{what: \"'x'\", day: line")
    assert loaded({"open_day.yaml": part, "lonely.yaml": lonely, "payment.yaml": use}) == [
        "lonely.yaml:2:7: unused: nothing uses the part lonely.",
        "open_day.yaml:14:1: unused: nothing uses 'confirm' of the part open_day.",
        "open_day.yaml:4:3: unused: nothing in the part open_day names 'never'.",
        "payment.yaml:14:3: unused: the part open_day names no 'what' here. Leave it out.",
    ]


def test_a_name_that_a_row_of_the_part_hides_is_refused() -> None:
    part = "version: 2\npart: offs\ntakes: {of: rows}\nrows:\n" \
        "  - {id: a, each: {line: of}, AccountNumber: 3740, Amount: 1}\n"  # fmt: skip
    use = PAYMENT.replace("identity:", "  WriteOffs:\n    - use offs: {of: line.fees}\nidentity:")
    told = findings({"offs.yaml": part, "payment.yaml": use})
    assert told[0].startswith("payment.yaml:11:22: hidden-name: 'line' is a row of the part offs")
    taken = part.replace("{of: rows}", "{line: x}")
    assert findings({"offs.yaml": taken, "payment.yaml": PAYMENT})[0] == (
        "offs.yaml:3:9: twice: 'line' is a name of the part's own too (offs.yaml:5:20). "
        "Take another name."
    )


# Expressions --------------------------------------------------------------------------------------
NAMES = st.sampled_from(
    ["a", "b", "a.b", "a['a']", "'a'", "b.a", "(a | default(b))", "[a, b]", "1"]
)
JOINED = st.recursive(
    NAMES,
    lambda inner: st.builds(
        lambda one, sign, other: f"({one} {sign} {other})", inner,
        st.sampled_from(["+", "*", "==", "~", "and", "if b else"]), inner,
    ),
    max_leaves=8,
)  # fmt: skip
ARGUMENTS = st.sampled_from(["x", "x.y", "(x - 1)", "'a'", "-x", "(b if x else a)"])


@given(text=JOINED, argument=ARGUMENTS)
def test_an_argument_stands_for_the_name_alone(text: str, argument: str) -> None:
    """Not for a key, a text or another name; and as one value, whatever stands around it."""
    plain = parsed(text)
    found: list[object] = []
    use = Given("p", Place("x"), frozenset({"a"}), {"a": parsed(argument).node})
    put = expressions.bare(text, Place("x"), "value", found.append, use)
    assert put is not None
    assert not found

    def by_hand(node: nodes.Node) -> nodes.Node:
        if isinstance(node, nodes.Name) and node.name == "a":
            return copied(parsed(argument).node)
        for name in node.fields:
            inner = getattr(node, name)
            if isinstance(inner, nodes.Node):
                setattr(node, name, by_hand(inner))
            elif isinstance(inner, list):
                setattr(node, name, [by_hand(i) if isinstance(i, nodes.Node) else i for i in inner])
        return node

    # What was parsed is kept for the next text that reads the same: it is not changed in place.
    assert written(put.node) == written(by_hand(copied(plain.node)))
    seen = [id(node) for node in expressions.walk(put.node)]
    assert len(seen) == len(set(seen)), "each argument is a tree of its own"
