"""The only way from pages to reports: a report is computed once and is never out of date.

A report is kept under (identity of the database, team, its ``data_version``, the question).
``data_version`` changes with every change of the team's figures or settings, so no expiry time is
needed: new data is a new key. Every cache is bounded; the least recently used reports go first.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from weakref import WeakSet

import streamlit as st
from cachetools import LRUCache

from usage_report import storage
from usage_report.core import clock, telemetry
from usage_report.core.periods import Period
from usage_report.core.settings import Settings, load
from usage_report.reporting.model import Live, PeriodReport, Query, Report, TeamInfo
from usage_report.reporting.reader import Reader, canonical_as_of

#: Pages ask as of the whole minute and live figures as of these five seconds, so that all visitors
#: share the reports.
MINUTE_MS = 60_000
LIVE_MS = 5_000
#: How long a visitor waits for a locked database.
BUSY_SECONDS = 5

T = TypeVar("T")


class SingleFlightCache(Generic[T]):
    """The ``size`` most recently used values by key; concurrent misses on one key compute once.

    Thread-safe. Streamlit's own caches keep a lock for every key they have ever seen, and the keys
    here change with time.
    """

    _all: ClassVar[WeakSet[SingleFlightCache[Any]]] = WeakSet()

    def __init__(self, size: int) -> None:
        self._futures: LRUCache[Hashable, Future[T]] = LRUCache(size)
        self._lock = threading.Lock()
        SingleFlightCache._all.add(self)

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Return the value kept under ``key``, or compute and keep it.

        Threads that wait for a value being computed share its error; an error is not kept.
        """
        with self._lock:
            future = self._futures.get(key)
            is_miss = future is None
            if future is None:
                future = self._futures[key] = Future()
        if is_miss:
            try:
                future.set_result(compute())
            except BaseException as error:  # noqa: BLE001 - raised again by result(), for all
                with self._lock:
                    if self._futures.get(key) is future:
                        del self._futures[key]
                future.set_exception(error)
        return future.result()

    def clear(self) -> None:
        """Forget all values. One being computed still reaches the threads that wait for it."""
        with self._lock:
            self._futures.clear()

    def __len__(self) -> int:
        return len(self._futures)

    @classmethod
    def clear_all(cls) -> None:
        """Clear every cache of this class in the process."""
        for cache in list(cls._all):
            cache.clear()


_reports: SingleFlightCache[Report] = SingleFlightCache(64)
_periods: SingleFlightCache[PeriodReport] = SingleFlightCache(256)
_lives: SingleFlightCache[Live] = SingleFlightCache(64)


def now() -> int:
    """Return the ``as_of`` of a page: epoch ms, floored to the minute."""
    return clock.now_ms() // MINUTE_MS * MINUTE_MS


def _clear_derived(_: object = None) -> None:
    """Clear what was made from reports: the caches of this class and the memoised functions."""
    SingleFlightCache.clear_all()
    for function in memoised():
        function.cache_clear()


@st.cache_resource(show_spinner=False, on_release=_clear_derived)
def settings() -> Settings:
    """Return the process's settings. Raises ``SettingsError``.

    Streamlit's *Clear cache* releases this value, and with it everything kept in this process.
    """
    return load()


@st.cache_resource(show_spinner=False)
def reader() -> Reader:
    """Return the process's reader; an empty database gets its schema.

    Raises ``DatabaseError``, which is not kept.
    """
    engine = storage.connect(settings().database_url, busy_seconds=BUSY_SECONDS)
    storage.prepare(engine)
    return Reader(engine, settings().stale_after)


def teams() -> tuple[str, ...]:
    """Return the keys of all teams. Never kept: a team may appear with the next event."""
    return reader().teams()


def newest_team() -> str | None:
    """Return the team with the newest event. Never kept, as ``teams``."""
    return reader().newest_team()


def team(key: str) -> TeamInfo:
    """Return a team's record, version and freshness. Raises ``NotFoundError``.

    Never kept, so a page reads it once per run and hands it on.
    """
    return reader().team(key)


def report(info: TeamInfo, query: Query) -> Report:
    """Return the report of a query about the team ``info``.

    It is shared between visitors: do not change its arrays.
    """
    limit = canonical_as_of(query, info, settings().stale_after)
    key = (*_version(info), query.start, query.last, query.zone, limit, query.grain, query.metrics)
    found = _reports.get(key, _timed("report", lambda: reader().report(query)))
    return found if found.query == query else replace(found, query=query)


def period(info: TeamInfo, as_of: int, on: Period | None = None) -> PeriodReport:
    """Return a billing period of a team as of an instant (epoch ms), by default the current one."""
    limit = as_of
    if on is not None:
        # One that is over is computed once.
        query = Query(info.key, on.start, on.last, info.zone, as_of)
        limit = canonical_as_of(query, info, settings().stale_after)
    day = None if on is None else on.start
    compute = _timed("period", lambda: reader().period(info.key, limit, day))
    found = _periods.get((*_version(info), limit, day), compute)
    return found if limit == as_of else replace(found, as_of=as_of)


def live(info: TeamInfo, as_of: int | None = None) -> Live:
    """Return *Real time* of a team, now or as of an instant (epoch ms)."""
    as_of = clock.now_ms() // LIVE_MS * LIVE_MS if as_of is None else as_of
    compute = _timed("live", lambda: reader().live(info.key, as_of))
    return _lives.get((*_version(info), as_of), compute)


def clear() -> None:
    """Clear every cache of the process, as Streamlit's *Clear cache* does."""
    reader.clear()
    settings.clear()
    _clear_derived()  # the settings may not have been read yet, and then release nothing


def reconnect() -> None:
    """Open the database again for the next question: it may have been replaced or repaired."""
    reader.clear()


class Memoised(Protocol):
    """A function that keeps its results, such as ``functools.lru_cache`` makes."""

    def cache_clear(self) -> None:
        """Forget all results."""


def memoised() -> Iterator[Memoised]:
    """Yield the functions of ``ui`` and ``render`` that keep their results."""
    for name, module in list(sys.modules.items()):
        if name.startswith(("usage_report.ui.", "usage_report.render.")):
            for value in vars(module).values():
                if hasattr(value, "cache_clear") and not isinstance(value, type):
                    yield value


def _timed(kind: str, compute: Callable[[], T]) -> Callable[[], T]:
    """Return ``compute``, measured: ``/metrics`` reports how long it took."""
    return telemetry.REPORTS.labels(kind).time()(compute)


def _version(info: TeamInfo) -> tuple[str, str, int]:
    return reader().identity, info.key, info.data_version
