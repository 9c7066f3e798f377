"""Payouts that a person names, held against those that are known."""

from __future__ import annotations

from collections.abc import Collection

from ..errors import UsageError


def refuse_unknown(named: Collection[str], known: dict[str, str]) -> None:
    """Raises UsageError when one is named that is not known; ``known`` is the payout by each name
    that it has, the newest last."""
    missing = [name for name in dict.fromkeys(named) if name not in known]
    if not missing:
        return
    import difflib  # noqa: PLC0415  seldom needed

    close = difflib.get_close_matches(missing[0], known, n=9, cutoff=0.6) or list(known)[::-1]
    near = list(dict.fromkeys(known[name] for name in close))[:3]
    which = " or ".join(repr(name) for name in missing)
    raise UsageError(
        f"No payout that is known here is called {which}.",
        (f"The nearest: {', '.join(near)}. " if near else "")
        + "`sync` and `run` with --payout ask Qliro for an earlier one; what they do not find, it "
        "does not list.",
    )
