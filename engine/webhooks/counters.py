"""Counts what the receiver takes and refuses, for the metrics address, and tells the log of it.

A refusal is logged by its reason and number alone: no address, body or sender is ever in it, and
a flood of refusals makes one line in ten seconds for each reason.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

# Why a request is refused, and what the log says.
REASONS = {
    "wrong-address": "to an address that there is not",
    "wrong-token": "with a token that does not fit",
    "wrong-method": "by another method than the address knows",
    "too-large": "with a body that is too large",
    "not-a-push": "whose body is not JSON with an OrderId",
    "too-slow": "that took too long to send",
    "not-http": "that was not HTTP",
    "too-many": "since too many connections were open",
    "not-kept": "since the disk did not take the push",
}
QUIET_SECONDS = 10.0


class Counters:
    """The counts of one receiver, for its whole life; used from one thread."""

    def __init__(
        self,
        merchants: Iterable[str],
        log: Callable[[str], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.taken: Counter[tuple[str, str]] = Counter()
        self.refused: Counter[str] = Counter()
        self.last_taken: dict[str, float] = dict.fromkeys(merchants, 0.0)
        self._log = log
        self._monotonic = monotonic
        self._told: dict[str, tuple[float, int]] = {}

    def take(self, merchant: str, kind: str, at: datetime) -> None:
        """A push was kept and is answered."""
        self.taken[merchant, kind] += 1
        self.last_taken[merchant] = at.timestamp()

    def refuse(self, reason: str) -> None:
        """A request was refused, for one of ``REASONS``."""
        self.refused[reason] += 1
        now = self._monotonic()
        told_at, told = self._told.get(reason, (now - QUIET_SECONDS, 0))
        if now - told_at >= QUIET_SECONDS:
            new = self.refused[reason] - told
            self._told[reason] = now, self.refused[reason]
            self._log(f"Refused {new} request{'s' * (new > 1)} {REASONS[reason]}.")

    def metrics(self, waiting: int, sizes: Mapping[str, int]) -> str:
        """The counts in the text format of Prometheus; ``waiting`` pushes are being written,
        ``sizes`` are the bytes of each merchant's inbox."""
        lines = [
            *_head("pushes_total", "counter", "Pushes that were kept on disk and answered."),
            *(
                f'qliro_fortnox_pushes_total{{merchant="{_label(merchant)}",kind="{kind}"}} {count}'
                for (merchant, kind), count in sorted(self.taken.items())
            ),
            *_head("last_push_seconds", "gauge", "When the last push was kept; 0: none yet."),
            *(
                f'qliro_fortnox_last_push_seconds{{merchant="{_label(merchant)}"}} {at:.3f}'
                for merchant, at in sorted(self.last_taken.items())
            ),
            *_head("refused_total", "counter", "Requests that were refused, by reason."),
            *(
                f'qliro_fortnox_refused_total{{reason="{reason}"}} {self.refused[reason]}'
                for reason in REASONS
            ),
            *_head("inbox_bytes", "gauge", "Bytes that lie in the inbox; a sync removes them."),
            *(
                f'qliro_fortnox_inbox_bytes{{merchant="{_label(merchant)}"}} {size}'
                for merchant, size in sorted(sizes.items())
            ),
            *_head("waiting_pushes", "gauge", "Pushes that are being written."),
            f"qliro_fortnox_waiting_pushes {waiting}",
        ]
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str, what: str) -> tuple[str, str]:
    return f"# HELP qliro_fortnox_{name} {what}", f"# TYPE qliro_fortnox_{name} {kind}"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
