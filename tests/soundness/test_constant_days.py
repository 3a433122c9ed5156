"""Days in which nothing of a session changes: stored as one row each, reported like any other time.

Two events years apart must cost what their answer costs, not a row for each quarter hour between them. All logs begin on
1 March 2020 unless a date is given.
"""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from support import product
from support.harness import TEAM, Log, ask, check, expect, run_live
from usage_report.core.events import instant
from usage_report.core.periods import QUARTER, QUARTERS_A_DAY, UTC_DAY
from usage_report.ingest import pipeline
from usage_report.storage import tables as t

DAY_MINUTES = 24 * 60
ZONES = ("Asia/Kolkata", "America/St_Johns")


def years() -> Log:
    """A stay of four years with a camera; in its third year, a meeting of another session on one day."""
    log = Log("2020-03-01").joined("10:07", "a").published("10:08", "a", "cam", "video")
    log.joined("10:09", "b").joined("2020-03-01T23:00:00Z", "c").left("2020-03-03T00:00:00Z", "c")
    log.left("2024-03-01T09:53:00Z", "b").left("2024-03-01T09:59:00Z", "a")
    meeting = log.also("meeting", "other room", day="2022-06-15")
    meeting.stay("12:05", "12:50", "x").stay("12:10", "12:40", "y").recording("12:10", "12:20")
    return log


def stored_rows(engine: sa.Engine, table: sa.Table) -> list[tuple[int, int]]:
    """Start and length in quarter hours of each row, in the order of time."""
    columns = sa.select(table.c.start, table.c.quarters).order_by(table.c.start)
    with engine.connect() as c:
        return [tuple(row) for row in c.execute(columns)]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("grain", ["day", "hour"])
def test_a_range_inside_years(zone: str, grain: str):
    """The days around the meeting: two people all day, and four at its peak."""
    days = {"start": "2022-06-14", "last": "2022-06-16", "as_of": "2025-01-01T00:00:00Z"}
    answer = ask(years(), zone=zone, grain=grain, **days)
    expect(
        answer,
        {
            "participation_minutes": 2 * 3 * DAY_MINUTES + 45 + 30,
            "broadcast_minutes_video": 3 * DAY_MINUTES,
            "consumed_minutes_video": 3 * DAY_MINUTES,
            "max_concurrent_participants": 4,
            "max_concurrent_sessions": 2,
            "active_participants": 4,
            "active_rooms": 2,
            "sessions": 1,
            "recording_storage_minutes": 10,
        },
    )


def test_all_years():
    """From 10:07 on 1 March 2020 to 09:59 on 1 March 2024 there are 1461 days less 8 minutes."""
    check(
        years(),
        {
            "participation_minutes": (1461 * DAY_MINUTES - 8)
            + (1461 * DAY_MINUTES - 16)
            + (25 * 60)
            + 75,
            "max_concurrent_participants": 4,
            "sessions": 2,
        },
        start="2020-01-01",
        last="2024-12-31",
        grain="month",
        as_of="2025-01-01T00:00:00Z",
    )


@pytest.mark.parametrize("day", ["2020-03-02", "2021-01-01", "2022-06-15"])
@pytest.mark.parametrize("time", ["00:00:00", "12:15:00"])
def test_as_of_within_a_constant_day(day: str, time: str):
    """As of then, no event has ended the stays: the inactivity timeout has, or they are still running on 2 March 2020.

    What is stored counts them to 2024. The meeting of 2022 has begun at 12:05.
    """
    question = {"start": day, "last": day, "as_of": f"{day}T{time}Z"}
    people = {"2020-03-02": 3, "2021-01-01": 0, "2022-06-15": 2 * (time > "12:05")}[day]
    answer = ask(years(), zone="Asia/Kolkata", grain="hour", **question)
    if time > "00:00:00":
        expect(answer, {"max_concurrent_participants": people})
    run_live(years(), team=TEAM, as_of=instant(question["as_of"]))


def test_live_after_midnight_of_a_constant_day():
    """At 00:20, the last hour began on a day in which nothing had changed."""
    log = Log("2020-03-01").joined("10:00", "a").joined("10:00", "b")
    for day in range(2, 30):
        log.add(
            f"2020-03-{day:02}T12:00:00Z",
            "chat.posted",
            session="talk",
            post=f"p-{day}",
            visibility="public",
        )
    log.left("2020-03-08T00:30:00Z", "b").joined("2020-03-08T00:40:00Z", "c")
    log.left("2020-03-08T00:50:00Z", "a")
    for as_of in ("2020-03-08T00:20:00Z", "2020-03-08T00:45:00Z", "2020-03-08T01:00:00Z"):
        run_live(log, team=TEAM, as_of=instant(as_of), stale_after=30 * UTC_DAY)


def test_a_stay_of_26_years_is_stored_by_the_day(engine):
    """56 quarter hours from 10:00 on the first day, 40 until 10:00 on the last, and one row for each day between."""
    log = Log("2000-03-01").joined("10:07", "a").left("2026-03-01T09:59:00Z", "a")
    product.feed(engine, list(log))
    days = (date(2026, 3, 1) - date(2000, 3, 1)).days - 1
    for table in (t.session_quarters, t.team_quarters):
        lengths = [quarters for _, quarters in stored_rows(engine, table)]
        assert lengths == [1] * 56 + [QUARTERS_A_DAY] * days + [1] * 40


def test_the_facts_of_a_day_are_divided_while_something_happens_in_it(engine):
    """A stay of another session is on the 5th until an earlier end of it arrives, which moves it to the 2nd."""
    log = Log("2020-03-01").joined("10:00", "a").left("2020-03-09T10:00:00Z", "a")
    product.feed(engine, list(log))
    day = instant("2020-03-05T00:00:00Z")

    def rows() -> list[tuple[int, int]]:
        return [row for row in stored_rows(engine, t.team_quarters) if 0 <= row[0] - day < UTC_DAY]

    assert rows() == [(day, QUARTERS_A_DAY)]
    late = Log("2020-03-02", session="late").joined("12:00", "b")
    late.left("2020-03-05T12:30:00Z", "b")
    product.feed(engine, [e._replace(id=f"late-{e.id}") for e in late])
    assert rows() == [(day + i * QUARTER, 1) for i in range(QUARTERS_A_DAY)]
    end = Log("2020-03-02", session="late").ended("13:00")
    product.feed(engine, [e._replace(id=f"end-{e.id}") for e in end])
    assert rows() == [(day, QUARTERS_A_DAY)]
    assert pipeline.rebuild(engine, TEAM)


@pytest.mark.parametrize(
    ("zone", "minutes"),
    [
        ("Asia/Kolkata", [510, *[DAY_MINUTES] * 38, 930]),
        # From midnight on 2 March to 23:00 on 9 April; the clocks went back on 5 April.
        ("Pacific/Apia", [*[DAY_MINUTES] * 34, 25 * 60, *[DAY_MINUTES] * 3, 23 * 60]),
    ],
)
def test_a_change_of_zone_divides_constant_days(engine, zone: str, minutes: list[int]):
    """Days of a zone are cut from rows that begin at midnight UTC."""
    log = Log("2020-03-01").joined("10:00", "a").left("2020-04-09T10:00:00Z", "a")
    product.feed(engine, list(log))
    product.set_zone(engine, TEAM, zone)
    days = sa.select(t.team_days.c.participation).order_by(t.team_days.c.start)
    with engine.connect() as c:
        assert [ms / 60_000 for ms in c.execute(days).scalars()] == minutes
    assert pipeline.rebuild(engine, TEAM)
