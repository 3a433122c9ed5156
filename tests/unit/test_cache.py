"""The door from pages to queries: nothing stale, nothing twice, nothing without bound."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from support import handmade
from support.handmade import NOW
from usage_report.core import telemetry
from usage_report.core.periods import midnight, zone
from usage_report.reporting.model import Query
from usage_report.ui import cache

DAY = 86_400_000


@pytest.fixture
def reader(monkeypatch):
    return handmade.install(
        monkeypatch,
        handmade.HandmadeReader({"acme": handmade.team(), "globex": handmade.team("globex")}),
    )


def query(**changes) -> Query:
    return Query(
        **{
            "team": "acme",
            "start": date(2026, 11, 1),
            "last": date(2026, 11, 30),
            "zone": "Europe/Berlin",
            "as_of": NOW,
        }
        | changes
    )


def test_misses_on_one_key_at_once_compute_once():
    answers, calls, gate = cache.SingleFlightCache(4), [], threading.Event()

    def slow():
        calls.append(1)
        gate.wait(5)
        return object()

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(answers.get, "key", slow) for _ in range(8)]
        threading.Timer(0.1, gate.set).start()
        got = {id(w.result(10)) for w in waiting}
    assert len(calls) == len(got) == 1


def test_an_error_reaches_all_who_wait_and_is_not_kept():
    answers = cache.SingleFlightCache(4)
    with pytest.raises(ZeroDivisionError):
        answers.get("key", lambda: 1 / 0)
    assert answers.get("key", lambda: 7) == 7


def test_the_longest_unused_goes_first():
    answers = cache.SingleFlightCache(2)
    answers.get("a", lambda: 1)
    answers.get("b", lambda: 2)
    answers.get("a", lambda: 0)
    answers.get("c", lambda: 3)
    assert len(answers) == 2
    assert answers.get("a", lambda: 0) == 1
    assert answers.get("b", lambda: 9) == 9


def test_one_answer_a_question(reader):
    assert cache.report(query()) is cache.report(query())
    assert len(reader.asked) == 1


def test_what_is_computed_is_measured_and_what_is_kept_is_not(reader):
    def count() -> float:
        return (
            telemetry.REGISTRY.get_sample_value(
                "usage_report_report_seconds_count", {"kind": "report"}
            )
            or 0
        )

    before = count()
    cache.report(query())
    cache.report(query())
    assert count() == before + 1


@pytest.mark.parametrize(
    "other",
    [{"team": "globex"}, {"start": date(2026, 11, 2)}, {"last": date(2026, 11, 29)}, {"zone": "UTC"}, {"as_of": NOW + 60_000},
     {"grain": "week"}, {"metrics": ("sessions",)}],
)  # fmt: skip
def test_every_part_of_a_question_counts(reader, other):
    cache.report(query())
    cache.report(query(**other))
    assert len(reader.asked) == 2


def test_new_data_and_another_database_are_new_questions(reader):
    cache.report(query())
    reader.infos["acme"] = handmade.team(data_version=8)
    cache.report(query())
    reader.identity = "another"
    cache.report(query())
    assert len(reader.asked) == 3


def test_a_finished_range_is_computed_once_however_late_it_is(reader):
    """Two days after its end nothing but new data can change October; the answer still says when it was asked."""
    october = {"start": date(2026, 10, 1), "last": date(2026, 10, 31)}
    first, second = (
        cache.report(query(**october)),
        cache.report(query(**october, as_of=NOW + 3 * DAY)),
    )
    assert len(reader.asked) == 1
    assert (first.query.as_of, second.query.as_of) == (NOW, NOW + 3 * DAY)
    assert second.figures is first.figures


def test_a_range_that_silence_may_still_close_is_computed_anew(reader):
    """Within 24 hours of its end a span may still be closed inside the range by silence."""
    end = midnight(date(2026, 11, 1), zone("Europe/Berlin"))
    reader.infos["acme"] = handmade.team(last_event=end - DAY)
    october = {"start": date(2026, 10, 1), "last": date(2026, 10, 31)}
    cache.report(query(**october, as_of=end + DAY - 120_000))
    cache.report(query(**october, as_of=end + DAY - 60_000))
    assert len(reader.asked) == 2
    cache.report(query(**october, as_of=end + DAY))
    cache.report(query(**october, as_of=end + 2 * DAY))
    assert len(reader.asked) == 3


def test_an_event_still_ahead_keeps_a_range_open(reader):
    """An event may be a few minutes ahead of our clock: once it has happened the same range may say something else."""
    october = {"start": date(2026, 10, 1), "last": date(2026, 10, 31)}
    reader.infos["acme"] = handmade.team(last_event=NOW + 120_000)
    cache.report(query(**october))
    cache.report(query(**october, as_of=NOW + 60_000))
    assert len(reader.asked) == 2


def test_live_is_shared_for_some_seconds(reader, monkeypatch):
    first = cache.live("acme")
    monkeypatch.setattr(cache, "clock", lambda: NOW + 4_999)
    assert cache.live("acme") is first
    monkeypatch.setattr(cache, "clock", lambda: NOW + 5_000)
    assert cache.live("acme").as_of == NOW + 5_000


def test_a_page_asks_as_of_the_whole_minute(monkeypatch):
    monkeypatch.setattr(cache, "clock", lambda: NOW + 59_999)
    assert cache.now() == NOW
