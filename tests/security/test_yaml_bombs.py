"""A YAML file that is made to fill the memory or burn the processor is refused, with its place."""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

import pytest

from engine import yamlfile
from engine.errors import FileError
from engine.yamlfile import parse, read

LETTERS = "abcdefgh"
BILLION = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{next_}: &{next_} [{', '.join([f'*{one}'] * 9)}]\n"
    for one, next_ in itertools.pairwise(LETTERS)
)
BOMBS = {
    "aliases of aliases": (BILLION, "too-large"),
    "an alias of itself": ("a: &a [*a]", "too-deep"),
    "long texts by alias": (f"a: &a {'x' * 10_000}\nb: [{'*a, ' * 2_000}*a]", "too-large"),
    "lists in lists": ("[" * 100_000, "too-deep"),
    "keys in keys": ("{a: " * 100_000, "too-deep"),
    "dashes in dashes": ("- " * 100_000 + "x", "too-deep"),
    "questions in questions": ("? " * 100_000 + "x", "too-deep"),
    "lines in lines": ("\n".join(f"{' ' * n}a:" for n in range(3_000)), "too-deep"),
    "a number of many digits": (f"a: {'1' * 5_000}", "number"),
    "a hexadecimal number of many digits": (f"a: 0x{'f' * 500_000}", "number"),
    "an octal number of many digits": (f"a: 0o{'7' * 500_000}", "number"),
    "a number with many zeros": ("a: 1e999999999", "number"),
    "a number with more zeros than there are": ("a: 1e99999999999999999999", "number"),
    "a number very near zero": ("a: 1e-999999999", "number"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_a_finding_and_goes_off_nowhere(name: str) -> None:
    text, code = BOMBS[name]
    began = time.process_time()
    with pytest.raises(FileError) as caught:
        parse(text, "bomb.yaml")
    (finding,) = caught.value.findings
    assert finding.code == code
    assert finding.place.path == "bomb.yaml"
    assert finding.place.line > 0
    assert len(str(finding)) < 200
    assert time.process_time() - began < 2


def test_a_number_that_money_can_be_is_read() -> None:
    assert str(parse("a: -123456789012345.6789").value["a"]) == "-123456789012345.6789"
    assert parse("a: 0x1F").value == {"a": 31}


def test_depth_that_people_write_is_read() -> None:
    assert parse("[" * 50 + "]" * 50).value


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system [exit 3]", "!!python/name:os x"])
def test_a_tag_makes_no_object(tag: str) -> None:
    assert type(parse(f"a: {tag}").value["a"]) in (list, str)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no /dev/zero")
def test_a_file_without_end_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yamlfile, "LARGEST_FILE", 1_000_000)
    (tmp_path / "endless.yaml").symlink_to("/dev/zero")
    with pytest.raises(FileError, match="too-large: the file is larger than 1 MB"):
        read(tmp_path / "endless.yaml")
