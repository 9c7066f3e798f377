"""What a merchant's stages are given, and what a run tells of itself.

Holds the store, the clock, the two APIs, and the mappings, which are compiled when something is to
be made by them; a run that finds nothing to do never needs them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .clock import Clock
from .errors import Exit, StoppedError
from .merchant.flows import lacks_plus
from .merchant.load import Merchant
from .store.database import Store

if TYPE_CHECKING:
    from .deliver.queue import Delivery
    from .extract.raw import Report
    from .language.program import Program
    from .language.spec import MappingSet
    from .plan.model import Plan
    from .transport.http import Api

OnProgress = Callable[[str, int, int | None], None]
NO_PLUS = (
    "Refunds need Qliro's API Plus credentials (qliro.plus_api_key and qliro.plus_api_secret), "
    "which the merchant's file does not have, so no refund is handled: ask your Qliro account "
    "manager for them."
)


def silent(_stage: str, _done: int, _total: int | None) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Session:
    """What a merchant's stages are given. ``stop`` is set to end cleanly."""

    merchant: Merchant
    store: Store
    clock: Clock
    digest: str  # of all that decides: mappings, settings, program
    load: Callable[[], tuple[MappingSet, Program]]  # the mappings; called once at most
    qliro: Api
    fortnox: Api
    run: str
    began: datetime  # the merchant's lock is this run's since then, or shortly before
    stop: threading.Event = field(default_factory=threading.Event)
    on_progress: OnProgress = silent
    fresh: set[str] = field(default_factory=set)  # registers of Fortnox that this run has read
    _loaded: tuple[MappingSet, Program] | None = None

    @property
    def mapping_set(self) -> MappingSet:
        """The mappings as they are declared, checked. Raises FileError."""
        return self.mappings()[0]

    @property
    def program(self) -> Program:
        """The mappings, compiled for the merchant. Raises FileError."""
        return self.mappings()[1]

    def mappings(self) -> tuple[MappingSet, Program]:
        """Both, loaded when they are first asked for. Raises FileError."""
        if self._loaded is None:
            self._loaded = self.load()
        return self._loaded

    @property
    def settings(self) -> Mapping[str, Any]:
        """The merchant's settings, defaults filled in."""
        return self.merchant.settings

    @property
    def without_plus(self) -> str:
        """Why refunds are not handled although they are on: the second pair is not there, or Qliro
        has refused it in this run."""
        if lacks_plus(self.merchant):
            return NO_PLUS
        refused = getattr(self.qliro.auth, "refused", None)
        return f"{refused}" if refused else ""

    def tell(self, stage: str, done: int, total: int | None) -> None:
        """Progress of reading and planning; raises StoppedError when told to end.

        Every request under way is answered and kept before that, for it is called in between.
        """
        if self.stop.is_set():
            raise StoppedError(
                f"The run was told to end, and ended ({stage}); nothing is half done.",
                "The next run goes on where it ended.",
            )
        self.on_progress(stage, done, total)


@dataclass(slots=True)
class RunReport:
    """What a run did: the plan as it stands afterwards, what was delivered, what was odd."""

    plan: Plan
    delivery: Delivery
    findings: Report
    attention: int
    calls: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # by API

    @property
    def exit_code(self) -> Exit:
        """3 when something needs a person, 75 when something is to be looked for later."""
        if self.delivery.stopped or self.delivery.unknown:
            return Exit.TRY_LATER
        unread = any(one.severity == "error" for one in self.findings.findings)
        return Exit.ATTENTION if self.attention or unread else Exit.OK
