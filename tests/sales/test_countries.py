"""Countries that no order can have are told of where they are named, with what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.doctor.lint import lint_merchant
from engine.errors import FileError
from engine.home import HOME
from engine.merchant.load import load_merchant
from engine.merchant.oss import read_csv
from engine.merchant.settings import merchant_schema

DEMO = HOME / "merchants" / "demo.yaml"
Told = Callable[..., list[str]]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    """What `lint` says of a merchant with these settings, and of nothing else."""

    def findings(**settings: Any) -> list[str]:
        data = yaml.safe_load(DEMO.read_text("utf-8")) | settings
        data["payouts_from"] = str(data["payouts_from"])
        file = tmp_path / "shop.yaml"
        file.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
        found = lint_merchant(file, {})
        return [one.message + f" {one.remedy}" for one in found
                if one.code in ("not-a-country", "never-fits")]  # fmt: skip

    return findings


def sold_to(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"account": 3106 + n, **row} for n, row in enumerate(rows)]


@pytest.mark.parametrize(("code", "write"), [("EL", "GR"), ("UK", "GB"), ("XI", "GB")])
def test_what_stands_in_vat_numbers_is_no_country_of_an_order(
    told: Told, code: str, write: str
) -> None:
    (one,) = told(sales_accounts=sold_to({"country": ["DE", code], "region": "oss"}))
    assert one == (
        f"sales_accounts[0].country[1]: no order goes to {code}, which is no code of a country."
        f" Write {write}."
    )


@pytest.mark.parametrize("key", ["customers", "dimensions", "home_country"])
def test_so_in_every_setting_that_names_a_country(told: Told, key: str) -> None:
    settings: dict[str, Any] = {
        "customers": {"by": "collective", "collective": [{"country": "UK", "customer": "1"}]},
        "dimensions": [{"country": "UK", "cost_center": "GB"}],
        "home_country": "UK",
    }
    (one,) = told(**{key: settings[key]})
    assert "no order goes to UK" in one
    assert "Write GB." in one


def test_a_slip_of_the_pen_is_told_with_what_is_near(told: Told) -> None:
    (one,) = told(sales_accounts=sold_to({"country": "SW", "rate": 25}))
    assert one.startswith("sales_accounts[0].country: no order goes to SW")


def test_a_country_of_the_eu_is_never_export_and_one_outside_never_oss(told: Told) -> None:
    found = told(sales_accounts=sold_to(
        {"country": "DK", "region": "export"}, {"country": ["FR", "NO"], "region": "oss"},
        {"country": "NO", "region": "export"}, {"country": "DE", "region": "reverse"},
        {"country": "FI", "region": "export"},
    ))  # fmt: skip
    assert found == [
        "sales_accounts[0] can never fit: its region is export, and sales to DK are oss or "
        "reverse. Correct it, or delete the row.",
        "sales_accounts[1] can never fit: its region is oss, and sales to NO are export. "
        "Correct it, or delete the row.",
    ]


def test_a_csv_is_held_to_the_same_countries(tmp_path: Path) -> None:
    file = tmp_path / "oss.csv"
    file.write_text("country,rate,account\nDE,19,3107\nEL,24,3108\n", "utf-8")
    settings = load_merchant(DEMO, {}, needs_secrets=False).settings
    with pytest.raises(FileError) as caught:
        read_csv(file, settings)
    (found,) = caught.value.findings
    assert (found.place.line, found.code) == (3, "not-a-country")
    assert "Write GR." in str(found)


def test_every_code_is_listed_once() -> None:
    country = merchant_schema()["$defs"]["country"]
    codes = [code for line in country["x-codes"] for code in line.split()]
    assert len(codes) == len(set(codes)) == 250
    assert not set(country["x-instead"]) & set(codes)
