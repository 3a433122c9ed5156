"""The pieces of *Sources*: what came in, what could not be taken, and the way to try that again.

Payloads come from outside. They are shown as text in a code block, never as markup.
"""

from __future__ import annotations

import json
import shlex

import pandas as pd
import streamlit as st

from usage_report.ingest import pipeline
from usage_report.render import dates
from usage_report.render.numbers import ABSENT
from usage_report.reporting import arrivals as stored
from usage_report.reporting.arrivals import DeliveryTotals, Original, QuarantineTotals, SourceTotals
from usage_report.sources import registry
from usage_report.storage import credentials
from usage_report.storage.credentials import SignatureFailure
from usage_report.storage.event_log import IngestCounts
from usage_report.ui import cache, strings
from usage_report.ui.frame import Frame

DAY = 86_400_000
#: Originals listed at once, and characters of one that are shown: a browser has to draw them.
LISTED, SHOWN = 20, 20_000
#: Steps of counting done at once after a replay; the worker does the rest.
STEPS = 4
_RESULT = "_sources_replayed"

_sent: cache.SingleFlightCache[
    tuple[
        list[SourceTotals],
        list[str],
        dict[str, DeliveryTotals],
        dict[str, DeliveryTotals],
        dict[str, SignatureFailure],
    ]
] = cache.SingleFlightCache(32)
_held: cache.SingleFlightCache[list[QuarantineTotals]] = cache.SingleFlightCache(32)


def title(source: str) -> str:
    """What people call a source; a name that is no module of ours stays as it is."""
    module = registry.discover().get(source)
    return module.TITLE if module else source


def _key(frame: Frame) -> tuple:
    return cache.reader().identity, frame.team.key, cache.clock() // cache.LIVE


def arrivals(frame: Frame) -> None:
    """A row a source: what it sent, when, and its webhook requests of late. Without any, how to connect one."""
    engine, now, team = cache.reader().engine, cache.clock(), frame.team.key
    sent, connected, day, week, unsigned = _sent.get(
        _key(frame),
        lambda: (
            stored.source_totals(engine, team),
            stored.connected_platforms(engine, team),
            stored.delivery_totals(engine, team, now - DAY),
            stored.delivery_totals(engine, team, now - 7 * DAY),
            stored.signature_failures(engine, team),
        ),
    )
    said = {s.source: s for s in sent}
    unsigned = {
        name: refusal
        for name, refusal in unsigned.items()
        if now - refusal.last_received <= 7 * DAY
    }
    names = list(dict.fromkeys([*said, *connected, *week]))
    for name, refusal in unsigned.items():
        _unsigned(name, refusal, now, team)
    if not names:
        invite(team)
        return
    # A platform that is connected and silent is a row too: that is what one comes here to find.
    st.dataframe(
        pd.DataFrame([_row(name, said.get(name), day.get(name), week.get(name), name in connected, now, frame.team.zone) for name in names]),
        hide_index=True, width="stretch", height="content", key="sources_sent",
        column_config={name: st.column_config.TextColumn(name, alignment="right", width=110) for name in ("Events", "Requests, 24 h", "Requests, 7 days")},
    )  # fmt: skip
    st.caption(
        "A request of a platform may hold several events; those that were refused are in quarantine. Requests are counted for as long as their bodies are kept: "
        f"{strings.count(round(cache.settings().raw_days), 'day')}, see the setting raw\\_days."
    )
    for name in connected:
        if name not in said and name not in week and name not in unsigned:
            st.info(
                f"{strings.plain(title(name))} is connected and has sent nothing yet. Its webhook goes to {strings.code(address(name, team))}",
                icon="🔌",
            )
    with st.expander("Connect another platform"):
        invite(team)


def _unsigned(name: str, refusal: SignatureFailure, now: int, team: str) -> None:
    """Somebody sends, and cannot prove who it is: most often a secret that was pasted wrong."""
    requests = strings.count(refusal.requests, "request was", "requests were")
    st.warning(
        f"**{strings.plain(title(name))}: {requests} not taken, the last {strings.ago(now - refusal.last_received)} ago:** {strings.plain(refusal.why)}. "
        f"Compare the secret on both sides and the clock here, or give the secret anew: {strings.code(f'usage-report hook set {name} {shlex.quote(team)}')}",
        icon="🔑",
    )


def _row(
    name: str,
    sent: SourceTotals | None,
    day: DeliveryTotals | None,
    week: DeliveryTotals | None,
    connected: bool,
    now: int,
    zone: str,
) -> dict[str, str]:
    moment = lambda at: ABSENT if at is None else dates.instant(at, zone)  # noqa: E731
    return {
        "Source": title(name),
        "Events": f"{sent.events if sent else 0:,}",
        "Last received": f"{strings.ago(now - sent.last_received)} ago" if sent else "nothing yet",
        "Time of its last event": moment(sent and sent.last_event),
        "First received": moment(sent and sent.first_received),
        "Requests, 24 h": _requests(day, connected or week is not None),
        "Requests, 7 days": _requests(week, connected or week is not None),
    }


def _requests(found: DeliveryTotals | None, webhooks: bool) -> str:
    """``12``, with what was refused in them; a dash for what comes in files or with a token."""
    if found is None:
        return "0" if webhooks else ABSENT
    return f"{found.requests:,}" + (
        f" ({found.quarantined:,} refused)" if found.quarantined else ""
    )


def address(platform: str, team: str) -> str:
    """Where a platform's webhook goes."""
    return credentials.address(cache.settings().public_url, platform, team)


def invite(team: str) -> None:
    """How to have a platform send by itself."""
    key = shlex.quote(team)
    with st.container(border=True):
        st.subheader("Have your platform send by itself", anchor=False)
        names = ", ".join(
            f"{strings.plain(module.TITLE)} ({strings.code(name)})"
            for name, module in registry.platforms().items()
        )
        st.markdown(
            f"**Webhooks** of {names}. This asks for the secret they are signed with, and answers with the address to paste into the platform's console:"
        )
        st.code(f"usage-report hook set PLATFORM {key}", language="shell")
        st.markdown(
            f"**Anything else** sends events to {strings.code('/api/v1/events')} with a token of the team:"
        )
        st.code(f"usage-report token create --team {key}", language="shell")
        st.caption(
            "Where to click in each platform's console is written in docs/connect.md. Files go in with usage-report ingest."
        )


def quarantine(frame: Frame) -> None:
    """What could not be taken, by reason; each original at a click; and *Replay*."""
    _result()
    held = _held.get(_key(frame), lambda: stored.quarantine_totals(cache.reader().engine, frame.team.key))
    if not held:
        st.caption("Nothing is in quarantine: everything that came in has been taken.")
        return
    total = sum(h.originals for h in held)
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.markdown(
            f"**{strings.count(total, 'original is', 'originals are')} in quarantine.** Nothing of them is in the figures."
        )
        st.button(
            "Replay", key="sources_replay", icon="🔁", on_click=_replay, width="content",
            help="Reads everything in quarantine again, of all teams. What can be taken now, after an upgrade or once its time has come, is.",
        )  # fmt: skip
    rows = pd.DataFrame(
        {
            "Reason": [h.reason for h in held],
            "How many": [f"{h.originals:,}" for h in held],
            "Newest": [dates.instant(h.newest, frame.team.zone) for h in held],
        }
    )
    st.dataframe(rows, hide_index=True, width="stretch", height="content", key="sources_held")
    reasons = [h.reason for h in held]
    if st.session_state.get("sources_reason") not in (None, *reasons):
        del st.session_state["sources_reason"]  # its last original has just been taken
    reason = (
        st.selectbox(
            "Originals of",
            reasons,
            index=None,
            placeholder="any reason",
            key="sources_reason",
            width=260,
        )
        if len(reasons) > 1
        else None
    )
    found = stored.originals(cache.reader().engine, frame.team.key, reason, limit=LISTED)
    of = total if reason is None else next(h.originals for h in held if h.reason == reason)
    for original in found:
        _original(frame, original)
    if of > len(found):
        st.caption(
            f"The newest {len(found)} of {of:,}. All of them: {strings.code('usage-report quarantine list')}"
        )


def _original(frame: Frame, original: Original) -> None:
    """One line; a click opens it. Its bytes are read only then."""
    label = f"{strings.plain(original.reason)} · {strings.plain(title(original.format))} · {dates.instant(original.received_at, frame.team.zone)}"
    with st.expander(label, key=f"sources_original_{original.id}", on_change="rerun") as box:
        if not box.open:
            return
        st.markdown(f"**{strings.plain(original.why)}**")
        payload = stored.payload(cache.reader().engine, frame.team.key, original.id)
        text, language = readable(payload.raw)
        st.code(
            text[:SHOWN],
            language=language,
            wrap_lines=True,
            height=min(420, 60 + 24 * (1 + text.count("\n"))),
        )
        notes = [f"From {strings.plain(original.origin)}, no. {original.position:,}"]
        if not original.team:
            notes.append("its team could not be read, so every team sees it")
        if payload.is_truncated:
            notes.append("only its beginning was kept, so it cannot be replayed")
        if len(text) > SHOWN:
            notes.append(f"the first {SHOWN:,} of {len(text):,} characters are shown")
        st.caption(" · ".join(notes))
        st.download_button(
            "Original", payload.raw, f"quarantine-{original.id}.txt", "application/octet-stream", key=f"sources_bytes_{original.id}",
            icon=":material/download:", on_click="ignore", width="content",
        )  # fmt: skip


def readable(raw: bytes) -> tuple[str, str | None]:
    """(text, language of the code block): JSON with line breaks, anything else as it came."""
    text = raw.decode("utf-8", "replace")
    try:
        pretty = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text.replace("\0", "�"), None
    # Half a character can be written in JSON, and nowhere else.
    return pretty.encode("utf-8", "replace").decode(), "json"


def _replay() -> None:
    """The page's only write. Its result is shown by the run that follows; a fault too, since no guard is around a callback."""
    try:
        engine = cache.reader().engine
        counts = pipeline.replay(engine, now=cache.clock())
        pipeline.process_pending(engine, most=STEPS)
        st.session_state[_RESULT] = counts
    except Exception as error:
        st.session_state[_RESULT] = error
    finally:
        _sent.clear()
        _held.clear()


def _result() -> None:
    result = st.session_state.pop(_RESULT, None)
    if isinstance(result, Exception):
        raise result
    if result is not None:
        taken = result.accepted + result.duplicates
        (st.success if taken else st.info)(words(result), icon="🔁")


def words(counts: IngestCounts) -> str:
    """What a replay came to."""
    parts = [strings.count(counts.accepted, "event is new", "events are new")]
    if counts.duplicates:
        parts.append(f"{counts.duplicates:,} had come otherwise meanwhile")
    if counts.conflicts:
        parts.append(
            f"{len(counts.conflicts):,} say something else than what came before, which stays"
        )
    parts.append(
        f"{strings.count(counts.quarantined_before, 'original stays', 'originals stay')} in quarantine"
    )
    return f"Read again: {', '.join(parts)}."


__all__ = ["address", "arrivals", "invite", "quarantine", "readable", "title", "words"]
