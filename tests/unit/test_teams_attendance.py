"""Microsoft Teams' attendance report: its sections, encodings and forms."""

from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support import oracle
from support.harness import NOW, TEAM
from usage_report.core import metrics
from usage_report.core.errors import InputError
from usage_report.core.events import Event, QuarantinedInput, instant
from usage_report.sources import contract, registry
from usage_report.sources.files import teams

SUMMARY = """1. Summary
Meeting title\tBiology, week 4
Attended participants\t3
Start time\t3/13/26, 9:00:11 AM
End time\t3/13/26, 10:01:02 AM
Meeting duration\t1h 0m 51s

"""
PEOPLE = """2. Participants
Name\tFirst Join\tLast Leave\tIn-Meeting Duration\tEmail\tParticipant ID (UPN)\tRole
Ana Diaz\t3/13/26, 9:00:11 AM\t3/13/26, 10:00:11 AM\t1h 0m 0s\tAna@example.org\tana@corp.example.org\tOrganizer
Bo Ek\t3/13/26, 9:05:00 AM\t3/13/26, 9:45:00 AM\t20m 0s\tbo@example.org\tbo@example.org\tPresenter
Cem (Guest)\t3/13/26, 9:10:00 AM\t3/13/26, 9:10:40 AM\t40s\t\t\tAttendee

"""
STAYS = """3. In-Meeting Activities
Name\tJoin Time\tLeave Time\tDuration\tEmail\tRole
Ana Diaz\t3/13/26, 9:00:11 AM\t3/13/26, 10:00:11 AM\t1h 0m 0s\tAna@example.org\tOrganizer
Bo Ek\t3/13/26, 9:05:00 AM\t3/13/26, 9:15:00 AM\t10m 0s\tbo@example.org\tPresenter
Bo Ek\t3/13/26, 9:35:00 AM\t3/13/26, 9:45:00 AM\t10m 0s\t\tPresenter
Cem (Guest)\t3/13/26, 9:10:00 AM\t3/13/26, 9:10:40 AM\t40s\t\tAttendee
"""
WHOLE = SUMMARY + PEOPLE + STAYS


def written(text: str) -> bytes:
    """Encoded as by Teams."""
    return text.replace("\n", "\r\n").encode("utf-16")


def read(
    text: str | bytes,
    *,
    zone: str | None = "Europe/Berlin",
    name: str = "report.csv",
    team: str | None = TEAM,
) -> list[Event | QuarantinedInput]:
    data = text if isinstance(text, bytes) else written(text)
    return list(
        teams.SOURCE.read(
            io.BytesIO(data), contract.Context(now=NOW, team=team, name=name, zone=zone)
        )
    )


def events(*args, **more) -> list[Event]:
    items = read(*args, **more)
    assert [x for x in items if type(x) is not Event] == []
    return items


def total(items: list[Event]) -> dict[str, int]:
    return oracle.report(items, team=TEAM, start="2026-03-13", last="2026-03-13", as_of=NOW)[
        "total"
    ]


def test_a_meeting():
    """Ana stays an hour, Bo twice ten minutes with a gap that does not count, Cem 40 seconds."""
    items = events(WHOLE)
    result = total(items)
    assert result["participation_minutes"] == (3600 + 1200 + 40) * 1000
    assert result["active_participants"] == 3
    assert result["max_concurrent_participants"] == 3
    assert (result["sessions"], result["active_rooms"]) == (1, 1)
    first = min(items, key=lambda e: e.time)
    assert (first.time, first.room, first.person, first.name) == (
        instant("2026-03-13T08:00:11Z"),
        "Biology, week 4",
        "ana@example.org",
        "Ana Diaz",
    )
    # Bo's second row has no address, but the section of participants has one.
    assert {e.person for e in items if e.type == "participant.joined"} == {
        "ana@example.org",
        "bo@example.org",
        "Cem (Guest)",
    }


def test_ids_depend_neither_on_the_encoding_nor_on_the_name_of_the_file():
    ids = [e.id for e in events(WHOLE)]
    assert len(set(ids)) == len(ids) == 8
    for data in (
        WHOLE.encode(),
        WHOLE.encode("utf-8-sig"),
        WHOLE.encode("utf-16-le"),
        b"\xfe\xff" + WHOLE.encode("utf-16-be"),
    ):
        assert [e.id for e in events(data)] == ids
    assert [e.id for e in events(WHOLE, name="another.csv")] == ids
    assert [e.id for e in events(WHOLE, zone="UTC")] == ids
    assert [
        e.id for e in events(WHOLE.replace("AM", "\u202fAM").replace("3/13/26, ", "3/13/2026, "))
    ] == ids


def test_columns_separated_by_commas():
    text = "1. Summary\nMeeting title,Biology\n\n3. In-Meeting Activities\nName,Join Time,Leave Time,Duration,Email,Role\n"
    text += 'Ana,"3/13/26, 9:00:00 AM","3/13/26, 9:10:00 AM",10m 0s,a@example.org,Organizer\n'
    assert total(events(text))["participation_minutes"] == 600_000
    assert {e.room for e in events(text)} == {"Biology"}


def test_without_the_section_of_stays_only_people_without_a_gap_are_counted():
    items = read(SUMMARY + PEOPLE)
    (quarantined,) = [x for x in items if type(x) is QuarantinedInput]
    assert (quarantined.reason, quarantined.position, quarantined.team, quarantined.source) == (
        "gap-unknown",
        11,
        TEAM,
        "teams-attendance",
    )
    assert b"Bo Ek" in quarantined.raw
    whole = {e.id for e in events(WHOLE)}
    accepted = [x for x in items if type(x) is Event]
    assert total(accepted)["participation_minutes"] == (3600 + 40) * 1000
    # The whole report, ingested later, adds what is missing and nothing twice.
    assert {e.id for e in accepted} < whole


def test_the_form_of_2021():
    text = """Meeting Summary
Total Number of Participants\t1
Meeting Title\tBiology
Meeting Start Time\t3/13/2021, 9:00:11 AM
Meeting Id\t11111111-2222-3333-4444-555555555555

Full Name\tJoin Time\tLeave Time\tDuration\tEmail\tRole\tParticipant ID (UPN)
Ana Diaz\t3/13/2021, 9:00:11 AM\t3/13/2021, 9:30:11 AM\t30m\t\tOrganizer\tAna@corp.example.org
"""
    joined, left = events(text, zone="UTC")
    assert (joined.person, joined.room, left.time - joined.time) == (
        "ana@corp.example.org",
        "Biology",
        1_800_000,
    )
    assert {e.room for e in events(text.replace("Meeting Title\tBiology\n", ""), zone="UTC")} == {
        "11111111-2222-3333-4444-555555555555"
    }
    assert {
        e.room for e in events(text[text.index("Full Name") :], zone="UTC", name="lesson.csv")
    } == {"lesson"}


def test_a_report_without_stays_team_or_zone_is_rejected():
    with pytest.raises(InputError, match="list of actions"):
        read("Full Name\tUser Action\tTimestamp\nAna\tJoined\t3/13/2026, 9:00:00 AM\n")
    with pytest.raises(InputError, match="no columns of joining and leaving"):
        read("a\tb\n1\t2\n")
    with pytest.raises(InputError, match="names no team"):
        read(WHOLE, team=None)
    with pytest.raises(InputError, match="--zone"):
        read(WHOLE, zone=None)


def test_a_bad_row_is_quarantined_and_the_others_are_read():
    items = read(
        WHOLE
        + "Dan\tsoon\tlater\t1m\t\tAttendee\n\t3/13/26, 9:10:00 AM\t3/13/26, 9:10:40 AM\t40s\t\tAttendee\n"
    )
    assert [(x.reason, x.position) for x in items if type(x) is QuarantinedInput] == [
        ("missing-field", 21),
        ("bad-time", 20),
    ]
    assert [x for x in items if type(x) is Event] == events(WHOLE)


def test_sections_after_the_stays_are_ignored():
    assert events(WHOLE + "\n4. Engagement\nName\tRaised hands\nAna Diaz\t3\n") == events(WHOLE)


def test_it_is_recognised_and_not_confused_with_a_report_of_zoom():
    for data in (
        written(WHOLE),
        WHOLE.encode(),
        written(SUMMARY + PEOPLE),
        written("Full Name\tUser Action\tTimestamp\n"),
    ):
        assert registry.choose(data, "x").name == "teams-attendance"
    zoom = "Name (Original Name),User Email,Join Time,Leave Time,Duration (Minutes),Guest\n"
    assert not teams.SOURCE.recognises(zoom.encode(), "x")
    assert not registry.discover()["zoom-report"].recognises(written(WHOLE), "x")


def test_only_presence_is_supplied():
    supplied = {m.key for m in metrics.METRICS} - teams.SOURCE.cannot_supply
    result = total(events(WHOLE))
    assert {key for key in supplied if result[key]} == supplied


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_content_is_read_quarantined_or_rejected(data):
    lines = WHOLE.splitlines()
    for _ in range(data.draw(st.integers(1, 5))):
        n = data.draw(st.integers(0, len(lines) - 1))
        cells = lines[n].split("\t")
        cells[data.draw(st.integers(0, len(cells) - 1))] = data.draw(
            st.sampled_from(
                [
                    "",
                    "1h",
                    "99999999999h 0m 0s",
                    "13/13/13, 9:00:00 AM",
                    "3/13/26, 9:00:00 AM",
                    "31/12/9999 23:59",
                    "1. x",
                    "First Join",
                    "Last Leave",
                    "Join Time",
                    '"',
                ]
            )
            | st.text(max_size=6)
        )
        lines[n] = "\t".join(cells)
    raw = "\n".join(lines).encode(
        data.draw(st.sampled_from(["utf-8", "utf-16", "utf-16-le"])), "surrogatepass"
    )[: data.draw(st.integers(0, 4_000))]
    teams.SOURCE.recognises(raw, "x")
    with contextlib.suppress(InputError):
        assert all(
            type(x) in (Event, QuarantinedInput)
            for x in read(raw, zone=data.draw(st.sampled_from([None, "UTC", "Asia/Kolkata"])))
        )
