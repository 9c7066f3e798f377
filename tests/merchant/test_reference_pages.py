"""The pages of docs/ are written from what they document, and are current."""

from __future__ import annotations

from pathlib import Path

from engine.error_catalogue import read_catalogue
from engine.language.catalogue import ID_COLUMNS, catalogue_from_ddl
from engine.manual.columns import page as columns_page
from engine.manual.pages import checks_page, errors_page, settings_page
from engine.merchant.settings import merchant_schema, settings_of
from engine.store.statements import sql

DOCS = Path(__file__).parents[2] / "docs"
REMEDY = "write them again: python -m engine.manual.pages"


def test_the_page_of_settings_is_current() -> None:
    assert (DOCS / "settings.md").read_text("utf-8") == settings_page(), REMEDY


def test_the_page_of_errors_is_current() -> None:
    assert (DOCS / "errors.md").read_text("utf-8") == errors_page(), REMEDY


def test_the_page_of_checks_is_current() -> None:
    assert (DOCS / "doctor.md").read_text("utf-8") == checks_page(), REMEDY


def test_the_page_of_columns_is_current() -> None:
    assert (DOCS / "columns.md").read_text("utf-8") == columns_page(), REMEDY


def test_every_column_that_a_mapping_may_name_is_on_the_page_and_ours_are_explained() -> None:
    sections = {
        text.split("\n", 1)[0]: text for text in (DOCS / "columns.md").read_text().split("\n## ")
    }
    inner = {"raw_seq", "as_of", "card_seq", "listed_from"}
    for entity, columns in catalogue_from_ddl(sql("schema")).items():
        if entity in ID_COLUMNS:
            assert entity in sections
        for name in columns.keys() - inner if entity in ID_COLUMNS else ():
            (row,) = [x for x in sections[entity].splitlines() if x.startswith(f"| `{name}` | ")]
            assert name[0].isupper() or not row.endswith("|  |"), f"{entity}.{name}: no word of it"


def test_every_setting_and_every_error_is_on_its_page() -> None:
    settings = settings_page()
    for setting in settings_of(merchant_schema()):
        inside = ".".join(setting.path[1:]) or setting.key
        assert f"`{inside}" in settings or f"## {setting.key}" in settings, setting.key
    errors = errors_page()
    for entry in read_catalogue():
        assert entry.means in errors
        assert entry.remedy in errors
