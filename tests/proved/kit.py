"""The books of a shop, proved in process: Fortnox's SIE file beside the ledger."""

from __future__ import annotations

from decimal import Decimal

from shop import Shop

from engine.report.books.booked import read_booked
from engine.report.books.files import chosen_year, fetched
from engine.report.books.model import Account, Books, Item
from engine.report.books.prove import prove
from engine.sandbox.world.world import VoucherKey
from engine.show.books import sentence
from engine.store.books import read_books

YEAR = 2  # Fortnox's id of the present financial year in made worlds


def books(shop: Shop, year: str | None = None) -> Books:
    """The proof, as the command makes it."""
    with shop.session() as session:
        years = read_books(shop.store).years
        asked = chosen_year(years, year, shop.world.today())
        since = shop.merchant.settings["payouts_from"]
        given = fetched(session.fortnox, years, asked, since)
        proof = prove(given, read_booked(shop.store), shop.merchant.settings)
    for one in proof.accounts:  # whatever is in it, nothing is left out
        assert one.opening + one.ours + one.others == one.closing or not one.holds
        assert sum((item.amount for item in one.items), Decimal(0)) == one.closing, one
    return proof


def account(proof: Books, number: int) -> Account:
    """One account of it."""
    return next(one for one in proof.accounts if one.number == str(number))


def kinds(proof: Books, number: int) -> list[tuple[str, Decimal]]:
    """The balance of an account by item: what each is, and how much."""
    return [(one.kind, one.amount) for one in account(proof, number).items]


def unexplained(proof: Books, number: int) -> list[Item]:
    """What is unexplained on an account."""
    return list(account(proof, number).unexplained)


def told(proof: Books, number: int) -> str:
    """The proof of an account in one sentence."""
    return sentence(account(proof, number))


def voucher(shop: Shop, series: str) -> VoucherKey:
    """The key of the last voucher of a series that this program made."""
    return shop.vouchers(series)[-1].key


def payment_voucher(shop: Shop) -> VoucherKey:
    """The key of the voucher that Fortnox made of our last payment."""
    key = shop.payments()[-1].voucher
    assert key is not None
    return key
