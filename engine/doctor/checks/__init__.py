"""Every check of `doctor`, in the order in which a person would mend things.

One small module each: its ``run`` takes the context and gives results; its docstring says what it
looks at, and its texts are in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

from ..context import Context
from ..result import Result
from . import (
    accounts,
    articles,
    bookkeeping_method,
    clock,
    conventions,
    currencies,
    dimensions,
    financial_years,
    fortnox_credentials,
    fortnox_scopes,
    left_to_a_person,
    locked_period,
    mapping_set,
    modes_of_payment,
    other_connector,
    plus_credentials,
    qliro_credentials,
    qliro_method,
    reference_field,
    rounding,
    state_folder,
    terms_of_payment,
    vat_rates,
    voucher_series,
    warehouse,
    webhook,
)


@dataclass(frozen=True, slots=True)
class Check:
    """A check by name; ``run`` gives at least one result, or raises what kept it from looking."""

    name: str
    run: Callable[[Context], Iterator[Result]]
    about: str


def _of(module: ModuleType) -> Check:
    return Check(module.__name__.rpartition(".")[2], module.run, (module.__doc__ or "").strip())


CHECKS = tuple(
    map(
        _of,
        (
            mapping_set,
            state_folder,
            qliro_credentials,
            plus_credentials,
            fortnox_credentials,
            fortnox_scopes,
            clock,
            bookkeeping_method,
            financial_years,
            locked_period,
            voucher_series,
            accounts,
            dimensions,
            currencies,
            vat_rates,
            terms_of_payment,
            modes_of_payment,
            qliro_method,
            articles,
            warehouse,
            rounding,
            other_connector,
            reference_field,
            conventions,
            left_to_a_person,
            webhook,
        ),
    )
)
