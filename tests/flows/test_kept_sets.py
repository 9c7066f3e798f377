"""A set that was found right before is neither parsed again nor compiled before it is asked for."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from engine import parsed
from engine.errors import FileError, Finding, Place
from engine.home import HOME
from engine.language import compile_entities
from engine.language.program import Program
from engine.language.texts import texts_of
from engine.language.tree import Frame, as_data, is_same, of_data, of_file
from engine.language.when_asked import found_right
from engine.mappings import load_mappings
from engine.merchant.load import Merchant, load_merchant
from engine.store import cache
from engine.yamlfile import parse

NAME = "shop.parsed"


@pytest.fixture
def merchant(tmp_path: Path) -> Merchant:
    text = (HOME / "merchants/demo-orders.yaml").read_text("utf-8")
    path = tmp_path / "shop.yaml"
    path.write_text(f"{text}\nstate: {tmp_path / 'state'}\n", "utf-8")
    (tmp_path / "state").mkdir()
    return load_merchant(path, {}, needs_secrets=False)


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were parsed since."""
    found: list[str] = []

    def noted(text: str, path: str) -> Any:
        found.append(path)
        return parse(text, path)

    monkeypatch.setattr(parsed, "parse", noted)
    return found


def texts(merchant: Merchant) -> dict[str, str]:
    return texts_of(merchant.mapping_folder, merchant.overlay_folder)


def trees(merchant: Merchant, of: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    of = texts(merchant) if of is None else of
    return parsed.trees_of(merchant, of, {name: f"/set/{name}" for name in of})


def test_files_are_parsed_once_and_then_the_same_with_every_place(
    merchant: Merchant, times: list[str]
) -> None:
    first = trees(merchant)
    assert len(times) == len(first) > 20
    second = trees(merchant)
    assert len(times) == len(first)
    assert all(is_same(first[name], second[name]) for name in first)


def test_a_file_that_was_changed_is_parsed(merchant: Merchant, times: list[str]) -> None:
    trees(merchant)
    times.clear()
    changed = texts(merchant)
    name = next(iter(changed))
    changed[name] += "\n# a word more\n"
    trees(merchant, changed)
    assert f"/set/{name}" in times


def test_another_program_parses_again(
    merchant: Merchant, times: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    trees(merchant)
    times.clear()
    monkeypatch.setattr(parsed, "program_digest", lambda: "another build")
    trees(merchant)
    assert times


def kept(merchant: Merchant) -> Path:
    return merchant.database.parent / cache.FOLDER / NAME


def damage(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"mapping", b"Mapping", 1))


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def for_the_group(file: Path) -> None:
    file.chmod(0o660)


def folder_for_the_group(file: Path) -> None:
    file.parent.chmod(0o770)


def code(file: Path) -> None:
    file.write_bytes(b"\x80\x04cos\nsystem\n.")


def a_link(file: Path) -> None:
    shutil.move(file, file.with_name("elsewhere"))
    file.symlink_to("elsewhere")


@pytest.mark.parametrize(
    "odd", [damage, cut, for_the_group, folder_for_the_group, code, a_link, Path.unlink]
)
def test_what_was_kept_and_is_odd_is_made_anew_in_silence(
    merchant: Merchant, times: list[str], odd: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    first = trees(merchant)
    times.clear()
    odd(kept(merchant))
    again = trees(merchant)
    assert len(times) == len(first)
    assert all(is_same(first[name], again[name]) for name in first)
    assert capfd.readouterr() == ("", "")


def test_what_another_user_wrote_is_not_believed(
    merchant: Merchant, times: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    trees(merchant)
    times.clear()
    monkeypatch.setattr("os.geteuid", lambda: 54321)
    trees(merchant)
    assert times


@pytest.mark.parametrize(
    "files",
    [None, [], {}, {"a": 1}, {"a": [1]}, {"a": [1, 2, "3"]}, {"a": [{"": "one"}, 1, 1]},
     {"a": [{"b": 2}, 1, 1]}, {"a": [1.5, 1, 1]}, {"a": [[7], 1, 1]}, {"a": [1, 1, 1, 1]}],
)  # fmt: skip
def test_of_another_shape_it_is_made_anew(merchant: Merchant, times: list[str], files: Any) -> None:
    whole = {"a": "b: 1.50\n"}
    first = trees(merchant, whole)
    found = cache.read(merchant.database.parent, NAME)
    assert found is not None
    cache.write(merchant.database.parent, NAME, {**found, "files": files})
    times.clear()
    assert is_same(trees(merchant, whole)["a"], first["a"])
    assert times == ["/set/a"]


def test_numbers_come_back_with_their_digits(merchant: Merchant, times: list[str]) -> None:
    text = 'a: 1.50\nb: 5.\nc: [-0.0, 1e3, 7, true, null, "1.50"]\n"": {"": 2.0}\n'
    text += f"d: [{10**39}, -{10**38}, 1.{'0' * 37}1]\n"
    tree = of_file(parse(text, "/set/a"))
    again = of_data(as_data(tree), Frame("/set/a"))
    assert is_same(tree, again)
    assert repr(again.value["b"].value) == repr(tree.value["b"].value) == "Decimal('5')"
    trees(merchant, {"a": text})
    assert is_same(trees(merchant, {"a": text})["a"], tree)
    assert times == ["/set/a"]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The entities that were compiled since."""
    found: list[str] = []
    work = compile_entities.entity

    def noted(mapping_set: Any, spec: Any, *rest: Any) -> Any:
        found.append(spec.entity)
        return work(mapping_set, spec, *rest)

    monkeypatch.setattr(compile_entities, "entity", noted)
    return found


def told(program: Program) -> dict[str, str]:
    compiled = {**program.entities, **program.mappings}
    return {name: one.source for name, one in compiled.items()}


def test_what_is_known_right_is_compiled_when_asked_for_and_to_the_same(
    merchant: Merchant, made: list[str]
) -> None:
    _, whole = load_mappings(merchant)
    assert sorted(made) == sorted(whole.entities)
    made.clear()
    _, quick = load_mappings(merchant, known_right=True)
    assert not made
    assert "qliro.order" in quick.entities
    assert "nothing" not in quick.entities
    assert not made
    assert quick.entities["qliro.order"] is quick.entities["qliro.order"]
    assert made == ["qliro.order"]
    assert list(quick.entities) == list(whole.entities)
    assert told(quick) == told(whole)


def test_a_set_that_is_not_right_after_all_is_refused() -> None:
    wrong = Finding(Place("a.yaml", 1, 1), "unknown-name", "there is no x.")
    with pytest.raises(FileError, match="there is no x"):
        found_right(wrong)
    found_right(Finding(Place("a.yaml", 1, 1), "unused", "x is unused.", severity="warning"))
