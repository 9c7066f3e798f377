"""What `fleet` writes for schedulers, and what it refuses; tests/deploy asks the real tools."""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from fleetkit import called, fleet, write_merchants

from engine.commands.main import commands
from engine.home import HOME

IMAGE = ("--image", "registry.example/qliro-fortnox:1")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?\Z")


def kubernetes(folder: Path, name: str, *options: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The volume and the CronJob of a merchant."""
    fleet(folder, "kubernetes", *IMAGE, *options)
    volume, job = yaml.safe_load_all((folder / f"out/{name}.yaml").read_text("utf-8"))
    return volume, job


def pod_of(job: dict[str, Any]) -> dict[str, Any]:
    pod: dict[str, Any] = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize("every", ["5", "10", "15", "20", "30", "60", "1440"])
def test_a_cronjob_is_what_no_validator_looks_at(tmp_path: Path, every: str) -> None:
    write_merchants(tmp_path, "shop")
    volume, job = kubernetes(tmp_path, "shop", "--every", every)
    spec = job["spec"]
    minutes, hour, *rest = spec["schedule"].split()
    told = [int(minute) for minute in minutes.split(",")]
    assert (rest, hour) == (["*", "*", "*"], "6" if every == "1440" else "*")
    assert len(told) == (1 if every == "1440" else 60 // int(every))
    assert all(0 <= minute < 60 for minute in told)
    assert {after - before for before, after in itertools.pairwise(told)} <= {int(every)}
    ZoneInfo(spec["timeZone"])
    assert spec["concurrencyPolicy"] == "Forbid"
    pod = pod_of(job)
    [container] = pod["containers"]
    [rule] = spec["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert pod["restartPolicy"] == "Never"
    assert rule["action"] == "FailJob"
    assert rule["onExitCodes"] == {
        "containerName": container["name"], "operator": "In", "values": [1, 2, 3],
    }  # fmt: skip
    mounted = [one["name"] for one in container["volumeMounts"]]
    assert sorted(mounted) == sorted(one["name"] for one in pod["volumes"])
    assert pod["volumes"][0]["persistentVolumeClaim"]["claimName"] == volume["metadata"]["name"]
    assert volume["spec"]["accessModes"] == ["ReadWriteOncePod"]
    assert re.fullmatch(r"\d+Gi", volume["spec"]["resources"]["requests"]["storage"])
    assert LABEL.match(job["metadata"]["name"])


def test_the_arguments_of_a_pod_are_those_of_the_program(tmp_path: Path) -> None:
    write_merchants(tmp_path, "shop")
    _, job = kubernetes(tmp_path, "shop")
    command, *arguments = pod_of(job)["containers"][0]["args"]
    context = commands.commands[command].make_context(command, list(arguments))
    assert (context.params["merchant"], context.params["merchants"]) == ("shop", Path("/merchants"))


def test_merchants_are_spread_over_the_quarter_of_an_hour(tmp_path: Path) -> None:
    write_merchants(tmp_path, *(f"shop{number}" for number in range(60)))
    fleet(tmp_path, "kubernetes", *IMAGE)
    first = Counter(
        job["spec"]["schedule"].partition(",")[0]
        for file in (tmp_path / "out").glob("shop*.yaml")
        for job in list(yaml.safe_load_all(file.read_text("utf-8")))[1:]
    )
    assert len(first) == 15
    assert max(first.values()) <= 12


def test_state_and_overlay_are_where_the_merchant_file_says(tmp_path: Path) -> None:
    for overlay in ("ours", "merchants/own"):
        (tmp_path / overlay).mkdir(parents=True)
    write_merchants(tmp_path, "shop", more="state: ../data/shop\noverlay: ../ours\n")
    write_merchants(tmp_path, "hats", more="overlay: ./own\n")
    _, job = kubernetes(tmp_path, "shop")
    assert pod_of(job)["containers"][0]["volumeMounts"][0]["mountPath"] == "/data/shop"
    copied = [line for line in (tmp_path / "out/Dockerfile").read_text().splitlines()
              if line.startswith("COPY")]  # fmt: skip
    assert copied == [
        "COPY requirements.txt /requirements.txt", "COPY merchants /merchants", "COPY ours /ours",
    ]  # fmt: skip
    told = fleet(tmp_path, "systemd", "--home", "/srv/books")
    assert "Make /srv/books/data/shop and /srv/books/state" in told
    service = (tmp_path / "out/qliro-fortnox@.service").read_text()
    assert "ReadWritePaths=/srv/books/data/shop /srv/books/state\n" in service


def test_the_variables_that_each_merchant_needs_are_told(tmp_path: Path) -> None:
    write_merchants(tmp_path, "shop")
    told = fleet(tmp_path, "systemd")
    assert "shop      FORTNOX_ID, FORTNOX_SECRET, SHOP_KEY, SHOP_SECRET\n" in told
    as_json = json.loads(fleet(tmp_path, "systemd", "--json"))
    assert as_json["merchants"]["shop"]["variables"] == [
        "FORTNOX_ID", "FORTNOX_SECRET", "SHOP_KEY", "SHOP_SECRET",
    ]  # fmt: skip


def test_a_merchant_that_is_no_more_is_told_of_and_left(tmp_path: Path) -> None:
    write_merchants(tmp_path, "shop", "old")
    fleet(tmp_path, "kubernetes", *IMAGE)
    (tmp_path / "out/mine.yaml").write_text("of: a person\n")
    (tmp_path / "merchants/old.yaml").unlink()
    code, _, err = called(tmp_path, "kubernetes", *IMAGE)
    assert code == 0
    assert (
        err == "out/old.yaml is of a merchant that is no more; delete it there and where it runs.\n"
    )
    assert "old.yaml" not in (tmp_path / "out/kustomization.yaml").read_text()
    assert (tmp_path / "out/old.yaml").exists()


def test_the_same_merchants_give_the_same_files(tmp_path: Path) -> None:
    write_merchants(tmp_path, "shop", "hats")
    for kind, options in (("kubernetes", IMAGE), ("systemd", ()), ("airflow", ())):
        fleet(tmp_path, kind, *options)
    first = {one.name: one.read_bytes() for one in (tmp_path / "out").iterdir()}
    for kind, options in (("kubernetes", IMAGE), ("systemd", ()), ("airflow", ())):
        fleet(tmp_path, kind, *options)
    assert {one.name: one.read_bytes() for one in (tmp_path / "out").iterdir()} == first


@pytest.mark.parametrize(
    ("names", "more", "told"),
    [
        ([], "", "There is no merchant in merchants."),
        (["my shop"], "", "'my shop' can't name a job of a scheduler."),
        (["a_b", "a-b"], "", "a-b and a_b would both be qliro-fortnox-a-b in Kubernetes."),
        (["s" * 40], "", "longer than the 52 characters of a CronJob's name"),
        (["shop"], "overlay: ../..\n", "which lies outside the folder of which the image is made"),
        (["shop"], "flows: {payout: true}\n", "merchants/shop.yaml:"),
    ],
)
def test_what_no_scheduler_could_run_is_refused(
    tmp_path: Path, names: list[str], more: str, told: str
) -> None:
    (tmp_path / "merchants").mkdir()
    write_merchants(tmp_path, *names, more=more)
    code, out, err = called(tmp_path, "kubernetes", *IMAGE)
    assert (code, out) == (2, "")
    assert told in err
    assert not (tmp_path / "out").exists()


def test_secrets_in_a_file_have_no_place_in_kubernetes(tmp_path: Path) -> None:
    write_merchants(tmp_path, "shop")
    file = tmp_path / "merchants/shop.yaml"
    text = file.read_text().replace("{env: SHOP_KEY}", "{file: secrets.yaml, key: qliro}")
    file.write_text(text)
    code, _, err = called(tmp_path, "kubernetes", *IMAGE)
    assert code == 2
    assert (
        "shop keeps secrets in secrets.yaml; in Kubernetes they are environment variables." in err
    )
    fleet(tmp_path, "systemd")


def test_a_folder_that_can_not_be_written_is_told_of(tmp_path: Path) -> None:
    write_merchants(tmp_path, "shop")
    (tmp_path / "out").write_text("a file")
    code, _, err = called(tmp_path, "systemd")
    assert code == 2
    assert "out" in err
    assert "--out" in err


@pytest.mark.parametrize(
    ("file", "kind", "options"),
    [
        ("qliro-fortnox@.service", "systemd", ()),
        ("qliro-fortnox@.timer", "systemd", ()),
        ("qliro-fortnox.target", "systemd", ()),
        ("shop.yaml", "kubernetes", IMAGE),
        ("Dockerfile", "kubernetes", IMAGE),
    ],
)
def test_the_page_on_scheduling_shows_what_is_written(
    tmp_path: Path, file: str, kind: str, options: tuple[str, ...]
) -> None:
    write_merchants(tmp_path, "shop", "hats")
    fleet(tmp_path, kind, *options)
    written = (tmp_path / "out" / file).read_text("utf-8")
    assert f"\n{written}```\n" in (HOME / "docs/scheduling.md").read_text("utf-8")
