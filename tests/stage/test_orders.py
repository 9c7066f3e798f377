"""Qliro's orders become what mappings see: what was bought, and what is left of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from orderkit import NOW, RESERVED, Row, item, of, order, transaction

from engine.extract.raw import Call, keep
from engine.stage.staging import stage
from engine.store.database import Store
from engine.transport.http import Answer

CONTRACTS = Path(__file__).parents[3] / "shared" / "contracts"


# -- orders --------------------------------------------------------------------------------------


def test_a_reserved_order_is_secured_and_has_its_lines(
    store: Store, seen: Callable[..., Row]
) -> None:
    found = seen(order([transaction(1, "Preauthorization", 250)], RESERVED))
    assert found["payment"] == "secured"
    assert (found["total"], found["authorised"], found["remaining"]) == (250, 250, 250)
    assert (found["captured"], found["refunded"], found["reversed"]) == (0, 0, 0)
    assert (found["lines"], found["captures"], found["refunds"]) == (2, 0, 0)
    assert found["OrderDate"] == date(2026, 11, 1)
    assert found["SecuredAt"] == datetime(2026, 11, 1, 9, 1, tzinfo=UTC)  # a naive time is Swedish
    assert of(store, "qliro.order_line", "position", "MerchantReference", "remaining") == [
        (1, "hat", 2),
        (2, "scarf", 1),
    ]


def test_the_day_of_an_order_is_the_day_in_stockholm(seen: Callable[..., Row]) -> None:
    late = transaction(1, "Preauthorization", 250, Timestamp="2026-10-31T23:30:00.000+00:00")
    assert seen(order([late], RESERVED))["OrderDate"] == date(2026, 11, 1)


def test_the_earliest_success_gives_the_day_and_without_one_the_earliest_attempt(
    seen: Callable[..., Row],
) -> None:
    tried = transaction(1, "Preauthorization", 250, Status="Error", Timestamp="2026-10-01T10:00:00")
    done = transaction(2, "Preauthorization", 250, Timestamp="2026-10-02T10:00:00")
    assert seen(order([tried], RESERVED))["OrderDate"] == date(2026, 10, 1)
    assert seen(order([tried, done], RESERVED))["OrderDate"] == date(2026, 10, 2)


def test_enums_come_as_numbers_too(store: Store, seen: Callable[..., Row]) -> None:
    items = [
        item(1, 1, "hat", 100, Type=0),
        item(1, 1, "rebate", 10, Type=1),
        item(1, 1, "fee", 5, Type="2"),
        item(1, 1, "post", 5, Type=3),
        item(9, 1, "new", 5, Type="Future"),
    ]
    found = seen(
        order(
            [transaction(1, 0, 100, Status=4), transaction(2, "3", 100, Status="4")],
            items,
            Customer={"JuridicalType": 1},
        ),
        told="Item new: no ActionType 9 is known.",
    )
    assert (found["JuridicalType"], found["captured"]) == ("Company", 100)
    assert of(store, "qliro.item_action", "position", "ActionType", "Type") == [
        (1, "Reserve", "Product"),
        (2, "Reserve", "Discount"),
        (3, "Reserve", "Fee"),
        (4, "Reserve", "Shipping"),
        (5, "9", "Future"),
    ]


def test_a_discount_lowers_the_order_whatever_its_sign(
    store: Store, seen: Callable[..., Row]
) -> None:
    items = [
        item("Reserve", 1, "hat", 100),
        item("Reserve", 1, "spring", 20, Type="Discount"),
        item("Reserve", 1, "member", -10, Type="Discount"),
    ]
    assert seen(order([transaction(1, "Preauthorization", 70)], items))["total"] == 70
    prices = of(store, "qliro.order_line", "position", "PricePerItemIncVat", "PricePerItemExVat")
    assert prices == [(1, 100, 80), (2, -20, -16), (3, -10, -8)]


def test_a_missing_vat_rate_is_null(store: Store, seen: Callable[..., Row]) -> None:
    old = item("Reserve", 1, "hat", 100)
    del old["VatRate"]
    finnish = item("Reserve", 1, "cap", 19.99, VatRate=25.5)
    seen(order([transaction(1, "Preauthorization", 100)], [old, finnish]))
    rates = of(store, "qliro.order_line", "position", "VatRate")
    assert rates == [(1, None), (2, Decimal("25.5"))]


@pytest.mark.parametrize("status", ["OnHold", "Created", "InProcess", "UserInteractionRequired", 3])
def test_an_order_that_qliro_still_assesses_waits(
    store: Store, seen: Callable[..., Row], status: object
) -> None:
    held = transaction(1, "Preauthorization", 250, Status=status)
    failed = transaction(2, "Preauthorization", 250, Status="Error")
    found = seen(order([held, failed], [item("Create", 1, "hat", 250)]))
    assert (found["payment"], found["SecuredAt"], found["authorised"]) == ("waiting", None, 0)
    assert found["lines"] == 1


@pytest.mark.parametrize("status", ["Error", "Cancelled"])
def test_an_order_that_nobody_could_pay_is_refused(
    seen: Callable[..., Row], status: object
) -> None:
    assert seen(order([transaction(1, "Debit", 5, Status=status)], []))["payment"] == "refused"


def test_an_order_without_transactions_is_secured_only_when_it_costs_nothing(
    store: Store, seen: Callable[..., Row]
) -> None:
    free = {"PaymentMethodName": "FREE"}
    gift = [item("Create", 0, "hat", 100), item("Create", 0, "gift", 100, Type="Discount")]
    assert seen(order([], gift))["payment"] == "secured"
    assert seen(order([], [item("Create", 0, "hat", 1)]))["payment"] == "waiting"
    assert (
        seen(order([], [item("Create", 0, "hat", 1)], PaymentMethod=free))["payment"] == "secured"
    )
    assert seen(order([], [], PaymentMethod=free))["payment"] == "waiting"
    assert seen(order([], []))["OrderDate"] is None


def test_a_zero_sum_reservation_is_secured_until_it_is_released(seen: Callable[..., Row]) -> None:
    gift = [item("Reserve", 1, "hat", 100), item("Reserve", 1, "gift", -100, Type="Discount")]
    reserved = [transaction(1, "Preauthorization", 0)]
    assert seen(order(reserved, gift))["payment"] == "secured"
    released = [*reserved, transaction(2, "Reversal", 0, OriginalPaymentTransactionId=1)]
    assert seen(order(released, gift))["payment"] == "cancelled"


def test_a_cancelled_order_is_one_of_which_nothing_was_taken(
    store: Store, seen: Callable[..., Row]
) -> None:
    start = transaction(1, "Preauthorization", 250)
    whole = transaction(2, "Reversal", 250, OriginalPaymentTransactionId=1)
    part = transaction(2, "Reversal", 50, OriginalPaymentTransactionId=1)
    taken = transaction(3, "Capture", 200, OriginalPaymentTransactionId=1)
    assert seen(order([start, whole], RESERVED))["payment"] == "cancelled"
    assert seen(order([start, part], RESERVED))["payment"] == "secured"
    found = seen(order([start, part, taken], RESERVED))
    assert (found["payment"], found["remaining"], found["reversed"]) == ("secured", 0, 50)
    assert of(store, "qliro.reversal", "reversal", "Amount", "ReversalDate") == [
        ("9/2", 50, date(2026, 11, 1))
    ]


def test_shipped_released_and_returned_are_counted_by_reference_and_price(
    store: Store, seen: Callable[..., Row]
) -> None:
    items = [
        item("Reserve", 1, "hat", 100, Quantity=4),
        item("Reserve", 1, "hat", 90),  # the same hat at another price is another item
        item("Ship", 2, "hat", 100, Quantity=2),
        item("Return", 3, "hat", 100),
        item("Release", 4, "hat", 100),
        item("Ship", 5, "hat", 90),
    ]
    transactions = [
        transaction(1, "Preauthorization", 490),
        transaction(2, "Capture", 200, OriginalPaymentTransactionId=1),
        transaction(3, "Refund", 100, OriginalPaymentTransactionId=2),
        transaction(4, "Reversal", 100, OriginalPaymentTransactionId=1),
        transaction(5, "Capture", 90, Status="InProcess"),
    ]
    seen(order(transactions, items))
    columns = ("position", "shipped", "released", "returned", "remaining")
    assert of(store, "qliro.order_line", *columns) == [(1, 2, 1, 1, 1), (2, 0, 0, 0, 1)]


def test_rows_of_the_same_item_share_what_was_done_with_it(
    store: Store, seen: Callable[..., Row]
) -> None:
    items = [
        item("Reserve", 1, "hat", 100, Quantity=2),
        item("Reserve", 1, "hat", 100, Quantity=3),
        item("Ship", 2, "hat", 100, Quantity=3),
        item("Release", 3, "hat", 100),
        item("Return", 4, "hat", 100, Quantity=3),
    ]
    transactions = [
        transaction(1, "Preauthorization", 500),
        transaction(2, "Capture", 300, OriginalPaymentTransactionId=1),
        transaction(3, "Reversal", 100, OriginalPaymentTransactionId=1),
        transaction(4, "Refund", 300, OriginalPaymentTransactionId=2),
    ]
    seen(order(transactions, items))
    columns = ("position", "shipped", "released", "returned", "remaining")
    assert of(store, "qliro.order_line", *columns) == [(1, 2, 0, 2, 0), (2, 1, 1, 1, 1)]


def test_a_line_keeps_its_id_while_the_reservation_stands(
    store: Store, seen: Callable[..., Row]
) -> None:
    start = [transaction(1, "Preauthorization", 250)]
    items = [*RESERVED, RESERVED[0] | {"Id": None}, RESERVED[1]]
    seen(order(start, items))
    before = of(store, "qliro.order_line", "line")
    assert len(set(before)) == 4
    shipped = [*items, item("Ship", 2, "hat", 100)]
    seen(order([*start, transaction(2, "Capture", 100)], shipped))
    assert of(store, "qliro.order_line", "line") == before


# -- more than one reservation ---------------------------------------------------------------------


def test_the_last_of_two_reservations_is_what_was_bought(
    store: Store, seen: Callable[..., Row]
) -> None:
    items = [*RESERVED, item("Release", 3, "hat", 100, Quantity=2), item("Reserve", 2, "hat", 100)]
    transactions = [
        transaction(2, "Preauthorization", 100, Timestamp="2026-11-02T08:00:00Z"),
        transaction(1, "Preauthorization", 250),
        transaction(
            3, "Reversal", 250, OriginalPaymentTransactionId=1, Timestamp="2026-11-02T08:00:01Z"
        ),
    ]
    found = seen(order(transactions, items))
    # What the first one released is bought all the same: the second one holds it.
    assert of(store, "qliro.order_line", "MerchantReference", "Quantity", "remaining") == [
        ("hat", 1, 1)
    ]
    assert (found["total"], found["authorised"], found["remaining"]) == (100, 100, 100)
    assert (found["payment"], found["reversed"]) == ("secured", 0)
    cancelled = transaction(4, "Reversal", 100, OriginalPaymentTransactionId=2)
    assert seen(order([*transactions, cancelled], items))["payment"] == "cancelled"


def test_a_renamed_order_has_the_items_that_it_had(store: Store, seen: Callable[..., Row]) -> None:
    """updatemerchantreference brings a new Preauthorization, perhaps without items."""
    start = transaction(1, "Preauthorization", 250)
    found = seen(order([start, transaction(2, "Preauthorization", 250)], RESERVED))
    assert (found["total"], found["authorised"], found["lines"]) == (250, 250, 2)
    released = transaction(3, "Reversal", 250, OriginalPaymentTransactionId=2)
    found = seen(order([start, transaction(2, "Preauthorization", 250), released], RESERVED))
    assert found["payment"] == "cancelled"


def test_equal_times_are_told_apart_by_the_transactions_id(
    store: Store, seen: Callable[..., Row]
) -> None:
    same = "2026-11-01T10:00:00"
    transactions = [
        transaction(12, "Preauthorization", 50, Timestamp=same),
        transaction(11, "Preauthorization", 100, Timestamp=same),
    ]
    items = [item("Reserve", 11, "hat", 100), item("Reserve", 12, "scarf", 50)]
    seen(order(transactions, items))
    assert of(store, "qliro.order_line", "MerchantReference") == [("scarf",)]


def upsold(second: list[Row], more: list[Row] = [], **fields: object) -> Row:  # noqa: B006
    transactions = [
        transaction(1, "Preauthorization", 250),
        transaction(2, "Preauthorization", 30),
        *more,
    ]
    fields = {"Upsell": {"IsUpsellOrder": True}} | fields
    return order(transactions, [*RESERVED, *second], **fields)


def test_an_upsell_stands_beside_the_first_reservation(
    store: Store, seen: Callable[..., Row]
) -> None:
    found = seen(upsold([item("Reserve", 2, "socks", 30)]))
    assert (found["IsUpsellOrder"], found["total"], found["authorised"]) == (True, 280, 280)
    assert of(store, "qliro.order_line", "position", "MerchantReference") == [
        (1, "hat"),
        (2, "scarf"),
        (3, "socks"),
    ]


def test_an_upsell_that_lists_everything_again_replaces_the_first(
    store: Store, seen: Callable[..., Row]
) -> None:
    again = [row | {"PaymentTransactionId": 2} for row in RESERVED]
    found = seen(upsold([*again, item("Reserve", 2, "socks", 30)]))
    assert (found["lines"], found["total"]) == (3, 280)


def test_an_upsell_whose_first_reservation_was_released_replaces_it(
    store: Store, seen: Callable[..., Row]
) -> None:
    released = transaction(3, "Reversal", 250, OriginalPaymentTransactionId=1)
    found = seen(upsold([item("Reserve", 2, "socks", 30)], [released]))
    assert (found["lines"], found["total"], found["payment"]) == (1, 30, "secured")


@pytest.mark.parametrize(
    ("reserved", "second", "lines", "total", "authorised"),
    [
        ([250, 250], [], 2, 250, 250),  # renamed before anything was added
        ([250, 30, 30], [item("Reserve", 2, "socks", 30)], 3, 280, 280),
        ([250, 30], [], 2, 250, 280),  # added to, without a word of what: what is known counts once
    ],
)
def test_an_upsell_order_whose_last_reservation_has_no_items_has_those_before_once(
    store: Store,
    seen: Callable[..., Row],
    reserved: list[int],
    second: list[Row],
    lines: int,
    total: int,
    authorised: int,
) -> None:
    transactions = [transaction(n, "Preauthorization", one) for n, one in enumerate(reserved, 1)]
    body = order(transactions, [*RESERVED, *second], Upsell={"IsUpsellOrder": True})
    found = seen(body)
    assert (found["lines"], found["total"], found["authorised"]) == (lines, total, authorised)
    names = of(store, "qliro.order_line", "MerchantReference")
    assert len(names) == len(set(names)) == lines


def test_without_an_upsell_only_the_last_reservation_counts(
    store: Store, seen: Callable[..., Row]
) -> None:
    found = seen(upsold([item("Reserve", 2, "socks", 30)], Upsell=None))
    assert (found["IsUpsellOrder"], found["total"]) == (False, 30)


# -- what an answer says and does not say --------------------------------------------------------


def test_the_latest_answer_replaces_the_one_before(store: Store, seen: Callable[..., Row]) -> None:
    seen(order([transaction(1, "Preauthorization", 250)], RESERVED))
    seen(order([transaction(1, "Debit", 100)], [item("Ship", 1, "hat", 100)]))
    assert store.value("SELECT count(*) FROM qliro.item_action") == 1
    assert of(store, "qliro.transaction", "Type") == [("Debit",)]


def test_an_unchanged_answer_makes_the_order_as_new_as_itself(
    store: Store, seen: Callable[..., Row]
) -> None:
    body = order([transaction(1, "Preauthorization", 250)], RESERVED)
    seen(body)
    later = NOW + timedelta(hours=5)
    found = seen(body, later)
    assert (found["as_of"], found["total"]) == (later, 250)
    assert store.value("SELECT count(*) FROM raw.answer WHERE body <> ''") == 1


def test_the_merchant_api_takes_no_transactions_away(
    store: Store, seen: Callable[..., Row]
) -> None:
    seen(order([transaction(1, "Preauthorization", 250)], RESERVED))
    shop = {"OrderId": 9, "MerchantReference": "S-9b", "OrderItems": [], "TotalPrice": 250}
    found = seen(shop, path="/checkout/merchantapi/Orders/9")
    assert (found["MerchantReference"], found["total"], found["lines"]) == ("S-9b", 250, 2)


def test_what_a_transaction_says_twice_counts_once(store: Store, seen: Callable[..., Row]) -> None:
    twice = [transaction(1, "Debit", 250, Status="InProcess"), transaction(1, "Debit", 250)]
    assert seen(order(twice, RESERVED))["captured"] == 250


def test_nulls_and_strange_values_lose_nothing_else_and_are_told(store: Store) -> None:
    body = order(
        [transaction(1, "Preauthorization", 100, Timestamp="soon"), None],  # type: ignore[list-item]
        [item("Reserve", 1, "hat", 100, Quantity="2"), None],  # type: ignore[list-item]
        Customer=None,
        BillingAddress=None,
        PaymentMethod=None,
    )
    answer = (Call("/v2/orders/9"), Answer(200, json.dumps(body), NOW))
    keep(store, [answer], origin="test", key=b"key")
    (told,) = stage(store).problems
    assert told.message == "row 2 of OrderItemActions is not an object: None."
    (found,) = store.rows("SELECT * FROM qliro.order_view")
    assert found["problem"] == "row 2 of OrderItemActions is not an object: None"
    assert (found["payment"], found["total"], found["OrderDate"]) == ("secured", 200, None)
    assert found["PaymentMethodName"] == "CREDITCARDS"


def test_an_answer_without_lists_is_an_order_without_lines(seen: Callable[..., Row]) -> None:
    found = seen({"OrderId": 9, "PaymentTransactions": None, "OrderItemActions": None})
    assert (found["lines"], found["payment"], found["total"]) == (0, "waiting", 0)


# -- the buyer -----------------------------------------------------------------------------------


def test_addresses_come_in_columns_of_their_own(seen: Callable[..., Row]) -> None:
    found = seen(
        order(
            [],
            [],
            Customer={"FirstName": "Åsa", "Email": "a@x.se", "VatNumber": "SE556001198201"},
            BillingAddress={"Street": "Storgatan 1", "CountryCode": "SE", "CompanyName": ""},
            ShippingAddress={"City": "Oslo", "CountryCode": "NO", "Area": "X"},
        )
    )
    assert (found["FirstName"], found["Email"], found["VatNumber"]) == (
        "Åsa",
        "a@x.se",
        "SE556001198201",
    )
    assert (found["BillingStreet"], found["BillingCompanyName"]) == ("Storgatan 1", "")
    assert (found["ShippingCity"], found["ShippingArea"]) == ("Oslo", "X")
    assert found["DeliveryCountry"] == "NO"


@pytest.mark.parametrize(
    ("number", "kind", "country", "is_organisation"),
    [
        ("556001-1982", "Company", "SE", True),
        ("165560011982", "Company", "SE", True),
        ("790625-5307", "Company", "SE", False),  # a sole trader, or a person called a company
        ("556001-1982", "Physical", "SE", False),
        ("123456785", "Company", "NO", True),
        ("123456785", "Company", "SE", False),
        ("2678277-6", "Company", "FI", True),
        ("35168184", "Company", "DK", True),
        ("12345678", "Company", "DE", True),
    ],
)
def test_an_organisation_number_is_one_of_its_country(
    seen: Callable[..., Row], number: str, kind: str, country: str, is_organisation: bool
) -> None:
    customer = {"PersonalNumber": number, "JuridicalType": kind}
    found = seen(order([], [], Customer=customer, Country=country))
    same = number.removeprefix("16") if country == "SE" else number
    assert found["OrganisationNumber"] == (same if is_organisation else None)
    assert found["PersonHash"] is None or found["PersonHash"].startswith("pn:")


def test_a_private_buyer_is_known_by_a_hash(seen: Callable[..., Row]) -> None:
    hashes = {
        seen(order([], [], Customer={"PersonalNumber": number, "JuridicalType": kind}))[
            "PersonHash"
        ]
        for number in ("790625-5307", "197906255307")
        for kind in ("Physical", "Company")
    }
    assert len(hashes) == 1


def test_a_sole_traders_vat_number_is_not_kept(store: Store, seen: Callable[..., Row]) -> None:
    found = seen(order([], [], Customer={"VatNumber": "SE790625530701"}))
    assert found["VatNumber"] is None
    assert not store.value("SELECT bool_or(contains(body, '7906255307')) FROM raw.answer")


@pytest.mark.skipif(not CONTRACTS.exists(), reason="the official contracts are not here")
@pytest.mark.parametrize("name", ["completed", "platform-settled-shipping"])
def test_an_official_sample_is_an_order_without_transactions(
    seen: Callable[..., Row], name: str
) -> None:
    text = (CONTRACTS / "samples" / f"qliro-merchant-get-order.{name}.json").read_text()
    found = seen(json.loads(text), path="/checkout/merchantapi/Orders/1")
    assert (found["payment"], found["lines"]) == ("waiting", 0)
    assert found["PaymentTypeCode"] in ("CREDITCARDS", "INVOICE")
