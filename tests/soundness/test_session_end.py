"""``session.ended`` closes open spans that started before it; the session may continue."""

from support.harness import Log, check


def test_it_ends_all_presences():
    """A since 10:00, B since 10:10, without leaves; ended 10:30: 30 + 20."""
    check(
        Log().joined("10:00", "a").joined("10:10", "b").ended("10:30"),
        {"participation_minutes": 50, "max_concurrent_participants": 2},
    )


def test_a_session_continues_when_a_participant_returns():
    """A and B until the end at 10:30 (30 + 20), then A 10:35-10:45 (10): 60 minutes, one session, one room."""
    log = Log().joined("10:00", "a").joined("10:10", "b").ended("10:30").stay("10:35", "10:45", "a")
    check(
        log,
        {
            "participation_minutes": 60,
            "sessions": 1,
            "active_rooms": 1,
            "active_participants": 2,
            "max_concurrent_sessions": 1,
        },
    )


def test_a_span_that_starts_at_its_instant_remains_open():
    """The session ends at 10:30, when B joins: it ends A's stay, while B's starts and runs to 10:50."""
    check(Log().joined("10:00", "a").joined("10:30", "b").ended("10:30").left("10:50", "b"),
          {"participation_minutes": 50, "max_concurrent_participants": 1, "active_participants": 2})  # fmt: skip


def test_own_events_apply_first():
    """A leaves and joins again at 10:30, when the session ends: the new stay starts then, so it remains open: 30 + 20."""
    check(Log().ended("10:30").joined("10:00", "a").left("10:30", "a").joined("10:30", "a").left("10:50", "a"),
          {"participation_minutes": 50, "max_concurrent_participants": 1})  # fmt: skip


def test_a_repeated_join_at_its_instant_is_ignored():
    """A is present since 10:00; its second join at 10:30 is ignored, so the end at 10:30 closes the stay: 30."""
    check(
        Log().joined("10:00", "a").joined("10:30", "a").ended("10:30").left("10:50", "a"),
        {"participation_minutes": 30},
    )


def test_it_ends_all_spans_of_its_session_and_no_others():
    """Session 1: microphone, recording, captions, whiteboard, breakout, all since 10:00, ended 10:30, none stopped. A
    returns 10:40-11:00: none of them continues. Session 2 has a stay 10:00-11:00 that the end does not affect.

    Participation 30 + 20 + 60 = 110; a recording of 30, stored.
    """
    log = Log().joined("10:00", "a").published("10:00", "a", "mic", "audio").recording("10:00")
    log.add("10:00", "captions.started").add("10:00", "whiteboard.opened").add(
        "10:00", "breakout.opened", breakout="b"
    )
    log.ended("10:30").stay("10:40", "11:00", "a")
    log.also("s-2", "hall").stay("10:00", "11:00", "z")
    check(log, {"participation_minutes": 110, "broadcast_minutes": 30, "recorded_minutes": 30, "recording_storage_minutes": 30,
                "captions_minutes": 30, "whiteboard_minutes": 30, "breakout_minutes": 30, "sessions": 2})  # fmt: skip


def test_repeated_ends_make_no_difference():
    """Ended 10:30, twice, and again 11:00, when nothing is open."""
    log = (
        Log()
        .joined("10:00", "a")
        .ended("10:30")
        .add("10:30", "session.ended", id="again")
        .ended("11:00")
    )
    check(log, {"participation_minutes": 30})


def test_an_end_before_the_first_join_closes_nothing():
    """The end has the time 09:59, before A joined. A's own leave counts: 30."""
    check(Log().ended("09:59").stay("10:00", "10:30", "a"), {"participation_minutes": 30})
