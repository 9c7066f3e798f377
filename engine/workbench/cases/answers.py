"""What the servers hold in a case of flows: whole orders, batches and documents, as the APIs show
them; checked field by field, and laid over their samples.

Reads ``schemas/answers.json`` (all fields of the official documents) and what the stage reads of
them (``engine.extract.readable``); gives plain values, as an answer would hold them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from ...extract.readable import Reads, flag, read_fields
from ...home import HOME
from ...language.kinds import shown
from ...yamlfile import Path_, YamlFile, nearest
from .samples import Part, Samples

BESIDE = ("like", "is")
# Answers that hold their fields themselves, not under a key.
WHOLE = ("order", "settlements_by_batch")
# What a field of a type reads, to show how it is written.
EXAMPLES = (True, 1, "2026-10-31", "text")
_Read = tuple[str, bool, "Reads | None", "tuple[Any, ...]", bool]


@dataclass(frozen=True, slots=True)
class Kind:
    """What may be given under a name. ``lists`` is the endpoint that lists it, with the key that
    the list stands under; ``page`` the one that shows it whole, by ``id``, under ``key``."""

    name: str
    lists: str = ""
    page: str = ""
    id: tuple[str, ...] = ()


KINDS: Mapping[str, Kind] = {
    one.name: one
    for one in (
        Kind("qliro.orders", page="order", id=("OrderId",)),
        Kind("qliro.batches", "settlement_batches", "settlements_by_batch", ("Id",)),
        Kind("fortnox.customers", "customers", "customer", ("CustomerNumber",)),
        Kind("fortnox.articles", "articles", "article", ("ArticleNumber",)),
        Kind("fortnox.orders", "orders", "fortnox_order", ("DocumentNumber",)),
        Kind("fortnox.invoices", "invoices", "invoice", ("DocumentNumber",)),
        Kind("fortnox.invoice_payments", "invoice_payments", "invoice_payment", ("Number",)),
        Kind("fortnox.vouchers", "vouchers", "voucher", ("VoucherSeries", "VoucherNumber")),
        Kind("fortnox.accounts", "accounts"),
        Kind("fortnox.voucher_series", "voucher_series"),
        Kind("fortnox.currencies", "currencies"),
        Kind("fortnox.terms_of_payment", "terms_of_payment"),
    )
}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an answer: those ``inner`` of an object, or of each row of a list (``is_list``);
    else the ``names`` that its value may have, and whether a value ``reads``, where it is read at
    all. ``must``: it is always there."""

    inner: Mapping[str, Field] | None = None
    is_list: bool = False
    names: tuple[str, ...] = ()
    reads: Reads | None = None
    must: bool = False


@cache
def fields(kind: str) -> Mapping[str, Field]:
    """The fields of what is given under a name: those of the official document, and what is newer
    than that and read."""
    told = json.loads((HOME / "schemas" / "answers.json").read_text("utf-8"))[kind]
    read: dict[str, _Read] = {}
    of = KINDS[kind]
    for endpoint in filter(None, (of.lists, of.page)):
        found = read_fields(endpoint)
        if endpoint not in WHOLE:  # it stands under a key of its own
            (found,) = (one[3] for one in found if one[3])
        for one in found:
            if one[1] or one[0] not in read:
                read[one[0]] = one
    return _joined(told, read)


def _joined(told: Mapping[str, Any], read: Mapping[str, _Read]) -> dict[str, Field]:
    made: dict[str, Field] = {}
    for name in dict.fromkeys([*told, *read]):
        shape = told.get(name, "")
        _, must, reads, below, is_list = read.get(name, (name, False, None, (), False))
        inner = shape[0] if isinstance(shape, list) else shape
        if isinstance(inner, dict) or below:
            known = inner if isinstance(inner, dict) else {}
            within = _joined(known, {one[0]: one for one in below})
            made[name] = Field(within, is_list or isinstance(shape, list))
        else:
            names = tuple(shape.split("|")) if shape else ()
            made[name] = Field(None, False, names, reads, must)
    return made


@cache
def kinds() -> tuple[str, ...]:
    """What a sample may be, beside entities and settings: ``qliro.orders``, and of the lists and
    objects within, ``qliro.orders.OrderItemActions``."""
    return tuple(_names((kind, fields(kind)) for kind in KINDS))


def _names(found: Any) -> Iterator[str]:
    for name, inner in found:
        yield name
        yield from _names((f"{name}.{key}", one.inner) for key, one in inner.items() if one.inner)


def answer(samples: Samples, kind: str, file: YamlFile, path: Path_, value: Any) -> dict[str, Any]:
    """What is given under a name, whole: laid over its samples. What is wrong goes to the findings
    of ``samples``."""
    return _node(samples, kind, fields(kind), [(file, path, value)])


def _node(
    samples: Samples, kind: str, known: Mapping[str, Field], parts: Sequence[Part]
) -> dict[str, Any]:
    """An object of ``parts``, the nearest first, each over the samples that it is like."""
    file, path, _ = parts[0]
    laid: list[Part] = []
    before = len(samples.findings)
    for part in parts:
        if not isinstance(part[2], dict):
            samples.report(part[0].finding(part[1], "wrong-type", f"{kind} is keys with values."))
            return {}
        laid += [part, *samples.like(*part, kind)]
    is_whole = len(samples.findings) == before  # else the sample may have what is missing
    given: dict[str, list[Part]] = {}
    for one in laid:
        for name, value in one[2].items():
            if name in BESIDE:
                continue
            if name in known:
                given.setdefault(name, []).append((one[0], (*one[1], name), value))
                continue
            remedy = nearest(name, known, one[2])
            text = f"{kind} has no field {name!r}."
            samples.report(one[0].finding((*one[1], name), "unknown-key", text, remedy, key=True))
    made: dict[str, Any] = {}
    for name, of in known.items():
        if name in given:
            made[name] = _value(samples, f"{kind}.{name}", of, given[name])
        elif of.must and is_whole:
            text, remedy = f"{kind} always has {name}.", "Give it, or a sample that has it."
            samples.report(file.finding(path, "missing-key", text, remedy, key=True))
        elif of.reads is flag and kind.startswith("fortnox."):
            made[name] = name == "Active"  # Fortnox always says these
    return made


def _value(samples: Samples, kind: str, of: Field, parts: Sequence[Part]) -> Any:
    file, path, value = parts[0]
    if of.inner is None:
        return _scalar(samples, kind, of, parts[0])
    if value is None:
        return None
    if not of.is_list:
        objects = [part for part in parts if isinstance(part[2], dict)]
        return _node(samples, kind, of.inner, objects if isinstance(value, dict) else parts[:1])
    if not isinstance(value, list):
        samples.report(file.finding(path, "wrong-type", f"{kind} is a list."))
        return []
    return [_node(samples, kind, of.inner, [(file, (*path, n), one)]) for n, one in
            enumerate(value)]  # fmt: skip


def _scalar(samples: Samples, kind: str, of: Field, part: Part) -> Any:
    file, path, value = part
    name = kind.rpartition(".")[2]
    if of.names and isinstance(value, str) and value not in of.names:
        text = f"{name} is one of {', '.join(of.names)}, not {value!r}."
        samples.report(file.finding(path, "wrong-value", text, nearest(value, of.names)))
    elif value is None and of.must:
        samples.report(file.finding(path, "wrong-type", f"{name} is always there."))
    elif value is not None and of.reads is not None and not of.reads(value):
        text, like = f"{name} can't be {shown(value)}.", (*EXAMPLES, *(of.names or ()))
        remedy = next((f"Write it like {shown(one)}." for one in like if of.reads(one)), "")
        samples.report(file.finding(path, "wrong-type", text, remedy))
    return value
