"""When records begin, and which metrics are not supplied: both depend on the events before ``as_of`` only."""

from datetime import date
from typing import Any

import pytest

from support import oracle, product
from support.harness import TEAM, Log, ask, check, event, expect
from usage_report.core.events import instant
from usage_report.core.periods import Grain
from usage_report.ingest import pipeline
from usage_report.ingest import teams as team_changes
from usage_report.reporting.model import BucketState, Query, Report
from usage_report.reporting.reader import Reader
from usage_report.sources import coverage

NO_RECORDS, FINAL = BucketState.NO_RECORDS, BucketState.FINAL


def report(engine, start: str, last: str, as_of: str, **more: Any) -> Report:
    days = (date.fromisoformat(x) for x in (start, last))
    query = Query(TEAM, *days, more.pop("zone", "UTC"), instant(as_of), **more)
    return Reader(engine, oracle.STALE_AFTER).report(query)


def states(made: Report) -> list[BucketState]:
    return [made.state(i) for i in range(len(made))]


def test_days_before_the_first_event_have_no_figures():
    """A stay on the 3rd at noon. The 1st and 2nd were not recorded; on the 4th nothing happened."""
    log = Log("2026-03-03").stay("12:00", "12:30", "a")
    answer = check(log, {"participation_minutes": 30, "sessions": 1}, last="2026-03-04")
    assert answer["rows"][:2] == answer["peaks_at"][:2] == [None, None]
    expect(answer, {"participation_minutes": 30}, row=2)
    expect(answer, {"participation_minutes": 0, "active_rooms": 0}, row=3)


def test_a_bucket_that_ends_at_the_first_event_has_no_records():
    """A stay from midnight on: the day that ends there has no records. A millisecond earlier, it has."""
    at_midnight = Log("2026-03-02").stay("00:00", "00:30", "a")
    assert ask(at_midnight, last="2026-03-02")["rows"][0] is None
    before = Log("2026-03-02").stay("2026-03-01T23:59:59.999Z", "00:30", "a")
    expect(ask(before, last="2026-03-02"), {"active_participants": 1}, row=0)


def test_hours_and_zones_have_their_own_borders():
    """A stay at 23:30 UTC is on the next day in Berlin. The hours before it have no records."""
    log = Log("2026-03-01").stay("23:30", "23:40", "a")
    days = ask(log, last="2026-03-02", zone="Europe/Berlin", as_of="2026-03-04T00:00:00Z")
    assert [row is None for row in days["rows"]] == [True, False]
    hours = ask(log, grain="hour")
    assert [row is None for row in hours["rows"]] == [True] * 23 + [False]


def test_a_range_that_ends_before_the_first_event_has_no_total():
    """February, of a team that was recorded from 3 March on."""
    log = Log("2026-03-03").stay("12:00", "12:30", "a")
    answer = ask(log, start="2026-02-01", last="2026-02-28", as_of="2026-04-01T00:00:00Z")
    assert set(answer["total"].values()) == {None}
    assert answer["rows"] == [None] * 28


def test_only_events_before_as_of_begin_the_records():
    """As of an instant before the first event there are no records; nor at the instant of that event."""
    log = Log("2026-03-03").stay("12:00", "12:30", "a")
    for as_of, rows in (("12:00", [None]), ("12:00:00.001", [0])):
        answer = ask(log, start="2026-03-03", as_of=log.at(as_of))
        assert [row and row["qa_posts"] for row in answer["rows"]] == rows


def test_any_event_begins_the_records():
    """A session was announced on the 1st, and joined on the 2nd: on the 1st nothing happened, which is known."""
    log = Log("2026-03-01").add("09:00", "session.started").stay("2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z", "a")  # fmt: skip
    expect(ask(log, last="2026-03-02"), {"participation_minutes": 0, "sessions": 0}, row=0)


def test_a_late_event_moves_the_beginning_back(engine):
    """Whatever arrives first: the beginning is that of the earliest event. Before the late one is processed, too."""
    log = Log("2026-03-03").stay("12:00", "12:30", "a")
    product.feed(engine, list(log))
    asked = ("2026-03-01", "2026-03-03", "2026-03-04T00:00:00Z")
    assert states(report(engine, *asked)) == [NO_RECORDS, NO_RECORDS, FINAL]
    log.also("s-0", day="2026-03-02").stay("12:00", "12:30", "b")
    product.ingest(engine, list(log))
    assert states(report(engine, *asked)) == [NO_RECORDS, FINAL, FINAL]
    pipeline.process_pending(engine)
    made = report(engine, *asked)
    assert states(made) == [NO_RECORDS, FINAL, FINAL]
    assert [made.value("participation_minutes", i) for i in range(3)] == [None, 30, 30]


@pytest.mark.parametrize("grain", list(Grain))
def test_a_team_without_events_has_no_records(engine, grain):
    """Its future has not begun, as for every team."""
    team_changes.change(engine, TEAM, now=product.RECEIVED)
    made = report(engine, "2026-03-01", "2026-03-31", "2026-03-20T12:00:00Z", grain=grain)
    assert set(states(made)) <= {NO_RECORDS, BucketState.NOT_BEGUN}
    assert made.state() is NO_RECORDS
    assert made.running is None
    assert {made.total(key) for key in made.query.keys} == {None}
    future = report(engine, "2026-04-01", "2026-04-30", "2026-03-20T12:00:00Z")
    assert set(states(future)) == {future.state()} == {BucketState.NOT_BEGUN}
    period = Reader(engine, oracle.STALE_AFTER).period(TEAM, instant("2026-03-20T12:00:00Z"))
    assert {(m.value, m.percent, m.at) for m in period.metrics} == {(None, None, None)}


def test_a_date_that_the_zone_skipped_is_complete_and_empty(engine):
    """Apia went from 29 to 31 December 2011. The 30th is over although it has no bucket: its figures are 0."""
    stay = Log("2011-12-29").stay("10:00", "11:00", "a")
    product.feed(engine, list(stay))
    asked = {"zone": "Pacific/Apia"}
    made = report(engine, "2011-12-30", "2011-12-30", "2012-02-01T00:00:00Z", **asked)
    assert (len(made), made.state()) == (0, FINAL)
    assert {made.total(key) for key in made.query.keys} == {0}
    before = report(engine, "2011-12-30", "2011-12-30", "2011-12-01T00:00:00Z", **asked)
    assert before.state() is BucketState.NOT_BEGUN
    for grain in Grain:
        same = report(engine, "2011-12-30", "2011-12-30", "2012-02-01T00:00:00Z", grain=grain, **asked)  # fmt: skip
        assert same.json()["rows"] == []
        assert same.json()["total"] == dict.fromkeys(made.query.keys, 0)


def test_sources_count_from_their_first_event_on(engine):
    """Attendance files (Zoom) know no chat; a team's own source knows everything. It is first seen on the 2nd."""
    own = event("chat.posted", "2026-03-02T09:00:00Z", "own", source="own", post="1", visibility="public")  # fmt: skip
    zoom = [e._replace(source="zoom-report") for e in Log("2026-03-01").stay("10:00", "11:00", "a")]
    product.feed(engine, [own, *zoom])
    lacking = coverage.cannot_supply(["zoom-report"])
    assert "chat_posts" in lacking
    reader = Reader(engine, oracle.STALE_AFTER)
    for as_of, absent in (("2026-03-02T09:00:00Z", lacking), ("2026-03-02T09:00:00.001Z", frozenset())):  # fmt: skip
        made = report(engine, "2026-03-01", "2026-03-01", as_of)
        assert made.not_supplied == absent
        assert made.total("chat_posts") == (None if absent else 0)
        assert bool(made.partly) == (not absent)
        live = reader.live(TEAM, instant(as_of))
        assert (live.active_recordings is None) == ("max_concurrent_recordings" in absent)


def test_active_recordings_are_sessions_that_are_recorded(engine):
    """Two recordings of one session and one of another: two sessions are being recorded."""
    log = Log().joined("10:00", "a").recording("10:01").recording("10:02", name="r-2")
    log.also("s-2").joined("10:00", "b").recording("10:03", name="r-3")
    log.also("s-3").joined("10:00", "c").recording("10:03", "10:04", name="r-4")
    product.feed(engine, list(log))
    moment = {"team": TEAM, "as_of": instant(log.at("10:30"))}
    expected = {"live_participants": 3, "live_sessions": 3, "active_recordings": 2}
    assert product.live(engine, **moment) == oracle.live(log, **moment) == expected
