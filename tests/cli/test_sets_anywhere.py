"""A mapping set comes with the program, lies in a folder, or is offered by an installed package."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from shopkit import Cli, write_shop

from engine.home import HOME
from engine.yamlfile import parse

OWN = HOME / "mappings" / "qliro-fortnox"
Install = Callable[..., Path]


@pytest.fixture
def shop_file(tmp_path: Path) -> Path:
    return write_shop(tmp_path, "http://127.0.0.1:8765")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package that offers sets: its folder and metadata, as an installer leaves them."""
    site = tmp_path / "site"
    monkeypatch.syspath_prepend(str(site))

    def installed(package: str, version: str = "1.2", **sets: str) -> Path:
        module = package.replace("-", "_")
        (site / module).mkdir(parents=True)
        (site / module / "__init__.py").write_text("raise SystemExit('nobody imports this')\n")
        metadata = site / f"{module}-{version}.dist-info"
        metadata.mkdir()
        head = f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n"
        (metadata / "METADATA").write_text(head)
        offered = "".join(f"{name} = {where}\n" for name, where in sets.items())
        (metadata / "entry_points.txt").write_text(f"[qliro_fortnox.mapping_sets]\n{offered}")
        return site / module

    return installed


def use(shop_file: Path, name: str) -> None:
    shop_file.write_text(f"{shop_file.read_text()}mapping_set: {name}\n")


def test_a_shop_takes_its_set_from_an_installed_package(
    cli: Cli, shop_file: Path, install: Install
) -> None:
    folder = install("hatters-books", hats="hatters_books.hats")
    shutil.copytree(OWN, folder / "hats")
    use(shop_file, "hats")
    assert cli("lint", "shop").out == "No findings.\n"
    assert cli("show", "shop", "--json").json["mapping_folder"] == str(folder / "hats")
    assert "hatters_books" not in sys.modules, "nothing of the package is carried out"


def test_the_name_of_a_package_with_one_set_is_enough(
    cli: Cli, shop_file: Path, install: Install
) -> None:
    folder = install("hatters-books", hats="hatters_books")
    shutil.copytree(OWN, folder, dirs_exist_ok=True)
    use(shop_file, "Hatters_Books")
    assert cli("show", "shop", "--json").json["mapping_folder"] == str(folder)


@pytest.mark.parametrize("named", ["../ours", "{folder}/ours"])
def test_a_path_is_taken_from_the_merchant_file(
    cli: Cli, shop_file: Path, tmp_path: Path, named: str
) -> None:
    shutil.copytree(OWN, tmp_path / "ours")
    use(shop_file, named.format(folder=tmp_path))
    assert cli("lint", "shop").out == "No findings.\n"
    assert cli("show", "shop", "--json").json["mapping_folder"] == str(tmp_path / "ours")


def test_a_wrong_name_is_told_with_all_that_there_is(
    cli: Cli, shop_file: Path, install: Install
) -> None:
    install("hatters-books", hats="hatters_books")
    use(shop_file, "hatz")
    assert (
        "no-such-mapping-set: there is no mapping set 'hatz': with the program come qliro-fortnox, "
        "and installed packages offer hats (hatters-books 1.2). Did you mean 'hats'?"
    ) in cli("lint", "shop").err


def test_a_folder_beside_the_file_that_is_named_without_a_slash_is_told_how(
    cli: Cli, shop_file: Path
) -> None:
    (shop_file.parent / "ours").mkdir()
    use(shop_file, "ours")
    told = cli("lint", "shop").err
    assert "installed packages offer none. A folder of that name is a path: write ./ours." in told


def test_a_path_that_leads_nowhere_is_told_whole(cli: Cli, shop_file: Path, tmp_path: Path) -> None:
    use(shop_file, "./ours")
    told = cli("lint", "shop").err
    assert "merchants/ours is not there: './ours' is taken from" in told
    (shop_file.parent / "ours").write_text("no folder\n")
    assert "merchants/ours is a file, and a set is a folder" in cli("lint", "shop").err


def test_a_package_whose_set_is_not_there_is_told_by_name_and_place(
    cli: Cli, shop_file: Path, install: Install
) -> None:
    folder = install("hatters-books", hats="hatters_books.hats", caps="hatterz.caps")
    use(shop_file, "hats")
    assert (
        "no-such-mapping-set: the package hatters-books 1.2 offers the mapping set 'hats' in "
        f"'hatters_books.hats', and there is no folder site/{folder.name}/hats."
    ) in cli("lint", "shop").err
    told = cli("lint", "--set", "caps").err
    assert "in 'hatterz.caps', and there is no package 'hatterz' with a folder." in told


def test_two_packages_that_offer_one_name_are_not_chosen_between(
    cli: Cli, install: Install
) -> None:
    folder = install("hatters-books", hats="hatters_books")
    install("caps-books", "3", hats="caps_books")
    told = cli("lint", "--set", "hats").err
    assert "Several packages offer a mapping set 'hats': caps-books 3, hatters-books 1.2." in told
    shutil.copytree(OWN, folder, dirs_exist_ok=True)
    assert cli("lint", "--set", "hatters-books").out == "No findings.\n"


def test_a_package_with_two_sets_wants_to_hear_which(cli: Cli, install: Install) -> None:
    install("hatters-books", hats="hatters_books.hats", caps="hatters_books.caps")
    told = cli("lint", "--set", "hatters-books")
    assert told.code == 2
    assert "several mapping sets and none is called 'hatters-books'." in told.err
    assert "Name one of them: caps, hats." in told.err


def test_a_folder_without_mappings_is_no_set(cli: Cli, shop_file: Path, tmp_path: Path) -> None:
    """Nothing would be booked, and nobody told."""
    (tmp_path / "ours").mkdir()
    use(shop_file, "../ours")
    expected = "ours: no-mappings: no file of this folder declares a mapping, so nothing would"
    assert expected in cli("lint", "shop").err
    assert expected in cli("run", "shop").err
    assert cli("lint", "--set", "./ours").code == 2


# -- without any merchant --------------------------------------------------------------------------


def test_a_set_is_linted_without_a_merchant(cli: Cli, tmp_path: Path) -> None:
    shutil.copytree(OWN, tmp_path / "ours")
    assert cli("lint", "--set", "./ours").out == "No findings.\n"
    table = next((tmp_path / "ours").rglob("countries.yaml"))
    table.write_text(table.read_text().replace("hit:", "hitt:"))
    told = cli("lint", "--set", "./ours")
    assert told.code == 2
    assert f"ours/{table.relative_to(tmp_path / 'ours')}:" in told.err
    assert "'hitt' is not a key here" in told.err


def test_an_overlay_alone_is_linted_over_the_set_that_comes_with_the_program(
    cli: Cli, tmp_path: Path
) -> None:
    over = tmp_path / "over"
    over.mkdir()
    text = "version: 2\nmapping: payment\nlet: {wanted_date: '{{ lime.BatchDate }}'}\n"
    (over / "payment.yaml").write_text(text)
    told = cli("lint", "--overlay", "over")
    assert told.code == 2
    assert "over/payment.yaml:3:" in told.err


def test_a_set_is_shown_without_a_merchant(cli: Cli, tmp_path: Path) -> None:
    told = cli("show", "--set", "qliro-fortnox", "--json").json
    payment = next(one for one in told["mappings"] if one["mapping"] == "payment")
    assert (payment["source"], payment["target"], payment["flows"]) == (
        "qliro.settlement_line", "fortnox.invoice_payment", ["payouts"],
    )  # fmt: skip
    assert {"countries", "interim_accounts"} <= set(told["tables"])
    release = str(parse((OWN / "set.yaml").read_text("utf-8")).value["release"])
    assert (told["set"], told["release"]) == ("qliro-fortnox", release)
    page = cli("show", "--set", "qliro-fortnox").out
    assert page.startswith(f"Mapping set qliro-fortnox, release {release} (")
    assert any(line.split()[:2] == ["payment", "payouts"] for line in page.splitlines())


def test_a_merchant_and_a_set_are_not_named_together(cli: Cli, shop_file: Path) -> None:
    for command in ("lint", "show"):
        told = cli(command, "shop", "--set", "qliro-fortnox")
        assert (told.code, told.err) == (
            2,
            "A merchant names its own mapping set and overlay. Give merchants, or --set and "
            "--overlay.\n",
        )


def test_a_folder_that_is_not_there_is_told(cli: Cli) -> None:
    told = cli("lint", "--overlay", "over")
    assert (told.code, told.err) == (2, "There is no folder over. --overlay names a folder.\n")
    assert "ours is not there: './ours' is taken from" in cli("show", "--set", "./ours").err
    assert cli("show").err == "Show what? Name a merchant, or a mapping set with --set.\n"
