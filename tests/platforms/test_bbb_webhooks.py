"""BigBlueButton's webhooks: published bodies, checksums, forms, and the events.xml of the same meeting."""

from __future__ import annotations

import hashlib
import io
import json
import os
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platforms.samples import URL
from platforms.samples import bigbluebutton_webhooks as sample
from support import oracle
from support.harness import NOW, TEAM
from usage_report.core.events import Event, QuarantinedInput
from usage_report.sources import contract, coverage
from usage_report.sources.contract import Delivery
from usage_report.sources.files import bigbluebutton as bigbluebutton_file
from usage_report.sources.signatures import Unauthorized
from usage_report.sources.webhooks import bigbluebutton

ANA, BO = sample.ANA, sample.BO


def translate(body: object) -> list[Event | QuarantinedInput]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return list(
        bigbluebutton.SOURCE.translate(
            Delivery(raw, {}, "", NOW), contract.Context(now=NOW, team=TEAM)
        )
    )


def summaries(body: object) -> list[tuple[str, str, str, str]]:
    events = translate(body)
    assert [x for x in events if type(x) is not Event] == []
    return [(e.type, e.connection, e.subject, e.detail) for e in events]


def quarantined(body: object) -> QuarantinedInput:
    (item,) = translate(body)
    assert type(item) is QuarantinedInput
    return item


def test_the_published_bodies():
    folder = Path(
        os.environ.get("USAGE_REPORT_TEST_DATA")
        or Path(__file__).parents[2].parent / "shared" / "data"
    )
    path = folder / "bigbluebutton" / "webhooks-mapped.json"
    if not path.is_file():
        pytest.skip(
            f"the published bodies are missing ({path}); USAGE_REPORT_TEST_DATA names the folder that has them"
        )
    bodies = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    assert len(bodies) >= 24
    john, mary, camera = (
        "w_xfsb9gxtlfom",
        "w_uxw0dzhtvk0l",
        "w_xfsb9gxtlfom_0e2313d7c9d39860e908e20cd196adc3a6b8bf5c16110fdadc63741f48193c19",
    )
    assert [x for body in bodies for x in summaries(body)] == [
        ("session.started", "", "", ""),
        ("participant.joined", john, john, ""),
        ("participant.joined", mary, mary, ""),
        ("track.published", john, f"{john}/audio", "audio"),
        ("track.unpublished", john, f"{john}/audio", ""),
        ("track.published", john, f"{john}/audio", "audio"),
        ("track.unpublished", john, f"{john}/audio", ""),
        ("track.published", john, camera, "video"),
        ("track.unpublished", john, camera, ""),
        ("track.published", john, f"{john}/screen", "screenshare"),
        ("track.unpublished", john, f"{john}/screen", ""),
        ("chat.posted", "", "1698771232706-9idm9pxf", "public"),
        ("participant.left", mary, mary, ""),
        ("participant.left", john, john, ""),
        ("session.ended", "", "", ""),
    ]
    events = [x for body in bodies for x in translate(body)]
    assert {(e.room, e.session) for e in events} == {
        ("random-9019868", "8043c8452ae9830aac14c517adff3839dbd9228f-1698771157700")
    }
    assert (events[0].time, events[-1].time) == (1708381132686, 1708381155717)
    assert len({e.id for e in events}) == len(events)


def test_several_events_in_one_form_are_the_same_events():
    one_by_one = [x for event in sample.EVENTS for x in translate(sample.form(event))]
    assert translate(sample.form(*sample.EVENTS)) == one_by_one
    assert translate(list(sample.EVENTS)) == one_by_one
    assert one_by_one == [x for event in sample.EVENTS for x in translate(event)]


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("user-audio-voice-enabled", {"sharing-mic": True, "muted": False}, "track.published"),
        ("user-audio-voice-enabled", {"sharing-mic": True, "muted": True}, None),
        (
            "user-audio-voice-enabled",
            {"sharing-mic": False, "listening-only": True, "muted": False},
            None,
        ),
        ("user-audio-unmuted", {"muted": False}, "track.published"),
        ("user-audio-muted", {"muted": True}, "track.unpublished"),
        ("user-audio-voice-disabled", {"sharing-mic": False, "muted": True}, "track.unpublished"),
    ],
)
def test_a_microphone_is_sent_while_it_is_shared_and_not_muted(kind, fields, expected):
    assert [x[0] for x in summaries(sample.event(kind, 1, ANA, **fields))] == (
        [expected] if expected else []
    )


def test_a_recording_has_the_id_of_its_meeting():
    for kind, type_ in (
        ("meeting-recording-started", "started"),
        ("meeting-recording-stopped", "stopped"),
        ("rap-deleted", "deleted"),
    ):
        assert summaries(sample.event(kind, 1)) == [
            (f"recording.{type_}", "", sample.MEETING_ID, "")
        ]
    assert (
        summaries(sample.event("rap-publish-ended", 1))
        == summaries(sample.event("rap-published", 1))
        == []
    )


def test_a_guest_is_one_person_in_a_breakout_room_too():
    def person(external: str) -> str:
        (event,) = translate(sample.event("user-joined", 1, ANA, **{"external-user-id": external}))
        return event.person

    assert person(f"{BO}-3") == BO
    assert person("ana-3") == "ana-3"  # an id of the front end, not of the server
    assert person("") == ANA


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "missing-field"),
        (b"domain=x&timestamp=1", "missing-field"),
        (b"event=", "missing-field"),
        (b"event=[", "not-json"),
        (b"event=%ff", "not-a-form"),
        (b"event=\xff", "not-a-form"),
        (b"&".join(b"a=%d" % n for n in range(100)), "not-a-form"),
        (b"[" * 900 + b"]" * 900, "too-deep"),
        (b"event=" + b"[" * 900 + b"]" * 900, "too-deep"),
        (b"event=[1]", "not-an-object"),
        (b"[[]]", "not-an-object"),
        (b"{}", "missing-field"),
        (sample.form(sample.event("user-teleported", 1, ANA)), "unknown-type"),
        (sample.form(sample.event("user-joined", 1)), "missing-field"),
        (sample.form(sample.event("user-cam-broadcast-start", 1, ANA)), "missing-field"),
    ],
)
def test_invalid_bodies_are_quarantined_with_their_reason(body, reason):
    assert quarantined(body).reason == reason


def test_one_invalid_event_of_a_form_does_not_affect_the_others():
    items = translate(
        sample.form(sample.EVENTS[1], sample.event("user-teleported", 1), sample.EVENTS[2])
    )
    assert [type(x) for x in items] == [Event, QuarantinedInput, Event]
    assert items[1].position == 2
    assert translate(items[1].raw) == [items[1]._replace(position=1)]


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda x: (
            st.lists(x, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["data", "id", "attributes", "meeting", "user", "event", "ts", "x"]
                ),
                x,
                max_size=4,
            )
        ),
        max_leaves=20,
    ),
    st.binary(max_size=50),
)
def test_any_body_gives_events_or_quarantined_input(value, noise):
    for body in (
        urlencode({"event": json.dumps(value)}).encode(),
        json.dumps(value).encode(),
        noise,
        b"event=" + noise,
        b"[" + noise,
    ):
        assert all(type(x) in (Event, QuarantinedInput) for x in translate(body))


# Signatures


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize(
    "url", [URL, URL + "?getRaw=false", "http://10.0.0.1:8080/hooks/x/y?a=b&c=d"]
)
def test_the_checksum_of_every_algorithm(algorithm, url):
    delivery = sample.sign(sample.form(sample.EVENTS[0]), algorithm=algorithm, url=url)
    bigbluebutton.SOURCE.verify(delivery, sample.SECRET)
    for broken in (
        delivery._replace(body=delivery.body + b" "),
        delivery._replace(url=delivery.url.replace("hooks", "hook5")),
        delivery._replace(url=delivery.url[:-1] + ("0" if delivery.url[-1] != "0" else "1")),
        delivery._replace(url=delivery.url[:-1]),
        delivery._replace(url=delivery.url + "&x=1"),
        delivery._replace(url=url),
    ):
        with pytest.raises(Unauthorized):
            bigbluebutton.SOURCE.verify(broken, sample.SECRET)
    with pytest.raises(Unauthorized):
        bigbluebutton.SOURCE.verify(delivery, "another")


def test_servers_before_3_0_sign_the_fields_as_json():
    event = json.dumps(
        [sample.EVENTS[1] | {"name": 'Äna \\ "quoted" \u2028 \x7f'}], ensure_ascii=False
    )
    for fields in (
        {"event": event, "timestamp": 1772445600000, "domain": "bbb.example.org"},
        {"domain": "", "event": event, "timestamp": 1},
    ):
        signed = json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
        digest = hashlib.sha1(URL.encode() + signed + sample.SECRET.encode()).hexdigest()
        delivery = Delivery(urlencode(fields).encode(), {}, f"{URL}?checksum={digest}", NOW)
        bigbluebutton.SOURCE.verify(delivery, sample.SECRET)
        for broken in (
            delivery._replace(body=urlencode(fields | {"timestamp": 2}).encode()),
            delivery._replace(body=delivery.body + b"&x="),
        ):
            with pytest.raises(Unauthorized):
                bigbluebutton.SOURCE.verify(broken, sample.SECRET)
        with pytest.raises(Unauthorized):
            bigbluebutton.SOURCE.verify(delivery, "another")


def test_the_first_servers_of_3_0_sign_an_empty_object():
    digest = hashlib.sha256(URL.encode() + b"{}" + sample.SECRET.encode()).hexdigest()
    delivery = Delivery(sample.form(sample.EVENTS[0]), {}, f"{URL}?checksum={digest}", NOW)
    bigbluebutton.SOURCE.verify(delivery, sample.SECRET)
    with pytest.raises(Unauthorized):
        bigbluebutton.SOURCE.verify(delivery, "another")


def test_a_bearer_token_is_accepted_instead():
    delivery = Delivery(b"event=[]", {"authorization": f"Bearer {sample.SECRET}"}, URL, NOW)
    bigbluebutton.SOURCE.verify(delivery, sample.SECRET)
    with pytest.raises(Unauthorized, match="bearer"):
        bigbluebutton.SOURCE.verify(delivery, "another")


def test_without_a_secret_nothing_is_authentic():
    with pytest.raises(Unauthorized, match="no secret"):
        bigbluebutton.SOURCE.verify(sample.sign(b"event=[]", secret=""), "")


def test_a_rejection_is_not_answered_with_the_status_that_means_delivered():
    assert bigbluebutton.SOURCE.denied_status == 403


# Webhooks and file of the same meeting


def file_of_the_meeting(late: int) -> bytes:
    """The events.xml of the sample's meeting; the server wrote each event ``late`` ms before it sent it."""

    def at(minute: float) -> str:
        return f"<timestampUTC>{sample.TEN + int(minute * 60_000) - late}</timestampUTC>"

    def element(
        name: str,
        minute: float,
        user: str,
        field: str = "userId",
        module: str = "PARTICIPANT",
        more: str = "",
    ) -> str:
        return f'<event timestamp="1" module="{module}" eventname="{name}">{at(minute)}<{field}>{user}</{field}>{more}</event>'

    stream = f"<stream>{ANA}_0e2313d7c9d39860</stream>"
    return f"""<recording meeting_id="{sample.MEETING_ID}"><meeting id="{sample.MEETING_ID}" externalId="standup" name="Standup"/>
    {element("ParticipantJoinEvent", 0, ANA, more="<externalUserId>ana</externalUserId>")}
    {element("ParticipantJoinEvent", 5, BO, more="<externalUserId>bo8</externalUserId>")}
    {element("ParticipantJoinedEvent", 0, ANA, "participant", "VOICE", "<muted>false</muted>")}
    {element("StartWebRTCShareEvent", 0, ANA, more=stream)}
    {element("ParticipantMutedEvent", 10, ANA, "participant", "VOICE", "<muted>true</muted>")}
    {element("RecordStatusEvent", 10, ANA, more="<status>true</status>")}
    {element("ParticipantMutedEvent", 15, ANA, "participant", "VOICE", "<muted>false</muted>")}
    {element("StartWebRTCDesktopShareEvent", 15, ANA)}
    {element("PublicChatEvent", 12, ANA, more="<message>hello</message>")}
    {element("RecordStatusEvent", 20, ANA, more="<status>false</status>")}
    {element("StopWebRTCShareEvent", 20, ANA, more=stream)}
    {element("StopWebRTCDesktopShareEvent", 25, ANA)}
    {element("ParticipantLeftEvent", 25, ANA, "participant", "VOICE")}
    {element("ParticipantLeftEvent", 30, BO)}
    <event timestamp="2" module="PARTICIPANT" eventname="EndAndKickAllEvent">{at(30)}</event></recording>""".encode()


@pytest.mark.parametrize("late", [0, 40, -40])
def test_ingesting_the_events_file_too_changes_no_minute_no_peak_and_no_count(late):
    def figures(events: list[Event]) -> dict[str, int]:
        return oracle.report(
            events, team=TEAM, start="2026-03-02", last="2026-03-02", as_of=sample.NOW
        )["total"]

    hooks = [x for event in sample.EVENTS for x in translate(event)]
    file = list(
        bigbluebutton_file.SOURCE.read(
            io.BytesIO(file_of_the_meeting(late)),
            contract.Context(now=NOW, team=TEAM, name="events.xml"),
        )
    )
    assert all(type(x) is Event for x in hooks + file)
    assert {e.session for e in hooks} == {e.session for e in file}
    alone, both = figures(hooks), figures(hooks + file)
    assert alone["participation_minutes"] == 55 * 60_000
    assert alone["chat_posts"] == sum(e.type == "chat.posted" for e in file) == 1
    for key, value in alone.items():
        # Each of at most ten ends can move by up to the delay.
        slack = 10 * abs(late) if "minutes" in key else 0
        assert abs(both[key] - value) <= slack, key


def test_a_team_with_both_sources_is_supplied_what_either_supplies():
    missing = coverage.cannot_supply(["bigbluebutton", "bigbluebutton-webhooks"])
    assert missing == {"qa_posts", "captions_minutes", "whiteboard_minutes"}
