"""What was posted keeps under which release of the set, and which overlay, it was made."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path

from shop import Shop

from engine.home import HOME
from engine.language.texts import texts_of
from engine.plan.made_under import Rules, record_rules, rules_of, rules_of_action
from engine.report.explain import explain
from engine.sandbox.history import new_sale, settle
from engine.show.explanation import page
from engine.show.page import Text
from engine.store.database import in_memory

OpenShop = Callable[..., Shop]


OVER = """\
mapping: payment
let:
  asked_for: "{{ line.BatchDate }}"
"""


def version() -> str:
    """The line of a file that says which version of the language it is in."""
    text = next((HOME / "mappings" / "qliro-fortnox").rglob("payment.yaml")).read_text("utf-8")
    return next(line for line in text.splitlines() if line.startswith("version:"))


def rules(opened: Shop, amount: str) -> Rules:
    """The rules of the payment of this amount."""
    (row,) = opened.store.rows(
        "SELECT action FROM ledger.intent WHERE mapping = 'payment' "
        "AND json_extract_string(document, '$.Amount')::DECIMAL(18, 2) = ?",
        [Decimal(amount)],
    )
    kept = rules_of_action(opened.store, row["action"])
    assert kept is not None
    return kept[1]


def test_a_set_is_known_by_its_release_and_its_texts_and_the_overlay_by_its_own() -> None:
    about = {"set.yaml": "version: 2\nset: hats\nrelease: 2026.12\n"}
    mapping = {"payouts/payment.yaml": "mapping: payment\n"}
    over = {"overlay:payment.yaml": "mapping: payment\ndocument: {}\n"}
    alone, laid = rules_of(about | mapping), rules_of(about | mapping | over)
    assert (alone.mapping_set, alone.release) == ("hats", "2026.12")
    assert alone.overlay_digest is None
    assert laid.set_digest == alone.set_digest, "the set is the same with an overlay over it"
    assert laid.overlay_digest is not None
    other = rules_of(about | {"payouts/payment.yaml": "mapping: payment\nthen: []\n"} | over)
    assert other.set_digest != laid.set_digest
    assert other.overlay_digest == laid.overlay_digest


def test_a_release_is_kept_as_it_is_written() -> None:
    assert rules_of({"set.yaml": "set: hats\nrelease: 2026.10\n"}).release == "2026.10"
    assert rules_of({"payment.yaml": "mapping: payment\n"}).release is None


def test_each_payment_keeps_the_rules_that_it_was_made_by(shop: OpenShop, tmp_path: Path) -> None:
    opened = shop()
    sold, later = (new_sale(opened.world, Decimal(amount)) for amount in ("100.00", "200.00"))
    settle(opened.world, [sold.line])
    opened.run()
    over = tmp_path / "over"
    over.mkdir()
    (over / "payment.yaml").write_text(f"{version()}\n{OVER}")
    opened.settings({"overlay": str(over)})
    opened.later(days=1)
    settle(opened.world, [later.line])
    opened.run()
    first, second = rules(opened, "100.00"), rules(opened, "200.00")
    assert (first.overlay_digest, first.set_digest) == (None, second.set_digest)
    assert second.overlay_digest is not None


def test_a_run_that_posts_nothing_notes_nothing(shop: OpenShop) -> None:
    opened = shop()
    settle(opened.world, [new_sale(opened.world, Decimal("100.00")).line])
    opened.run()
    noted = opened.store.value("SELECT count(*) FROM ledger.made_under")
    opened.run()
    assert noted == 1
    assert opened.store.value("SELECT count(*) FROM ledger.made_under") == 1


def test_a_run_notes_its_rules_once_however_often_it_plans() -> None:
    store, files = in_memory(), {"payment.yaml": "mapping: payment\n"}
    now = store.value("SELECT now()")
    for _ in range(3):
        record_rules(store, "run-1", now, "digest", files)
    assert store.value("SELECT count(*) FROM ledger.made_under") == 1


def test_explain_says_under_which_rules_a_payment_was_made(shop: OpenShop) -> None:
    opened = shop()
    settle(opened.world, [new_sale(opened.world, Decimal("100.00")).line])
    opened.run()
    kept = rules(opened, "100.00")
    (line,) = opened.lines()
    told = explained(opened, line["line"])
    assert f"under     {release(kept)}({kept.set_digest[:10]})" in told
    with_overlay = replace(kept, release="2026.12", mapping_set="hats", overlay_digest="f" * 64)
    opened.store.execute("DELETE FROM ledger.made_under")
    columns = ["run", "noted_at", "digest", *asdict(with_overlay)]
    row = (run_of(opened), opened.clock.now(), "x", *asdict(with_overlay).values())
    opened.store.append("ledger.made_under", [row], columns)
    told = explained(opened, line["line"])
    digest = kept.set_digest[:10]
    assert f"under     release 2026.12 of hats ({digest}), overlay ffffffffff" in told


def test_explain_says_so_of_what_an_earlier_version_made(shop: OpenShop) -> None:
    opened = shop()
    settle(opened.world, [new_sale(opened.world, Decimal("100.00")).line])
    opened.run()
    opened.store.execute("DROP TABLE ledger.made_under")
    (line,) = opened.lines()
    told = explained(opened, line["line"])
    assert "under     rules of an earlier version of the program, which kept no release" in told


def explained(opened: Shop, ref: str) -> str:
    """What `explain` tells, line by line."""
    parts = page(explain(opened.store, ref))
    return "\n".join(part.text for part in parts if isinstance(part, Text))


def release(kept: Rules) -> str:
    named = f"release {kept.release} of " if kept.release else ""
    return f"{named}{kept.mapping_set or 'the set'} "


def run_of(opened: Shop) -> str:
    run = opened.store.value("SELECT any_value(run) FROM ledger.intent WHERE mapping = 'payment'")
    return str(run)


def posted_then(shop: OpenShop, tmp_path: Path, **then: str) -> str:
    """What `explain` tells of a payment, once the set that made it has been edited."""
    folder = tmp_path / "ours"
    shutil.copytree(HOME / "mappings" / "qliro-fortnox", folder)
    opened = shop(mapping_set=str(folder))
    settle(opened.world, [new_sale(opened.world, Decimal("100.00")).line])
    opened.run()
    for name, text in then.items():
        path = next(folder.rglob(f"{name}.yaml"))
        old, _, new = text.partition(" => ")
        assert old in path.read_text("utf-8")
        path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    (line,) = opened.lines()
    told = explain(opened.store, line["line"], files=texts_of(folder, None))
    return "\n".join(part.text for part in page(told) if isinstance(part, Text))


def test_a_comment_or_another_mapping_is_no_change_of_the_rule(
    shop: OpenShop, tmp_path: Path
) -> None:
    told = posted_then(
        shop,
        tmp_path,
        payment="mapping: payment => mapping: payment   # how a line pays",
        dispute="target:  => target:   ",
    )
    assert "; the rule is the same now" in told


def test_explain_names_what_of_the_rule_has_changed_since(shop: OpenShop, tmp_path: Path) -> None:
    told = posted_then(
        shop,
        tmp_path,
        payment="  Amount:  => # shown\n  Amount: 5 # ",
        signs="hit: first => hit: unique",
    )
    assert "; changed since: document.Amount, table signs: hit" in told


def test_explain_says_when_the_mapping_is_no_more(shop: OpenShop, tmp_path: Path) -> None:
    told = posted_then(shop, tmp_path, payment="mapping: payment => mapping: settlement")
    assert "; changed since: the set has no such mapping any more" in told


def test_explain_says_when_the_files_of_now_can_not_be_read(shop: OpenShop, tmp_path: Path) -> None:
    told = posted_then(shop, tmp_path, payment="mapping: payment => mapping: [payment")
    assert "; changed since: what stands in the files now can't be read; lint says why" in told
