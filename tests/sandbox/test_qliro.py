"""Qliro's settlements as the sandbox plays them: signatures, periods, lists, conventions."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.sandbox.qliro.api import authorization
from engine.sandbox.troubles.by_name import TROUBLES
from engine.sandbox.world.world import Conventions, World

SAMPLES = Path(__file__).parents[3] / "shared" / "contracts" / "samples"
PERIOD = {"FromBatchDate": "2026/10/01", "ToBatchDate": "2026/11/15"}


def batches(qliro: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    response = qliro.get("settlements/GetSettlementBatches", params=PERIOD | query)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["SettlementBatches"]
    return found


def lines(qliro: httpx.Client, id: int) -> dict[str, Any]:
    response = qliro.get("settlements/GetSettlementsByBatchId", params={"Id": id})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def error(response: httpx.Response, status: int = 400) -> str:
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"ErrorCode", "ErrorMessage", "ErrorReference"}
    return str(body["ErrorCode"])


@pytest.mark.skipif(not SAMPLES.exists(), reason="the shared contracts are not beside the project")
def test_signatures_are_those_of_the_documented_algorithm() -> None:
    vectors = json.loads((SAMPLES / "qliro-auth-test-vectors.json").read_text())["vectors"]
    for vector in vectors:
        made = authorization(vector["secret"], vector["body"].encode())
        assert made == vector["Authorization"], vector["case"]


def test_wrong_signature_is_401_with_an_empty_body(qliro: httpx.Client) -> None:
    headers = {"Authorization": authorization("wrong")}
    response = qliro.get("settlements/GetSettlementBatches", headers=headers)
    assert (response.status_code, response.content) == (401, b"")


def test_paths_are_taken_in_any_case(world: World, qliro: httpx.Client) -> None:
    TROUBLES["clean_sale"](world)
    response = qliro.get("Settlements/getsettlementbatches", params=PERIOD)
    assert len(response.json()["SettlementBatches"]) == 1


@pytest.mark.parametrize(
    ("first", "last", "code"),
    [
        ("2026/11/01", "2026/11/16", "PERIOD_NOT_SETTLED"),
        ("2026/11/16", "2026/11/16", "PERIOD_NOT_SETTLED"),
        ("2026/09/15", "2026/11/15", "PERIOD_LIMIT_EXCEEDED"),
        ("2026/11/10", "2026/11/09", "PERIOD_INVALID"),
        ("10 november", "2026/11/15", "INVALID_INPUT"),
    ],
)
def test_periods_of_batches_that_are_refused(
    qliro: httpx.Client, first: str, last: str, code: str
) -> None:
    query = {"FromBatchDate": first, "ToBatchDate": last}
    assert error(qliro.get("settlements/GetSettlementBatches", params=query)) == code


def test_sixty_days_of_batches_and_61_of_settlements_are_the_most(qliro: httpx.Client) -> None:
    def batch_days(first: str) -> int:
        query = {"FromBatchDate": first, "ToBatchDate": "2026/11/15"}
        return qliro.get("settlements/GetSettlementBatches", params=query).status_code

    def settlement_days(first: str) -> httpx.Response:
        return qliro.get("settlements", params={"FromDate": first, "ToDate": "2026/11/15"})

    assert [batch_days("2026/09/16"), batch_days("2026/09/15")] == [200, 400]
    assert settlement_days("2026/09/15").status_code == 200
    assert error(settlement_days("2026/09/14")) == "PERIOD_INVALID"


def test_what_was_today_is_settled_tomorrow(world: World, qliro: httpx.Client) -> None:
    query = {"FromBatchDate": "2026/11/16", "ToBatchDate": "2026/11/16"}
    path = "settlements/GetSettlementBatches"
    assert qliro.get(path, params=query).status_code == 400
    world.clock.advance(15 * 3600)
    assert qliro.get(path, params=query).status_code == 200


def test_batches_by_currency_and_acquirer(world: World, qliro: httpx.Client) -> None:
    TROUBLES["clean_sale"](world)
    TROUBLES["foreign_currency_payout"](world)
    assert [b["CurrencyCode"] for b in batches(qliro)] == ["SEK", "EUR"]
    assert [b["CurrencyCode"] for b in batches(qliro, CurrencyCode="EUR")] == ["EUR"]
    assert len(batches(qliro, AcquirerNames=["Nets", "Qliro"])) == 2
    assert len(batches(qliro, AcquirerNames="Nets,Trustly")) == 0


def test_totals_are_net_of_fees_and_summaries_keep_fees_apart(
    world: World, qliro: httpx.Client
) -> None:
    trouble = TROUBLES["fee_with_vat"](world)
    (batch,) = batches(qliro)
    assert (batch["TotalAmount"], batch["TotalFeeAmount"]) == (95, 5)
    content = lines(qliro, trouble.batches[0])
    assert content["SettlementTransactionSummary"] == content["TotalSummary"]
    assert content["TotalSummary"] == {
        "DebitTransactionsTotalSum": 100,
        "DebitTransactionsCount": 1,
        "CreditTransactionsTotalSum": 0,
        "CreditTransactionsCount": 0,
        "FeeTransactionsTotalSum": 5,
        "FeeTransactionsCount": 1,
    }
    sale, fee = content["Settlements"]
    assert (sale["Action"], sale["Type"], fee["Type"]) == ("Debit", "Transaction", "Fee")
    assert fee["PaymentTransactionId"] == sale["PaymentTransactionId"]
    assert (fee["Amount"], fee["AmountExcludingVat"], fee["VatRate"]) == (5, 4, 25)


def test_unknown_batch_is_not_found(qliro: httpx.Client) -> None:
    response = qliro.get("settlements/GetSettlementsByBatchId", params={"Id": 1})
    assert error(response, 404) == "BATCH_NOT_FOUND"


def test_pending_and_rejected_lines_stand_in_lists_of_their_own(
    world: World, qliro: httpx.Client
) -> None:
    pending = lines(qliro, TROUBLES["pending_lines"](world).batches[0])
    assert [len(pending[k]) for k in ("Settlements", "PendingSettlements")] == [1, 1]
    assert "OrderId" not in pending["PendingSettlements"][0]
    assert "MerchantOrderReference" in pending["PendingSettlements"][0]
    assert pending["PendingTransactionsSummary"]["DebitTransactionsCount"] == 1
    assert pending["SettlementTransactionSummary"]["DebitTransactionsCount"] == 1
    rejected = lines(qliro, TROUBLES["rejected_lines"](world).batches[0])
    assert "MerchantOrderReference" not in rejected["RejectedSettlements"][0]
    held = lines(qliro, TROUBLES["unknown_status"](world).batches[0])
    assert len(held["HeldSettlements"]) == 1


def test_settlements_default_to_accepted_transactions(world: World, qliro: httpx.Client) -> None:
    TROUBLES["fee_with_vat"](world)
    TROUBLES["pending_lines"](world)
    period = {"FromDate": "2026/11/01", "ToDate": "2026/11/15"}

    def found(**query: Any) -> tuple[list[str], int]:
        content = qliro.get("settlements", params=period | query).json()
        return [i["Type"] for i in content["Settlements"]], len(content["PendingSettlements"])

    assert found() == (["Transaction", "Transaction"], 0)
    both = {"Types": ["Transaction", "Fee"], "SettlementStatuses": ["Accepted", "Pending"]}
    assert found(**both) == (["Transaction", "Fee", "Transaction"], 1)
    assert found(Types="Transaction,Fee") == (["Transaction", "Fee", "Transaction"], 0)
    assert found(**both, CountryCode="SE")[1] == 0


def test_order_by_id_and_by_reference(world: World, qliro: httpx.Client) -> None:
    trouble = TROUBLES["temporary_reference"](world)
    by_id = qliro.get(f"orders/{trouble.orders[0]}").json()
    assert by_id == qliro.get("orders/Z11kwQ").json()
    types = [item["Type"] for item in by_id["PaymentTransactions"]]
    assert types == ["Preauthorization", "Capture"]
    assert error(qliro.get("orders/4711"), 404) == "ORDER_NOT_FOUND"
    transaction = qliro.get(f"paymentTransactions/{trouble.transactions[0]}").json()
    assert transaction["Type"] == "Capture"


def test_enums_come_as_names_numbers_or_both(world: World, qliro: httpx.Client) -> None:
    id = TROUBLES["enums_mixed"](world).batches[0]
    mixed = [(i["Action"], i["Type"]) for i in lines(qliro, id)["Settlements"]]
    assert mixed == [("Debit", "Transaction"), (1, 1), ("Credit", "Transaction")]
    world.conventions = Conventions(enums="integers")
    numbers = [(i["Action"], i["Type"]) for i in lines(qliro, id)["Settlements"]]
    assert numbers == [(0, 0), (1, 1), (1, 0)]


def test_unknown_values_stand_as_they_are(world: World, qliro: httpx.Client) -> None:
    id = TROUBLES["unknown_line_type"](world).batches[0]
    assert lines(qliro, id)["Settlements"][0]["Type"] == "Kickback"
    world.conventions = Conventions(enums="integers")
    assert lines(qliro, id)["Settlements"][0]["Type"] == 7


def test_future_fields_are_everywhere(world: World, qliro: httpx.Client) -> None:
    id = TROUBLES["future_fields"](world).batches[0]
    assert "FutureField" in batches(qliro)[0]
    assert all("FutureField" in line for line in lines(qliro, id)["Settlements"])


def test_other_conventions_give_the_same_payout_other_figures(
    world: World, qliro: httpx.Client
) -> None:
    id = TROUBLES["signed_amounts"](world).batches[0]
    found = {}
    for name, conventions in {
        "declared": Conventions(),
        "signed": Conventions(signed_amounts=True),
        "gross": Conventions(gross_totals=True),
        "swapped": Conventions(debit_is_sale=False),
    }.items():
        world.conventions = conventions
        amounts = [(i["Action"], i["Amount"]) for i in lines(qliro, id)["Settlements"]]
        batch = batches(qliro)[0]
        found[name] = (*amounts, batch["TotalAmount"], batch["TotalFeeAmount"])
    assert found == {
        "declared": (("Debit", 500), ("Credit", 12.5), ("Credit", 120), 367.5, 12.5),
        "signed": (("Debit", 500), ("Credit", -12.5), ("Credit", -120), 367.5, -12.5),
        "gross": (("Debit", 500), ("Credit", 12.5), ("Credit", 120), 380, 12.5),
        "swapped": (("Credit", 500), ("Debit", 12.5), ("Debit", 120), 367.5, 12.5),
    }


def test_times_come_without_a_zone_and_with_one(world: World, qliro: httpx.Client) -> None:
    id = TROUBLES["timestamps_with_and_without_zone"](world).batches[0]
    first, second, _ = [i["TransactionCompletedDate"] for i in lines(qliro, id)["Settlements"]]
    assert first[10:13] == "T14"
    assert (second[10:13], second[-6:]) == ("T13", "+00:00")


def test_a_payout_grows_and_its_totals_with_it(world: World, qliro: httpx.Client) -> None:
    id = TROUBLES["batch_grows_later"](world).batches[0]
    before, few = batches(qliro)[0]["TotalAmount"], lines(qliro, id)["Settlements"]
    world.clock.advance(timedelta(days=1).total_seconds())
    after, more = batches(qliro)[0]["TotalAmount"], lines(qliro, id)["Settlements"]
    assert (len(few), len(more)) == (1, 2)
    assert after == pytest.approx(before + more[1]["Amount"])


def test_a_payout_shrinks_and_one_gets_another_id(world: World, qliro: httpx.Client) -> None:
    shrinks = TROUBLES["batch_shrinks_later"](world).batches[0]
    old, new = TROUBLES["batch_relisted_with_new_id"](world).batches
    assert [b["Id"] for b in batches(qliro)] == [shrinks, old]
    world.clock.advance(timedelta(days=1).total_seconds())
    assert [b["Id"] for b in batches(qliro)] == [shrinks, new]
    assert len(lines(qliro, shrinks)["Settlements"]) == 1
    assert len(lines(qliro, new)["Settlements"]) == 2


def test_an_order_less_line_has_the_id_0_and_no_reference(
    world: World, qliro: httpx.Client
) -> None:
    id = TROUBLES["lump_fee_without_order"](world).batches[0]
    fee = lines(qliro, id)["Settlements"][1]
    names = ("OrderId", "PaymentTransactionId", "MerchantOrderReference", "PaymentMethodType")
    assert [fee[name] for name in names] == [0, None, None, None]
