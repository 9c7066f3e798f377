"""Files laid over each other: what is not named stays; entities alike; mappings that extend."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Finding
from engine.language.declared import read
from engine.language.laid import Laying
from engine.language.load import load_set_from_texts
from engine.language.tree import Frame, Node, of_file, plain
from engine.language.written import written
from engine.yamlfile import parse

from .kit import CATALOGUE, PAYMENT

HEAD = "version: 2\nmapping: payment\n"


# What stays -----------------------------------------------------------------------------------
def node(value: Any, path: str, line: int = 1) -> Node:
    frame = Frame(path)
    if isinstance(value, dict):
        return Node({k: node(v, path, line + 1) for k, v in value.items()}, frame, (line, 1))
    if isinstance(value, list):
        return Node([node(v, path, line + 1) for v in value], frame, (line, 1))
    return Node(value, frame, (line, 1))


WORDS = st.sampled_from("abcdefgh")
ITEMS = st.lists(WORDS, unique=True, max_size=6).flatmap(
    lambda ids: st.tuples(
        *[st.fixed_dictionaries({"id": st.just(one), "that": st.integers(0, 9)}) for one in ids]
    ).map(list)
)
PLAIN = st.integers(0, 9) | st.lists(st.integers(0, 9), max_size=3)
FILES = st.fixed_dictionaries(
    {"checks": ITEMS, "let": st.dictionaries(WORDS, PLAIN, max_size=4), "when": st.integers(0, 9)}
)


def laid(base: dict[str, Any], over: dict[str, Any]) -> tuple[Node, list[Finding], Laying]:
    found: list[Finding] = []
    laying = Laying("mapping x", frozenset(), found.append)
    return laying.lay(node(base, "base"), node(over, "over")), found, laying


def places(node: Node, path: tuple[Any, ...] = ()) -> dict[tuple[Any, ...], tuple[str, Any]]:
    """Every plain value with its file, by path; items of lists by their ids."""
    value = node.value
    if isinstance(value, dict):
        return {k: v for key, one in value.items() for k, v in places(one, (*path, key)).items()}
    if isinstance(value, list):
        named = [(one.text("id") or i, one) for i, one in enumerate(value)]
        return {k: v for key, one in named for k, v in places(one, (*path, key)).items()}
    return {path: (node.frame.path, value)}


@given(base=FILES, values=st.dictionaries(WORDS, st.integers(10, 19), max_size=3), data=st.data())
def test_what_an_overlay_does_not_name_is_as_it_was_with_its_place(
    base: dict[str, Any], values: dict[str, int], data: st.DataObject
) -> None:
    ids = [one["id"] for one in base["checks"]]
    gone = data.draw(st.lists(st.sampled_from(ids), unique=True)) if ids else []
    left = [one for one in ids if one not in gone]
    new = data.draw(st.lists(st.sampled_from(left), unique=True)) if left else []
    fresh = [one for one in data.draw(st.lists(WORDS, unique=True)) if one not in ids]
    lists = {key for key, one in base["let"].items() if isinstance(one, list)}
    said = {
        "let": {key: one for key, one in values.items() if key not in lists},
        "checks": {
            "remove": [{"id": one, "because": "x"} for one in gone],
            "replace": [{"id": one, "that": 99} for one in new],
            "add": [{"id": one, "that": 98} for one in fresh],
        },
    }
    result, found, laying = laid(base, said)
    assert not found
    before, after = places(node(base, "base")), places(result)
    touched = {("let", key) for key in said["let"]}
    touched |= {("checks", one) for one in (*gone, *new, *fresh)}
    for path, value in before.items():
        if path[:2] not in touched:
            assert after[path] == value
    assert [one.text("id") for one in result.value["checks"].value] == [*left, *fresh]
    assert len(laying.changes) == len(touched)


@given(base=FILES, fresh=ITEMS)
def test_what_is_added_and_removed_again_leaves_all_as_it_was(
    base: dict[str, Any], fresh: list[dict[str, Any]]
) -> None:
    known = {one["id"] for one in base["checks"]}
    fresh = [one for one in fresh if one["id"] not in known]
    more, found, _ = laid(base, {"checks": {"add": fresh}})
    ids = [{"id": one["id"], "because": "x"} for one in fresh]
    back = Laying("mapping x", frozenset(), found.append)
    result = back.lay(more, node({"checks": {"remove": ids}}, "over"))
    assert not found
    assert plain(result) == base


@given(base=FILES, data=st.data())
def test_what_is_replaced_by_itself_is_as_it_was(
    base: dict[str, Any], data: st.DataObject
) -> None:
    some = data.draw(st.lists(st.sampled_from(base["checks"]))) if base["checks"] else []
    some = list({one["id"]: one for one in some}.values())
    result, found, _ = laid(base, {"checks": {"replace": some}})
    assert not found
    assert plain(result) == base


@given(base=FILES, over=FILES | st.dictionaries(WORDS, PLAIN | ITEMS | FILES))
def test_no_item_is_ever_lost_by_silence(base: dict[str, Any], over: dict[str, Any]) -> None:
    """Whatever is laid over it that names no removal."""
    result, _, _ = laid(base, over)
    ids = [one["id"] for one in base["checks"]]
    kept = [one.text("id") for one in result.value["checks"].value]
    assert [one for one in kept if one in ids] == ids


# Entities, parts, mappings that extend others ---------------------------------------------------
def sources(files: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    found: list[Finding] = []
    trees = {name: of_file(parse(text, name)) for name, text in files.items()}
    declared, _ = read(trees, found.append)
    return {name: one.value for name, one in declared.sources.items()}, [str(f) for f in found]


def test_one_file_may_serve_several_entities_and_an_overlay_changes_one_of_them() -> None:
    files = {
        "lines.yaml": "version: 2\nentity: [qliro.order_line, qliro.refund_line]\nas: line\n"
        "derive: {a: 1, b: 2}\n",
        "overlay:x.yaml": "version: 2\nentity: qliro.refund_line\nderive: {a: 5}\n",
    }
    found, told = sources(files)
    assert not told
    assert found["entity qliro.order_line"]["derive"] == {"a": 1, "b": 2}
    assert found["entity qliro.refund_line"]["derive"] == {"a": 5, "b": 2}
    assert found["entity qliro.refund_line"]["entity"] == "qliro.refund_line"


EXTENDED = {
    "a.yaml": PAYMENT + "checks:\n  - {id: one, that: true, because: x}\n"
    "  - {id: two, that: true, because: y}\n",
    "b.yaml": "version: 2\nmapping: other\nextends: payment\nwhen: line.Amount > 5\n"
    "document: {ModeOfPaymentAccount: 1999}\n"
    "checks: {remove: [{id: one, because: it is not asked}]}\n",
}


def test_a_mapping_that_extends_another_says_only_what_differs() -> None:
    loaded = load_set_from_texts(EXTENDED, CATALOGUE)
    other, payment = loaded.mappings["other"], loaded.mappings["payment"]
    assert [one.id for one in other.checks] == ["two"]
    assert other.checks[0].place == payment.checks[1].place
    assert [field.name for field in other.document] == [field.name for field in payment.document]
    account = loaded.origin("mapping other", ["document", "ModeOfPaymentAccount"])
    assert str(account) == "b.yaml:5:34"
    assert str(loaded.origin("mapping other")) == "b.yaml:1:1"
    assert not loaded.changes


def test_an_overlay_of_a_mapping_leaves_those_that_extend_it() -> None:
    files = {**EXTENDED, "overlay:x.yaml": f"{HEAD}document: {{ModeOfPaymentAccount: 1777}}\n"}
    found, told = sources(files)
    assert not told
    assert found["mapping payment"]["document"]["ModeOfPaymentAccount"] == 1777
    assert found["mapping other"]["document"]["ModeOfPaymentAccount"] == 1999


def test_an_overlay_s_own_mapping_may_extend_one_of_the_set_as_it_lies_there() -> None:
    files = {
        **EXTENDED,
        "overlay:x.yaml": f"{HEAD}document: {{ModeOfPaymentAccount: 1777}}\n",
        "overlay:y.yaml": "version: 2\nmapping: third\nextends: payment\nwhen: line.Amount < 5\n",
    }
    found, told = sources(files)
    assert not told
    assert found["mapping third"]["document"]["ModeOfPaymentAccount"] == 1777


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("extends: payment", "extends: paymnt",
         "b.yaml:3:10: unknown-mapping: there is no mapping 'paymnt'. Did you mean 'payment'?"),
        ("extends: payment", "extends: other",
         "b.yaml:3:10: cycle: other extends itself: other → other."),
        ("id: one, because", "id: on, because",
         "b.yaml:6:19: unknown-id: checks of the mapping payment has no 'on'. Did you mean 'one'?"),
    ],
)  # fmt: skip
def test_a_slip_in_a_mapping_that_extends_is_told(old: str, new: str, told: str) -> None:
    assert told in sources({**EXTENDED, "b.yaml": EXTENDED["b.yaml"].replace(old, new)})[1]


def test_a_part_is_overlaid_for_all_who_use_it() -> None:
    part = "version: 2\npart: series\nlet: {series: A, day: 1}\n"
    use = PAYMENT + "let:\n  use series:\n"
    files = {
        "p.yaml": part, "a.yaml": use, "b.yaml": use.replace("mapping: payment", "mapping: other"),
        "overlay:x.yaml": "version: 2\npart: series\nlet: {series: B}\n",
    }  # fmt: skip
    found, told = sources(files)
    assert not told
    for name in ("payment", "other"):
        assert found[f"mapping {name}"]["let"] == {"series": "B", "day": 1}


SHARED = (
    "version: 2\npart: guards\ntakes: {what: x}\nlet: {b: \"{{ what }}\"}\nchecks:\n"
    "  - {id: first, that: what > 0, because: x}\n  - {id: second, that: what > 1, because: x}\n"
    "row: {Amount: \"{{ what }}\"}\nrows: [{id: whole, AccountNumber: 3740, Amount: 1}]\n"
)


def test_an_overlay_uses_the_parts_of_its_set_wherever_it_adds_something() -> None:
    files = {
        "p.yaml": SHARED,
        "a.yaml": EXTENDED["a.yaml"].replace(
            "identity:", "  WriteOffs: [{id: fee, AccountNumber: 6570, Amount: 1}]\nidentity:"
        ),
        "overlay:x.yaml": f"{HEAD}let: {{use guards: {{what: line.Amount}}}}\nchecks:\n"
        "  add:\n    - {use guards: {what: line.Amount}, after: one}\n"
        "document:\n  WriteOffs:\n    add:\n"
        "      - {id: own, AccountNumber: 3741, use guards: {what: '5'}, before: fee}\n"
        "      - use guards: {}\n",
    }
    found, told = sources(files)
    assert not told
    payment = found["mapping payment"]
    assert [one["id"] for one in payment["checks"]] == ["one", "first", "second", "two"]
    assert [one["id"] for one in payment["document"]["WriteOffs"]] == ["own", "fee", "whole"]
    assert payment["let"] == {"b": "{{ what }}"}


def test_what_an_overlay_makes_with_a_part_of_the_set_is_worked_out_with_its_arguments() -> None:
    files = {
        "p.yaml": SHARED,
        "a.yaml": EXTENDED["a.yaml"],
        "overlay:x.yaml": f"{HEAD}checks: {{add: [use guards: {{what: line.Amount}}]}}\n",
    }
    checks = load_set_from_texts(files, CATALOGUE).mappings["payment"].checks
    assert [(one.id, written(one.that.node)) for one in checks[2:]] == [
        ("first", "line.Amount > 0"), ("second", "line.Amount > 1")
    ]  # fmt: skip
    assert str(checks[2].place) == "p.yaml:6:5, used in overlay:x.yaml:3:16"


def test_what_a_part_uses_does_not_go_unnamed_either() -> None:
    outer = "version: 2\npart: outer\nchecks: [use guards: {what: '1'}]\n"
    over = "version: 2\npart: outer\nchecks: null\n"
    _, told = sources({"p.yaml": SHARED, "o.yaml": outer, "overlay:x.yaml": over})
    assert any(
        "checks of the part outer holds use guards (o.yaml:3), which would go unnamed." in one
        for one in told
    )
