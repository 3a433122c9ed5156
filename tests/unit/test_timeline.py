"""The rules of one object's timeline."""

from __future__ import annotations

from itertools import permutations

import pytest

from usage_report.core.events import CODE
from usage_report.metering.fold import Row, fold
from usage_report.metering.timeline import object_spans, overlaps

START, END = False, True
HORIZON = 100


@pytest.mark.parametrize(
    ("moves", "closers", "expected"),
    [
        ([], [50], ([], None, 0)),
        ([(10, START), (20, END)], [], ([(10, 20)], None, 0)),
        ([(10, START)], [], ([(10, HORIZON)], 10, 0)),
        ([(10, START), (15, START), (20, END)], [], ([(10, 20)], None, 0)),
        ([(5, END), (10, START), (20, END), (30, END)], [], ([(10, 20)], None, 2)),
        # A closer ends what started before it, and nothing else.
        ([(10, START)], [10, 15], ([(10, 15)], None, 0)),
        ([(10, START)], [5, 10], ([(10, HORIZON)], 10, 0)),
        ([(10, START), (20, END)], [15], ([(10, 15)], None, 1)),
        ([(10, START), (20, START)], [15, 30], ([(10, 15), (20, 30)], None, 0)),
        # Own moves apply before a closer of the same instant.
        ([(10, START), (20, END)], [20], ([(10, 20)], None, 0)),
        ([(10, START), (20, END), (20, START)], [20], ([(10, 20), (20, HORIZON)], 20, 0)),
    ],
)
def test_spans_of_an_object(moves, closers, expected):
    assert object_spans(moves, closers, HORIZON) == expected


@pytest.mark.parametrize(
    ("is_open", "starts", "ends", "expected"),
    [
        (False, 1, 1, ([(20, 20)], None, 0)),
        (False, 2, 1, ([(20, 20), (20, HORIZON)], 20, 0)),
        (False, 1, 2, ([(20, 20)], None, 1)),
        (True, 1, 1, ([(10, 20), (20, HORIZON)], 20, 0)),
        (True, 2, 1, ([(10, 20), (20, HORIZON)], 20, 0)),
        (True, 1, 2, ([(10, 20), (20, 20)], None, 0)),
        (True, 0, 2, ([(10, 20)], None, 1)),
        (True, 2, 0, ([(10, HORIZON)], 10, 0)),
    ],
)
def test_simultaneous_moves_apply_alternately_in_any_order(is_open, starts, ends, expected):
    before = [(10, START)] if is_open else []
    for order in set(permutations([(20, START)] * starts + [(20, END)] * ends)):
        assert object_spans([*before, *order], [], HORIZON) == expected


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
        "closed_by_timeout": None,
        "anomalies": 3,
    }


def test_an_open_toggle_keeps_a_session_open_until_the_timeout():
    events = [row(10, "captions.started")]
    running, stale = (
        fold(events, as_of=50, stale_after=100),
        fold(events, as_of=110, stale_after=100),
    )
    assert running is not None
    assert (running.toggles, running.is_open, running.closed_by_timeout) == (
        [(0, 10, 50)],
        True,
        None,
    )
    assert stale is not None
    assert (stale.toggles, stale.is_open, stale.closed_by_timeout) == ([], True, 10)
