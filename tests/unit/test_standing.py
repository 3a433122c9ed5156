"""Standing against limits, and the sentences of *This period* and *Real time*.

Every expected figure is worked out beside it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from support import handmade
from support.reports import make_period, make_period_metric
from usage_report.core.events import instant
from usage_report.core.periods import Period, edges, zone
from usage_report.render import dates, standing
from usage_report.render import live as live_text
from usage_report.reporting import billing
from usage_report.reporting.billing import State
from usage_report.reporting.model import Live

MINUTE = 60_000
MINUTES_KEY = "participation_minutes"


@pytest.mark.parametrize(
    ("percent", "expected"),
    [
        (None, None),
        (0, State.WITHIN),
        (79.99, State.WITHIN),
        (80, State.NEAR),
        (100, State.NEAR),
        (100.01, State.OVER),
        (400, State.OVER),
    ],
)
def test_state(percent, expected):
    assert billing.state(percent) is expected


def test_states_differ_by_words_and_sign_not_by_colour_alone():
    assert standing.STATE_TEXTS.keys() == set(State)
    assert len({text.words for text in standing.STATE_TEXTS.values()}) == len(State)
    assert len({text.sign for text in standing.STATE_TEXTS.values()}) == len(State)


@pytest.mark.parametrize(
    ("limit", "outlook"),
    [
        # 400 minutes in 4 of 10 days, then six days as in the two weeks before: 100 or 140 a day.
        # The mean is 120 a day: 400 + 6 x 120. 800 are passed on the 4th of these days, 8 March.
        (
            800.0,
            (
                "Projection: 1 120 min (1 000 to 1 240), 140 % of the limit by 10 Mar."
                " The limit is reached about 8 Mar."
            ),
        ),
        (2000.0, "Projection: 1 120 min (1 000 to 1 240), 56 % of the limit by 10 Mar."),
        (None, "Projection: 1 120 min (1 000 to 1 240) by 10 Mar."),
        # 100 a day against 250: 200 after the 2nd, 300 after the 3rd.
        (250.0, "The limit was passed on Tue 3 Mar 2026. Over it by 150 min."),
    ],
)
def test_outlook(limit, outlook):
    report = make_period(
        "2026-03-05T00:00:00Z",
        MINUTES_KEY,
        [100 * MINUTE] * 4,
        history=[100 * MINUTE] * 7 + [140 * MINUTE] * 7,
    )
    figure = make_period_metric(MINUTES_KEY, 400.0, limit)
    assert standing.outlook(report, figure).replace("\u202f", " ") == outlook


def test_outlook_of_one_week_has_no_range():
    report = make_period(
        "2026-03-05T00:00:00Z", MINUTES_KEY, [100 * MINUTE] * 4, history=[100 * MINUTE] * 7
    )
    figure = make_period_metric(MINUTES_KEY, 400.0)
    assert (
        standing.outlook(report, figure).replace("\u202f", " ")
        == "Projection: 1 000 min by 10 Mar."
    )


@pytest.mark.parametrize(
    ("weeks", "text"),
    [
        (0, ""),
        (1, "Projection: each day to come counts as the same weekday of last week."),
        (
            3,
            (
                "Projection: each day to come counts as the average of the same weekday in the last"
                " 3 weeks. Its range is from the lowest to the highest of these weeks."
            ),
        ),
    ],
)
def test_the_method_of_projections(weeks, text):
    report = make_period(
        "2026-03-05T00:00:00Z", MINUTES_KEY, [MINUTE] * 4, history=[MINUTE] * 7 * weeks
    )
    figure = make_period_metric(MINUTES_KEY, 4.0)
    assert standing.method(replace(report, metrics=(figure,))) == text


def test_a_limit_that_is_just_reached_is_not_passed():
    report = make_period("2026-03-05T00:00:00Z", MINUTES_KEY, [100 * MINUTE] * 4)
    assert billing.passed(report, make_period_metric(MINUTES_KEY, 400.0, 400.0)) is None
    assert billing.passed(report, make_period_metric(MINUTES_KEY, 400.0, 250.0)) == date(2026, 3, 3)


@pytest.mark.parametrize(
    ("key", "totals"),
    [
        ("sessions", [3, 5, 12]),
        ("max_concurrent_sessions", [3, 3, 7]),
        ("recording_storage_minutes", [3 / MINUTE, 2 / MINUTE, 7 / MINUTE]),
    ],
)
def test_running_totals(key, totals):
    daily = make_period("2026-03-03T12:00:00Z", key, [3, 2, 7]).daily
    assert list(billing.running_totals(daily, key)) == list(enumerate(totals))


def test_running_totals_begin_with_the_records():
    """A first event on 2 March at noon: 1 March has no figure, and the total starts on the 2nd."""
    report = make_period("2026-03-03T12:00:00Z", "sessions", [0, 2, 7])
    daily = replace(report.daily, records_from=instant("2026-03-02T12:00:00Z"))
    assert list(billing.running_totals(daily, "sessions")) == [(1, 2), (2, 9)]


def test_bounds_of_a_period_are_the_edges_of_its_days():
    report = make_period("2026-03-03T12:00:00Z", MINUTES_KEY, [], zone_name="Europe/Berlin")
    days = edges(Period(date(2026, 3, 1), date(2026, 3, 11)), "day", zone("Europe/Berlin"))
    assert billing.bounds(report) == (days[0], days[-1])


@pytest.mark.parametrize(
    ("as_of", "text"),
    [
        ("2026-03-01T00:00:00Z", "1–10 Mar 2026 · day 1 of 10 · 9 days left"),
        ("2026-03-09T23:00:00Z", "1–10 Mar 2026 · day 9 of 10 · 1 day left"),
        ("2026-03-10T23:59:59Z", "1–10 Mar 2026 · day 10 of 10 · last day"),
        ("2026-03-12T00:00:00Z", "1–10 Mar 2026 · 10 days · ended"),
    ],
)
def test_header(as_of, text):
    assert standing.header(make_period(as_of, MINUTES_KEY, [])) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(9.96, "10.0\u202f%"), (9.4, "9.4\u202f%"), (0.0, "0\u202f%"), (63.2, "63\u202f%")],
)
def test_small_percentages_of_a_limit_have_a_decimal(value, text):
    assert standing.percent_of_limit(value) == text


# -- Real time

NOW = instant("2026-03-01T10:00:00Z")


def make_live(*steps: tuple[int, int], now: int = 0, recordings: int | None = 0) -> Live:
    """``steps``: minutes ago, and participants from then on."""
    trend = tuple((NOW - ago * MINUTE, count) for ago, count in steps)
    return Live(NOW, now, 2 if now else 0, recordings, (), trend)


def test_three_figures():
    tiles = live_text.figures(make_live(now=1312, recordings=1))
    assert [(tile.title, tile.text, tile.is_supplied) for tile in tiles] == [
        ("Live participants", "1\u202f312", True),
        ("Live sessions", "2", True),
        ("Active recordings", "1", True),
    ]
    assert live_text.figures(make_live(recordings=None))[2] == live_text.LiveFigure(
        "active_recordings",
        "Active recordings",
        "–",
        "Your platform does not report recordings.",
        False,
    )


@pytest.mark.parametrize(
    ("steps", "now", "text"),
    [
        (((60, 4), (30, 9), (1, 3)), 3, "Peak in the last hour: 9 (15:00). Now: 3."),
        (((90, 2), (70, 5), (30, 0)), 0, "Peak in the last hour: 5 (14:30). Now: 0."),
        (((90, 8), (70, 0), (30, 4), (20, 4)), 4, "Peak in the last hour: 4 (15:00). Now: 4."),
        (((60, 0),), 0, "No participants in the last hour."),
        ((), 0, "No participants in the last hour."),
        ((), 5, "Peak in the last hour: 5 (15:30). Now: 5."),
    ],
)
def test_the_last_hour_in_words(steps, now, text):
    """In Kolkata it is 15:30. What was over before the hour began does not count."""
    assert live_text.hour_text(make_live(*steps, now=now), "Asia/Kolkata") == text


@pytest.mark.parametrize(
    ("minutes", "now", "text"),
    [
        (9, 5, ""),
        (
            11,
            5,
            "Possibly stale: sessions are live, but no events received for 11\u202fmin.",
        ),
        (11, 0, ""),
        (
            25 * 60,
            0,
            "Stale: no events received for 25\u202fh. The figures show the last known state.",
        ),
    ],
)
def test_a_warning_where_no_events_arrive(minutes, now, text):
    at = NOW - minutes * MINUTE
    info = handmade.team(last_received=at, last_event=at)
    assert live_text.staleness(make_live(now=now), info, NOW) == text


def test_a_warning_where_only_events_of_long_ago_arrive():
    info = handmade.team(last_received=NOW, last_event=NOW - 26 * 60 * MINUTE)
    assert live_text.staleness(make_live(), info, NOW) == (
        f"Stale: the latest event happened on {dates.instant(info.last_event, info.zone)}. "
        "Later events have not arrived."
    )


def test_before_the_first_event():
    info = handmade.team(last_received=None, last_event=None)
    assert live_text.staleness(make_live(), info, NOW) == "No events received yet."
