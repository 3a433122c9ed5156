"""Notices about the data of a team: none yet, only a sample, and how to connect a platform."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

import streamlit as st

from usage_report.sources import registry
from usage_report.ui import strings

_EXAMPLE_TEAM = "YOUR-TEAM"
_DISMISSED = "_sample_hidden"


def link_problems(problems: Sequence[str]) -> None:
    """Show which parts of a link could not be used: one as it is, several folded into one line."""
    if len(problems) == 1:
        st.warning(strings.plain(problems[0]), icon=":material/link_off:")
    elif problems:
        title = f"{len(problems)} parts of this link could not be used · **Details**"
        with st.expander(title, icon=":material/link_off:", key="link_problems"):
            st.markdown("\n".join(f"- {strings.plain(problem)}" for problem in problems))


def pinned(at: str, release: Callable[[], None]) -> None:
    """Show that the page shows an instant of the past, and how to return to now."""
    with st.container(horizontal=True, vertical_alignment="center", key="pinned_notice"):
        st.markdown(f":material/push_pin: **Figures as of {strings.plain(at)}.**", width="content")
        st.button(
            "Show now",
            icon=":material/update:",
            type="tertiary",
            key="pinned_release",
            on_click=release,
        )


def sample_data() -> None:
    """Show that the figures are a sample, and where to read how to replace it, until dismissed."""
    if st.session_state.get(_DISMISSED):
        return
    with st.container(horizontal=True, vertical_alignment="center", key="sample_notice"):
        how = f"[Connect your own]({strings.doc_link('connect')})"
        st.markdown(f":material/science: **Sample data.** {how}", width="content")
        st.button(
            "Hide",
            icon=":material/close:",
            type="tertiary",
            key="sample_hide",
            on_click=lambda: st.session_state.update({_DISMISSED: True}),
        )


def no_events(team: str | None) -> None:
    """Show that nothing has been received, for a team or at all, and how to begin."""
    key = team or _EXAMPLE_TEAM
    with st.container(border=True):
        of_team = f" for {strings.plain(team)}" if team else ""
        st.subheader(f"No events received yet{of_team}", anchor=False)
        st.markdown("Import a file of events (JSON Lines or BigBlueButton's `events.xml`):")
        st.code(strings.ingest_command(key), language="shell")
        st.markdown(f"Or [connect a platform]({strings.doc_link('connect')}):")
        st.code(f"usage-report hook set PLATFORM {shlex.quote(key)}", language="shell")
        if not team:
            st.markdown("Or look around with sample data:")
            st.code("usage-report demo", language="shell")
        st.caption("Then reload this page.")


def connect_platform(team: str) -> None:
    """Explain how a platform sends its events to this app."""
    key = shlex.quote(team)
    names = ", ".join(
        f"{strings.plain(platform.title.removesuffix(' webhooks'))} ({strings.code(name)})"
        for name, platform in registry.platforms().items()
    )
    with st.container(border=True):
        st.subheader("Connect a platform", anchor=False)
        st.markdown(
            f"**Webhooks:** {names}. The command asks for the secret that signs them, and prints "
            "the address to paste into the platform's console:"
        )
        st.code(f"usage-report hook set PLATFORM {key}", language="shell")
        st.markdown(
            f"**Any other platform:** it sends events to {strings.code('/api/v1/events')} with a "
            "token:"
        )
        st.code(f"usage-report token create --team {key}", language="shell")
        st.markdown(
            f"**Files:** {strings.code(strings.ingest_command(team))}. "
            f"[Steps for each platform]({strings.doc_link('connect')})"
        )


def compare_with_vendor(team: str) -> None:
    """Explain how to get a vendor's figures."""
    with st.container(border=True):
        st.subheader("Compare with your vendor's figures", anchor=False)
        st.markdown(
            "Each metric with your figure, the vendor's, the difference and its likely reasons. "
            "First pull the vendor's daily statistics; for Digital Samba:"
        )
        st.code(
            "export DIGITALSAMBA_API_KEY=…\n"
            f"usage-report pull digitalsamba --team {shlex.quote(team)}",
            language="shell",
        )
        st.caption("Run it once a day; it reads only what is new. Then reload this page.")
