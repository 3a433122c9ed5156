"""BigBlueButton's events.xml: each mapped element, damage, and a real lesson with known figures."""

import gzip
import io
import os
import re
import tracemalloc
from collections import Counter, defaultdict
from pathlib import Path
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest
from orjson import dumps, loads

from usage_report.core.errors import InputError
from usage_report.core.events import Event, QuarantinedInput, parse
from usage_report.sources import contract, input, payload, registry
from usage_report.sources.contract import READ_BYTES, Context
from usage_report.sources.files import bigbluebutton, bigbluebutton_elements

START = 1_700_000_000_000  # 2023-11-14
NOW = START + 86_400_000
CONTEXT = Context(NOW, "acme", "events.xml")
ID = f"4f2a-{START}"
HEAD = (
    f'<?xml version="1.0" encoding="UTF-8"?>\n<recording meeting_id="{ID}" bbb_version="2.6.1">\n'
    f'<meeting id="{ID}" externalId="algebra" name="Algebra I" breakout="false"/>\n<metadata meetingId="algebra" meetingName="Algebra I"/>\n'
)
ANA, BEN = "w_anaanaanaana", "w_benbenbenben"


def el(second, eventname, module="PARTICIPANT", utc=True, **fields):
    """One element of the file, ``second`` after the start, which has the relative time 5000 ms."""
    ms = round(second * 1000)
    if utc:
        fields["timestampUTC"] = START + ms
    inner = "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in fields.items())
    return f'  <event timestamp="{5000 + ms}" module="{module}" eventname="{eventname}">{inner}</event>\n'


def join(second, who=ANA, **fields):
    return el(
        second,
        "ParticipantJoinEvent",
        **{"userId": who, "externalUserId": who, "name": who[2:5].title(), "role": "VIEWER"}
        | fields,
    )


def left(second, who=ANA):
    return el(second, "ParticipantLeftEvent", userId=who)


def document(*elements, head=HEAD, tail="</recording>\n"):
    return (head + "".join(elements) + tail).encode()


def read(data: bytes, context=CONTEXT, most=READ_BYTES):
    stream, short = io.BytesIO(data), io.BytesIO()
    short.read = lambda size: stream.read(min(size, most))
    return list(bigbluebutton.SOURCE.read(short, context))


def summary(got):
    """``(second, type, connection, subject, detail)`` of events, the reasons of other items."""
    return [
        ((g.time - START) / 1000, g.type, g.connection, g.subject, g.detail)
        if isinstance(g, Event)
        else g.reason
        for g in got
    ]


# The whole of the mapping

A, V, S = f"{ANA}/audio", f"video-{ANA}-77.webm", f"{ANA}/screen"
EVERYTHING = document(
    el(0, "CreatePresentationPodEvent", "PRESENTATION"),
    join(1, externalUserId="ext-ana", name="Ana"),
    el(2, "AssignPresenterEvent", userid=ANA),
    join(3, BEN),
    el(4, "ParticipantJoinedEvent", "VOICE", participant=ANA, muted="false"),
    el(5, "ParticipantJoinedEvent", "VOICE", participant=BEN, muted="true"),
    el(6, "ParticipantMutedEvent", "VOICE", participant=ANA, muted="true"),
    el(7, "ParticipantMutedEvent", "VOICE", participant=ANA, muted="true"),
    el(8, "ParticipantMutedEvent", "VOICE", participant=BEN, muted="false"),
    el(9, "ParticipantLeftEvent", "VOICE", participant=BEN),
    el(10, "ParticipantLeftEvent", "VOICE", participant=ANA),
    el(11, "StartWebcamShareEvent", "WEBCAM", stream=f"low-{ANA}-1"),
    el(12, "StopWebcamShareEvent", "WEBCAM", stream=f"low-{ANA}-1"),
    el(12.5, "StopWebcamShareEvent", "WEBCAM", stream=f"low-{ANA}-1"),
    el(13, "StartWebRTCShareEvent", "bbb-webrtc-sfu", filename=f"/var/{ID}/{V}", userId=ANA),
    el(14, "StopWebRTCShareEvent", "bbb-webrtc-sfu", filename=f"/var/{ID}/{V}"),
    el(15, "DeskShareStartRTMP", "Deskshare", startIstreamPathndex="x"),
    el(16, "DeskShareStopRTMP", "Deskshare"),
    el(17, "StartWebRTCDesktopShareEvent", "bbb-webrtc-sfu", filename="/var/s.webm", userId=BEN),
    el(18, "StopWebRTCDesktopShareEvent", "bbb-webrtc-sfu", filename="/var/s.webm"),
    el(19, "DeskshareStartedEvent", "Deskshare", file="/var/a.flv"),
    el(20, "DeskshareStoppedEvent", "Deskshare", file="/var/a.flv"),
    el(21, "RecordStatusEvent", status="true", userId=ANA),
    el(22, "PublicChatEvent", "CHAT", senderId=ANA, message="hello"),
    el(23, "RecordStatusEvent", status="false", userId=ANA),
    el(24, "AddShapeEvent", "WHITEBOARD", userId=ANA),
    left(25),
    el(26, "EndAndKickAllEvent"),
    left(27, BEN),
)
MAPPED = [
    (1, "participant.joined", ANA, ANA, ""),
    (3, "participant.joined", BEN, BEN, ""),
    (4, "track.published", ANA, A, "audio"),
    (6, "track.unpublished", ANA, A, ""),
    (8, "track.published", BEN, f"{BEN}/audio", "audio"),
    (9, "track.unpublished", BEN, f"{BEN}/audio", ""),
    (11, "track.published", ANA, f"low-{ANA}-1", "video"),
    (12, "track.unpublished", ANA, f"low-{ANA}-1", ""),
    (13, "track.published", ANA, V, "video"),
    (14, "track.unpublished", ANA, V, ""),
    (15, "track.published", ANA, S, "screenshare"),
    (16, "track.unpublished", ANA, S, ""),
    (17, "track.published", BEN, f"{BEN}/screen", "screenshare"),
    (18, "track.unpublished", BEN, f"{BEN}/screen", ""),
    (19, "track.published", ANA, S, "screenshare"),
    (20, "track.unpublished", ANA, S, ""),
    (21, "recording.started", "", ID, ""),
    (22, "chat.posted", "", "24", "public"),
    (23, "recording.stopped", "", ID, ""),
    (25, "participant.left", ANA, ANA, ""),
    (26, "session.ended", "", "", ""),
]


@pytest.mark.parametrize("most", [1, 100, READ_BYTES])
def test_every_mapped_element(most):
    got = read(EVERYTHING, most=most)
    assert summary(got) == MAPPED
    assert {(g.team, g.source, g.room, g.session) for g in got} == {
        ("acme", "bigbluebutton", "algebra", ID)
    }
    assert [(g.person, g.name) for g in got if g.type == "participant.joined"] == [
        ("ext-ana", "Ana"),
        (BEN, "Ben"),
    ]


def test_ids_are_distinct_and_the_same_whenever_the_file_is_read(tmp_path):
    first = read(EVERYTHING)
    assert len({g.id for g in first}) == len(first)
    path = tmp_path / "any.name"
    path.write_bytes(gzip.compress(EVERYTHING))
    with input.open_input(path) as (stream, head):
        again = list(registry.choose(head, path.name).read(stream, CONTEXT))
    assert again == first


def test_without_a_team_nothing_is_read():
    with pytest.raises(InputError, match="--team"):
        read(EVERYTHING, CONTEXT._replace(team=None))


def test_the_end_of_the_file_ends_a_session_without_an_end():
    assert summary(read(document(join(1), el(9, "GotoSlideEvent", "PRESENTATION")))) == [
        (1, "participant.joined", ANA, ANA, ""),
        (9, "session.ended", "", "", ""),
    ]


def test_tracks_that_outlive_a_lost_connection_are_published_again_on_return():
    got = read(document(
        join(1),
        el(2, "ParticipantJoinedEvent", "VOICE", participant=ANA, muted="false"),
        el(3, "StartWebcamShareEvent", "WEBCAM", stream=f"low-{ANA}-1"),
        left(4),
        el(5, "StopWebcamShareEvent", "WEBCAM", stream=f"low-{ANA}-1"),
        join(6),
        join(7),
        el(8, "ParticipantMutedEvent", "VOICE", participant=ANA, muted="true"),
        el(9, "EndAndKickAllEvent"),
    ))  # fmt: skip
    assert summary(got) == [
        (1, "participant.joined", ANA, ANA, ""),
        (2, "track.published", ANA, A, "audio"),
        (3, "track.published", ANA, f"low-{ANA}-1", "video"),
        (4, "participant.left", ANA, ANA, ""),
        (6, "participant.joined", ANA, ANA, ""),
        (6, "track.published", ANA, A, "audio"),
        (7, "participant.joined", ANA, ANA, ""),
        (8, "track.unpublished", ANA, A, ""),
        (9, "session.ended", "", "", ""),
    ]
    assert len({g.id for g in got}) == len(got)


@pytest.mark.parametrize("caller", [f"{ANA}-bbbID-Ana", f"{ANA}_3-bbbID-Ana"])
@pytest.mark.parametrize("field", ["callername", "callernumber"])
def test_the_voice_of_older_servers_is_identified_by_its_caller(caller, field):
    got = read(document(
        join(1),
        el(2, "ParticipantJoinedEvent", "VOICE", participant="17", muted="false", **{field: caller}),
        el(3, "ParticipantMutedEvent", "VOICE", participant="17", muted="true"),
    ))  # fmt: skip
    assert summary(got)[1:3] == [
        (2, "track.published", ANA, A, "audio"),
        (3, "track.unpublished", ANA, A, ""),
    ]


def test_a_voice_that_precedes_its_user_counts_from_the_join():
    got = read(
        document(el(1, "ParticipantJoinedEvent", "VOICE", participant=ANA, muted="false"), join(2))
    )
    assert summary(got)[:2] == [
        (2, "participant.joined", ANA, ANA, ""),
        (2, "track.published", ANA, A, "audio"),
    ]


def test_a_new_screen_share_ends_the_one_before():
    got = read(
        document(
            join(1),
            join(1, BEN),
            *(
                el(2 + i, "StartWebRTCDesktopShareEvent", "bbb-webrtc-sfu", userId=who)
                for i, who in enumerate((ANA, BEN))
            ),
        )
    )
    assert summary(got)[2:5] == [
        (2, "track.published", ANA, S, "screenshare"),
        (3, "track.unpublished", ANA, S, ""),
        (3, "track.published", BEN, f"{BEN}/screen", "screenshare"),
    ]


def test_a_breakout_room_opens_and_closes_in_its_parents_session():
    head = (
        HEAD.replace('breakout="false"', 'breakout="true"')
        + '<breakout parentMeetingId="parent-1" sequence="2" meetingId="x"/>\n'
    )
    got = read(
        document(
            el(0, "MeetingConfigurationEvent", "CONFIG"),
            join(5, externalUserId=f"{BEN}-2"),
            left(60),
            head=head,
        )
    )
    assert summary(got) == [
        (0, "breakout.opened", "", ID, ""),
        (5, "participant.joined", ANA, ANA, ""),
        (60, "participant.left", ANA, ANA, ""),
        (60, "session.ended", "", "", ""),
        (60, "breakout.closed", "", ID, ""),
    ]
    assert [g.session for g in got] == ["parent-1", ID, ID, ID, "parent-1"]
    assert got[1].person == BEN


@pytest.mark.parametrize(
    ("meeting", "room"),
    [
        (f'<meeting id="{ID}" name="Algebra I"/>', "Algebra I"),
        ('<metadata meetingId="alg" meetingName="A"/>', "alg"),
        ('<metadata meetingName="A"/>', "A"),
        ("", ID),
    ],
)
def test_the_room_of_a_meeting_without_an_external_id(meeting, room):
    [joined, _] = read(document(join(1), head=f'<recording meeting_id="{ID}">{meeting}'))
    assert joined.room == room


@pytest.mark.parametrize("most", [1, READ_BYTES])
def test_the_room_does_not_depend_on_how_much_is_read_at_once(most):
    late = document(
        join(1), '<meeting externalId="late"/>', join(2, BEN), head=f'<recording meeting_id="{ID}">'
    )
    assert {g.room for g in read(late, most=most)} == {ID}


def test_a_file_that_names_no_meeting_is_rejected():
    with pytest.raises(InputError, match="names no meeting"):
        read(document(join(1), head="<recording>"))


# Time


def test_relative_times_count_from_the_start_in_the_meeting_id():
    got = read(
        document(
            el(0, "X", utc=False), el(61, "ParticipantJoinEvent", utc=False, userId=ANA), left(62)
        )
    )
    assert [t[0] for t in summary(got)] == [61, 62, 62]


def test_relative_times_follow_the_latest_element_with_both_times():
    # The element with both times is 3 s later than by the start in the id.
    both = el(10, "X").replace(str(START + 10_000), str(START + 13_000))
    got = read(document(both, el(11, "ParticipantJoinEvent", utc=False, userId=ANA)))
    assert summary(got)[0][0] == 14


def test_an_element_without_a_time_is_quarantined_alone():
    plain = HEAD.replace(f"-{START}", "-x")
    without_utc = el(2, "ParticipantJoinEvent", utc=False, userId=BEN)
    bare = without_utc.replace('timestamp="7000" ', "")
    got = read(document(without_utc, bare, join(3), head=plain))
    assert summary(got) == [
        "bad-time",
        "missing-field",
        (3, "participant.joined", ANA, ANA, ""),
        (3, "session.ended", "", "", ""),
    ]


@pytest.mark.parametrize(
    "time",
    [
        "0",
        "-1",
        "99999999999999999999",
        "9" * 15,
        "1e12",
        "soon",
        str(NOW + 301_000),
        "1552664944",
        "\N{ARABIC-INDIC DIGIT FIVE}",
    ],
)
def test_an_element_with_an_impossible_time_is_quarantined_alone(time):
    bad = join(1, BEN).replace(f"<timestampUTC>{START + 1000}", f"<timestampUTC>{time}")
    got = read(document(bad, join(2), el(3, "X"), el(4, "X").replace(str(START + 4000), time)))
    assert summary(got) == [
        "bad-time",
        (2, "participant.joined", ANA, ANA, ""),
        (3, "session.ended", "", "", ""),
    ]
    assert got[0].position == 1
    assert time[:15] in got[0].why or "is not possible" in got[0].why


# Elements with missing and wrong fields


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (el(1, "ParticipantJoinEvent", name="Ana"), "missing-field"),
        (el(1, "ParticipantLeftEvent"), "missing-field"),
        (el(1, "ParticipantJoinedEvent", "VOICE", muted="false"), "missing-field"),
        (el(1, "ParticipantMutedEvent", "VOICE", muted="false"), "missing-field"),
        (el(1, "ParticipantLeftEvent", "VOICE"), "missing-field"),
        (el(1, "StartWebcamShareEvent", "WEBCAM"), "missing-field"),
        (el(1, "StartWebcamShareEvent", "WEBCAM", stream="unknown"), "unknown-connection"),
        (el(1, "DeskShareStartRTMP", "Deskshare"), "unknown-connection"),
        (el(1, "RecordStatusEvent"), "missing-field"),
        (el(1, "RecordStatusEvent", status="maybe"), "wrong-value"),
        (join(1, "x" * 100_000), "too-long"),
        (join(1, BEN, externalUserId="é" * 600), "too-long"),
    ],
)
def test_a_bad_element_is_quarantined_and_the_next_is_read(bad, reason):
    got = read(document(bad, join(2)))
    assert summary(got) == [
        reason,
        (2, "participant.joined", ANA, ANA, ""),
        (2, "session.ended", "", "", ""),
    ]
    quarantined = got[0]
    assert (quarantined.team, quarantined.source, quarantined.position) == (
        "acme",
        "bigbluebutton",
        1,
    )
    assert len(quarantined.raw) <= payload.KEEP_BYTES
    assert quarantined.is_truncated == (len(bad) > 50_000)


def test_an_event_that_is_not_valid_is_kept_as_an_event_and_can_be_read_without_the_file():
    [quarantined, *_] = read(document(join(1, BEN, externalUserId="é" * 600), join(2)))
    event = loads(quarantined.raw)
    [again] = registry.read_again("bigbluebutton", quarantined.raw, CONTEXT)
    assert again.reason == quarantined.reason == "too-long"
    event["data"]["participant"] = "ben"
    [again] = registry.read_again("bigbluebutton", dumps(event), CONTEXT)
    assert again == parse(event, now=NOW)
    assert (again.person, again.session) == ("ben", ID)


def test_an_element_that_is_not_valid_is_kept_as_xml_and_cannot_be_read_without_the_file():
    [quarantined, *_] = read(document(el(1, "ParticipantJoinEvent", name="a<b&c"), join(2)))
    assert registry.read_again("bigbluebutton", quarantined.raw, CONTEXT) == []
    assert quarantined.raw.startswith(
        b'<event timestamp="6000" module="PARTICIPANT" eventname="ParticipantJoinEvent"><name>a&lt;b&amp;c</name>'
    )


def test_names_in_any_script_are_kept():
    names = [
        "\N{FAMILY}\u200d\N{GRINNING FACE}",
        "محمد",
        "\u202eright to left",
        "日本語",
        "Tom & <Jerry>",
    ]
    got = read(document(*(join(i, f"w_{i}", name=n) for i, n in enumerate(names))))
    assert [g.name for g in got[:-1]] == names


# Damage


def until_damage(data: bytes) -> tuple[list[Event | QuarantinedInput], str]:
    """Items before the damage, and the message about it."""
    got = []
    try:
        for event in bigbluebutton.SOURCE.read(io.BytesIO(data), CONTEXT):
            got.append(event)
    except InputError as error:
        return got, str(error)
    raise AssertionError("no damage was found")


def test_a_file_cut_at_any_byte_keeps_the_elements_before_the_cut():
    whole = read(EVERYTHING)
    ends = [m.end() for m in re.finditer(rb"</event>|<event [^>]*/>", EVERYTHING)]
    for cut in [*range(1, len(EVERYTHING) - 13, 97), len(HEAD) - 1]:
        got, message = until_damage(EVERYTHING[:cut])
        complete = sum(end <= cut for end in ends)
        assert got == [g for g in whole if 0 < int(g.id.split("/")[1]) <= complete]
        assert "events.xml is damaged" in message
        assert "nothing is counted twice" in message


@pytest.mark.parametrize(
    "garbage", ["<event", "</wrong>", "&nbsp;", "\x00", "\x01", "<a b='1' b='2'/>"]
)
def test_garbage_keeps_the_elements_before_it(garbage):
    got, message = until_damage(document(join(1), garbage, join(2, BEN)))
    assert "damaged after 1 elements" in message
    assert summary(got) == [(1, "participant.joined", ANA, ANA, "")]


def test_invalid_utf8_and_unknown_encodings_are_damage():
    for data in (
        document(join(1)).replace(b"Ana", b"\xff\xfe"),
        document(join(1)).replace(b"UTF-8", b"x-none"),
    ):
        with pytest.raises(InputError, match="damaged"):
            read(data)


BOMB = (
    '<!DOCTYPE recording [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
)


@pytest.mark.parametrize(
    "doctype",
    [
        BOMB,
        '<!DOCTYPE recording SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE recording [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        "<!DOCTYPE recording>",
    ],
)
def test_document_types_are_rejected_with_an_explanation(doctype):
    data = document(
        join(1, name="X"), head=HEAD.replace("<recording", doctype + "<recording")
    ).replace(b">X<", b">&j;<")
    assert registry.choose(data[: contract.SNIFF_BYTES], "events.xml") is bigbluebutton.SOURCE
    with pytest.raises(InputError, match="document type or entities"):
        read(data)


def test_another_kind_of_xml_is_rejected():
    with pytest.raises(InputError, match=r"not an events\.xml"):
        read(b"<html><body/></html>")
    assert read(document()) == []


class Repeated:
    """A head, then one pattern many times, made as it is read."""

    def __init__(self, head: bytes, pattern: bytes, size: int, tail: bytes = b"") -> None:
        self.parts, self.pattern, self.left, self.tail = (
            [head],
            pattern * (READ_BYTES // len(pattern)),
            size,
            tail,
        )

    def read(self, size):
        if self.parts:
            return self.parts.pop()
        if self.left <= 0:
            tail, self.tail = self.tail, b""
            return tail
        self.left -= len(self.pattern)
        return self.pattern


def peak(stream) -> int:
    tracemalloc.start()
    try:
        for _ in bigbluebutton.SOURCE.read(stream, CONTEXT):
            pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def test_memory_does_not_grow_with_the_number_of_elements_or_the_length_of_a_text():
    pair = (join(1) + left(2)).encode()
    tail = b"</recording>"
    assert peak(Repeated(HEAD.encode(), pair, 3_000_000, tail)) < 1.3 * peak(
        Repeated(HEAD.encode(), pair, 1_000_000, tail)
    )
    opening = (
        HEAD.encode()
        + b'<event timestamp="6000" module="CHAT" eventname="PublicChatEvent"><message>'
    )
    assert (
        peak(Repeated(opening, b"x" * 100, 60_000_000, b"</message></event></recording>"))
        < 8_000_000
    )


@pytest.mark.parametrize(
    "opening", [b"<", b"<event a='", b"<!--"], ids=["tag", "attribute", "comment"]
)
def test_an_endless_token_is_rejected(opening):
    stream = Repeated(HEAD.encode() + opening, b"x" * 100, 10**10)
    with pytest.raises(InputError, match="one tag of over"):
        list(bigbluebutton.SOURCE.read(stream, CONTEXT))
    assert stream.left > 10**10 - 10 * bigbluebutton_elements.MAX_TOKEN_BYTES


def test_endless_nesting_is_rejected():
    with pytest.raises(InputError, match="nests"):
        list(bigbluebutton.SOURCE.read(Repeated(HEAD.encode(), b"<a>", 10**9), CONTEXT))


# One real lesson


def lesson() -> Path:
    folder = Path(
        os.environ.get("USAGE_REPORT_TEST_DATA")
        or Path(__file__).parents[2].parent / "shared" / "data"
    )
    path = folder / "bigbluebutton" / "lesson-events.xml.gz"
    if not path.is_file():
        pytest.skip(f"{path} does not exist; set USAGE_REPORT_TEST_DATA to the folder of test data")
    return path


def spans(events, starts, ends, key):
    """Intervals of each object: from its start to its end or to the end of the session."""
    opened, out = {}, []
    for event in events:
        if event.type == starts:
            opened.setdefault(key(event), event.time)
        elif event.type == ends and key(event) in opened:
            out.append((key(event), opened.pop(key(event)), event.time))
        elif event.type == "session.ended":
            out += [(k, start, event.time) for k, start in opened.items()]
            opened = {}
    assert not opened
    return out


def test_the_real_lesson_has_the_figures_of_another_reader():
    """The other reader works in whole seconds from the start; other figures are counted without it."""
    path = lesson()
    with input.open_input(path) as (stream, head):
        source = registry.choose(head, path.name)
        assert source is bigbluebutton.SOURCE
        events = list(source.read(stream, Context(1_780_000_000_000, "school", str(path))))
    assert not [e for e in events if isinstance(e, QuarantinedInput)]
    assert len({e.id for e in events}) == len(events)
    count = Counter(e.type for e in events)
    assert (count["participant.joined"], count["participant.left"], count["chat.posted"]) == (
        23,
        18,
        38,
    )
    assert count["session.ended"] == 1

    created = int(events[0].session.rpartition("-")[2])
    end = events[-1].time
    assert (end - created) // 1000 == 3196
    joins = [e for e in events if e.type == "participant.joined"]
    assert len({e.connection for e in joins}) == 12
    assert len({e.person for e in joins}) == 11

    stays = spans(events, "participant.joined", "participant.left", lambda e: e.connection)
    assert len(stays) == 23
    assert sum(stop == end for _, _, stop in stays) == 5
    edges = sorted([(s, 1) for _, s, _ in stays] + [(e, -1) for _, _, e in stays])
    present = peak = 0
    for _, step in edges:
        present += step
        peak = max(peak, present)
    assert (present, peak) == (0, 10)

    # The other reader cuts each instant to whole seconds, so it may differ by under a second a stay.
    exact = sum(stop - start for _, start, stop in stays)
    assert abs(exact - 24_277_000) < 1000 * len(stays)
    # It also uses relative times from the start of the meeting, 13 ms before those of the clock.
    cut = sum((stop - 13) // 1000 - (start - 13) // 1000 for _, start, stop in stays)
    assert cut == 24_277

    [recording] = spans(events, "recording.started", "recording.stopped", lambda e: e.subject)
    assert (
        recording[2] - recording[1] == 1_552_668_097_404 - 1_552_665_765_689
    )  # 2331.7 s by both its clocks, 2331.3 s counted without the program

    # Tracks end with their stay at the latest.
    tracks, opened = [], {}
    for event in events:
        if event.type == "track.published":
            assert (
                opened.setdefault((event.connection, event.subject, event.detail), event.time)
                == event.time
            )
        elif event.type == "track.unpublished":
            [key] = [k for k in opened if k[:2] == (event.connection, event.subject)]
            tracks.append((*key, opened.pop(key), event.time))
        elif event.type in ("participant.left", "session.ended"):
            for key in [k for k in opened if event.connection in ("", k[0])]:
                tracks.append((*key, opened.pop(key), event.time))
    for connection, _, _, start, stop in tracks:
        assert any(who == connection and s <= start <= stop <= e for who, s, e in stays)
    [camera] = [t for t in tracks if t[2] == "video"]
    assert camera[4] - camera[3] == pytest.approx(
        2_393_000, abs=100
    )  # the file's own duration: 2393 s
    assert not [t for t in tracks if t[2] == "screenshare"]

    # Audio found in another way: from the tree, as the time in which a user is present, in the
    # voice conference and not muted.
    state, spoken, before = defaultdict(dict), Counter(), 0
    with gzip.open(path) as file:
        tree = ET.parse(file)
    for element in tree.iter("event"):
        field = {c.tag: c.text for c in element}
        now = int(field.get("timestampUTC") or end)
        for who, is_ in state.items():
            spoken[who] += (now - before) * (
                is_.get("here", False) and is_.get("voice", False) and is_["muted"] == "false"
            )
        before = now
        match element.get("eventname"), element.get("module"):
            case "ParticipantJoinEvent", _:
                state[field["userId"]]["here"] = True
            case "ParticipantLeftEvent", "PARTICIPANT":
                state[field["userId"]]["here"] = False
            case "ParticipantJoinedEvent", _:
                state[field["participant"]] |= {"voice": True, "muted": field["muted"]}
            case "ParticipantLeftEvent", "VOICE":
                state[field["participant"]]["voice"] = False
            case "ParticipantMutedEvent", _:
                state[field["participant"]]["muted"] = field["muted"]
    audio = Counter()
    for connection, _, kind, start, stop in tracks:
        if kind == "audio":
            audio[connection] += stop - start
    assert +audio == +spoken
    assert len(audio) >= 8
