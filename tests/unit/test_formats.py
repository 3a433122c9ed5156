"""Text for people: rounding, names of buckets, and the caveats."""

from datetime import UTC, date, datetime

import pytest

from support.reports import make_report
from usage_report.core.periods import Grain, Period
from usage_report.render import formats as f
from usage_report.reporting.model import Query

AS_OF = int(datetime(2026, 11, 23, 10, 30, tzinfo=UTC).timestamp()) * 1000


def query(
    start="2026-11-01", last="2026-11-23", grain=Grain.DAY, zone="Europe/Berlin", as_of=AS_OF
):
    return Query("acme", date.fromisoformat(start), date.fromisoformat(last), zone, as_of, grain)


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, 1, "0.0"),
        (0.04, 1, "< 0.1"),
        (0.05, 1, "0.1"),
        (1234.56, 1, "1\u202f234.6"),
        (1e6, 0, "1\u202f000\u202f000"),
        (0.4, 0, "0"),
    ],
)
def test_number(value, decimals, text):
    assert f.number(value, decimals) == text


def test_figures_carry_their_unit_and_absent_is_not_nought():
    assert f.figure("participation_minutes", 110.5) == "110.5"
    assert f.with_unit("participation_minutes", 110.5) == "110.5\u202fmin"
    assert f.with_unit("sessions", 1234) == "1\u202f234"
    assert f.figure("sessions", 0) == "0"
    assert f.with_unit("sessions", None) == f.figure("captions_minutes", None) == "–"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (7.25, "7.25"),
        (999.4, "999"),
        (999.6, "1k"),
        (1234, "1.23k"),
        (45_600, "45.6k"),
        (999_960, "1M"),
        (2.5e9, "2.5G"),
        (100, "100"),
        (1200, "1.2k"),
    ],
)
def test_compact(value, text):
    assert f.compact(value) == text


@pytest.mark.parametrize(
    ("minutes", "text"),
    [
        (None, "–"),
        (0, "0 min"),
        (0.3, "< 1 min"),
        (59.4, "59 min"),
        (59.6, "1 h"),
        (312, "5 h 12 min"),
        (60_000, "1 000 h"),
    ],
)
def test_duration(minutes, text):
    assert f.duration(minutes).replace("\u202f", " ") == text


def test_spans_say_each_part_once():
    d = date
    assert f.span(Period(d(2026, 11, 1), d(2026, 11, 2))) == "1 Nov 2026"
    assert f.span(Period(d(2026, 11, 1), d(2026, 12, 1))) == "1–30 Nov 2026"
    assert f.span(Period(d(2026, 11, 28), d(2026, 12, 5))) == "28 Nov – 4 Dec 2026"
    assert f.span(Period(d(2025, 12, 1), d(2026, 2, 1))) == "1 Dec 2025 – 31 Jan 2026"


def test_names_of_buckets():
    r = make_report(query())
    assert f.bucket(r, 0) == "Sun 1 Nov 2026"
    r = make_report(query(grain=Grain.WEEK))
    assert [f.bucket(r, i) for i in (0, 1, 4)] == ["1 Nov 2026", "2–8 Nov 2026", "23 Nov 2026"]
    r = make_report(query("2026-10-01", grain=Grain.MONTH))
    assert [f.bucket(r, i) for i in (0, 1)] == ["October 2026", "1–23 Nov 2026"]


def test_the_hour_that_happens_twice_has_two_names():
    r = make_report(query("2026-10-25", "2026-10-25", Grain.HOUR))
    names = [f.bucket(r, i) for i in range(len(r))]
    assert len(names) == len(set(names)) == 25
    assert names[2:4] == ["Sun 25 Oct 2026, 02:00 (UTC+2)", "Sun 25 Oct 2026, 02:00 (UTC+1)"]


def test_zone_text():
    assert f.zone_text("UTC", AS_OF) == "UTC"
    assert f.zone_text("Europe/Berlin", AS_OF) == "Europe/Berlin (UTC+1)"
    assert f.zone_text("Asia/Kolkata", AS_OF) == "Asia/Kolkata (UTC+5:30)"
    assert f.zone_text("America/St_Johns", AS_OF) == "America/St_Johns (UTC-3:30)"


def test_states():
    r = make_report(query(last="2026-11-25"))
    assert [f.state(r, i) for i in (21, 22, 23)] == ["final", "running", "not begun"]


def test_notes_only_where_there_is_something_to_say():
    past = query(last="2026-11-20")
    assert f.notes(make_report(past)) == ()
    r = make_report(query(), estimated=0.3, not_supplied=("captions_minutes", "qa_posts"))
    absent, estimated, running = f.notes(r)
    assert absent.startswith("Not supplied by this team's platform")
    assert absent.endswith("does not mean 0: Captions minutes, Q&A posts.")
    assert estimated.startswith("≈ 30\u202f% of the consumed minutes")
    assert running.startswith(
        "Mon 23 Nov 2026 is not over: its figures run to Mon 23 Nov 2026, 11:30"
    )
    assert f.estimated_text(make_report(past, estimated=1.0)).startswith(
        "≈ All consumed minutes are estimated"
    )
    assert (
        f.estimated_text(make_report(past, estimated=1.0, not_supplied=("consumed_minutes",))) == ""
    )
    assert "under 1" in f.estimated_text(make_report(past, estimated=0.001))
    # Nearly all is not all, and never rounds to it.
    assert f.estimated_text(make_report(past, estimated=0.999)).startswith("≈ 99\u202f%")
