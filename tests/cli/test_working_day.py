"""A working day at the prompt: run, status, explain, resolve, plan, apply, as they print it."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from shopkit import Cli

from engine.sandbox.control import effects
from engine.sandbox.history import new_invoice
from engine.sandbox.troubles.by_name import TROUBLES
from engine.sandbox.world.world import World

pytestmark = pytest.mark.usefixtures("shop")

RUN = """\
Posted 4 documents with 5 requests.
Lines of open payouts: 2 posted, 1 waiting and 1 parked.
1 item needs a person: qliro-fortnox status shop
"""
RUN_AGAIN = """\
Posted 0 documents with 0 requests.
Lines of open payouts: 1 waiting and 1 parked.
1 item needs a person: qliro-fortnox status shop
"""
STATUS = """\
Hattar & Mössor AB, as the run of 2026-11-16 09:00:00 left it

Payout  Date        Age       Paid out  Lines     Posted       Waiting      Parked  Proof  Transfer
70001   2026-11-13  3 d  SEK     95.00      2  2 · 95.00             –           –  holds  T/1/2
70002   2026-11-13  3 d  SEK  2 430.00      1          –  1 · 2 430.00           –  holds  T/2/2
70003   2026-11-13  3 d  SEK    250.00      1          –             –  1 · 250.00  holds  T/3/2
4 lines = 2 posted + 1 waiting + 1 parked

1 line parked for a person
  250.00  SEK  sale  reference 10003  order 4900003  payout 70003 of 2026-11-13  \
line c171f7afd4876faf
      Several invoices carry its reference and none is exactly it: 1002 (balance 300.00), \
1003 (balance 400.00).

1 line waiting: looked at again in every run
  2 430.00  SEK  sale  reference 10002  order 4900002  payout 70002 of 2026-11-13  \
line f8f54e91fa08862a
      No invoice carries its reference.

Interim account      Holds  Must hold  Open, transferred
1581             -2 680.00  -2 680.00       2 · 2 680.00
The interim accounts hold exactly the lines that are still open, with the opposite sign: what was \
transferred to the bank and is not yet booked.

1 line needs a person.
  See why:  qliro-fortnox explain shop 10003
  Decide:   qliro-fortnox resolve shop 10003 --invoice NUMBER --by NAME \
(or --retry; or --ignore, --suspense, with --reason TEXT)
"""


def test_a_run_posts_the_second_posts_nothing_and_status_balances(cli: Cli, world: World) -> None:
    ran = cli("run", "shop", "--quiet")
    assert (ran.code, ran.out, ran.err) == (3, RUN, "")
    counted = effects(world)
    assert cli("run", "shop", "--quiet").out == RUN_AGAIN
    assert effects(world) == counted
    stands = cli("status", "shop")
    assert (stands.code, stands.out, stands.err) == (3, STATUS, "")


def test_what_is_told_to_be_done_next_works_where_the_folder_was_named(
    cli: Cli, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    ran = cli("run", "shop", "--merchants", "../merchants", "--quiet")
    assert ran.out.endswith(": qliro-fortnox status ../merchants/shop.yaml\n")
    told = cli("status", "--merchants", "../merchants", "shop")
    assert "  See why:  qliro-fortnox explain ../merchants/shop.yaml 10003\n" in told.out
    monkeypatch.setenv("QLIRO_FORTNOX_MERCHANTS", "../merchants")
    assert "  See why:  qliro-fortnox explain shop 10003\n" in cli("status", "shop").out
    gone = cli("status", "shup", "--merchants", "../merchants")
    assert gone.err == (
        "There is no merchant 'shup' in ../merchants. Did you mean 'shop'?\n"
    )


def test_progress_goes_to_stderr_and_results_to_stdout(cli: Cli) -> None:
    synced = cli("sync", "shop")
    assert synced.code == 0
    assert synced.out.splitlines() == [
        "16 answers kept and read.",
        "See what would be posted: qliro-fortnox plan shop",
    ]
    assert "settlement lines from Qliro: 3\n" in synced.err


def test_a_posted_line_is_explained_from_rule_to_answer(cli: Cli) -> None:
    cli("run", "shop", "--quiet")
    told = cli("explain", "shop", "10001").out
    for wanted in (
        "Line 39a014fbc6d6c00d: sale 100.00 SEK, reference 10001, order 4900001\n",
        "  with fee -5.00 (line cf2ea264bf086be7)\n",
        "/payment.yaml:5:1\n",
        "match     invoice 1001 by 'payout reference': its balance is exactly 100.00 (exact)\n",
        "POST /3/invoicepayments\n",
        '{"InvoicePayment":{"InvoiceNumber":1001,"PaymentDate":"2026-11-13",'
        '"ModeOfPaymentAccount":1581,"Amount":95.00,',
        "create done (201) as 1\n",
        "PUT /3/invoicepayments/1/bookkeep\n",
        "bookkeep done (200)\n",
        "GetSettlementsByBatchId?Id=70001 (network, raw answer ",
    ):
        assert wanted in told


def test_a_parked_line_is_found_by_each_of_its_names_with_its_losers(cli: Cli) -> None:
    cli("run", "shop", "--quiet")
    for ref in ("4900003", "10003", "c171f7afd4876faf", "3290006"):
        told = cli("explain", "shop", ref).out
        assert "    lost      invoice 1002 by 'payout reference': one of several\n" in told
        assert "    lost      invoice 1003 by 'payout reference': one of several\n" in told
    payout = cli("explain", "shop", "70003").out
    assert "c171f7afd4876faf  sale  250.00  10003      –        parked  several invoices" in payout


def test_a_voucher_is_found_as_it_is_printed_and_as_people_write_it(
    cli: Cli, world: World
) -> None:
    cli("run", "shop", "--quiet")
    key = world.made_vouchers[0]
    printed = f"T/{key.number}/{key.year}"
    assert printed in cli("status", "shop", "--closed").out
    for written in ("T/{}/{}", "T/{}", "T{}", "t {}"):
        told = cli("explain", "shop", written.format(key.number, key.year)).out
        assert f"transfer  posted as voucher {printed}\n" in told, written
        assert "POST /3/vouchers?financialyear=" in told


def test_a_voucher_that_covers_lines_is_found_with_them(cli: Cli, world: World) -> None:
    TROUBLES["chargeback"](world)
    cli("run", "shop", "--quiet")
    (dispute,) = [key for key in world.made_vouchers if key.series == "D"]
    told = cli("explain", "shop", f"D{dispute.number}").out
    assert "chargeback" in told
    assert f"posted as voucher D/{dispute.number}/{dispute.year}" in told
    nothing = cli("explain", "shop", "D999")
    assert (nothing.code, nothing.out) == (2, "")


def test_an_invoice_that_is_a_mere_candidate_is_found_with_the_line_that_may_pay_it(
    cli: Cli,
) -> None:
    cli("run", "shop", "--quiet")
    for candidate in ("1002", "1003"):
        told = cli("explain", "shop", candidate).out
        assert "Line c171f7afd4876faf: sale 250.00 SEK, reference 10003" in told
        assert f"    lost      invoice {candidate} by 'payout reference': one of several\n" in told


def test_what_a_person_decides_the_next_run_carries_out(cli: Cli, world: World) -> None:
    cli("run", "shop", "--quiet")
    resolved = cli("resolve", "shop", "10003", "--invoice", "1003", "--by", "Anna")
    assert resolved.out == (
        "Line c171f7afd4876faf: invoice 1003, decided by Anna.\n"
        "The next run carries it out: qliro-fortnox run shop\n"
    )
    ran = cli("run", "shop", "--quiet")
    assert ran.code == 0
    assert effects(world)["payments"]["1003"] == {
        "created": 1,
        "booked": 1,
        "amount": Decimal(250),
    }
    assert "decided   2026-11-16 09:00:00 Anna: invoice 1003" in cli("explain", "shop", "10003").out


def test_an_ignored_line_keeps_who_and_why(cli: Cli) -> None:
    cli("run", "shop", "--quiet")
    cli("resolve", "shop", "10003", "--ignore", "--reason", "booked as A 12", "--by", "Anna")
    cli("run", "shop", "--quiet")
    told = cli("status", "shop")
    assert told.code == 0
    assert "1 line ignored by a person\n" in told.out
    assert "Anna, 2026-11-16 09:00:00: booked as A 12\n" in told.out
    assert "What a person ignored is to be booked on the interim account by hand.\n" in told.out


def test_a_plan_shows_what_fortnox_has_and_what_it_will_have(cli: Cli, world: World) -> None:
    cli("sync", "shop", "--quiet")
    planned = cli("plan", "shop", "--quiet", "--payout", "70001")
    assert planned.code == 0
    assert planned.out == (
        "Payout 70001 of 2026-11-13: 95.00 SEK\n"
        "  2 lines: 2 to be posted. The lines add up to Qliro's own totals.\n"
        "\n"
        "  Mapping   Reference  Invoice  Date        Account   Amount  Balance now → then"
        "  Document\n"
        "  payment   10001      1001     2026-11-13  1581       95.00       100.00 → 0.00  new\n"
        "  transfer  –          –        2026-11-13  series T   95.00                   –  new\n"
        "\n"
        "  fortnox.invoice_payment  payment-39a014fbc6d6c00d\n"
        "    ~ invoice 1001  Balance: 100.00 → 0.00\n"
        "    + InvoiceNumber: 1001\n"
        "    + PaymentDate: 2026-11-13\n"
        "    + ModeOfPaymentAccount: 1581\n"
        "    + Amount: 95.00\n"
        "    + WriteOffs  AccountNumber: 6570, Amount: 4.00\n"
        "    + WriteOffs  AccountNumber: 2641, Amount: 1.00\n"
        "    + then bookkeep\n"
        "\n"
        "  fortnox.voucher  transfer-b0dd015de334d403\n"
        "    + Description: Qliro utbetalning 2026-11-13 70001\n"
        "    + TransactionDate: 2026-11-13\n"
        "    + VoucherSeries: T\n"
        "    + Year: 2\n"
        "    + VoucherRows  Account: 1930, Debit: 95.00\n"
        "    + VoucherRows  Account: 1581, Credit: 95.00, TransactionInformation: 2 rader\n"
        "\n"
        "2 documents to post.\n"
    )
    assert effects(world)["payments_created"] == 0


def test_a_plan_tells_what_stands_in_fortnox_already_apart(cli: Cli, shop: Path) -> None:
    cli("run", "shop", "--quiet")
    for file in (shop.parent.parent / "state").glob("shop*"):
        file.unlink()
    cli("sync", "shop", "--quiet")
    told = cli("plan", "shop", "--quiet", "--no-diff")
    assert told.out.count("already there as") == 4
    assert told.out.count("already there as payment ") == 1
    assert told.out.count("already there as voucher ") == 3
    assert not [row for row in told.out.splitlines() if "as payment" in row and "–  2026" in row]
    assert told.out.endswith("Nothing to post; 4 documents there already, to be taken over.\n")


def test_orders_that_are_named_where_no_flow_handles_them_are_answered(cli: Cli) -> None:
    said = "Nothing is done about orders: of the flows that handle them none is on."
    for command in ("plan", "run"):
        told = cli(command, "shop", "--quiet", "--order", "4900001")
        assert said in told.out
        assert "No payout is open" not in told.out
    assert told.code == 3


def test_a_plan_is_applied_once_and_is_not_stale_because_of_itself(cli: Cli, world: World) -> None:
    cli("sync", "shop", "--quiet")
    cli("plan", "shop", "--quiet", "--out", "plan.json")
    assert cli("apply", "shop", "plan.json", "--quiet").out == RUN
    counted = effects(world)
    again = cli("apply", "shop", "plan.json", "--quiet")
    assert again.code == 3
    assert again.out.startswith("Posted 0 documents with 0 requests.\n")
    assert effects(world) == counted


def test_a_stale_plan_is_refused_and_what_moved_is_named(
    cli: Cli, world: World, shop: Path
) -> None:
    cli("sync", "shop", "--quiet")
    cli("plan", "shop", "--quiet", "--out", "plan.json")
    shop.write_text(shop.read_text() + "dates: {payment: transaction}\n")
    told = cli("apply", "shop", "plan.json", "--quiet")
    assert (told.code, told.out) == (1, "")
    assert told.err == (
        "The plan is stale: the settings or the mappings have changed since; "
        'payment-39a014fbc6d6c00d: PaymentDate was "2026-11-13", would be "2026-11-11". '
        "Plan again.\n"
    )
    assert effects(world)["payments_created"] == 0


def test_a_waiting_line_is_found_by_itself_once_its_invoice_is_there(
    cli: Cli, world: World
) -> None:
    cli("run", "shop", "--quiet")
    with world.lock:
        new_invoice(world, Decimal(2430), day=world.today(), reference="10002")
    ran = cli("run", "shop", "--quiet")
    assert "Lines of open payouts: 1 posted and 1 parked." in ran.out


def test_every_command_speaks_json_and_nothing_else_on_stdout(cli: Cli) -> None:
    assert cli("sync", "shop", "--json").json["answers"] == 16
    assert len(cli("plan", "shop", "--json").json["actions"]) == 4
    ran = cli("run", "shop", "--json")
    assert (ran.code, ran.json["exit_code"], ran.json["attention"]) == (3, 3, 1)
    stands = cli("status", "shop", "--json").json
    assert [one["payout"] for one in stands["payouts"]] == ["70001", "70002", "70003"]
    assert stands["payouts"][0]["states"]["posted"] == {"lines": 2, "amount": 95.0}
    assert cli("explain", "shop", "10001", "--json").json["lines"]
    assert cli("references", "shop", "--json").json["fields"][0]["percent"] == 67
    assert cli("show", "shop", "--json").json["merchant"] == "shop"
    assert cli("lint", "shop", "--json").json == {"findings": [], "changes": [], "ok": True}
    assert cli("errors", "2000663", "--json").json[0]["retry"] == "after_fix"
    resolved = cli("resolve", "shop", "10003", "--retry", "--by", "Anna", "--json").json
    assert resolved == {"line": "c171f7afd4876faf", "kind": "retry", "detail": "", "by": "Anna"}
    wrong = cli("status", "nobody", "--json")
    assert wrong.code == 2
    assert wrong.json["error"]["kind"] == "UsageError"
    assert wrong.err == ""


def test_saved_traffic_is_the_same_shop_again(cli: Cli, shop: Path) -> None:
    cli("sync", "shop", "--quiet")
    assert cli("export", "shop", "--out", "traffic.jsonl").err == "16 answers in traffic.jsonl.\n"
    assert Path("traffic.jsonl").stat().st_mode & 0o777 == 0o600
    here = cli("plan", "shop", "--json").json
    shop.with_name("copy.yaml").write_text(shop.read_text())
    synced = cli("sync", "copy", "--from", "traffic.jsonl", "--quiet")
    assert (synced.code, synced.out.splitlines()[0]) == (0, "16 answers kept and read.")
    there = cli("plan", "copy", "--json").json
    assert [one["document"] for one in there["actions"]] == [
        one["document"] for one in here["actions"]
    ]


def test_a_change_is_judged_on_what_a_merchant_has_fetched(cli: Cli, shop: Path) -> None:
    """As docs/language.md says: a copy with the change, and the history of the first."""
    cli("run", "shop", "--quiet")
    cli("sync", "shop", "--quiet")
    cli("export", "shop", "--out", "history.jsonl", "--quiet")
    text = shop.read_text("utf-8") + "state: ../other\n"
    altered = text.replace("account: 1581", "account: 1583") + "overlay: ./changed\n"
    (shop.parent / "changed").mkdir()
    (shop.parent / "changed" / "transfer.yaml").write_text(
        "version: 2\nmapping: transfer\ndocument:\n"
        '  Description: "Qliro {{ payout.payout }}"\n',
        "utf-8",
    )
    told = {}
    for name, content in {"same": text, "altered": altered}.items():
        (shop.parent / f"{name}.yaml").write_text(content, "utf-8")
        assert cli("lint", name).code == 0
        cli("sync", name, "--from", "history.jsonl", "--quiet")
        cli("sync", name, "--quiet")
        told[name] = cli("plan", name, "--quiet", "--no-diff").out
    assert told["same"].endswith("Nothing to post; 4 documents there already, to be taken over.\n")
    assert told["altered"].endswith("3 documents to post.\n")
    assert "Fortnox has payment 1 of 95.00 on account 1581" in told["altered"]


def test_a_value_that_cannot_be_worked_out_is_told_with_its_place(cli: Cli, shop: Path) -> None:
    shop.write_text(shop.read_text("utf-8") + "overlay: ./changed\n", "utf-8")
    overlay = shop.parent / "changed" / "payment.yaml"
    overlay.parent.mkdir()
    text = 'version: 2\nmapping: payment\nlet:\n  paid: "{{ line.gross / line.cost }}"\n'
    overlay.write_text(text, "utf-8")
    cli("run", "shop", "--quiet")
    assert "merchants/changed/payment.yaml:4)" in cli("status", "shop").out
    told = cli("explain", "shop", "10001").out
    assert "stopped   merchants/changed/payment.yaml:4:9\n" in told


PREAUTHORISED = {
    "OrderId": 5500001, "MerchantReference": "HATS-1001", "Currency": "SEK", "Country": "SE",
    "OrderItemActions": [], "Customer": {"FirstName": "Stig", "LastName": "HATS"},
    "PaymentTransactions": [{
        "PaymentTransactionId": 66, "Type": "Preauthorization", "Amount": 746.0,
        "Currency": "SEK", "Status": "Success", "Timestamp": "2026-11-01T09:00:00"}],
}  # fmt: skip


def test_an_export_is_what_came_whatever_the_api_key_is_called(
    cli: Cli, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QLIRO_API_KEY", "HATS")
    asked = {"request": {"method": "GET", "path": "/v2/orders/5500001"}, "status": 200}
    line = json.dumps(asked | {"at": "2026-11-01T10:00:00+00:00", "body": PREAUTHORISED})
    Path("came.jsonl").write_text(f"{line}\n", "utf-8")
    assert cli("sync", "shop", "--from", "came.jsonl").code == 0
    (told,) = cli("export", "shop").out.splitlines()
    assert json.loads(told)["body"] == PREAUTHORISED


def test_a_number_in_saved_traffic_that_cannot_be_read_is_told_once(cli: Cli, shop: Path) -> None:
    rows = [{"DocumentNumber": "8", "Total": "12,50", "Balance": 0}]
    asked = {"request": {"path": "/3/invoices"}, "at": "2026-11-01T10:00:00+00:00"}
    Path("came.jsonl").write_text(json.dumps(asked | {"body": {"Invoices": rows}}) + "\n", "utf-8")
    told = cli("sync", "shop", "--from", "came.jsonl")
    assert told.code == 3
    assert told.out.count("12,50") == 1
    assert (
        "came.jsonl, line 1: in the answer to GET /3/invoices, row 1 of Invoices has no readable "
        "Total: 12,50. What can be read of it is used"
    ) in told.out


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (b"", "state/shop.key is empty: it is the key"),
        (b"half", "state/shop.key holds 4 of the 32 bytes"),
    ],
)
def test_a_key_for_personal_numbers_that_is_none_is_refused_and_never_used(
    cli: Cli, shop: Path, held: bytes, told: str
) -> None:
    key = shop.parent.parent / "state" / "shop.key"
    key.parent.mkdir(exist_ok=True)
    key.write_bytes(held)
    for arguments in (("run", "shop"), ("sync", "shop")):
        refused = cli(*arguments)
        assert refused.code == 2
        assert told in refused.err
        assert "Restore it from a backup." in refused.err
    assert key.read_bytes() == held


def test_pseudonymised_traffic_keeps_references_and_holds_no_name(cli: Cli) -> None:
    cli("sync", "shop", "--quiet")
    plain = cli("export", "shop").out
    hidden = cli("export", "shop", "--pseudonymise").out
    assert len(plain.splitlines()) == len(hidden.splitlines()) == 16
    assert '"10003"' in plain
    assert '"10003"' in hidden
    (company,) = set(re.findall(r'"CompanyName":"([^"]+)"', plain))
    assert company not in hidden
    assert all(json.loads(line)["status"] for line in hidden.splitlines())


def test_a_parked_transfer_calls_for_a_person_in_status_as_in_run(cli: Cli, world: World) -> None:
    TROUBLES["series_not_manual"](world)
    assert cli("run", "shop", "--quiet").code == 3
    payout = max(world.batches)
    told = cli("status", "shop", "--payout", str(payout))
    assert told.code == 3
    said = f"The transfer of payout {payout} is parked: the voucher series T"
    (sentence,) = (line for line in told.out.splitlines() if line.startswith(said))
    assert sentence.endswith(".")
    assert not sentence.endswith("..")
    assert told.out.endswith(
        f"1 transfer needs a person.\n  See why:  qliro-fortnox explain shop {payout}\n"
    )
    everything = cli("status", "shop", "--json").json
    assert everything["transfers"] == [str(batch) for batch in world.batches]
    assert "1 line and 4 transfers need a person." in cli("status", "shop").out


def test_what_a_run_alone_can_tell_is_not_looked_for_in_status(cli: Cli) -> None:
    """A shop of payouts alone is asked for an order: no later command knows of that."""
    told = cli("run", "shop", "--quiet", "--order", "10001")
    assert told.code == 3
    assert told.out.startswith("Nothing is done about orders: ")
    assert told.out.endswith("\n1 item needs a person, as told above.\n")
    assert "qliro-fortnox status" not in told.out


def test_what_cannot_be_decided_is_not_offered(cli: Cli, world: World) -> None:
    TROUBLES["payout_total_disagrees"](world)
    cli("run", "shop", "--quiet")
    payout = max(world.batches)
    alone = cli("status", "shop", "--payout", str(payout)).out
    assert alone.endswith(
        f"2 lines need a person.\n  See why:  qliro-fortnox explain shop {payout}\n"
    )
    # Beside it a line that can be decided is offered first.
    assert "Decide:   qliro-fortnox resolve shop 10003 " in cli("status", "shop").out


def test_the_text_of_a_voucher_names_the_same_reference_as_the_line_that_it_books(
    cli: Cli, shop: Path, world: World
) -> None:
    TROUBLES["chargeback"](world)
    cli("run", "shop", "--quiet")
    shop.with_name("other.yaml").write_text(shop.read_text())
    cli("sync", "other", "--quiet")
    (dispute,) = [one for one in world.vouchers.values() if one.key.series == "D"]
    reference = dispute.description.split()[2]
    assert reference.isdecimal()
    hidden = cli("export", "other", "--pseudonymise").out
    assert f'"Description":"{dispute.description}"' in hidden
    assert f'"MerchantOrderReference":"{reference}"' in hidden
