"""Anchors, keys and documents of the YAML that people write: what is read, and what is refused."""

from __future__ import annotations

import pytest

from engine.errors import FileError
from engine.yamlfile import parse


def refused(text: str) -> list[str]:
    """The findings of a text."""
    with pytest.raises(FileError) as caught:
        parse(text, "a.yaml")
    return [str(one) for one in caught.value.findings]


def test_what_an_alias_names_stands_there_too_at_the_place_where_it_was_written() -> None:
    found = parse("vat: &rates [25, 12]\nfood: *rates\n? &name fee\n: 1\nis: *name\n")
    assert found.value == {"vat": [25, 12], "food": [25, 12], "fee": 1, "is": "fee"}
    assert found.values["food", 1] == found.values["vat", 1] == (1, 18)
    assert found.keys["food",] == (2, 1)
    assert found.keys["fee",] == (3, 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: *b\n", "a.yaml:1:4: not-yaml: found undefined alias."),
        (
            "a: &x 1\nb: &x 2\n",
            "a.yaml:2:4: not-yaml: found duplicate anchor; first occurrence that begins in line 1 "
            "second occurrence.",
        ),
        (
            "a: 1\n---\nb: 2\n",
            "a.yaml:2:1: not-yaml: expected a single document in the stream that begins in line 1 "
            "but found another document.",
        ),
        ("a: &x [*x]\n", "a.yaml:1:4: too-deep: nested over 60 levels."),
        ("a: 1\nb: *c\na: {d: *e}\n", "a.yaml:2:4: not-yaml: found undefined alias."),
        ("a: 1\na: {d: *e}\n", "a.yaml:2:8: not-yaml: found undefined alias."),
    ],
)
def test_what_is_no_yaml_is_told_at_its_line(text: str, said: str) -> None:
    assert refused(text) == [said]


def test_a_key_that_is_refused_takes_its_value_along_and_no_more() -> None:
    assert refused("? [a, {b: &c 1}]\n: {d: [2]}\ne: *c\ne: [{f: 3}]\n{{ g }}: 4\n") == [
        'a.yaml:1:3: key-not-text: a key must be a plain text. An expression stands in quotes: '
        '"{{ … }}".',
        "a.yaml:4:1: duplicate-key: 'e' stands already in line 3.",
        'a.yaml:5:1: key-not-text: a key must be a plain text. An expression stands in quotes: '
        '"{{ … }}".',
    ]


def test_an_empty_text_has_no_value() -> None:
    assert [parse(text).value for text in ("", "# nothing\n", "---\n", "~\n")] == [None] * 4
