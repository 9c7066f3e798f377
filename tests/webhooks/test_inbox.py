"""The inbox between the receiver and a sync: what was answered is drained once, whatever fails."""

from __future__ import annotations

import errno
import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.extract import pushes
from engine.extract.pushes import drain
from engine.store.database import Store, in_memory
from engine.webhooks import inbox as inboxes
from engine.webhooks.inbox import Inbox, segments
from engine.webhooks.push import Push, line_of

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def line(order: int) -> bytes:
    return line_of(Push(NOW, "order-management", order, "Success", "Capture", 7, "2026-11-22"))


def drained(store: Store) -> list[int]:
    return [row["OrderId"] for row in store.rows("SELECT OrderId FROM raw.push ORDER BY seq")]


@pytest.fixture
def store() -> Store:
    return in_memory()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "shop.inbox"


def test_a_push_is_drained_once_with_all_that_is_kept_of_it(store: Store, folder: Path) -> None:
    Inbox(folder).add([line(1), line(2)])
    for _ in range(2):
        assert drain(store, folder).findings == []
    assert drained(store) == [1, 2]
    row = store.rows("SELECT * EXCLUDE (seq) FROM raw.push LIMIT 1")[0]
    assert row == {
        "received_at": NOW,
        "kind": "order-management",
        "OrderId": 1,
        "Status": "Success",
        "PaymentType": "Capture",
        "PaymentTransactionId": 7,
        "Timestamp": "2026-11-22",
    }


def test_without_an_inbox_there_is_nothing_to_drain(store: Store, folder: Path) -> None:
    assert drain(store, folder).findings == []
    assert not folder.exists()


def test_the_inbox_is_its_owners_alone(folder: Path) -> None:
    Inbox(folder).add([line(1)])
    modes = [path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())]
    assert modes == [0o700, 0o600]


def test_a_segment_under_way_is_drained_and_stays_and_one_that_is_given_up_goes(
    store: Store, folder: Path
) -> None:
    inbox = Inbox(folder)
    inbox.add([line(1)])
    drain(store, folder)
    inbox.add([line(2)])
    assert len(segments(folder)) == 1
    inbox.close()
    drain(store, folder)
    assert (drained(store), segments(folder)) == ([1, 2], [])
    assert store.rows("SELECT * FROM raw.inbox") == []


def test_half_a_line_of_a_crash_was_not_answered_and_is_dropped(
    store: Store, folder: Path
) -> None:
    inbox = Inbox(folder)
    inbox.add([line(1), line(2)[:20]])
    drain(store, folder)
    assert len(segments(folder)) == 1
    inbox.close()  # as the kernel does for a process that is killed
    assert drain(store, folder).findings == []
    assert (drained(store), segments(folder)) == ([1], [])


def test_half_a_line_that_is_finished_later_is_read_whole(store: Store, folder: Path) -> None:
    inbox = Inbox(folder)
    inbox.add([line(1), line(2)[:20]])
    drain(store, folder)
    inbox.add([line(2)[20:]])
    drain(store, folder)
    assert drained(store) == [1, 2]


def test_a_crash_before_the_commit_loses_nothing(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Inbox(folder).add([line(1)])
    append = store.append

    def full(table: str, *rest: Any) -> None:
        if table == "raw.push":
            raise OSError("the disk is full")
        append(table, *rest)

    monkeypatch.setattr(store, "append", full)
    with pytest.raises(OSError, match="full"):
        drain(store, folder)
    monkeypatch.undo()
    drain(store, folder)
    assert drained(store) == [1]


def test_a_crash_after_the_commit_doubles_nothing(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = Inbox(folder)
    inbox.add([line(1)])
    inbox.close()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(pushes, "remove_finished", killed)
    with pytest.raises(KeyboardInterrupt):
        drain(store, folder)
    monkeypatch.undo()
    assert segments(folder)
    drain(store, folder)
    assert (drained(store), segments(folder)) == ([1], [])


def test_a_damaged_line_is_told_of_and_the_others_are_read(store: Store, folder: Path) -> None:
    Inbox(folder).add([line(1), b"\0\0\0\n", line(2)])
    told = drain(store, folder).findings
    assert [one.code for one in told] == ["push-damaged"]
    assert drained(store) == [1, 2]
    assert drain(store, folder).findings == []


def test_a_full_segment_is_given_up_for_a_new_one(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inboxes, "LARGEST_SEGMENT", 1)
    inbox = Inbox(folder)
    for order in (1, 2, 3):
        inbox.add([line(order)])
    assert len(segments(folder)) == 3
    drain(store, folder)
    assert (sorted(drained(store)), segments(folder)) == ([1, 2, 3], [])


def test_what_the_disk_did_not_take_is_an_error_and_the_next_push_gets_a_new_segment(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = Inbox(folder)
    inbox.add([line(1)])

    def broken(_file: int) -> None:
        raise OSError("input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="input/output"):
        inbox.add([line(2)])
    monkeypatch.undo()
    inbox.add([line(3)])
    assert len(segments(folder)) == 2
    drain(store, folder)
    assert {1, 3} <= {*drained(store)}


def test_a_full_disk_leaves_no_segment_for_each_push_that_it_did_not_take(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = Inbox(folder)
    inbox.add([line(1)])
    write, room = os.write, [10]

    def full(file: int, rest: bytes) -> int:
        if not room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, rest[: room.pop()])

    monkeypatch.setattr(os, "write", full)
    for _ in range(5):
        with pytest.raises(OSError, match="No space"):
            inbox.add([line(2)])
    monkeypatch.undo()
    assert len(segments(folder)) == 2  # what follows half a line begins anew, once
    inbox.add([line(3)])
    assert drain(store, folder).findings == []
    assert sorted(drained(store)) == [1, 3]


def test_a_segment_that_somebody_removed_is_made_anew(store: Store, folder: Path) -> None:
    inbox = Inbox(folder)
    inbox.add([line(1)])
    for name in segments(folder):
        (folder / name).unlink()
    folder.rmdir()
    inbox.add([line(2)])
    drain(store, folder)
    assert drained(store) == [2]


def test_a_receiver_and_syncs_at_the_same_time_neither_lose_nor_double(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inboxes, "LARGEST_SEGMENT", 400)
    monkeypatch.setattr(os, "fsync", lambda _file: None)  # it is the files' coming and going
    count = 400

    def receive() -> None:
        inbox = Inbox(folder)
        for order in range(1, count + 1):
            inbox.add([line(order)])
            if order % 7 == 0:
                inbox.close()
        inbox.close()

    thread = threading.Thread(target=receive)
    thread.start()
    while thread.is_alive():
        drain(store, folder)
    drain(store, folder)
    assert sorted(drained(store)) == list(range(1, count + 1))
    assert segments(folder) == []


def test_of_a_merchant_that_is_backed_up_pushes_stay_until_a_backup_holds_them(
    store: Store, folder: Path
) -> None:
    mark = folder.with_suffix(".backed-up")
    mark.write_text('{"taken_at": "2026-11-22T11:00:00+00:00", "inbox": {}}')
    receiver = Inbox(folder)
    receiver.add([line(1), line(2)])
    receiver.close()
    for _ in range(2):
        drain(store, folder)
    (kept,) = segments(folder)
    assert drained(store) == [1, 2]  # once, though they are still there
    size = (folder / kept).stat().st_size
    mark.write_text(json.dumps({"taken_at": NOW.isoformat(), "inbox": {kept: size}}))
    drain(store, folder)
    assert segments(folder) == []


def test_where_it_cannot_be_told_how_far_the_backup_goes_nothing_is_removed(
    store: Store, folder: Path
) -> None:
    folder.with_suffix(".backed-up").write_text("{")
    receiver = Inbox(folder)
    receiver.add([line(1)])
    receiver.close()
    drain(store, folder)
    assert len(segments(folder)) == 1
    assert drained(store) == [1]
