"""A team's record and freshness, on both databases."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from support import product
from support.harness import Log, event
from usage_report import storage
from usage_report.core.errors import NotFoundError
from usage_report.core.events import instant
from usage_report.ingest import teams as team_changes
from usage_report.reporting.model import TeamInfo
from usage_report.reporting.reader import Reader
from usage_report.storage import teams

STALE_AFTER = 86_400_000


def statements(engine: sa.Engine) -> list[str]:
    """A list to which the statements of ``engine`` are added from now on, except transaction control."""
    seen: list[str] = []

    @sa.event.listens_for(engine, "before_cursor_execute")
    def add(_connection, _cursor, statement, *_):
        if statement.lstrip().upper().startswith("SELECT"):
            seen.append(statement)

    return seen


def test_a_team_without_events(engine):
    team_changes.change(engine, "acme", now=product.RECEIVED)
    info = Reader(engine, STALE_AFTER).team("acme")
    assert info == TeamInfo(
        "acme",
        "UTC",
        1,
        info.data_version,
        is_sample=False,
        last_received=None,
        last_event=None,
        pending=0,
    )


def test_a_team_with_two_sources_and_limits(engine):
    """Sessions are pending until they are processed; another team's count for nothing here."""
    team_changes.change(
        engine,
        "acme",
        now=product.RECEIVED,
        zone="Europe/Berlin",
        limits={"participation_minutes": 1_000},
    )
    team_changes.change(
        engine,
        "acme",
        now=product.RECEIVED,
        since=date(2026, 3, 1),
        limits={"max_concurrent_sessions": 5, "participation_minutes": 2_000},
    )
    log = Log().stay("10:00", "10:30", "a")
    log.also("s-2").stay("11:00", "11:30", "b")
    product.feed(engine, list(log))
    late = event(
        "participant.left",
        "2026-03-01T12:00:00Z",
        "late",
        source="other",
        session="s-2",
        connection="b",
    )
    product.ingest(engine, [late, late._replace(team="bravo")], now=product.RECEIVED + 1)
    info = Reader(engine, STALE_AFTER).team("acme")
    assert info == TeamInfo(
        "acme",
        "Europe/Berlin",
        1,
        info.data_version,
        is_sample=False,
        last_received=product.RECEIVED + 1,
        last_event=instant("2026-03-01T12:00:00Z"),
        pending=1,
        sources=(
            ("other", instant("2026-03-01T12:00:00Z")),
            ("test", instant("2026-03-01T10:00:00Z")),
        ),
        limits=(
            ("participation_minutes", None, 1_000.0),
            ("max_concurrent_sessions", date(2026, 3, 1), 5.0),
            ("participation_minutes", date(2026, 3, 1), 2_000.0),
        ),
    )


def test_an_unknown_team(engine):
    product.feed(engine, list(Log().stay("10:00", "10:30", "a")))
    with pytest.raises(NotFoundError) as caught:
        Reader(engine, STALE_AFTER).team("acne")
    assert str(caught.value) == "There is no team 'acne'. Did you mean 'acme'?"


def test_freshness_takes_two_statements(engine):
    product.feed(engine, list(Log().stay("10:00", "10:30", "a")))
    reader, seen = Reader(engine, STALE_AFTER), statements(engine)
    reader.team("acme")
    assert len(seen) == 2


def test_the_newest_team_is_the_one_with_the_latest_event(engine):
    """The sample company always has the latest events, so it comes after; a team without any last."""
    reader = Reader(engine, STALE_AFTER)
    assert reader.newest_team() is None
    team_changes.change(engine, "a-new-team", now=product.RECEIVED)
    assert reader.newest_team() == "a-new-team"
    with storage.writing(engine) as c:
        teams.ensure_team(c, "demo", product.RECEIVED, sample=True)
    for team, day in (("demo", "2026-03-04"), ("acme", "2026-03-02"), ("beta", "2026-03-03")):
        start = event("session.started", f"{day}T09:00:00Z", "e-1", team=team)
        product.feed(engine, [start])
        assert reader.newest_team() == team
