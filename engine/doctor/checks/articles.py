"""The articles: of return fees and refunds by amount, of shipping and fees, in Fortnox and active.

Asks Fortnox for each; what references shipping and fees have is read from earlier orders.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import Place
from ..context import Context
from ..oss_gaps import newest_lines
from ..result import Result, error, in_fortnox, ok, warning

MENU = in_fortnox("Register", "Artiklar")
# Kinds of line that are no goods, which nobody has in stock.
KINDS = ("shipping", "fee")
MOST = 20


def run(context: Context) -> Iterator[Result]:
    if not context.on("orders", "invoices", "refunds"):
        yield ok("No flow is on that writes documents, so no articles are needed.")
        return
    results = [*_refunds(context), *_fixed(context), *_sold(context)]
    yield from results
    if not results:
        yield ok("The articles that documents need are in Fortnox, and active.")


def _refunds(context: Context) -> Iterator[Result]:
    for key, use in (
        ("fee_article", "a return fee that the buyer pays"),
        ("discrepancy_article", "a refund by amount alone"),
    ):
        if context.on("refunds"):
            number = context.settings["refunds"][key]
            place = context.place("refunds", key)
            yield from _there(context, number, f"refunds.{key}", use, place)


def _fixed(context: Context) -> Iterator[Result]:
    """Those that the file gives a kind of line; a flow that makes articles makes them too."""
    if context.settings["articles"]["create"] and context.on("orders"):
        return
    for index, row in enumerate(context.settings["articles"]["fixed"]):
        kind = row.get("kind") or "any"
        use = f"a line of kind {' or '.join(kind) if isinstance(kind, list) else kind}"
        place = context.place("articles", "fixed", index, "article")
        yield from _there(context, row["article"], f"articles.fixed[{index}]", use, place)


def _there(context: Context, number: str, key: str, use: str, place: Place) -> Iterator[Result]:
    article = context.document("/3/articles", number)
    if article and article.get("Active") is not False:
        return
    yield error(
        f"The article {number} ({key}), for {use}, is "
        f"{'not active' if article else 'not'} in Fortnox.",
        "A document that needs it is refused or parked.",
        f"{'Make it active' if article else f'Add the article {number}'}, or name another in "
        f"{key}.",
        f"{MENU}; {place}",
    )


def _sold(context: Context) -> Iterator[Result]:
    """Shipping and fees of earlier orders whose article Fortnox does not have."""
    articles = context.settings["articles"]
    if not context.on("orders") or articles["create"]:
        return
    wanted: dict[str, str] = {}
    _, program = context.mappings
    if context.state is not None:
        for one in newest_lines(program, context.state):
            if one.get("kind") in KINDS and one.get("article"):
                wanted.setdefault(one["article"], one["kind"])
    fixed = {row["article"] for row in articles["fixed"]}
    missing = [
        number
        for number in list(wanted)[:MOST]
        if number not in fixed and not context.document("/3/articles", number)
    ]
    if missing:
        yield warning(
            f"Lines of {' and '.join(sorted({wanted[one] for one in missing}))} in earlier orders "
            f"have articles that are not in Fortnox: {', '.join(missing)}.",
            "An order with such a line waits until the article is there.",
            "Add them, give their kind one article in articles.fixed, or let articles.create make "
            "them.",
            f"{MENU}; {context.place('articles', 'create')}",
        )
