"""Digital Samba's webhooks: the published body, both spellings, the header. See also test_contract."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from platforms.reading import Reading
from platforms.samples import digitalsamba as sample
from support.harness import check
from usage_report.core.events import instant
from usage_report.sources.contract import Delivery
from usage_report.sources.signatures import Unauthorized
from usage_report.sources.webhooks import digitalsamba

reading = Reading(digitalsamba.SOURCE)
translate, one, quarantine_reason = reading.translate, reading.one, reading.quarantine_reason


def test_the_published_body():
    folder = Path(
        os.environ.get("USAGE_REPORT_TEST_DATA")
        or Path(__file__).parents[2].parent / "shared" / "data"
    )
    path = folder / "payloads" / "samples.json"
    if not path.is_file():
        pytest.skip(
            f"the published bodies are missing ({path}); USAGE_REPORT_TEST_DATA names the folder that has them"
        )
    event = one(json.loads(path.read_text())["digitalsamba"]["payload"])
    assert (event.type, event.time) == ("participant.joined", instant("2023-02-07T17:19:47Z"))
    assert event.session == "4fcc375c-e0ce-4f52-9b35-3a034042ab5a"
    assert event.room == "7f8c8eac-6643-47db-8d93-e7633e6e53ec"
    assert event.connection == event.person == "8b085f23-9a2a-465d-bdbb-73a233c7df90"
    assert event.name == "John Smith"


@pytest.mark.parametrize(
    ("kind", "data", "type_", "subject"),
    [
        ("session_started", {}, "session.started", ""),
        ("session_ended", {}, "session.ended", ""),
        ("participant_joined", {"participantId": "p"}, "participant.joined", "p"),
        ("participant_left", {"participantId": "p"}, "participant.left", "p"),
        ("recording_started", {"recordingId": "r"}, "recording.started", "r"),
        ("recording_stopped", {"id": "r"}, "recording.stopped", "r"),
        ("recording_deleted", {"recordingId": "r"}, "recording.deleted", "r"),
        ("recording_started", {}, "recording.started", sample.SESSION),
        ("question_asked", {"questionId": "q"}, "question.posted", "q"),
        ("question_answered", {"questionId": "q", "answerId": "a"}, "answer.posted", "a"),
        (
            "question_answered",
            {"questionId": "q"},
            "answer.posted",
            f"q/{sample.TEN * 1000 + 60_000}",
        ),
    ],
)
def test_every_kind_in_both_spellings_is_the_same_event(kind, data, type_, subject):
    snake = {
        "participantId": "participant_id",
        "recordingId": "recording_id",
        "questionId": "question_id",
        "answerId": "answer_id",
    }
    event = one(sample.event(kind, 1, **data))
    assert (event.type, event.subject) == (type_, subject)
    assert one(sample.other(kind, 1, **{snake.get(k, k): v for k, v in data.items()})) == event


def test_names_with_dots_are_the_same_names():
    body = sample.other("participant_joined", 1, participant_id="p")
    assert one(body | {"event": "participant.joined"}) == one(body)
    assert translate(body | {"event": "participant.waiting.joined", "eventType": None}) == []


def test_two_answers_to_one_question_count_as_two():
    """With ids of their own or without, also when they are delivered twice."""
    for ids in (("", ""), ("a", "b")):
        answers = [
            sample.event(
                "question_answered", minute, questionId="q", **({"answerId": id} if id else {})
            )
            for minute, id in zip((1, 2), ids, strict=True)
        ]
        check([one(body) for body in (*answers, *answers)], {"qa_posts": 2}, start="2026-03-02")


def test_id_and_name_of_the_envelope_are_not_those_of_the_object():
    """Start and stop must be of one recording, and the name that of the person."""
    for kind in ("recording_started", "recording_stopped"):
        assert one(sample.event(kind, 1, id="r") | {"id": f"delivery of {kind}"}).subject == "r"
    assert (
        one(
            sample.event("participant_joined", 1, participantId="p", name="Ana")
            | {"name": "hook 1"}
        ).name
        == "Ana"
    )


def test_the_person_is_the_external_id_else_the_participant():
    assert (
        one(sample.event("participant_joined", 1, participantId="p", externalId="ana")).person
        == "ana"
    )
    assert (
        one(sample.other("participant_joined", 1, participant_id="p", external_id="ana")).person
        == "ana"
    )
    assert (
        one(sample.other("participant_joined", 1, participant_id="p", external_id=None)).person
        == "p"
    )


def test_events_that_differ_in_one_part_of_their_identity_have_different_ids():
    base = sample.event("participant_joined", 1, participantId="p")
    others = (
        sample.event("participant_left", 1, participantId="p"),
        sample.event("participant_joined", 2, participantId="p"),
        sample.event("participant_joined", 1, participantId="q"),
        base | {"sessionId": "another"},
    )
    assert len({one(body).id for body in (base, *others)}) == 5
    # Other fields do not matter: the vendor's retry may have more of them.
    assert one(base | {"attempt": 2}).id == one(base).id


@pytest.mark.parametrize("kind", sorted(digitalsamba._IGNORED))
def test_known_events_without_a_part_in_usage_are_ignored(kind):
    assert translate(sample.event(kind, 1)) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sessionId": None}, "missing-field"),
        ({"sessionId": ["a"]}, "wrong-type"),
        ({"data": {}}, "missing-field"),
        ({"data": []}, "wrong-type"),
        ({"timestamp": None}, "missing-field"),
        ({"timestamp": "soon"}, "bad-time"),
        ({"timestamp": True}, "bad-time"),
        ({"timestamp": sample.NOW}, "bad-time"),  # ms instead of seconds
        ({"eventType": "participant_teleported"}, "unknown-type"),
        ({"eventType": None}, "unknown-type"),
    ],
)
def test_invalid_bodies_are_quarantined_with_their_reason(change, reason):
    body = sample.event("participant_joined", 1, participantId="p") | change
    assert quarantine_reason(body) == reason


def test_a_timestamp_can_be_text_or_a_date():
    body = sample.event("session_started", 0)
    assert (
        one(body | {"timestamp": str(sample.TEN)})
        == one(body)
        == one(body | {"timestamp": "2026-03-02T10:00:00.000000Z"})
    )


@pytest.mark.parametrize("header", ["tok", "Bearer tok", "bearer tok", " Bearer  tok "])
@pytest.mark.parametrize("secret", ["tok", "Bearer tok"])
def test_the_header_must_be_the_secret_with_or_without_bearer(header, secret):
    digitalsamba.SOURCE.verify(Delivery(b"{}", {"authorization": header}, "", 0), secret)


@pytest.mark.parametrize(
    ("headers", "secret"),
    [
        ({}, "tok"), ({"authorization": ""}, "tok"), ({"authorization": "Bearer"}, "tok"), ({"authorization": "Basic tok"}, "tok"),
        ({"authorization": "to"}, "tok"), ({"authorization": "tokk"}, "tok"), ({"authorization": "TOK"}, "tok"), ({"x-authorization": "tok"}, "tok"),
        ({}, ""), ({"authorization": ""}, ""), ({"authorization": "Bearer "}, "Bearer "),
    ],
)  # fmt: skip
def test_any_other_header_is_rejected(headers, secret):
    with pytest.raises(Unauthorized, match="Authorization"):
        digitalsamba.SOURCE.verify(Delivery(b"{}", headers, "", 0), secret)
