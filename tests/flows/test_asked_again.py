"""Registers and vouchers of Fortnox are read once a day, and at once when something needs them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from shop import OpenShop, Shop

from engine import session as sessions
from engine.errors import AccessError
from engine.extract.fortnox import REGISTERS
from engine.home import HOME
from engine.sandbox.history import fee_line, new_sale, settle
from engine.sandbox.world.faults import Fault, plan
from engine.transport.http import Answer, Api

QUARTER = 900.0
LOCK, COMPANY = "/3/settings/lockedperiod", "/3/companyinformation"
VOUCHERS = "/3/vouchers/sublist/"
KNOWN = "SELECT count(*) FROM fortnox.invoice WHERE DocumentNumber = ?"
D = Decimal


def asked(one: Shop) -> Counter[str]:
    """How often each path was read since the last time."""
    paths = Counter(entry.path for entry in one.world.journal if entry.method == "GET")
    one.world.journal.clear()
    return paths


def next_run(one: Shop, seconds: float = QUARTER) -> Counter[str]:
    """A quarter of an hour later a run; what it read. What came since is new in Fortnox too."""
    one.later(seconds=seconds)
    for number, invoice in one.world.invoices.items():
        if not one.store.value(KNOWN, [str(number)]):
            one.world.invoices[number] = replace(invoice, modified=one.world.now())
    one.world.journal.clear()
    one.run()
    return asked(one)


def sale(one: Shop, amount: str = "100.00", *, lump: bool = False) -> int:
    """A payout of one sale, and with ``lump`` of a fee that gets a voucher. Gives its batch."""
    sold = new_sale(one.world, D(amount))
    more = [replace(fee_line(sold.line, D("5.00")), transaction=None, order=0)] if lump else []
    return settle(one.world, [sold.line, *more]).id


def test_an_idle_run_asks_for_what_may_be_new_and_nothing_else(shop: OpenShop) -> None:
    one = shop()
    sale(one)
    one.run()
    paths = next_run(one)
    assert set(paths) == {
        "/checkout/adminapi/v2/settlements/GetSettlementBatches",
        "/3/invoices",
        "/3/invoicepayments",
    }
    assert set(paths.values()) == {1}


def test_in_a_day_of_quarter_hours_registers_vouchers_and_the_overlap_are_read_once(
    shop: OpenShop,
) -> None:
    one = shop()
    sale(one)
    one.run()
    one.world.journal.clear()
    for _ in range(24):  # from nine in the morning to nine in the morning, an hour at a time
        one.later(seconds=4 * QUARTER)
        one.run()
    paths = asked(one)
    lists = paths.pop("/3/invoices"), paths.pop("/3/invoicepayments")
    lists += (paths.pop("/checkout/adminapi/v2/settlements/GetSettlementBatches"),)
    assert lists == (24, 24, 24 + 3)  # once more the days that are 14, 30 and 60 days old
    assert {path: count for path, count in paths.items() if VOUCHERS not in path} == dict.fromkeys(
        [*REGISTERS, "/checkout/adminapi/v2/settlements/GetSettlementsByBatchId"], 1
    )
    assert {count for path, count in paths.items() if VOUCHERS in path} <= {1, 2}  # of two years


def test_a_run_each_night_reads_every_register(shop: OpenShop) -> None:
    """A night that is two seconds short of a day is another night."""
    one = shop()
    one.run()
    for _ in range(2):
        assert set(REGISTERS) <= set(next_run(one, 86400.0 - 2))


def test_an_account_that_a_line_lacks_is_looked_for_by_each_run_and_found_at_once(
    shop: OpenShop,
) -> None:
    one = shop()
    account = one.world.accounts.pop(1581)
    sale(one)
    one.run()
    assert "parked" in one.states()
    assert next_run(one)["/3/accounts"] >= 1
    one.world.accounts[1581] = account
    next_run(one)
    assert set(one.states()) == {"posted"}
    assert next_run(one)["/3/accounts"] == 0


def test_a_period_that_is_locked_after_the_register_was_read_is_noticed_before_a_posting(
    shop: OpenShop,
) -> None:
    one = shop()
    one.run()
    sale(one)
    one.world.locked_until = one.world.now().date()
    paths = next_run(one)
    assert (paths[LOCK], paths[COMPANY]) == (1, 1)
    assert one.posted.payments == one.posted.vouchers == 0
    assert "locked" in one.reasons()[0]
    one.world.locked_until = None  # and unlocked again
    next_run(one)
    assert set(one.states()) == {"posted"}


def test_a_series_that_is_opened_for_manual_vouchers_is_noticed_by_the_next_run(
    shop: OpenShop,
) -> None:
    one = shop()
    series = one.world.series["T"]
    one.world.series["T"] = replace(series, manual=False)
    sale(one)
    one.run()
    assert one.payouts()[0]["transfer"] == "parked"
    one.world.series["T"] = series
    next_run(one)
    assert one.payouts()[0]["transfer"] == "posted"


def test_nothing_is_posted_into_another_company_however_lately_its_register_was_read(
    shop: OpenShop,
) -> None:
    one = shop()
    one.run()
    sale(one)
    one.later(seconds=QUARTER)
    with one.session() as opened:
        one.world.access.tenant_id = "7654321"  # the same way in, and elsewhere
        opened.fortnox.auth._tenant = "7654321"
        opened.fortnox.auth._sign_in.tenant = None
        with pytest.raises(AccessError, match="7654321"):
            sessions.run(opened)
    assert one.posted.payments == one.posted.vouchers == 0


def test_what_fortnox_refuses_makes_the_next_run_read_the_registers(shop: OpenShop) -> None:
    """An account is closed after its register was read: Fortnox says so, and it is read again."""
    one = shop()
    one.run()
    sale(one)
    one.world.accounts[1581] = replace(one.world.accounts[1581], active=False)
    assert next_run(one)["/3/accounts"] == 0
    assert one.posted.payments == 0
    assert "parked" in one.states()
    assert next_run(one)["/3/accounts"] >= 1
    assert one.posted.payments == 0


@pytest.mark.parametrize("register", ["accounts", "series", "modes", "currencies"])
def test_what_is_taken_out_of_a_register_is_gone_here_too(shop: OpenShop, register: str) -> None:
    one = shop()
    one.run()
    table, column = {"accounts": ("account", "Number"), "series": ("voucher_series", "Code"),
                     "modes": ("mode_of_payment", "Code"), "currencies": ("currency", "Code")}[
        register
    ]  # fmt: skip

    def known() -> set[str]:
        rows = one.store.rows(f"SELECT {column} AS id FROM fortnox.{table}")
        return {str(row["id"]) for row in rows}

    kept = getattr(one.world, register)
    assert known() == {str(key) for key in kept}
    gone = next(key for key in reversed(kept) if key not in ("T", "Q", "D"))
    del kept[gone]
    next_run(one, 86400.0)
    assert known() == {str(key) for key in kept}
    next_run(one, 86400.0)  # and the answer that repeats it takes no more away
    assert known() == {str(key) for key in kept}


def test_an_account_that_fortnox_refused_because_it_is_gone_is_told_by_name_afterwards(
    shop: OpenShop,
) -> None:
    one = shop()
    one.run()
    sale(one)
    account = one.world.accounts.pop(1581)
    next_run(one)
    assert one.posted.payments == 0
    next_run(one)
    assert "1581" in one.reasons()[0]
    one.world.accounts[1581] = account
    next_run(one)
    assert set(one.states()) == {"posted"}


def test_a_voucher_that_somebody_made_since_the_morning_is_found_and_not_made_twice(
    shop: OpenShop,
) -> None:
    one = shop()
    sale(one, lump=True)
    one.run()
    made = dict(one.world.vouchers)
    before = one.posted
    bank = one.change(1930)
    # The same month again, with a new database: read in the morning, before anybody made any.
    one.lose_the_database()
    one.world.vouchers.clear()
    kept, one.world.batches = one.world.batches, {}
    one.run()
    one.later(seconds=QUARTER)
    now = one.world.now()
    one.world.vouchers.update({key: replace(old, modified=now) for key, old in made.items()})
    one.world.batches = kept
    one.run()
    assert one.posted == before
    assert one.change(1930) == bank
    assert set(one.states()) == {"adopted"}


def test_vouchers_are_listed_again_only_where_one_is_to_be_made(shop: OpenShop) -> None:
    one = shop()
    one.run()
    sale(one)
    paths = next_run(one)
    assert {path for path in paths if VOUCHERS in path} == {f"{VOUCHERS}T"}


def test_the_rate_of_the_day_is_read_when_something_is_worked_out_by_it(shop: OpenShop) -> None:
    accounts = [{"currency": "SEK", "account": 1930}, {"currency": "EUR", "account": 1910}]
    one = shop(bank_accounts=accounts, **{"fx.rate": "fortnox"})
    one.run()
    euro = one.world.currencies["EUR"]
    one.world.currencies["EUR"] = replace(euro, buy=euro.buy * 2)
    one.trouble("foreign_without_rate")
    next_run(one)
    assert set(one.states()) == {"posted"}
    assert one.change(1910) == 2 * D("1658.25")


def test_a_register_that_could_not_be_read_is_read_by_the_next_run(shop: OpenShop) -> None:
    one = shop()
    plan(one.world, Fault("truncated", path="/3/modesofpayments"))
    one.run()
    assert next_run(one)["/3/modesofpayments"] == 1
    assert next_run(one)["/3/modesofpayments"] == 0


def test_a_database_that_does_not_know_when_registers_were_read_reads_them(shop: OpenShop) -> None:
    """Of an earlier build, or one whose clock went back."""
    one = shop()
    one.run()
    one.store.execute("DELETE FROM raw.cursor WHERE starts_with(stream, 'fortnox-read.')")
    assert set(REGISTERS) <= set(next_run(one))
    later = (one.clock.now() + timedelta(hours=5)).isoformat()
    one.store.execute(
        "UPDATE raw.cursor SET value = ? WHERE stream = ?", [later, f"fortnox-read.{LOCK}"]
    )
    assert next_run(one)[LOCK] == 1


class Killed(BaseException):
    """The process ends here."""


def test_the_run_after_a_killed_one_looks_for_what_was_sent_two_minutes_after_it_began(
    shop: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not half a minute later: the lock says that nothing of the dead one can still leave."""
    one = shop()
    sale(one)

    send = Api.send

    def only_reads(self: Api, method: str, *rest: Any, **more: Any) -> Answer:
        if method != "GET":
            raise Killed
        return send(self, method, *rest, **more)

    with monkeypatch.context() as patch:
        patch.setattr(Api, "send", only_reads)
        with pytest.raises(Killed):
            one.run()
    one.later(seconds=5)
    began = one.world.now()
    one.world.journal.clear()
    one.run()
    looked = next(entry.at for entry in one.world.journal if entry.path.startswith("/3/"))
    assert 120 <= (looked - began).total_seconds() < 122
    assert set(one.states()) == {"posted"}
    assert one.posted.payments == 1


def test_people_are_told_how_often_each_is_read() -> None:
    told = (Path(HOME) / "docs/scheduling.md").read_text("utf-8")
    for row in ("registers of Fortnox", "vouchers of Fortnox", "locked period", "rate of the day"):
        assert row in told, row
