"""The pipeline on both databases: what new events change, and what they leave as it was."""

from __future__ import annotations

from datetime import date
from itertools import groupby

import pytest
import sqlalchemy as sa

from support import product
from support.harness import Log, event
from usage_report import storage
from usage_report.core.errors import InputError, NotFoundError
from usage_report.core.events import Event, QuarantinedInput, instant
from usage_report.core.metrics import PERIOD
from usage_report.core.periods import QUARTER, Grain
from usage_report.ingest import pipeline
from usage_report.ingest import teams as team_changes
from usage_report.render import notes, terminal
from usage_report.reporting.model import Query
from usage_report.reporting.reader import Reader
from usage_report.storage import event_log, quarantine
from usage_report.storage import tables as t
from usage_report.storage.event_log import IngestCounts

HOUR = 3_600_000
STALE = 24 * HOUR
APRIL = instant("2026-04-01T00:00:00Z")


def rows(engine: sa.Engine, table: sa.Table, *columns: str) -> list[tuple]:
    chosen = [table.c[name] for name in columns] or [table]
    with engine.connect() as c:
        return [tuple(r) for r in c.execute(sa.select(*chosen).order_by(*table.primary_key))]


def report(
    engine: sa.Engine,
    first: str,
    last: str = "",
    *,
    zone: str = "UTC",
    as_of: int = APRIL,
    grain: str = "day",
    team: str = "acme",
):
    return Reader(engine, STALE).report(
        Query(
            team,
            date.fromisoformat(first),
            date.fromisoformat(last or first),
            zone,
            as_of,
            Grain(grain),
        )
    )


def minutes(got, key: str = "participation_minutes") -> list:
    return [got.value(key, i) for i in range(len(got))]


#: A day that is recomputed adds up the marks of its quarters, which is far from its own mark.
_MARKS = {t.team_quarters: 1_000, t.team_days: 10**9}


def watch(engine: sa.Engine) -> None:
    """Mark every derived row. A row that is written again loses its mark."""
    with engine.begin() as c:
        for table, mark in _MARKS.items():
            c.execute(table.update().values(closed_by_timeout=mark))


def rewritten(engine: sa.Engine, table: sa.Table) -> list[int]:
    """Starts of the rows written since ``watch``."""
    return [
        start
        for start, mark in rows(engine, table, "start", "closed_by_timeout")
        if mark < _MARKS[table]
    ]


# -- the event log --------------------------------------------------------------------------------------------------------


def test_the_same_events_again_change_nothing(engine):
    events = list(
        Log().stay("10:00", "10:30", "a").add("10:05", "chat.posted", post="p", visibility="public")
    )
    counts = product.ingest(engine, events)
    assert (counts.accepted, counts.duplicates, counts.conflicts, counts.not_accepted) == (
        3,
        0,
        [],
        0,
    )
    assert pipeline.process_pending(engine) == 1
    known, version = (
        product.fingerprint(engine, "acme"),
        Reader(engine, STALE).team("acme").data_version,
    )
    counts = product.ingest(engine, events[::-1])
    assert (counts.accepted, counts.duplicates) == (0, 3)
    assert pipeline.process_pending(engine) == 0
    assert product.fingerprint(engine, "acme") == known
    assert Reader(engine, STALE).team("acme").data_version == version, "cached answers still hold"


def test_duplicates_within_one_batch(engine):
    one = event("participant.joined", "2026-03-01T10:00:00Z", "e-1", connection="c")
    other = one._replace(time=one.time + 1)
    counts = product.ingest(engine, [one, one, other, one])
    assert (counts.accepted, counts.duplicates, counts.conflicts) == (1, 2, [("test", "e-1")])
    assert rows(engine, t.events, "time") == [(one.time,)]


def test_in_a_conflict_the_first_version_stays(engine):
    first = event("participant.joined", "2026-03-01T10:00:00Z", "e-1", connection="c")
    product.ingest(engine, [first])
    for field, value in (
        ("time", first.time + 1),
        ("room", "elsewhere"),
        ("session", "s-2"),
        ("person", "eve"),
        ("name", "Eve"),
        ("extra", '{"x":1}'),
    ):
        counts = product.ingest(engine, [first._replace(**{field: value})])
        assert (counts.accepted, counts.conflicts, counts.not_accepted) == (
            0,
            [("test", "e-1")],
            1,
        ), field
    assert rows(engine, t.events, "time", "room", "person") == [(first.time, "room", "c")]
    assert len(rows(engine, t.sessions)) == 1, "a conflict creates no session"


@pytest.mark.parametrize("field", ["team", "source", "id"])
def test_identity_is_team_source_and_id(engine, field):
    """The same id of another source, or of another team, is another event."""
    one = event("participant.joined", "2026-03-01T10:00:00Z", "e-1", connection="c")
    assert product.ingest(engine, [one, one._replace(**{field: "other"})]).accepted == 2


def test_parts_of_an_identity_are_kept_apart(engine):
    one = event("session.started", "2026-03-01T10:00:00Z", "bc", source="a")
    assert product.ingest(engine, [one, one._replace(source="ab", id="c")]).accepted == 2


def test_large_batches_and_long_texts(engine):
    """More sessions, persons and events than one statement has parameters, in texts of the greatest length."""
    long = "é" * 400
    log = [event("participant.joined", instant("2026-03-01T10:00:00Z") + i, f"{long}{i}", connection=f"{long}c{i}", session=f"{long}s{i}", room=long, participant=f"{long}p{i}") for i in range(10_500)]  # fmt: skip
    assert product.ingest(engine, log).accepted == 10_500
    assert product.ingest(engine, log).duplicates == 10_500
    pipeline.process_pending(engine)
    got = report(engine, "2026-03-01", as_of=instant("2026-03-01T11:00:00Z"))
    assert (
        got.total("sessions")
        == got.total("active_participants")
        == got.total("max_concurrent_sessions")
        == 10_500
    )
    assert got.total("active_rooms") == 1


# -- batches -----------------------------------------------------------------------------------------------------------


def test_an_input_that_fails_in_the_middle(engine):
    """What came before is stored, in the event log and in quarantine, and the counts are known."""

    def broken():
        yield from Log().stay("10:00", "10:30", "a")
        yield QuarantinedInput("not-json", "it is not JSON at all", b"{", 3)
        raise InputError("The file ends in the middle")

    counts = IngestCounts()
    with pytest.raises(InputError):
        pipeline.append(engine, broken(), now=0, format="jsonl", origin="test", counts=counts)
    assert counts == IngestCounts(accepted=2, quarantined=1, reasons={"not-json": 1})
    assert len(rows(engine, t.events)) == 2
    pipeline.process_pending(engine)
    assert minutes(report(engine, "2026-03-01")) == [30]


def test_progress_adds_up(engine, monkeypatch):
    monkeypatch.setattr(pipeline, "BATCH_ITEMS", 7)
    events = [
        e._replace(session=f"s-{i}", id=f"{i}-{e.id}")
        for i in range(10)
        for e in Log().stay("10:00", "10:30", "a")
    ]
    reported: list[int] = []
    pipeline.append(engine, events, now=0, format="jsonl", origin="test", progress=reported.append)
    assert sum(reported) == 20
    assert max(reported) == 7
    assert pipeline.pending_events(engine) == 20
    monkeypatch.setattr(pipeline, "STEP_EVENTS", 5)
    processed: list[int] = []
    assert pipeline.process_pending(engine, max_steps=2) == 4
    assert pipeline.pending_events(engine) == 12
    assert pipeline.process_pending(engine, progress=processed.append) == 6
    assert sum(processed) == 12
    assert pipeline.pending_events(engine) == 0
    assert pipeline.pending_events(engine, "acme") == 20
    with pytest.raises(NotFoundError):
        pipeline.pending_events(engine, "unknown")


def test_batches_are_bounded_in_bytes(engine, monkeypatch):
    """A few large lines fill a batch, however many lines it may have."""
    monkeypatch.setattr(pipeline, "BATCH_BYTES", 10_000)
    held: list[int] = []
    real = quarantine.add
    monkeypatch.setattr(
        quarantine,
        "add",
        lambda c, refused, **k: held.append(len(refused)) or real(c, refused, **k),
    )
    product.ingest(
        engine,
        [QuarantinedInput("not-json", "no JSON", b"%d" % i + b"x" * 4_000, i) for i in range(9)],
    )
    assert held == [3, 3, 3]


# -- pending sessions --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_days(engine) -> sa.Engine:
    """Sessions on 1 and 2 March, some of them in the same quarters, and a recording kept since then."""
    log = Log("2026-03-01").stay("10:00", "11:00", "a").recording("10:00", "10:50")
    log.also("s-2").stay("10:20", "10:40", "b")
    log.also("s-3", day="2026-03-02").stay("09:00", "09:30", "c")
    product.feed(engine, list(log))
    return engine


def test_new_events_of_a_session_rewrite_only_its_quarters(two_days):
    """B stayed until 10:50: one more quarter (10:30 was one of B's before) and the day are rewritten."""
    watch(two_days)
    late = Log("2026-03-01", session="s-2").stay("10:35", "10:50", "b2")
    product.feed(two_days, [e._replace(id="n" + e.id) for e in late])
    at = instant("2026-03-01T10:30:00Z")
    assert rewritten(two_days, t.team_quarters) == [at, at + QUARTER]
    assert rewritten(two_days, t.team_days) == [instant("2026-03-01T00:00:00Z")]


def test_new_events_that_change_no_figure_rewrite_nothing(two_days):
    """An end of what has ended is an anomaly of the session and changes no figure."""
    watch(two_days)
    product.feed(
        two_days,
        [event("participant.left", "2026-03-01T12:00:00Z", "late", session="s-2", connection="b")],
    )
    assert rewritten(two_days, t.team_quarters) == rewritten(two_days, t.team_days) == []
    assert sum(n for (n,) in rows(two_days, t.sessions, "anomalies")) == 1


def test_events_of_one_team_change_no_other(two_days):
    before = Reader(two_days, STALE).team("acme").data_version
    watch(two_days)
    product.feed(
        two_days, [e._replace(team="bravo") for e in Log("2026-03-01").stay("10:00", "11:00", "a")]
    )
    assert [
        start
        for start, mark, team in rows(
            two_days, t.team_quarters, "start", "closed_by_timeout", "team_id"
        )
        if mark < 1_000 and team == 1
    ] == []
    assert Reader(two_days, STALE).team("acme").data_version == before
    assert report(two_days, "2026-03-01", team="bravo").total("participation_minutes") == 60


def test_a_late_deletion_rewrites_one_bucket(two_days):
    """Storage is stored as changes: a deletion weeks later rewrites its own quarter and day only."""
    watch(two_days)
    product.feed(
        two_days, [event("recording.deleted", "2026-03-20T08:01:00Z", "late", recording="r-1")]
    )
    assert rewritten(two_days, t.team_quarters) == [instant("2026-03-20T08:00:00Z")]
    got = report(two_days, "2026-03-18", "2026-03-21")
    assert minutes(got, "recording_storage_minutes") == [50, 50, 0, 0]


def test_events_of_a_year_before(two_days):
    """Files in any order give the same figures: last year's is read after this year's."""
    old = (
        Log("2025-06-01", session="old")
        .stay("23:50", "2025-06-02T00:20:00Z", "a")
        .recording("23:50", "2025-06-02T00:00:00Z")
    )
    product.feed(two_days, [e._replace(id="o" + e.id) for e in old])
    assert minutes(report(two_days, "2025-06-01", "2025-06-03")) == [10, 20, 0]
    assert minutes(report(two_days, "2026-03-01", "2026-03-02")) == [80, 30]
    assert report(two_days, "2026-03-01").total("recording_storage_minutes") == 60
    assert pipeline.rebuild(two_days, "acme") is True


def test_processing_changes_the_data_version(two_days):
    """Answers that were cached before are no longer used."""
    version = Reader(two_days, STALE).team("acme").data_version
    product.ingest(
        two_days, [event("chat.posted", "2026-03-01T10:01:00Z", "n", post="p", visibility="public")]
    )
    assert Reader(two_days, STALE).team("acme").pending == 1
    pipeline.process_pending(two_days)
    info = Reader(two_days, STALE).team("acme")
    assert info.pending == 0
    assert info.data_version > version


def test_rebuild_repairs_facts_and_reports_it(two_days):
    assert pipeline.rebuild(two_days, "acme") is True
    right = product.fingerprint(two_days, "acme")
    for table, values in (
        (t.team_days, {"chat": 9}),
        (t.team_quarters, {"participants": 99}),
        (t.session_quarters, {"recorded": 1}),
    ):
        with two_days.begin() as c:
            c.execute(table.update().values(values))
        assert pipeline.rebuild(two_days, "acme") is False
        assert product.fingerprint(two_days, "acme") == right
    with two_days.begin() as c:
        c.execute(t.team_days.delete())
    assert pipeline.rebuild(two_days, "acme") is False
    assert product.fingerprint(two_days, "acme") == right
    with pytest.raises(NotFoundError):
        pipeline.rebuild(two_days, "unknown")


def test_rebuild_is_one_transaction(two_days, monkeypatch):
    """A rebuild that fails half-way leaves the figures as they were."""
    right = product.fingerprint(two_days, "acme")
    monkeypatch.setattr(pipeline, "session_quarters", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pipeline.rebuild(two_days, "acme")
    assert product.fingerprint(two_days, "acme") == right


# -- quarantine --------------------------------------------------------------------------------------------------------


def quarantined(n: int = 1, reason: str = "not-json") -> QuarantinedInput:
    return QuarantinedInput(reason, "the reason, in a sentence", b"raw %d" % n, n, "acme", "test")


def test_each_original_is_kept_once(engine):
    counts = product.ingest(engine, [quarantined(), quarantined(), quarantined(2)])
    assert (counts.quarantined, counts.quarantined_before, counts.not_accepted, counts.reasons) == (
        2,
        1,
        3,
        {"not-json": 3},
    )
    counts = product.ingest(engine, [quarantined(), quarantined(reason="too-late")])
    assert (counts.quarantined, counts.quarantined_before) == (1, 1)
    with storage.reading(engine) as c:
        assert [bytes(r.raw) for r in quarantine.originals(c)] == [b"raw 1", b"raw 2", b"raw 1"]
        assert quarantine.count(c) == 3


def test_odd_characters_can_be_quarantined(engine):
    """Texts stay readable, originals stay as they are, byte for byte."""
    odd = QuarantinedInput(
        "x", "nul \0 and half \ud83d", b"\0\xff\xfe", 1, "te\0am", "so\udcffurce"
    )
    pipeline.append(engine, [odd], now=0, format="jsonl", origin="na\0me \udcff")
    with storage.reading(engine) as c:
        (row,) = quarantine.originals(c)
    assert bytes(row.raw) == b"\0\xff\xfe"
    assert "\0" not in row.team + row.source + row.origin + row.why


def test_replay_accepts_what_is_valid_now(engine):
    """A valid event is counted once and leaves the quarantine; the rest stays."""
    from support.shell import line

    good = line(event("participant.joined", "2026-03-01T10:00:00Z", "e-1", connection="c")).strip()
    product.ingest(
        engine,
        [
            QuarantinedInput("in-the-future", "not yet", good, 1, "acme"),
            QuarantinedInput("not-json", "no", b"{", 2),
            QuarantinedInput("line-too-long", "long", good, 3, is_truncated=True),
        ],
    )
    counts = pipeline.replay(engine, now=product.RECEIVED)
    assert (counts.accepted, counts.duplicates, counts.quarantined_before) == (1, 0, 2)
    pipeline.process_pending(engine)
    assert (
        report(engine, "2026-03-01", as_of=instant("2026-03-01T10:05:00Z")).total(
            "participation_minutes"
        )
        == 5
    )
    with storage.reading(engine) as c:
        assert [r.reason for r in quarantine.originals(c)] == ["not-json", "line-too-long"]
    assert pipeline.replay(engine, now=product.RECEIVED).accepted == 0


def test_replay_uses_the_team_of_the_first_reading(engine):
    """A file was read with ``--team``: its events name no team, and need none in a replay."""
    body = b'{"specversion":"1.0","id":"1","source":"x","type":"session.started","time":"2026-03-01T10:00:00Z","data":{"room":"r","session":"s"}}'
    product.ingest(engine, [QuarantinedInput("in-the-future", "not yet", body, 1, "acme")])
    assert pipeline.replay(engine, now=product.RECEIVED).accepted == 1
    assert Reader(engine, STALE).teams() == ("acme",)


def test_replay_accepts_nothing_for_another_team(engine):
    """What a token of one team sent in the name of another stays in quarantine."""
    from support.shell import line

    theirs = line(
        event("participant.joined", "2026-03-01T10:00:00Z", "e-1", connection="c")
    ).strip()
    product.ingest(
        engine,
        [
            QuarantinedInput("wrong-team", "not yours", theirs, 1, "intruder"),
            QuarantinedInput("in-the-future", "not yet", theirs + b" ", 2, "intruder"),
        ],
    )
    counts = pipeline.replay(engine, now=product.RECEIVED)
    assert (counts.accepted, counts.quarantined_before) == (0, 2)
    assert Reader(engine, STALE).teams() == ()
    with storage.reading(engine) as c:
        assert quarantine.count(c) == 2


def test_replay_of_more_than_one_page(engine, monkeypatch):
    from support.shell import line

    lines = [
        line(event("session.started", "2026-03-01T10:00:00Z", f"e-{i}")).strip() for i in range(130)
    ]
    product.ingest(
        engine,
        [
            QuarantinedInput("x", "y", raw if i % 3 else b"{" + raw, i)
            for i, raw in enumerate(lines)
        ],
    )
    counts = pipeline.replay(engine, now=product.RECEIVED)
    assert (counts.accepted, counts.quarantined_before) == (86, 44)


# -- settings of a team ------------------------------------------------------------------------------------------------


def test_a_change_of_zone_recomputes_the_days(two_days):
    """Midnight in Auckland is 11:00 UTC: the first two sessions fall on 1 March there, the third on 2 March."""
    version = Reader(two_days, STALE).team("acme").data_version
    before = product.fingerprint(two_days, "acme")
    team_changes.change(two_days, "acme", now=0, zone="Pacific/Auckland")
    assert [start for (start,) in rows(two_days, t.team_days, "start")] == [
        instant("2026-02-28T11:00:00Z"),
        instant("2026-03-01T11:00:00Z"),
    ]
    assert minutes(report(two_days, "2026-03-01", "2026-03-02", zone="Pacific/Auckland")) == [
        80,
        30,
    ]
    assert minutes(report(two_days, "2026-03-01", "2026-03-02")) == [80, 30]
    assert Reader(two_days, STALE).team("acme").data_version > version
    assert pipeline.rebuild(two_days, "acme") is True
    team_changes.change(two_days, "acme", now=0, zone="UTC")
    assert product.fingerprint(two_days, "acme") == before


def test_an_unknown_zone_changes_nothing(two_days):
    before = product.fingerprint(two_days, "acme")
    with pytest.raises(InputError):
        team_changes.change(two_days, "acme", now=0, zone="Mars/Olympus", billing_day=9)
    assert product.fingerprint(two_days, "acme") == before
    assert Reader(two_days, STALE).team("acme").billing_day == 1


def test_limits_apply_from_their_day(engine):
    team_changes.change(
        engine, "acme", now=0, limits={"participation_minutes": 100.5, "max_concurrent_sessions": 3}
    )
    team_changes.change(
        engine, "acme", now=0, limits={"participation_minutes": 200}, since=date(2026, 3, 10)
    )
    team_changes.change(
        engine, "acme", now=0, limits={"participation_minutes": 300}, since=date(2026, 2, 10)
    )

    def limit(day: str) -> float | None:
        period = Reader(engine, STALE).period("acme", instant(f"{day}T12:00:00Z"))
        return next(m.limit for m in period.metrics if m.key == "participation_minutes")

    assert [limit(d) for d in ("2026-02-09", "2026-02-10", "2026-03-09", "2026-03-10")] == [
        100.5,
        300,
        300,
        200,
    ]
    period = Reader(engine, STALE).period("acme", instant("2026-03-12T12:00:00Z"))
    assert {m.key: m.limit for m in period.metrics} == {
        "participation_minutes": 200, "max_concurrent_sessions": 3, "max_concurrent_participants": None,
        "recorded_minutes": None, "recording_storage_minutes": None, "captions_minutes": None,
    }  # fmt: skip
    # A period that is over has the limit of its last day.
    past = Reader(engine, STALE).period(
        "acme", instant("2026-04-12T12:00:00Z"), on=date(2026, 3, 5)
    )
    assert next(m.limit for m in past.metrics if m.key == "participation_minutes") == 200


@pytest.mark.parametrize(("day", "zone", "start", "last"), [
    (31, "UTC", "2026-01-31", "2026-02-27"),
    (29, "UTC", "2026-01-29", "2026-02-27"),
    (1, "UTC", "2026-02-01", "2026-02-28"),
    (15, "UTC", "2026-02-15", "2026-03-14"),
    (15, "Pacific/Kiritimati", "2026-02-15", "2026-03-14"),
    (28, "Pacific/Kiritimati", "2026-02-28", "2026-03-27"),
])  # fmt: skip
def test_billing_periods_at_the_end_of_a_month(engine, day, zone, start, last):
    """At 20:00 UTC on 27 February 2026; in Kiritimati (UTC+14) it is the 28th already."""
    team_changes.change(engine, "acme", now=0, zone=zone, billing_day=day)
    got = Reader(engine, STALE).period("acme", instant("2026-02-27T20:00:00Z"))
    assert (got.period.start.isoformat(), got.period.last.isoformat(), got.zone) == (
        start,
        last,
        zone,
    )


# -- reports -----------------------------------------------------------------------------------------------------------


def test_a_source_that_cannot_supply(engine):
    """BigBlueButton reports no deletions: storage is not supplied, rather than 0, until another source does."""
    events = [
        e._replace(source="bigbluebutton")
        for e in Log().stay("10:00", "10:30", "a").recording("10:00", "10:10")
    ]
    product.feed(engine, events)
    got = report(engine, "2026-03-01")
    assert got.total("recording_storage_minutes") is None
    assert got.value("qa_posts", 0) is None
    assert got.total("recorded_minutes") == 10
    assert got.total("participation_minutes") == 30
    cards = {m.key: m.value for m in Reader(engine, STALE).period("acme", APRIL - 1).metrics}
    assert cards["recording_storage_minutes"] is None
    assert cards["captions_minutes"] is None
    assert cards["recorded_minutes"] == 10
    product.feed(engine, [event("session.started", "2026-03-02T10:00:00Z", "x", source="own")])
    assert report(engine, "2026-03-01").total("recording_storage_minutes") == 10
    assert report(engine, "2026-03-01").total("qa_posts") == 0


def test_two_platforms_of_which_one_supplies(engine):
    """LiveKit reports broadcasts and Zoom does not: a note names the source whose part is missing."""
    log = Log().stay("10:00", "10:30", "a").sends("10:00", "10:30", "a", "video")
    product.feed(engine, [e._replace(source="livekit") for e in log])
    assert report(engine, "2026-03-01").partly == ()
    product.feed(
        engine,
        [
            e._replace(source="zoom", id=f"z{e.id}")
            for e in Log(session="z").stay("10:00", "10:30", "b")
        ],
    )
    got = report(engine, "2026-03-01")
    assert (got.total("participation_minutes"), got.total("broadcast_minutes")) == (60, 30)
    assert got.total("captions_minutes") is None
    text = notes.partly_text(got)
    assert text == (
        "LiveKit does not report Breakout minutes, Recording storage, Chat posts:"
        " its share of these figures is missing or approximate."
        " Zoom does not report Broadcast minutes, Consumed minutes:"
        " its share of these figures is missing or approximate."
    )
    assert text in notes.notes(got)
    assert (
        notes.partly_text(got, PERIOD)
        == "LiveKit does not report Recording storage: its share of these figures is missing or approximate."
    )


@pytest.mark.parametrize(
    ("source", "expected"),
    [("jitsi", None), ("janus", None), ("teams-attendance", None), ("daily", 0), ("own", 0)],
)
def test_recordings_that_no_source_reports_are_not_zero_in_real_time(engine, source, expected):
    product.feed(engine, [e._replace(source=source) for e in Log().joined("10:00", "a")])
    live = Reader(engine, STALE).live("acme", instant("2026-03-01T10:05:00Z"))
    assert (live.live_participants, live.active_recordings) == (1, expected)
    assert live.json()["active_recordings"] == expected
    assert live.sessions[0].recording is (None if expected is None else False)
    assert f"Active recordings  {'–' if expected is None else 0}" in terminal.live(live)


def test_as_of_in_the_past(two_days):
    """At 10:30 A has 30 minutes and B 10. The recording runs, so none is stored. Tomorrow is unknown."""
    got = report(two_days, "2026-03-01", "2026-03-02", as_of=instant("2026-03-01T10:30:00Z"))
    assert minutes(got) == [40, None]
    assert minutes(got, "recorded_minutes") == [30, None]
    assert minutes(got, "recording_storage_minutes") == [0, None]
    assert minutes(got, "sessions") == [2, None]
    assert got.running == 0
    assert (
        report(two_days, "2026-03-01", as_of=instant("2026-03-01T10:00:00Z")).total(
            "active_participants"
        )
        is None
    ), "the first event is at that instant, and does not count yet"


def test_a_future_range_has_no_figures(two_days):
    got = report(two_days, "2026-05-01", "2026-05-03")
    assert len(got.known) == 0
    assert all(v is None for k in got.query.keys for v in (*minutes(got, k), got.total(k)))
    assert got.running is None


def test_grains(two_days):
    hours = report(two_days, "2026-03-01", grain="hour")
    assert [(i, m) for i, m in enumerate(minutes(hours)) if m] == [(10, 80)]
    # 1 March 2026 is a Sunday: the first week is that day alone, the next one whole.
    assert minutes(report(two_days, "2026-03-01", "2026-03-08", grain="week")) == [80, 30]
    assert minutes(report(two_days, "2026-02-15", "2026-03-31", grain="month")) == [None, 110]
    for grain in Grain:
        got = report(two_days, "2026-02-15", "2026-03-31", grain=grain)
        assert got.total("participation_minutes") == 110
        assert got.total("max_concurrent_participants") == 2
        assert got.totals_at["max_concurrent_participants"] == instant("2026-03-01T10:20:00Z")


@pytest.mark.parametrize(("zone", "days"), [
    ("UTC", [80, 30]), ("Asia/Kathmandu", [80, 30]), ("Pacific/Kiritimati", [None, 110]), ("America/Los_Angeles", [80, 30]), ("Asia/Kolkata", [80, 30]),
])  # fmt: skip
def test_in_another_zone_than_the_teams(two_days, zone, days):
    """In Kiritimati (UTC+14) 10:00 UTC is 00:00 of the next day, and 09:00 UTC of that day is 23:00 of the same."""
    got = report(two_days, "2026-03-01", f"2026-03-{len(days):02d}", zone=zone)
    assert minutes(got) == days
    team_changes.change(two_days, "acme", now=0, zone="Europe/Berlin")
    assert minutes(report(two_days, "2026-03-01", f"2026-03-{len(days):02d}", zone=zone)) == days


def test_days_of_changing_clocks(engine):
    """One person is there all the time: 23 and 25 hours of presence."""
    team_changes.change(engine, "acme", now=0, zone="Europe/Berlin")
    for first, last in (
        ("2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z"),
        ("2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z"),
    ):
        log = [
            event("participant.joined", first, "j" + first, session=first, connection="c"),
            event("participant.left", last, "l" + first, session=first, connection="c"),
        ]
        product.feed(engine, log)
    late = instant("2027-01-01T00:00:00Z")
    assert (
        report(engine, "2026-03-29", zone="Europe/Berlin", as_of=late).total(
            "participation_minutes"
        )
        == 23 * 60
    )
    assert (
        report(engine, "2026-10-25", zone="Europe/Berlin", as_of=late).total(
            "participation_minutes"
        )
        == 25 * 60
    )
    assert len(report(engine, "2026-03-29", zone="Europe/Berlin", as_of=late, grain="hour")) == 23
    assert len(report(engine, "2026-10-25", zone="Europe/Berlin", as_of=late, grain="hour")) == 25


def test_live_sessions(engine):
    """Two of three people are still in a room that is recorded; an empty and a stale session do not count."""
    log = (
        Log("2026-03-02")
        .joined("09:00", "a")
        .joined("09:10", "b")
        .joined("09:20", "c")
        .left("09:30", "c")
        .recording("09:05")
    )
    log.also("empty", "hall").add("09:00", "session.started")
    log.also("stale", "attic", day="2026-02-27").joined("09:00", "z")
    product.feed(engine, list(log))
    live = Reader(engine, STALE).live("acme", instant("2026-03-02T09:40:00Z"))
    (session,) = live.sessions
    assert (session.room, session.session, session.people, session.peak, session.recording) == (
        "room",
        "s-1",
        2,
        3,
        True,
    )
    assert session.since == instant("2026-03-02T09:00:00Z")
    assert (live.live_participants, live.live_sessions, live.active_recordings) == (2, 1, 1)
    assert [n for n, _ in groupby(n for _, n in live.trend)] == [0, 1, 2, 3, 2]
    assert live.trend[-1][0] == instant("2026-03-02T09:30:00Z")


def test_reading_sees_one_state(two_days):
    """A transaction that reads does not see what is written meanwhile."""
    with storage.reading(two_days) as c:
        count = sa.select(sa.func.count()).select_from(t.events)
        before = c.execute(count).scalar_one()
        product.feed(
            two_days,
            [
                e._replace(id="n" + e.id)
                for e in Log("2026-03-05", session="new").stay("10:00", "11:00", "a")
            ],
        )
        assert c.execute(count).scalar_one() == before
    assert minutes(report(two_days, "2026-03-05")) == [60]


def test_a_batch_that_fails_leaves_nothing_behind(engine, monkeypatch):
    """Events, sessions, teams and counts of sources are one transaction."""
    monkeypatch.setattr(event_log, "_count_sources", lambda *a: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        product.ingest(engine, list(Log().stay("10:00", "10:30", "a")))
    assert all(rows(engine, table) == [] for table in (t.events, t.sessions, t.teams, t.sources))


def test_every_field_of_an_event_is_stored(engine):
    """Every field is read back as it was appended."""
    one = event(
        "participant.joined",
        "2026-03-01T10:00:00.123Z",
        "e-1",
        connection="c",
        participant="ana",
        name="Ana 🦊",
        more={"b": [1], "a": "ü"},
    )
    product.ingest(engine, [one])
    columns = [f for f in Event._fields if f not in ("team", "session")]
    assert rows(engine, t.events, *columns) == [tuple(getattr(one, f) for f in columns)]
    assert rows(engine, t.sessions, "external_id", "first_event", "last_event") == [
        ("s-1", one.time, one.time)
    ]
