"""Consumption: from subscription events if the source reports them, else estimated."""

from support.harness import TEAM, Log, check, run

MINUTE = 60_000


def three() -> Log:
    """A, B and C are present 10:00-11:00; A sends camera and microphone 10:00-10:30."""
    log = Log().stay("10:00", "11:00", "a").stay("10:00", "11:00", "b").stay("10:00", "11:00", "c")
    return log.sends("10:00", "10:30", "a", "audio", "a-mic").sends(
        "10:00", "10:30", "a", "video", "a-cam"
    )


def test_estimated_all_others_consume():
    """30 minutes of audio and video to each of B and C: 60, all estimated."""
    answer = check(
        three(),
        {"consumed_minutes": 60, "consumed_minutes_audio_video": 60, "broadcast_minutes": 30},
    )
    assert answer["estimated_total_ms"] == 60 * MINUTE


def test_estimated_a_single_participant_consumes_nothing():
    """One participant sends, and there is no receiver."""
    check(
        Log().stay("10:00", "10:30", "a").sends("10:00", "10:30", "a", "audio"),
        {"broadcast_minutes": 30, "consumed_minutes": 0},
    )


def test_subscribed_only_subscribers_consume():
    """B subscribes to the microphone 10:00-10:20 and the camera 10:10-10:40; C to nothing. A sends until 10:30.

    10:00-10:10 audio (10), 10:10-10:20 both (10), 10:20-10:30 video (10), then nothing is sent. 30, none estimated.
    """
    log = three().receives("10:00", "10:20", "b", "a-mic").receives("10:10", "10:40", "b", "a-cam")
    answer = check(
        log,
        {
            "consumed_minutes": 30,
            "consumed_minutes_audio": 10,
            "consumed_minutes_audio_video": 10,
            "consumed_minutes_video": 10,
        },
    )
    assert answer["estimated_total_ms"] == 0


def test_one_subscription_event_makes_the_whole_session_subscribed():
    """C unsubscribes without having subscribed, hours before the first join: the source reports subscriptions, so there is no
    estimate."""
    check(
        three().add("07:00", "track.unsubscribed", connection="c", track="x"),
        {"consumed_minutes": 0, "broadcast_minutes": 30},
    )


def test_a_subscription_after_as_of_does_not_count():
    """At 10:20, before B subscribes at 10:25: estimated, 20 minutes to each of two. At 10:30: subscribed, 5."""
    log = three().receives("10:25", "10:30", "b", "a-mic")
    check(log, {"consumed_minutes": 40}, as_of="2026-03-01T10:20:00Z")
    check(log, {"consumed_minutes": 5, "consumed_minutes_audio": 5}, as_of="2026-03-01T10:30:00Z")


def test_per_pair():
    """B receives A's microphone and C's camera 10:00-10:10: two pairs, so 10 of audio and 10 of video, not 10 of both."""
    log = three().sends("10:00", "10:10", "c", "video", "c-cam")
    log.receives("10:00", "10:10", "b", "a-mic").receives("10:00", "10:10", "b", "c-cam")
    check(
        log,
        {
            "consumed_minutes": 20,
            "consumed_minutes_audio": 10,
            "consumed_minutes_video": 10,
            "consumed_minutes_audio_video": 0,
        },
    )


def test_screens_count_once_per_pair():
    """A shares two screens 10:00-10:20; B receives one 10:00-10:10 and the other 10:05-10:20: 20."""
    log = (
        three()
        .sends("10:00", "10:20", "a", "screenshare", "x")
        .sends("10:00", "10:20", "a", "screenshare", "y")
    )
    log.receives("10:00", "10:10", "b", "x").receives("10:05", "10:20", "b", "y")
    check(log, {"consumed_minutes": 20, "consumed_minutes_screenshare": 20})


def test_a_subscription_is_clipped_to_its_stay():
    """B subscribes at 09:50, joins 10:00, leaves 10:10, and is present 10:15-10:30 without subscribing again: 10."""
    log = Log().stay("10:00", "11:00", "a").sends("10:00", "10:30", "a", "audio", "mic")
    log.stay("10:00", "10:10", "b").stay("10:15", "10:30", "b").add(
        "09:50", "track.subscribed", connection="b", track="mic"
    )
    check(log, {"consumed_minutes": 10})


def test_a_subscription_continues_when_its_track_ends():
    """B subscribes once at 10:00. A's microphone is on 10:00-10:10 and 10:20-10:30: 20."""
    log = (
        Log()
        .stay("10:00", "11:00", "a")
        .stay("10:00", "11:00", "b")
        .receives("10:00", "11:00", "b", "mic")
    )
    check(
        log.sends("10:00", "10:10", "a", "audio", "mic").sends(
            "10:20", "10:30", "a", "audio", "mic"
        ),
        {"consumed_minutes": 20},
    )


def test_a_subscription_matches_the_tracks_of_all_publishers():
    """Two tracks "mic", A's 10:00-10:20 and C's 10:10-10:30; B subscribes to "mic": 20 from each = 40."""
    log = Log().stay("10:00", "11:00", "a").stay("10:00", "11:00", "b").stay("10:00", "11:00", "c")
    log.sends("10:00", "10:20", "a", "audio", "mic").sends(
        "10:10", "10:30", "c", "audio", "mic"
    ).receives("10:00", "11:00", "b", "mic")
    check(log, {"consumed_minutes": 40, "consumed_minutes_audio": 40})


def test_each_session_is_estimated_or_not():
    """Session 1 has subscriptions (5 minutes), session 2 does not: its 10 minutes are estimated. 15, of which 10 estimated."""
    log = three().receives("10:00", "10:05", "b", "a-mic")
    log.also("s-2").stay("10:00", "11:00", "x").stay("10:00", "11:00", "y").sends(
        "10:00", "10:10", "x", "audio"
    )
    answer = check(log, {"consumed_minutes": 15})
    assert answer["estimated_total_ms"] == 10 * MINUTE


def test_estimated_part_follows_the_rows():
    """A sends 23:50-00:20 to B: 10 minutes on the first day, 20 on the second, all estimated."""
    log = Log().joined("23:00", "a").joined("23:00", "b").published("23:50", "a", "mic", "audio")
    log.unpublished("2026-03-02T00:20:00Z", "a", "mic").ended("2026-03-02T01:00:00Z")
    answer = run(log, team=TEAM, start="2026-03-01", last="2026-03-02", as_of=1_772_500_000_000)
    assert answer["estimated_ms"] == [10 * MINUTE, 20 * MINUTE]
    assert [r["consumed_minutes"] for r in answer["rows"]] == [10 * MINUTE, 20 * MINUTE]


def test_a_subscription_matches_the_subscribers_own_track():
    """A and B each publish a track "mic" 10:00-10:10; B subscribes to "mic".

    A subscription matches every published track of its id, including B's own: 10 from A and 10 from B = 20.
    """
    log = (
        Log()
        .stay("10:00", "11:00", "a")
        .stay("10:00", "11:00", "b")
        .receives("10:00", "11:00", "b", "mic")
    )
    check(
        log.sends("10:00", "10:10", "a", "audio", "mic").sends(
            "10:00", "10:10", "b", "audio", "mic"
        ),
        {"consumed_minutes": 20},
    )
