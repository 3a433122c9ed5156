"""Jitsi's event_sync: the documented bodies, breakout rooms, and lost deliveries, which change nothing."""

from __future__ import annotations

import itertools
import random

import pytest

from platforms.reading import Reading
from platforms.samples import jitsi as sample
from support import oracle
from support.harness import TEAM
from usage_report.core.events import Event, instant
from usage_report.sources.contract import Delivery
from usage_report.sources.signatures import Unauthorized
from usage_report.sources.webhooks import jitsi

ROOM = "catchup@conference.meet.mydomain.com"
BARROW = "14f01c40-5195-4a4d-8efb-f58b49d18741@meet.mydomain.com/OWhl8jSh"
OCCUPANT = {
    "name": "James Barrow",
    "email": "j.barrow@domain.com",
    "id": "00380324-a840-400d-880f-7ee0933b7556",
    "occupant_jid": BARROW,
}
ABOUT = {"room_name": "catchup", "room_jid": ROOM, "is_breakout": False}
AT = 1625823996


reading = Reading(jitsi.SOURCE)
translate, quarantine_reason = reading.translate, reading.quarantine_reason


def report(bodies: list[dict]) -> dict[str, int]:
    events = [x for body in bodies for x in translate(body)]
    assert all(type(x) is Event for x in events)
    return oracle.report(
        events, team=TEAM, start="2026-03-02", last="2026-03-02", as_of=sample.NOW
    )["total"]


def test_the_documented_bodies():
    bodies = [
        {"event_name": "muc-room-created", **ABOUT, "created_at": AT},
        {
            "event_name": "muc-occupant-joined",
            **ABOUT,
            "active_occupants_count": 4,
            "occupant": {**OCCUPANT, "joined_at": AT},
        },
        {
            "event_name": "muc-occupant-left",
            **ABOUT,
            "active_occupants_count": 3,
            "occupant": {**OCCUPANT, "joined_at": AT, "left_at": AT + 39},
        },
    ]
    created, joined, repeated, left = [x for body in bodies for x in translate(body)]
    assert repeated == joined
    assert (created.type, created.room, created.time) == (
        "session.started",
        ROOM,
        instant("2021-07-09T09:46:36Z"),
    )
    assert (joined.type, joined.connection, joined.person, joined.name) == (
        "participant.joined",
        BARROW,
        OCCUPANT["id"],
        "James Barrow",
    )
    assert (left.type, left.connection, left.time - joined.time) == (
        "participant.left",
        BARROW,
        39_000,
    )
    assert created.session == joined.session == left.session

    gone = {
        "event_name": "muc-room-destroyed",
        **ABOUT,
        "created_at": AT,
        "destroyed_at": AT + 39,
        "all_occupants": [{**OCCUPANT, "joined_at": AT, "left_at": AT + 39}],
    }
    # The list repeats the stay, as the same events.
    again, once_more, ended = translate(gone)
    assert (again, once_more) == (joined, left)
    assert (ended.type, ended.session) == ("session.ended", joined.session)


@pytest.mark.parametrize("kinds", ["JL", "L", "LJ"])
def test_a_leave_makes_up_for_a_lost_join(kinds):
    """Bo is there for an hour; the leave repeats the join as the same event."""
    join = sample.event("muc-occupant-joined", occupant=sample.stay(sample.BO, 0))
    leave = sample.event("muc-occupant-left", occupant=sample.stay(sample.BO, 0, 60))
    answer = report([join if kind == "J" else leave for kind in kinds])
    keys = ("participation_minutes", "active_participants", "sessions", "max_concurrent_participants")  # fmt: skip
    assert [answer[key] for key in keys] == [60 * 60_000, 1, 1, 1]


def test_without_a_token_the_person_is_the_occupant():
    body = sample.event("muc-occupant-joined", occupant=sample.stay(sample.BO, 5))
    assert translate(body)[0].person == sample.BO["occupant_jid"]
    body = sample.event(
        "muc-occupant-joined", occupant=sample.stay({**sample.BO, "email": "bo@example.org"}, 5)
    )
    assert translate(body)[0].person == "bo@example.org"


def test_a_move_to_a_breakout_room_that_overlaps_by_a_second_loses_nothing():
    """Bo joins the breakout room at 10:10:00 and leaves the main room at 10:10:01: one second in both places."""
    bodies = [
        sample.event("muc-occupant-joined", occupant=sample.stay(sample.BO, 0)),
        sample.event("muc-occupant-joined", "b-1", occupant=sample.stay(sample.BO, 10)),
        sample.event("muc-occupant-left", occupant=sample.stay(sample.BO, 0, 10 + 1 / 60)),
        sample.event("muc-occupant-left", "b-1", occupant=sample.stay(sample.BO, 10, 20)),
    ]
    for order in itertools.permutations(bodies):
        assert report(list(order))["participation_minutes"] == 20 * 60_000 + 1_000


@pytest.mark.parametrize("seed", range(5))
def test_the_end_of_the_rooms_makes_up_for_lost_deliveries(seed):
    """Only the ends of the rooms must arrive. They list all occupants, also Bo's first stay in the main room."""
    whole = [*sample.MEETING[:-1], sample.event("muc-room-destroyed", created_at=sample.at(0), destroyed_at=sample.at(30), all_occupants=[
        sample.stay(sample.ANA, 0, 30), sample.stay(sample.BO, 5, 10), sample.stay(sample.BO, 20, 25),
    ])]  # fmt: skip
    expected = report(whole)
    chance = random.Random(seed)
    arrived = [
        body
        for body in whole
        if body["event_name"] == "muc-room-destroyed"
        or body["event_name"] == "muc-room-created"
        or chance.random() < 0.5
    ]
    assert report(arrived) == expected
    assert (
        expected["participation_minutes"] == sample.SAMPLE.figures["participation_minutes"] * 60_000
    )


def test_a_stay_across_the_turn_of_the_day_ends():
    def at(clock: str) -> int:
        return instant(f"2026-03-02T{clock}:00Z") // 1000

    joined = sample.event("muc-occupant-joined", occupant={**sample.ANA, "joined_at": at("03:00")})
    left = sample.event(
        "muc-occupant-left",
        occupant={**sample.ANA, "joined_at": at("03:00"), "left_at": at("09:00")},
    )
    assert report([left, joined])["participation_minutes"] == 6 * 3_600_000
    # Without a leave, the end of the room ends the sessions of all days in which an occupant joined.
    gone = sample.event("muc-room-destroyed", created_at=at("02:00"), destroyed_at=at("09:30"), all_occupants=[
        {**sample.ANA, "joined_at": at("03:00")}, {**sample.BO, "joined_at": at("05:00"), "left_at": at("06:00")},
    ])  # fmt: skip
    assert report([gone])["participation_minutes"] == (6 * 60 + 30 + 60) * 60_000


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not-json"),
        (b"[]", "not-an-object"),
        ({}, "unknown-type"),
        ({"event_name": ["muc-room-created"]}, "unknown-type"),
        (sample.event("muc-room-created"), "missing-field"),
        (sample.event("muc-room-created", created_at="soon"), "bad-time"),
        (sample.event("muc-room-created", created_at=sample.NOW), "bad-time"),
        (
            sample.event("muc-room-created", created_at=sample.TEN) | {"room_jid": ""},
            "missing-field",
        ),
        (
            sample.event("muc-room-created", created_at=sample.TEN) | {"is_breakout": True},
            "missing-field",
        ),
        (sample.event("muc-occupant-joined"), "missing-field"),
        (sample.event("muc-occupant-joined", occupant={"joined_at": sample.TEN}), "missing-field"),
        (sample.event("muc-occupant-left", occupant=sample.stay(sample.ANA, 0)), "missing-field"),
        (
            sample.event(
                "muc-room-destroyed",
                created_at=sample.TEN,
                destroyed_at=sample.TEN,
                all_occupants={},
            ),
            None,
        ),
        (
            sample.event(
                "muc-room-destroyed",
                created_at=sample.TEN,
                destroyed_at=sample.TEN,
                all_occupants={"a": 1},
            ),
            "wrong-type",
        ),
        (
            sample.event(
                "muc-room-destroyed",
                created_at=sample.TEN,
                destroyed_at=sample.TEN,
                all_occupants=[1],
            ),
            "wrong-type",
        ),
    ],
)
def test_invalid_bodies_are_quarantined_with_their_reason(body, reason):
    if reason is None:
        # Lua writes an empty list as an empty object.
        assert [x.type for x in translate(body)] == ["session.ended"]
    else:
        assert quarantine_reason(body) == reason


@pytest.mark.parametrize(
    "header", [sample.SECRET, f"Bearer {sample.SECRET}", f"bearer {sample.SECRET}"]
)
def test_the_header_must_be_the_secret(header):
    delivery = Delivery(b"{}", {"authorization": header}, "", 0)
    jitsi.SOURCE.verify(delivery, sample.SECRET)
    jitsi.SOURCE.verify(delivery, f"Bearer {sample.SECRET}")
    for headers, secret in (
        ({}, sample.SECRET),
        ({"authorization": header + "x"}, sample.SECRET),
        ({"authorization": header}, ""),
        ({}, ""),
        ({"authorization": "Bearer "}, "Bearer"),
    ):
        with pytest.raises(Unauthorized):
            jitsi.SOURCE.verify(Delivery(b"{}", headers, "", 0), secret)
