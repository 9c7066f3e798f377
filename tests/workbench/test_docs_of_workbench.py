"""docs/trying.md, docs/diff.md and docs/testing.md quote what is printed; this holds them to it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from flows.test_fee_vat import charged
from shop import OpenShop, Shop

from engine.commands.main import commands
from engine.home import HOME
from engine.show import difference
from engine.show import tried as view
from engine.show.output import Output
from engine.workbench.diff.judged import judged
from engine.workbench.trying import item, tried
from engine.workbench.versions import working

PLACE = re.compile(r"[^\s(]*qliro-fortnox/([\w/]+\.yaml)[:\d]*")


def page(name: str) -> str:
    return (HOME / "docs" / name).read_text("utf-8")


def quoted(text: str, command: str) -> str:
    """What a page says that a command prints."""
    return text.partition(f"$ qliro-fortnox {command}\n")[2].partition("```")[0]


def steady(text: str) -> list[str]:
    """Lines without where this machine has the set, and which line of it a rule stands in."""
    text = re.sub(r"(set/\S+\.yaml):\d+", r"\1:1", PLACE.sub(r"\1", text))
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


@pytest.fixture
def paid(shop: OpenShop) -> Shop:
    one = shop()
    charged(one, "5.00", "4.00")
    return one


def test_what_try_prints_of_a_line(paid: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    with item(paid.store, "be96c4d9db3afa25") as one:
        Output().page(view.page(one.ref, tried(one, working(paid.merchant))))
    shown = quoted(page("trying.md"), "try shop be96c4d9db3afa25")
    assert steady(capsys.readouterr().out) == steady(shown)


def test_what_diff_prints_of_another_account(
    paid: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(paid.folder)
    own = paid.folder / "set"
    shutil.copytree(paid.merchant.mapping_folder, own)
    file = own / "payouts" / "payment.yaml"
    fees = 'AccountNumber: "{{ settings.accounts.fee }}"'
    text = file.read_text("utf-8")
    assert fees in text
    file.write_text(text.replace(fees, fees.replace("fee", "rounding")), "utf-8")
    paid.settings({"mapping_set": str(own)})
    report = judged(paid.store, paid.merchant, "qliro-fortnox", "working")
    Output().page(difference.page(report))
    shown = quoted(page("diff.md"), "diff shop --from qliro-fortnox")
    assert steady(capsys.readouterr().out) == steady(shown)


def ours(folder: Path, overlay: str | None = None) -> Callable[..., str]:
    """An overlay with the cases of docs/testing.md and mapping of its own; how it is tested."""
    text = page("testing.md")
    cases = folder / "ours" / "tests" / "payment.yaml"
    cases.parent.mkdir(parents=True)
    cases.write_text(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0], "utf-8")
    if overlay is not None:
        (folder / "ours" / "payment.yaml").write_text(overlay, "utf-8")

    def test(*more: str) -> str:
        told = CliRunner().invoke(
            commands, ["test", "--overlay", "ours", *more], obj=Output(), standalone_mode=False
        )
        return told.output

    test("--update")
    return test


def test_what_test_prints_of_a_case_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    test, file = ours(tmp_path), tmp_path / "ours" / "tests" / "payment.yaml"
    assert test() == "5 cases hold.\n"
    cases = file.read_text("utf-8")
    file.write_text(
        cases.replace("Amount: 250.00, WriteOffs", "Amount: 249.00, WriteOffs"), "utf-8"
    )
    shown = page("testing.md").split("and the rule that made it:\n\n```\n")[1].split("```")[0]
    assert steady(test()) == steady(shown)


def test_what_coverage_prints_of_a_check_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = page("testing.md").split("adds a check of its own, `ours/payment.yaml`:\n\n```yaml\n")[1]
    check, _, told = text.partition("```")
    shown = told.split("below it what of it none did:\n\n```\n")[1].split("```")[0]
    assert steady(ours(tmp_path, check)("--coverage")) == steady(shown)
