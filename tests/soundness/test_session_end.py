"""``session.ended`` closes what is open and began before it; the session may go on."""

from support.harness import Log, check


def test_it_ends_everybody():
    """A since 10:00, B since 10:10, no leaves; ended 10:30: 30 + 20."""
    check(
        Log().joined("10:00", "a").joined("10:10", "b").ended("10:30"),
        {"participation_minutes": 50, "max_concurrent_participants": 2},
    )


def test_people_return_and_it_stays_one_session():
    """A and B until the end at 10:30 (30 + 20), A again 10:35-10:45 (10): 60 minutes, one session, one room."""
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


def test_what_begins_at_its_instant_stays():
    """A leaves (lost) and B joins at 10:30, when the session ends: A's stay ends, B's began then and runs to 10:50."""
    check(Log().joined("10:00", "a").joined("10:30", "b").ended("10:30").left("10:50", "b"),
          {"participation_minutes": 50, "max_concurrent_participants": 1, "active_participants": 2})  # fmt: skip


def test_own_events_go_first():
    """A leaves and joins again at 10:30 in the instant of the end: the new stay began then, so it stays: 30 + 20."""
    check(Log().ended("10:30").joined("10:00", "a").left("10:30", "a").joined("10:30", "a").left("10:50", "a"),
          {"participation_minutes": 50, "max_concurrent_participants": 1})  # fmt: skip


def test_a_join_told_again_at_its_instant_does_not_save_the_stay():
    """A is there since 10:00; its second join at 10:30 is ignored, so the end at 10:30 closes it: 30."""
    check(
        Log().joined("10:00", "a").joined("10:30", "a").ended("10:30").left("10:50", "a"),
        {"participation_minutes": 30},
    )


def test_everything_of_the_session_ends_with_it_and_nothing_else():
    """Session 1: microphone, recording, captions, whiteboard, breakout, all since 10:00, ended 10:30, none stopped. A
    returns 10:40-11:00: none of these runs on. Session 2 has a stay 10:00-11:00 that the end does not touch.

    Participation 30 + 20 + 60 = 110; a recording of 30, stored whole.
    """
    log = Log().joined("10:00", "a").published("10:00", "a", "mic", "audio").recording("10:00")
    log.add("10:00", "captions.started").add("10:00", "whiteboard.opened").add(
        "10:00", "breakout.opened", breakout="b"
    )
    log.ended("10:30").stay("10:40", "11:00", "a")
    log.also("s-2", "hall").stay("10:00", "11:00", "z")
    check(log, {"participation_minutes": 110, "broadcast_minutes": 30, "recorded_minutes": 30, "recording_storage_minutes": 30,
                "captions_minutes": 30, "whiteboard_minutes": 30, "breakout_minutes": 30, "sessions": 2})  # fmt: skip


def test_two_ends_are_as_good_as_one():
    """Ended 10:30 twice (two sources say so) and again 11:00, when nothing is open."""
    log = (
        Log()
        .joined("10:00", "a")
        .ended("10:30")
        .add("10:30", "session.ended", id="again")
        .ended("11:00")
    )
    check(log, {"participation_minutes": 30})


def test_an_end_before_the_beginning_closes_nothing():
    """A late clock: the end is stamped 09:59, before A joined. A's own leave counts: 30."""
    check(Log().ended("09:59").stay("10:00", "10:30", "a"), {"participation_minutes": 30})
