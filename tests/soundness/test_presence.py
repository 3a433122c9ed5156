"""Participation: stays and how they end."""

from support.harness import Log, check, expect


def test_each_connection_counts():
    """Ana is present with two devices: 30 + 20 minutes of participation, one person, a peak of two."""
    log = Log().stay("10:00", "10:30", "phone", "ana").stay("10:05", "10:25", "laptop", "ana")
    check(
        log,
        {
            "participation_minutes": 50,
            "active_participants": 1,
            "max_concurrent_participants": 2,
            "sessions": 1,
        },
    )


def test_a_second_join_while_present_is_ignored():
    """Joined 10:00 and again 10:10, left 10:30: one stay of 30. The leave at 10:40 ends nothing."""
    log = Log().joined("10:00", "c").joined("10:10", "c").left("10:30", "c").left("10:40", "c")
    check(log, {"participation_minutes": 30, "max_concurrent_participants": 1})


def test_one_leave_ends_a_stay_with_two_joins():
    """Two joins and one leave: 30 minutes. A later stay adds 10."""
    log = (
        Log()
        .joined("10:00", "c")
        .joined("10:10", "c")
        .left("10:30", "c")
        .stay("11:00", "11:10", "c")
    )
    check(log, {"participation_minutes": 40})


def test_a_leave_without_a_join_does_not_count():
    """There was no participant: no minutes, person, session or room."""
    nothing = (
        "participation_minutes",
        "active_participants",
        "sessions",
        "active_rooms",
        "max_concurrent_sessions",
    )
    check(Log().add("10:00", "session.started").left("10:30", "c"), dict.fromkeys(nothing, 0))


def test_a_hand_over_at_one_instant_neither_overlaps_nor_is_lost():
    """One connection leaves and joins again at 10:30: 30 + 30 minutes, a peak of one, whatever the order of the events."""
    truth = {"participation_minutes": 60, "max_concurrent_participants": 1, "sessions": 1}
    check(
        Log().joined("10:00", "c").left("10:30", "c").joined("10:30", "c").left("11:00", "c"), truth
    )
    check(
        Log().left("11:00", "c").joined("10:30", "c").left("10:30", "c").joined("10:00", "c"), truth
    )


def test_one_joins_at_the_instant_another_leaves():
    """B joins in the millisecond A leaves: spans are half open, so the peak is one."""
    check(Log().stay("10:00", "10:30", "a").stay("10:30", "11:00", "b"),
          {"participation_minutes": 60, "max_concurrent_participants": 1, "active_participants": 2, "max_concurrent_sessions": 1})  # fmt: skip


def test_a_stay_of_length_zero_counts_as_presence():
    """Joined and left in one millisecond: an active person and room, and a session, but no minutes and no peak. The leave
    has the smaller id: at one instant, the event that changes the state applies first."""
    log = Log().left("10:00", "c").joined("10:00", "c")
    answer = check(log, {
        "participation_minutes": 0, "active_participants": 1, "active_rooms": 1, "sessions": 1,
        "max_concurrent_participants": 0, "max_concurrent_sessions": 0, "max_participants_per_session": 0,
    })  # fmt: skip
    assert set(answer["total_at"].values()) == {-1}


def test_a_stay_of_length_zero_on_a_border_is_in_the_bucket_that_begins():
    """At midnight it belongs to the new day only; a millisecond earlier, to the old one only."""
    answer = check(
        Log("2026-03-02").stay("00:00", "00:00", "c"),
        {"active_participants": 1},
        start="2026-03-01",
        last="2026-03-02",
    )
    assert answer["rows"][0] is None, "records begin at midnight"
    expect(answer, {"active_participants": 1, "sessions": 1}, row=1)
    answer = check(
        Log().stay("23:59:59.999", "23:59:59.999", "c"),
        {"active_participants": 1},
        last="2026-03-02",
    )
    expect(answer, {"active_participants": 1, "sessions": 1}, row=0)
    expect(answer, {"active_participants": 0, "sessions": 0}, row=1)


def test_one_leave_and_two_joins_in_one_instant():
    """Present since 10:00; at 10:30 a leave and two joins: left, joined, second join ignored. Leave 11:00: 60."""
    log = (
        Log()
        .joined("10:00", "c")
        .joined("10:30", "c")
        .joined("10:30", "c")
        .left("10:30", "c")
        .left("11:00", "c")
    )
    check(log, {"participation_minutes": 60, "max_concurrent_participants": 1})


def test_two_leaves_and_one_join_in_one_instant():
    """Present since 10:00; at 10:30 two leaves and a join: left, joined, left. 30; the leave at 11:00 ends nothing."""
    log = (
        Log()
        .joined("10:00", "c")
        .left("10:30", "c")
        .left("10:30", "c")
        .joined("10:30", "c")
        .left("11:00", "c")
    )
    check(log, {"participation_minutes": 30})


def test_the_person_is_that_of_the_earliest_join():
    """Connection c joins as ana and again as bo: the person is ana both times. Of two joins at one instant, the one with
    the smaller (source, id) has the person."""
    check(
        Log().stay("10:00", "10:10", "c", "ana").stay("10:20", "10:30", "c", "bo"),
        {"active_participants": 1},
    )
    log = Log().stay("09:00", "09:10", "other", "ana")
    log.add("10:00", "participant.joined", connection="c", participant="bo", id="z").add(
        "10:00", "participant.joined", connection="c", participant="ana", id="b").left("10:10", "c")  # fmt: skip
    check(log, {"active_participants": 1})


def test_connection_ids_are_local_to_a_session():
    """Connection "c" in two sessions: two simultaneous stays of 30 minutes."""
    log = Log().stay("10:00", "10:30", "c")
    log.also("s-2", "hall").stay("10:00", "10:30", "c")
    check(log, {"participation_minutes": 60, "max_concurrent_participants": 2, "max_participants_per_session": 1,
                "active_participants": 1, "active_rooms": 2, "sessions": 2, "max_concurrent_sessions": 2})  # fmt: skip


def test_a_millisecond_is_exact():
    """1 ms is 1/60,000 of a minute; three stays of 20.001 s are 60,003 ms."""
    log = Log()
    for n in range(3):
        log.stay("10:00:00.000", "10:00:20.001", f"c-{n}")
    check(log, {"participation_minutes": 60_003 / 60_000})


def test_of_two_events_of_one_join_the_one_that_names_the_person_counts():
    """One source without persons and one with them report the same two stays of Ana: one person, in either order."""
    for one, other in (("", "ana"), ("ana", "")):
        log = Log()
        for source, person in (("hooks", one), ("lists", other)):
            for start, end, connection in (("10:00", "10:10", "c1"), ("10:20", "10:30", "c2")):
                log.add(
                    start,
                    "participant.joined",
                    connection=connection,
                    source=source,
                    **({"participant": person} if person else {}),
                )
                log.add(end, "participant.left", connection=connection, source=source)
        check(
            log,
            {
                "active_participants": 1,
                "participation_minutes": 20,
                "max_concurrent_participants": 1,
            },
        )


def test_an_earlier_join_without_a_person_has_precedence():
    """The first join of "c" names no person, so the person is "c" itself, even though a join a second later names ana."""
    log = (
        Log()
        .joined("10:00", "c")
        .joined("10:00:01", "c", "ana")
        .left("10:10", "c")
        .stay("11:00", "11:10", "ana")
    )
    check(log, {"active_participants": 2})
