"""Broadcasting: what a connection sends, by kind, inside its stay."""

from support.harness import Log, check


def test_the_four_kinds():
    """Present 10:00-10:45; microphone 10:00-10:40, camera 10:10-10:20, screen 10:15-10:50.

    Audio and video 10:10-10:20 = 10. Audio only 10 + 20 = 30. Screen 10:15-10:45 (clipped to the stay) = 30. Sum 70.
    """
    log = (
        Log()
        .stay("10:00", "10:45", "a")
        .sends("10:00", "10:40", "a", "audio")
        .sends("10:10", "10:20", "a", "video")
    )
    check(log.sends("10:15", "10:50", "a", "screenshare"),
          {"broadcast_minutes": 70, "broadcast_minutes_audio_video": 10, "broadcast_minutes_audio": 30,
           "broadcast_minutes_video": 0, "broadcast_minutes_screenshare": 30, "consumed_minutes": 0})  # fmt: skip


def test_several_tracks_of_a_kind_count_once():
    """Screens 10:00-10:20 and 10:10-10:30, two cameras 10:00-10:10: 30 minutes of screen, 10 of video."""
    log = Log().stay("10:00", "11:00", "a")
    log.sends("10:00", "10:20", "a", "screenshare", "x").sends(
        "10:10", "10:30", "a", "screenshare", "y"
    )
    log.sends("10:00", "10:10", "a", "video", "v").sends("10:00", "10:10", "a", "video", "w")
    check(
        log,
        {
            "broadcast_minutes_screenshare": 30,
            "broadcast_minutes_video": 10,
            "broadcast_minutes": 40,
        },
    )


def test_a_track_published_before_joining_counts_from_the_join():
    """Published 09:50, unpublished 10:10, present 10:00-10:20: 10 minutes."""
    check(
        Log().stay("10:00", "10:20", "a").sends("09:50", "10:10", "a", "audio"),
        {"broadcast_minutes_audio": 10},
    )


def test_leaving_ends_the_track():
    """Microphone since 10:00, left at 10:10, present again 10:20-10:40 without publishing again: 10 minutes."""
    log = (
        Log()
        .stay("10:00", "10:10", "a")
        .stay("10:20", "10:40", "a")
        .published("10:00", "a", "mic", "audio")
    )
    check(log, {"broadcast_minutes": 10, "participation_minutes": 30})


def test_a_hand_over_ends_the_track_too():
    """Left and joined again at 10:10: the stay in which the microphone was published has ended: 10 of 30 minutes.

    A track that is unpublished and published again at this instant belongs to the new stay: 20 minutes more.
    """
    log = (
        Log()
        .stay("10:00", "10:10", "a")
        .stay("10:10", "10:30", "a")
        .published("10:00", "a", "mic", "audio")
    )
    check(log, {"broadcast_minutes": 10, "participation_minutes": 30})
    check(
        log.unpublished("10:10", "a", "mic").published("10:10", "a", "mic", "audio"),
        {"broadcast_minutes": 30},
    )


def test_a_track_published_twice_ends_at_the_hand_over():
    """The second publish at 10:10 finds the track open, so it is ignored; then leaving ends the track: 10 minutes."""
    log = Log().stay("10:00", "10:10", "a").stay("10:10", "10:30", "a")
    check(
        log.published("10:00", "a", "mic", "audio").published("10:10", "a", "mic", "audio"),
        {"broadcast_minutes": 10},
    )


def test_a_track_without_presence_does_not_count():
    """The connection of the track never joined."""
    check(Log().sends("10:00", "10:30", "ghost", "audio"), {"broadcast_minutes": 0, "sessions": 0})


def test_the_kind_is_that_of_the_earliest_publish():
    """Track x is published as video 10:00-10:10 and as audio 10:20-10:30: 20 minutes of video."""
    log = (
        Log()
        .stay("10:00", "11:00", "a")
        .sends("10:00", "10:10", "a", "video", "x")
        .sends("10:20", "10:30", "a", "audio", "x")
    )
    check(log, {"broadcast_minutes_video": 20, "broadcast_minutes_audio": 0})


def test_one_track_id_at_two_connections_is_two_tracks():
    """Two tracks "mic": A's 10:00-10:20 = 20, B's 10:10-10:30 = 20."""
    log = Log().stay("10:00", "10:30", "a").stay("10:00", "10:30", "b")
    check(
        log.sends("10:00", "10:20", "a", "audio", "mic").sends(
            "10:10", "10:30", "b", "audio", "mic"
        ),
        {"broadcast_minutes_audio": 40},
    )
