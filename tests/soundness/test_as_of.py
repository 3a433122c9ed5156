"""``as_of``: open spans run to it, later events do not count; the inactivity timeout."""

import pytest

from support.harness import TEAM, Log, ask, check, expect, run_live
from usage_report.core.events import instant


def live(events, as_of, **query):
    answer = run_live(events, team=TEAM, as_of=instant(as_of), **query)
    return tuple(answer[k] for k in ("live_participants", "live_sessions", "active_recordings"))


def test_open_spans_run_to_as_of():
    """A since 10:00, B since 10:20 with a microphone, a recording since 10:10. At 10:30: 30 + 10 of participation, 10 sent,
    10 received, 20 recorded, none stored."""
    log = (
        Log()
        .joined("10:00", "a")
        .joined("10:20", "b")
        .published("10:20", "b", "mic", "audio")
        .recording("10:10")
    )
    check(log, {"participation_minutes": 40, "broadcast_minutes": 10, "consumed_minutes": 10, "recorded_minutes": 20,
                "recording_storage_minutes": 0}, as_of="2026-03-01T10:30:00Z")  # fmt: skip
    assert live(log, "2026-03-01T10:30:00Z") == (2, 1, 1)


def test_later_events_do_not_count():
    """A is present 10:00-10:30 and 11:00-11:30. At 10:15: 15 minutes. At 11:00 the second join is not before it: 30."""
    log = Log().stay("10:00", "10:30", "a").stay("11:00", "11:30", "a")
    for as_of, minutes, there in (
        ("10:15", 15, 1),
        ("10:30", 30, 1),
        ("10:30:00.001", 30, 0),
        ("11:00", 30, 0),
        ("11:10", 40, 1),
    ):
        check(log, {"participation_minutes": minutes}, as_of=log.at(as_of))
        assert live(log, log.at(as_of)) == (there, there, 0)


def test_buckets_that_have_not_begun_have_no_figures():
    """At 10:30 on the 1st, the 2nd has not begun. Nor has it at midnight: a bucket that begins at ``as_of`` has not begun."""
    log = Log().stay("10:00", "11:00", "a")
    for as_of, minutes in (("2026-03-01T10:30:00Z", 30), ("2026-03-02T00:00:00Z", 60)):
        answer = check(log, {"participation_minutes": minutes}, last="2026-03-02", as_of=as_of)
        expect(answer, {"participation_minutes": minutes}, row=0)
        assert answer["rows"][1] is None
    answer = ask(log, last="2026-03-02", as_of="2026-03-02T00:00:00.001Z")
    expect(answer, {"participation_minutes": 0, "active_participants": 0}, row=1)


def test_a_range_that_has_not_begun_has_no_total():
    """April, on 1 March: there are no figures, which is different from 0."""
    answer = ask(
        Log().stay("10:00", "11:00", "a"), start="2026-04-01", as_of="2026-03-01T12:00:00Z"
    )
    assert answer["rows"] == [None]
    assert set(answer["total"].values()) == {None}


def test_the_timeout_closes_spans_at_the_last_event():
    """A joined at 10:00 and has no further event; B stayed 10:05-10:20. The last event of the session is at 10:20.

    For 24 h after it, A counts as present: at 10:19:59.999 on the 2nd that is 24 h 19 m 59.999 s of A plus 15 minutes of B.
    From 10:20 on the 2nd, A counts as having left at 10:20: 20 + 15 = 35, and no participant is live.
    """
    log = Log().joined("10:00", "a").stay("10:05", "10:20", "b")
    check(
        log,
        {"participation_minutes": 24 * 60 + 20 + 15 - 1 / 60_000},
        last="2026-03-02",
        as_of="2026-03-02T10:19:59.999Z",
    )
    assert live(log, "2026-03-02T10:19:59.999Z") == (1, 1, 0)
    check(
        log,
        {"participation_minutes": 35, "active_participants": 2},
        last="2026-03-02",
        as_of="2026-03-02T10:20:00Z",
    )
    assert live(log, "2026-03-02T10:20:00Z") == (0, 0, 0)


def test_any_event_of_the_session_restarts_the_timeout():
    """A since 10:00, and a chat post at 18:00: two days later, A counts as having left at 18:00, 480 minutes. Events of other
    sessions make no difference."""
    log = Log().joined("10:00", "a").add("18:00", "chat.posted", post="1", visibility="public")
    log.also("s-2").add("20:00", "chat.posted", post="1", visibility="public")
    check(log, {"participation_minutes": 480}, last="2026-03-03", as_of="2026-03-04T00:00:00Z")


def test_the_timeout_closes_all_spans():
    """Microphone, recording, captions, whiteboard and breakout since 10:00; the last event is at 10:30.

    30 minutes of each; the recording counts as stored from 10:30 on."""
    log = (
        Log()
        .joined("10:00", "a")
        .joined("10:00", "b")
        .published("10:00", "a", "mic", "audio")
        .recording("10:00")
    )
    log.add("10:00", "captions.started").add("10:00", "whiteboard.opened").add(
        "10:00", "breakout.opened", breakout="b"
    ).left("10:30", "b")
    check(log, {"participation_minutes": 60, "broadcast_minutes": 30, "consumed_minutes": 30, "recorded_minutes": 30,
                "captions_minutes": 30, "whiteboard_minutes": 30, "breakout_minutes": 30, "recording_storage_minutes": 30},
          as_of="2026-03-09T00:00:00Z")  # fmt: skip


def test_a_join_that_is_the_last_event_is_a_stay_of_length_zero():
    """A session with one event: the stay ends where it starts, and the person counts as active."""
    log = Log().joined("10:00", "a")
    check(
        log,
        {
            "participation_minutes": 0,
            "active_participants": 1,
            "sessions": 1,
            "max_concurrent_participants": 0,
        },
        as_of="2026-03-09T00:00:00Z",
    )


@pytest.mark.parametrize(("hours", "minutes", "there"), [(1, 10, 0), (2, 70, 1)])
def test_the_timeout_is_a_setting(hours, minutes, there):
    """A since 10:00, B 10:00-10:10, at 11:10. With a timeout of one hour, A left at 10:10; with two hours, A is present."""
    log = Log().joined("10:00", "a").stay("10:00", "10:10", "b")
    stale_after = hours * 3_600_000
    check(
        log,
        {"participation_minutes": minutes + 10},
        as_of="2026-03-01T11:10:00Z",
        stale_after=stale_after,
    )
    assert live(log, "2026-03-01T11:10:00Z", stale_after=stale_after) == (there, there, 0)


def test_a_session_without_participants_is_not_live():
    """Session 1 has started and is recorded, but is empty: not live, although its recording is active. Session 2 has two."""
    log = Log().add("10:00", "session.started").recording("10:00")
    log.also("s-2").joined("10:00", "a", "ana").joined("10:01", "b", "ana")
    assert live(log, "2026-03-01T10:30:00Z") == (2, 1, 1)


def test_teams_are_separate():
    """The same session in another team adds nothing."""
    log = (
        Log()
        .stay("10:00", "10:30", "a")
        .add("10:00", "participant.joined", connection="z", team="other")
    )
    check(log, {"participation_minutes": 30, "active_participants": 1})
    assert live(log, "2026-03-01T10:10:00Z") == (1, 1, 0)
