"""Whatever the fees of a line: its payment adds up to the line, the vouchers balance."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.language.program import Program

from .test_render import compiled, fee, inputs, line, payout

MODES: dict[str, Program] = {
    mode: compiled(fees={"mode": mode}, unknown_payment_method="default")
    for mode in ("write_off", "voucher", "none")
}
ORE = st.decimals(min_value=-5, max_value=5, places=2)
NET = st.none() | st.decimals(min_value=-5, max_value=5, places=4)
RATE = st.sampled_from([None, "0", "6", "12", "25", "2500"])
FX = st.none() | st.decimals(min_value="0.0001", max_value=20, places=8)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    mode=st.sampled_from([*MODES]),
    amount=st.decimals(min_value="20.01", max_value=900, places=2),
    refund=st.booleans(),
    told=st.lists(st.tuples(ORE, NET, RATE), max_size=4),
    rate=FX,
)
def test_amount_and_write_offs_are_the_line_and_debit_is_credit(
    mode: str, amount: Decimal, refund: bool, told: list[Any], rate: Decimal | None
) -> None:
    program = MODES[mode]
    money = {"CurrencyCode": "SEK"} if rate is None else {"CurrencyCode": "EUR", "FxRate": rate}
    main = line(program, Amount=amount, Action="Credit" if refund else "Debit", **money)
    fees = [
        fee(program, line=f"F{n}", Amount=cost, AmountExcludingVat=net, **money,
            VatRate=None if vat is None else Decimal(vat), PaymentTransactionId=9)
        for n, (cost, net, vat) in enumerate(told)
    ]  # fmt: skip
    for one in fees:
        assert one["net"] + one["vat"] == one["cost"] == one["Amount"]
        assert one["net"] == round(one["net"], 2)
        assert one["net_value"] + one["vat_value"] == -one["value"]
    fees = [one for one in fees if one["doubt"] is None]
    rendered = program.mappings["payment"].render(inputs(main, *fees))
    document = rendered.document
    assert document is not None, rendered.failures
    off = sum((row["Amount"] for row in document["WriteOffs"]), Decimal(0))
    booked = fees if mode == "write_off" and rendered.covers != ["L1"] else []
    if rate is None:
        assert document["Amount"] + off == main["gross"]
    else:
        assert document["AmountCurrency"] + off == main["gross"]
        assert document["Amount"] == main["value"] + sum(one["value"] for one in booked)
    moved = [main, *fees]
    for name, rows in (("transfer", moved), ("fees", fees)):
        voucher = program.mappings[name].render(payout(*rows, **{name: rows})).document
        if voucher is not None:
            assert sum(row["Debit"] for row in voucher["VoucherRows"]) == sum(
                row["Credit"] for row in voucher["VoucherRows"]
            )
