"""Every check of `doctor`, in the order in which a person would mend things.

One small module each: its ``run`` takes the ground and gives results; its docstring says what it
looks at, and its texts are in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType

from engine.doctor.checks import (
    financial_years,
    fortnox_credentials,
    mapping_set,
    qliro_credentials,
    state_folder,
    voucher_series,
)
from engine.doctor.ground import Ground
from engine.doctor.result import Result


@dataclass(frozen=True, slots=True)
class Check:
    """A check by name; ``run`` gives at least one result, or raises what kept it from looking."""

    name: str
    run: Callable[[Ground], Iterator[Result]]
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
            fortnox_credentials,
            financial_years,
            voucher_series,
        ),
    )
)
