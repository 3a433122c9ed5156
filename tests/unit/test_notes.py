"""Caveats of a report: each appears where it applies, in full, and nowhere else."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from support.reports import make_report
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
    assert notes.notes(report()) == notes.summary(report()) == ()


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
            " they are counted until the last event of their session."
        ),
    )
    assert notes.summary(made) == (
        "2 metrics not supplied",
        "1 metric not from every platform",
        "≈ 30\u202f% of consumed minutes estimated",
        "Mon 23 Nov 2026 so far (until 11:30)",
        "2 without an end",
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
        " it is counted until the last event of its session."
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
