"""What all tests may ask for: a shop, whose world and settings the test itself declares."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import few_rows
import hypothesis
import pytest
from order_shop import OrderShop
from shop import OpenShop, Shop
from slow import pytest_addoption, pytest_collection_modifyitems, pytest_runtest_protocol

from engine import json_text, mappings
from engine.language.catalogue import catalogue_from_ddl
from engine.language.compile import compile_set
from engine.language.load import load_set
from engine.language.program import Program
from engine.language.spec import MappingSet
from engine.sandbox.world.world import World
from engine.store import database as stores

__all__ = ["pytest_addoption", "pytest_collection_modifyitems", "pytest_runtest_protocol"]

stores._configure = few_rows.in_one_thread
stores.in_memory = few_rows.in_memory

# What the tests make is gone with each of them: the search for rings of objects may be rarer.
gc.set_threshold(50_000, 20, 20)

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What a command keeps in the user's cache folder is kept in one of these tests."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def shop(tmp_path: Path, read_mappings_once: None) -> OpenShop:
    """Opens a shop: ``shop("fee_with_vat", **{"fees.mode": "voucher"})`` gives it and its troubles.

    Settings are given by dotted key; ``world`` is one made before, else an empty company.
    """

    def opened(world: World | None = None, **changes: Any) -> Shop:
        given = {} if world is None else {"world": world}
        return Shop(tmp_path, changes=changes, **given)

    return opened


@pytest.fixture
def order_shop(tmp_path: Path, read_mappings_once: None) -> Callable[..., OrderShop]:
    """Opens a shop that lives orders; settings by dotted key, ``world`` one made before."""

    def opened(world: World | None = None, **changes: Any) -> OrderShop:
        given = {} if world is None else {"world": world}
        return OrderShop(tmp_path, changes=changes, **given)

    return opened


@pytest.fixture
def read_mappings_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mapping set is the same in all tests: it is read from its files once in a process, and
    compiled once for the same settings."""
    _patch(monkeypatch)


@pytest.fixture(scope="module")
def order_shops(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., OrderShop]]:
    """Like ``order_shop``, for shops that all tests of a module look at."""

    def opened(world: World | None = None, **changes: Any) -> OrderShop:
        given = {} if world is None else {"world": world}
        return OrderShop(tmp_path_factory.mktemp("shop"), changes=changes, **given)

    with pytest.MonkeyPatch.context() as patched:
        _patch(patched)
        yield opened


def _patch(patched: pytest.MonkeyPatch) -> None:
    patched.setattr(mappings, "load_set", _read_once)
    patched.setattr(mappings, "compile_set", _compile_once)
    patched.setattr(mappings, "catalogue_from_ddl", _columns)


def _read_once(folder: Path, overlay: Path | None, *rest: Any, **known: Any) -> MappingSet:
    catalogue, settings, flows, *kept = rest
    if overlay or any(kept):
        return load_set(folder, overlay, *rest, **known)
    return _read(folder, flows, _Held(catalogue), _Held(settings))


@cache
def _read(folder: Path, flows: frozenset[str], *rest: _Held) -> MappingSet:
    return load_set(folder, None, *(one.value for one in rest), flows)


_columns = cache(catalogue_from_ddl)
COMPILED: dict[str, Program] = {}


def _compile_once(
    mapping_set: MappingSet, settings: Mapping[str, Any], *rest: Any, **_known: Any
) -> Program:
    told = {name: value for name, value in settings.items() if name != "state"}
    key = json_text.digest([mapping_set.digest, told])
    if key not in COMPILED:
        COMPILED[key] = compile_set(mapping_set, settings, *rest)
    return COMPILED[key]


class _Held:
    """Something handed through a cache that does not look at it."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held)

    def __hash__(self) -> int:
        return 0
