"""SIE 4 files are read whole: what was written comes back, and what is odd is named."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sandbox.fortnox.company import empty_world
from engine.sandbox.fortnox.sie import sie_file
from engine.sandbox.world.world import Account, Voucher, VoucherKey, VoucherRow, World
from engine.sie.file import Row, SieFile, Year
from engine.sie.file import Voucher as Read
from engine.sie.read import read_sie

HEAD = "#FLAGGA 0\n#SIETYP 4\n#FORMAT PC8\n#RAR 0 20260101 20261231\n"
# What a field may hold: what code page 437 has, without what ends a line. A backslash at the end
# can't be told from one that is before a quote.
LETTERS = "".join(
    c for c in bytes(range(32, 256)).decode("cp437") if c.isprintable() or c in " \u00a0"
)
TEXTS = st.text(LETTERS, max_size=12).filter(lambda text: not text.endswith("\\"))
AMOUNTS = st.decimals(
    min_value=Decimal("-99999999.99"), max_value=Decimal("99999999.99"), places=2
).filter(bool)
ROWS = st.builds(
    lambda account, amount, text, centre, project: VoucherRow(
        account, max(amount, Decimal(0)), max(-amount, Decimal(0)), text, centre, project
    ),
    st.sampled_from([1510, 1580, 1930, 2641, 3001]),
    AMOUNTS,
    TEXTS,
    TEXTS,
    TEXTS,
)
YEAR = 2


@st.composite
def vouchers(draw: st.DrawFn) -> list[Voucher]:
    found = []
    for number in range(1, draw(st.integers(0, 4)) + 1):
        rows = tuple(draw(st.lists(ROWS, max_size=4)))
        added = rows[-1:] if draw(st.booleans()) else ()
        struck = tuple(draw(st.lists(ROWS, max_size=2))) if added else ()
        day = draw(st.dates(date(2026, 1, 1), date(2026, 12, 31)))
        key = VoucherKey(draw(st.sampled_from(["A", "Ö", "Q1"])), number, YEAR)
        world = empty_world()
        found.append(
            Voucher(key, draw(TEXTS), day, rows, world.now(), struck=struck, added=added)
        )
    return found


def written(made: list[Voucher], *, encoding: str, quotes: bool, name: str) -> SieFile:
    """The books with these vouchers, through a file."""
    world: World = empty_world()
    world.accounts[1580] = Account(1580, name)
    world.cost_centers = {name: name}
    world.vouchers = {one.key: one for one in made}
    world.company.sie_encoding = encoding  # type: ignore[assignment]
    world.company.sie_quotes = quotes
    return read_sie(sie_file(world, world.years[YEAR]))


Told = tuple[str, str, Decimal, str, tuple[tuple[str, str], ...]]


def rows_of(voucher: Voucher) -> list[Told]:
    """The rows as a reader must find them: what counts, then what was struck."""

    def row(kind: str, one: VoucherRow) -> Told:
        objects = tuple(
            (number, code) for number, code in (("1", one.cost_center), ("6", one.project)) if code
        )
        return kind, str(one.account), one.debit - one.credit, one.text, objects

    found = []
    added = list(voucher.added)
    for one in voucher.rows:
        if one in added:
            added.remove(one)
            found.append(row("RTRANS", one))
        found.append(row("TRANS", one))
    return found + [row("BTRANS", one) for one in voucher.struck]


@settings(max_examples=150, deadline=None)
@given(vouchers(), st.sampled_from(["cp437", "utf-8"]), st.booleans(), TEXTS)
def test_what_was_written_is_read_again(
    made: list[Voucher], encoding: str, quotes: bool, name: str
) -> None:
    file = written(made, encoding=encoding, quotes=quotes, name=name)
    assert [one for one in file.problems if "does not balance" not in one.text] == []
    assert next(one.name for one in file.accounts if one.number == "1580") == name
    assert [(one.code, one.name) for one in file.objects] == [(name, name)]
    read = {(one.series, one.number): one for one in file.vouchers}
    assert len(read) == len(made)
    for one in made:
        found = read[one.key.series, str(one.key.number)]
        assert (found.text, found.day) == (one.description, one.day)
        assert [
            (row.kind, row.account, row.amount, row.text, row.objects) for row in found.rows
        ] == rows_of(one)
        counted = sum((row.debit - row.credit for row in one.rows), Decimal(0))
        assert found.off == counted


@settings(max_examples=50, deadline=None)
@given(vouchers())
def test_opening_balance_and_rows_are_the_closing_balance(made: list[Voucher]) -> None:
    file = written(made, encoding="cp437", quotes=False, name="Kundfordran")
    for account in ("1510", "1580", "1930", "2641"):
        rows = sum((one.on(account) for one in file.vouchers), Decimal(0))
        assert file.balance("UB", account) == file.balance("IB", account) + rows


def one_voucher(*rows: str) -> Read:
    """A file with one voucher of these rows."""
    lines = "\n".join(['#VER A 1 20260215 "Text"', "{", *rows, "}"])
    (found,) = read_sie(f"{HEAD}{lines}\n".encode()).vouchers
    return found


def test_a_correction_counts_once() -> None:
    voucher = one_voucher(
        '#TRANS 1930 {} 100.00', '#BTRANS 3001 {} -90.00 "" "" "" "Anna"',
        '#RTRANS 3001 {} -100.00 20260216 "" 0 "Anna"', '#TRANS 3001 {} -100.00',
    )  # fmt: skip
    assert voucher.by_account() == {"1930": Decimal(100), "3001": Decimal(-100)}
    assert voucher.off == 0
    assert [row.sign for row in voucher.struck + voucher.added] == ["Anna", "Anna"]


def test_an_added_row_that_no_row_repeats_counts_itself() -> None:
    voucher = one_voucher("#RTRANS 1930 {} 100", "#RTRANS 3001 {} -100", "#TRANS 3001 {} -100")
    assert voucher.off == 0


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("#TRANS 1930 {} 1.5", Row("TRANS", "1930", Decimal("1.5"))),
        ("\t#TRANS\t1930\t{}\t-.5\t", Row("TRANS", "1930", Decimal("-0.5"))),
        ('#TRANS "1930" { "1" "1"} "2"', Row("TRANS", "1930", Decimal(2), (("1", "1"),))),
        (
            "#TRANS 1930{1 Nord 6 P7}2.",
            Row("TRANS", "1930", Decimal(2), (("1", "Nord"), ("6", "P7"))),
        ),
        (
            r'#TRANS 1930 {} 2 20260216 "sa \"hej\"" 3 "Bo E"',
            Row("TRANS", "1930", Decimal(2), (), date(2026, 2, 16), 'sa "hej"', Decimal(3), "Bo E"),
        ),
        ('#TRANS 1930 2 "" "utan klamrar"', Row("TRANS", "1930", Decimal(2), text="utan klamrar")),
        ("#TRANS FEL {} 2", Row("TRANS", "FEL", Decimal(2))),
        (
            '#TRANS 1930 {} 2 "" "C:\\" "" "x"',
            Row("TRANS", "1930", Decimal(2), text="C:\\", sign="x"),
        ),
        (
            '#TRANS 1930 {} 2 "" "t" 0 "s" "mer" 7',
            Row("TRANS", "1930", Decimal(2), text="t", quantity=Decimal(0), sign="s"),
        ),
    ],
)  # fmt: skip
def test_rows_as_programs_write_them(row: str, expected: Row) -> None:
    assert one_voucher(row).rows == (expected,)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("#TRANS 1930 {} 12,50", "'12,50' is no amount"),
        ("#TRANS 1930 {} +5", "'+5' is no amount"),
        ("#TRANS 1930 {1} 5", "no list of pairs"),
        ("#TRANS 1930 {1 2 5", "has no end"),
        ("#TRANS 1930 {} 5 20260230", "'20260230' is no day"),
    ],
)
def test_a_voucher_with_a_row_that_cannot_be_read_is_left_out_by_name(row: str, words: str) -> None:
    file = read_sie(
        f'{HEAD}#VER A 1 20260215 "Text"\n{{\n{row}\n#TRANS 3001 {{}} -5\n}}\n'
        f'#VER A 2 20260215 "Rest"\n{{\n}}\n'.encode()
    )
    assert [one.number for one in file.vouchers] == ["2"]
    assert words in file.problems[0].text
    assert file.problems[0].line == 7
    assert file.problems[1].text == "voucher A 1 is left out: a row of it can't be read"


def test_a_voucher_that_does_not_balance_is_named_and_kept() -> None:
    file = read_sie(f"{HEAD}#VER A 1 20260215\n{{\n#TRANS 1930 {{}} 2\n}}\n".encode())
    assert len(file.vouchers) == 1
    assert file.problems[0].text == (
        "voucher A 1 does not balance: debit exceeds credit by 2"
    )


def test_a_voucher_whose_day_is_none_is_named_once_and_its_rows_with_it() -> None:
    file = read_sie(
        f"{HEAD}#VER A 1 2026\n{{\n#TRANS 1930 {{}} 2\n}}\n#VER A 2 20260101\n{{\n}}\n".encode()
    )
    (problem,) = file.problems
    assert problem.text == "#VER: '2026' is no day; one is written 20261231"
    assert [one.number for one in file.vouchers] == ["2"]


def test_a_voucher_may_lack_number_series_text_and_rows() -> None:
    (voucher,) = read_sie(f'{HEAD}#VER "" "" 20260215\n{{\n}}\n'.encode()).vouchers
    assert voucher.name == "without a number, line 5"


def test_years_balances_of_objects_and_months_are_told_apart() -> None:
    file = read_sie(
        f"{HEAD}#RAR -1 20250101 20251231\n#KTYP 1580 T\n#SRU 1580 7251\n#SRU 1580 7252\n"
        '#IB 0 1580 10\n#IB -1 1580 3\n#OIB 0 1580 {1 "N"} 4 2\n#PSALDO 0 202601 1580 {} 7\n'
        "#DIM 1 Kostnadsställe\n#UNDERDIM 21 Kontor 1\n#VALUTA EUR\n#HITTEPÅ 1 2\n".encode()
    )
    assert file.year(-1) == Year(-1, date(2025, 1, 1), date(2025, 12, 31))
    assert file.balance("IB", "1580") == 10
    assert file.balance("IB", "1580", -1) == 3
    assert [(one.kind, one.month, one.objects) for one in file.balances][2:] == [
        ("OIB", "", (("1", "N"),)), ("PSALDO", "202601", ()),
    ]  # fmt: skip
    (account,) = file.accounts
    assert (account.kind, account.tax_codes) == ("T", ("7251", "7252"))
    assert [one.above for one in file.dimensions] == ["", "1"]
    assert file.currency == "EUR"
    assert ("HITTEPÅ", ("1", "2")) in file.others


def test_what_is_no_sie_file_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="none of the items of a SIE file"):
        read_sie(b"<html>Not found</html>")
