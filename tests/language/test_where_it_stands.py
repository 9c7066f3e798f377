"""A finding in an expression points at the very word that is wrong, however its text is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import FileError, Place
from engine.language.load import load_set
from engine.show import findings as view
from engine.show.yamlspot import spot

from .kit import CATALOGUE, PAYMENT

AMOUNT = '  Amount: "{{ line.Amount }}"\n'


def told(folder: Path, amount: str) -> list[str]:
    """What lint tells of the payment with its amount written so: place, line and caret."""
    (folder / "payment.yaml").write_text(PAYMENT.replace(AMOUNT, amount), "utf-8")
    with pytest.raises(FileError) as caught:
        load_set(folder, None, CATALOGUE)
    text = view.text(view.shown(caught.value.findings))
    return text.replace(f"{folder}/", "").splitlines()


def test_the_line_is_shown_with_a_caret_below_the_column_that_is_not_there(tmp_path: Path) -> None:
    assert told(tmp_path, '  Amount: "{{ line.Amout }}"\n') == [
        "payment.yaml:9:20: unknown-key: document.Amount: qliro.settlement_line has no 'Amout'. "
        "Did you mean 'Amount'?",
        '  9 | Amount: "{{ line.Amout }}"',
        "    |                  ^^^^^",
        "1 error.",
    ]


# Ways to write an amount that names line.Fee, a column that is not there.
WRITTEN = {
    "plain": "{value: '{{ line.Fee + line.Amount }}'}",
    "folded": ">-\n    {{ line.Amount\n       + line.Fee }}",
    "folded with a blank line in it": ">\n    {{ line.Amount\n\n      + line.Fee\n    }}",
    "kept line by line": "|-\n    {{ line.Amount\n    + line.Fee }}",
    "with its indentation said": "|2-\n    {{ line.Amount\n    + line.Fee }}",
    "in quotes over two lines": '"{{ line.Amount +\n    line.Fee }}"',
    "behind escapes": '"{{ 1 if line.line == \\"\\u00e5\\n\\" else line.Fee }}"',
    "behind doubled quotes": "'{{ 1 if line.line == ''Fee'' else line.Fee }}'",
    "behind Swedish letters": "\"{{ 1 if line.line == 'åäö' else line.Fee }}\"",
}


@pytest.mark.parametrize("how", WRITTEN)
def test_it_is_found_however_the_text_is_written(tmp_path: Path, how: str) -> None:
    first, source, caret, _ = told(tmp_path, f"  Amount: {WRITTEN[how]}\n")
    before = (tmp_path / "payment.yaml").read_text("utf-8").partition("line.Fee")[0]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n") + len("line.")
    assert first.startswith(f"payment.yaml:{line}:{column}: unknown-key: ")
    at = caret.index("^")
    assert (source[at : at + 3], caret.count("^")) == ("Fee", 3)


@pytest.mark.parametrize(
    ("amount", "under"),
    [
        ('"{{ line.Amount | rund(2) }}"', "rund"),
        ('"{{ line.Amount | round(2, 3) }}"', "round"),
        ('"{{ line.Amount + }}"', "}"),
        ('"{{ line.Amount = 1 }}"', "="),
        ('"{{ line.Amount & 1 }}"', "&"),
        ('"{{ line.Amount + line.Type }}"', "Type"),
        ('"{{ amont }}"', "amont"),
        ('"{{ tables.fee(a=1).b }}"', "fee"),
        ('"{{ line.Amount % 2 }}"', "line"),
        ("paid", "paid"),
    ],
)
def test_the_caret_stands_below_what_is_meant(tmp_path: Path, amount: str, under: str) -> None:
    _, source, caret, _ = told(tmp_path, f"  Amount: {amount}\n")
    at = caret.index("^")
    assert source[at : at + caret.count("^")] == under


def test_a_long_line_is_shown_around_the_caret(tmp_path: Path) -> None:
    long = " + ".join(["line.Amount"] * 11)
    _, source, caret, _ = told(tmp_path, f'  Amount: "{{{{ {long} + line.Fee + {long} }}}}"\n')
    assert len(source) < 110
    assert source.startswith("  9 | … ")
    assert source.endswith(" …")
    at = caret.index("^")
    assert source[at : at + 3] == "Fee"


def test_a_place_that_holds_no_such_value_stays_what_it_is() -> None:
    assert spot("a: 1\n", Place("x.yaml", 7, 3), 5) == (7, 3)
    assert spot("a: [1\n", Place("x.yaml", 1, 4), 0) == (1, 4)
    assert spot("a: 'xy'\n", Place("x.yaml", 1, 4), 99) == (1, 7)
