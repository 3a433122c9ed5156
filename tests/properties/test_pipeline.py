"""A report is a pure function of the set of events, the settings and the instant.

Histories are hostile but valid. They are delivered in any order, in any batches, with repeats, and processed at any time.
"""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import databases, oracle, product
from support.strategies import deliveries, room_scenes, scenes
from usage_report.core.events import Event
from usage_report.ingest import pipeline
from usage_report.ingest import teams as team_changes
from usage_report.storage import tables as t

#: Numbers of examples that a database can process in reasonable time.
MANY, FEW = 200, 40
_options = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}


@st.composite
def deliveries_in_batches(draw: st.DrawFn, events: list[Event]) -> tuple[list[list[Event]], bool]:
    """Batches that deliver all events at least once, and whether each is processed before the next one."""
    delivered = draw(deliveries(events))
    cuts = sorted(draw(st.lists(st.integers(0, len(delivered)), max_size=4)))
    return [delivered[a:b] for a, b in zip([0, *cuts], [*cuts, len(delivered)], strict=True)], draw(
        st.booleans()
    )


@st.composite
def cases(draw: st.DrawFn, scenes=scenes):
    events, question = draw(scenes())
    return (
        events,
        question,
        draw(deliveries_in_batches(events)),
        draw(deliveries_in_batches(events)),
    )


def derived(engine: sa.Engine) -> dict[str, list[tuple]]:
    """The derived state of a database, without the ids of sessions and persons."""
    columns = (
        t.sessions.c.external_id,
        t.sessions.c.room,
        t.sessions.c.start,
        t.sessions.c.is_open,
        t.sessions.c.is_estimated,
        t.sessions.c.anomalies,
    )
    with engine.connect() as c:
        return {
            "sessions": sorted(
                map(repr, c.execute(sa.select(t.teams.c.key, *columns).join(t.teams)).all())
            ),
            "sources": sorted(
                c.execute(
                    sa.select(
                        t.teams.c.key,
                        t.sources.c.source,
                        t.sources.c.events,
                        t.sources.c.first_event,
                        t.sources.c.last_event,
                    ).join(t.teams)
                ).all()
            ),
            "pending": c.execute(
                sa.select(sa.func.count()).where(t.sessions.c.is_pending)
            ).scalar_one(),
        }


def assert_delivery_does_not_matter(engine: sa.Engine, case) -> None:
    events, question, (first, each), (second, each_too) = case
    team, moment = question["team"], {k: question[k] for k in ("team", "as_of", "stale_after")}
    expected, now = oracle.report(events, **question), oracle.live(events, **moment)

    databases.wipe(engine)
    # The zone is set before the first event, so that days are updated with each batch.
    team_changes.change(engine, team, now=product.RECEIVED, zone=question["zone"])
    product.feed(engine, *first, process_each=each)
    assert product.answer(engine, question) == expected
    assert product.live(engine, **moment) == now
    held = derived(engine)
    assert held["pending"] == 0

    known = product.fingerprint(engine, team)
    assert pipeline.rebuild(engine, team) is True
    assert product.fingerprint(engine, team) == known

    databases.wipe(engine)
    team_changes.change(engine, team, now=product.RECEIVED)
    product.feed(engine, *second, process_each=each_too)
    assert product.answer(engine, question) == expected
    assert product.live(engine, **moment) == now
    assert derived(engine) == held
    # Days of another zone, recomputed from existing quarters.
    product.set_zone(engine, team, question["zone"])
    assert product.answer(engine, question) == expected


@pytest.mark.slow
@settings(max_examples=MANY, **_options)
@given(case=cases())
def test_any_delivery_gives_the_same_report_on_sqlite(engines, case):
    assert_delivery_does_not_matter(engines["sqlite"], case)


@pytest.mark.slow
@settings(max_examples=FEW, **_options)
@given(case=cases())
def test_any_delivery_gives_the_same_report_on_postgresql(engines, case):
    assert_delivery_does_not_matter(engines["postgresql"], case)


@pytest.mark.slow
@settings(max_examples=MANY, **_options)
@given(case=cases(room_scenes))
def test_rooms_without_session_ids_on_sqlite(engines, case):
    assert_delivery_does_not_matter(engines["sqlite"], case)


@settings(max_examples=FEW, **_options)
@given(case=cases(room_scenes))
def test_rooms_without_session_ids_on_postgresql(engines, case):
    assert_delivery_does_not_matter(engines["postgresql"], case)


@settings(max_examples=FEW, **_options)
@given(case=cases())
def test_both_databases_store_the_same_bytes(engines, case):
    """The same events in the same batches give the same bytes in both databases."""
    _, question, (batches, each), _ = case
    seen = {}
    for kind, engine in engines.items():
        databases.wipe(engine)
        team_changes.change(engine, question["team"], now=product.RECEIVED)
        product.feed(engine, *batches, process_each=each)
        with engine.connect() as c:
            rows = c.execute(
                sa.select(t.team_quarters).order_by(
                    t.team_quarters.c.team_id, t.team_quarters.c.start
                )
            ).all()
        seen[kind] = [
            tuple(bytes(x) if isinstance(x, memoryview) else x for x in row[1:]) for row in rows
        ]
    assert seen["sqlite"] == seen["postgresql"]
