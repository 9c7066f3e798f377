"""The command report: what it writes, what it says, and what it refuses."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from shop import OpenShop, Shop

from engine.commands.main import commands
from engine.commands.report import chosen
from engine.errors import UsageError
from engine.report.payouts.gather import gather
from engine.report.payouts.model import Period, Report
from engine.show.page import Text
from engine.show.report import drawn, write
from engine.show.report.words import Language

VOID = {"meta", "br", "link"}


class Balanced(HTMLParser):
    """Follows the tags of a page: each that is opened is closed in turn."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in ("href", "src") and value:
                self.targets.append(value)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)


def parsed(page: str) -> Balanced:
    found = Balanced()
    found.feed(page)
    found.close()
    assert found.open == []
    return found


def report_of(shop: Shop, period: Period | None = None) -> Report:
    return gather(shop.store, "shop", shop.merchant.settings, shop.clock.now(), period)


def page_of(shop: Shop, folder: Path, language: Language = "sv") -> str:
    target = folder / "report.html"
    write.write(shop.store, report_of(shop), language, "html", target)
    return target.read_text("utf-8")


@pytest.fixture
def some(shop: OpenShop) -> Shop:
    made = shop()
    for name in ("clean_sale", "fee_with_vat", "invoice_missing", "ambiguous_same_reference"):
        made.trouble(name)
    made.run()
    return made


def test_one_page_tells_all_and_asks_for_no_other_file(some: Shop, tmp_path: Path) -> None:
    found = parsed(page_of(some, tmp_path))
    text = " ".join(" ".join(found.text).split())
    assert "Utbetalningsrapport" in text
    assert "Kräver beslut" in text
    assert "Ej avstämt" in text  # neither books nor bank were looked at
    assert all(one.startswith("#") and one[1:] in found.ids for one in found.targets)
    for line in some.lines():
        assert str(line["OrderId"]) in text
    assert len(found.ids) == len(set(found.ids))
    assert not re.search(r"\{\{|\{%", text)


def test_without_what_draws_them_it_has_no_pictures_and_says_so(
    some: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told() -> str:
        page = write.page(report_of(some), [tmp_path / "report.html"])
        return "\n".join(str(getattr(part, "text", "")) for part in page)

    assert "pictures" not in told()
    assert "<svg" in page_of(some, tmp_path)
    monkeypatch.setattr(drawn, "can_draw", lambda: False)
    assert "It has no pictures" in told()
    assert "<svg" not in page_of(some, tmp_path)


def test_pictures_are_the_same_where_no_other_process_may_be_started(
    some: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = page_of(some, tmp_path)
    assert "<svg" in elsewhere
    monkeypatch.setattr(drawn, "may_start", lambda: False)
    assert page_of(some, tmp_path) == elsewhere


def test_in_english_there_is_no_swedish_word(some: Shop, tmp_path: Path) -> None:
    text = " ".join(parsed(page_of(some, tmp_path, "en")).text)
    assert "Payout report" in text
    assert "utbetalning" not in text.lower()


def test_what_is_written_into_data_is_text_and_no_markup(some: Shop, tmp_path: Path) -> None:
    some.store.execute("UPDATE ledger.line_state SET reason = '<script>alert(1)</script>'")
    page = page_of(some, tmp_path)
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_folder_has_linked_pages_that_all_exist(some: Shop, tmp_path: Path) -> None:
    paths = write.write(some.store, report_of(some), "sv", "folder", tmp_path / "out")
    assert paths[0].name == "index.html"
    assert len(paths) == 1 + len(some.payouts())
    for path in paths:
        for target in parsed(path.read_text("utf-8")).targets:
            assert target.startswith("#") or (path.parent / target).exists(), target
    assert not list((tmp_path / "out").glob(".*"))  # no half of a file is left


@pytest.mark.parametrize("target", ["report.xlsx", "report.html", "folder"])
def test_a_form_of_csv_is_refused_for_what_is_no_csv(target: str, tmp_path: Path) -> None:
    asked = ["report", "shop", "--csv", "plain", "--out", str(tmp_path / target)]
    done = CliRunner().invoke(commands, asked, standalone_mode=False)
    assert isinstance(done.exception, UsageError)
    assert "ends in .csv" in str(done.exception)
    assert not list(tmp_path.iterdir())


def test_the_same_report_gives_the_same_bytes(some: Shop, tmp_path: Path) -> None:
    assert page_of(some, tmp_path) == page_of(some, tmp_path)


def test_a_proof_that_was_not_held_is_never_shown_as_if_it_held(some: Shop) -> None:
    verdicts = {one.of: one.verdict for one in report_of(some).proofs}
    assert verdicts == {"qliro": "holds", "books": "unproved", "bank": "unproved"}


@pytest.mark.parametrize(
    ("month", "first", "last"),
    [("2026-11", (2026, 11, 1), (2026, 11, 30)), ("2026-12", (2026, 12, 1), (2026, 12, 31)),
     ("2028-02", (2028, 2, 1), (2028, 2, 29))],
)  # fmt: skip
def test_a_month_is_all_of_its_days(
    month: str, first: tuple[int, int, int], last: tuple[int, int, int]
) -> None:
    period = chosen((), month, None)
    assert (period.first, period.last) == (date(*first), date(*last))


@pytest.mark.parametrize(("month", "year"), [
    ("2026-13", None), ("november", None), ("26-11", None), ("0026-11", None), ("2026-1", None),
    (None, "26x"), (None, "26"), (None, "0026"), (None, "20261"),
])  # fmt: skip
def test_what_is_no_month_or_year_is_refused(month: str | None, year: str | None) -> None:
    with pytest.raises(UsageError, match="is no"):
        chosen((), month, year)


def test_a_payout_that_is_not_known_is_refused_with_the_nearest(some: Shop) -> None:
    with pytest.raises(UsageError, match="No payout that is known here"):
        report_of(some, Period(payouts=("7000",)))


def test_an_ending_that_is_no_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not say in which form"):
        write.form_of(Path("report.docx"))
    there = tmp_path / "report"
    assert write.form_of(there) == "folder"
    there.write_text("a file")
    with pytest.raises(UsageError, match="does not say in which form"):
        write.form_of(there)


def test_a_period_without_payouts_says_so(some: Shop, tmp_path: Path) -> None:
    made = report_of(some, chosen((), None, "2031"))
    first = write.page(made, [tmp_path / "r.csv"])[0]
    assert isinstance(first, Text)
    assert first.text.endswith(": no payout of 2031 is known here.")
