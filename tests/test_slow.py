"""The list of slow tests names tests that are there, and is made of what they cost."""

from __future__ import annotations

from pathlib import Path

from slow import LIST, slow

ROOT = Path(__file__).parent.parent


def test_every_line_of_the_list_is_a_file_or_a_test_that_is_there():
    for line in LIST.read_text("utf-8").splitlines():
        file, _, name = line.partition("::")
        text = (ROOT / file).read_text("utf-8")
        assert name.split("::")[0] in text, line


def test_what_costs_more_than_others_is_left_out_and_a_file_of_such_tests_stands_once():
    costs = [("a.py::one[1]", 0.1), ("a.py::one[2]", 3.0), ("a.py::two", 0.2), ("b.py::all", 5.0)]
    assert slow(costs, most=0.6) == ["a.py::one", "b.py"]
