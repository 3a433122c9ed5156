"""The worked example of the specification: one session, three people, no subscription events."""

from support.harness import Log, ask, check, expect, shifted
from usage_report.core.metrics import ALL

HALF_DAY = 12 * 3_600_000

TRUTH = {
    "participation_minutes": 110.5,
    "broadcast_minutes": 100.5,
    "broadcast_minutes_audio_video": 40,
    "broadcast_minutes_audio": 40.5,
    "broadcast_minutes_video": 10,
    "broadcast_minutes_screenshare": 10,
    "consumed_minutes": 170,
    "consumed_minutes_audio_video": 65,
    "consumed_minutes_audio": 65,
    "consumed_minutes_video": 20,
    "consumed_minutes_screenshare": 20,
    "active_participants": 3,
    "max_concurrent_participants": 3,
    "sessions": 1,
    "active_rooms": 1,
    "max_concurrent_sessions": 1,
    "max_participants_per_session": 3,
    "recorded_minutes": 0,
    "max_concurrent_recordings": 0,
    "captions_minutes": 0,
    "whiteboard_minutes": 0,
    "breakout_minutes": 0,
    "recording_storage_minutes": 0,
    "chat_posts": 0,
    "qa_posts": 0,
}


def example() -> Log:
    log = Log("2026-03-01")
    log.stay("10:00", "10:40", "a").stay("10:05", "10:45:30", "b").stay("10:10", "10:40", "c")
    log.sends("10:00", "10:40", "a", "audio").sends("10:00", "10:40", "a", "video").sends(
        "10:15", "10:25", "a", "screenshare"
    )
    return log.sends("10:05", "10:45:30", "b", "audio").sends("10:10", "10:20", "c", "video")


def test_every_metric_in_utc():
    """Presence: A 40 + B 40.5 + C 30 = 110.5.

    Broadcast: A's camera and microphone 40 (audio and video), B's microphone 40.5, C's camera 10, A's screen 10: 100.5.
    Consumed (estimated): A's audio and video by B from 10:05 (35) and by C from 10:10 (30) = 65; B's audio by A
    10:05-10:40 (35) and by C 10:10-10:40 (30) = 65, without receivers in the last 5.5 minutes; C's camera by A and B: 20;
    the screen by B and C: 20. 65 + 65 + 20 + 20 = 170.
    Peak: three are present from 10:10 on.
    """
    assert TRUTH.keys() == {m.key for m in ALL}
    answer = check(example(), TRUTH)
    expect(answer, TRUTH, row=0)


def test_leaving_ends_tracks_that_are_not_unpublished():
    """The same day, but only C's camera and the screen are unpublished: leaving ends the other tracks."""
    dropped = {"a-audio", "a-video", "b-audio"}
    check(
        [e for e in example() if not (e.type == "track.unpublished" and e.subject in dropped)],
        TRUTH,
    )


def test_twelve_hours_later_in_kolkata():
    """22:00-22:45:30 UTC on 1 March is 03:30-04:15:30 on 2 March in Kolkata (UTC+5:30): the same figures, in the next row."""
    events = shifted(example(), HALF_DAY)
    answer = check(events, TRUTH, start="2026-03-01", last="2026-03-02", zone="Asia/Kolkata")
    expect(answer, TRUTH, row=1)
    assert answer["rows"][0] is None, "records begin on the next day"
    expect(ask(events, start="2026-03-01", last="2026-03-02"), TRUTH, row=0)


def test_by_the_hour_in_a_zone_of_half_hours():
    """Twelve hours later, in Kolkata, the example lies in 03:30-04:15:30: 30 and 15.5 minutes of two hours.

    By 04:00 (22:30 UTC) A has 30, B 25, C 20 minutes = 75; after it 10 + 15.5 + 10 = 35.5.
    """
    answer = ask(
        shifted(example(), HALF_DAY), start="2026-03-02", zone="Asia/Kolkata", grain="hour"
    )
    expect(
        answer,
        {"participation_minutes": 75, "max_concurrent_participants": 3, "sessions": 1},
        row=3,
    )
    expect(
        answer,
        {"participation_minutes": 35.5, "max_concurrent_participants": 3, "sessions": 0},
        row=4,
    )
