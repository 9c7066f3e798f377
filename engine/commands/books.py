"""The commands ``books`` and ``bank``: Fortnox's own SIE file and the bank's statements beside the
ledger."""

# ruff: noqa: PLC0415  `--help` and completion must not wait for the engine and its database

from __future__ import annotations

from pathlib import Path

import click

from ..clock import SystemClock, today
from ..errors import Exit, UsageError
from ..show.output import Output
from ..show.page import Text
from .command import EXIT_CODES, FILE, of_merchant, option


@click.command(epilog=EXIT_CODES)
@of_merchant
@option("--year", metavar="YEAR", help="The financial year: 2026, or 2025/2026; else today's.")
@option(
    "--from", "files", type=FILE, multiple=True, metavar="FILE.se",
    help="A SIE 4 file that was exported, in place of Fortnox's answer; several of "
    "consecutive years.",
)  # fmt: skip
@option("--accept", metavar="VOUCHER",
        help="Answer for what is unexplained of this voucher, by the last proof "
             "(of --year).")  # fmt: skip
@option("--reason", metavar="TEXT", help="With --accept: why; kept.")
@option("--by", metavar="NAME", help="With --accept: who answers for it; kept.")
def books(
    out: Output, merchant: str, merchants: Path, year: str | None, files: tuple[Path, ...],
    accept: str | None, reason: str | None, by: str | None,
) -> int:  # fmt: skip
    """Prove the books: Fortnox's own SIE file beside what this program booked.

    For each interim account, and those for disputes, suspense, pending fees and debts: opening
    balance, what we booked, what others booked, closing balance, and that by item: this order,
    that payout. Then what the file lacks or has otherwise, what others booked there with what it
    may belong to, and the proof in one sentence. Nothing is booked. Exit code 3 when something is
    unexplained.

    With --accept, a person answers for a voucher that was corrected, taken back or booked by hand
    on purpose: that name and reason explain the difference, as long as it is the same.
    """
    from ..report.bank.match import read_bank
    from ..report.books.accepted import accept as answer_for
    from ..report.books.accepted import with_accepted
    from ..report.books.booked import read_booked
    from ..report.books.files import chosen_year, exported, fetched
    from ..report.books.kept import keep
    from ..report.books.prove import prove
    from ..show import bank as at_bank
    from ..show import books as view
    from ..store.books import read_books
    from . import opening

    if files and year:
        raise UsageError("The file itself says of which year it is.", "Leave --year out.")
    if accept is None and (reason is not None or by is not None):
        raise UsageError("A reason and a name are of what?", "Name a voucher: --accept VOUCHER.")
    if accept is not None and files:
        raise UsageError("What is accepted is of the last proof.", "Leave --from out.")
    clock = SystemClock()
    found = opening.opened(out, merchant, merchants, needs_secrets=not files and accept is None)
    if accept is not None:
        with opening.to_write(found) as store:
            proof = answer_for(store, clock.now(), by or "", accept, reason or "", year)
            told = read_bank(store, found.settings)
    elif files:
        with opening.to_write(found) as store:
            given = exported(store, read_books(store).years, files)
            proof = with_accepted(store, prove(given, read_booked(store), found.settings))
            keep(store, clock.now(), proof)
            told = read_bank(store, found.settings)
    else:
        with opening.session(out, found) as session:
            years = read_books(session.store).years
            asked = chosen_year(years, year, today(clock))
            given = fetched(session.fortnox, years, asked, found.settings["payouts_from"])
            booked = read_booked(session.store)
            proof = with_accepted(session.store, prove(given, booked, found.settings))
            keep(session.store, clock.now(), proof)
            told = read_bank(session.store, found.settings)
    out.page([*view.page(merchant, found.settings["name"], proof, whole=out.verbose),
              Text(at_bank.told_of(told))])  # fmt: skip
    out.data({**view.data(found.name, proof), "bank": at_bank.proof(told)})
    return Exit.ATTENTION if proof.attention else Exit.OK


@click.command(epilog=EXIT_CODES)
@of_merchant
@click.argument("files", nargs=-1, type=FILE, metavar="[FILE]...")
def bank(out: Output, merchant: str, merchants: Path, files: tuple[Path, ...]) -> int:
    """Prove the bank: payouts held against the bank's own statements.

    FILE is camt.053 (XML), or CSV by the columns that bank.csv in the merchant's file declares.
    By amount and day: what arrived and when, what is late, missing, of another amount, there
    twice, and entries that look like Qliro's and are no payout's. What the files say is kept, and
    `status` shows it; the same file twice changes nothing. Without FILE what was kept is shown.
    Only booked entries count, and no text of other payments is kept. Exit code 3 when something
    is wrong.
    """
    from ..report.bank.files import read_statements
    from ..report.bank.kept import keep
    from ..report.bank.match import read_bank
    from ..show import bank as view
    from . import opening

    found = opening.opened(out, merchant, merchants, needs_secrets=False)
    added = None
    if files:
        statements = read_statements(files, found.settings)
        with opening.to_write(found) as store:
            added = keep(store, SystemClock().now(), statements, found.settings)
            told = read_bank(store, found.settings)
    else:
        with opening.to_read(out, found, or_empty=True) as store:
            told = read_bank(store, found.settings)
    out.page(view.page(found.settings["name"], told, added, whole=out.verbose))
    out.data(view.data(found.name, told, added))
    return Exit.ATTENTION if told.attention else Exit.OK
