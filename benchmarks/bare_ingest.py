"""Baseline of ``ingest``, run as a program: FILE DATABASE BATCH SCHEMA. Standard library only."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)
CODES = {
    "session.started": 1, "session.ended": 2, "participant.joined": 10, "participant.left": 11,
    "track.published": 20, "track.unpublished": 21, "track.subscribed": 30, "track.unsubscribed": 31,
    "recording.started": 40, "recording.stopped": 41, "recording.deleted": 42, "captions.started": 50, "captions.stopped": 51,
    "whiteboard.opened": 60, "whiteboard.closed": 61, "breakout.opened": 70, "breakout.closed": 71,
    "chat.posted": 80, "question.posted": 81, "answer.posted": 82,
}  # fmt: skip
SUBJECTS = {"participant": "connection", "track": "track", "recording": "recording", "whiteboard": "whiteboard",
            "breakout": "breakout", "chat": "post", "question": "post", "answer": "post"}  # fmt: skip


def rows(lines: Iterator[bytes], now: int) -> Iterator[tuple]:
    sessions: dict[tuple[str, str], int] = {}
    for line in lines:
        event = json.loads(line)
        type, data, source, id = event["type"], event["data"], event["source"], event["id"]
        team, room, session = data["team"], data["room"], data["session"]
        time = (datetime.fromisoformat(event["time"]) - EPOCH) // MS
        subject = data.get(SUBJECTS.get(type.partition(".")[0]), "")
        connection = data.get("connection", "")
        person, name = data.get("participant", ""), data.get("name", "")
        detail = data.get("kind") or data.get("visibility", "")
        key = blake2b(f"{team}\0{source}\0{id}".encode(), digest_size=16).digest()
        text = "\0".join(
            (f"{CODES[type]} {time}", room, session, subject, connection, person, name, detail, "")
        )
        content = blake2b(text.encode(), digest_size=16).digest()
        of = sessions.setdefault((team, session), len(sessions) + 1)
        yield (
            key,
            content,
            of,
            CODES[type],
            time,
            now,
            source,
            id,
            room,
            subject,
            connection,
            person,
            name,
            detail,
            "",
        )


def main(file: str, database: str, batch: str, schema: str) -> None:
    c = sqlite3.connect(database, isolation_level=None)
    # The setting of our own connections. Without the larger cache the baseline would be slower.
    for pragma in (
        "journal_mode=wal",
        "synchronous=full",
        "cache_size=-65536",
        "mmap_size=268435456",
    ):
        c.execute(f"PRAGMA {pragma}")
    c.executescript(schema)
    insert = f"INSERT INTO events VALUES ({','.join('?' * 15)})"
    size, held = int(batch), []
    with open(file, "rb") as lines:
        for row in rows(lines, time.time_ns() // 1_000_000):
            held.append(row)
            if len(held) == size:
                store(c, insert, held)
                held = []
    store(c, insert, held)
    c.close()


def store(c: sqlite3.Connection, insert: str, rows: list[tuple]) -> None:
    c.execute("BEGIN")
    c.executemany(insert, rows)
    c.execute("COMMIT")


if __name__ == "__main__":
    main(*sys.argv[1:])
