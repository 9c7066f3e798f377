"""Fortnox's small registers, listed and one by one: accounts, series, currencies, terms, units.

It reads a request and the world; what is posted to a register of codes is written into it.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from ..world.exchange import Request, Response, answered, parameters
from ..world.world import World
from . import register_shapes as shapes
from .fields import NO_REGISTER, NO_YEAR, REQUIRED, RefusedError, body_of, text_of
from .lists import found_in, page


def register(  # noqa: PLR0912  a table of paths
    world: World, request: Request, parts: list[str]
) -> Response:
    """A register that only has to be shown, by its path; 404 where there is none."""
    query = {name: values[0] for name, values in parameters(request.query).items()}
    match parts:
        case ["accounts"]:
            items = list(world.accounts.values())
            return page("Accounts", items, query, lambda a: shapes.account_item(world, a))
        case ["accounts", number]:
            account = found_in(world.accounts, number, 2000423, "Kan inte hitta kontot.")
            return answered({"Account": shapes.account_item(world, account)})
        case ["voucherseries"]:
            series = list(world.series.values())
            render = "VoucherSeriesCollection"
            return page(render, series, query, lambda s: shapes.series_item(world, s))
        case ["voucherseries", code] if code in world.series:
            item = shapes.series_item(world, world.series[code])
            return answered({"VoucherSeries": item})
        case ["financialyears", number]:
            year = found_in(world.years, number, NO_YEAR, "Kan inte hitta räkenskapsåret.")
            return answered({"FinancialYear": shapes.year_item(year)})
        case ["currencies"]:
            codes = list(world.currencies.values())
            return page("Currencies", codes, query, lambda c: shapes.currency_item(world, c))
        case ["currencies", code] if code in world.currencies:
            return answered({"Currency": shapes.currency_item(world, world.currencies[code])})
        case ["modesofpayments"]:
            return page("ModesOfPayments", list(world.modes.values()), query, shapes.mode_item)
        case ["modesofpayments", code] if code in world.modes:
            return answered({"ModeOfPayment": shapes.mode_item(world.modes[code])})
        case ["termsofpayments" | "wayofdeliveries" | "units" | "costcenters" as name, *rest]:
            return _coded(world, request, name, rest)
        case ["projects"]:
            numbers = list(world.projects.items())
            return page("Projects", numbers, query, lambda p: shapes.project_item(*p))
        case ["projects", number]:
            if number not in world.projects:
                raise RefusedError(2001161, "Kan inte hitta projektet.", 404)
            item = shapes.project_item(number, world.projects[number])
            return answered({"Project": item})
        case ["predefinedaccounts"]:
            pairs = list(world.predefined.items())
            return page("PreDefinedAccounts", pairs, query, lambda p: shapes.predefined_item(*p))
        case ["predefinedaccounts", name] if name in world.predefined:
            item = shapes.predefined_item(name, world.predefined[name])
            return answered({"PreDefinedAccount": item})
        case ["settings", "lockedperiod"]:
            locked = world.locked_until
            period = {"EndDate": locked.isoformat() if locked else None}
            return answered({"LockedPeriod": period})
        case ["settings", "company"]:
            return answered({"CompanySettings": shapes.company_settings(world)})
        case ["companyinformation"]:
            return answered({"CompanyInformation": shapes.company_information(world)})
    raise RefusedError(2000729, "A valid identifier was not provided.", 404)


CODED: Final = {
    "termsofpayments": ("TermsOfPayments", "TermsOfPayment", 2000429, "betalningsvillkoret"),
    "wayofdeliveries": ("WayOfDeliveries", "WayOfDelivery", NO_REGISTER, "leveranssättet"),
    "units": ("Units", "Unit", 2000432, "enheten"),
    "costcenters": ("CostCenters", "CostCenter", NO_REGISTER, "kostnadsstället"),
}


def _coded(world: World, request: Request, name: str, rest: list[str]) -> Response:
    """A register of codes with descriptions; cost centres ignore ``page`` (measured)."""
    register = _register(world, name)
    many, one, code, word = CODED[name]
    if not rest:
        query = {key: values[0] for key, values in parameters(request.query).items()}
        if name == "costcenters":
            query.pop("page", None)
        pairs = list(register.items())
        return page(many, pairs, query, lambda pair: shapes.coded_item(name, *pair))
    if len(rest) == 1 and rest[0] in register:
        return answered({one: shapes.coded_item(name, rest[0], register[rest[0]])})
    raise RefusedError(code, f"Kan inte hitta {word}.", 404)


def _register(world: World, name: str) -> dict[str, str]:
    return {
        "termsofpayments": world.terms,
        "wayofdeliveries": world.deliveries,
        "units": world.units,
        "costcenters": world.cost_centers,
        "projects": world.projects,
    }[name]


def create_entry(world: World, request: Request, name: str) -> Response:
    """``POST`` of a term, a way of delivery, a unit, a cost centre or a project."""
    wrapper, key = ("Project", "ProjectNumber") if name == "projects" else (CODED[name][1], "Code")
    fields = body_of(request, wrapper, frozenset([key, "Description", *_ALSO.get(name, ())]))
    register = _register(world, name)
    code = text_of(fields, key, 20) or (str(world.next("project")) if name == "projects" else "")
    if not code:
        raise RefusedError(REQUIRED, f"{key} krävs.")
    if code in register:
        raise RefusedError(2000861, f"{key} {code} används redan.")
    register[code] = text_of(fields, "Description", 200)
    shown = shapes.project_item if name == "projects" else partial(shapes.coded_item, name)
    return answered({wrapper: shown(code, register[code])}, 201, f"{name} {code} created")


_ALSO: Final = {
    "projects": ("Comments", "ContactPerson", "EndDate", "ProjectLeader", "StartDate", "Status"),
    "units": ("CodeEnglish",),
    "costcenters": ("Active", "Note"),
    "termsofpayments": ("DescriptionEnglish",),
    "wayofdeliveries": ("DescriptionEnglish",),
}
