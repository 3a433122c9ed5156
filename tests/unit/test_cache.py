"""The caches between pages and queries: never out of date, one computation per key, bounded."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import lru_cache

import pytest
import streamlit as st
from streamlit.runtime import caching

from support import handmade
from support.handmade import NOW
from usage_report.core import clock, telemetry
from usage_report.core.periods import midnight, zone
from usage_report.reporting.model import Query
from usage_report.reporting.reader import canonical_as_of
from usage_report.ui import cache, date_range, quarantine, range_controls, reconcile, sources  # noqa: F401 - all caches
from usage_report.ui.components import usage_table

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


def report(asked: Query):
    return cache.report(cache.team(asked.team), asked)


def live():
    return cache.live(cache.team("acme"))


def test_concurrent_misses_on_one_key_compute_once():
    values, calls, gate = cache.SingleFlightCache(4), [], threading.Event()

    def slow():
        calls.append(1)
        gate.wait(5)
        return object()

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(values.get, "key", slow) for _ in range(8)]
        threading.Timer(0.1, gate.set).start()
        got = {id(w.result(10)) for w in waiting}
    assert len(calls) == len(got) == 1


def test_an_error_is_raised_and_not_kept():
    values = cache.SingleFlightCache(4)
    with pytest.raises(ZeroDivisionError):
        values.get("key", lambda: 1 / 0)
    assert values.get("key", lambda: 7) == 7


def test_threads_that_wait_for_a_failing_computation_get_its_error():
    values, calls, gate = cache.SingleFlightCache(4), [], threading.Event()

    def fail():
        calls.append(1)
        gate.wait(5)
        raise ZeroDivisionError

    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(values.get, "key", fail) for _ in range(4)]
        threading.Timer(0.1, gate.set).start()
        assert [type(w.exception(10)) for w in waiting] == [ZeroDivisionError] * 4
    assert len(calls) == 1


def test_clearing_during_a_computation_keeps_neither_the_old_value_nor_the_lock():
    values, started, gate = cache.SingleFlightCache(4), threading.Event(), threading.Event()

    def slow():
        started.set()
        gate.wait(5)
        return "old"

    with ThreadPoolExecutor(1) as pool:
        old = pool.submit(values.get, "key", slow)
        assert started.wait(5)
        values.clear()
        assert values.get("key", lambda: "new") == "new"
        gate.set()
        assert old.result(10) == "old"
    assert values.get("key", lambda: "other") == "new"


def streamlit_clears() -> None:
    """What Streamlit does for *Clear cache* in its menu."""
    caching.cache_data.clear()
    caching.cache_resource.clear()


@pytest.mark.parametrize("clear", [cache.clear, streamlit_clears, st.cache_resource.clear])
def test_clearing_the_cache_clears_every_cache(monkeypatch, tmp_path, clear):
    """Including those of modules that this test does not know: all functions that keep results."""
    monkeypatch.setenv("USAGE_REPORT_DATABASE_URL", f"sqlite:///{tmp_path}/usage.db")
    cache.clear()
    before = cache.settings(), cache.reader()
    caches = list(cache.SingleFlightCache._all)
    assert len(caches) >= 5, "reports, periods, live figures, comparisons, sources"
    functions = [f for f in cache.memoised() if isinstance(f, type(lru_cache(int)))]
    assert {"spec", "_template", "table_data", "_presets", "_component"} <= {
        f.__name__ for f in functions
    }
    for single_flight in caches:
        single_flight.get("key", object)
    range_controls._zones("Europe/Berlin")
    range_controls._presets("", 0)
    usage_table.table_data(handmade.report(query(), scale=0.5))
    assert [len(c) for c in caches] == [1] * len(caches)
    assert sum(f.cache_info().currsize for f in functions) >= 3

    clear()

    assert [len(c) for c in caches] == [0] * len(caches)
    assert [f.cache_info().currsize for f in functions] == [0] * len(functions)
    after = cache.settings(), cache.reader()
    assert after[0] is not before[0]
    assert after[1] is not before[1]


def test_the_least_recently_used_value_is_dropped_first():
    values = cache.SingleFlightCache(2)
    values.get("a", lambda: 1)
    values.get("b", lambda: 2)
    values.get("a", lambda: 0)
    values.get("c", lambda: 3)
    assert len(values) == 2
    assert values.get("a", lambda: 0) == 1
    assert values.get("b", lambda: 9) == 9


def test_one_report_per_query(reader):
    assert report(query()) is report(query())
    assert len(reader.asked) == 1


def test_only_computed_reports_are_measured(reader):
    def count() -> float:
        return (
            telemetry.REGISTRY.get_sample_value(
                "usage_report_report_seconds_count", {"kind": "report"}
            )
            or 0
        )

    before = count()
    report(query())
    report(query())
    assert count() == before + 1


@pytest.mark.parametrize(
    "other",
    [{"team": "globex"}, {"start": date(2026, 11, 2)}, {"last": date(2026, 11, 29)}, {"zone": "UTC"}, {"as_of": NOW + 60_000},
     {"grain": "week"}, {"metrics": ("sessions",)}],
)  # fmt: skip
def test_every_part_of_a_query_is_part_of_the_key(reader, other):
    report(query())
    report(query(**other))
    assert len(reader.asked) == 2


def test_new_data_and_another_database_are_new_keys(reader):
    report(query())
    reader.infos["acme"] = handmade.team(data_version=8)
    report(query())
    reader.identity = "another"
    report(query())
    assert len(reader.asked) == 3


def test_a_finished_range_is_computed_once(reader):
    """From two days after its end only new data can change October; the report still has its own instant."""
    october = {"start": date(2026, 10, 1), "last": date(2026, 10, 31)}
    first, second = (
        report(query(**october)),
        report(query(**october, as_of=NOW + 3 * DAY)),
    )
    assert len(reader.asked) == 1
    assert (first.query.as_of, second.query.as_of) == (NOW, NOW + 3 * DAY)
    assert second.figures is first.figures


def test_a_range_that_the_inactivity_timeout_may_change_is_computed_again(reader):
    """Within 24 hours after the range, the timeout may still end a connection inside it."""
    end = midnight(date(2026, 11, 1), zone("Europe/Berlin"))
    reader.infos["acme"] = handmade.team(last_event=end - DAY)
    october = {"start": date(2026, 10, 1), "last": date(2026, 10, 31)}
    report(query(**october, as_of=end + DAY - 120_000))
    report(query(**october, as_of=end + DAY - 60_000))
    assert len(reader.asked) == 2
    report(query(**october, as_of=end + DAY))
    report(query(**october, as_of=end + 2 * DAY))
    assert len(reader.asked) == 3


def test_an_event_in_the_future_keeps_a_range_open(reader):
    """An event may be a few minutes ahead of our clock: once it has happened, figures of the range may change."""
    october = {"start": date(2026, 10, 1), "last": date(2026, 10, 31)}
    reader.infos["acme"] = handmade.team(last_event=NOW + 120_000)
    report(query(**october))
    report(query(**october, as_of=NOW + 60_000))
    assert len(reader.asked) == 2


def test_live_figures_are_shared_for_five_seconds(reader, monkeypatch):
    first = live()
    monkeypatch.setattr(clock, "now_ms", lambda: NOW + 4_999)
    assert live() is first
    monkeypatch.setattr(clock, "now_ms", lambda: NOW + 5_000)
    assert live().as_of == NOW + 5_000


def test_a_report_before_a_late_event_and_one_after_it_are_not_one():
    """A leave ten days later ends a stay of October: at the end of October plus a day it has not happened."""
    october = query(start=date(2026, 10, 1), last=date(2026, 10, 31))
    settled = midnight(date(2026, 11, 1), zone(october.zone)) + DAY
    info = handmade.team(last_event=settled + 10 * DAY)
    before, after, later = (
        canonical_as_of(replace(october, as_of=settled + days * DAY), info, DAY)
        for days in (0, 11, 12)
    )
    assert before == settled
    assert after == later == info.last_event + 1


def test_a_page_asks_as_of_the_whole_minute(monkeypatch):
    monkeypatch.setattr(clock, "now_ms", lambda: NOW + 59_999)
    assert cache.now() == NOW
