"""Zoom's participants report: its stays, local times, and stable ids."""

from __future__ import annotations

import contextlib
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import attendance as attendance_support
from support import oracle
from support.harness import NOW, TEAM
from usage_report.core import metrics
from usage_report.core.errors import InputError
from usage_report.core.events import Event, QuarantinedInput, instant
from usage_report.sources import registry
from usage_report.sources.files import attendance, zoom

PLAIN = """Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest,Recording Consent,In Waiting Room
Ana Diaz,Ana@example.org,03/13/2026 09:00:00 AM,03/13/2026 09:40:00 AM,40,No,Yes,No
"Bo (Bohumil, the guest)",,03/13/2026 09:05:00 AM,03/13/2026 09:06:00 AM,1,Yes,,Yes
"Bo (Bohumil, the guest)",,03/13/2026 09:06:00 AM,03/13/2026 09:20:00 AM,14,Yes,,No
"Bo (Bohumil, the guest)",,03/13/2026 09:30:00 AM,03/13/2026 09:40:30 AM,11,Yes,,No
Ana on a phone,ana@example.org,03/13/2026 09:10:00 AM,03/13/2026 09:20:00 AM,10,No,Yes,No
"""
ABOVE = """Meeting ID,Topic,Start Time,End Time,User Email,Duration (Minutes),Participants
"888 1234 5678",Stand-up,03/13/2026 08:59:00 AM,03/13/2026 09:41:00 AM,ana@example.org,42,2

"""


read = partial(attendance_support.read, source=zoom.SOURCE, zone="America/New_York")
events = partial(attendance_support.events, source=zoom.SOURCE, zone="America/New_York")


def rows(
    *times: tuple[str, str],
    header: str = "Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes)",
) -> str:
    return "\n".join([header, *(f'P{n},,"{a}","{b}",1' for n, (a, b) in enumerate(times))])


def total(items: list[Event], day: str = "2026-03-13") -> dict[str, int]:
    return oracle.report(items, team=TEAM, start=day, last=day, as_of=NOW)["total"]


def test_a_meeting():
    """Ana stays 40 minutes and 10 on her phone, Bo 14 and 10.5; his waiting does not count."""
    result = total(events(ABOVE + PLAIN))
    assert result["participation_minutes"] == (40 + 10) * 60_000 + (14 * 60 + 10 * 60 + 30) * 1000
    assert result["active_participants"] == 2
    assert result["max_concurrent_participants"] == 3
    assert (result["sessions"], result["active_rooms"]) == (1, 1)
    first = min(events(ABOVE + PLAIN), key=lambda e: e.time)
    # New York is four hours behind from 8 March on.
    assert (first.time, first.room, first.person, first.name) == (
        instant("2026-03-13T13:00:00Z"),
        "88812345678",
        "ana@example.org",
        "Ana Diaz",
    )


@pytest.mark.parametrize(
    ("text", "name", "room"),
    [
        (ABOVE + PLAIN, "x.csv", "88812345678"),
        (PLAIN, "/home/x/participants_88812345678.csv", "88812345678"),
        (PLAIN, "participants_88812345678 (1).csv.gz", "88812345678"),
        (PLAIN, "lesson.csv", "lesson"),
        (PLAIN, "-", "-"),
        (ABOVE.replace('"888 1234 5678"', "") + PLAIN, "lesson.csv", "Stand-up"),
    ],
)
def test_the_room(text, name, room):
    assert {e.room for e in events(text, name=name)} == {room}


def test_ids_depend_only_on_the_stays():
    ids = [e.id for e in events(PLAIN)]
    assert len(set(ids)) == len(ids)
    assert [e.id for e in events(PLAIN, name="another.csv")] == ids
    assert [e.id for e in events(ABOVE + PLAIN)] == ids
    assert [e.id for e in events(PLAIN.replace("\n", "\r\n").encode("utf-16"))] == ids
    assert [e.id for e in events(PLAIN.encode("utf-8-sig"))] == ids
    # Rows in another order, and the dates in another form.
    head, *body = PLAIN.splitlines()
    assert {e.id for e in events("\n".join([head, *reversed(body)]))} == set(ids)
    assert [e.id for e in events(PLAIN.replace("03/13/2026", "2026-03-13"))] == ids
    # In another zone, the events conflict with those stored and do not become a second meeting.
    assert [e.id for e in events(PLAIN, zone="Europe/Berlin")] == ids
    assert {e.session for e in events(PLAIN, zone="Europe/Berlin")} == {
        e.session for e in events(PLAIN)
    }


def test_two_devices_of_one_name_that_join_in_one_second_are_two_stays():
    text = rows(
        ("03/13/2026 09:00:00 AM", "03/13/2026 09:10:00 AM"),
        ("03/13/2026 09:00:00 AM", "03/13/2026 09:20:00 AM"),
    ).replace("P1", "P0")
    assert total(events(text))["participation_minutes"] == 30 * 60_000
    head, one, other = text.splitlines()
    assert set(events(f"{head}\n{other}\n{one}")) == set(events(text))


def test_several_meetings_in_one_file_are_several_sessions():
    head = "Topic,Meeting ID,Start Time,Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes)\n"
    text = head + "".join(
        f"Bio,{number},2026-03-{day} 09:00:00,Ana,,2026-03-{day} 09:00:00,2026-03-{day} 09:30:00,30\n"
        for number, day in ((987654321, 13), (987654321, 14), (123456789, 14))
    ).replace("14 09:00:00,2026-03-14 09:30", "14 09:00:00,2026-03-14 09:30", 1)
    items = events(
        text.replace(
            "123456789,2026-03-14 09:00:00,Ana,,2026-03-14 09:00:00",
            "123456789,2026-03-14 10:00:00,Ana,,2026-03-14 09:10:00",
        )
    )
    assert len({e.session for e in items}) == 3
    assert {e.room for e in items} == {"987654321", "123456789"}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("03/13/2026 09:00:00 AM", "2026-03-13T09:00:00Z"),
        ("03/13/2026 12:00:00 AM", "2026-03-13T00:00:00Z"),
        ("03/13/2026 12:30:00 PM", "2026-03-13T12:30:00Z"),
        ("13/03/2026 21:00", "2026-03-13T21:00:00Z"),
        ("13.03.2026 21:00:05", "2026-03-13T21:00:05Z"),
        ("13.3.26, 21:00", "2026-03-13T21:00:00Z"),
        ("3/13/26, 7:02:11\u202fPM", "2026-03-13T19:02:11Z"),
        ("2026-03-13 09:00:00", "2026-03-13T09:00:00Z"),
        ("2026-03-13T09:00:00Z", "2026-03-13T09:00:00Z"),
        ("2026-03-13T09:00:00+05:30", "2026-03-13T03:30:00Z"),
        ("2026-03-13 09:00:00-0400", "2026-03-13T13:00:00Z"),
        ("03/03/2026 21:00", "2026-03-03T21:00:00Z"),
    ],
)
def test_times_in_all_forms(written, expected):
    joined, left = events(rows((written, written)), zone="UTC")
    assert (joined.time, left.time) == (instant(expected), instant(expected))


def test_one_unambiguous_date_decides_for_the_whole_file():
    items = events(
        rows(("05/03/2026 21:00", "05/03/2026 21:10"), ("14/03/2026 21:00", "14/03/2026 21:10")),
        zone="UTC",
    )
    assert min(e.time for e in items) == instant("2026-03-05T21:00:00Z")
    with pytest.raises(InputError, match="mixes dates"):
        read(rows(("14/03/2026 21:00", "03/14/2026 21:10")))


def test_ambiguous_dates_are_those_in_the_past_or_the_file_is_rejected():
    text = rows(("05/03/2026 21:00", "05/03/2026 21:10"))
    april = instant("2026-04-01T00:00:00Z")
    assert events(text, zone="UTC", now=april)[0].time == instant("2026-03-05T21:00:00Z")
    with pytest.raises(InputError, match="does not show which number of a date is the month"):
        read(text)
    # In the American form the month is first.
    assert events(rows(("05/03/2026 09:00:00 PM", "05/03/2026 09:10:00 PM")), zone="UTC")[
        0
    ].time == instant("2026-05-03T21:00:00Z")


def test_local_times_need_a_zone_and_others_do_not():
    with pytest.raises(InputError, match="--zone"):
        read(PLAIN, zone=None)
    with pytest.raises(InputError, match="no time zone 'Mars/Olympus'"):
        read(PLAIN, zone="Mars/Olympus")
    assert len(events(rows(("2026-03-13T09:00:00Z", "2026-03-13T09:10:00+00:00")), zone=None)) == 2


def test_an_hour_that_occurs_twice():
    """In New York clocks go back on 1 November 2026 at 2:00: 1:50 to 1:10 is twenty minutes."""
    items = events(
        rows(
            ("11/01/2026 01:50:00 AM", "11/01/2026 01:10:00 AM"),
            ("11/01/2026 01:10:00 AM", "11/01/2026 01:50:00 AM"),
            ("11/13/2026 01:00 AM", "11/13/2026 01:00 AM"),
        )
    )
    assert total(items, "2026-11-01")["participation_minutes"] == (20 + 40) * 60_000


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("Ana,,03/13/2026 09:30:00 AM,03/13/2026 08:00:00 AM,1", "bad-time"),
        ("Ana,,soon,03/13/2026 09:00:00 AM,1", "bad-time"),
        ("Ana,,03/13/2026 09:30:00 AM,later,1", "bad-time"),
        ("Ana,,13/13/2026 09:00:00 AM,03/13/2026 09:00:00 AM,1", None),
        ("Ana,,02/30/2026 09:00:00 AM,03/13/2026 09:00:00 AM,1", "bad-time"),
        ("Ana,,03/13/2026 13:00:00 AM,03/13/2026 13:00:00 AM,1", "bad-time"),
        ("Ana,,,,1", "bad-time"),
        ("Ana", "bad-time"),
        (",,03/13/2026 09:00:00 AM,03/13/2026 09:00:00 AM,1", "missing-field"),
        (f"{'x' * 1001},,03/13/2026 09:00:00 AM,03/13/2026 09:00:00 AM,1", "too-long"),
    ],
)
def test_a_bad_row_is_quarantined_and_the_others_are_read(row, reason):
    if reason is None:
        with pytest.raises(InputError, match="mixes dates"):
            read(PLAIN + row)
        return
    items = read(PLAIN + row)
    (quarantined,) = [x for x in items if type(x) is QuarantinedInput]
    assert (quarantined.reason, quarantined.position, quarantined.team, quarantined.source) == (
        reason,
        7,
        TEAM,
        "zoom-report",
    )
    assert [x for x in items if type(x) is Event] == events(PLAIN)


def test_correcting_a_row_does_not_change_the_events_of_the_others():
    broken = PLAIN + "Cem,,03/13/2026 08:50:00 AM,later,1"
    items = [x for x in read(broken) if type(x) is Event]
    assert set(items) < set(events(broken.replace("later", "03/13/2026 09:00:00 AM")))


def test_a_person_without_a_leave_time_is_still_there():
    (joined,) = events(rows(("03/13/2026 09:00:00 AM", "")))
    assert joined.type == "participant.joined"


def test_a_report_without_stays_or_team_is_rejected():
    with pytest.raises(InputError, match="unique users"):
        read("Name (Original Name),User Email,Total Duration (Minutes),Guest\nAna,,57,No\n")
    with pytest.raises(InputError, match="names no team"):
        read(PLAIN, team=None)
    with pytest.raises(InputError, match="not a participants report"):
        read("a,b\n1,2\n")
    with pytest.raises(InputError, match="neither UTF-16 nor UTF-8"):
        read(b"Name,Join Time\n\xff\xff\xff")


def test_a_very_large_file_is_not_read_into_memory(monkeypatch):
    monkeypatch.setattr(attendance, "MAX_BYTES", 1000)
    with pytest.raises(InputError, match="is larger than"):
        read(PLAIN * 10)


def test_it_is_recognised_and_other_formats_are_not():
    for head in (
        PLAIN,
        ABOVE + PLAIN,
        PLAIN.replace("\n", "\r\n"),
        "Name (original name),Total duration (minutes)\n",
    ):
        assert registry.choose(head.encode(), "x").name == "zoom-report"
        assert registry.choose(head.encode("utf-16"), "x").name == "zoom-report"
    for head in (b'{"specversion":"1.0"}', b"some,other,table\n1,2,3\n", b"\xff\xfe{\0}\0"):
        assert not zoom.SOURCE.recognises(head, "x")


def test_only_presence_is_supplied():
    supplied = {m.key for m in metrics.METRICS} - zoom.SOURCE.cannot_supply
    result = total(events(PLAIN))
    assert {key for key in supplied if result[key]} == supplied
    assert not any(result[m.key] for m in metrics.METRICS if m.key in zoom.SOURCE.cannot_supply)


WEBINAR = """Attendee Report
Report Generated:,"Mar 13, 2026 6:26 PM"
Topic,Webinar ID,Actual Start Time,Actual Duration (minutes),# Registered,Enable Registration
Open lesson,800 0000 0045,"Mar 13, 2026 7:13 PM",60,3,Yes
Host Details
Attended,User Name (Original Name),Email,Join Time,Leave Time,Time in Session (minutes),Is Guest
Yes,Host,host@example.org,"Mar 13, 2026 19:13:27","Mar 13, 2026 20:13:27",60,No
Panelist Details
Attended,User Name (Original Name),Email,Join Time,Leave Time,Time in Session (minutes),Is Guest
Yes,Ana,ana@example.org,"Mar 13, 2026 19:20:00","Mar 13, 2026 19:50:00",30,Yes
Yes,Ana,ana@example.org,"Mar 13, 2026 19:30:00","Mar 13, 2026 19:40:00",10,Yes
Attendee Details
Attended,User Name (Original Name),First Name,Email,Registration Time,Join Time,Leave Time,Time in Session (minutes)
No,Bo,Bo,bo@example.org,"Mar 1, 2026 11:23:29",--,--,--
Yes,Cem,Cem,cem@example.org,"Mar 1, 2026 11:27:19","Mar 13, 2026 7:30:00 PM","Mar 13, 2026 7:40:30 PM",11
Other Attended
User Name,Join Time,Leave Time,Time in Session (minutes)
15550100,"13 Mar 2026 19:30:00","13 Mar 2026 19:31:00",1
"""


def test_a_webinar():
    """People in several sections; one who registered and did not attend is no error."""
    items = events(WEBINAR, zone="UTC")
    result = total(items)
    assert registry.choose(WEBINAR.encode(), "x") is zoom.SOURCE
    assert result["participation_minutes"] == (60 + 30 + 10 + 10.5 + 1) * 60_000
    assert result["active_participants"] == 4
    assert result["max_concurrent_participants"] == 5
    assert (result["sessions"], result["active_rooms"]) == (1, 1)
    assert {(e.room, e.person) for e in items if e.type == "participant.joined"} == {
        ("80000000045", person)
        for person in ("host@example.org", "ana@example.org", "cem@example.org", "15550100")
    }


def test_the_address_of_the_host_is_not_that_of_the_participants():
    head = "Topic,Meeting ID,User Name,User Email,Start Time,Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes)\n"
    row = "Bio,852 0000 0288,Host,host@example.org,2026-03-13 09:00:00,{},{},2026-03-13 09:00:00,2026-03-13 09:30:00,30\n"
    text = head + row.format("Ana", "ana@example.org") + row.format("Bo", "")
    assert {(e.person, e.name) for e in events(text) if e.type == "participant.joined"} == {
        ("ana@example.org", "Ana"),
        ("Bo", "Bo"),
    }
    alone = text.replace("Name),User Email", "Name),Department")
    assert {e.person for e in events(alone) if e.type == "participant.joined"} == {"Ana", "Bo"}


def test_the_lines_above_the_stays_in_their_present_form():
    above = "Topic,ID,Host,Duration (minutes),Start time,End time,Participants\n"
    above += 'Stand-up,888 1234 5678,Ana,42,"03/13/2026 08:59:00 AM","03/13/2026 09:41:00 AM",2\n\n'
    assert [e._replace(room="") for e in events(above + PLAIN)] == [
        e._replace(room="") for e in events(PLAIN)
    ]
    assert {e.room for e in events(above + PLAIN)} == {"88812345678"}


def test_two_meetings_below_each_other_are_two_sessions():
    other = ABOVE.replace("5678", "5679") + PLAIN.replace("AM", "PM")
    items = events(ABOVE + PLAIN + "\n" + other)
    assert {(e.session, e.room) for e in items} == {
        (events(ABOVE + PLAIN)[0].session, "88812345678"),
        (events(other)[0].session, "88812345679"),
    }


@given(st.data())
def test_the_order_of_rows_and_columns_changes_nothing(data):
    table = "\n".join(line for line in PLAIN.splitlines() if '"' not in line)
    expected = set(events(table))
    assert set(events(attendance_support.shuffled(data.draw, table, ","))) == expected


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_content_is_read_quarantined_or_rejected(data):
    cell = st.one_of(
        st.sampled_from(["", "Ana", "03/13/2026 09:00:00 AM", "13/03/2026 21:00", "99/99/9999 99:99", "2026-03-13T09:00:00+99:99", "0000-00-00 00:00", "9999-12-31 23:59:59",
                         "0001-01-01 00:00:00", "2026-03-13 24:00", "2026-03-13 09:00:00Z", "2026-03-13 09:00:00+2400", "\0", "Join Time", "Leave Time", "Meeting ID", "Topic", '"', "\ud800"]),
        st.text(max_size=8),
    )  # fmt: skip
    lines = data.draw(st.lists(st.lists(cell, max_size=6).map(",".join), max_size=6))
    head = data.draw(st.sampled_from(["", PLAIN.splitlines()[0] + "\n", ABOVE + PLAIN]))
    raw = (head + "\n".join(lines)).encode(
        data.draw(st.sampled_from(["utf-8", "utf-16", "utf-16-le"])), "surrogatepass"
    )[data.draw(st.integers(0, 1)) :]
    zoom.SOURCE.recognises(raw, "x")
    with contextlib.suppress(InputError):
        assert all(
            type(x) in (Event, QuarantinedInput)
            for x in read(raw, zone=data.draw(st.sampled_from([None, "UTC", "Asia/Kolkata"])))
        )


def test_the_command_counts_nothing_twice(sqlite_shell, tmp_path):
    path = tmp_path / "participants_88812345678.csv"
    path.write_text(PLAIN)
    no_zone = sqlite_shell("ingest", "--team", TEAM, path, code=1)
    assert "--zone" in no_zone.stderr
    new_york = ("--team", TEAM, "--zone", "America/New_York")
    first = sqlite_shell("ingest", *new_york, path)
    assert first.stdout.splitlines()[0] == f"{path}: 8 accepted, 0 known already"
    other = tmp_path / "copy_of_participants_88812345678.csv"
    other.write_text(PLAIN)
    again = sqlite_shell("ingest", *new_york, other)
    assert again.stdout.splitlines()[0] == f"{other}: 0 accepted, 8 known already"


def test_a_quarantined_row_does_not_stop_the_replay_of_the_quarantine(sqlite_shell, tmp_path):
    """The row cannot be read without the headings of its file, so it stays."""
    path = tmp_path / "report.csv"
    path.write_text(PLAIN + "Cem,,soon,03/13/2026 09:00:00 AM,1\n")
    new_york = ("--team", TEAM, "--zone", "America/New_York")
    first = sqlite_shell("ingest", *new_york, path, code=1)
    assert "8 accepted, 0 known already, 1 quarantined" in first.stdout
    replay = sqlite_shell("quarantine", "replay", code=1)
    assert replay.stderr == ""
    assert replay.stdout == "0 accepted, 0 known already, 1 still in quarantine\n"
