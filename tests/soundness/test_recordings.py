"""Recordings: time recorded, and minutes stored."""

from support.harness import Log, check, expect


def test_a_recording_is_stored_from_its_stop():
    """Runs 10:00-10:30: at 10:15, 15 minutes are recorded and none stored; from 10:30 on, 30 are stored."""
    log = Log().recording("10:00", "10:30")
    check(
        log,
        {"recorded_minutes": 15, "recording_storage_minutes": 0, "max_concurrent_recordings": 1},
        as_of="2026-03-01T10:15:00Z",
    )
    check(
        log,
        {"recorded_minutes": 30, "recording_storage_minutes": 30, "max_concurrent_recordings": 1},
    )


def test_a_change_counts_only_before_the_end_of_the_bucket():
    """Stopped at 10:30. At 10:30 the stop does not count yet; a millisecond later it does."""
    log = Log().recording("10:00", "10:30")
    check(log, {"recording_storage_minutes": 0}, as_of="2026-03-01T10:30:00Z")
    check(log, {"recording_storage_minutes": 30}, as_of="2026-03-01T10:30:00.001Z")


def test_a_stop_at_midnight_is_stored_on_the_new_day():
    """Runs 23:00 to midnight: 60 recorded on the first day, stored on the second."""
    answer = check(
        Log().recording("23:00", "2026-03-02T00:00:00Z"),
        {"recorded_minutes": 60, "recording_storage_minutes": 60},
        last="2026-03-02",
    )
    expect(answer, {"recorded_minutes": 60, "recording_storage_minutes": 0}, row=0)
    expect(
        answer,
        {"recorded_minutes": 0, "recording_storage_minutes": 60, "max_concurrent_recordings": 0},
        row=1,
    )


def test_deleted_later():
    """30 minutes, stopped on the 1st and deleted on the 3rd: stored on the 1st and 2nd, not from the 3rd on. The recorded
    minutes remain."""
    log = Log().recording("10:00", "10:30", "2026-03-03T12:00:00Z")
    answer = check(log, {"recorded_minutes": 30, "recording_storage_minutes": 0}, last="2026-03-04")
    for row, stored in enumerate((30, 30, 0, 0)):
        expect(answer, {"recording_storage_minutes": stored}, row=row)


def test_deleted_while_running_stores_nothing():
    """Runs from 10:00 until it is deleted at 10:20: 20 recorded, none stored. The stop at 10:40 ends nothing."""
    log = Log().recording("10:00", "10:40").add("10:20", "recording.deleted", recording="r-1")
    check(
        log,
        {"recorded_minutes": 20, "recording_storage_minutes": 0, "max_concurrent_recordings": 1},
    )


def test_stopped_and_deleted_at_one_instant():
    """Both at 10:20: the stop applies first, then the deletion. 20 recorded, none stored, in either order."""
    truth = {"recorded_minutes": 20, "recording_storage_minutes": 0}
    check(Log().recording("10:00", "10:20", "10:20"), truth)
    check(
        Log().add("10:20", "recording.deleted", recording="r-1").recording("10:00", "10:20"), truth
    )


def test_two_runs_of_one_recording():
    """10:00-10:10 and 10:20-10:50 under one id: 10 and 30 stored. Deleting it removes both."""
    log = Log().recording("10:00", "10:10").recording("10:20", "10:50")
    check(
        log,
        {"recorded_minutes": 40, "recording_storage_minutes": 40, "max_concurrent_recordings": 1},
    )
    check(
        log.add("11:00", "recording.deleted", recording="r-1"),
        {"recorded_minutes": 40, "recording_storage_minutes": 0},
    )


def test_deleting_a_second_run_removes_the_first_too():
    """10 minutes stored, then a run from 10:20 deleted at 10:50: 10 + 30 recorded, nothing stored."""
    check(
        Log().recording("10:00", "10:10").recording("10:20", None, "10:50"),
        {"recorded_minutes": 40, "recording_storage_minutes": 0},
    )


def test_recorded_again_after_a_deletion():
    """10 deleted at 11:00, then 12:00-12:05 under the same id: 5 stored."""
    check(
        Log().recording("10:00", "10:10", "11:00").recording("12:00", "12:05"),
        {"recorded_minutes": 15, "recording_storage_minutes": 5},
    )


def test_its_session_ends_it():
    """Runs from 10:00, the session ends 10:25: 25 recorded and stored, without any participant."""
    check(
        Log().recording("10:00").ended("10:25"),
        {"recorded_minutes": 25, "recording_storage_minutes": 25, "sessions": 0},
    )


def test_an_empty_room_is_recorded_all_the_same():
    """Recording is not cut to presence: A there 10:00-10:10, recording 10:00-10:30."""
    check(
        Log().stay("10:00", "10:10", "a").recording("10:00", "10:30"),
        {"recorded_minutes": 30, "participation_minutes": 10},
    )


def test_several_at_once():
    """10:00-10:30, 10:10-10:40 and 10:30-10:50 (another session): two at once, the earliest from 10:10. 30 + 30 + 20 = 80."""
    log = Log().recording("10:00", "10:30", name="r-1").recording("10:10", "10:40", name="r-2")
    log.also("s-2").recording("10:30", "10:50", name="r-1")
    answer = check(
        log,
        {"recorded_minutes": 80, "max_concurrent_recordings": 2, "recording_storage_minutes": 80},
    )
    assert (
        answer["total_at"]["max_concurrent_recordings"]
        == answer["edges"][0] + (10 * 60 + 10) * 60_000
    )


def test_deleting_one_spares_the_same_name_elsewhere():
    """ "r-1" of two sessions, 10 and 20 minutes; the second session's is deleted: 10 left."""
    log = Log().recording("10:00", "10:10")
    log.also("s-2").recording("10:00", "10:20", "11:00")
    check(log, {"recording_storage_minutes": 10, "recorded_minutes": 30})


def test_storage_is_carried_from_before_the_range():
    """30 stored in January, 15 more on 2 March, the 30 deleted on 3 March: 30, 45, 15, 15; at the end 15."""
    log = Log("2026-01-10").recording("10:00", "10:30", "2026-03-03T09:00:00Z", name="old")
    log.also("s-2", day="2026-03-02").recording("10:00", "10:15", name="new")
    answer = check(
        log,
        {"recording_storage_minutes": 15, "recorded_minutes": 15},
        start="2026-03-01",
        last="2026-03-04",
    )
    for row, stored in enumerate((30, 45, 15, 15)):
        expect(answer, {"recording_storage_minutes": stored}, row=row)


def test_a_deletion_of_what_never_was():
    """Nothing is stored, nothing goes below zero."""
    check(
        Log().add("10:00", "recording.deleted", recording="r-1"),
        {"recorded_minutes": 0, "recording_storage_minutes": 0},
    )


def test_a_deletion_at_midnight_is_the_new_days():
    """30 stored on the 1st, deleted at midnight sharp: the 1st still ends with 30, the 2nd with nothing."""
    answer = check(
        Log().recording("10:00", "10:30", "2026-03-02T00:00:00Z"),
        {"recording_storage_minutes": 0},
        last="2026-03-02",
    )
    expect(answer, {"recording_storage_minutes": 30}, row=0)
    expect(answer, {"recording_storage_minutes": 0}, row=1)
