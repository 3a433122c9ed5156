"""The table of live sessions on *Real time*."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from usage_report.core.periods import today, zone
from usage_report.render import dates, numbers
from usage_report.render.notes import NOT_SUPPLIED
from usage_report.reporting.model import LiveSession

_NUMBER = ' class="n"'
_COLUMNS = (
    ("Room", ""),
    ("Since", ""),
    ("Participants", _NUMBER),
    ("Peak", _NUMBER),
    ("Recording", ""),
)
_RECORDING = {
    None: f'<span class="quiet" title="{NOT_SUPPLIED}">{numbers.ABSENT}</span>',
    True: "<span class=over>●</span> on",
    False: "<span class=quiet>off</span>",
}


def live_sessions(sessions: Sequence[LiveSession], zone_name: str, as_of: int) -> None:
    """Draw a row per live session; ``as_of`` in epoch ms."""
    head = "".join(f'<th scope="col"{attribute}>{title}</th>' for title, attribute in _COLUMNS)
    rows = "".join(_row(session, zone_name, as_of) for session in sessions)
    st.html(
        '<div class="ur"><table><caption>Live sessions</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(session: LiveSession, zone_name: str, as_of: int) -> str:
    age = numbers.duration((as_of - session.since) / 60_000)
    return (
        f'<tr><td class="room"><bdi dir="auto">{escape(session.room)}</bdi></td>'
        f'<td class="since">{_since(session.since, zone_name, as_of)}<br>'
        f'<span class="quiet">{age}</span></td>'
        f"<td{_NUMBER}>{numbers.number(session.people)}</td><td{_NUMBER}>{numbers.number(session.peak)}</td>"
        f"<td>{_RECORDING[session.recording]}</td></tr>"
    )


def _since(since: int, zone_name: str, as_of: int) -> str:
    """Return the time of day, with the date when it is not today's."""
    tz = zone(zone_name)
    is_today = today(since, tz) == today(as_of, tz)
    return (dates.clock if is_today else dates.instant)(since, zone_name)
