"""The report does not depend on how events are delivered."""

from itertools import permutations

from support.harness import Log, ask, check


def test_contradictory_events_in_any_order():
    """Join 10:00, leave 10:30, join 10:30, session end 10:30, leave 10:45: 30 + 15 in every order."""
    log = (
        Log()
        .joined("10:00", "a")
        .left("10:30", "a")
        .joined("10:30", "a")
        .ended("10:30")
        .left("10:45", "a")
    )
    first = check(log, {"participation_minutes": 45, "sessions": 1})
    for order in list(permutations(log.events))[1::7]:
        assert ask(order) == first


def test_delivered_twice():
    """Every event is delivered twice and counts once."""
    log = (
        Log()
        .stay("10:00", "10:30", "a")
        .recording("10:00", "10:10")
        .add("10:00", "chat.posted", post="1", visibility="public")
    )
    check(
        [*log, *log],
        {
            "participation_minutes": 30,
            "recorded_minutes": 10,
            "recording_storage_minutes": 10,
            "chat_posts": 1,
        },
    )


def test_the_first_of_two_conflicting_events_is_kept():
    """Two events with one (team, source, id): the leave at 10:30 is received first, so that at 10:50 does not count."""
    log = Log().joined("10:00", "a")
    log.add("10:30", "participant.left", connection="a", id="x").add(
        "10:50", "participant.left", connection="a", id="x"
    )
    check(log, {"participation_minutes": 30})


def test_one_id_of_two_sources_is_two_events():
    """Each source has its own ids: both joins count."""
    log = Log().stay("10:00", "10:30", "a").stay("10:00", "10:30", "b")
    twins = [
        e._replace(id="1" if e.type.endswith("joined") else "2", source=e.connection) for e in log
    ]
    check(twins, {"participation_minutes": 60, "active_participants": 2})
