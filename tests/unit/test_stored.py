"""What databases store for years: event codes, digests, dense ids, packed facts. None of it may change.

``tests/golden/stored.json`` was written once. If a test here fails, existing databases can no longer be
read correctly: undo the change, or write a migration first.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa

from support.harness import Log
from usage_report.core.events import CODE, Event, content, identity, instant
from usage_report.ingest import pipeline
from usage_report.metering.facts import COUNTS, PEAKS, SETS, SUMS
from usage_report.metering.fold import KIND_BITS
from usage_report.metering.session_quarters import PIECE, PIECES
from usage_report.storage import tables as t

GOLDEN = Path(__file__).parents[1] / "golden" / "stored.json"
#: Tables whose rows last, without the columns that depend on when the rows were written.
TABLES = (
    t.events,
    t.entities,
    t.session_quarters,
    t.team_quarters,
    t.team_days,
    t.team_months,
)
VOLATILE = {"received_at", "team_id", "session_id", "generation"}


def one_session() -> list[Event]:
    """One session over two quarter hours and a midnight in Berlin, with each type of event."""
    log = Log("2026-03-01", session="s-1", room="Zimmer Ü")
    log.add("22:50", "session.started").joined("22:50", "c-1", "ana").joined("22:51", "c-2", "bo")
    log.sends("22:50:30", "23:10", "c-1", "audio").sends("22:52", "22:58:00.250", "c-1", "video")
    log.sends("22:53", "23:05", "c-2", "screenshare").receives(
        "22:53:10", "23:04", "c-1", "c-2-screenshare"
    )
    log.recording("22:51", "23:06", "23:20")
    for noun, on, off, data in (
        ("captions", "started", "stopped", {}),
        ("whiteboard", "opened", "closed", {"whiteboard": "w-1"}),
        ("breakout", "opened", "closed", {"breakout": "b-1"}),
    ):
        log.add("22:54", f"{noun}.{on}", **data).add("23:03", f"{noun}.{off}", **data)
    log.add("22:55", "chat.posted", post="p-1", visibility="private", mood="😀", a={"b": 1})
    log.add("22:56", "question.posted", post="q-1").add("22:57", "answer.posted", post="a-1")
    log.add("23:07", "participant.left", connection="c-2", participant="bo", name="Bo Ørsted")
    log.left("23:11", "c-1").ended("23:12")
    return log.events


def plain(value: object) -> object:
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


def stored(engine: sa.Engine) -> dict[str, list[dict[str, object]]]:
    """Rows of ``TABLES`` in the order of their keys, bytes as hexadecimal digits."""
    with engine.connect() as c:
        return {
            table.name: [
                {name: plain(value) for name, value in row.items() if name not in VOLATILE}
                for row in c.execute(sa.select(table).order_by(*table.primary_key)).mappings()
            ]
            for table in TABLES
        }


def shapes() -> dict[str, object]:
    """Codes, orders and layouts that give stored numbers their meaning."""
    return {
        "codes": CODE,
        "track kinds": KIND_BITS,
        "sums": list(SUMS),
        "peaks": list(PEAKS),
        "sets": list(SETS),
        "counts": list(COUNTS),
        "pieces": list(PIECES),
        "piece": [list(field) for field in PIECE.descr],
        "entities": {"person": t.PERSON, "room": t.ROOM},
    }


def digests() -> list[dict[str, str]]:
    return [
        {"type": e.type, "identity": identity(e).hex(), "content": content(e).hex()}
        for e in one_session()
    ]


@pytest.fixture(scope="module")
def golden() -> dict[str, object]:
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_the_session_has_every_type_of_event():
    assert {e.type for e in one_session()} == set(CODE)


def test_codes_and_layouts_are_unchanged(golden):
    assert shapes() == golden["shapes"]
    assert list(shapes()["codes"]) == list(golden["shapes"]["codes"])


def test_digests_of_events_are_unchanged(golden):
    assert digests() == golden["digests"]


def test_digests_do_not_depend_on_the_order_of_fields():
    """A reordered event class gives the same bytes."""
    for e in one_session():
        fields = dict(reversed(e._asdict().items()))
        reordered = type("Reordered", (), fields)()
        assert (identity(reordered), content(reordered)) == (identity(e), content(e))


def test_stored_rows_are_unchanged(engine, golden):
    pipeline.append(
        engine, one_session(), now=instant("2026-03-02T00:00:00Z"), format="jsonl", origin="golden"
    )
    pipeline.process_pending(engine)
    assert stored(engine) == golden["rows"]
