"""JSON that can be written and that nobody can mean: nested past any sense, a number without end.

The limit is our own, ``json_text.DEEPEST`` levels, and it is tried here at harmless depths.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from shop import Shop

from engine import json_text
from engine import session as sessions
from engine.errors import FileError
from engine.plan import saved
from engine.sandbox.transport import SandboxTransport
from engine.session import RunReport

from .kit import OddShop

ENDLESS = "1e9999999999999999999"


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize("text", [nested(101), '{"a":' * 101 + "1" + "}" * 101, nested(500)])
def test_what_is_nested_over_a_hundred_levels_is_no_answer(text: str) -> None:
    with pytest.raises(ValueError, match="it is nested over 100 levels"):
        json_text.decode(text)
    assert json_text.decode(nested(100))


@pytest.mark.parametrize("text", [ENDLESS, f'{{"a": [1, {ENDLESS}]}}'])
def test_a_number_that_no_figure_comes_near_is_no_answer(text: str) -> None:
    with pytest.raises(ValueError, match="a number in it is larger than can be read"):
        json_text.decode(text)


def test_what_a_type_does_not_name_is_passed_over_and_told_where_it_has_no_end() -> None:
    class One(msgspec.Struct):
        name: str

    assert json_text.decode_as(f'{{"more": {nested(300)}, "name": "a"}}', One).name == "a"
    with pytest.raises(ValueError, match="nested over"):
        json_text.decode_as(f'{{"more": {nested(3000)}, "name": "a"}}', One)


# Answers during a run -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("body", "says"),
    [
        (nested(101), "The body can't be read: it is nested over 100 levels"),
        (f'{{"Invoices": [{{"Total": {ENDLESS}}}]}}', "a number in it is larger than can be read"),
    ],
)
@pytest.mark.parametrize("path", ["/3/invoices", "GetSettlementBatches", "/3/financialyears"])
def test_such_an_answer_is_told_and_asked_for_again(
    tmp_path: Path, read_mappings_once: None, path: str, body: str, says: str
) -> None:
    shop = OddShop(tmp_path)
    shop.trouble("clean_sale")
    shop.oddly(path, lambda _: body)
    report: RunReport = shop.run()
    told = " ".join(str(one) for one in report.findings.findings)
    assert says.lower() in told.lower()
    shop.later(days=1)
    shop.run()
    assert len(shop.world.made_payments) == 1


class OddWrites(SandboxTransport):
    """The sandbox, which carries the first POST to a path out and answers it oddly."""

    path, body, done = "", "", False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if request.method == "POST" and request.url.path == self.path and not OddWrites.done:
            OddWrites.done = True
            headers = {"content-type": "application/json", "date": answer.headers.get("date", "")}
            return httpx.Response(answer.status_code, headers=headers, content=self.body)
        return answer


@pytest.mark.parametrize("body", [nested(101), nested(3000), f'{{"InvoicePayment": {ENDLESS}}}'])
def test_a_write_that_is_answered_so_is_looked_for_and_not_made_twice(shop: Any, body: str) -> None:
    opened: Shop = shop()
    opened.trouble("clean_sale")
    transport = OddWrites(opened.world)
    transport.path, transport.body, OddWrites.done = "/3/invoicepayments", body, False
    for _ in range(3):
        with sessions.open_session(
            opened.merchant, opened.store, opened.clock, transport
        ) as session:
            sessions.run(session)
        opened.later(seconds=600)
    assert OddWrites.done
    assert len(opened.world.made_payments) == 1
    assert {one["state"] for one in opened.store.rows("SELECT state FROM ledger.line_state")} == {
        "posted"
    }


# Saved plans --------------------------------------------------------------------------------------
PLAN: dict[str, Any] = {
    "version": 2, "merchant": "shop", "digest": "d", "payouts": ["70001"], "orders": [],
    "actions": [{"action": "a", "mapping": "payment", "source": "l", "document": {"Amount": 1}}],
}  # fmt: skip
ONE = PLAN["actions"][0]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"merchant": None}, "its merchant is not a text"),
        ({"digest": 5}, "its digest is not a text"),
        ({"payouts": 7}, "its payouts are not a list of texts"),
        ({"payouts": [70001]}, "its payouts are not a list of texts"),
        ({"orders": None}, "its orders are not a list of texts"),
        ({"actions": {}}, "its actions are not a list"),
        ({"actions": [7]}, "the action of its action 1 is not a text"),
        ({"actions": [ONE, {**ONE, "action": None}]}, "the action of its action 2 is not a text"),
        ({"actions": [{**ONE, "mapping": []}]}, "the mapping of its action 1 is not a text"),
        ({"actions": [{**ONE, "source": 1}]}, "the source of its action 1 is not a text"),
        ({"actions": [{**ONE, "document": "x"}]},
         "the document of its action 1 is not a set of fields"),
        ({"actions": [{**ONE, "made_from": [1]}]},
         "the made_from of its action 1 is not a set of fields"),
        ({"version": 3}, "this is no plan of this version"),
        ({"version": "2"}, "this is no plan of this version"),
    ],
)  # fmt: skip
def test_a_plan_that_was_edited_by_hand_is_refused_with_what_is_wrong(
    tmp_path: Path, changed: dict[str, Any], says: str
) -> None:
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(PLAN | changed), "utf-8")
    with pytest.raises(FileError) as refused:
        saved.read(path)
    assert str(refused.value) == f"{path}: not-a-plan: {says}. Make one with `plan --out`."
    for name in set(changed) - {"version"}:
        path.write_text(json.dumps({key: PLAN[key] for key in PLAN if key != name}), "utf-8")
        with pytest.raises(FileError, match="not-a-plan"):
            saved.read(path)
    path.write_text(json.dumps(PLAN), "utf-8")
    assert saved.read(path) == PLAN


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff{}", "the file is not UTF-8 text."),
        (b'{"version": 2', "the file is not whole JSON: "),
        (nested(101).encode(), "it is nested over 100 levels."),
        (b"", "the file is not whole JSON: "),
    ],
)
def test_a_file_that_is_no_plan_at_all_is_told(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(FileError) as refused:
        saved.read(path)
    assert says in str(refused.value)
    assert "codec" not in str(refused.value)
