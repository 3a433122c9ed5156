"""The evidence against which a vendor's figures are compared, on both databases."""

from __future__ import annotations

import numpy as np
import pytest

from support import product
from support.harness import Log
from usage_report.core.errors import NotFoundError
from usage_report.core.events import instant
from usage_report.reporting import vendor_figures

MINUTE = 60_000
HOUR = 60 * MINUTE
TEN = instant("2026-03-01T10:00:00Z")
#: The hours from 10, 11 and 12 o'clock.
EDGES = np.arange(TEN, TEN + 4 * HOUR, HOUR)


def evidence(engine, fetched=(-1, -1, -1)) -> dict[str, list[int]]:
    found = vendor_figures.evidence(engine, "acme", "digitalsamba", EDGES, fetched)
    return {name: counts.tolist() for name, counts in found._asdict().items()}


def test_evidence_counts_what_touches_each_bucket(engine):
    """Connections a (10:00-11:30), b (11:00-12:00) and c (10:50, length 0), and a recording 10:55-12:05.

    Session 2 has one connection, from before the first hour until after the last one.
    """
    log = Log().stay("10:00", "11:30", "a").stay("11:00", "12:00", "b").stay("10:50", "10:50", "c")
    log.recording("10:55", "12:05")
    log.also("s-2").stay("09:00", "14:00", "a")
    log.also("s-3").stay("08:00", "09:30", "d").stay("13:00", "13:30", "e")
    product.feed(engine, list(log))
    assert evidence(engine) == {
        "connections": [3, 3, 1],
        "recordings": [1, 1, 1],
        "sessions": [3, 3, 2],
        "late": [0, 0, 0],
        "elsewhere": [0, 0, 0],
    }


def test_a_span_without_end_lasts_to_the_last_event_of_its_session(engine):
    log = Log().joined("10:30", "a").recording("10:30").stay("11:10", "12:10", "b")
    product.feed(engine, list(log))
    assert evidence(engine)["connections"] == [1, 2, 2]
    assert evidence(engine)["recordings"] == [1, 1, 1]


def test_late_are_joins_and_leaves_received_after_the_figures(engine):
    """The figures of the first hour were fetched after its events, those of the second before; the third has none."""
    log = Log().stay("10:00", "11:30", "a").stay("11:00", "12:00", "b").recording("11:00", "11:30")
    product.feed(engine, list(log))
    fetched = (product.RECEIVED, product.RECEIVED - 1, -1)
    assert evidence(engine, fetched)["late"] == [0, 2, 0]


def test_without_events_all_counts_are_zero(engine):
    product.feed(engine, list(Log("2026-02-01").stay("10:00", "10:30", "a")))
    assert evidence(engine) == {
        key: [0, 0, 0] for key in ("connections", "recordings", "sessions", "late", "elsewhere")
    }
    with pytest.raises(NotFoundError):
        vendor_figures.evidence(engine, "unknown", "digitalsamba", EDGES, (-1, -1, -1))
