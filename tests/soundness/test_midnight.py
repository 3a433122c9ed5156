"""Sessions over midnight and ranges of several days: which figures add up and which do not."""

from support.harness import Log, ask, check, expect


def test_a_session_over_midnight():
    """Ana 23:30-00:30, Bo 23:45-00:15: 30 + 15 minutes on the 1st, 30 + 15 on the 2nd.

    It started on the 1st. Both days have a peak of two; on the 2nd, two are present when the day begins.
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
    """A leaves at 00:00: no participant on the 2nd."""
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


def test_distinct_counts_of_a_range_are_not_sums_of_days():
    """Day 1: ana, bo. Day 2: bo. Day 3: bo, cy. Rows 2, 1, 2; the range has three people, not five. Likewise rooms."""
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
    """Peaks of two on the 1st, three on the 2nd at 10:05, three on the 3rd: 3, first reached on the 2nd."""
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
    """Three people in one hour, but at most two at one instant."""
    check(
        Log().stay("10:00", "10:20", "a").stay("10:10", "10:30", "b").stay("10:20", "10:40", "c"),
        {"max_concurrent_participants": 2},
    )


def test_the_largest_session_is_not_the_peak_of_all_sessions():
    """Session 1 has two participants at 10:00, and one at 11:00, when session 2 has three: 4 in all."""
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


def test_an_empty_session_is_not_active():
    """``session.started`` of session 2 is at 10:00, but its first join at 11:00, when session 1 ends: it starts then."""
    log = Log().stay("10:00", "11:00", "a")
    log.also("s-2", "hall").add("10:00", "session.started").stay("11:00", "11:30", "b").ended(
        "12:00"
    )
    check(log, {"max_concurrent_sessions": 1, "sessions": 2})
    hours = ask(log, grain="hour")
    assert [row["sessions"] for row in hours["rows"][10:12]] == [1, 1]


def test_a_pause_does_not_start_a_new_session():
    """A is present 10:00-10:10 and 12:00-12:10: one start, at 10:00; in the hour from 12 the session is active only."""
    hours = check(
        Log().stay("10:00", "10:10", "a").stay("12:00", "12:10", "a"), {"sessions": 1}, grain="hour"
    )
    expect(hours, {"sessions": 0, "active_rooms": 0}, row=11)
    expect(hours, {"sessions": 0, "active_rooms": 1, "max_concurrent_sessions": 1}, row=12)


def test_the_room_of_a_session_is_that_of_its_earliest_event():
    """Session 1 starts in "red", and a later join has "blue": its room is "red", as is that of session 2."""
    log = Log(room="red").add("09:00", "session.started")
    log.also("s-1", "blue").stay("10:00", "10:10", "a")
    log.also("s-2", "red").stay("10:00", "10:10", "a")
    check(log, {"active_rooms": 1, "sessions": 2})


def test_weeks_and_months_are_cut_to_the_range():
    """One hour a day, 27 February to 3 March 2026. A week begins on Monday 2 March: 3 h before it, 2 h in it.
    Months: 2 h in February, 3 h in March."""
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
