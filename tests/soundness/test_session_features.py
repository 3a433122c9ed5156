"""Captions, whiteboards and breakouts: the union of open intervals, clipped to presence. Posts."""

from support.harness import Log, check, expect


def test_captions_are_clipped_to_presence():
    """On 09:50-10:30; A is present 10:00-10:10 and B 10:20-10:40: 10 + 10 = 20."""
    log = Log().add("09:50", "captions.started").add("10:30", "captions.stopped")
    check(log.stay("10:00", "10:10", "a").stay("10:20", "10:40", "b"), {"captions_minutes": 20})


def test_captions_remain_on_while_the_room_is_empty():
    """Never stopped, so they count again when B joins: 10 + 20."""
    log = (
        Log()
        .add("10:00", "captions.started")
        .stay("10:00", "10:10", "a")
        .stay("10:20", "10:40", "b")
    )
    check(log, {"captions_minutes": 30})


def test_ten_breakouts_for_an_hour_are_an_hour():
    """Ten breakouts 10:00-11:00 with two participants: 60, not 600, not 120."""
    log = Log().stay("10:00", "11:00", "a").stay("10:00", "11:00", "b")
    for n in range(10):
        log.add("10:00", "breakout.opened", breakout=f"b-{n}").add(
            "11:00", "breakout.closed", breakout=f"b-{n}"
        )
    check(log, {"breakout_minutes": 60})


def test_overlapping_breakouts_unite():
    """10:00-10:20, 10:10-10:30 and 10:40-10:50: 30 + 10."""
    log = Log().stay("10:00", "11:00", "a")
    for name, start, end in (
        ("x", "10:00", "10:20"),
        ("y", "10:10", "10:30"),
        ("z", "10:40", "10:50"),
    ):
        log.add(start, "breakout.opened", breakout=name).add(end, "breakout.closed", breakout=name)
    check(log, {"breakout_minutes": 40})


def test_breakouts_of_two_sessions_add_up():
    """The same 10 minutes in two sessions: 20."""
    log = Log()
    for part in (log, log.also("s-2")):
        part.stay("10:00", "10:10", "a").add("10:00", "breakout.opened", breakout="b").add(
            "10:10", "breakout.closed", breakout="b"
        )
    check(log, {"breakout_minutes": 20})


def test_whiteboards_with_and_without_id():
    """One without an id 10:00-10:20 and "w" 10:10-10:30; a second opening of the first at 10:05 is ignored: 30."""
    log = (
        Log()
        .stay("10:00", "11:00", "a")
        .add("10:00", "whiteboard.opened")
        .add("10:05", "whiteboard.opened")
    )
    log.add("10:20", "whiteboard.closed").add("10:10", "whiteboard.opened", whiteboard="w").add(
        "10:30", "whiteboard.closed", whiteboard="w"
    )
    check(log, {"whiteboard_minutes": 30})


def test_the_default_whiteboard_has_an_id():
    """Opened without an id, closed as "-": the same whiteboard. 10."""
    log = (
        Log()
        .stay("10:00", "11:00", "a")
        .add("10:00", "whiteboard.opened")
        .add("10:10", "whiteboard.closed", whiteboard="-")
    )
    check(log, {"whiteboard_minutes": 10})


def test_posts():
    """Three chat posts (one private, one reported by two events), and a question and an answer with one post id.

    Chat 3; questions and answers are counted together: 2. A chat post and a question may have the same id.
    """
    log = (
        Log()
        .add("10:00", "chat.posted", post="1", visibility="public")
        .add("10:01", "chat.posted", post="2", visibility="private")
    )
    log.add("10:02", "chat.posted", post="1", visibility="public").add(
        "10:03", "chat.posted", post="3", visibility="public"
    )
    log.add("10:04", "question.posted", post="1").add("10:05", "answer.posted", post="1")
    check(log, {"chat_posts": 3, "qa_posts": 2})


def test_a_post_with_two_events_counts_at_the_earlier_one():
    """Reported for 2 March, then for 1 March, 23:59: it counts once, on the 1st."""
    log = (
        Log()
        .add("2026-03-02T00:01:00Z", "chat.posted", post="1", visibility="public")
        .add("23:59", "chat.posted", post="1", visibility="public")
    )
    answer = check(log, {"chat_posts": 1}, last="2026-03-02")
    expect(answer, {"chat_posts": 1}, row=0)
    expect(answer, {"chat_posts": 0}, row=1)


def test_posts_count_without_participants():
    """Post "1" in two empty sessions is two posts."""
    log = (
        Log()
        .add("10:00", "chat.posted", post="1", visibility="public")
        .add("10:00", "question.posted", post="1")
    )
    log.also("s-2").add("10:00", "chat.posted", post="1", visibility="public").add(
        "10:00", "answer.posted", post="1"
    )
    check(log, {"chat_posts": 2, "qa_posts": 2, "sessions": 0, "active_rooms": 0})


def test_a_post_at_midnight_belongs_to_the_new_day():
    """Days are half open."""
    answer = check(
        Log("2026-03-02").add("00:00", "chat.posted", post="1", visibility="public"),
        {"chat_posts": 1},
        last="2026-03-02",
    )
    assert answer["rows"][0] is None, "records begin with the post"
    expect(answer, {"chat_posts": 1}, row=1)
