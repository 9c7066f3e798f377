"""``backup`` and ``restore`` as people use them: what is shipped, what is refused, what goes on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from shopkit import Cli

from engine.sandbox.server import Running
from engine.store.lock import locked


def test_a_lost_database_comes_back_and_nothing_is_posted_twice(
    cli: Cli, shop: Path, running: Running, tmp_path: Path
) -> None:
    state, ship = shop.parent.parent / "state", tmp_path / "ship"
    assert cli("sync", "shop", "--quiet").code == 0
    taken = cli("backup", "shop", "--to", str(ship))
    assert taken.code == 0, taken.err
    assert "Backed up" in taken.out
    (folder,) = (ship / "shop").iterdir()
    assert {one.name for one in folder.iterdir()} == {"shop.duckdb", "backup.json"}
    assert all(one.stat().st_mode & 0o077 == 0 for one in [folder, *folder.iterdir()])

    assert cli("run", "shop", "--quiet").code == 3  # posted after the backup
    world = running.world
    posted = len(world.made_payments), len(world.made_vouchers)
    assert all(posted)
    for one in state.glob("shop.*duckdb*"):
        one.unlink()

    back = cli("restore", "shop", "--from", str(ship))
    assert back.code == 0, back.err
    assert folder.name in back.out
    assert cli("run", "shop", "--quiet").code == 3
    assert (len(world.made_payments), len(world.made_vouchers)) == posted
    status = cli("status", "shop", "--json")
    assert all(one["transfer"] != "planned" for one in status.json["payouts"])


def test_the_database_that_stood_there_is_kept(cli: Cli, shop: Path, tmp_path: Path) -> None:
    assert cli("sync", "shop", "--quiet").code == 0
    assert cli("backup", "shop", "--to", str(tmp_path), "--quiet").code == 0
    told = cli("restore", "shop", "--from", str(tmp_path), "--json")
    assert told.code == 0, told.err
    kept = Path(told.json["kept"])
    assert kept.name.startswith("shop.before-")
    assert kept.stat().st_size
    assert cli("status", "shop", "--quiet").code == 0


def test_beside_a_run_it_is_what_the_last_finished_one_left(
    cli: Cli, shop: Path, tmp_path: Path
) -> None:
    assert cli("sync", "shop", "--quiet").code == 0
    with locked(shop.parent.parent / "state" / "shop.lock", "shop"):
        told = cli("backup", "shop", "--to", str(tmp_path), "--json")
        assert told.code == 0, told.err
        assert told.json["beside_a_run"]
        busy = cli("restore", "shop", "--from", str(tmp_path))
    assert busy.code == 75
    assert "Another run of shop is under way" in busy.err


def test_what_is_damaged_or_anothers_is_refused_and_nothing_is_changed(
    cli: Cli, shop: Path, tmp_path: Path
) -> None:
    state = shop.parent.parent / "state"
    assert cli("backup", "shop", "--to", str(tmp_path)).code == 2  # nothing was ever fetched
    assert cli("sync", "shop", "--quiet").code == 0
    assert cli("backup", "shop", "--to", str(tmp_path), "--quiet").code == 0
    (folder,) = (tmp_path / "shop").iterdir()
    before = (state / "shop.duckdb").read_bytes()

    nothing = cli("restore", "shop", "--from", str(state))
    assert (nothing.code, "holds no backup of shop" in nothing.err) == (2, True)

    shutil.copy(shop, shop.with_name("other.yaml"))
    other = cli("restore", "other", "--from", str(folder))
    assert (other.code, "is of shop, not of other" in other.err) == (2, True)

    copied = folder / "shop.duckdb"
    copied.write_bytes(copied.read_bytes()[:-1] + b"?")
    damaged = cli("restore", "shop", "--from", str(folder))
    assert (damaged.code, "is damaged" in damaged.err) == (2, True)

    (folder / "backup.json").write_text("{}")
    unreadable = cli("restore", "shop", "--from", str(folder))
    assert (unreadable.code, "is not what `backup` wrote" in unreadable.err) == (2, True)
    assert (state / "shop.duckdb").read_bytes() == before


def test_the_key_of_personal_numbers_is_in_no_backup_and_asked_for(
    cli: Cli, shop: Path, tmp_path: Path
) -> None:
    state = shop.parent.parent / "state"
    assert cli("sync", "shop", "--quiet").code == 0
    taken = cli("backup", "shop", "--to", str(tmp_path))
    assert "shop.key too, apart from the backups" in taken.out
    assert not list((tmp_path / "shop").rglob("*.key"))
    (state / "shop.key").unlink()
    refused = cli("restore", "shop", "--from", str(tmp_path))
    assert (refused.code, "Put the key back first" in refused.err) == (2, True)
    assert cli("restore", "shop", "--from", str(tmp_path), "--without-key").code == 0


def test_a_folder_that_cannot_be_written_is_a_sentence(
    cli: Cli, shop: Path, tmp_path: Path
) -> None:
    assert cli("sync", "shop", "--quiet").code == 0
    (tmp_path / "file").write_text("")
    told = cli("backup", "shop", "--to", str(tmp_path / "file" / "below"))
    assert told.code == 2
    assert "can't be written" in told.err


def test_backup_json_says_whose_it_is_and_as_of_when(
    cli: Cli, shop: Path, tmp_path: Path
) -> None:
    assert cli("sync", "shop", "--quiet").code == 0
    assert cli("backup", "shop", "--to", str(tmp_path), "--quiet").code == 0
    (about,) = tmp_path.rglob("backup.json")
    told = json.loads(about.read_text())
    assert (told["merchant"], told["environment"]) == ("shop", "sandbox")
    assert told["as_of"] <= told["taken_at"]
    assert told["size"] == (about.parent / "shop.duckdb").stat().st_size
