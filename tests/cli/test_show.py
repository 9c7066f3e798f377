"""`show` says where each value comes from; `lint` says what is wrong with it, without a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from shopkit import SECRETS, Cli, write_shop

OVERLAY = """\
version: 2
mapping: payment
let:
  wanted_date: "{{ line.BatchDate }}"
then: {remove: [bookkeep]}
checks:
  remove: [{id: method-declared, because: every method is declared}]
"""


@pytest.fixture
def shop_file(tmp_path: Path) -> Path:
    return write_shop(tmp_path, "http://127.0.0.1:8765")


def test_every_value_has_its_origin(cli: Cli, shop_file: Path) -> None:
    told = cli("show", "shop")
    rows = {line.split()[0]: line.split() for line in told.out.splitlines() if line}
    assert told.code == 0
    assert rows["payouts_from"][1:] == ["2026-10-01", "merchants/shop.yaml:15"]
    assert rows["rounding.tolerance"][1:] == ["1.00", "default"]
    assert rows["overlay"][1:] == ["not", "set"]


def test_secrets_are_shown_by_name_only(
    cli: Cli, shop_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QLIRO_API_KEY")
    told = cli("show", "shop").out
    assert "*** (environment variable QLIRO_API_KEY, not found)" in told
    assert "*** (environment variable QLIRO_API_SECRET, found)" in told
    assert SECRETS["QLIRO_API_SECRET"] not in told


def test_what_an_overlay_changes_is_shown_with_its_file_and_line(cli: Cli, shop_file: Path) -> None:
    (shop_file.parent / "over").mkdir()
    (shop_file.parent / "over" / "payment.yaml").write_text(OVERLAY)
    shop_file.write_text(shop_file.read_text() + "overlay: over\n")
    told = cli("show", "shop").out
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert "Overlay: merchants/over" in lines
    at = lines.index("The overlay says 3 values otherwise than the set:")
    (date, was, is_), gone, check = lines[at + 1 : at + 4], lines[at + 4 : at + 6], lines[at + 6 :]
    assert date == "replaced mapping payment: let.wanted_date (merchants/over/payment.yaml:4)"
    assert was.startswith("set {{ happened if settings.dates.payment == 'transaction' else line.")
    assert "mappings/qliro-fortnox/" in was
    assert is_ == "overlay {{ line.BatchDate }}"
    assert gone[0] == "removed mapping payment: then.bookkeep (merchants/over/payment.yaml:5)"
    assert gone[1].startswith("set bookkeep (")
    assert check[2] == "because every method is declared"
    changed = cli("show", "shop", "--json").json["overlaid"]
    assert [(one["operation"], one["key"]) for one in changed] == [
        ("replaced", "mapping payment: let.wanted_date"),
        ("removed", "mapping payment: then.bookkeep"),
        ("removed", "mapping payment: checks.method-declared"),
    ]
    assert changed[2]["because"] == "every method is declared"
    assert changed[2]["before"]["that"].startswith("line.method_is_known")
    assert "mappings/qliro-fortnox/" in changed[2]["before_origin"]


def test_lint_all_looks_at_every_merchant_and_at_what_comes_with_the_program(
    cli: Cli, shop_file: Path
) -> None:
    assert cli("lint", "--all").out == "No findings.\n"
    shop_file.with_name("other.yaml").write_text("version: 2\n")
    told = cli("lint", "--all")
    assert told.code == 2
    lines = [line for line in told.err.splitlines() if not line.startswith("  ")]
    assert all(line.startswith("merchants/other.yaml:") for line in lines[:-1])


def test_lint_needs_to_know_what(cli: Cli) -> None:
    told = cli("lint")
    assert (told.code, told.err) == (
        2,
        "Lint what? Name merchants, say --all, or name a set with --set.\n",
    )


def test_lint_tells_the_same_and_json_has_it_whole(cli: Cli, shop_file: Path) -> None:
    (shop_file.parent / "over").mkdir()
    (shop_file.parent / "over" / "payment.yaml").write_text(OVERLAY)
    shop_file.write_text(shop_file.read_text() + "overlay: over\n")
    told = cli("lint", "shop")
    assert told.code == 0
    shown = cli("show", "shop").out
    assert told.out.split("\n\n")[0] in shown
    assert told.out.endswith("    because  every method is declared\n\nNo findings.\n")
    assert cli("lint", "shop", "--json").json["changes"] == (
        cli("show", "shop", "--json").json["overlaid"]
    )


def test_a_set_is_shown_with_its_policies(cli: Cli, tmp_path: Path) -> None:
    over = tmp_path / "over"
    over.mkdir()
    (over / "house.yaml").write_text(
        "version: 2\npolicy: house\nchecks:\n  - id: large\n    for: fortnox.invoice_payment\n"
        "    that: document.Amount < 1000\n    because: unusually much\n    severity: warning\n"
    )
    told = cli("show", "--set", "qliro-fortnox", "--overlay", str(over))
    (row,) = [line.split() for line in told.out.splitlines() if line.startswith("house.large ")]
    assert row[1:5] == ["fortnox.invoice_payment", "warning", "unusually", "much"]
    assert "added     policy house" in told.out
