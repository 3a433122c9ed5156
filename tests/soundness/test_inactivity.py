"""Spans that no event ends: the first gap of 24 h between activity events closes them.

Every log is of 1 March 2026 and the days after it, and every report as of 1 April unless it says otherwise, when the last
gap has long been over.
"""

from __future__ import annotations

import pytest

from support.harness import TEAM, Log, ask, check, expect, run_live
from usage_report.core.events import instant

HOUR = 3_600_000
#: All of March, as of its end.
MARCH = {"last": "2026-03-31", "as_of": "2026-04-01T00:00:00Z"}


def live(log: Log, as_of: str, **query: int) -> tuple[int, ...]:
    answer = run_live(log, team=TEAM, as_of=instant(as_of), **query)
    return tuple(answer[k] for k in ("live_participants", "live_sessions", "active_recordings"))


def test_a_deletion_is_no_activity():
    """A joined at 10:00 and never left; the recording of 10:05 to 10:20 is deleted three days later.

    The last activity event is the stop at 10:20: A stayed 20 minutes, also as of the day after the deletion. Until 10:20
    on the 2nd, A counts as present; on the 4th, when the deletion arrives, A does not.
    """
    log = Log().joined("10:00", "a").recording("10:05", "10:20", "2026-03-04T10:00:00Z")
    for as_of in ("2026-03-02T10:20:00Z", "2026-03-04T10:00:01Z", "2026-04-01T00:00:00Z"):
        check(log, {"participation_minutes": 20}, last="2026-03-04", as_of=as_of)
    check(
        log,
        {"participation_minutes": 24 * 60 + 20 - 1 / 60_000},
        last="2026-03-04",
        as_of="2026-03-02T10:19:59.999Z",
    )
    assert live(log, "2026-03-02T10:19:59.999Z") == (1, 1, 0)
    assert live(log, "2026-03-04T10:00:01Z") == (0, 0, 0)


def test_spans_of_one_session_end_at_different_gaps():
    """A joins at 10:00 on the 1st, B stays 10:05-10:20; on the 4th, C joins at 10:00 and D stays 10:00-10:30.

    A ends at 10:20 on the 1st, before the first gap: 20 + 15 minutes. C ends at 10:30 on the 4th, before the last: 30 + 30.
    It is one session, of the 1st. As of 10:15 on the 4th, C and D are present and A is not.
    """
    log = Log().joined("10:00", "a").stay("10:05", "10:20", "b")
    log.joined("2026-03-04T10:00:00Z", "c").stay(
        "2026-03-04T10:00:00Z", "2026-03-04T10:30:00Z", "d"
    )
    answer = check(log, {"participation_minutes": 95, "sessions": 1}, **MARCH)
    expect(answer, {"participation_minutes": 35, "active_participants": 2}, row=0)
    expect(answer, {"participation_minutes": 0, "active_participants": 0}, row=1)
    expect(answer, {"participation_minutes": 60, "active_participants": 2}, row=3)
    assert live(log, "2026-03-04T10:15:00Z") == (2, 1, 0)


@pytest.mark.parametrize("end", ["participant.left", "session.ended"])
def test_a_span_that_an_event_ends_keeps_that_end(end):
    """A joins at 10:00 on the 1st with a microphone. The end at 10:00 on the 4th ends both, after 72 hours without events.

    As of 9:59 on the 4th the end is not known: the stay ends where it starts. A recording that is never stopped is ended by
    the session's end, if that is the event; otherwise it ends at its start.
    """
    log = Log().joined("10:00", "a").published("10:00", "a", "mic", "audio").recording("10:00")
    log.add("2026-03-04T10:00:00Z", end, **({"connection": "a"} if end[0] == "p" else {}))
    recorded = 72 * 60 if end == "session.ended" else 0
    check(
        log,
        {
            "participation_minutes": 72 * 60,
            "broadcast_minutes": 72 * 60,
            "recorded_minutes": recorded,
            "recording_storage_minutes": recorded,
        },
        **MARCH,
    )
    check(
        log,
        {"participation_minutes": 0, "broadcast_minutes": 0, "recorded_minutes": 0},
        last="2026-03-04",
        as_of="2026-03-04T09:59:00Z",
    )


def test_tracks_end_with_a_stay_that_the_timeout_closes():
    """A joins at 10:00 and publishes a microphone at 10:05 and a camera at 10:10; the last event before the gap is at 10:30.
    On the 4th the camera is unpublished. A stayed until 10:30, with the camera from 10:10: audio 5, both 20."""
    log = Log().joined("10:00", "a").published("10:05", "a", "mic", "audio")
    log.published("10:10", "a", "cam", "video").add("10:30", "question.posted", post="1")
    log.unpublished("2026-03-04T10:00:00Z", "a", "cam")
    check(
        log,
        {
            "participation_minutes": 30,
            "broadcast_minutes_audio": 5,
            "broadcast_minutes_audio_video": 20,
            "broadcast_minutes": 25,
        },
        **MARCH,
    )


def test_a_start_after_the_gap_is_another_span():
    """A joins at 10:00 on the 1st, again at 10:10 (ignored: A is present), and again at 10:00 on the 4th. Events follow at
    10:20 on each day. Twice 20 minutes; as of 10:15 on the 4th, A is present since 10:00."""
    log = Log().joined("10:00", "a").joined("10:10", "a").add("10:20", "question.posted", post="1")
    log.joined("2026-03-04T10:00:00Z", "a").add("2026-03-04T10:20:00Z", "question.posted", post="2")
    answer = check(log, {"participation_minutes": 40, "max_concurrent_participants": 1}, **MARCH)
    expect(answer, {"participation_minutes": 20}, row=0)
    expect(answer, {"participation_minutes": 20}, row=3)
    assert live(log, "2026-03-04T10:15:00Z") == (1, 1, 0)
    check(log, {"participation_minutes": 35}, last="2026-03-04", as_of="2026-03-04T10:15:00Z")


def test_an_end_after_the_gap_ends_the_first_start():
    """As above, and A leaves at 10:30 on the 4th. An event ends the stay, so no gap does, and the join of the 4th came while
    A was present: 72.5 hours."""
    log = Log().joined("10:00", "a").joined("2026-03-04T10:00:00Z", "a")
    log.left("2026-03-04T10:30:00Z", "a")
    check(log, {"participation_minutes": 72 * 60 + 30}, **MARCH)


def test_a_recording_whose_stop_was_lost():
    """Recorded since 10:00, the last event before the gap is at 10:30: 30 minutes recorded, and stored from then on. The
    session goes on on the 4th, which changes nothing. As of 12:00 on the 1st it is running: nothing is stored."""
    log = Log().recording("10:00").stay("10:00", "10:30", "a")
    log.stay("2026-03-04T10:00:00Z", "2026-03-04T10:10:00Z", "b")
    truth = {"recorded_minutes": 30, "recording_storage_minutes": 30}
    check(log, truth, **MARCH)
    check(log, truth, last="2026-03-04", as_of="2026-03-04T10:05:00Z")
    check(
        log,
        {"recorded_minutes": 120, "recording_storage_minutes": 0},
        as_of="2026-03-01T12:00:00Z",
    )
    assert live(log, "2026-03-01T12:00:00Z") == (0, 0, 1)
    assert live(log, "2026-03-04T10:05:00Z") == (1, 1, 0)


def test_a_deletion_ends_the_recording_that_it_deletes():
    """Recorded since 10:00 and deleted at 10:00 on the 4th, without a stop. The deletion is an event that ends it: 72 hours
    recorded, none stored. It is no activity, so A, who joined at 10:00 and never left, ends at 10:30."""
    log = Log().recording("10:00", None, "2026-03-04T10:00:00Z").joined("10:00", "a")
    log.add("10:30", "question.posted", post="1")
    check(
        log,
        {
            "recorded_minutes": 72 * 60,
            "recording_storage_minutes": 0,
            "participation_minutes": 30,
        },
        **MARCH,
    )


@pytest.mark.parametrize(("post", "minutes"), [("10:00", 0), ("09:59:59.999", 48 * 60)])
def test_a_gap_of_exactly_the_timeout_closes(post, minutes):
    """A joins at 10:00 on the 1st; posts on the 2nd, at 9:59:59.998 on the 3rd, and at 10:00 on the 3rd.

    If the first post is 24 h after the join, A left when A joined. If it is a millisecond earlier, no gap between events is
    24 h long, and A stayed until the last post.
    """
    log = Log().joined("10:00", "a")
    log.add(f"2026-03-02T{Log().at(post)[11:]}", "question.posted", post="1")
    log.add("2026-03-03T09:59:59.998Z", "question.posted", post="2")
    log.add("2026-03-03T10:00:00.000Z", "question.posted", post="3")
    check(log, {"participation_minutes": minutes}, **MARCH)


@pytest.mark.parametrize(
    ("hours", "minutes"), [(1, 10), (2, 10), (3, 10 + 120), (24, 10 + 120), (72, 72 * 60 + 20)]
)
def test_stored_facts_serve_every_timeout(hours, minutes):
    """A joins at 10:00 on the 1st. Posts at 10:10 and 12:10 on the 1st, and at 10:20 on the 4th.

    Gaps of two hours, and of 70 h 10 min. The database is filled once, and answers for each timeout.
    """
    log = Log().joined("10:00", "a")
    log.add("10:10", "question.posted", post="1").add("12:10", "question.posted", post="2")
    log.add("2026-03-04T10:20:00Z", "question.posted", post="3")
    answer = ask(log, **MARCH, stale_after=hours * HOUR)
    expect(answer, {"participation_minutes": minutes})
