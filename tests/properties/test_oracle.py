"""Properties that the specification requires of every report, tested on those of the oracle."""

from datetime import timedelta
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from support import oracle
from support.strategies import BASES, clocks, deliveries, histories, questions, scenes
from usage_report.core.metrics import ALL, BY_KEY, Measure, parts

ADDITIVE = [m.key for m in ALL if m.measure in (Measure.MINUTES, Measure.COUNT)]
PEAKS = [m.key for m in ALL if m.measure is Measure.PEAK]
DISTINCT = [m.key for m in ALL if m.measure is Measure.DISTINCT]
LEVELS = [m.key for m in ALL if m.measure is Measure.LEVEL]

few = settings(max_examples=120, deadline=None)


def known(answer):
    return [row for row in answer["rows"] if row is not None]


@st.composite
def delivered_scenes(draw):
    events, question = draw(scenes())
    return events, draw(deliveries(events)), question


@few
@given(delivered_scenes())
def test_order_and_redelivery_change_nothing(case):
    events, delivered, question = case
    assert oracle.report(delivered, **question) == oracle.report(events, **question)
    moment = {k: question[k] for k in ("team", "as_of", "stale_after")}
    assert oracle.live(delivered, **moment) == oracle.live(events, **moment)


@few
@given(scenes())
def test_events_after_as_of_change_nothing(scene):
    events, question = scene
    before = [e for e in events if e.time < question["as_of"]]
    assert oracle.report(before, **question) == oracle.report(events, **question)


@few
@given(scenes())
def test_another_teams_events_change_nothing(scene):
    events, question = scene
    assert oracle.report(
        [e for e in events if e.team == question["team"]], **question
    ) == oracle.report(events, **question)


@few
@given(scenes())
def test_the_total_combines_the_rows(scene):
    events, question = scene
    answer = oracle.report(events, **question)
    rows, total = known(answer), answer["total"]
    if not rows:
        assert set(total.values()) == {None}
        return
    for key in ADDITIVE:
        assert total[key] == sum(row[key] for row in rows), key
    for key in PEAKS:
        assert total[key] == max(row[key] for row in rows), key
        first = next(
            (
                at[key]
                for row, at in zip(answer["rows"], answer["peaks_at"], strict=True)
                if row is not None and row[key] == total[key]
            ),
            None,
        )
        assert answer["total_at"][key] == (first if total[key] else -1)
    for key in LEVELS:
        assert total[key] == rows[-1][key]
    for key in DISTINCT:
        assert max(row[key] for row in rows) <= total[key] <= sum(row[key] for row in rows)
    assert answer["estimated_total_ms"] == sum(x for x in answer["estimated_ms"] if x is not None)


@few
@given(scenes())
def test_hours_and_days_agree(scene):
    events, question = scene
    days = oracle.report(events, **question | {"grain": "day"})
    hours = oracle.report(events, **question | {"grain": "hour"})
    assert hours["total"] == days["total"]
    assert hours["total_at"] == days["total_at"]
    for (a, b), row in zip(pairwise(days["edges"]), days["rows"], strict=True):
        inside = [
            h
            for at, h in zip(hours["edges"], hours["rows"], strict=False)
            if a <= at < b and h is not None
        ]
        assert bool(inside) == (row is not None)
        for key in ADDITIVE if inside else ():
            assert row[key] == sum(h[key] for h in inside), key


@few
@given(scenes())
def test_a_range_can_be_split(scene):
    events, question = scene
    assume(question["start"] < question["last"])
    left = oracle.report(events, **question | {"last": question["start"]})["total"]
    right = oracle.report(events, **question | {"start": question["start"] + timedelta(days=1)})[
        "total"
    ]
    whole = oracle.report(events, **question)["total"]
    for key in ADDITIVE:
        assert (whole[key] or 0) == (left[key] or 0) + (right[key] or 0), key
    for key in PEAKS:
        assert (whole[key] or 0) == max(left[key] or 0, right[key] or 0), key
    for key in LEVELS:
        assert whole[key] == (left if right[key] is None else right)[key]


@few
@given(scenes())
def test_figures_bound_one_another(scene):
    events, question = scene
    answer = oracle.report(events, **question)
    for row, (a, b) in zip(answer["rows"], pairwise(answer["edges"]), strict=True):
        if row is None:
            continue
        assert all(value >= 0 for value in row.values())
        for whole in ("broadcast_minutes", "consumed_minutes"):
            assert row[whole] == sum(row[p.key] for p in parts(whole))
        assert row["max_participants_per_session"] <= row["max_concurrent_participants"]
        assert row["max_concurrent_sessions"] <= row["max_concurrent_participants"]
        assert row["participation_minutes"] <= row["max_concurrent_participants"] * (b - a)
        assert row["recorded_minutes"] <= row["max_concurrent_recordings"] * (b - a)
        for key in ("captions_minutes", "whiteboard_minutes", "breakout_minutes"):
            assert row[key] <= row["participation_minutes"], key
        assert (row["active_rooms"] > 0) == (row["active_participants"] > 0)


@few
@given(scenes())
def test_live_is_the_state_of_the_last_instant(scene):
    """A report of the last millisecond before ``as_of`` has the same participants as *Real time*."""
    events, question = scene
    question["as_of"] += 1  # so that no event lies inside the last millisecond
    now = oracle.live(events, **{k: question[k] for k in ("team", "as_of", "stale_after")})
    folded = oracle.sessions(events, **{k: question[k] for k in ("team", "as_of", "stale_after")})
    states = [s.state(question["as_of"] - 1) for s in folded.values()]
    assert now["live_participants"] == sum(s["max_concurrent_participants"] for s in states)
    assert now["live_sessions"] == sum(s["max_concurrent_sessions"] for s in states)
    assert now["active_recordings"] == sum(s["max_concurrent_recordings"] > 0 for s in states)


def test_the_strategies_reach_every_figure():
    """Properties of empty histories prove nothing: every metric must be greater than 0 in some history."""
    seen: set[str] = set()

    @settings(max_examples=400, deadline=None, database=None, derandomize=True)
    @given(st.data())
    def collect(data):
        base = data.draw(st.sampled_from(BASES))
        times = data.draw(clocks(base))
        question = data.draw(questions(base, times)) | {"as_of": times[-1] + 1, "grain": "day"}
        total = oracle.report(data.draw(histories(times)), **question)["total"]
        seen.update(key for key, value in total.items() if value)

    collect()
    assert seen == set(BY_KEY)
