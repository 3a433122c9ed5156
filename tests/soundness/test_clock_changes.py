"""Days of 23 and 25 hours."""

from support.harness import Log, check, expect

#: After the end of the long stays below: a day into them, the inactivity timeout would have closed them.
LATER = "2026-11-01T00:00:00Z"


def test_a_day_of_23_hours():
    """Berlin, 29 March 2026: 23:00 UTC on the 28th to 22:00 UTC on the 29th. A participant is present throughout:
    23 x 60 = 1,380 minutes, and 1,440 on the day after."""
    log = Log("2026-03-28").stay("20:00", "2026-03-31T00:00:00Z", "a")
    answer = check(
        log,
        {"participation_minutes": 2820},
        start="2026-03-29",
        last="2026-03-30",
        zone="Europe/Berlin",
        as_of=LATER,
    )
    expect(answer, {"participation_minutes": 1380}, row=0)
    expect(answer, {"participation_minutes": 1440}, row=1)
    hours = check(
        log,
        {"participation_minutes": 1380},
        start="2026-03-29",
        zone="Europe/Berlin",
        grain="hour",
        as_of=LATER,
    )
    assert [row["participation_minutes"] for row in hours["rows"]] == [3_600_000] * 23


def test_a_day_of_25_hours():
    """Berlin, 25 October 2026: 22:00 UTC on the 24th to 23:00 UTC on the 25th: 1,500 minutes. The hour from 2 o'clock occurs twice."""
    log = Log("2026-10-24").stay("20:00", "2026-10-27T00:00:00Z", "a")
    check(
        log, {"participation_minutes": 1500}, start="2026-10-25", zone="Europe/Berlin", as_of=LATER
    )
    hours = check(
        log,
        {"participation_minutes": 1500},
        start="2026-10-25",
        zone="Europe/Berlin",
        grain="hour",
        as_of=LATER,
    )
    assert [row["participation_minutes"] for row in hours["rows"]] == [3_600_000] * 25


def test_a_stay_over_the_change():
    """Clocks in Berlin go from 02:00 to 03:00 on 29 March: 01:30-03:30 local time is 00:30-01:30 UTC, 60 minutes, 30 in each
    of the hours from 1 and 3 o'clock. In October, 01:30-03:30 local time is 23:30-02:30 UTC, 180 minutes."""
    spring = check(
        Log("2026-03-29").stay("00:30", "01:30", "a"),
        {"participation_minutes": 60},
        start="2026-03-29",
        zone="Europe/Berlin",
        grain="hour",
    )
    expect(spring, {"participation_minutes": 30}, row=1)
    expect(spring, {"participation_minutes": 30}, row=2)
    check(
        Log("2026-10-24").stay("23:30", "2026-10-25T02:30:00Z", "a"),
        {"participation_minutes": 180},
        start="2026-10-25",
        zone="Europe/Berlin",
    )


def test_a_change_of_half_an_hour():
    """Lord Howe, 5 April 2026: 13:00 UTC on the 4th to 13:30 UTC on the 5th, 24.5 hours = 1,470 minutes."""
    log = Log("2026-04-04").stay("00:00", "2026-04-06T00:00:00Z", "a")
    check(
        log,
        {"participation_minutes": 1470},
        start="2026-04-05",
        zone="Australia/Lord_Howe",
        as_of=LATER,
    )


def test_the_same_events_in_every_zone():
    """A stay 00:00-00:30 UTC on 1 March is on 1 March in UTC and Kathmandu (05:45), on 28 February in New York (19:00)."""
    log = Log().stay("00:00", "00:30", "a")
    for zone, row in (("UTC", 1), ("Asia/Kathmandu", 1), ("America/New_York", 0)):
        answer = check(
            log,
            {"participation_minutes": 30, "sessions": 1},
            start="2026-02-28",
            last="2026-03-01",
            zone=zone,
        )
        expect(
            answer, {"participation_minutes": 30, "sessions": 1, "active_participants": 1}, row=row
        )
        if row == 1:
            assert answer["rows"][0] is None, "records begin on 1 March"
        else:
            expect(
                answer,
                {"participation_minutes": 0, "sessions": 0, "active_participants": 0},
                row=1,
            )
