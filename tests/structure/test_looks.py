"""What is looked up again and again is made once: a set that is made anew for each of many rows
takes minutes where a shop has tens of thousands."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from time import process_time

import pytest

from engine.deliver.queue import Delivery
from engine.extract.raw import Report
from engine.home import HOME
from engine.opened import RunReport
from engine.plan.model import OrderCase, Outcome, Plan
from engine.show import ran

LOOPS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
MADE = (ast.Set, *LOOPS, ast.BinOp)


def made_anew(text: str) -> Iterator[str]:
    """What is made for a single look inside a loop, out of nothing that the loop brings."""
    for loop in ast.walk(ast.parse(text)):
        if isinstance(loop, LOOPS):
            targets = [one.target for one in loop.generators]
            inside: list[ast.AST] = [test for one in loop.generators for test in one.ifs]
            inside += [loop.key, loop.value] if isinstance(loop, ast.DictComp) else [loop.elt]
        elif isinstance(loop, ast.For):
            targets, inside = [loop.target], [*loop.body]
        else:
            continue
        brought = names(*targets, *inside, stored=True) | names(*targets)
        for look in (one for part in inside for one in ast.walk(part)):
            if not isinstance(look, ast.Compare):
                continue
            for how, where in zip(look.ops, look.comparators, strict=True):
                called = isinstance(where, ast.Call) and isinstance(where.func, ast.Name)
                called = called and ast.unparse(where.func) != "str"  # a text is looked into
                few = isinstance(where, ast.Set) and all(
                    isinstance(one, ast.Constant | ast.Name | ast.Attribute) for one in where.elts
                )
                if (
                    isinstance(how, ast.In | ast.NotIn)
                    and (called or isinstance(where, MADE)) and not few
                    and not names(where) & brought
                ):  # fmt: skip
                    yield ast.unparse(look)


def names(*of: ast.AST, stored: bool = False) -> set[str]:
    found = (one for part in of for one in ast.walk(part) if isinstance(one, ast.Name))
    return {one.id for one in found if not stored or isinstance(one.ctx, ast.Store)}


@pytest.mark.parametrize("path", sorted((HOME / "engine").rglob("*.py")), ids=lambda one: one.stem)
def test_nothing_is_made_anew_for_each_look(path: Path) -> None:
    assert [*made_anew(path.read_text("utf-8"))] == []


def test_such_a_look_is_seen() -> None:
    assert [*made_anew("[a for a in b if a in set(c)]")] == ["a in set(c)"]
    assert [*made_anew("for a in b:\n    if a in c | d: e()")] == ["a in c | d"]
    assert not [*made_anew("[a for a in b if a in c]\n[a for a in b if a.x in set(a.y)]")]


def test_what_a_run_tells_of_many_orders() -> None:
    """Thirty thousand of each: by their square it took minutes."""
    many = range(30_000)
    plan = Plan("x", orders={f"{n}": OrderCase(f"{n}", None, "") for n in many})
    plan.outcomes = [
        Outcome("order", f"{n}", OrderCase.named(n), "posted", "done", "it stands") for n in many
    ]
    done = [f"{n}" for n in many]
    report = RunReport(plan, Delivery(done=done, adopted=done[1:]), Report(), 0)
    begun = process_time()
    told = ran.data(report)
    parts = ran.page("shop", report)
    assert process_time() - begun < 10
    assert (told["posted"], told["orders"]) == (["0"], {"posted": 30_000})
    texts = [getattr(part, "text", "") for part in parts]
    assert any("Posted 1 document with" in text and "adopted 29999" in text for text in texts)
    assert any("30,000 posted" in text or "30000 posted" in text for text in texts)
