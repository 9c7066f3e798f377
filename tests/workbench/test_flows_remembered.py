"""What a case of flows comes to is the same whether its database is asked or remembered."""

from __future__ import annotations

import random
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from engine.clock import STOCKHOLM
from engine.doctor.lint import whole_set
from engine.home import HOME
from engine.store.remembered import Answer
from engine.store.supposed import Supposed
from engine.workbench.cases import answered
from engine.workbench.cases.answered import Answered
from engine.workbench.cases.case import Verdict
from engine.workbench.cases.run import run
from engine.workbench.cases.servers import Servers, opened
from engine.workbench.cases.suite import Suite, suite

SET = HOME / "mappings" / "qliro-fortnox"


@pytest.fixture(scope="module")
def flows() -> Suite:
    """The cases of flows of the default set."""
    found = suite(whole_set(SET, None), SET, None)
    found.cases = [one for one in found.cases if one.kind == "flow"]
    assert len(found.cases) > 60
    return found


def told(verdict: Verdict) -> tuple[object, ...]:
    return verdict.made, [str(one) for one in verdict.differences]


def test_every_case_comes_out_as_when_all_is_asked_of_a_database(flows: Suite) -> None:
    """The ordinary way writes all that a case holds, and asks each time; the other remembers: in
    another order, and once more with some of it forgotten."""
    servers = opened()
    beside = servers.where
    ordinary = Supposed(beside.seen, beside.added, beside._emptied, remembers=False)
    asked = Servers(ordinary)
    expected = {}
    for case in flows.cases:
        asked.problems.clear()
        ordinary.empty()
        expected[case.file, case.name] = told(
            run(case, flows.programs.of(case), servers=lambda: asked)
        )
    chance = random.Random(14)  # noqa: S311  which are forgotten is no secret
    chance.shuffle(flows.cases)
    for cases in (flows.cases, chance.sample(flows.cases, 12)):
        for case in cases:
            assert told(flows.verdict(case)) == expected[case.file, case.name], case.name
        for known in flows.programs.servers().where._known.values():
            for key in list(known._answers):
                if chance.random() < 0.05:
                    del known._answers[key]


def test_what_another_process_has_asked_is_read_from_its_file(flows: Suite, tmp_path: Path) -> None:
    file, cases = tmp_path / "ours" / "of.cases", flows.cases[:6]

    def run_anew() -> tuple[Servers, list[tuple[object, ...]]]:
        answered = Answered(file)
        servers = opened(answered)
        program = flows.programs.of
        found = [told(run(case, program(case), servers=lambda: servers)) for case in cases]
        answered.save(whole=True)
        return servers, found

    first, expected = run_anew()
    assert first.where._written
    again, found = run_anew()
    assert found == expected
    assert again.where._written == (), "nothing is written where nothing is asked"

    # Whatever may be wrong with the file, it is not believed.
    sound = file.read_bytes()
    spoilt = {"cut off": sound[:200], "no file of ours": b"{}", "empty": b""}
    for what, content in spoilt.items():
        file.write_bytes(content)
        servers, found = run_anew()
        assert (found, bool(servers.where._written)) == (expected, True), what
    assert len(file.read_bytes()) == len(sound)
    file.chmod(0o666)
    assert Answered(file).problems("") is None
    assert run_anew()[0].where._written, "anybody may have written it"
    assert file.stat().st_mode & 0o077 == 0


def test_answers_of_other_files_of_this_program_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, asked = tmp_path / "ours" / "of.cases", ("SELECT 1", "()", ())
    rows = [(1, "a", Decimal("1.50"), None, True, date(2026, 10, 1), [Decimal(2)], {"a": [1]}),
            (datetime(2026, 10, 1, 12, tzinfo=STOCKHOLM), *[None] * 7)]  # fmt: skip
    kept = Answered(file)
    kept.of("held").keep(asked, Answer(["one"], rows))
    kept.save(whole=True)
    found = Answered(file).of("held").get(asked)
    assert found == Answer(["one"], rows)
    assert found is not None
    assert found.rows[1][0].tzinfo is STOCKHOLM
    assert Answered(file).of("other").get(asked) is None
    monkeypatch.setattr(answered, "_program", lambda: "another")
    assert Answered(file).of("held").get(asked) is None


def test_a_run_of_some_cases_leaves_what_is_kept_of_others(tmp_path: Path) -> None:
    file = tmp_path / "ours" / "of.cases"
    for held, whole in (("one", True), ("two", False), ("three", True)):
        kept = Answered(file)
        kept.of(held).keep("asked", Answer(["n"], [(1,)]))
        kept.save(whole=whole)
        known = {name for name in ("one", "two", "three") if Answered(file).of(name).get("asked")}
        assert known == ({"one", "two"} if held == "two" else {held})


def test_what_was_asked_of_a_case_is_not_asked_again(flows: Suite) -> None:
    case = flows.cases[0]
    first = flows.verdict(case)
    flows.programs.servers().where.added.connection.close()
    assert told(flows.verdict(case)) == told(first)
