"""The rules of one object's timeline."""

from __future__ import annotations

from itertools import permutations

import pytest

from usage_report.core.events import CODE
from usage_report.metering.fold import Row, fold
from usage_report.metering.timeline import Inactivity, object_spans, overlaps

START, END = False, True
HORIZON = 100


@pytest.mark.parametrize(
    ("moves", "closers", "expected"),
    [
        ([], [50], ([], None, 0)),
        ([(10, START), (20, END)], [], ([(10, 20)], None, 0)),
        ([(10, START)], [], ([], 10, 0)),
        ([(10, START), (15, START), (20, END)], [], ([(10, 20)], None, 0)),
        ([(5, END), (10, START), (20, END), (30, END)], [], ([(10, 20)], None, 2)),
        # A closer ends what started before it, and nothing else.
        ([(10, START)], [10, 15], ([(10, 15)], None, 0)),
        ([(10, START)], [5, 10], ([], 10, 0)),
        ([(10, START), (20, END)], [15], ([(10, 15)], None, 1)),
        ([(10, START), (20, START)], [15, 30], ([(10, 15), (20, 30)], None, 0)),
        # Own moves apply before a closer of the same instant.
        ([(10, START), (20, END)], [20], ([(10, 20)], None, 0)),
        ([(10, START), (20, END), (20, START)], [20], ([(10, 20)], 20, 0)),
    ],
)
def test_spans_that_events_end(moves, closers, expected):
    assert object_spans(moves, closers) == expected


@pytest.mark.parametrize(
    ("is_open", "starts", "ends", "expected"),
    [
        (False, 1, 1, ([(20, 20)], None, 0)),
        (False, 2, 1, ([(20, 20)], 20, 0)),
        (False, 1, 2, ([(20, 20)], None, 1)),
        (True, 1, 1, ([(10, 20)], 20, 0)),
        (True, 2, 1, ([(10, 20)], 20, 0)),
        (True, 1, 2, ([(10, 20), (20, 20)], None, 0)),
        (True, 0, 2, ([(10, 20)], None, 1)),
        (True, 2, 0, ([], 10, 0)),
    ],
)
def test_simultaneous_moves_apply_alternately_in_any_order(is_open, starts, ends, expected):
    before = [(10, START)] if is_open else []
    for order in set(permutations([(20, START)] * starts + [(20, END)] * ends)):
        assert object_spans([*before, *order], []) == expected


@pytest.mark.parametrize(
    ("gaps", "starts", "expected"),
    [
        ([], [10], [(10, HORIZON)]),
        ([5], [10], [(10, HORIZON)]),  # a gap before the start
        ([20, 40], [10], [(10, 20)]),  # the first gap closes it
        ([10], [10], [(10, 10)]),  # nothing follows the start
        ([20], [10, 15, 20], [(10, 20)]),  # starts while it is open are ignored
        ([20], [10, 30, 35], [(10, 20), (30, HORIZON)]),  # a start after the gap is another span
        ([20, 40], [10, 30, 50], [(10, 20), (30, 40), (50, HORIZON)]),
    ],
)
def test_spans_that_no_event_ends(gaps, starts, expected):
    moves = [(at, START) for at in starts]
    assert Inactivity(gaps, HORIZON).spans(starts[0], moves) == expected


def test_overlaps_of_disjoint_spans():
    """Spans that touch or that have length 0 have nothing in common with others."""
    a, b = [(0, 10), (20, 30), (40, 40), (50, 60)], [(5, 25), (30, 50), (55, 56)]
    assert overlaps(a, b) == overlaps(b, a) == [(5, 10), (20, 25), (55, 56)]
    assert overlaps(a, []) == []


def row(time: int, type: str, subject: str = "", connection: str = "", detail: str = "") -> Row:
    person = connection if type.startswith("participant") else ""
    return Row(time, "test", type, CODE[type], subject, connection, person, detail, "room")


def test_a_session_without_events_has_no_timeline():
    events = [row(10, "participant.joined", "c", "c")]
    assert fold([]) is None
    assert fold(events, as_of=10) is None


def test_anomalies_are_ends_of_objects_that_are_not_open():
    """A leave, an unpublish and a stop too many. A deletion of a stopped recording is not an anomaly."""
    line = fold(
        [
            row(10, "participant.joined", "c", "c"),
            row(11, "track.unpublished", "mic", "c"),
            row(12, "recording.started", "r"),
            row(13, "recording.stopped", "r"),
            row(14, "recording.deleted", "r"),
            row(15, "recording.stopped", "never-started"),
            row(20, "participant.left", "c", "c"),
            row(30, "participant.left", "c", "c"),
        ],
        as_of=50,
    )
    assert line is not None
    assert line._asdict() == {
        "room": "room",
        "connections": ["c"],
        "presence": [(0, "c", 10, 20)],
        "published": [],
        "received": [],
        "has_subscriptions": False,
        "toggles": [],
        "recordings": [(12, 13)],
        "storage": [(13, 1), (14, -1)],
        "posts": [],
        "starts": [10],
        "open_presences": 0,
        "open_recordings": 0,
        "is_open": False,
        "closed_by_timeout": [],
        "longest_gap": None,
        "anomalies": 3,
    }


def state(events: list[Row], as_of: int | None, stale_after: int = 100) -> dict[str, object]:
    line = fold(events, as_of, stale_after)
    assert line is not None
    names = ("open_presences", "open_recordings", "is_open", "closed_by_timeout", "longest_gap")
    return {name: getattr(line, name) for name in names}


def test_an_open_toggle_keeps_a_session_open_until_the_timeout():
    """What closes it is not counted: only stays and recordings are."""
    events = [row(10, "captions.started"), row(20, "chat.posted", "p")]
    expected = {
        "open_presences": 0,
        "open_recordings": 0,
        "is_open": True,
        "closed_by_timeout": [],
        "longest_gap": 10,
    }
    assert state(events, None) == state(events, 119) == expected
    assert state(events, 120) == expected | {"is_open": False}


def test_stays_and_recordings_are_closed_at_different_instants():
    """c: 10 to 30, before the gap 30-200. r: 200 to 250, before the gap that lasts to ``as_of``.

    Deletions are no activity: neither the one at 100 nor the one at 340 shortens a gap.
    """
    events = [
        row(10, "participant.joined", "c", "c"),
        row(30, "chat.posted", "p"),
        row(100, "recording.deleted", "old"),
        row(200, "recording.started", "r"),
        row(250, "chat.posted", "q"),
        row(340, "recording.deleted", "old"),
    ]
    running = {
        "open_presences": 0,
        "open_recordings": 1,
        "is_open": True,
        "closed_by_timeout": [30],
        "longest_gap": 170,
    }
    closed = running | {"closed_by_timeout": [30, 250]}
    assert state(events, 349) == running
    assert state(events, 350) == closed | {"open_recordings": 0, "is_open": False}
    assert state(events, None) == closed, "what was running at 250 is open in stored facts"
    line = fold(events, None, 100)
    assert line is not None
    assert (line.presence, line.recordings) == ([(0, "c", 10, 30)], [(200, 250)])
    assert line.storage == [(250, 50)]


def test_deletions_alone_are_no_activity():
    assert state([row(10, "recording.deleted", "r")], 500) == {
        "open_presences": 0,
        "open_recordings": 0,
        "is_open": False,
        "closed_by_timeout": [],
        "longest_gap": None,
    }
