"""The file that ``init`` writes explains every setting and works once one blank is filled."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import FileError
from engine.home import HOME
from engine.merchant.first_file import initial_text
from engine.merchant.load import load_merchant
from engine.merchant.settings import default_of, get, merchant_schema, settings_of
from engine.yamlfile import parse

ENVIRON = dict.fromkeys(
    ("QLIRO_API_KEY", "QLIRO_API_SECRET", "FORTNOX_CLIENT_ID", "FORTNOX_CLIENT_SECRET"), "sandbox"
)


def written(folder: Path, text: str) -> Path:
    path = folder / "hats.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_one_blank_to_fill_in_is_the_first_day(tmp_path: Path) -> None:
    path = written(tmp_path, initial_text("Hats"))
    with pytest.raises(FileError) as caught:
        load_merchant(path, ENVIRON)
    (finding,) = caught.value.findings
    assert finding.message == "payouts_from has no value."
    line = path.read_text("utf-8").splitlines()[finding.place.line - 1]
    assert line == "payouts_from:  # fill in, for example 2026-01-01"


@pytest.mark.parametrize(
    "name", ["Hats", "Hattar & Mössor AB", 'A "quoted": #1', "No", "12:30", "7"]
)
def test_it_loads_once_that_is_filled_in_whatever_the_name(tmp_path: Path, name: str) -> None:
    text = initial_text(name).replace("payouts_from:", "payouts_from: 2026-01-01")
    merchant = load_merchant(written(tmp_path, text), ENVIRON)
    assert merchant.settings["name"] == name
    assert merchant.warnings == ()


def test_it_goes_live_by_the_steps_that_its_head_tells(tmp_path: Path) -> None:
    text = initial_text("Hats").replace("payouts_from:", "payouts_from: 2026-01-01")
    lines = [
        line for line in text.splitlines() if "base_url:" not in line and "auth_url:" not in line
    ]
    live = "\n".join(lines).replace("environment: sandbox", "environment: live")
    settings = load_merchant(written(tmp_path, live), ENVIRON).settings
    assert settings["qliro"]["base_url"] == "https://payments.qit.nu"


def test_every_setting_stands_in_it_and_defaults_are_those_of_the_schema() -> None:
    text = initial_text("Hats")
    value = parse(text).value
    for setting in settings_of(merchant_schema()):
        key = setting.path[-1]
        assert f"\n{'  ' * (len(setting.path) - 1)}{key}:" in text or f"#{key}:" in text, key
        default = default_of(setting.schema, None)
        if default is not None and "x-initial" not in setting.schema:
            assert get(value, setting.path) == default, setting.key


def test_it_names_its_schema_for_editors() -> None:
    assert initial_text("Hats").startswith(
        "# yaml-language-server: $schema=schemas/merchant.schema.json\n"
    )


def test_qliros_own_methods_have_an_interim_account_like_in_the_demo() -> None:
    text = initial_text("Hats")
    demo = parse((HOME / "merchants" / "demo.yaml").read_text("utf-8")).value
    assert parse(text).value["interim_accounts"] == demo["interim_accounts"]
    assert max(map(len, text.splitlines())) <= 100
