"""Which sources count at an instant: those with an event before it, in whatever order events arrive."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from support import databases, oracle, product
from support.harness import TEAM, event
from usage_report.core.events import instant
from usage_report.reporting.model import Query
from usage_report.reporting.reader import Reader
from usage_report.sources import coverage

HOUR = 3_600_000
NOON = instant("2026-03-01T12:00:00Z")
SOURCES = ("zoom-report", "jitsi", "bigbluebutton", "bigbluebutton-webhooks", "own")
LACKING = {name: coverage.cannot_supply([name]) for name in SOURCES}


@st.composite
def posts(draw: st.DrawFn):
    """Posts of any sources within five days, and the instant of a report, often that of a post."""
    sent = draw(st.lists(st.tuples(st.sampled_from(SOURCES), st.integers(0, 120)), max_size=6))
    events = [
        event("chat.posted", NOON + hours * HOUR, f"e-{i}", source=source, post=f"{i}", visibility="public")
        for i, (source, hours) in enumerate(sent)
    ]  # fmt: skip
    near = [e.time + shift for e in events for shift in (0, 1)]
    as_of = draw(
        st.sampled_from([NOON, *near]) | st.integers(0, 130).map(lambda h: NOON + h * HOUR)
    )
    return events, draw(st.permutations(events)), as_of


@settings(max_examples=60, deadline=None)
@given(case=posts(), cut=st.integers(0, 6))
def test_sources_count_from_their_first_event(engines, case, cut):
    events, delivered, as_of = case
    engine = engines["sqlite"]
    product.load(engine, [], TEAM)
    product.feed(engine, delivered[:cut], delivered[cut:])
    got = Reader(engine, oracle.STALE_AFTER).report(
        Query(TEAM, date(2026, 3, 1), date(2026, 3, 7), "UTC", as_of)
    )
    assert got.records_from == oracle.records_from(events, team=TEAM, as_of=as_of)
    assert got.not_supplied == oracle.not_supplied(events, team=TEAM, as_of=as_of, lacking=LACKING)
    assert got.partly == coverage.partly({e.source for e in events if e.time < as_of})
    databases.wipe(engine)
