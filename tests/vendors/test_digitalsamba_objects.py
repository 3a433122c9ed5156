"""Digital Samba's objects as events: published samples, live objects, times in every form, invalid objects."""

from __future__ import annotations

import io

import orjson
import pytest

from usage_report.core.events import Event, QuarantinedInput, instant
from usage_report.sources import coverage, registry
from usage_report.sources.contract import Context
from usage_report.sources.pull import digitalsamba_objects as rest

NOW = instant("2026-11-23T12:00:00Z")
CONTEXT = Context(NOW, "acme", "answer")

SESSION = {
    "id": "cbe49091-3b4d-4c1b-9ea6-bdf6594e799d", "start_time": "2024-03-21T05:19:31.000000Z", "end_time": "2024-03-21T05:29:31.000000Z",
    "room_id": "5b9ca00e-656e-43cc-ba2c-7dcaae63daa9", "room_external_id": "EXT-ID-123", "description": "My room description",
    "friendly_url": "myRoom", "room_is_deleted": False, "participants_total": 10, "participants_max": 5, "live": False,
}  # fmt: skip
PARTICIPANT = {
    "id": "17c75935-387e-499e-ab6f-8025e9bc0691", "external_id": "EXTID1625629384", "session_id": "9c725f12-705c-40e5-be1f-10dea6fa0a1f",
    "room_id": "1a3c3ace-e3ec-3363-b3cd-308c02381268", "room_external_id": "EXTID1375085920", "room_is_deleted": False,
    "name": "Ms. Cara Ferry Jr.", "role": "moderator", "friendly_url": "iagVi1oidf0k9hQhHypYLefFqpbHulUN",
    "join_time": "2024-03-03 08:01:01", "leave_time": "2024-03-03 09:01:01", "live": False,
}  # fmt: skip
RECORDING = {
    "id": "eb71357e-0b03-3257-9763-64187cc5d947", "name": "Ratione ipsa aut.", "duration": 90, "status": "READY",
    "room_id": "6511ec71-1ce9-31a4-b3e8-da6de9da84a8", "external_room_id": "EXTID479031047", "session_id": "s-1",
    "created_at": "2026-01-16T15:15:37Z", "updated_at": "2026-01-16T15:15:37Z",
}  # fmt: skip


def events(kind, obj):
    found = list(rest.SOURCE.translate_object(kind, obj, CONTEXT))
    assert all(type(e) is Event for e in found), found
    return found


def quarantined(kind, obj) -> QuarantinedInput:
    (found,) = rest.SOURCE.translate_object(kind, obj, CONTEXT)
    assert type(found) is QuarantinedInput
    return found


def test_a_session():
    start, end = events("session", SESSION)
    assert (start.type, start.time, start.session, start.room) == (
        "session.started",
        instant("2024-03-21T05:19:31Z"),
        SESSION["id"],
        SESSION["room_id"],
    )
    assert (end.type, end.time) == ("session.ended", instant("2024-03-21T05:29:31Z"))
    assert (start.team, start.source) == ("acme", "digitalsamba-rest")


def test_a_live_session_has_no_end_even_with_an_end_time():
    # The first published sample of a session is live and has an end_time.
    assert [e.type for e in events("session", SESSION | {"live": True})] == ["session.started"]
    assert [e.type for e in events("session", SESSION | {"live": True, "end_time": None})] == [
        "session.started"
    ]


def test_a_participant():
    join, leave = events("participant", PARTICIPANT)
    assert (join.type, join.connection, join.person, join.name) == (
        "participant.joined",
        PARTICIPANT["id"],
        "EXTID1625629384",
        "Ms. Cara Ferry Jr.",
    )
    assert join.time == instant("2024-03-03T08:01:01Z"), "a time without offset is UTC"
    assert leave.time - join.time == 3_600_000


@pytest.mark.parametrize("external", [None, ""])
def test_a_person_without_an_external_id_is_the_connection(external):
    assert (
        events("participant", PARTICIPANT | {"external_id": external})[0].person
        == PARTICIPANT["id"]
    )


def test_a_leave_is_added_when_it_is_known_and_nothing_else_changes():
    live = events("participant", PARTICIPANT | {"leave_time": None, "live": True})
    gone = events("participant", PARTICIPANT)
    assert live == gone[:1]


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-27 08:15:36",
        "2024-03-27T08:15:36",
        "2024-03-27T08:15:36Z",
        "2024-03-27T08:15:36.000000Z",
        "2024-03-27T10:15:36+02:00",
    ],
)
def test_every_form_of_a_time(text):
    assert events("session", SESSION | {"start_time": text, "end_time": None})[0].time == instant(
        "2024-03-27T08:15:36Z"
    )


def test_a_recording_lasts_for_its_duration():
    start, stop = events("recording", RECORDING)
    assert (start.type, stop.type, start.subject) == (
        "recording.started",
        "recording.stopped",
        RECORDING["id"],
    )
    assert stop.time - start.time == 90_000


@pytest.mark.parametrize(
    ("changes", "types"),
    [
        ({"status": "AWAITING_START", "session_id": None}, []),
        ({"status": "IN_PROGRESS"}, ["recording.started"]),
        ({"status": "PENDING_CONVERSION", "duration": 0}, ["recording.started"]),
        ({"status": "PENDING_CONVERSION"}, ["recording.started", "recording.stopped"]),
        ({"status": "READY", "duration": "90"}, ["recording.started", "recording.stopped"]),
        ({"status": "READY", "duration": 0}, ["recording.started", "recording.stopped"]),
    ],
)
def test_recordings_in_every_status(changes, types):
    assert [e.type for e in events("recording", RECORDING | changes)] == types


@pytest.mark.parametrize(
    ("kind", "obj", "reason"),
    [
        ("session", SESSION | {"start_time": None}, "missing-field"),
        ("session", SESSION | {"start_time": "yesterday"}, "bad-time"),
        ("session", SESSION | {"start_time": "1924-03-21T05:19:31Z"}, "too-early"),
        (
            "session",
            SESSION | {"start_time": "2026-11-23T12:06:00Z", "end_time": None},
            "in-the-future",
        ),
        ("session", SESSION | {"start_time": "9999-12-31T23:59:59-12:00"}, "bad-time"),
        ("session", SESSION | {"start_time": 1711000000}, "wrong-type"),
        ("session", SESSION | {"end_time": "2024-03-21T05:09:31Z"}, "wrong-value"),
        ("session", SESSION | {"id": None}, "missing-field"),
        ("session", SESSION | {"room_id": ["x"]}, "missing-field"),
        ("participant", PARTICIPANT | {"session_id": ""}, "missing-field"),
        ("participant", PARTICIPANT | {"external_id": {"a": 1}}, "missing-field"),
        ("participant", PARTICIPANT | {"name": "a\0b"}, "nul-character"),
        ("participant", PARTICIPANT | {"id": "x" * 2000}, "too-long"),
        ("recording", RECORDING | {"session_id": None}, "missing-field"),
        ("recording", RECORDING | {"duration": -1}, "wrong-value"),
        ("recording", RECORDING | {"duration": "long"}, "wrong-value"),
        ("recording", RECORDING | {"duration": 1e300}, "wrong-value"),
        ("participant", ["x"], "not-an-object"),
        ("participant", None, "not-an-object"),
    ],
)
def test_an_invalid_object_is_quarantined_whole_and_can_be_replayed(kind, obj, reason):
    one = quarantined(kind, obj)
    assert one.reason == reason
    assert one.why
    # The replay of the quarantine reads the original again, with the same result.
    (again,) = rest.SOURCE.read(io.BytesIO(one.raw), CONTEXT)
    assert (again.reason, again.raw) == (reason, one.raw)


def test_an_object_nested_too_deep_to_be_written_is_quarantined():
    deep: list = []
    for _ in range(500):
        deep = [deep]
    assert quarantined("participant", deep).raw.startswith(b'{"digitalsamba":"participant"')


def test_a_file_of_objects_is_recognised_and_read():
    lines = [
        rest.wrapped("session", SESSION),
        b"",
        rest.wrapped("participant", PARTICIPANT),
        b'{"digitalsamba":"soup","data":{}}',
        b"{",
        b"7",
    ]
    data = b"\n".join(lines)
    assert registry.choose(data, "objects.jsonl") is rest.SOURCE
    found = list(rest.SOURCE.read(io.BytesIO(data), CONTEXT))
    assert [type(x) for x in found] == [Event] * 4 + [QuarantinedInput] * 3
    assert [x.position for x in found[4:]] == [4, 5, 6]
    assert registry.choose(orjson.dumps({"specversion": "1.0"}), "e.jsonl").name == "jsonl"


def test_what_the_lists_do_not_report_is_not_supplied():
    absent = coverage.cannot_supply(["digitalsamba-rest"])
    assert {
        "broadcast_minutes",
        "consumed_minutes_screenshare",
        "captions_minutes",
        "chat_posts",
    } <= absent
    assert (
        not {
            "participation_minutes",
            "recorded_minutes",
            "recording_storage_minutes",
            "sessions",
            "max_concurrent_recordings",
        }
        & absent
    )
