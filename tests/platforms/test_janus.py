"""Janus' events, without a server: every mapping, the authentication, the turn of the day. See also test_janus_running."""

from __future__ import annotations

import base64
import itertools
import json
import os
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platforms.samples import janus as sample
from support import oracle
from support.harness import NOW, TEAM
from usage_report.core.events import Event, QuarantinedInput, instant
from usage_report.sources import contract
from usage_report.sources.contract import Delivery
from usage_report.sources.signatures import Unauthorized
from usage_report.sources.webhooks import janus

ANA = str(sample.ANA)
NOON = 120  # minute: from 12:00 UTC on, events belong to the day alone, not also to the day before


def translate(body: object) -> list[Event | QuarantinedInput]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return list(
        janus.SOURCE.translate(Delivery(raw, {}, "", NOW), contract.Context(now=NOW, team=TEAM))
    )


def summaries(body: object) -> list[tuple[str, str, str, str]]:
    events = translate(body)
    assert [x for x in events if type(x) is not Event] == []
    return [(e.type, e.connection, e.subject, e.detail) for e in events]


def quarantined(body: object) -> QuarantinedInput:
    (item,) = translate(body)
    assert type(item) is QuarantinedInput
    return item


def test_the_captured_lines():
    folder = Path(
        os.environ.get("USAGE_REPORT_TEST_DATA")
        or Path(__file__).parents[2].parent / "shared" / "data"
    )
    path = folder / "payloads" / "samples.json"
    if not path.is_file():
        pytest.skip(
            f"the captured lines are missing ({path}); USAGE_REPORT_TEST_DATA names the folder that has them"
        )
    created, published, destroyed = json.loads(path.read_text())["janus"]["sequence"]
    assert translate(created) == []
    # It is of a server too old to list streams.
    assert quarantined(published).reason == "wrong-type"
    (event,) = translate(destroyed)
    assert (event.type, event.room, event.time) == (
        "session.ended",
        "MyJanusInstance/6666",
        1556717692947,
    )


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("joined", {"display": "Ana"}, [("participant.joined", ANA, ANA, "")]),
        ("leaving", {}, [("participant.left", ANA, ANA, "")]),
        ("kicked", {}, [("participant.left", ANA, ANA, "")]),
        ("unpublished", {}, [("track.unpublished", ANA, f"{ANA}/audio", ""), ("track.unpublished", ANA, f"{ANA}/video", "")]),
        ("destroyed", {}, [("session.ended", "", "", "")]),
        ("published", {"streams": sample.streams(audio=True, video=True)}, [("track.published", ANA, f"{ANA}/{k}", k) for k in ("audio", "video")]),
        ("updated", {"streams": sample.streams(audio=True, video=False)}, [("track.published", ANA, f"{ANA}/audio", "audio"), ("track.unpublished", ANA, f"{ANA}/video", "")]),
        ("published", {"streams": sample.streams(data=True)}, []),
        ("published", {"streams": []}, []),
        ("configured", {"bitrate": 1}, []),
        ("created", {}, []),
    ],
)  # fmt: skip
def test_every_mapping(name, data, expected):
    assert summaries(sample.room(name, NOON, sample.ANA, **data)) == expected


def test_a_track_ends_with_the_last_of_its_streams():
    streams = [{"type": "video", "mid": "0", "disabled": True}, {"type": "video", "mid": "1"}]
    assert summaries(sample.room("updated", NOON, sample.ANA, streams=streams)) == [
        ("track.published", ANA, f"{ANA}/video", "video")
    ]


def test_what_a_subscriber_receives_is_not_a_track_of_a_publisher():
    assert summaries(sample.room("updated", 1, streams=sample.FEEDS, private_id=0)) == []


def test_the_person_is_the_opaque_id_else_the_id():
    def person(**handle) -> str:
        (event,) = translate(
            sample.event(
                64,
                1,
                {
                    "plugin": "janus.plugin.videoroom",
                    "data": {"event": "joined", "room": 1, "id": 5},
                },
                **handle,
            )
        )
        return event.person

    assert person() == "5"
    assert person(opaque_id="ana") == "ana"


@pytest.mark.parametrize("type_", sorted(janus._OTHER_TYPES))
def test_events_of_the_server_itself_are_ignored(type_):
    assert translate(sample.event(type_, 1, {"name": "detached"})) == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not-json"),
        (zlib.compress(b"[]"), "not-json"),
        (b"[" * 900 + b"]" * 900, "too-deep"),
        (
            json.dumps(sample.room("joined", 1, 5, display="DEEP"))
            .replace('"DEEP"', "[" * 300 + "]" * 300)
            .encode(),
            "too-deep",
        ),
        ([1], "not-an-object"),
        (sample.event(512, 1, {}), "unknown-type"),
        (sample.event(True, 1, {}), "unknown-type"),
        (
            sample.event(
                64, 1, {"plugin": "janus.plugin.audiobridge", "data": {"event": "joined"}}
            ),
            "unknown-type",
        ),
        (sample.room("teleported", 1), "unknown-type"),
        (sample.room("joined", 1), "missing-field"),
        (sample.room("joined", 1, sample.ANA) | {"timestamp": None}, "missing-field"),
        (
            sample.room("joined", 1, sample.ANA) | {"timestamp": sample.NOW // 1000},
            "too-early",
        ),  # seconds instead of µs
        (sample.room("published", 1, sample.ANA, streams="all"), "wrong-type"),
        (sample.room("published", 1, sample.ANA, streams=[1]), "wrong-type"),
    ],
)
def test_invalid_bodies_are_quarantined_with_their_reason(body, reason):
    assert quarantined(body).reason == reason


def test_one_invalid_event_of_a_group_does_not_affect_the_others():
    items = translate(
        [
            sample.room("joined", NOON, 5),
            sample.room("teleported", NOON, 5),
            sample.room("leaving", NOON, 5),
        ]
    )
    assert [type(x) for x in items] == [Event, QuarantinedInput, Event]
    assert items[1].position == 2


def test_grouping_does_not_change_the_events():
    flat = list(
        itertools.chain.from_iterable(b if isinstance(b, list) else [b] for b in sample.MEETING)
    )
    assert translate(flat) == [x for body in flat for x in translate(body)]


def test_the_same_room_of_two_servers_is_two_rooms():
    joined = sample.room("joined", 1, 5)
    one, other = translate(joined)[0], translate(joined | {"emitter": "sfu-2"})[0]
    assert (one.room, other.room) == ("sfu-1/4711", "sfu-2/4711")
    assert one.session != other.session
    assert one.id != other.id


def test_a_stay_across_the_turn_of_the_day_is_counted_to_its_end():
    """Ana is present from 03:00 to 06:00 UTC, with a camera from 05:00 on: three hours and one, in one session."""

    def at(clock: str, name: str, **data) -> dict:
        return sample.room(name, 0, sample.ANA, **data) | {
            "timestamp": instant(f"2026-03-02T{clock}:00Z") * 1000
        }

    bodies = [
        at("03:00", "joined"),
        at("05:00", "published", streams=sample.streams(video=True)),
        at("06:00", "leaving"),
    ]
    events = [x for body in bodies for x in translate(body)]
    for order in itertools.permutations(events):
        result = oracle.report(
            order, team=TEAM, start="2026-03-02", last="2026-03-02", as_of=sample.NOW
        )["total"]
        assert result["participation_minutes"] == 3 * 3_600_000
        assert result["broadcast_minutes_video"] == 3_600_000
        assert (result["max_concurrent_sessions"], result["max_concurrent_participants"]) == (1, 1)
    # A participant who returns after the turn is in the session of the new day, and still counted once.
    again = [x for body in (at("07:00", "joined"), at("08:00", "leaving")) for x in translate(body)]
    result = oracle.report(
        events + again, team=TEAM, start="2026-03-02", last="2026-03-02", as_of=sample.NOW
    )["total"]
    assert result["participation_minutes"] == 4 * 3_600_000
    assert result["max_concurrent_sessions"] == 1


def test_later_in_the_day_an_event_belongs_to_one_day():
    assert (
        len(
            translate(
                sample.room("leaving", 1, 5) | {"timestamp": instant("2026-03-02T12:00:00Z") * 1000}
            )
        )
        == 1
    )


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda x: (
            st.lists(x, max_size=4)
            | st.dictionaries(
                st.sampled_from(["type", "event", "data", "plugin", "room", "id", "streams"]),
                x,
                max_size=4,
            )
        ),
        max_leaves=20,
    ),
    st.binary(max_size=50),
)
def test_any_body_gives_events_or_quarantined_input(value, noise):
    for body in (json.dumps(value).encode(), json.dumps([value]).encode(), noise):
        assert all(type(x) in (Event, QuarantinedInput) for x in translate(body))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic amFudXM=",
        "Bearer " + base64.b64encode(sample.SECRET.encode()).decode(),
        sample.SECRET,
        "Basic é",
    ],
)
def test_only_the_right_user_and_password_are_accepted(header):
    delivery = sample.sign(b"[]")
    janus.SOURCE.verify(delivery, sample.SECRET)
    janus.SOURCE.verify(
        delivery._replace(
            headers={"authorization": delivery.headers["authorization"].replace("Basic", "basic")}
        ),
        sample.SECRET,
    )
    with pytest.raises(Unauthorized):
        janus.SOURCE.verify(
            delivery._replace(headers={} if header is None else {"authorization": header}),
            sample.SECRET,
        )
