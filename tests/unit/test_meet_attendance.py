"""Google Meet's attendance report."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support import attendance
from support.harness import NOW, TEAM
from usage_report.core.errors import InputError
from usage_report.core.events import Event, QuarantinedInput, instant
from usage_report.sources import contract
from usage_report.sources.files import meet

REPORT = """First name,Last name,Email,Duration,Time joined,Time exited
Ana,Diaz,Ana@example.org,42m,2026-03-13 09:01:14,2026-03-13 09:43:08
Bo,,,1 hr 2 min,2026-03-13 08:58:00,2026-03-13 10:00:00
Cem,Ek,cem@example.org,00:30:00,2026-03-13 09:00:00,2026-03-13 09:30:00
"""
AWAY = "Dan,Fox,dan@example.org,20 min,2026-03-13 09:00:00,2026-03-13 09:40:00\n"


def test_a_meeting():
    items = attendance.events(REPORT, name="/home/x/Biology.csv")
    milliseconds = (41 * 60 + 54 + 62 * 60 + 30 * 60) * 1000
    assert attendance.figures(items, "2026-03-13") == (milliseconds, 3, 3, 1, 1, 1, 3)
    assert {(e.room, e.person, e.name) for e in items if e.type == "participant.joined"} == {
        ("Biology", "ana@example.org", "Ana Diaz"),
        ("Biology", "Bo", "Bo"),
        ("Biology", "cem@example.org", "Cem Ek"),
    }
    assert min(e.time for e in attendance.events(REPORT, zone="Asia/Kolkata")) == instant(
        "2026-03-13T03:28:00Z"
    )


def test_the_form_with_one_column_of_names():
    text = "Name,Email,Duration,Time joined,Time exited\nAna Diaz,,42m,2026-03-13 09:01:14,2026-03-13 09:43:08\n"
    joined, left = attendance.events(text)
    assert (joined.person, joined.name, left.time - joined.time) == (
        "Ana Diaz",
        "Ana Diaz",
        2_514_000,
    )


@pytest.mark.parametrize("duration", ["20 min", "", "many"])
def test_a_person_who_was_away_is_quarantined_and_the_others_are_read(duration):
    items = attendance.read(REPORT + AWAY.replace("20 min", duration))
    (quarantined,) = [item for item in items if type(item) is QuarantinedInput]
    assert (quarantined.reason, quarantined.source, quarantined.position) == (
        "gap-unknown",
        "meet-attendance",
        5,
    )
    assert [item for item in items if type(item) is Event] == attendance.events(REPORT)


def test_times_of_day_only_are_rejected():
    text = REPORT.replace("2026-03-13 ", "")
    with pytest.raises(InputError) as caught:
        attendance.read(text)
    assert str(caught.value) == (
        "report.csv has times without dates: 09:01:14 does not say on which day. "
        "Export the report again with date and time."
    )


def test_another_table_is_not_a_report():
    with pytest.raises(InputError, match="no columns Time joined and Time exited"):
        list(meet.SOURCE.read(io.BytesIO(b"a,b\n1,2\n"), contract.Context(now=NOW, team=TEAM)))


@given(st.data())
def test_the_order_of_rows_and_columns_changes_nothing(data):
    expected = set(attendance.events(REPORT))
    assert set(attendance.events(attendance.shuffled(data.draw, REPORT, ","))) == expected
