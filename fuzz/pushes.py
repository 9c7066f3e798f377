"""Pushes that anybody may send, and inboxes that something happened to: each is kept, refused, or
told to be damaged, and what is kept can be drained."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import few_rows

from engine.extract.pushes import drain
from engine.webhooks.inbox import SUFFIX
from engine.webhooks.push import ADDRESSES, line_of, read_line, read_push
from fuzz.values import spoiled

PUSH = {
    "OrderId": 4711, "Status": "Success", "PaymentType": "Capture", "PaymentTransactionId": 31,
    "Timestamp": "2026-11-12T09:30:00", "NotificationType": "UpsellStatus", "Sign": "A",
}  # fmt: skip
NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)


def play(chance: Random, folder: Path) -> str:
    """A body through the reader and back, or an inbox of lines through a drain."""
    bodies = [json.dumps(spoiled(chance, PUSH)).encode() for _ in range(4)]
    lines = []
    for body in bodies:
        content = bytearray(body)
        if chance.random() < 0.3:
            content[chance.randrange(len(content))] = chance.randrange(256)
        try:
            push = read_push(bytes(content), chance.choice(ADDRESSES), NOW)
        except ValueError as refused:
            assert str(refused) in ("not JSON with an OrderId", "no OrderId")
            continue
        assert read_line(line_of(push)) == push
        lines.append(line_of(push))
    damaged = 0
    for number, line in enumerate(lines):
        if chance.random() < 0.3:
            content = bytearray(line[:-1])
            for _ in range(chance.randint(1, 4)):
                content[chance.randrange(len(content))] = chance.choice(b'0123456789"{},:\\xff-Z9')
            lines[number] = bytes(content).replace(b"\n", b" ") + b"\n"
            damaged += 1
    inbox = folder / "shop.inbox"
    shutil.rmtree(inbox, ignore_errors=True)
    inbox.mkdir()
    (inbox / f"1{SUFFIX}").write_bytes(b"".join(lines))
    store = few_rows.plainly(few_rows.in_memory())
    drain(store, inbox)
    store.connection.close()
    return "drained, some damaged" if damaged else "drained"
