"""The pages of docs/ are written from what they document, and are current."""

from __future__ import annotations

from pathlib import Path

from engine.catalogue import read_catalogue
from engine.reference import checks_page, errors_page, settings_page
from engine.settings import merchant_schema, settings_of

DOCS = Path(__file__).parents[2] / "docs"
REMEDY = "write them again: python -m engine.reference"


def test_the_page_of_settings_is_current() -> None:
    assert (DOCS / "settings.md").read_text("utf-8") == settings_page(), REMEDY


def test_the_page_of_errors_is_current() -> None:
    assert (DOCS / "errors.md").read_text("utf-8") == errors_page(), REMEDY


def test_the_page_of_checks_is_current() -> None:
    assert (DOCS / "doctor.md").read_text("utf-8") == checks_page(), REMEDY


def test_every_setting_and_every_error_is_on_its_page() -> None:
    settings = settings_page()
    for setting in settings_of(merchant_schema()):
        inside = ".".join(setting.path[1:]) or setting.key
        assert f"`{inside}" in settings or f"## {setting.key}" in settings, setting.key
    errors = errors_page()
    for entry in read_catalogue():
        assert entry.means in errors
        assert entry.remedy in errors
