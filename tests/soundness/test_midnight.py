"""Sessions over midnight, and ranges of several days: what adds up, and what must not."""

from support.harness import Log, ask, check, expect


def test_a_session_over_midnight():
    """Ana 23:30-00:30, Bo 23:45-00:15: 30 + 15 minutes on the 1st, 30 + 15 on the 2nd.

    It started on the 1st only; both days saw two people at once: the 2nd because they were there when it began.
    """
    log = (
        Log().stay("23:30", "2026-03-02T00:30:00Z", "a").stay("23:45", "2026-03-02T00:15:00Z", "b")
    )
    total = {
        "participation_minutes": 90,
        "sessions": 1,
        "active_participants": 2,
        "active_rooms": 1,
        "max_concurrent_participants": 2,
    }
    answer = check(log, total, last="2026-03-02")
    expect(answer, total | {"participation_minutes": 45}, row=0)
    expect(
        answer,
        total | {"participation_minutes": 45, "sessions": 0, "max_concurrent_sessions": 1},
        row=1,
    )
    at = [row["max_concurrent_participants"] for row in answer["peaks_at"]]
    assert at == [answer["edges"][0] + (23 * 60 + 45) * 60_000, answer["edges"][1]]


def test_a_session_that_only_ends_at_midnight():
    """Ana 23:00 to 00:00 sharp: the 2nd saw nobody."""
    answer = check(
        Log().stay("23:00", "2026-03-02T00:00:00Z", "a"),
        {"participation_minutes": 60},
        last="2026-03-02",
    )
    expect(
        answer,
        {
            "active_participants": 0,
            "active_rooms": 0,
            "max_concurrent_participants": 0,
            "max_concurrent_sessions": 0,
        },
        row=1,
    )


def test_uniques_of_a_range_are_not_sums_of_days():
    """Day 1: ana, bo. Day 2: bo. Day 3: bo, cy. Rows 2, 1, 2; three people over the range, not five. Rooms alike."""
    log = (
        Log("2026-03-01", session="d1", room="red")
        .stay("10:00", "10:10", "1", "ana")
        .stay("10:00", "10:10", "2", "bo")
    )
    log.also("d2", "red", "2026-03-02").stay("10:00", "10:10", "1", "bo")
    log.also("d3", "blue", "2026-03-03").stay("10:00", "10:10", "1", "bo").stay(
        "10:00", "10:10", "2", "cy"
    )
    answer = check(
        log,
        {"active_participants": 3, "active_rooms": 2, "sessions": 3, "participation_minutes": 50},
        last="2026-03-03",
    )
    for row, (people, rooms) in enumerate(((2, 1), (1, 1), (2, 1))):
        expect(answer, {"active_participants": people, "active_rooms": rooms}, row=row)


def test_peaks_of_a_range_are_not_sums_of_days():
    """Two at once on the 1st, three on the 2nd at 10:05, three again on the 3rd: 3, first reached on the 2nd."""
    log = Log()
    for day, people in (("2026-03-01", 2), ("2026-03-02", 3), ("2026-03-03", 3)):
        part = log.also(day, day=day)
        for n in range(people):
            part.stay("10:00" if n < 2 else "10:05", "10:30", f"c-{n}")
    answer = check(
        log, {"max_concurrent_participants": 3, "max_concurrent_sessions": 1}, last="2026-03-03"
    )
    assert (
        answer["total_at"]["max_concurrent_participants"]
        == answer["edges"][1] + (10 * 60 + 5) * 60_000
    )


def test_a_peak_needs_one_instant():
    """Three people in one hour but never more than two at once."""
    check(
        Log().stay("10:00", "10:20", "a").stay("10:10", "10:30", "b").stay("10:20", "10:40", "c"),
        {"max_concurrent_participants": 2},
    )


def test_the_fullest_session_is_not_the_fullest_instant():
    """Session 1 has two at 10:00-10:10 and session 2 three at 11:00-11:10, with one of session 1 still there: 4 in all."""
    log = Log().stay("10:00", "10:10", "a").stay("10:00", "11:30", "b")
    part = log.also("s-2", "hall")
    for n in range(3):
        part.stay("11:00", "11:10", f"c-{n}")
    check(
        log,
        {
            "max_participants_per_session": 3,
            "max_concurrent_participants": 4,
            "max_concurrent_sessions": 2,
        },
    )


def test_a_session_with_nobody_in_it_is_not_active():
    """Session 2 said it started, but its only guest comes at 11:00, when session 1 is over: one at a time. It starts then."""
    log = Log().stay("10:00", "11:00", "a")
    log.also("s-2", "hall").add("10:00", "session.started").stay("11:00", "11:30", "b").ended(
        "12:00"
    )
    check(log, {"max_concurrent_sessions": 1, "sessions": 2})
    hours = ask(log, grain="hour")
    assert [row["sessions"] for row in hours["rows"][10:12]] == [1, 1]


def test_a_pause_is_no_new_session():
    """A there 10:00-10:10 and 12:00-12:10: started once, at 10:00; in the hour of 12 it is active but does not start."""
    hours = check(
        Log().stay("10:00", "10:10", "a").stay("12:00", "12:10", "a"), {"sessions": 1}, grain="hour"
    )
    expect(hours, {"sessions": 0, "active_rooms": 0}, row=11)
    expect(hours, {"sessions": 0, "active_rooms": 1, "max_concurrent_sessions": 1}, row=12)


def test_the_room_of_a_session_is_that_of_its_earliest_start():
    """Session 1 starts in "red"; a later join says "blue": one room. Sessions 1 and 2 in "red": still one."""
    log = Log(room="red").add("09:00", "session.started")
    log.also("s-1", "blue").stay("10:00", "10:10", "a")
    log.also("s-2", "red").stay("10:00", "10:10", "a")
    check(log, {"active_rooms": 1, "sessions": 2})


def test_weeks_and_months_are_cut_to_the_range():
    """An hour a day over 27 February to 3 March 2026. Weeks begin on Monday 2 March: 27 Feb-1 March = 3 h, 2-3 March = 2 h.
    Months: 27-28 February = 2 h, 1-3 March = 3 h."""
    log = Log()
    for day in (
        "2026-02-26",
        "2026-02-27",
        "2026-02-28",
        "2026-03-01",
        "2026-03-02",
        "2026-03-03",
        "2026-03-04",
    ):
        log.also(day, day=day).stay("10:00", "11:00", "a")
    span = {"start": "2026-02-27", "last": "2026-03-03", "as_of": "2026-03-05T00:00:00Z"}
    weeks = check(log, {"participation_minutes": 300, "sessions": 5}, grain="week", **span)
    months = check(log, {"participation_minutes": 300, "sessions": 5}, grain="month", **span)
    assert [row["participation_minutes"] // 3_600_000 for row in weeks["rows"]] == [3, 2]
    assert [row["participation_minutes"] // 3_600_000 for row in months["rows"]] == [2, 3]
