"""The only door from pages to queries: what was asked once is not computed again, and nothing shown is ever stale.

An answer is kept under (identity of the database, team, its ``data_version``, the question). ``data_version`` moves with
every change of the team's figures or settings, so no expiry time is needed: new data is a new key. Several visitors who
miss on one key at once wait for one computation. Every cache is bounded; the longest unused answers go first.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import replace
from typing import Generic, TypeVar

import streamlit as st

from usage_report import storage
from usage_report.core import telemetry
from usage_report.core.settings import Settings, load
from usage_report.reporting.model import Live, PeriodReport, Query, Report, TeamInfo
from usage_report.reporting.reader import Reader, canonical_as_of

#: Pages ask as of the whole minute and live figures as of these five seconds, so that all visitors share the answers.
MINUTE = 60_000
LIVE = 5_000
#: How long a visitor waits for a locked database.
BUSY_SECONDS = 5

T = TypeVar("T")


class SingleFlightCache(Generic[T]):
    """The ``size`` answers used last, by key; thread-safe; concurrent misses on one key compute once.

    Streamlit's own caches keep a lock for every key they ever saw, and keys here move with time.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Future[T]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The answer kept under ``key``, else what ``compute`` returns. Whoever waits for it shares its error, which is not kept."""
        with self._lock:
            answer = self._kept.get(key)
            mine = answer is None
            if mine:
                answer = self._kept[key] = Future()
                while len(self._kept) > self._size:
                    self._kept.popitem(last=False)
            else:
                self._kept.move_to_end(key)
        if mine:
            try:
                answer.set_result(compute())
            except BaseException as error:
                with self._lock:
                    if self._kept.get(key) is answer:
                        del self._kept[key]
                answer.set_exception(error)
        return answer.result()

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)


_reports: SingleFlightCache[Report] = SingleFlightCache(64)
_periods: SingleFlightCache[PeriodReport] = SingleFlightCache(64)
_lives: SingleFlightCache[Live] = SingleFlightCache(64)


def clock() -> int:
    """The instant, epoch ms: for ages ("12 s ago"), never for questions."""
    return time.time_ns() // 1_000_000


def now() -> int:
    """``as_of`` of a page: epoch ms, floored to the minute."""
    return clock() // MINUTE * MINUTE


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """The process's settings. Raises ``SettingsError``."""
    return load()


@st.cache_resource(show_spinner=False)
def reader() -> Reader:
    """The process's reader; an empty database gets its schema. A failure (``DatabaseError``) is not kept."""
    engine = storage.connect(settings().database_url, busy_seconds=BUSY_SECONDS)
    storage.prepare(engine)
    return Reader(engine, settings().stale_after)


def teams() -> tuple[str, ...]:
    """Keys of all teams. Never kept: a team may appear with the next event."""
    return reader().teams()


def team(key: str) -> TeamInfo:
    """A team's record, version and freshness: one small statement, never kept. Raises ``NotFound``."""
    return reader().team(key)


def report(query: Query) -> Report:
    """The answer to a query. Shared between visitors: do not change its arrays."""
    info = team(query.team)
    key = (
        *_of(info),
        query.start,
        query.last,
        query.zone,
        canonical_as_of(query, info, settings().stale_after),
        query.grain,
        query.metrics,
    )
    answer = _reports.get(key, _timed("report", lambda: reader().report(query)))
    return answer if answer.query == query else replace(answer, query=query)


def period(info: TeamInfo, as_of: int) -> PeriodReport:
    """*This period* of a team as of an instant (epoch ms)."""
    return _periods.get(
        (*_of(info), as_of), _timed("period", lambda: reader().period(info.key, as_of))
    )


def live(team_key: str) -> Live:
    """*Real time* of a team, now."""
    as_of = clock() // LIVE * LIVE
    return _lives.get(
        (*_of(team(team_key)), as_of), _timed("live", lambda: reader().live(team_key, as_of))
    )


def clear() -> None:
    """Forget everything."""
    for held in (_reports, _periods, _lives, reader, settings):
        held.clear()


def reconnect() -> None:
    """Open the database anew for the next question: it may have been replaced or mended."""
    reader.clear()


def _timed(kind: str, compute: Callable[[], T]) -> Callable[[], T]:
    """The same, and ``/metrics`` tells how long it took."""
    return telemetry.REPORTS.labels(kind).time()(compute)


def _of(info: TeamInfo) -> tuple[str, str, int]:
    return reader().identity, info.key, info.data_version
