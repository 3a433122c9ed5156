"""Parsing one event: each type, each field missing, of a wrong type, too long or with a NUL; times; digests."""

from contextlib import suppress
from copy import deepcopy

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from usage_report.core.errors import EventError
from usage_report.core.events import (
    AHEAD,
    BY_TYPE,
    CODE,
    EARLIEST,
    KINDS,
    MAX_TEXT,
    Event,
    check_time,
    content,
    identity,
    instant,
    iso,
    parse,
)
from usage_report.core.events.parser import _careful as careful
from usage_report.core.events.parser import _fast as fast

NOW = instant("2026-03-01T12:00:00Z")
NINE = instant("2026-03-01T09:00:00Z")

#: For each type, ``data`` besides team, room and session, and the fields of ``Event`` it fills.
FULL = {
    "session.started": ({}, {}),
    "session.ended": ({}, {}),
    "participant.joined": (
        {"connection": "c", "participant": "ana", "name": "Ana"},
        {"subject": "c", "connection": "c", "person": "ana", "name": "Ana"},
    ),
    "participant.left": (
        {"connection": "c", "participant": "ana"},
        {"subject": "c", "connection": "c", "person": "ana"},
    ),
    "track.published": (
        {"connection": "c", "track": "t", "kind": "video"},
        {"subject": "t", "connection": "c", "detail": "video"},
    ),
    "track.unpublished": ({"connection": "c", "track": "t"}, {"subject": "t", "connection": "c"}),
    "track.subscribed": ({"connection": "c", "track": "t"}, {"subject": "t", "connection": "c"}),
    "track.unsubscribed": ({"connection": "c", "track": "t"}, {"subject": "t", "connection": "c"}),
    "recording.started": ({"recording": "r"}, {"subject": "r"}),
    "recording.stopped": ({"recording": "r"}, {"subject": "r"}),
    "recording.deleted": ({"recording": "r"}, {"subject": "r"}),
    "captions.started": ({}, {}),
    "captions.stopped": ({}, {}),
    "whiteboard.opened": ({"whiteboard": "w"}, {"subject": "w"}),
    "whiteboard.closed": ({"whiteboard": "w"}, {"subject": "w"}),
    "breakout.opened": ({"breakout": "b"}, {"subject": "b"}),
    "breakout.closed": ({"breakout": "b"}, {"subject": "b"}),
    "chat.posted": ({"post": "p", "visibility": "private"}, {"subject": "p", "detail": "private"}),
    "question.posted": ({"post": "p"}, {"subject": "p"}),
    "answer.posted": ({"post": "p"}, {"subject": "p"}),
}
#: Fields of ``data`` that an event need not have.
OPTIONAL = {"participant", "name", "whiteboard"}
ENVELOPE = ("specversion", "id", "source", "type", "time", "data")


def envelope(type="participant.joined", **data):
    more = data or FULL[type][0]
    return {
        "specversion": "1.0", "id": "e-1", "source": "demo", "type": type, "time": "2026-03-01T09:00:00.000Z",
        "data": {"team": "acme", "room": "standup", "session": "s-1"} | more,
    }  # fmt: skip


def error_of(obj, **options) -> EventError:
    """Return the error of an invalid event."""
    with pytest.raises(EventError) as caught:
        parse(obj, **{"now": NOW} | options)
    assert caught.value.reason
    assert 0 < len(caught.value.why) < 500
    return caught.value


def holders():
    """Yield (type, field, path) of every text that an event of each type must or may have."""
    for type, (data, _) in FULL.items():
        for field in ("specversion", "id", "source", "type", "time"):
            yield type, field, ()
        for field in ("team", "room", "session", *data):
            yield type, field, ("data",)


def with_field(type, field, path, value):
    obj = deepcopy(envelope(type))
    holder = obj["data"] if path else obj
    if value is ...:
        del holder[field]
    else:
        holder[field] = value
    return obj


EVERY_FIELD = pytest.mark.parametrize(("type", "field", "path"), list(holders()))


# -- types


def test_the_table_of_types_is_complete():
    assert [k.type for k in KINDS] == list(FULL)
    assert len(CODE) == len(set(CODE.values())) == len(BY_TYPE) == len(KINDS)


@pytest.mark.parametrize("type", FULL)
def test_each_type(type):
    fields = FULL[type][1]
    texts = (
        dict.fromkeys(("subject", "connection", "person", "name", "detail", "extra"), "") | fields
    )
    event = parse(envelope(type), now=NOW)
    assert event == Event(
        team="acme",
        source="demo",
        id="e-1",
        code=CODE[type],
        time=NINE,
        room="standup",
        session="s-1",
        **texts,
    )
    assert event.type == type


def test_the_example_of_the_docs():
    text = """{"specversion":"1.0","id":"e-1","source":"demo","type":"participant.joined","time":"2026-03-01T09:00:00.000Z",
     "data":{"team":"acme","room":"standup","session":"s-1","connection":"c-1","participant":"ana","name":"Ana"}}"""
    event = parse(orjson.loads(text), now=NOW)
    assert event == (
        "acme",
        "demo",
        "e-1",
        10,
        NINE,
        "standup",
        "s-1",
        "c-1",
        "c-1",
        "ana",
        "Ana",
        "",
        "",
    )


def test_the_connection_is_the_person_where_none_is_named():
    for more in ({}, {"participant": None}):
        assert parse(envelope(connection="c-9", **more), now=NOW).person == "c-9"


def test_a_whiteboard_has_a_default_name():
    obj = envelope("whiteboard.opened")
    obj["data"].pop("whiteboard")
    assert parse(obj, now=NOW).subject == "-"


@pytest.mark.parametrize("name", ["", None])
def test_a_name_may_be_unknown(name):
    assert parse(envelope(connection="c", name=name), now=NOW).name == ""


def test_a_default_team_is_used_only_where_the_event_names_none():
    assert parse(envelope(), now=NOW, team="other").team == "acme"
    for missing in (..., None):
        assert (
            parse(
                with_field("participant.joined", "team", ("data",), missing), now=NOW, team="other"
            ).team
            == "other"
        )


def test_unknown_fields_are_kept_sorted_by_key():
    event = parse(
        envelope(connection="c", zeta=[1, {"b": 1, "a": 2}], alpha="é", post="ignored"), now=NOW
    )
    assert event.extra == '{"alpha":"é","zeta":[1,{"a":2,"b":1}]}'


def test_unknown_members_of_the_envelope_are_ignored():
    assert parse(
        envelope() | {"subject": "x", "datacontenttype": "application/json"}, now=NOW
    ) == parse(envelope(), now=NOW)


@pytest.mark.parametrize(
    "text", ["😀", "שלום עולם", "مرحبا", "名前", "a'b\"c;--", " ", "\u202e", "\n", "x" * MAX_TEXT]
)
def test_unusual_texts_are_accepted(text):
    event = parse(envelope(connection=text, participant=text, name=text), now=NOW)
    assert (event.connection, event.person, event.name) == (text, text, text)


# -- faults of each field


@EVERY_FIELD
@pytest.mark.parametrize("value", [..., None, ""])
def test_missing_fields(type, field, path, value):
    obj = with_field(type, field, path, value)
    if field in OPTIONAL and (value != "" or field == "name"):
        assert parse(obj, now=NOW).type == type
        return
    error = error_of(obj)
    assert error.reason == "missing-field"
    assert ("data." if path else "") + field in error.why


@EVERY_FIELD
@pytest.mark.parametrize("value", [7, 1.5, True, ["x"], {"x": "y"}])
def test_fields_of_a_wrong_type(type, field, path, value):
    error = error_of(with_field(type, field, path, value))
    assert error.reason == "wrong-type"
    assert field in error.why


@EVERY_FIELD
@pytest.mark.parametrize(
    "text",
    ["x" * 100_000, "x" * (MAX_TEXT + 1), "é" * (MAX_TEXT // 2 + 1), "😀" * (MAX_TEXT // 4 + 1)],
)
def test_fields_that_are_too_long(type, field, path, text):
    error = error_of(with_field(type, field, path, text))
    assert error.reason == "too-long"
    assert field in error.why


@EVERY_FIELD
def test_fields_with_a_nul_character(type, field, path):
    assert error_of(with_field(type, field, path, "a\0b")).reason == "nul-character"


@pytest.mark.parametrize("text", ["é" * (MAX_TEXT // 2), "😀" * (MAX_TEXT // 4), "x" * MAX_TEXT])
def test_length_is_counted_in_bytes(text):
    assert parse(envelope(connection=text), now=NOW).connection == text


@pytest.mark.parametrize("obj", [None, 1, 1.5, True, "text", [], [envelope()]])
def test_events_that_are_not_objects(obj):
    assert error_of(obj).reason == "not-an-object"


@pytest.mark.parametrize("data", [1, "x", True, [], [1]])
def test_data_of_a_wrong_type(data):
    assert error_of(envelope() | {"data": data}).reason == "wrong-type"


@pytest.mark.parametrize("data", [None, ...])
def test_data_missing(data):
    obj = {k: v for k, v in envelope().items() if k != "data"} | (
        {} if data is ... else {"data": data}
    )
    error = error_of(obj)
    assert error.reason == "missing-field"
    assert "data" in error.why


def test_empty_objects():
    assert error_of({}).reason == "missing-field"
    assert error_of(envelope() | {"data": {}}).reason == "missing-field"


def test_other_versions_of_cloudevents():
    assert error_of(envelope() | {"specversion": "0.3"}).reason == "wrong-version"


@pytest.mark.parametrize(("type", "hint"), [
    ("participant.join", "Did you mean 'participant.joined'?"), ("Session.Started", "'session.started'"), ("x", "Known: "), ("x" * 900, ""), ("\u202e", ""),
])  # fmt: skip
def test_unknown_types(type, hint):
    error = error_of(envelope() | {"type": type})
    assert error.reason == "unknown-type"
    assert hint in error.why


@pytest.mark.parametrize(("type", "field", "value"), [
    ("track.published", "kind", "screen"), ("track.published", "kind", "Audio"), ("track.unpublished", "kind", "smell"),
    ("chat.posted", "visibility", "secret"), ("question.posted", "visibility", "PUBLIC"),
])  # fmt: skip
def test_fields_that_accept_a_few_values_only(type, field, value):
    error = error_of(with_field(type, field, ("data",), value))
    assert error.reason == "wrong-value"
    assert "must be one of" in error.why


@pytest.mark.parametrize(
    ("type", "field"),
    [
        ("track.published", "visibility"),
        ("track.unpublished", "visibility"),
        ("question.posted", "kind"),
        ("session.started", "kind"),
        ("recording.started", "connection"),
    ],
)
@pytest.mark.parametrize("value", ["audio", "public", "", 7, [1]])
def test_known_fields_of_other_types_are_ignored(type, field, value):
    assert parse(with_field(type, field, ("data",), value), now=NOW) == parse(
        envelope(type), now=NOW
    )


def test_a_type_that_only_shares_a_word_with_a_known_one_has_no_suggestion():
    why = error_of(envelope() | {"type": "participant.waved"}).why
    assert why == f"type 'participant.waved' is not known. Known: {', '.join(BY_TYPE)}."


def test_deeply_nested_values():
    deep = orjson.loads("[" * 1000 + "]" * 1000)
    assert error_of(envelope() | {"id": deep}).reason == "wrong-type"
    assert error_of(envelope(connection=deep)).reason == "wrong-type"
    assert error_of(envelope(connection="c", more=deep)).reason == "too-deep"


leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
)
json_values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.data())
def test_any_input_gives_an_event_or_an_event_error(data):
    type, field, path = data.draw(st.sampled_from(list(holders())))
    obj = with_field(type, field, path, data.draw(json_values))
    if data.draw(st.booleans()):
        obj[data.draw(st.sampled_from(ENVELOPE))] = data.draw(json_values)
    with suppress(EventError):
        event = parse(orjson.loads(orjson.dumps(obj)), now=NOW)
        assert all(
            len(text.encode()) <= MAX_TEXT and "\0" not in text for text in event[:3] + event[5:12]
        )


# -- time


@pytest.mark.parametrize(("text", "same"), [
    ("2026-03-01T09:00:00Z", NINE), ("2026-03-01t09:00:00z", NINE), ("2026-03-01 09:00:00Z", NINE),
    ("2026-03-01T09:00:00+00:00", NINE), ("2026-03-01T09:00:00-00:00", NINE), ("2026-03-01T14:30:00+05:30", NINE),
    ("2026-03-01T14:45:00+05:45", NINE), ("2026-02-28T23:00:00-10:00", NINE), ("2026-03-01T09:00:00.1Z", NINE + 100),
    ("2026-03-01T09:00:00.12Z", NINE + 120), ("2026-03-01T09:00:00.007Z", NINE + 7), ("2026-03-01T09:00:00.0079999999Z", NINE + 7),
    ("2026-03-01T09:00:00." + "9" * 30 + "Z", NINE + 999), ("2026-03-01T08:59:60Z", NINE), ("2016-12-31T23:59:60Z", instant("2017-01-01T00:00:00Z")),
    ("2024-02-29T00:00:00Z", 1_709_164_800_000), ("1970-01-01T00:00:00Z", 0), ("1969-12-31T23:59:59.999Z", -1),
])  # fmt: skip
def test_valid_times(text, same):
    assert instant(text) == same


@pytest.mark.parametrize("text", [
    "2026-03-01T09:00:00", "2026-03-01", "09:00:00Z", "2026-03-01T09:00Z", "2026-03-01T09:00:00.Z", "2026-03-01T09:00:00,5Z", "2026-03-01T09:00:00+0530",
    "2026-03-01T09:00:00+5:30", "2026-03-01T24:00:00Z", "2026-03-01T25:00:00Z", "2026-03-01T09:60:00Z", "2026-03-01T09:00:61Z", "2026-02-30T09:00:00Z",
    "2025-02-29T09:00:00Z", "2026-13-01T09:00:00Z", "0000-01-01T00:00:00Z", "2026-03-01T09:00:00+24:00", "2026-060T09:00:00Z", "2026-W09-7T09:00:00Z",
    " 2026-03-01T09:00:00Z", "2026-03-01T09:00:00Z ", "2026-03-01T09:00:00Z\n", "٢٠٢٦-03-01T09:00:00Z", "1772355600000", "now", "2026-03-01T09:00:00." + "1" * 31 + "Z",
    "2026-13-01T09:00:00.000Z", "2026-03-01T09:00:61.000Z", "2026-03-01T09:00:0x.000Z", "2026-03-01T09:00:00.0x0Z", "2026-03-01T09:00:٠٠.000Z", "2026-03-01T09;00:00.000Z",
    "12026-03-01T09:00:00Z", "2026-03-01T09:00:00 UTC", "Sun, 01 Mar 2026 09:00:00 GMT",
])  # fmt: skip
def test_invalid_times(text):
    with pytest.raises(ValueError, match=r"."):
        instant(text)
    error = error_of(envelope() | {"time": text})
    assert error.reason == "bad-time"
    assert error.why.startswith("time: ")


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:60Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ],
)
def test_first_and_last_times_of_the_calendar(text):
    assert error_of(envelope() | {"time": text}).reason in (
        "bad-time",
        "too-early",
        "in-the-future",
    )


@pytest.mark.parametrize(("text", "reason"), [("1999-12-31T23:59:59.999Z", "too-early"), ("1970-01-01T00:00:00Z", "too-early"),
                                              ("2200-01-01T00:00:00Z", "in-the-future"), ("2026-03-01T12:05:00.001Z", "in-the-future")])  # fmt: skip
def test_times_no_event_can_have(text, reason):
    assert error_of(envelope() | {"time": text}).reason == reason


def test_the_earliest_and_the_latest_time_are_valid():
    for at in (EARLIEST, NOW, NOW + AHEAD):
        check_time(at, NOW)
        assert parse(envelope() | {"time": iso(at)}, now=NOW).time == at
    for at in (EARLIEST - 1, NOW + AHEAD + 1):
        with pytest.raises(EventError):
            check_time(at, NOW)


def test_the_limits_of_time_are_those_of_the_docs():
    assert iso(EARLIEST) == "2000-01-01T00:00:00Z"
    assert AHEAD == 300_000


@given(st.integers(EARLIEST, instant("2199-12-31T23:59:59.999Z")))
def test_iso_and_instant_are_inverse(ms):
    assert instant(iso(ms)) == ms


# -- the fast path


@pytest.mark.parametrize("type", FULL)
def test_usual_events_take_the_fast_path(type):
    event = envelope(type)
    assert fast(event, NOW, None) == careful(event, NOW, None) == parse(event, now=NOW)
    extra = deepcopy(event)
    extra["data"]["wave"] = "hello"
    assert fast(extra, NOW, None) is None
    assert parse(extra, now=NOW).extra == '{"wave":"hello"}'


ODD = st.sampled_from(["", "x", "é" * 300, "x" * 1_000, "x" * 1_001, "a\0b", "1.0", "audio", "private", "2026-03-01T09:00:00.5Z", "2026-03-01T09:00:00.123Z",
                       "chat.posted", None, 0, 1, 2.5, True, [], ["x"], {}, {"x": 1}])  # fmt: skip
PLACES = st.sampled_from([("envelope", f) for f in ENVELOPE] + [("data", f) for f in (
    "team", "room", "session", "connection", "participant", "name", "track", "kind", "recording", "whiteboard", "breakout", "post", "visibility", "wave")])  # fmt: skip


@given(
    st.sampled_from(sorted(FULL)),
    st.lists(st.tuples(PLACES, st.one_of(ODD, st.just(...))), max_size=3),
    st.sampled_from([None, "lab"]),
)
@example("track.subscribed", [(("data", "kind"), "")], None)
def test_both_paths_give_the_same_event(type, changes, team):
    event = deepcopy(envelope(type))
    for (where, field), value in changes:
        holder = event if where == "envelope" else event.get("data")
        if isinstance(holder, dict):
            holder.pop(field, None)
            if value is not ...:
                holder[field] = value
    if (quick := fast(event, NOW, team)) is not None:
        assert quick == careful(event, NOW, team)


# -- digests


def test_identity_is_team_source_and_id():
    event = parse(envelope(), now=NOW)
    assert len(identity(event)) == len(content(event)) == 16
    assert identity(event._replace(time=0, code=11, name="x")) == identity(event)
    others = {identity(event._replace(**{field: "other"})) for field in ("team", "source", "id")}
    assert len(others | {identity(event)}) == 4


def test_identity_separates_its_fields():
    event = parse(envelope(), now=NOW)
    assert identity(event._replace(source="a", id="bc")) != identity(
        event._replace(source="ab", id="c")
    )


def test_content_is_everything_else():
    event = parse(envelope(), now=NOW)
    for field in ("team", "source", "id"):
        assert content(event._replace(**{field: "other"})) == content(event)
    changed = [event._replace(time=event.time + 1), event._replace(code=11)]
    changed += [
        event._replace(**{f: "other"})
        for f in ("room", "session", "subject", "connection", "person", "name", "detail", "extra")
    ]
    assert len({content(e) for e in [event, *changed]}) == 11
