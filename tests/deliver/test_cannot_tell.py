"""A look-up says there, not there, or can't tell: only *not there* lets anything be sent again.

Every mapping's own identity is gone through, field by field, against its target's declaration: what
is added to either is covered by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from language.kit import CATALOGUE, HOUSE

from deliver.desk import Desk
from engine.deliver import search
from engine.json_text import encode
from engine.language.load import load_set
from engine.language.targets import Target, target
from engine.sandbox.transport import SandboxTransport
from engine.store.ledger import Action
from engine.transport.answers import alike
from engine.transport.http import Answer

SENT = datetime(2026, 11, 16, 9, tzinfo=UTC)
# What a field of any type must not be taken for something else by.
ODD: list[Any] = [None, [], {}, {"Value": 1}, True]
MISSING = "missing"
SAMPLES: dict[str, Any] = {
    "Amount": Decimal("95.50"), "InvoiceNumber": 1001, "ModeOfPaymentAccount": 1581,
    "OrderId": 4900001, "PaymentDate": "2026-11-13", "TransactionDate": "2026-11-13",
    "InvoiceDate": "2026-11-13", "ArticleNumber": "1001",
}  # fmt: skip
NUMBERS = {"VoucherNumber": 17, "Year": 2, "VoucherSeries": "T", "PaymentTransactionId": 3290002}


def action_of(mapping: Any) -> Action:
    """An action of the mapping, as its identity has it."""
    agree = {name: SAMPLES.get(name, NUMBERS.get(name, name)) for name in mapping.identity.agree}
    ask = {name: "T" if name == "series" else 2 if name == "year" else 4900001
           for name in mapping.identity.ask if name != "known"}  # fmt: skip
    return Action(mapping.name, mapping.name, mapping.target, "source", "payout", (), dict(agree),
                  {"ask": ask, "agree": agree})  # fmt: skip


def bare(aim: Target) -> dict[str, Any]:
    """A document of which only the number is known."""
    names = [part.strip("{}") for part in aim.calls["number"].split("/")]
    return {name: NUMBERS.get(name, "1001") for name in names}


class Told:
    """An API that lists one document, ``item``, and shows it ``whole``; or answers as ``listed``
    says."""

    def __init__(
        self, aim: Target, item: dict[str, Any], whole: dict[str, Any], listed: Any = None
    ) -> None:
        self.aim, self.item, self.whole, self.listed = aim, item, whole, listed

    def read(self, _method: str, path: str, _query: object) -> Answer:
        whole = {self.aim.wrapper: self.whole} if self.aim.wrapper else self.whole
        its_own = path == self.aim.read(self.aim.number(bare(self.aim))).path
        return Answer(200, encode(whole if its_own else self.listed or self._list()), SENT)

    def _list(self) -> dict[str, Any]:
        meta = {"@TotalResources": 1, "@TotalPages": 1, "@CurrentPage": 1}
        return {self.aim.calls["find"]["list"]: [self.item], "OrderId": 4900001,
                "MetaInformation": meta}  # fmt: skip


def looked_for(action: Action, told: Told) -> dict[str, dict[str, Any]] | None:
    return search.created(told, action, SENT, {}).documents  # type: ignore[arg-type]


SET = load_set(HOUSE / "mappings" / "qliro-fortnox", None, CATALOGUE)


def mappings() -> list[Any]:
    """Those whose documents are looked for in a list."""
    return [one for one in SET.mappings.values() if "via" not in target(one.target).calls["find"]]


def fields() -> Iterator[Any]:
    """What tells whether a document is the one: its identity, its number, its kind."""
    for mapping in mappings():
        aim = target(mapping.target)
        names = [*mapping.identity.agree, *bare(aim), *aim.calls["find"].get("where", {})]
        for name in dict.fromkeys(names):
            yield pytest.param(mapping, name, id=f"{mapping.name}-{name}")


@pytest.mark.parametrize(("mapping", "name"), list(fields()))
def test_a_field_that_tells_nothing_never_says_that_it_is_not_there(
    mapping: Any, name: str
) -> None:
    action, aim = action_of(mapping), target(mapping.target)
    where = {kind: of[0] for kind, of in aim.calls["find"].get("where", {}).items()}
    right = {**action.identity["agree"], **bare(aim), **where}
    assert len(looked_for(action, Told(aim, right, right)) or ()) == 1
    for odd in [MISSING, *ODD]:
        wrong = {key: value for key, value in right.items() if key != name}
        if odd != MISSING:
            wrong[name] = odd
        for item, whole in ((wrong, right), (right, wrong), (wrong, wrong)):
            found = looked_for(action, Told(aim, item, whole))
            assert found is None or len(found) == 1, odd


@pytest.mark.parametrize("mapping", mappings(), ids=lambda one: one.name)
def test_a_list_that_is_not_whole_never_says_that_it_is_not_there(mapping: Any) -> None:
    action, aim = action_of(mapping), target(mapping.target)
    key, order, one_page = aim.calls["find"]["list"], {"OrderId": 4900001}, {"@TotalPages": 1}
    meta = {"MetaInformation": one_page}
    empty: dict[str, Any] = {key: [], **order, **meta}
    assert looked_for(action, Told(aim, {}, {}, empty)) == {}
    odd = [{**order, **meta}, {**empty, key: None}, {**empty, key: {}}, {**empty, key: [None]}, []]
    if aim.pages:
        odd += [{**empty, "MetaInformation": {**one_page, "@TotalResources": 1}},
                {**empty, "MetaInformation": None}, {key: []}]  # fmt: skip
    else:
        odd += [{**empty, "OrderId": 4900002}, {**empty, "OrderId": None}, {key: []}]
    for listed in odd:
        assert looked_for(action, Told(aim, {}, {}, listed or [0])) is None, listed


@pytest.mark.parametrize(
    ("theirs", "mine", "is_it"),
    [
        ("95.50", Decimal("95.5"), True), (95, "95", True), (None, "", True),
        ("a  b ", "a b", True),
        ("94", 95, False), ("2026-11-14", "2026-11-13", False), ("", "Anna", False),
        ("Q-2", "Q-1", False), (None, "Anna", None), ("much", 95, None), (True, 95, None),
        ("soon", "2026-11-13", None), (["Anna"], "Anna", None), ({}, 95, None),
    ],
)  # fmt: skip
def test_what_is_said_is_what_was_sent_or_another_or_tells_nothing(
    theirs: Any, mine: Any, is_it: bool | None
) -> None:
    assert alike(theirs, mine) is is_it


class Shown:
    """An API that shows one document, whatever is asked for."""

    def __init__(self, wrapper: str, document: dict[str, Any]) -> None:
        self.body = encode({wrapper: document})

    def read(self, *_: object) -> Answer:
        return Answer(200, self.body, SENT)


@pytest.mark.parametrize(
    ("of", "name", "nothing", "something"),
    [
        ("fortnox.credit_invoice", "CreditInvoiceReference", "0", "1009"),
        ("fortnox.order_invoice", "InvoiceReference", "", 1009),
        ("fortnox.order_cancellation", "Cancelled", False, "true"),
    ],
)
def test_a_document_that_does_not_say_whether_one_was_made_of_it_tells_nothing(
    of: str, name: str, nothing: Any, something: Any
) -> None:
    asked = {"InvoiceNumber": 1001, "OrderNumber": 501}
    action = Action("a", "m", of, "s", "p", (), asked, {"ask": {}, "agree": {}})
    wrapper = target(of).calls["find"]["wrapper"]

    def documents(more: dict[str, Any]) -> dict[str, dict[str, Any]] | None:
        api = Shown(wrapper, {"DocumentNumber": "501", **more})
        return search.created(api, action, SENT, {}).documents  # type: ignore[arg-type]

    assert documents({name: nothing}) == {}
    assert documents({name: something})
    for odd in (None, [], {}, Decimal("1.5")):
        assert documents({name: odd}) is None, odd
    assert documents({}) is None


class OneOddField(SandboxTransport):
    """The first payment's answer is cut off; afterwards its own page has one odd field."""

    def __init__(self, desk: Desk, name: str, odd: Any) -> None:
        super().__init__(desk.world)
        self.name, self.odd, self.cut = name, odd, ""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if request.method == "POST" and request.url.path == "/3/invoicepayments" and not self.cut:
            number = json.loads(answer.content)["InvoicePayment"]["Number"]
            self.cut = f"/3/invoicepayments/{number}"
            return httpx.Response(201, content=answer.content[:20], request=request)
        if request.method == "GET" and request.url.path == self.cut:
            body = json.loads(answer.content)
            body["InvoicePayment"][self.name] = self.odd
            return httpx.Response(200, content=json.dumps(body), request=request)
        return answer


@pytest.mark.parametrize("name", ["Amount", "PaymentDate", "ModeOfPaymentAccount", "InvoiceNumber"])
@pytest.mark.parametrize("odd", [None, "nothing", {}])
def test_a_payment_whose_look_up_tells_nothing_is_never_made_again_and_found_by_a_good_answer(
    name: str, odd: Any
) -> None:
    desk = Desk()
    action = desk.payment(desk.invoice())
    desk.transport = OneOddField(desk, name, odd)
    assert desk.deliver().unknown == [action.action]
    assert desk.go_on().unknown == [action.action]
    assert len(desk.world.payments) == 1
    desk.transport = SandboxTransport(desk.world)
    assert desk.go_on().unknown == []
    desk.exactly_once()


def test_what_can_not_be_told_for_a_day_is_left_to_a_person_with_the_field_that_hides_it() -> None:
    desk = Desk()
    action = desk.payment(desk.invoice())
    desk.transport = OneOddField(desk, "Amount", None)
    assert "may be it, and its Amount can't be read" in desk.deliver().unclear[action.action]
    desk.clock.sleep(timedelta(days=1, hours=1).total_seconds())
    told = desk.deliver().undecided
    assert "may be it, and its Amount can't be read" in told[action.action]
    assert len(desk.world.payments) == 1


def test_a_bookkeeping_of_which_the_document_tells_nothing_is_not_sent_again() -> None:
    desk = Desk()
    action = desk.payment(desk.invoice())
    books = 0

    class Cut(SandboxTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            nonlocal books
            answer = super().handle_request(request)
            if request.method == "PUT":
                books += 1
                return httpx.Response(200, content=answer.content[:20], request=request)
            if request.method == "GET" and request.url.path.startswith("/3/invoicepayments/"):
                body = json.loads(answer.content)
                body["InvoicePayment"]["Booked"] = None
                return httpx.Response(200, content=json.dumps(body), request=request)
            return answer

    desk.transport = Cut(desk.world)
    assert desk.deliver().unknown == [action.action]
    assert books == 1
    desk.transport = SandboxTransport(desk.world)
    assert desk.go_on().unknown == []
    desk.exactly_once()
