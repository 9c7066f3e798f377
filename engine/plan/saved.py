"""Keeps a plan as JSON and tells, when it is to be applied, whether the world still is as it was.

Writes and reads a plan file: every action with its document, and what it was made from. A plan is
stale when a document of it would read otherwise now, or when settings or mappings have changed;
what it has itself delivered does not make it stale. Nothing secret and nobody's name is in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import json_text
from ..errors import FileError, StalePlanError
from ..store.database import Store
from ..store.ledger import read_progress
from .model import Outcome, Plan

VERSION = 2


def as_data(merchant: str, made: Plan, now: datetime) -> dict[str, Any]:
    """The plan as plain data, for ``--json`` and for a plan file."""
    inputs = {one.action: one.trace.get("inputs", {}) for one in made.outcomes if one.action}
    return {
        "version": VERSION,
        "merchant": merchant,
        "made_at": now.isoformat(),
        "digest": made.digest,
        "payouts": list(made.payouts),
        "orders": list(made.orders),
        "proofs": {
            key: {"holds": one.holds, "says": one.sentence()} for key, one in made.proofs.items()
        },
        "actions": [
            {
                "action": one.action,
                "mapping": one.mapping,
                "target": one.target,
                "payout": one.payout,
                "source": one.source,
                "adopts": one.adopted,
                "invoice": one.consumed_of,
                "document": one.document,
                "made_from": _facts(inputs.get(one.action, {})),
            }
            for one in made.actions
        ],
        "outcomes": [_outcome(one) for one in made.outcomes],
        "warnings": made.warnings,
    }


def _outcome(one: Outcome) -> dict[str, Any]:
    return {
        "mapping": one.mapping, "source": one.source, "payout": one.payout, "state": one.state,
        "code": one.code, "reason": one.reason, "covers": list(one.covers), "action": one.action,
    }  # fmt: skip


# What a person wants named when a plan no longer fits.
_TELLING = (
    "Balance", "open_balance", "Booked", "Cancelled", "Total", "Amount", "Status", "TotalAmount",
    "InvoiceDate", "ExternalInvoiceReference1", "ExternalInvoiceReference2", "interim", "gross",
)  # fmt: skip


def _facts(inputs: Mapping[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for alias, row in inputs.items():
        if isinstance(row, dict):
            facts |= {
                f"{alias}.{name}": row[name] for name in _TELLING if row.get(name) is not None
            }
        elif isinstance(row, list):
            facts[f"{alias} (rows)"] = len(row)
    return facts


def write(path: Path, data: Mapping[str, Any]) -> None:
    """The plan file, its owner's alone, for it names buyers; it replaces one of the same name."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(f"{json_text.encode(data)}\n".encode())


def read(path: Path) -> dict[str, Any]:
    """The plan of a file. Raises FileError when it is not one, or somebody has edited it so that it
    is none any more; what its documents hold is judged when it is held against the world."""
    try:
        data = json_text.decode(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileError.at(path, 0, 0, "no-such-file", "there is no such plan.") from None
    except UnicodeDecodeError:
        raise _no_plan(path, "the file is not UTF-8 text.") from None
    except ValueError as error:
        raise _no_plan(path, f"the file is not whole JSON: {error}.") from None
    except OSError as error:
        raise _no_plan(path, f"the file can't be read: {error.strerror}.") from None
    if not isinstance(data, dict) or data.get("version") != VERSION or "actions" not in data:
        raise _no_plan(path, "this is no plan of this version.")
    if wrong := next(_odd(data), None):
        raise _no_plan(path, f"{wrong}.")
    return data


def _no_plan(path: Path, why: str) -> FileError:
    return FileError.at(path, 0, 0, "not-a-plan", why, "Make one with `plan --out`.")


def _odd(data: Mapping[str, Any]) -> Iterator[str]:
    """What is not as ``as_data`` writes it, of what is read again."""
    for name in ("merchant", "digest"):
        if not isinstance(data.get(name), str):
            yield f"its {name} is not a text"
    for name in ("payouts", "orders"):
        found = data.get(name)
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            yield f"its {name} are not a list of texts"
    if not isinstance(data["actions"], list):
        yield "its actions are not a list"
        return
    for number, one in enumerate(data["actions"], start=1):
        given = one if isinstance(one, dict) else {}
        for name in ("action", "mapping", "source"):
            if not isinstance(given.get(name), str):
                yield f"the {name} of its action {number} is not a text"
        for name in ("document", "made_from"):
            if not isinstance(given.get(name, {} if name == "made_from" else None), dict):
                yield f"the {name} of its action {number} is not a set of fields"


def of_its_own_merchant(saved: Mapping[str, Any], merchant: str) -> None:
    """Raises StalePlanError when the plan was made for another merchant."""
    if saved["merchant"] != merchant:
        raise StalePlanError(
            f"The plan is of {saved['merchant']}, not of {merchant}.",
            "Apply it to its own merchant.",
        )


def still_good(store: Store, saved: Mapping[str, Any], now: Plan, merchant: str) -> Plan:
    """The plan made now, limited to the saved one's actions that are still to be delivered.

    Raises StalePlanError, naming what moved, when any saved action would read otherwise now.
    """
    of_its_own_merchant(saved, merchant)
    progress = read_progress(store)
    current = {one.action: one for one in now.actions}
    inputs = {one.action: one.trace.get("inputs", {}) for one in now.outcomes if one.action}
    states = {(one.mapping, one.source): one for one in now.outcomes}
    moved = []
    if saved["digest"] != now.digest:
        moved.append("the settings or the mappings have changed since")
    wanted = {one["action"] for one in saved["actions"]}
    for one in saved["actions"]:
        id_ = one["action"]
        done = progress.get(id_)
        if done is not None and done.touched:
            continue  # its own doing, finished or to be finished from the ledger
        other = current.get(id_)
        if other is None:
            state = states.get((one["mapping"], one["source"]))
            why = f"{state.state}: {state.reason}" if state else "it is gone"
            moved.append(f"{id_} would not be posted now ({why})")
        elif json_text.canonical(other.document) != json_text.canonical(one["document"]):
            moved.append(f"{id_}: {_difference(one, other.document, _facts(inputs.get(id_, {})))}")
    if moved:
        listed = "; ".join(moved[:10]) + (
            f"; and {len(moved) - 10} more" if len(moved) > 10 else ""
        )
        raise StalePlanError(f"The plan is stale: {listed}.", "Plan again.")
    now.actions = [one for one in now.actions if one.action in wanted]
    return now


def _difference(
    saved: Mapping[str, Any], document: Mapping[str, Any], facts: Mapping[str, Any]
) -> str:
    before = saved["document"]
    names = sorted({*before, *document})
    fields = [
        f"{name} was {json_text.encode(before.get(name))}, "
        f"would be {json_text.encode(document.get(name))}"
        for name in names
        if json_text.canonical(before.get(name)) != json_text.canonical(document.get(name))
    ]
    old = saved.get("made_from", {})
    causes = [
        f"{name} {json_text.encode(old[name])} → {json_text.encode(facts[name])}"
        for name in old
        if name in facts and json_text.canonical(old[name]) != json_text.canonical(facts[name])
    ]
    return ", ".join(fields) + (f" (because {', '.join(causes)})" if causes else "")
