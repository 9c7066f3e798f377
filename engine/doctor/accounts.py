"""Every account that the merchant's file, a mapping or a table of its set names, and what for.

Reads the settings by their schema, the mapping set's own rows and its documents; asks no server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from ..errors import Place
from ..language.expressions import Expression
from ..merchant.settings import get, merchant_schema, resolved, settings_of
from .context import Context

ACCOUNT = "#/$defs/account"
# Tables that only documents of orders use; the other accounts belong to payouts.
OF_ORDERS = ("sales_accounts",)
DOCUMENTS = ("invoices", "refunds", "orders")


@dataclass(frozen=True, slots=True)
class Named:
    """An account, the setting or table that names it, and where that stands."""

    number: int
    use: str
    place: Place

    @property
    def group(self) -> str:
        """The setting, or the table of rows, without the row's number."""
        return self.use.partition("[")[0]


def named_accounts(context: Context) -> list[Named]:
    """Those that the flows that are on may book on, in the order of the file.

    Raises FileError where the mappings are invalid.
    """
    found = [*_of_settings(context), *_of_tables(context)]
    told = {(one.number, one.place) for one in found}
    return [*found, *(one for one in _of_mappings(context) if (one.number, one.place) not in told)]


def _of_settings(context: Context) -> Iterator[Named]:
    schema = merchant_schema()
    for setting in settings_of(schema):
        flows = DOCUMENTS if setting.path[0] in OF_ORDERS else ("payouts", *DOCUMENTS)
        if not context.on(*flows):
            continue
        value = get(context.settings, setting.path)
        if setting.schema.get("$ref") == ACCOUNT and value is not None:
            yield Named(value, setting.key, context.place(*setting.path))
        elif setting.is_rows:
            columns = setting.schema["items"]["properties"]
            yield from _of_rows(context, setting.path, columns, value or (), schema)


def _of_rows(
    context: Context,
    path: tuple[str, ...],
    columns: Mapping[str, Any],
    rows: Any,
    schema: Mapping[str, Any],
) -> Iterator[Named]:
    for name, declared in columns.items():
        if resolved(declared, schema).get("$ref") != ACCOUNT:
            continue
        for index, row in enumerate(rows):
            if row.get(name) is not None:
                use = f"{'.'.join(path)}[{index}]"
                place = context.place(*path, index, name)
                yield Named(row[name], use, place)


def _of_tables(context: Context) -> Iterator[Named]:
    """What a mapping set's own rows say outright; an expression is no account yet."""
    mapping_set, _ = context.mappings
    for table in mapping_set.tables.values():
        given = [(row.number, row.then) for row in table.rows]
        for number, outputs in [*given, ("otherwise", table.otherwise)]:
            for name in sorted(table.accounts & set(outputs)):
                account = _literal(outputs[name])
                if account is not None:
                    use = f"tables.{table.name}[{number}]"
                    yield Named(account, use, outputs[name].place)


def _of_mappings(context: Context) -> Iterator[Named]:
    """What a mapping or an overlay names in a document itself."""
    for one in context.literals("accounts"):
        if one.value.isdecimal():
            yield Named(int(one.value), f"{one.mapping}: {one.field}", one.place)


def _literal(expression: Expression) -> int | None:
    value = str(expression.node.value) if isinstance(expression.node, nodes.Const) else ""
    return int(value) if value.isdecimal() else None
