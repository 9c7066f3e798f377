"""The sales accounts out as CSV and in again, as a person at the prompt does it."""

from __future__ import annotations

from pathlib import Path

import pytest
from shopkit import Cli, write_shop

NOTE = "# The accountant's own note.\nalert_after_days: 10  # not 14\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return write_shop(tmp_path, "http://127.0.0.1:1", more=NOTE)


def test_what_is_exported_is_imported_without_a_change(cli: Cli, shop: Path) -> None:
    before = shop.read_text("utf-8")
    assert cli("oss", "export", "shop").out == (
        "country,rate,kind,buyer,region,account,vat_code,vat_account\n"
        ",25,,,domestic,3001,,\n,12,,,domestic,3002,,\n"
        ",6,,,domestic,3003,,\n,0,,,domestic,3004,,\n"
    )
    assert cli("oss", "export", "shop", "oss.csv").code == 0
    told = cli("oss", "import", "shop", "oss.csv")
    assert (told.code, told.out) == (0, "The rows are those of merchants/shop.yaml already.\n")
    assert shop.read_text("utf-8") == before


def test_an_import_shows_what_changes_and_leaves_the_rest_of_the_file(cli: Cli, shop: Path) -> None:
    before = shop.read_text("utf-8")
    cli("oss", "export", "shop", "oss.csv")
    text = Path("oss.csv").read_text("utf-8").replace(",0,,,domestic,3004,,\n", "")
    Path("oss.csv").write_text(f"{text}DE,19,,,oss,3106,ODE,\n", "utf-8")
    changed = "- rate: 0, region: domestic, account: 3004\n"
    changed += "+ country: DE, rate: 19, region: oss, account: 3106, vat_code: ODE\n"
    told = cli("oss", "import", "shop", "oss.csv", "--dry-run")
    assert told.out == (
        f"{changed}2 rows of sales_accounts in merchants/shop.yaml would change; nothing was"
        " written.\n"
    )
    assert shop.read_text("utf-8") == before
    told = cli("oss", "import", "shop", "oss.csv")
    assert told.out == f"{changed}2 rows of sales_accounts in merchants/shop.yaml changed.\n"
    assert shop.read_text("utf-8") == before + (
        "\nsales_accounts:\n"
        "  - {rate: 25, region: domestic, account: 3001}\n"
        "  - {rate: 12, region: domestic, account: 3002}\n"
        "  - {rate: 6, region: domestic, account: 3003}\n"
        "  - {country: DE, rate: 19, region: oss, account: 3106, vat_code: ODE}\n"
    )
    assert cli("oss", "export", "shop").out == Path("oss.csv").read_text("utf-8")
    assert cli("oss", "import", "shop", "oss.csv", "--json").json == {
        "changes": [], "rows": 4, "written": False,
    }  # fmt: skip


def test_what_is_wrong_is_told_and_nothing_is_written(cli: Cli, shop: Path) -> None:
    before = shop.read_text("utf-8")
    Path("oss.csv").write_text("country,account\nDE,1581\n", "utf-8")
    told = cli("oss", "import", "shop", "oss.csv")
    assert told.code == 2
    assert "interim-account-shared: sales_accounts[0].account: 1581" in told.err
    Path("oss.csv").write_text("country,account\nDE,31\n", "utf-8")
    told = cli("oss", "import", "shop", "oss.csv")
    assert told.err.startswith("oss.csv:2:2: impossible-account: sales_accounts[0].account: 31")
    assert shop.read_text("utf-8") == before
