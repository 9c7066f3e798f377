"""Files that people edit: a merchant's file, a mapping file, a CSV of sales accounts, with odd
values anywhere. Each is read, or refused with findings; nothing else."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from engine.errors import QliroFortnoxError
from engine.home import HOME
from engine.language.catalogue import catalogue_from_ddl
from engine.language.compile import compile_set
from engine.language.load import load_set_from_texts
from engine.language.required_columns import refuse_unmet
from engine.merchant import oss
from engine.merchant.load import Merchant, load_merchant
from engine.merchant.settings import merchant_schema, settings_of
from engine.store.statements import sql
from fuzz.values import ODD, spoiled

MAPPINGS = HOME / "mappings" / "qliro-fortnox"
# Numbers as a person can write them in YAML, and no library does.
BARE = ("1e27", "-1e30", "1e-39", "0x" + "f" * 30, "1" * 41, ".5", "1.", "0o7", "1_000", "+3")
CELLS = (
    "", " ", "25", "25,5", "25%", "1e95", "1e-9", "-1", "NaN", "SE", "se de", "DE;FR", "²", "3001",
    "9" * 50, "domestic", "goods", '"', '"a', "\u0000", "é", "25 25", "1e99999999999",
)  # fmt: skip


@cache
def merchant_file(name: str) -> dict[str, Any]:
    """A file of the demo as a tree."""
    text = (HOME / "merchants" / f"{name}.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.load(text, yaml.BaseLoader)  # noqa: S506  texts alone
    typed: dict[str, Any] = yaml.safe_load(text)
    return {key: found[key] if key.endswith("_from") else typed[key] for key in typed}


@cache
def demo() -> Merchant:
    return load_merchant(HOME / "merchants" / "demo-orders.yaml", {}, needs_secrets=False)


def written(chance: Random, tree: Any) -> str:
    """The tree as YAML; now and then a number as only a person writes it."""
    text = yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)
    if chance.random() < 0.2:
        numbers = list(re.finditer(r"(?<=: )-?\d+(\.\d+)?$", text, re.MULTILINE))
        if numbers:
            one = chance.choice(numbers)
            text = text[: one.start()] + chance.choice(BARE) + text[one.end() :]
    return text


def _settings(chance: Random, folder: Path) -> str:
    tree = merchant_file(chance.choice(("demo", "demo-orders")))
    if chance.random() < 0.5:
        tree = spoiled(chance, tree)
    else:  # a setting that the demo leaves out
        setting = chance.choice([one for one in settings_of(merchant_schema()) if not one.is_group])
        value: Any = chance.choice(ODD)
        for name in reversed(setting.path[1:]):
            value = {name: value}
        tree = tree | {setting.path[0]: value}
    path = folder / "shop.yaml"
    path.write_text(written(chance, tree), "utf-8")
    load_merchant(path, {}, needs_secrets=False)
    return "merchant file taken"


@cache
def mapping_files() -> dict[str, Any]:
    """The installed set, by name of file, as trees."""
    return {
        path.relative_to(MAPPINGS).as_posix(): yaml.safe_load(path.read_text("utf-8"))
        for path in sorted(MAPPINGS.rglob("*.yaml"))
        if "tests" not in path.relative_to(MAPPINGS).parts
    }


def _mapping(chance: Random, _folder: Path) -> str:
    """One file with the tables beside it: loading all others would take a second each time."""
    files = mapping_files()
    name = chance.choice(sorted(files))
    beside = (one for one in files if one.startswith(("tables/", "shared/")))
    texts = {one: yaml.safe_dump(files[one]) for one in beside}
    texts[name] = written(chance, spoiled(chance, files[name]))
    made = load_set_from_texts(texts, catalogue_from_ddl(sql("schema")), merchant_schema())
    refuse_unmet(made)
    compile_set(made, demo().settings)
    return "mapping file taken"


def _csv(chance: Random, folder: Path) -> str:
    columns = chance.sample((*oss.COLUMNS, "rate", "Country Code", "Default Account"), 4)
    columns += [chance.choice(("25% Account", "12", "x", "", "account"))]
    rows = [[chance.choice(CELLS) for _ in columns] for _ in range(chance.randint(0, 3))]
    separator = chance.choice(",;\t")
    path = folder / "oss.csv"
    text = "\n".join(separator.join(row) for row in [columns, *rows])
    path.write_text(text.replace("account", chance.choice(("account", "Account "))), "utf-8")
    oss.read_csv(path, demo().settings)
    return "CSV taken"


def play(chance: Random, folder: Path) -> str:
    """One file of any kind."""
    kind = chance.choice((_settings, _settings, _mapping, _csv))
    try:
        return kind(chance, folder)
    except QliroFortnoxError as error:
        json.dumps(str(error))
        return f"{kind.__name__[1:]} refused"
