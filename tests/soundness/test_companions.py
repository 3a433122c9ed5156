"""Two sources that report one session: posts and recordings count once."""

from __future__ import annotations

import pytest

from support.harness import Log, check, event
from usage_report.core.events import Event

DAY = "2026-03-01"


def posts(source: str, *times: str, type: str = "chat.posted") -> list[Event]:
    """Posts at some times of 1 March, with ids that no other source gives."""
    return [
        event(type, f"{DAY}T{time}:00Z", f"{source}-{type}-{time}", source=source,
              post=f"{source}/{time}", visibility="public")
        for time in times
    ]  # fmt: skip


@pytest.mark.parametrize("is_first", [True, False])
def test_chat_is_that_of_the_source_that_reports_more_of_it(is_first):
    """The webhooks lost one of three messages; the file has all. Three, at the times of the file."""
    hooks = posts("bigbluebutton-webhooks", "10:00", "11:00")
    file = posts("bigbluebutton", "10:01", "10:02", "11:01")
    answer = check(hooks + file if is_first else file + hooks, {"chat_posts": 3}, grain="hour")
    assert answer["rows"][9] is None  # no records
    assert [row["chat_posts"] for row in answer["rows"][10:12]] == [2, 1]


def test_of_as_many_those_of_the_first_source_by_name_count():
    """One each: beta's in hour 10, alpha's in hour 11."""
    answer = check(
        posts("beta", "10:00") + posts("alpha", "11:00"), {"chat_posts": 1}, grain="hour"
    )
    assert [row["chat_posts"] for row in answer["rows"][10:12]] == [0, 1]


def test_chat_and_questions_are_judged_apart():
    """Alpha: 3 messages, 1 question. Beta: 1 message, 1 question and 1 answer. So 3 messages of alpha, 2 of beta."""
    events = posts("alpha", "10:00", "10:01", "10:02") + posts("beta", "10:00")
    events += posts("alpha", "10:03", type="question.posted")
    events += posts("beta", "10:04", type="question.posted")
    events += posts("beta", "10:05", type="answer.posted")
    check(events, {"chat_posts": 3, "qa_posts": 2})


def test_each_session_is_judged_by_itself():
    """Alpha reports more of the first session, beta alone reports the second."""
    other = [e._replace(session="s-2") for e in posts("beta", "12:00", "12:01")]
    events = posts("alpha", "10:00", "10:01") + posts("beta", "10:00") + other
    check(events, {"chat_posts": 4})


def test_only_what_was_posted_before_as_of_decides():
    """At 10:30 alpha has two and beta one; at 12:00 beta has three."""
    events = posts("alpha", "10:00", "10:10") + posts("beta", "10:05", "11:00", "11:01")
    answer = check(events, {"chat_posts": 2}, as_of=f"{DAY}T10:30:00Z", grain="hour")
    assert answer["rows"][10]["chat_posts"] == 2
    answer = check(events, {"chat_posts": 3}, as_of=f"{DAY}T12:00:00Z", grain="hour")
    assert [row["chat_posts"] for row in answer["rows"][10:12]] == [1, 2]


def recording(source: str, name: str, start: str, stop: str | None) -> list[Event]:
    what = [("recording.started", start)] + ([("recording.stopped", stop)] if stop else [])
    return [
        event(
            type, f"{DAY}T{time}Z", f"{source}-{name}-{time}-{type}", source=source, recording=name
        )
        for type, time in what
    ]


@pytest.mark.parametrize(
    ("start", "minutes", "peak"), [("10:00:02", 20, 1), ("09:59:58", 20 + 2 / 60, 1), ("10:00:03", 39 + 57 / 60, 2)]
)  # fmt: skip
def test_a_recording_without_an_id_is_the_one_that_starts_within_two_seconds(start, minutes, peak):
    """The webhooks name the recording by its session; the lists have it from 10:00 to 10:20. Three seconds are two."""
    hooks = recording("digitalsamba", "s-1", start, "10:20:00")
    pulled = recording("digitalsamba-rest", "r-1", "10:00:00", "10:20:00")
    expected = {
        "recorded_minutes": minutes,
        "recording_storage_minutes": minutes,
        "max_concurrent_recordings": peak,
    }
    check(hooks + pulled, expected)
    check(pulled + hooks, expected)


def test_each_stretch_of_recordings_without_an_id_finds_its_own():
    """Two recordings of a session, 10:00-10:10 and 11:00-11:20, reported by both sources: 30 minutes."""
    hooks = recording("digitalsamba", "s-1", "10:00:01", "10:10:00")
    hooks += recording("digitalsamba", "s-1", "11:00:01", "11:20:00")
    pulled = recording("digitalsamba-rest", "r-1", "10:00:00", "10:10:00")
    pulled += recording("digitalsamba-rest", "r-2", "11:00:00", "11:20:00")
    gone = event("recording.deleted", f"{DAY}T12:00:00Z", "gone", source="digitalsamba-rest", recording="r-2")  # fmt: skip
    expected = {"recorded_minutes": 30, "max_concurrent_recordings": 1}
    check(hooks + pulled, expected | {"recording_storage_minutes": 30})
    check([*hooks, *pulled, gone], expected | {"recording_storage_minutes": 10})
    # Which one was deleted cannot be known without its id: the vendor's list reports it.
    unnamed = event("recording.deleted", f"{DAY}T12:00:00Z", "gone", source="digitalsamba", recording="s-1")  # fmt: skip
    check([*hooks, *pulled, unnamed], expected | {"recording_storage_minutes": 30})
    check(
        [*hooks[:2], *pulled[:2], unnamed],
        {"recorded_minutes": 10, "recording_storage_minutes": 0},
    )


def test_recordings_of_one_source_are_never_one():
    """A source that names one of two recordings as its session has two."""
    log = Log()
    log.recording("10:00", "10:10", name="s-1").recording("10:00:01", "10:10", name="r-1")
    check(log, {"recorded_minutes": 19 + 59 / 60, "max_concurrent_recordings": 2})
