"""The books proved: each account's balance item by item, and what does not fit by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from shop import OpenShop, Shop, texts

from engine.errors import UsageError
from engine.report.books.accepted import accept, with_accepted
from engine.report.books.booked import Booked
from engine.report.books.kept import keep, last_proofs
from engine.report.books.model import Books
from engine.report.books.others import OnAccount, settle
from engine.report.payouts.gather import gather
from engine.sandbox.troubles import books as seeded
from engine.show import books as view
from engine.show.report.texts import proof as proof_told
from engine.show.report.words import words
from engine.sie.read import read_sie

from .kit import account, books, kinds, payment_voucher, told, unexplained, voucher


@pytest.fixture
def one(shop: OpenShop) -> Shop:
    """A sale that is booked and a sale that waits for its invoice; both are paid out."""
    made = shop()
    made.trouble("clean_sale")
    made.trouble("invoice_missing")
    made.run()
    return made


def amount_of(shop: Shop, name: str) -> Decimal:
    (line,) = [one for one in shop.lines() if one["state"] == name]
    value: Decimal = line["value"]
    return value


def test_an_open_line_is_what_the_interim_account_holds_and_nothing_is_unexplained(
    one: Shop,
) -> None:
    proof = books(one)
    waits = amount_of(one, "waiting")
    assert proof.attention == 0
    assert kinds(proof, 1581) == [("open", -waits)]
    (item,) = account(proof, 1581).items
    assert (item.order, item.reference) == ("4900002", "10002")
    assert item.why == "no invoice carries its reference"
    assert told(proof, 1581) == (
        f"1581 holds -{waits:,.2f}: 1 line that Qliro has paid out and that is not booked yet "
        f"(-{waits:,.2f}); nothing is unexplained."
    ).replace(",", " ")
    assert "1580 is even" in told(proof, 1580)
    assert (account(proof, 1581).ours, account(proof, 1581).others) == (-waits, 0)
    assert proof.changes == ()


def test_what_a_person_books_there_is_unexplained_with_what_it_may_belong_to(one: Shop) -> None:
    waits = amount_of(one, "waiting")
    by_hand = {1581: waits, 1510: -waits}
    seeded.by_hand(one.world, by_hand, "Betalning order 10002", day=date(2026, 11, 14))
    proof = books(one)
    (item,) = unexplained(proof, 1581)
    assert (item.kind, item.voucher, item.amount) == ("others", "A 1", waits)
    (best, *_) = item.suggestions
    assert (best.order, best.evidence) == (
        "4900002", ("the same amount", "its text names reference 10002"),
    )  # fmt: skip
    assert proof.attention == 1
    assert "of it is unexplained: voucher A 1 of 2026-11-14 “Betalning order 10002”" in told(
        proof, 1581
    )
    page = texts(view.page("shop", "Hattar", proof, whole=False))
    assert "resolve shop" in page
    assert "--ignore --reason 'booked by hand as A 1'" in page


def test_what_a_person_set_aside_and_booked_by_hand_leaves_nothing(one: Shop) -> None:
    waits = amount_of(one, "waiting")
    one.resolve("10002", "ignore", reason="paid in cash")
    one.run()
    assert kinds(books(one), 1581) == [("ignored", -waits)]
    assert "set aside by a person" in told(books(one), 1581)
    seeded.by_hand(one.world, {1581: waits, 1910: -waits}, "Kontant")
    proof = books(one)
    assert kinds(proof, 1581) == []
    (settled,) = account(proof, 1581).settled
    assert settled.voucher == "A 1"
    assert settled.items[0].order == "4900002"
    assert proof.attention == 0


def test_another_amount_by_hand_does_not_settle_what_was_set_aside(one: Shop) -> None:
    waits = amount_of(one, "waiting")
    one.resolve("10002", "ignore", reason="paid in cash")
    one.run()
    seeded.by_hand(one.world, {1581: waits - 1, 1910: 1 - waits}, "Kontant")
    assert kinds(books(one), 1581) == [("others", waits - 1), ("ignored", -waits)]


def test_a_voucher_of_ours_that_the_file_lacks(one: Shop) -> None:
    key = payment_voucher(one)
    gone = seeded.removed(one.world, key)
    paid = gone.rows[0].debit
    proof = books(one)
    (item,) = unexplained(proof, 1581)
    assert (item.kind, item.amount, item.document) == ("missing", -paid, "payment 1")
    (change,) = proof.changes
    assert (change.kind, change.accounts) == ("missing", (("1581", paid, Decimal(0)),))
    assert "the file lacks" in told(proof, 1581)
    assert proof.attention == 1


def test_a_transfer_that_a_person_corrected_is_told_by_account(one: Shop) -> None:
    key = one.vouchers("T")[0].key
    was = one.world.vouchers[key].rows[0].debit
    seeded.corrected(one.world, key, {1930: was - 10, 1581: 10 - was})
    proof = books(one)
    (item,) = unexplained(proof, 1581)
    assert (item.kind, item.amount, item.voucher) == ("otherwise", Decimal(10), "T 1")
    (change,) = proof.changes
    assert change.accounts == (("1930", was, was - 10), ("1581", -was, 10 - was))
    assert "stands otherwise" in view.change(change)


def test_a_correction_that_leaves_every_account_alone_is_told_and_needs_nobody(one: Shop) -> None:
    key = one.vouchers("T")[0].key
    was = one.world.vouchers[key].rows[0].debit
    seeded.corrected(one.world, key, {1930: was})
    proof = books(one)
    (change,) = proof.changes
    assert (change.kind, change.matters) == ("corrected", False)
    assert proof.attention == 0


def proved(shop: Shop) -> Books:
    """The proof with what persons answer for, kept as the command keeps it."""
    proof = with_accepted(shop.store, books(shop))
    keep(shop.store, shop.clock.now(), proof)
    return proof


def test_a_correction_that_a_person_answers_for_is_explained_by_name_and_reason(one: Shop) -> None:
    key = one.vouchers("T")[0].key
    was = one.world.vouchers[key].rows[0].debit
    seeded.corrected(one.world, key, {1930: was - 10, 1581: 10 - was})
    booked = one.posted
    assert proved(one).attention == 1
    kept = accept(one.store, one.clock.now(), "Anna", "T 1", "the bank charged less")
    assert kept.attention == 0
    for proof in (kept, proved(one), last_proofs(one.store)[0].books):
        assert unexplained(proof, 1581) == []
        assert proof.attention == 0
        assert "1 difference that a person answers for (10.00)" in told(proof, 1581)
        page = texts(view.page("shop", "Shop", proof, whole=False))
        assert "Anna: the bank charged less" in page
    assert one.posted == booked
    settings = one.merchant.settings
    found = gather(one.store, "shop", settings, one.clock.now()).proofs[1]
    assert (found.verdict, found.accepted) == (
        "holds", (("1581", Decimal(10), "Anna: the bank charged less"),),
    )  # fmt: skip
    assert "Anna: the bank charged less" in proof_told(words("sv"), found)


def test_what_a_person_answered_for_is_unexplained_again_when_it_changes(one: Shop) -> None:
    key = one.vouchers("T")[0].key
    was = one.world.vouchers[key].rows[0].debit
    seeded.corrected(one.world, key, {1930: was - 10, 1581: 10 - was})
    proved(one)
    accept(one.store, one.clock.now(), "Anna", "T 1", "the bank charged less")
    seeded.corrected(one.world, key, {1930: was - 11, 1581: 11 - was})
    proof = proved(one)
    assert [item.amount for item in unexplained(proof, 1581)] == [Decimal(11)]
    assert proof.attention == 1


def test_only_what_is_unexplained_is_answered_for_and_only_with_name_and_reason(one: Shop) -> None:
    seeded.taken_back(one.world, voucher(one, "T"))
    assert proved(one).attention == 2
    now = one.clock.now()
    with pytest.raises(UsageError, match="nothing unexplained of voucher T 9") as refused:
        accept(one.store, now, "Anna", "T 9", "so")
    assert "It has: A 1, T 2." in str(refused.value)
    with pytest.raises(UsageError, match="Which voucher"):
        accept(one.store, now, "Anna", " ", "so")
    with pytest.raises(UsageError, match="Who"):
        accept(one.store, now, " ", "T 2", "so")
    with pytest.raises(UsageError, match="Why"):
        accept(one.store, now, "Anna", "T 2", "")
    assert one.store.value("SELECT count(*) FROM ledger.books_accepted") == 0
    assert accept(one.store, now, "Anna", "T 2", "booked by the bank's file").attention == 0


def test_nothing_is_answered_for_before_the_books_are_proved_or_where_all_is_explained(
    one: Shop,
) -> None:
    now = one.clock.now()
    with pytest.raises(UsageError, match="not proved yet"):
        accept(one.store, now, "Anna", "T 2", "so")
    assert proved(one).attention == 0
    with pytest.raises(UsageError, match="Nothing in it can be answered for"):
        accept(one.store, now, "Anna", "T 2", "so")


def test_vouchers_of_one_number_in_two_years_are_answered_for_by_year(one: Shop) -> None:
    seeded.by_hand(one.world, {1581: Decimal(5), 1930: Decimal(-5)}, "Rätt")
    now, proof = one.clock.now(), proved(one)
    last_year = replace(proof, first=date(2025, 1, 1), last=date(2025, 12, 31))
    keep(one.store, now, last_year)
    with pytest.raises(UsageError, match="A 1 is unexplained in 2026 and 2025"):
        accept(one.store, now, "Anna", "A 1", "so")
    kept = accept(one.store, now, "Anna", "A 1", "so", "2025")
    assert (kept.first, kept.attention) == (date(2025, 1, 1), 0)


def test_a_bank_account_that_a_person_changed_needs_a_person(one: Shop) -> None:
    key = one.vouchers("T")[0].key
    was = one.world.vouchers[key].rows[0].debit
    seeded.corrected(one.world, key, {1930: Decimal(0), 1910: was})
    proof = books(one)
    (change,) = proof.changes
    assert change.accounts == (("1930", was, Decimal(0)), ("1910", Decimal(0), was))
    assert proof.attention == 1
    assert unexplained(proof, 1581) == []


def test_a_voucher_of_ours_that_a_person_took_back(one: Shop) -> None:
    key = voucher(one, "T")
    seeded.taken_back(one.world, key)
    proof = books(one)
    (item,) = unexplained(proof, 1581)
    assert (item.voucher, item.document) == ("A 1", "voucher T 2")
    assert "which takes back voucher T 2" in told(proof, 1581)
    (change,) = proof.changes
    assert (change.kind, change.reversed_by) == ("reversed", "A 1")


def test_taken_back_and_booked_again_leaves_nothing_unexplained(one: Shop) -> None:
    key = voucher(one, "T")
    seeded.taken_back(one.world, key)
    rows = {row.account: row.debit - row.credit for row in one.world.vouchers[key].rows}
    seeded.by_hand(one.world, rows, "Rätt igen")
    proof = books(one)
    assert unexplained(proof, 1581) == []
    (change,) = proof.changes
    assert (change.reversed_by, change.mended, change.matters) == ("A 1", "A 2", False)
    assert proof.attention == 0


def test_another_day_than_we_booked_is_told(one: Shop) -> None:
    key = voucher(one, "T")
    seeded.on_another_day(one.world, key, date(2026, 10, 31))
    (change,) = books(one).changes
    assert change.found_day == date(2026, 10, 31)
    assert "it is booked on 2026-10-31" in view.change(change)


def test_what_lay_there_before_this_program_took_over_is_explained(shop: OpenShop) -> None:
    one = shop()
    seeded.lay_there(one.world, 1581, Decimal("250.50"))
    seeded.by_hand(one.world, {1581: Decimal("49.50"), 1930: Decimal("-49.50")}, "Gammalt",
                   day=date(2026, 8, 31))  # fmt: skip
    one.trouble("clean_sale")
    one.run()
    proof = books(one)
    assert kinds(proof, 1581) == [("before", Decimal("300.00"))]
    assert "before this program took over on 2026-09-01" in told(proof, 1581)
    assert proof.attention == 0


def test_the_year_before_goes_on_into_the_next(shop: OpenShop) -> None:
    one = shop(payouts_from="2025-11-01")
    one.clock.advance(-365 * 86400)
    one.trouble("invoice_missing")
    one.run()
    waits = amount_of(one, "waiting")
    assert kinds(books(one), 1581) == [("open", -waits)]
    one.later(days=365)
    one.trouble("clean_sale")
    one.run()
    proof = books(one)
    assert account(proof, 1581).opening == -waits
    assert kinds(proof, 1581) == [("open", -waits)]
    assert kinds(books(one, "2025"), 1581) == [("open", -waits)]
    assert proof.attention == 0


def test_an_opening_balance_that_was_not_carried_over_is_named(shop: OpenShop) -> None:
    one = shop(payouts_from="2025-11-01")
    one.clock.advance(-365 * 86400)
    one.trouble("invoice_missing")
    one.run()
    waits = amount_of(one, "waiting")
    one.later(days=365)
    one.run()
    one.world.company.carries = False
    proof = books(one)
    assert kinds(proof, 1581) == [("carried", waits), ("open", -waits)]
    assert "the opening balance of 2026-01-01, for the year before closed with" in told(proof, 1581)


def test_a_dispute_is_held_until_it_is_decided(shop: OpenShop) -> None:
    one = shop()
    one.trouble("chargeback")
    one.run()
    assert kinds(books(one), 1589) == [("held", Decimal("799.00"))]
    assert "1 disputed payment that nobody has decided yet" in told(books(one), 1589)
    seeded.by_hand(one.world, {1589: Decimal("-799"), 6351: Decimal(799)}, "Förlorad tvist")
    proof = books(one)
    assert kinds(proof, 1589) == []
    assert account(proof, 1589).settled[0].evidence == ("the same amount",)


def test_pending_fees_are_cleared_by_qliros_invoice_of_several(shop: OpenShop) -> None:
    one = shop(**{"fees.mode": "none"})
    one.trouble("fee_with_vat")
    one.trouble("lump_fee_without_order")
    one.run()
    held = account(books(one), 1790)
    assert [item.kind for item in held.items] == ["held", "held"]
    assert "the fees of 2 payouts until Qliro's invoice comes" in told(books(one), 1790)
    seeded.by_hand(one.world, {1790: -held.closing, 2440: held.closing}, "Qliro faktura")
    proof = books(one)
    assert kinds(proof, 1790) == []
    assert account(proof, 1790).settled[0].evidence == ("the oldest 2 together",)


def test_an_adopted_payment_is_ours(shop: OpenShop) -> None:
    one = shop()
    one.trouble("already_paid_on_interim_account")
    one.run()
    proof = books(one)
    assert kinds(proof, 1581) == []
    assert account(proof, 1581).others == 0
    assert proof.attention == 0


def test_vouchers_of_one_name_and_line_in_two_years_are_two_items() -> None:
    years = [
        read_sie(
            f"#FLAGGA 0\n#RAR 0 {year}0101 {year}1231\n#VER A 1 {year}1120 Rätt\n{{\n"
            "#TRANS 1581 {} 5\n#TRANS 1930 {} -5\n}\n".encode()
        )
        for year in (2025, 2026)
    ]
    vouchers = [one.vouchers[0] for one in years]
    left, _ = settle(OnAccount("1581", "interim", {}, vouchers), Booked((), {}))
    assert [(item.voucher, item.day, item.amount) for item in left] == [
        ("A 1", date(2025, 11, 20), Decimal(5)), ("A 1", date(2026, 11, 20), Decimal(5)),
    ]  # fmt: skip


def test_odd_quoting_and_the_other_encoding_change_nothing(one: Shop) -> None:
    plain = books(one)
    one.world.company.sie_encoding, one.world.company.sie_quotes = "utf-8", True
    odd = books(one)
    assert odd.accounts == plain.accounts


def test_the_proof_is_kept_and_comes_back_whole(one: Shop) -> None:
    proof = books(one)
    keep(one.store, one.clock.now(), proof)
    (kept,) = last_proofs(one.store)
    assert kept.books.accounts == proof.accounts
    assert kept.noted_at == one.clock.now()


def test_a_payment_whose_voucher_year_is_told_otherwise_is_found_by_its_day(one: Shop) -> None:
    one.store.execute(
        "UPDATE ledger.event "
        """SET answer = replace(answer, '"VoucherYear":2', '"VoucherYear":2026')"""
    )
    assert books(one).attention == 0


def test_a_payment_whose_voucher_is_not_told_is_found_by_amount_day_and_invoice(one: Shop) -> None:
    one.store.execute(
        """UPDATE ledger.event SET answer = NULL WHERE step = 'bookkeep' AND event = 'done'"""
    )
    proof = books(one)
    assert proof.attention == 0
    assert account(proof, 1581).others == 0


def test_an_account_that_was_used_and_is_even_again_is_not_said_to_be_unused(
    shop: OpenShop,
) -> None:
    made = shop()
    made.trouble("clean_sale")
    made.run()
    proof = books(made)
    assert proof.vouchers_of_ours
    said = texts(view.page("shop", "Shop", proof, whole=False))
    assert "Nothing stands on " in said
    assert "1581" in next(one for one in said.splitlines() if one.startswith("Nothing stands on "))
    assert "ever" not in said
