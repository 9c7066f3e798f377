"""The books as a SIE 4 file, as Fortnox writes it: ``GET /3/sie/4``.

It reads the world's chart, vouchers and opening balances. As recorded of Fortnox 3.57: amounts
without needless zeros, an empty date and a quantity of 0 on every row, CRLF, and what the company
calls PC8, which is code page 437 or UTF-8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Final

from ..world.exchange import Request, Response
from ..world.world import ZERO, FinancialYear, Voucher, VoucherRow, World, year_of
from .fields import NO_YEAR, RefusedError
from .lists import query_of, whole

COST_CENTRE: Final = "1"
PROJECT: Final = "6"
BALANCE: Final = "12"  # an account of the balance sheet begins with one of these


def download(world: World, request: Request, kind: str) -> Response:
    """The file of a financial year, of the current one unless the request says which."""
    if kind != "4":
        raise RefusedError(2000729, "A valid identifier was not provided.", 404)
    current = year_of(world, world.today())
    wanted = whole(query_of(request), "financialyear", current.id if current else 0)
    if wanted not in world.years:
        raise RefusedError(NO_YEAR, "Kan inte hitta räkenskapsåret.", 404)
    return Response(200, sie_file(world, world.years[wanted]), "text/plain")


def sie_file(world: World, year: FinancialYear) -> bytes:
    """The books of a year, with the balances of the year before."""
    lines = [*_head(world, year), *_registers(world), *_balances(world, year)]
    for key in sorted(world.vouchers, key=lambda one: (one.series, one.number)):
        if key.year == year.id:
            lines += _voucher(world, world.vouchers[key])
    text = "".join(f"{line}\r\n" for line in lines)
    return text.encode(world.company.sie_encoding, "replace")


def _head(world: World, year: FinancialYear) -> Iterator[str]:
    yield _item(world, "FLAGGA", "0")
    yield _item(world, "FORMAT", "PC8")
    yield _item(world, "SIETYP", "4")
    yield _item(world, "PROGRAM", '"Fortnox"', "3.57.11")
    yield _item(world, "GEN", _day(world.today()))
    yield _item(world, "FNR", world.access.tenant_id)
    yield _item(world, "FNAMN", text(world.company_name))
    for number, one in enumerate(_years_back(world, year)):
        yield _item(world, "RAR", str(-number), _day(one.first), _day(one.last))
    yield _item(world, "ORGNR", world.organisation_number)
    yield _item(world, "OMFATTN", _day(year.last))
    yield _item(world, "KPTYP", "EUBAS97")


def _years_back(world: World, year: FinancialYear) -> list[FinancialYear]:
    """The year and the one before it, where there is one."""
    before = [one for one in world.years.values() if one.last < year.first]
    return [year, *([max(before, key=lambda one: one.last)] if before else [])]


def _registers(world: World) -> Iterator[str]:
    for account in world.accounts.values():
        yield _item(world, "KONTO", str(account.number), text(account.description))
    yield _item(world, "DIM", COST_CENTRE, text("Kostnadsställe"))
    yield _item(world, "DIM", PROJECT, text("Projekt"))
    for code, name in world.cost_centers.items():
        yield _item(world, "OBJEKT", COST_CENTRE, text(code), text(name))
    for code, name in world.projects.items():
        yield _item(world, "OBJEKT", PROJECT, text(code), text(name))


def _balances(world: World, year: FinancialYear) -> Iterator[str]:
    for index, one in reversed(list(enumerate(_years_back(world, year)))):
        opened, moved = opening_balances(world, one), _moved(world, one)
        for number in world.accounts:
            if str(number)[0] not in BALANCE:
                if number in moved:
                    yield _item(world, "RES", str(-index), str(number), _amount(moved[number]))
                continue
            before = opened.get(number, ZERO)
            if before:
                yield _item(world, "IB", str(-index), str(number), _amount(before))
            if before or number in moved:
                after = before + moved.get(number, ZERO)
                yield _item(world, "UB", str(-index), str(number), _amount(after))


def opening_balances(world: World, year: FinancialYear) -> dict[int, Decimal]:
    """What a year opens with, by account of the balance sheet."""
    back = _years_back(world, year)
    if len(back) == 1:
        return dict(world.opening)
    if not world.company.carries:
        return {}
    opened, moved = opening_balances(world, back[1]), _moved(world, back[1])
    return {
        number: opened.get(number, ZERO) + moved.get(number, ZERO)
        for number in (*opened, *moved)
        if str(number)[0] in BALANCE
    }


def _moved(world: World, year: FinancialYear) -> dict[int, Decimal]:
    """Debit less credit of a year, by account."""
    sums: dict[int, Decimal] = {}
    for voucher in world.vouchers.values():
        if voucher.key.year == year.id:
            for row in voucher.rows:
                sums[row.account] = sums.get(row.account, ZERO) + row.debit - row.credit
    return sums


def _voucher(world: World, voucher: Voucher) -> Iterator[str]:
    key = voucher.key
    yield _item(
        world, "VER", text(key.series), str(key.number), _day(voucher.day),
        text(voucher.description), _day(voucher.modified.date()),
    )  # fmt: skip
    yield "{"
    added = list(voucher.added)
    for row in voucher.rows:
        if row in added:  # told twice, once for readers that know no corrections
            added.remove(row)
            yield _row(world, "RTRANS", row)
        yield _row(world, "TRANS", row)
    for row in voucher.struck:
        yield _row(world, "BTRANS", row)
    yield "}"


def _row(world: World, label: str, row: VoucherRow) -> str:
    objects = [
        part
        for dimension, code in ((COST_CENTRE, row.cost_center), (PROJECT, row.project))
        if code
        for part in (f'"{dimension}"', text(code))
    ]
    return _item(
        world, label, str(row.account), "{" + " ".join(objects) + "}",
        _amount(row.debit - row.credit), '""', text(row.text), "0",
    )  # fmt: skip


def text(value: str) -> str:
    """A field in quotes, the quotes in it behind a backslash."""
    return '"' + value.replace('"', '\\"') + '"'


def _item(world: World, label: str, *fields: str) -> str:
    if not world.company.sie_quotes:
        return " ".join((f"#{label}", *fields))
    return "\t".join((f"#{label}", *_all_in_quotes(fields)))


def _all_in_quotes(fields: Iterable[str]) -> Iterator[str]:
    for field in fields:
        yield field if field[0] in '"{' else f'"{field}"'


def _amount(value: Decimal) -> str:
    shown = value.normalize()
    return f"{shown + 0:f}"


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"
