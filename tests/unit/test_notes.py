"""Caveats of a report: each appears where it applies, in full, and nowhere else."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from support.reports import make_report
from usage_report.core.events import instant
from usage_report.core.periods import Grain
from usage_report.render import notes
from usage_report.reporting.model import BucketState, Query

AS_OF = int(datetime(2026, 11, 23, 10, 30, tzinfo=UTC).timestamp()) * 1000
ASSUMED = "Everyone else in the session is assumed to have received each broadcast."


def report(last="2026-11-20", grain=Grain.DAY, **more):
    query = Query(
        "acme", date(2026, 11, 1), date.fromisoformat(last), "Europe/Berlin", AS_OF, grain
    )
    return make_report(query, **more)


def test_nothing_to_say():
    assert notes.notes(report()) == ()


def test_all_notes_the_most_important_first():
    made = report("2026-11-23", estimated=0.3, not_supplied=("captions_minutes", "qa_posts"))
    made = replace(made, closed_by_timeout=2, partly=(("Zoom", frozenset({"chat_posts"})),))
    minutes = f"{made.estimated_total_ms / 60_000:,.1f}".replace(",", "\u202f")
    assert notes.notes(made) == (
        "Not supplied by this team's platform (shown as –, not as 0): Captions minutes, Q&A posts.",
        "Zoom does not report Chat posts: its share of these figures is missing or approximate.",
        (
            f"≈ 30\u202f% of consumed minutes ({minutes}\u202fmin) are estimated: their platforms do"
            f" not report who received which stream. {ASSUMED}"
        ),
        "Mon 23 Nov 2026 so far (until 11:30).",
        (
            "2 connections or recordings never reported their end:"
            " they are counted until the last event of their session before a long gap."
        ),
    )


@pytest.mark.parametrize(
    ("share", "begins"),
    [
        (1.0, "≈ All consumed minutes are estimated: the platform does not report"),
        (0.999, "≈ 99\u202f% of consumed minutes ("),  # almost all is not all
        (0.001, "≈ Under 1\u202f% of consumed minutes ("),  # little is not nothing
    ],
)
def test_how_much_is_estimated(share, begins):
    assert notes.estimated_text(report(estimated=share)).startswith(begins)


def test_minutes_that_are_not_supplied_are_not_estimated():
    made = report(estimated=1.0, not_supplied=("consumed_minutes",))
    assert notes.estimated_text(made) == ""


def test_a_running_week_names_the_day_until_which_it_is_counted():
    text = notes.running_text(report("2026-11-25", Grain.WEEK))
    assert text == "23–25 Nov 2026 so far (until Mon 23 Nov 2026, 11:30)."


def test_one_connection_without_an_end():
    assert notes.stale_text(replace(report(), closed_by_timeout=1)) == (
        "1 connection or recording never reported its end:"
        " it is counted until the last event of its session before a long gap."
    )


def test_states_of_buckets():
    made = report("2026-11-25")
    assert [made.state(i) for i in (21, 22, 23)] == [
        BucketState.FINAL,
        BucketState.RUNNING,
        BucketState.NOT_BEGUN,
    ]
    assert made.state() is BucketState.RUNNING
    assert report().state() is BucketState.FINAL
    assert notes.STATE_TEXTS.keys() == set(BucketState)


@pytest.mark.parametrize(
    ("begin", "grain", "text"),
    [
        ("2025-10-12T09:00:00Z", Grain.DAY, ""),
        ("2026-11-01T12:00:00Z", Grain.DAY, ""),  # the first day has records from noon on
        ("2026-11-01T12:00:00Z", Grain.HOUR, "Records begin on 1 Nov 2026, 13:00."),
        ("2026-11-05T23:30:00Z", Grain.DAY, "Records begin on 6 Nov 2026."),  # in Berlin
        ("2026-11-05T12:00:00Z", Grain.MONTH, "Records begin on 5 Nov 2026."),
        ("2026-11-22T12:00:00Z", Grain.DAY, "Records begin on 22 Nov 2026."),
    ],
)
def test_when_records_begin(begin, grain, text):
    assert notes.records_text(report(grain=grain, records_from=instant(begin))) == text


def test_a_team_without_records():
    made = report(records_from=None)
    assert made.state() is BucketState.NO_RECORDS
    assert notes.notes(made) == ("There are no records before Mon 23 Nov 2026, 11:30.",)
    assert notes.records_text(replace(made, query=replace(made.query, as_of=0))) == ""


def test_a_skipped_date_is_named():
    query = Query("acme", date(2011, 12, 29), date(2011, 12, 31), "Pacific/Apia", AS_OF)
    text = "Clocks in Pacific/Apia skipped 30 Dec 2011: the date is complete and empty."
    assert notes.notes(make_report(query)) == (text,)
    assert notes.notes(make_report(replace(query, grain=Grain.MONTH))) == (text,)
    assert notes.notes(make_report(replace(query, last=date(2011, 12, 29)))) == ()


def test_states_before_the_records():
    made = report("2026-11-25", records_from=instant("2026-11-22T12:00:00Z"))
    assert [made.state(i) for i in (20, 21, 22, 23)] == [
        BucketState.NO_RECORDS,
        BucketState.FINAL,
        BucketState.RUNNING,
        BucketState.NOT_BEGUN,
    ]
    assert list(made.known) == [21, 22]
