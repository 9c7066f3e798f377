"""The manifests, by a validator of the published schemas, and by what that lets through."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fleetkit import fleet, tool, write_merchants


def checked(*command: str) -> str:
    told = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout + told.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_merchants(tmp_path, "shop", "hats", "Skor_och-så".replace("å", "a"))
    fleet(tmp_path, "kubernetes", "--image", "registry.example/qliro-fortnox:1")
    return tmp_path / "out"


def manifests(folder: Path) -> Iterator[Path]:
    return (one for one in sorted(folder.glob("*.yaml")) if one.stem != "kustomization")


def test_the_validator_passes_every_manifest(folder: Path) -> None:
    validate = tool("kubernetes-validate")
    for one in manifests(folder):
        told = checked(validate, "--strict", str(one))
        assert len(re.findall(r"passed for resource", told)) == 2
        assert "WARN" not in told


def test_kubectl_builds_the_folder_as_one(folder: Path) -> None:
    kubectl = tool("kubectl")
    told = checked(kubectl, "kustomize", str(folder))
    assert told.count("kind: CronJob") == 3


def test_the_linter_passes_the_dockerfile(folder: Path) -> None:
    assert checked(tool("hadolint"), str(folder / "Dockerfile")) == ""
