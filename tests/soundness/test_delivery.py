"""However events arrive, the report is the same."""

from itertools import permutations

from support.harness import Log, ask, check


def test_every_order_of_a_contradictory_handful():
    """Join 10:00, leave 10:30, join 10:30, session end 10:30, leave 10:45: 30 + 15 in each of the 120 orders."""
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
    """Every event twice: nothing doubles, posts among it."""
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


def test_the_first_of_a_conflict_stays():
    """One triple (team, source, id), two contents: the leave at 10:30 came first, so the one at 10:50 is nothing."""
    log = Log().joined("10:00", "a")
    log.add("10:30", "participant.left", connection="a", id="x").add(
        "10:50", "participant.left", connection="a", id="x"
    )
    check(log, {"participation_minutes": 30})


def test_one_id_of_two_sources_is_two_events():
    """Sources number their events apart: both joins count."""
    log = Log().stay("10:00", "10:30", "a").stay("10:00", "10:30", "b")
    twins = [
        e._replace(id="1" if e.type.endswith("joined") else "2", source=e.connection) for e in log
    ]
    check(twins, {"participation_minutes": 60, "active_participants": 2})
