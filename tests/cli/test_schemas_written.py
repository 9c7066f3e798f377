"""`init` and `schemas` leave the JSON Schemas where an editor of anybody finds them."""

from __future__ import annotations

import json
from pathlib import Path

from shopkit import Cli


def test_a_new_merchant_has_the_schemas_beside_it(cli: Cli, tmp_path: Path) -> None:
    assert cli("init", "hattar").code == 0
    first = (tmp_path / "merchants" / "hattar.yaml").read_text("utf-8").splitlines()[0]
    named = first.partition("$schema=")[2]
    assert not named.startswith(("/", ".")), "a path from the file, the same for everybody"
    schema = json.loads((tmp_path / "merchants" / named).read_text("utf-8"))
    assert "payouts_from" in schema["properties"]
    assert cli("lint", "--all").err.startswith("merchants/hattar.yaml:"), "a schema is no merchant"


def test_schemas_are_written_where_they_are_wanted_and_again_as_this_version_has_them(
    cli: Cli, tmp_path: Path
) -> None:
    old = tmp_path / "ours" / "schemas" / "table.schema.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    told = cli("schemas", "--out", "ours/schemas", "--json").json
    names = {Path(one).name for one in told["files"]}
    assert {"mapping.schema.json", "overlay.schema.json", "table.schema.json"} <= names
    assert all(json.loads((tmp_path / one).read_text("utf-8")) for one in told["files"])
