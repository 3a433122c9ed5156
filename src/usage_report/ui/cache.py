"""The only door from pages to queries: what was asked once is not computed again, and nothing shown is ever stale.

An answer is kept under (identity of the database, team, its ``data_version``, the question). ``data_version`` moves with
every change of the team's figures or settings, so no expiry time is needed: new data is a new key. Several visitors who
miss on one key at once wait for one computation. Every cache is bounded; the longest unused answers go first.
"""

from __future__ import annotations

import time
from dataclasses import replace

import streamlit as st

from ..periods import midnight, zone
from ..query.model import Live, PeriodReport, Query, Report, TeamInfo

#: Pages ask as of the whole minute and live figures as of these five seconds, so that all visitors share the answers.
MINUTE = 60_000
LIVE = 5_000


def clock() -> int:
    """The instant, epoch ms: for ages ("12 s ago"), never for questions."""
    return time.time_ns() // 1_000_000


def now() -> int:
    """``as_of`` of a page: epoch ms, floored to the minute."""
    return clock() // MINUTE * MINUTE


@st.cache_resource(show_spinner=False)
def settings():
    """The process's settings; raises ``SettingsError``."""
    from ..settings import load

    return load()


@st.cache_resource(show_spinner=False)
def reader():
    """The process's reader. A failure (``DatabaseError``) is not kept: the next visitor tries again."""
    from ..db import open_database
    from ..query.reader import Reader

    return Reader(open_database(settings()))


def teams() -> tuple[str, ...]:
    """Keys of all teams. Never kept: a team may appear with the next event."""
    return reader().teams()


def team(key: str) -> TeamInfo:
    """A team's record, version and freshness: one small statement, never kept. Raises ``NotFound``."""
    return reader().team(key)


def report(query: Query) -> Report:
    """The answer to a query. Shared between visitors: do not change its arrays."""
    asked = _settled(query)
    key = _key(team(query.team), asked.start, asked.last, asked.zone, asked.as_of, asked.grain, *asked.metrics)
    answer = _report(key, asked)
    return answer if asked == query else replace(answer, query=query)


def period(info: TeamInfo, as_of: int) -> PeriodReport:
    """*This period* of a team as of an instant (epoch ms)."""
    return _period(_key(info, as_of), info.key, as_of)


def live(team_key: str) -> Live:
    """*Real time* of a team, now."""
    as_of = clock() // LIVE * LIVE
    return _live(_key(team(team_key), as_of), team_key, as_of)


def _settled(query: Query) -> Query:
    """The same question at the earliest ``as_of`` that has the same answer, so that finished ranges are computed once.

    After the end of its range a report can only change (without new events) by a span that silence closes, and that has
    happened when ``stale_after`` has passed: whatever was said later, the span covers the rest of the range.
    """
    settled = midnight(query.period.end, zone(query.zone)) + settings().stale_after
    return query if query.as_of <= settled else replace(query, as_of=settled)


def _key(info: TeamInfo, *question: object) -> str:
    """One flat text: Streamlit's own hashing lets different nested values collide."""
    return repr((reader().identity, info.key, info.data_version, *map(str, question)))


# Underscored arguments are not part of Streamlit's key; the text holds all of them.


@st.cache_resource(max_entries=64, show_spinner=False)
def _report(key: str, _query: Query) -> Report:
    return reader().report(_query)


@st.cache_resource(max_entries=64, show_spinner=False)
def _period(key: str, _team: str, _as_of: int) -> PeriodReport:
    return reader().period(_team, _as_of)


@st.cache_resource(max_entries=64, show_spinner=False)
def _live(key: str, _team: str, _as_of: int) -> Live:
    return reader().live(_team, _as_of)
