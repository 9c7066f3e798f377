"""Names and folders of a merchant lead where its owner says, and files in them nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from language.kit import CATALOGUE, PAYMENT

from engine.commands import command
from engine.commands import main as command_line
from engine.errors import FileError
from engine.home import HOME
from engine.language.load import load_set

SECRET = "hush-hush-7f3a"


def ended(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = command.ended(command_line.commands, arguments, "qliro-fortnox")
    captured = capsys.readouterr()
    return code, captured.out + captured.err


@pytest.fixture
def merchants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of merchants with one, and a secrets file and a folder of mappings beside it."""
    folder = tmp_path / "merchants"
    folder.mkdir()
    data = yaml.safe_load((HOME / "merchants" / "demo.yaml").read_text("utf-8"))
    data["payouts_from"] = str(data["payouts_from"])
    (folder / "shop.yaml").write_text(yaml.safe_dump(data), "utf-8")
    (folder / "secrets.yaml").write_text(f"qliro_secret: {SECRET}\n", "utf-8")
    (folder / "secrets.yaml").chmod(0o600)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize(
    "name", ["../shop", "../../etc/passwd", "/etc/passwd", "..", ".", "sh\x00op", "shop/../../x"]
)
@pytest.mark.parametrize("words", [("status",), ("show",), ("init",)])
def test_a_name_that_is_a_way_is_wrong_usage_and_writes_nothing(
    merchants: Path, capsys: pytest.CaptureFixture[str], name: str, words: tuple[str, ...]
) -> None:
    before = sorted(merchants.parent.rglob("*"))
    code, told = ended(capsys, *words, name)
    assert code == 2, told
    assert "defect" not in told
    assert "Traceback" not in told
    assert sorted(merchants.parent.rglob("*")) == before


def changed(merchants: Path, **settings: str) -> None:
    path = merchants / "shop.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text("utf-8")) | settings), "utf-8")


@pytest.mark.parametrize("key", ["overlay", "mapping_set"])
@pytest.mark.parametrize("where", [".", "./", "../merchants"])
def test_a_folder_that_holds_secrets_is_no_mapping_set_and_they_are_not_quoted(
    merchants: Path, capsys: pytest.CaptureFixture[str], key: str, where: str
) -> None:
    changed(merchants, **{key: where})
    code, told = ended(capsys, "lint", "shop")
    assert code == 2, told
    assert SECRET not in told
    assert "defect" not in told


@pytest.mark.parametrize("is_overlay", [False, True])
def test_a_link_out_of_the_folder_of_mappings_is_not_followed(
    merchants: Path, is_overlay: bool
) -> None:
    mine, other = merchants / "mine", merchants / "other"
    mine.mkdir()
    other.mkdir()
    (other / "a.yaml").write_text(PAYMENT, "utf-8")
    (mine / "stolen.yaml").symlink_to(merchants / "secrets.yaml")
    folders = (other, mine) if is_overlay else (mine, None)
    with pytest.raises(FileError) as caught:
        load_set(*folders, CATALOGUE)
    assert [one.code for one in caught.value.findings] == ["outside"]
    assert SECRET not in str(caught.value)


def test_a_link_within_the_folder_is_followed_and_the_folder_may_be_one(tmp_path: Path) -> None:
    real = tmp_path / "real"
    (real / "kept").mkdir(parents=True)
    (real / "kept" / "text").write_text(PAYMENT, "utf-8")
    (real / "a.yaml").symlink_to(Path("kept") / "text")
    (tmp_path / "mounted").symlink_to(real)
    assert list(load_set(tmp_path / "mounted", None, CATALOGUE).files) == ["a.yaml"]
