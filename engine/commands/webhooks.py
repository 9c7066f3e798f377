"""The commands ``webhooks serve`` and ``webhooks urls``: the receiver of pushes, and its addresses.

Reads merchant files alone: the receiver needs their tokens, and no other secret.
"""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import FileError, UsageError
from ..show.output import Output
from ..show.page import Page, Text, count
from . import command
from .command import EXIT_CODES, in_folder, of_merchant, option, shared

if TYPE_CHECKING:
    from ..merchant.load import Merchant

# What Qliro calls the address of each kind.
FIELDS = {
    "checkout-status": "MerchantCheckoutStatusPushUrl",
    "order-management": "MerchantOrderManagementStatusPushUrl",
}


@click.group(epilog=EXIT_CODES)
def webhooks() -> None:
    """Qliro's pushes: a receiver that keeps them for sync, and its addresses."""


@webhooks.command(epilog=EXIT_CODES)
@click.argument("merchant_names", nargs=-1, type=command.MerchantName(), metavar="[MERCHANT]...")
@option("--host", default="127.0.0.1", metavar="HOST", help="The address to listen on.")
@option("--port", type=click.IntRange(0, 65535), default=8780, metavar="N",
              help="The port; 0 takes a free one.")  # fmt: skip
@in_folder
@shared
def serve(
    out: Output, merchant_names: tuple[str, ...], merchants: Path, host: str, port: int
) -> None:
    """Take Qliro's pushes for any number of merchants. Until Ctrl-C or SIGTERM.

    Without names, for every merchant of the folder whose file has webhooks.token. A push is
    answered when it is safe on disk, in the merchant's inbox, which the next sync drains.
    """
    from ..clock import SystemClock
    from ..merchant.secrets import redactor
    from ..webhooks.access import accesses
    from ..webhooks.commit_group import CommitGroup
    from ..webhooks.counters import Counters

    command.interrupt_on_term()
    found = _named(merchant_names, merchants) if merchant_names else _all(out, merchants)
    out.redact = redactor(secret for one in found for secret in one.secrets.values())
    known = accesses(found)
    try:
        from ..webhooks.receiver import receiver
        from ..webhooks.server import listening
        from ..webhooks.server import serve as serve_pushes
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        raise UsageError(
            f"The receiver needs {missing}, which is not installed.",
            "Install it with: pip install 'qliro-fortnox[webhooks]'",
        ) from None
    with listening(host, port) as opened:
        url = f"http://{f'[{host}]' if ':' in host else host}:{opened.getsockname()[1]}"

        def ready() -> None:
            names = ", ".join(sorted(known))
            out.page([Text(f"Pushes for {names} are taken on {url}; Ctrl-C ends it.")])
            out.data({"url": url, "merchants": sorted(known)})

        commit_group = CommitGroup({access.name: access.inbox for access in known.values()})
        counters = Counters(known, out.note)
        try:
            serve_pushes(receiver(known, commit_group, counters, SystemClock()), opened, ready)
        finally:
            commit_group.close()
    taken, refused = counters.taken.total(), counters.refused.total()
    out.note(f"Took {count(taken, 'push', 'pushes')}, refused {count(refused, 'request')}.")


@webhooks.command(epilog=EXIT_CODES)
@of_merchant
def urls(out: Output, merchant: str, merchants: Path) -> None:
    """Print the addresses to give to Qliro. They hold the token: keep them as you keep a secret."""
    from ..merchant.secrets import exactly, redactor
    from ..webhooks.access import accesses, address, token_of
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    public_url = found.settings["webhooks"]["public_url"]
    if not public_url:
        raise UsageError(
            f"{found.name} has no webhooks.public_url, so its addresses have no beginning.",
            "Set it to where the reverse proxy is reached, https://push.example.se",
        )
    accesses([found])
    token = token_of(found)
    hidden = [one for one in found.secrets.values() if one != token]
    out.redact, out.redact_results = redactor(hidden), exactly(hidden, short=False)
    told = {kind: address(public_url, found.name, token, kind) for kind in FIELDS}
    parts: Page = [Text("For Qliro alone, each holds the token:")]
    parts += [Text(f"{name}\n  {told[kind]}", indent=2) for kind, name in FIELDS.items()]
    out.page(parts)
    out.data({FIELDS[kind]: url for kind, url in told.items()})
    if not public_url.startswith("https:"):
        out.note("webhooks.public_url is not https: whoever is on the way could read the token.")


def _named(names: tuple[str, ...], folder: Path) -> list[Merchant]:
    from ..merchant.load import find_merchant, load_merchant

    found = {
        path: load_merchant(path, os.environ, needs_secrets=False)
        for path in (find_merchant(name, folder) for name in names)
    }
    return list(found.values())


def _all(out: Output, folder: Path) -> list[Merchant]:
    """The merchants that have a token; a file or a token that is wrong is told of and does not
    stop others."""
    from ..merchant.load import load_merchant, merchant_files
    from ..show import failure
    from ..webhooks.access import accesses, has_access

    found, wrong = [], False
    for path in merchant_files(folder):
        try:
            merchant = load_merchant(path, os.environ, needs_secrets=False)
            if has_access(merchant):
                accesses([merchant])
                found.append(merchant)
        except FileError as error:
            wrong = True
            out.complain(failure.paragraph(error))
            out.complain(f"No pushes are taken for {path.stem} until that is mended.")
    if not found and wrong:
        raise UsageError("There is no merchant left to take pushes for.", "Mend what is wrong.")
    if not found:
        raise UsageError(
            f"No merchant in {folder} has webhooks.token: there is nothing to take pushes for.",
            "`webhooks --help` says how to begin.",
        )
    return found
