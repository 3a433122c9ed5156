"""The quarantine on *Sources*: what could not be read, by reason, and the button *Replay*.

Inputs come from outside. They are shown as text in a code block, never as markup.
"""

from __future__ import annotations

import json

import pandas as pd
import streamlit as st

from usage_report.core import clock
from usage_report.ingest import pipeline
from usage_report.render import dates
from usage_report.render.numbers import number
from usage_report.reporting import arrivals as stored
from usage_report.reporting.arrivals import Original, QuarantineTotals
from usage_report.sources import registry
from usage_report.storage.event_log import IngestCounts
from usage_report.ui import cache, strings
from usage_report.ui.components.downloads import original_button
from usage_report.ui.frame import Frame

#: Inputs listed at once, and characters of one that are shown: a browser has to draw them.
MAX_LISTED, MAX_CHARACTERS = 20, 20_000
#: Steps of processing done at once after a replay; the worker does the rest.
REPLAY_STEPS = 4
_RESULT, _REASON = "_quarantine_replayed", "quarantine_reason"

_totals: cache.SingleFlightCache[list[QuarantineTotals]] = cache.SingleFlightCache(32)


def quarantine(frame: Frame) -> None:
    """Draw what is in quarantine by reason, each input at a click, and *Replay*."""
    _show_result()
    reader, team = cache.reader(), frame.team.key
    key = (reader.identity, team, clock.now_ms() // cache.LIVE_MS)
    totals = _totals.get(key, lambda: stored.quarantine_totals(reader.engine, team))
    if not totals:
        st.caption("Empty: everything received could be read.")
        return
    counts = {row.reason: row.originals for row in totals}
    total = sum(counts.values())
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        inputs = strings.count(total, "event", "events")
        is_are = "is" if total == 1 else "are"
        st.markdown(f"**{inputs} could not be read and {is_are} not counted.**")
        st.button(
            "Replay",
            key="quarantine_replay",
            icon=":material/replay:",
            on_click=_replay,
            width="content",
            help="Try again to read the quarantine of all teams, for example after an upgrade.",
        )
    rows = {
        "Reason": [row.reason for row in totals],
        "Count": [number(row.originals) for row in totals],
        "Newest": [dates.instant(row.newest, frame.team.zone) for row in totals],
    }
    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        width="stretch",
        height="content",
        key="quarantine_reasons",
    )
    reason = _select_reason(list(counts))
    originals = stored.originals(reader.engine, team, reason, limit=MAX_LISTED)
    for original in originals:
        _original(frame, original)
    listed, all_of_them = len(originals), counts.get(reason or "", total)
    if all_of_them > listed:
        command = strings.code("usage-report quarantine list")
        st.caption(f"The newest {listed} of {number(all_of_them)}. All of them: {command}")


def _select_reason(reasons: list[str]) -> str | None:
    """Draw the filter; ``None`` stands for all reasons."""
    if st.session_state.get(_REASON) not in (None, *reasons):
        del st.session_state[_REASON]  # the last input of this reason has just been read
    if len(reasons) < 2:
        return None
    return st.selectbox(
        "Show", reasons, index=None, placeholder="all reasons", key=_REASON, width=260
    )


def _original(frame: Frame, original: Original) -> None:
    """Draw one line; a click opens it. Its bytes are read only then."""
    source = registry.discover().get(original.format)
    parts = (
        strings.plain(original.reason),
        strings.plain(source.title if source else original.format),
        dates.instant(original.received_at, frame.team.zone),
    )
    key = f"quarantine_original_{original.id}"
    with st.expander(" · ".join(parts), key=key, on_change="rerun") as box:
        if not box.open:
            return
        st.markdown(f"**{strings.plain(original.why)}**")
        payload = stored.payload(cache.reader().engine, frame.team.key, original.id)
        text, language = readable(payload.raw)
        height = min(420, 60 + 24 * (1 + text.count("\n")))
        st.code(text[:MAX_CHARACTERS], language=language, wrap_lines=True, height=height)
        notes = [f"From {strings.plain(original.origin)}, no. {number(original.position)}"]
        if not original.team:
            notes.append("of no known team, so every team sees it")
        if payload.is_truncated:
            notes.append("too long to keep whole, so it cannot be replayed")
        if len(text) > MAX_CHARACTERS:
            notes.append(
                f"the first {number(MAX_CHARACTERS)} of {number(len(text))} characters are shown"
            )
        st.caption(" · ".join(notes))
        original_button(
            payload.raw, f"quarantine-{original.id}.txt", key=f"quarantine_bytes_{original.id}"
        )


def readable(raw: bytes) -> tuple[str, str | None]:
    """Return bytes as text, and the language of its code block: JSON is indented."""
    text = raw.decode("utf-8", "replace")
    try:
        pretty = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text.replace("\0", "�"), None
    # JSON can contain half a surrogate pair, UTF-8 cannot.
    return pretty.encode("utf-8", "replace").decode(), "json"


def _replay() -> None:
    """Replay the quarantine: the only write of the pages.

    The next run shows the result, and an error too, because no guard surrounds a callback.
    """
    try:
        engine = cache.reader().engine
        st.session_state[_RESULT] = pipeline.replay(engine, now=clock.now_ms())
        pipeline.process_pending(engine, max_steps=REPLAY_STEPS)
    except Exception as error:  # noqa: BLE001 - shown by the next run
        st.session_state[_RESULT] = error
    finally:
        cache.SingleFlightCache.clear_all()


def _show_result() -> None:
    result = st.session_state.pop(_RESULT, None)
    if isinstance(result, Exception):
        raise result
    if result is not None:
        was_useful = result.accepted + result.duplicates
        (st.success if was_useful else st.info)(result_text(result), icon=":material/replay:")


def result_text(counts: IngestCounts) -> str:
    """Return the result of a replay in a sentence."""
    read = [f"{strings.count(counts.accepted, 'new event')} counted"] if counts.accepted else []
    if counts.duplicates:
        read.append(f"{number(counts.duplicates)} already counted")
    if counts.conflicts:
        read.append(
            f"{number(len(counts.conflicts))} in conflict with a counted event, which stays"
        )
    result = ", ".join(read) or "none could be read"
    return f"Tried again: {result}; {number(counts.quarantined_before)} remain."
