"""Reports that a run writes by itself, and the page that sums up several merchants."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from shop import OpenShop, Shop

from engine.commands.main import commands
from engine.commands.report import after_run
from engine.errors import UsageError
from engine.report.payouts.gather import gather
from engine.report.payouts.model import Period
from engine.show.output import Output
from engine.show.report import html
from engine.show.report.monthly import monthly
from engine.show.report.words import words


@pytest.fixture
def some(shop: OpenShop) -> Shop:
    made = shop(**{"reports.folder": "for-anna", "reports.formats": ["html", "csv"]})
    made.trouble("clean_sale")
    made.trouble("fee_with_vat")
    made.run()
    return made


def written(shop: Shop, folder: Path) -> list[str]:
    made = monthly(shop.store, "shop", shop.merchant.settings, shop.clock.now(), folder)
    for path in made:
        os.utime(path, (shop.clock.now().timestamp() + 1,) * 2)
    return [path.name for path in made]


def test_a_month_is_written_when_it_has_changed_and_not_again(some: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    first = written(some, folder)
    months = {f"{one['BatchDate']:%Y-%m}" for one in some.payouts()}
    assert sorted(first) == sorted(f"{one}.{form}" for one in months for form in ("csv", "html"))
    some.later(days=1)
    assert written(some, folder) == []
    some.trouble("clean_sale")
    some.run()
    assert written(some, folder)
    assert not list(folder.glob(".*"))


def test_a_run_writes_to_the_folder_beside_the_merchants_file(some: Shop, tmp_path: Path) -> None:
    after_run(Output(quiet=True), "shop", some.merchant, some.store, some.clock.now())
    assert list((tmp_path / "for-anna" / "shop").glob("*.html"))


def test_what_cannot_be_written_is_noted_and_stops_no_run(
    some: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "for-anna").write_text("a file stands where the folder should")
    after_run(Output(), "shop", some.merchant, some.store, some.clock.now())
    assert "The payout report was not written" in capsys.readouterr().err


def test_the_first_page_of_all_adds_up_what_each_paid_out(some: Shop, tmp_path: Path) -> None:
    report = gather(some.store, "shop", some.merchant.settings, some.clock.now())
    both = [html.Linked(report, "a/index.html"), html.Linked(report, "b/index.html")]
    said = words("sv")
    path = html.of_all(tmp_path / "index.html", both, [("c", "no <database>")], Period(), said)
    page = path.read_text("utf-8")
    (total,) = report.totals
    assert said.amount(2 * total.paid_out) in page
    assert said.amount(2 * total.sums.fees) in page
    assert page.count(said.amount(total.sums.sold)) >= 2
    assert "no &lt;database&gt;" in page
    assert 'href="b/index.html"' in page


@pytest.mark.parametrize(
    "arguments",
    [["report", "--out", "x.html"], ["report", "shop", "--all", "--out", "x"],
     ["report", "--all", "--out", "x.pdf"], ["report", "--all", "--payout", "1", "--out", "x"]],
)  # fmt: skip
def test_it_is_of_one_merchant_or_of_all_in_a_folder(arguments: list[str]) -> None:
    with pytest.raises(UsageError):
        commands.main(arguments, standalone_mode=False)
