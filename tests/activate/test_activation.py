"""Nothing is written to a live company before a person made it live; what ends that again."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from order_shop import OrderShop
from shop import OpenShop, Posted, Shop

from engine import session as sessions
from engine.access.activation import activate, deactivate, last, silence_of, told
from engine.doctor.going_live import Preflight, prepare
from engine.errors import AccessError, UsageError
from engine.extract.pushes import drain
from engine.sandbox.transport import Killed, SandboxTransport
from engine.sandbox.world.faults import Fault, plan
from engine.store.database import in_memory
from engine.store.ledger import begun
from engine.webhooks.inbox import Inbox
from engine.webhooks.push import SELF_TEST, line_of, read_push
from engine.webhooks.self_test import try_push

LIVE = {
    "environment": "live",
    "qliro.base_url": "https://payments.qit.nu",
    "fortnox.base_url": "https://api.fortnox.se",
    "fortnox.auth_url": "https://apps.fortnox.se/oauth-v1",
}
LIVES_ON_ORDERS = {**LIVE, "flows.refunds": False}
TOKEN = "t" * 40
PUSHED = {
    "webhooks.public_url": "https://push.example.se/qliro",
    "webhooks.token": {"file": "secrets.yaml", "key": "push"},
}


class Street(httpx.BaseTransport):
    """The world as this machine reaches it: the sandbox, and the receiver behind its proxy."""

    def __init__(self, shop: Shop, status: int = 200, inbox: Path | None = None) -> None:
        self.sandbox = SandboxTransport(shop.world)
        self.status, self.inbox = status, inbox or shop.merchant.inbox
        self.pushed: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "push.example.se":
            return self.sandbox.handle_request(request)
        if request.method == "GET":  # doctor, which asks who is there
            return httpx.Response(405, json={"refused": "wrong-method"}, request=request)
        self.pushed.append(request.url.path)
        if self.status == 200:
            push = read_push(request.read(), "order-management", datetime.now(UTC))
            inbox = Inbox(self.inbox)
            inbox.add([line_of(push)])
            inbox.close()
        return httpx.Response(self.status, json={"CallbackResponse": "received"})


@pytest.fixture
def live(shop: OpenShop) -> Shop:
    """A shop that is live by its file, with a sale to post."""
    opened = shop(**LIVE)
    opened.trouble("clean_sale")
    return opened


@pytest.fixture
def taking(tmp_path: Path, order_shop: Callable[..., OrderShop]) -> OrderShop:
    """A shop that is live by its file and lives on pushes."""
    secrets = tmp_path / "secrets.yaml"
    secrets.write_text(f"push: {TOKEN}\n")
    secrets.chmod(0o600)
    return order_shop(**LIVES_ON_ORDERS, **PUSHED)


def made_ready(shop: Shop, street: httpx.BaseTransport | None = None) -> Preflight:
    with shop.session() as session:
        return prepare(session, street or SandboxTransport(shop.world))


def made_live(shop: Shop, who: str = "Anna") -> None:
    activate(shop.store, shop.merchant, who, shop.clock.now())


def test_after_the_activation_it_posts_and_who_and_when_is_kept(live: Shop) -> None:
    with pytest.raises(UsageError) as raised:
        live.run()
    assert str(raised.value) == (
        "shop is live and has not been activated: nothing was posted. `plan` shows what would be; "
        "to go live: qliro-fortnox activate shop"
    )
    ready = made_ready(live)
    assert (ready.errors, ready.pushed) == (0, None)
    assert ready.plan is not None
    assert len(ready.plan.actions) == 2
    assert live.posted == Posted(0, 0)
    made_live(live)
    assert told(live.store, live.merchant) == "Live since 2026-11-16 09:00, activated by Anna."
    live.run()
    assert live.posted == Posted(1, 1)


def test_whatever_would_be_written_is_refused_where_it_leaves(live: Shop) -> None:
    with live.session() as session:
        for api in (session.fortnox, session.qliro):
            for method in ("POST", "PUT", "DELETE"):
                with pytest.raises(AccessError, match="has not been activated: nothing is written"):
                    api.send(method, "/3/vouchers", body=b"{}")
        assert session.fortnox.send("GET", "/3/currencies").status == 200
    assert {one.method for one in live.world.journal if one.path != "/oauth-v1/token"} == {"GET"}


def test_errors_of_the_preflight_come_before_all_else(live: Shop) -> None:
    live.world.years.clear()
    ready = made_ready(live)
    assert ready.errors
    assert ready.plan is None


def test_deactivated_it_stops_and_says_who_and_why(live: Shop) -> None:
    live.plan()
    made_live(live)
    assert deactivate(live.store, live.merchant, "Bo", live.clock.now(), "the audit")
    with pytest.raises(UsageError, match=r"deactivated by Bo on 2026-11-16 09:00, the audit: no"):
        live.run()
    assert not deactivate(live.store, live.merchant, "Bo", live.clock.now())
    made_live(live, "Cia")
    assert told(live.store, live.merchant).endswith("activated by Cia.")


def test_what_was_begun_is_left_alone_while_it_is_deactivated(live: Shop) -> None:
    live.plan()
    made_live(live)
    plan(live.world, Fault("kill_before", method="PUT", path="bookkeep"))
    with pytest.raises(Killed):
        live.run()
    deactivate(live.store, live.merchant, "Bo", live.clock.now())
    live.later(days=1)
    writes = len(live.requests("PUT", ""))
    with live.session() as session:
        left = begun(live.store)
        assert len(left) == 1
        sessions.recover(session)
        assert begun(live.store) == left
    assert len(live.requests("PUT", "")) == writes


def test_another_environment_and_back_needs_it_again(live: Shop) -> None:
    live.plan()
    made_live(live)
    live.settings({"environment": "test", "qliro.base_url": "https://pago.qit.nu"})
    live.plan()
    live.settings(LIVE)
    with pytest.raises(UsageError, match=r"by the merchant's file on .*, environment became test"):
        live.run()


def test_a_test_posts_nothing_to_the_company_that_was_live(live: Shop) -> None:
    live.plan()
    made_live(live)
    deactivate(live.store, live.merchant, "Bo", live.clock.now())
    live.settings({"environment": "test", "qliro.base_url": "https://pago.qit.nu"})
    with pytest.raises(UsageError) as raised:
        live.run()
    assert str(raised.value) == (
        "shop is test, and its database holds the books of a company that was live, "
        "Exempelbutiken AB, 556001-1982 (DatabaseNumber 1234567): nothing was posted. A test "
        "beside the live one is a merchant of its own: give it a file of its own, or another "
        "folder as state."
    )
    assert live.posted == Posted(0, 0)
    assert "a company that was live" in told(live.store, live.merchant)


def test_another_company_needs_it_again(live: Shop) -> None:
    live.plan()
    made_live(live)
    live.lose_the_database()
    live.plan()
    assert "has not been activated" in told(live.store, live.merchant)
    live.store.append(
        "ledger.activation",
        [[live.clock.now(), "Anna", True, "live", "7654321", "Annan AB", ""]],
        ["noted_at", "who", "active", "environment", "tenant", "company", "reason"],
    )
    with pytest.raises(UsageError, match="activated for Annan AB, which is not its company now"):
        live.run()


@pytest.mark.parametrize("environment", ["test", "sandbox"])
def test_test_and_sandbox_need_none(shop: OpenShop, environment: str) -> None:
    opened = shop(environment=environment) if environment == "sandbox" else shop(
        environment="test",
        **{"qliro.base_url": "https://pago.qit.nu", "fortnox.base_url": "https://api.fortnox.se",
           "fortnox.auth_url": "https://apps.fortnox.se/oauth-v1"},
    )  # fmt: skip
    opened.trouble("clean_sale")
    opened.run()
    assert opened.posted == Posted(1, 1)
    assert told(opened.store, opened.merchant) == ""


def test_a_database_of_an_earlier_version_tells_of_no_activation(live: Shop) -> None:
    live.store.execute("DROP TABLE ledger.activation")
    assert last(live.store) is None


# -- pushes --------------------------------------------------------------------------------------


def test_a_test_push_goes_through_the_public_address_and_asks_qliro_nothing(
    taking: OrderShop,
) -> None:
    street = Street(taking)
    ready = made_ready(taking, street)
    assert ready.errors == 0, [one for one in ready.results if one.severity == "error"]
    assert ready.pushed is True
    assert street.pushed == [f"/qliro/push/shop/{TOKEN}/order-management"]
    store = in_memory()
    assert drain(store, taking.merchant.inbox).findings == []
    assert store.rows("SELECT * FROM raw.push") == taking.store.rows("SELECT * FROM raw.push") == []
    asked = {path.rpartition("/")[2] for path in taking.requests("GET", "/v2/orders/")}
    assert asked <= {"0"}  # which is how the preflight tries the second pair


@pytest.mark.parametrize(
    ("status", "elsewhere", "says"),
    [
        (404, False, r"\(https://push.example.se/qliro\) was answered with 404."),
        (200, True, "was answered, but it is not in the inbox"),
    ],
)
def test_a_push_that_does_not_arrive_says_what_to_look_at(
    taking: OrderShop, tmp_path: Path, status: int, elsewhere: bool, says: str
) -> None:
    street = Street(taking, status, tmp_path / "elsewhere" if elsewhere else None)
    with pytest.raises(UsageError, match=says) as raised:
        made_ready(taking, street)
    assert TOKEN not in str(raised.value)


def test_a_receiver_that_is_not_there_is_told_without_the_token(
    taking: OrderShop, caplog: pytest.LogCaptureFixture
) -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("Connection refused", request=request)

    with caplog.at_level(0), pytest.raises(UsageError, match="got no answer: Conn") as raised:
        try_push(taking.merchant, taking.clock, httpx.MockTransport(nobody))
    assert TOKEN not in str(raised.value) + caplog.text
    with caplog.at_level(0):
        try_push(taking.merchant, taking.clock, Street(taking))
    assert TOKEN not in caplog.text


def test_a_push_fed_flow_without_a_receiver_is_not_activated(
    order_shop: Callable[..., OrderShop],
) -> None:
    with pytest.raises(UsageError, match=r"and no webhooks\.public_url"):
        made_ready(order_shop(**LIVES_ON_ORDERS))


def test_a_push_of_ours_that_qliro_sent_back_is_still_none(tmp_path: Path) -> None:
    body = json.dumps({"OrderId": 7, "Status": SELF_TEST}).encode()
    inbox = Inbox(tmp_path / "inbox")
    ours = line_of(read_push(body, "order-management", datetime.now(UTC)))
    inbox.add([ours, ours.replace(SELF_TEST.encode(), b"Success")])
    inbox.close()
    store = in_memory()
    drain(store, tmp_path / "inbox")
    assert [row["Status"] for row in store.rows("SELECT Status FROM raw.push")] == ["Success"]


# -- silence -------------------------------------------------------------------------------------


def silent(shop: Shop) -> str:
    return silence_of(shop.store, shop.merchant, shop.clock.now())


def pushed(shop: Shop, order: int | None = None) -> None:
    shop.store.append("raw.push", [[shop.clock.now(), "order-management", order or 1, "Success"]],
                      ["received_at", "kind", "OrderId", "Status"])  # fmt: skip


def settled(shop: Shop, order: int, captured: datetime) -> None:
    """A payout shows that the order was captured."""
    shop.store.execute(
        "INSERT INTO qliro.settlement_batch (Id, BatchDate, raw_seq) VALUES (?, ?, 0)",
        [order, captured.date()],
    )
    shop.store.execute(
        "INSERT INTO qliro.settlement_line (line, Id, position, Status, OrderId, Action, "
        "TransactionCompletedDate, vanished, raw_seq) VALUES (?, ?, 1, 'Accepted', ?, 'Debit', "
        "?, false, 0)",
        [str(order), order, order, captured.date()],
    )


def test_pushes_that_fell_silent_are_told_of_when_payouts_show_orders(taking: OrderShop) -> None:
    taking.plan()
    made_live(taking)
    pushed(taking)
    taking.later(days=3)
    assert silent(taking) == ""  # nothing was sold
    settled(taking, 4711, taking.clock.now() - timedelta(days=1))
    assert silent(taking) == (
        "Qliro's pushes have fallen silent: none has come since 2026-11-16 09:00, but payouts show "
        "order 4711 that none announced. Check that the receiver runs and is reached, and that "
        "orders are made with its addresses (`webhooks --help` says how)."
    )
    assert silent(taking) in taking.plan().problems
    deactivate(taking.store, taking.merchant, "Bo", taking.clock.now())
    assert silent(taking) == ""


def test_orders_that_were_announced_or_are_older_raise_no_alarm(taking: OrderShop) -> None:
    taking.plan()
    made_live(taking)
    settled(taking, 1, taking.clock.now() - timedelta(days=10))  # before it was live
    taking.later(days=2)
    settled(taking, 2, taking.clock.now())
    pushed(taking, 2)
    taking.later(days=2)
    assert silent(taking) == ""
    settled(taking, 3, taking.clock.now())
    pushed(taking, 5)  # they come
    assert silent(taking) == ""


def test_a_shop_that_books_payouts_alone_needs_no_pushes(live: Shop) -> None:
    live.plan()
    made_live(live)
    live.later(days=9)
    settled(live, 4711, live.clock.now())
    assert silent(live) == ""
