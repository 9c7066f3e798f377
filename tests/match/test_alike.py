"""A column that holds one text in all rows is asked once, and every verdict stays what it was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.match import candidates
from engine.match.candidates import Query, Requirement, Step, find
from engine.store.database import Store, in_memory

SAME = 'i."Currency" IS NOT DISTINCT FROM l."CurrencyCode"'
FITS = 'NOT (i."Currency" = \'NOK\' AND l."CurrencyCode" = i."Currency")'
# What reads like a column or ends a text is a text as any other.
CURRENCY = st.sampled_from(["SEK", "SEK", "NOK", 'i."Currency"', "S'K", "", None])
QUERY = Query(
    documents="documents",
    key="DocumentNumber",
    steps=(Step("reference", "Reference", ('l."key"',)),),
    require=tuple(Requirement(that, "skip", lambda line, it: "") for that in (SAME, FITS)),
    balance='i."Balance"',
    amount='l."gross"',
    order=(),
)


def _verdicts(store: Store) -> list[tuple[object, ...]]:
    find(store, QUERY)
    rows = store.rows("SELECT line, document, verdict, exact FROM candidate ORDER BY ALL")
    return [tuple(row.values()) for row in rows]


def _filled(lines: list[str | None], documents: list[str | None]) -> Store:
    store = in_memory()
    store.execute(
        "CREATE TEMP TABLE demand (line VARCHAR, key VARCHAR, gross DECIMAL(18, 2), "
        '"CurrencyCode" VARCHAR)'
    )
    store.execute(
        'CREATE TEMP TABLE documents ("DocumentNumber" VARCHAR, "Reference" VARCHAR, '
        '"Balance" DECIMAL(18, 2), "Currency" VARCHAR)'
    )
    for number, currency in enumerate(lines):
        store.execute("INSERT INTO demand VALUES (?, 'A', 100, ?)", [str(number), currency])
    for number, currency in enumerate(documents):
        store.execute("INSERT INTO documents VALUES (?, 'A', 100, ?)", [str(number), currency])
    return store


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    lines=st.lists(CURRENCY, min_size=1, max_size=3),
    documents=st.lists(CURRENCY, min_size=1, max_size=3),
)
def test_every_verdict_is_the_same_as_asked_pair_by_pair(
    lines: list[str | None], documents: list[str | None]
) -> None:
    store = _filled(lines, documents)
    pairs = [
        (line, document, 1 if mine != its else 2 if mine == "NOK" else 0, True)
        for line, mine in enumerate(lines)
        for document, its in enumerate(documents)
    ]
    assert _verdicts(store) == pairs


@pytest.mark.parametrize(
    ("lines", "documents", "alike"),
    [
        (["SEK", "SEK"], ["SEK"], {'l."CurrencyCode"': "'SEK'", 'i."Currency"': "'SEK'"}),
        (["SEK", "NOK"], ["SEK"], {'i."Currency"': "'SEK'"}),
        (["SEK", None], ["S'K"], {'i."Currency"': "'S''K'"}),
        ([None], [None, None], {}),
    ],
)
def test_what_all_rows_hold_is_put_as_its_text(
    lines: list[str | None], documents: list[str | None], alike: dict[str, str]
) -> None:
    store = _filled(lines, documents)
    _verdicts(store)
    assert candidates._alike(store, QUERY) == alike
