"""*Sources*: what each platform sent and when, and what could not be read."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from usage_report.core import clock
from usage_report.render import dates, numbers
from usage_report.reporting import arrivals as stored
from usage_report.reporting.arrivals import DeliveryTotals, SourceTotals
from usage_report.sources import registry
from usage_report.storage import credentials
from usage_report.storage.credentials import SignatureFailure, Token
from usage_report.ui import cache, strings
from usage_report.ui.components import notices
from usage_report.ui.errors import guard
from usage_report.ui.frame import Frame, page
from usage_report.ui.quarantine import quarantine

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Activity:
    """What the sources of a team sent, by source. Instants are epoch ms."""

    sent: Mapping[str, SourceTotals]
    #: Platforms that have a webhook secret.
    connected: tuple[str, ...]
    #: Webhook requests of the last day, and of the last seven days.
    day: Mapping[str, DeliveryTotals]
    week: Mapping[str, DeliveryTotals]
    #: Webhook requests of the last seven days whose signature was wrong.
    unsigned: Mapping[str, SignatureFailure]
    #: Tokens that expire soon, or have expired a short while ago.
    expiring: Sequence[Token]

    @property
    def names(self) -> list[str]:
        """Sources in the order of the table. Connected platforms that sent nothing are included."""
        return list(dict.fromkeys([*self.sent, *self.connected, *self.week]))


_activities: cache.SingleFlightCache[Activity] = cache.SingleFlightCache(32)


def show() -> None:
    """Draw the page."""
    frame = page("Sources", needs_data=False)
    with guard():
        _sources(frame)
    st.subheader(
        "Quarantine",
        anchor=False,
        help="Inputs that could not be read, kept as they were received.",
    )
    with guard():
        quarantine(frame)
    frame.footer()


def title(source: str) -> str:
    """Return what people call a source; its name where it is not one of ours."""
    known = registry.discover().get(source)
    return known.title if known else source


def address(platform: str, team: str) -> str:
    """Return the address of a platform's webhook."""
    return credentials.address(cache.settings().public_url, platform, team)


def _sources(frame: Frame) -> None:
    """Draw a row per source; without any, how to connect one."""
    team, now = frame.team.key, clock.now_ms()
    key = (cache.reader().identity, team, now // cache.LIVE_MS)
    activity = _activities.get(key, lambda: _read_activity(team, now))
    for name, failure in activity.unsigned.items():
        _show_wrong_signature(name, failure, now, team)
    for token in activity.expiring:
        _show_expiry(token, now, frame)
    if not activity.names:
        notices.connect_platform(team)
        return
    right = ("Events", "Requests, 24 h", "Requests, 7 days")
    st.dataframe(
        pd.DataFrame([_row(name, activity, now, frame.team.zone) for name in activity.names]),
        hide_index=True,
        width="stretch",
        height="content",
        key="sources_sent",
        column_config={
            name: st.column_config.TextColumn(name, alignment="right", width=110) for name in right
        },
    )
    days = strings.count(round(cache.settings().raw_days), "day")
    st.caption(f"Requests are counted as long as they are kept: for {days}.")
    for name in activity.connected:
        if not {name} & (activity.sent.keys() | activity.week.keys() | activity.unsigned.keys()):
            st.info(
                f"{strings.plain(title(name))} is connected and has sent nothing yet. "
                f"Its webhook address is {strings.code(address(name, team))}",
                icon="🔌",
            )
    with st.expander("Connect another platform"):
        notices.connect_platform(team)


def _read_activity(team: str, now: int) -> Activity:
    engine = cache.reader().engine
    failures = stored.signature_failures(engine, team)
    return Activity(
        sent={sent.source: sent for sent in stored.source_totals(engine, team)},
        connected=tuple(stored.connected_platforms(engine, team)),
        day=stored.delivery_totals(engine, team, now - DAY_MS),
        week=stored.delivery_totals(engine, team, now - 7 * DAY_MS),
        unsigned={
            name: failure
            for name, failure in failures.items()
            if now - failure.last_received <= 7 * DAY_MS
        },
        expiring=stored.expiring_tokens(engine, team, now),
    )


def _show_wrong_signature(name: str, failure: SignatureFailure, now: int, team: str) -> None:
    """Warn of requests with a wrong signature: most often the secret was pasted wrongly."""
    requests = strings.count(failure.requests, "request was", "requests were")
    command = f"usage-report hook set {name} {shlex.quote(team)}"
    st.warning(
        f"**{strings.plain(title(name))}: {requests} rejected, "
        f"the last one {strings.ago(now - failure.last_received)} ago:** "
        f"{strings.plain(failure.why)}. Compare the secret on both sides and the clock of this "
        f"server, or set the secret again: {strings.code(command)}",
        icon="🔑",
    )


def _show_expiry(token: Token, now: int, frame: Frame) -> None:
    """Warn of a token that expires soon: a program that uses it gets no other notice."""
    if token.expires_at is None:
        return
    when = dates.instant(token.expires_at, frame.team.zone)
    left = token.expires_at - now
    state = f"expires in {strings.ago(left)}" if left > 0 else f"expired {strings.ago(-left)} ago"
    does = "sends events" if token.scope == "ingest" else "reads figures"
    create = f"usage-report token create --team {shlex.quote(token.team)} --scope {token.scope}"
    st.warning(
        f"**The token {strings.plain(token.label or token.hint + '…')} {state}** ({when}). A "
        f"program that {does} with it is refused from then on. Create another one, give it to the "
        f"program, and revoke this one: {strings.code(f'{create} --expires 90d')} "
        f"{strings.code(f'usage-report token revoke {token.id}')}",
        icon="⏳",
    )


def _row(name: str, activity: Activity, now: int, zone: str) -> dict[str, str]:
    sent = activity.sent.get(name)
    has_webhook = name in activity.connected or name in activity.week
    return {
        "Source": title(name),
        "Events": numbers.number(sent.events if sent else 0),
        "Last received": f"{strings.ago(now - sent.last_received)} ago" if sent else "nothing yet",
        "Latest event happened": _instant(sent and sent.last_event, zone),
        "Connected since": _instant(sent and sent.first_received, zone),
        "Requests, 24 h": _requests(activity.day.get(name), has_webhook=has_webhook),
        "Requests, 7 days": _requests(activity.week.get(name), has_webhook=has_webhook),
    }


def _instant(at: int | None, zone: str) -> str:
    return numbers.ABSENT if at is None else dates.instant(at, zone)


def _requests(delivered: DeliveryTotals | None, *, has_webhook: bool) -> str:
    """Return a number of requests, with the events in quarantine; a dash without a webhook."""
    if delivered is None:
        return "0" if has_webhook else numbers.ABSENT
    if not delivered.quarantined:
        return numbers.number(delivered.requests)
    requests, events = delivered.requests, delivered.quarantined
    return f"{numbers.number(requests)} ({numbers.number(events)} in quarantine)"
