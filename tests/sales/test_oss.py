"""The OSS table as CSV, in and out, and the part of the merchant's file that an import writes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands.oss import changes
from engine.errors import FileError
from engine.merchant import rewrite
from engine.merchant.oss import as_csv, read_csv
from engine.merchant.tables import sales_rows
from engine.yamlfile import parse

SETTINGS = {"home_country": "SE", "oss": True}
KINDS = ["goods", "shipping", "fee", "discount", "credit_voucher"]


def csv_file(folder: Path, text: str) -> Path:
    path = folder / "oss.csv"
    path.write_text(text, "utf-8")
    return path


def rows_of(folder: Path, text: str) -> list[dict[str, Any]]:
    return read_csv(csv_file(folder, text), SETTINGS)[0]


def findings(folder: Path, text: str) -> list[str]:
    with pytest.raises(FileError) as caught:
        read_csv(csv_file(folder, text), SETTINGS)
    return [str(one).replace(f"{folder}/", "") for one in caught.value.findings]


def several(choices: list[Any]) -> st.SearchStrategy[Any]:
    """One of them, or a list of two or more."""
    lists = st.lists(st.sampled_from(choices), min_size=2, max_size=3, unique=True)
    return st.one_of(st.sampled_from(choices), lists)


ROWS = st.lists(
    st.fixed_dictionaries(
        {"account": st.integers(1000, 9999)},
        optional={
            "country": several(["DE", "NO", "FI", "GR"]),
            "rate": several([25, 0, Decimal("25.5"), Decimal("4.8"), 7]),
            "kind": several(KINDS),
            "buyer": st.sampled_from(["private", "company"]),
            "region": st.sampled_from(["oss", "reverse", "export"]),
            "vat_code": st.text("ABC123", min_size=1, max_size=5),
            "vat_account": st.integers(2600, 2699),
        },
    ),
    max_size=5,
)


@given(ROWS)
def test_what_is_written_is_read_again_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]]
) -> None:
    folder = tmp_path_factory.mktemp("oss")
    text = as_csv(rows)
    tree = {**SETTINGS, "sales_accounts": rows}
    if any(one.severity == "error" for one in sales_rows(parse(""), tree)):
        assert "duplicate-row" in findings(folder, text)[0]  # a row above always decides
        return
    assert rows_of(folder, text) == rows
    assert as_csv(rows_of(folder, text)) == text


def test_a_spreadsheet_in_swedish_is_read_with_its_semicolons_commas_and_mark(
    tmp_path: Path,
) -> None:
    text = "\ufeffCountry;Rate;Account;VAT_code\r\nfi;25,5 ;3107;OFI\r\n;;;\r\nDE;19 %;3106;\r\n"
    path = tmp_path / "oss.csv"
    path.write_bytes(text.encode())
    assert read_csv(path, SETTINGS)[0] == [
        {"country": "FI", "rate": Decimal("25.5"), "account": 3107, "vat_code": "OFI"},
        {"country": "DE", "rate": 19, "account": 3106},
    ]


def test_the_fields_own_form_has_a_line_for_each_country(tmp_path: Path) -> None:
    text = (
        "Country Code,Default Account Number,VAT 19%,25.5,Shipping Account,Fee Account,"
        "Credit Voucher Account\n"
        "DE,3100,3119,,3520,,2420\n"
        "FI,,,3125,,3540,\n"
    )
    assert rows_of(tmp_path, text) == [
        {"country": "DE", "kind": "shipping", "account": 3520},
        {"country": "DE", "kind": "credit_voucher", "account": 2420},
        {"country": "DE", "rate": 19, "account": 3119},
        {"country": "DE", "account": 3100},
        {"country": "FI", "kind": "fee", "account": 3540},
        {"country": "FI", "rate": Decimal("25.5"), "account": 3125},
    ]


HEAD = "country,rate,kind,buyer,region,account,vat_code,vat_account\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ["oss.csv:1:1: empty: the file has no header. Begin with:"
              " country,rate,kind,buyer,region,account,vat_code,vat_account"]),
        ("country,rate\nDE,19\n",
         ["oss.csv:1:1: no-account: no column is called account. Begin with:"
          " country,rate,kind,buyer,region,account,vat_code,vat_account"]),
        ("contry,account\nDE,3001\n",
         ["oss.csv:1:1: unknown-column: there is no column 'contry'. Did you mean 'country'?"]),
        ("account,account\n3001,3002\n",
         ["oss.csv:1:2: duplicate-column: the column 'account' stands twice."]),
        (f"{HEAD}DE,19,,,,3106,\nDE,nineteen,,,,31060,\n,,food,,,abc,\n",
         ["oss.csv:3:2: wrong-type: sales_accounts[1].rate: expected a number or a list, found"
          " text 'nineteen'.",
          "oss.csv:3:6: impossible-account: sales_accounts[1].account: 31060 is no account:"
          " Fortnox's accounts have four digits, 1000 to 9999.",
          "oss.csv:4:3: not-allowed: sales_accounts[2].kind: 'food' is no kind of line: goods,"
          " shipping, fee, discount, credit_voucher.",
          "oss.csv:4:6: wrong-type: sales_accounts[2].account: expected a whole number, found text"
          " 'abc'."]),
        (f"{HEAD}Germany,19,,,,3106,\nDE XX1,19,,,,3106,\n",
         ["oss.csv:2:1: not-a-country: sales_accounts[0].country: 'GERMANY' is no country code;"
          " write two capitals, SE.",
          "oss.csv:3:1: not-a-country: sales_accounts[1].country[1]: 'XX1' is no country code;"
          " write two capitals, SE."]),
        (f"{HEAD}DE,19,,,,,\n",
         ["oss.csv:2:1: missing-key: sales_accounts[0].account is missing. The sales account."]),
        (f"{HEAD}DE,19,,,,3106,,,more\n",
         ["oss.csv:2:9: too-many-cells: 9 cells, and the header has 8 columns."]),
        (f"{HEAD}DE,,,,,3100,\nDE,19,,,,3106,\n",
         ["oss.csv:3:1: duplicate-row: sales_accounts[1]: DE, 19, any kind, any buyer, any region"
          " is decided by the row in line 2. Delete one, or put the narrower first."]),
        ("Country Code,Default Account Number\n,3100\n",
         ["oss.csv:2:1: missing-key: the line names no country."]),
        ('country,account\n"DE,3001\n',
         ["oss.csv:2:1: not-csv: unexpected end of data."]),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_with_line_and_column(
    tmp_path: Path, text: str, told: list[str]
) -> None:
    assert findings(tmp_path, text) == told


def test_a_row_that_can_never_fit_is_a_warning(tmp_path: Path) -> None:
    path = csv_file(tmp_path, f"{HEAD}SE,25,,,oss,3001,\n")
    rows, (warning,) = read_csv(path, SETTINGS)
    assert rows == [{"country": "SE", "rate": 25, "region": "oss", "account": 3001}]
    assert (warning.code, warning.severity, warning.place.line) == ("never-fits", "warning", 2)


# The merchant's file -----------------------------------------------------------------------------
FILE = """\
# A shop.
name: Hats  # of all kinds

# Where it goes.
sales_accounts:
  # Sweden
  - {region: domestic, account: 3001}

  - region: oss
    account: 3100

# What comes after.
dimensions: []
"""
ROW = {"country": "NO", "rate": Decimal("25.5"), "account": 3105}


def test_all_but_the_rows_stays_as_it_was() -> None:
    made = rewrite.with_rows(FILE, Path("hats.yaml"), "sales_accounts", [ROW])
    assert (
        made
        == """\
# A shop.
name: Hats  # of all kinds

# Where it goes.
sales_accounts:
  - {country: NO, rate: 25.5, account: 3105}

# What comes after.
dimensions: []
"""
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("name: Hats\n", "name: Hats\n\nsales_accounts:\n  - {account: 1}\n"),
        ("name: Hats", "name: Hats\n\nsales_accounts:\n  - {account: 1}\n"),
        ("a: 1\r\nsales_accounts: []\r\nb: 2\r\n",
         "a: 1\r\nsales_accounts:\r\n  - {account: 1}\r\nb: 2\r\n"),
        ("sales_accounts:\n- {account: 2}\n- {account: 3}\n# end\n",
         "sales_accounts:\n  - {account: 1}\n# end\n"),
        ("sales_accounts: [\n  {account: 2},\n  {account: 3}\n]\nb: 2\n",
         "sales_accounts:\n  - {account: 1}\nb: 2\n"),
        ("a: |\n  sales_accounts:\n  # x\nb: 2\n",
         "a: |\n  sales_accounts:\n  # x\nb: 2\n\nsales_accounts:\n  - {account: 1}\n"),
    ],
)  # fmt: skip
def test_the_key_may_be_missing_and_stand_in_any_form(before: str, after: str) -> None:
    assert rewrite.with_rows(before, Path("x"), "sales_accounts", [{"account": 1}]) == after


def test_a_file_that_is_not_written_in_lines_is_left_alone() -> None:
    with pytest.raises(FileError, match="not written key by key in lines"):
        rewrite.with_rows("{name: Hats, sales_accounts: []}\n", Path("x"), "sales_accounts", [])


@given(ROWS)
def test_what_is_put_into_the_file_is_what_yaml_reads(rows: list[dict[str, Any]]) -> None:
    made = rewrite.with_rows(FILE, Path("x"), "sales_accounts", rows)
    assert parse(made).value == {"name": "Hats", "sales_accounts": rows, "dimensions": []}


def test_a_file_is_replaced_at_once_with_its_mode_and_through_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.yaml"
    real.write_text("a: 1\n", "utf-8")
    real.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(real)
    rewrite.write(link, "a: 2\n")
    assert link.is_symlink()
    assert (real.read_text("utf-8"), real.stat().st_mode & 0o777) == ("a: 2\n", 0o640)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["link.yaml", "real.yaml"]


def test_a_change_is_told_row_by_row() -> None:
    before = [{"account": 3001, "country": "SE"}, {"account": 3002}]
    after = [{"country": "SE", "account": 3001}, {"rate": [25, 12], "account": 3003}]
    assert changes(before, after) == [
        {"change": "removed", "row": "account: 3002"},
        {"change": "added", "row": "rate: 25 12, account: 3003"},
    ]
    assert changes(before, before) == []
