"""An overlay of version 1 says in version 2 what it did: added, replaced, removed, each by id."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from migratekit import SET, bare, folder_of, merged_by_version_1, value

from engine.errors import FileError
from engine.home import HOME
from engine.language.catalogue import catalogue_from_ddl
from engine.language.load import load_set
from engine.language.migrate import migrated
from engine.merchant.settings import merchant_schema
from engine.store.statements import sql

FILES = {"payment.yaml": "payouts/payment.yaml", "tables/countries.yaml": "tables/countries.yaml"}
KINDS = {"payment.yaml": "mapping payment", "tables/countries.yaml": "table countries"}


def over(tmp_path: Path, files: Mapping[str, str]) -> dict[str, str]:
    """The overlay of version 1 brought over, and held against what version 1 made of it: the set
    with it is item for item the same."""
    base = folder_of(SET, tmp_path / "set")
    before = folder_of(files, tmp_path / "over")
    made = {one.name: one.after for one in migrated(before, base)}
    after = folder_of({**files, **made}, tmp_path / "new")
    catalogue = catalogue_from_ddl(sql("schema"))
    result = load_set(base, after, catalogue, merchant_schema())
    for name, text in files.items():
        expected = merged_by_version_1(value(SET[FILES[name]]), value(text))
        assert bare(result.sources[KINDS[name]].value) == bare(expected), name
    return made


def of_payment(tmp_path: Path, text: str) -> str:
    return over(tmp_path, {"payment.yaml": text})["payment.yaml"]


def refused(tmp_path: Path, files: Mapping[str, str]) -> list[str]:
    base, before = folder_of(SET, tmp_path / "set"), folder_of(files, tmp_path / "over")
    with pytest.raises(FileError) as caught:
        migrated(before, base)
    return [str(one).replace(f"{tmp_path}/", "") for one in caught.value.findings]


def test_one_more_row_is_an_added_row_and_every_comment_stays(tmp_path: Path) -> None:
    made = of_payment(
        tmp_path,
        """\
# Our hats.
version: 1
mapping: payment

document:
  # what is written off
  WriteOffs:
    # the fee
    - {AccountNumber: 6570, Amount: 5}  # as ever
    - {AccountNumber: 3740, Amount: 1}
    # hats that were given away
    - AccountNumber: 6590   # gifts
      Amount: "{{ 2 }}"
# the end
""",
    )
    assert (
        made
        == """\
# Our hats.
version: 2
mapping: payment

document:
  # what is written off
  WriteOffs:
    add:
      # the fee
      # as ever
      # hats that were given away
      - id: row-3
        AccountNumber: 6590   # gifts
        Amount: "{{ 2 }}"
# the end
"""
    )


def test_a_changed_item_is_replaced_and_one_that_is_left_out_is_removed_with_a_reason(
    tmp_path: Path,
) -> None:
    made = of_payment(
        tmp_path,
        """\
version: 1
checks:
  - that: line.Status == 'Accepted'
    because: it is not accepted
  - that: line.CurrencyCode == 'SEK' or line.CurrencyCode == 'NOK'
    because: it is in another currency
""",
    )
    assert (
        made
        == """\
version: 2
mapping: payment
checks:
  remove:
    - {id: not-zero, because: "version 1 of this overlay left it out"}
  replace:
    - id: in-kronor
      that: line.CurrencyCode == 'SEK' or line.CurrencyCode == 'NOK'
      because: it is in another currency
"""
    )


def test_items_go_where_they_stood(tmp_path: Path) -> None:
    made = of_payment(
        tmp_path,
        """\
version: 1
checks:
  - {that: line.Amount < 5000, because: so much is looked at first}
  - {that: paid != 0, because: nothing is paid}
  - {that: line.Amount != 7, because: seven}
  - {that: line.Status == 'Accepted', because: it is not accepted}
  - {that: line.CurrencyCode == 'SEK', because: it is in another currency}
""",
    )
    assert value(made)["checks"] == {
        "add": [
            {"id": "so-much-looked-first", "before": "not-zero", "that": "line.Amount < 5000",
             "because": "so much is looked at first"},
            {"id": "seven", "after": "not-zero", "that": "line.Amount != 7", "because": "seven"},
        ]
    }  # fmt: skip


def test_items_in_another_order_stand_in_that_order(tmp_path: Path) -> None:
    made = of_payment(
        tmp_path,
        """\
version: 1
checks:
  - {that: line.Status == 'Accepted', because: it is not accepted}
  - {that: line.CurrencyCode == 'SEK', because: it is in another currency}
  - {that: paid != 0, because: nothing is paid}
""",
    )
    assert [one["id"] for one in value(made)["checks"]["remove"]] == ["not-zero"]
    assert [one["id"] for one in value(made)["checks"]["add"]] == ["not-zero"]


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        ("then: []", "then: {remove: [bookkeep]}"),
        ("then: [bookkeep]", "then: {}"),
        ("identity: {agree: [InvoiceNumber, Amount]}", "identity: {agree: {}}"),
        ("identity:\n  agree:  # both\n    # the number\n    - InvoiceNumber\n    - Amount\n\n"
         "then: []",
         "identity:\n  agree: {}  # both\n      # the number\n\nthen: {remove: [bookkeep]}"),
        ("checks:\n  - {that: paid != 0, because: nothing is paid}\n"
         "  - {that: line.Status == 'Accepted', because: it is not accepted}\n"
         "  - {that: line.CurrencyCode == 'SEK', because: it is in another currency}\n\nthen: []",
         "checks: {}\n\nthen: {remove: [bookkeep]}"),
        ("then:", "then: {remove: [bookkeep]}"),
        ("then: null # none", "then: {remove: [bookkeep]} # none"),
        ("identity: {agree: [InvoiceNumber]}", "identity: {agree: {replace: [InvoiceNumber]}}"),
        ("identity:\n  agree:\n  - InvoiceNumber  # alone",
         "identity:\n  agree:\n    replace:\n      - InvoiceNumber  # alone"),
        ("document: {WriteOffs: [{AccountNumber: 6570, Amount: 5}]}",
         "document: {WriteOffs: {remove: [{id: rounding}]}}"),
        ("let:\n  paid: null\ndocument: {Amount: 5}\nchecks:\n"
         "  - {that: line.Status == 'Accepted', because: it is not accepted}",
         "let:\n  paid: null\ndocument: {Amount: 5}\nchecks:\n  remove:\n"
         "    - {id: not-zero, because: \"version 1 of this overlay left it out\"}\n"
         "    - {id: in-kronor, because: \"version 1 of this overlay left it out\"}"),
    ],
)  # fmt: skip
def test_lists_in_every_style(tmp_path: Path, said: str, becomes: str) -> None:
    made = of_payment(tmp_path, f"version: 1\nmapping: payment\n{said}\n")
    assert made == f"version: 2\nmapping: payment\n{becomes}\n"


def test_a_country_that_was_added_leaves_the_others(tmp_path: Path) -> None:
    """The set's own table, copied whole, with one row more: version 1 knew no other way."""
    made = over(
        tmp_path,
        {
            "tables/countries.yaml": """\
rows:
- {when: {country: SE}, then: {name: Sverige}}
- {when: {country: NO}, then: {name: Norge}}
- {when: {country: [FI, AX]}, then: {name: Finland}}
"""
        },
    )
    assert (
        made["tables/countries.yaml"]
        == """\
version: 2
table: countries
rows:
  add:
    - {id: FI-AX, when: {country: [FI, AX]}, then: {name: Finland}}
"""
    )


def test_line_ends_of_another_machine_stay(tmp_path: Path) -> None:
    made = of_payment(
        tmp_path,
        "# hats\r\nversion: 1\r\nchecks:\r\n"
        "  - {that: paid != 0, because: nothing is paid}\r\n"
        "  - {that: line.Status == 'Accepted', because: it is not accepted}\r\n"
        "  - {that: line.CurrencyCode == 'SEK', because: it is in another currency}\r\n"
        "  - that: paid > 1\r\n    because: too little\r\n",
    )
    assert made == (
        "# hats\r\nversion: 2\r\nmapping: payment\r\nchecks:\r\n  add:\r\n"
        "    - id: too-little\r\n      that: paid > 1\r\n      because: too little\r\n"
    )


def test_a_mapping_of_the_overlays_own_gets_ids(tmp_path: Path) -> None:
    text = SET["payouts/payment.yaml"].replace("mapping: payment", "mapping: gift_card")
    text = text.replace("version: 2", "version: 1").replace(", essential: true", "")
    for name in ("fee", "rounding", "not-zero", "not-twice", "in-kronor"):
        text = text.replace(f"id: {name}, ", "")
    base = folder_of(SET, tmp_path / "set")
    (made,) = migrated(folder_of({"gift_card.yaml": text}, tmp_path / "over"), base)
    checks = value(made.after)["checks"]
    assert [one["id"] for one in checks] == ["nothing-paid", "accepted", "another-currency"]
    assert value(made.after)["version"] == 2


def test_what_is_in_version_2_already_is_left(tmp_path: Path) -> None:
    files = {"payment.yaml": "version: 2\nmapping: payment\nlet: {paid: 5}\n"}
    assert over(tmp_path, files) == {}


def test_steps_in_another_order_are_said_anew(tmp_path: Path) -> None:
    """A word can't say before which it goes."""
    text = "version: 1\nmapping: payment\nthen: [confirm, bookkeep]\n"
    text += "confirm: {Amount: {is: '{{ paid }}'}}\n"
    assert value(of_payment(tmp_path, text))["then"] == {
        "remove": ["bookkeep"],
        "add": ["confirm", "bookkeep"],
    }


def test_a_file_of_the_set_that_came_with_version_1_copied_whole_says_what_is_its_own(
    tmp_path: Path,
) -> None:
    """What people did to change one line: nothing of it stands in the way of the set now."""
    with tarfile.open(Path(__file__).parent / "version_1.tar.xz") as stored:
        member = stored.extractfile("qliro-fortnox/payment.yaml")
        assert member is not None
        text = member.read().decode()
    copied = text.replace("  - that: cost <= (paid | abs)", "  - that: cost < (paid | abs)")
    folder = folder_of({"payment.yaml": copied}, tmp_path / "over")
    (made,) = migrated(folder, HOME / "mappings" / "qliro-fortnox")
    checks = value(made.after)["checks"]
    assert list(checks) == ["replace"]
    assert [one["that"] for one in checks["replace"]] == ["cost < (paid | abs)"]
    assert value(made.after)["warnings"] == {}


# -- what can't be brought over is refused, with file and line -----------------------------------


def test_an_essential_check_that_is_left_out_is_refused(tmp_path: Path) -> None:
    text = "version: 1\nthen: []\nchecks:\n  - {that: paid != 0, because: nothing}\n"
    (told,) = refused(tmp_path, {"payment.yaml": text})
    assert told == (
        "over/payment.yaml:3:1: essential: checks of the mapping payment leaves out 'not-twice', "
        "which is essential (set/payouts/payment.yaml:21). Take it over from the set as it is, "
        "then migrate."
    )


def test_a_file_that_changes_nothing_known_is_refused(tmp_path: Path) -> None:
    (told,) = refused(tmp_path, {"hat.yaml": "version: 1\nlet: {paid: 5}\n"})
    assert told.startswith("over/hat.yaml:1:1: migrate: it can't be told what of the set this file")


def test_a_list_with_comments_inside_brackets_is_refused(tmp_path: Path) -> None:
    text = (
        "version: 1\ndocument:\n  WriteOffs: [\n    {AccountNumber: 6570, Amount: 5} # fee\n  ]\n"
    )
    (told,) = refused(tmp_path, {"payment.yaml": text})
    assert told.startswith("over/payment.yaml:3:14: migrate: a list in brackets with comments")


def test_a_value_that_nothing_uses_any_more_is_refused(tmp_path: Path) -> None:
    """What the set calls otherwise now would be changed in silence by nothing."""
    text = "version: 1\nlet:\n  gross: 5\n"
    (told,) = refused(tmp_path, {"payment.yaml": text})
    assert told.startswith(
        "over/payment.yaml:3:3: migrate: let.gross is not in the mapping payment of the set, and "
        "nothing uses it"
    )


def test_what_the_language_refuses_is_refused_and_nothing_is_half_done(tmp_path: Path) -> None:
    told = refused(
        tmp_path, {"payment.yaml": "version: 1\ndocument: {Amount: '{{ line.Amont }}'}\n"}
    )
    assert any("over/payment.yaml" in one and "Amont" in one for one in told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version: 3\nthen: []\n", "1:10: version: there is no version 3 of the mapping language."),
        ("then:\t# none\n  - bookkeep\n", "1:6: migrate: this can't be edited: found character"),
        ("document:\n  WriteOffs: null\n", "2:3: migrate: document.WriteOffs of the mapping"),
        ("a: &a [bookkeep]\nthen: *a\n", "payment.yaml:"),
        ("x: &a {that: paid > 1, because: x}\nwarnings: []\nchecks:\n  - *a\n",
         "migrate: an item that is an alias can't be moved."),
        ("hello\n", "1:1: wrong-type: a mapping file holds keys with values."),
    ],
)  # fmt: skip
def test_odd_files_end_in_a_sentence(tmp_path: Path, text: str, told: str) -> None:
    assert any(told in one for one in refused(tmp_path, {"payment.yaml": text}))
