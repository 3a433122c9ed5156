"""Notices about the data of a team: none yet, only a sample, and how to connect a platform."""

from __future__ import annotations

import shlex

import streamlit as st

from usage_report.sources import registry
from usage_report.ui import strings

_EXAMPLE_TEAM = "YOUR-TEAM"


def sample_data() -> None:
    """Show that the figures are a sample, and how to replace it."""
    st.info(
        f"**Sample data.** Add your own: {strings.code(strings.ingest_command(_EXAMPLE_TEAM))} · "
        f"Remove the sample: {strings.code('usage-report demo --remove')}",
        icon=":material/science:",
    )


def no_events(team: str | None) -> None:
    """Show that nothing has been received, for a team or at all, and how to begin."""
    key = team or _EXAMPLE_TEAM
    with st.container(border=True):
        of_team = f" for {strings.plain(team)}" if team else ""
        st.subheader(f"No events received yet{of_team}", anchor=False)
        st.markdown(
            "Import an event log of your meetings "
            "(JSON Lines or BigBlueButton's `events.xml`; plain or gzip):"
        )
        st.code(strings.ingest_command(key), language="shell")
        st.markdown("Or connect a platform; the page *Sources* and docs/connect.md explain how:")
        st.code(f"usage-report hook set PLATFORM {shlex.quote(key)}", language="shell")
        if not team:
            st.markdown("Or look around with a year of sample data:")
            st.code("usage-report demo", language="shell")
        st.caption("Then reload this page.")


def connect_platform(team: str) -> None:
    """Explain how a platform sends its events to this app."""
    key = shlex.quote(team)
    names = ", ".join(
        f"{strings.plain(platform.title)} ({strings.code(name)})"
        for name, platform in registry.platforms().items()
    )
    with st.container(border=True):
        st.subheader("Connect a platform", anchor=False)
        st.markdown(
            f"**With webhooks:** {names}. The command asks for the secret that signs the webhooks, "
            "and prints the address to paste into the platform's console:"
        )
        st.code(f"usage-report hook set PLATFORM {key}", language="shell")
        st.markdown(
            f"**Any other platform** sends its events to {strings.code('/api/v1/events')} "
            "with a token of the team:"
        )
        st.code(f"usage-report token create --team {key}", language="shell")
        st.caption(
            "docs/connect.md has the steps in each platform's console. "
            f"Import files with {strings.code('usage-report ingest')}."
        )


def compare_with_vendor(team: str) -> None:
    """Explain how to get a vendor's figures."""
    with st.container(border=True):
        st.subheader("Compare with your vendor's figures", anchor=False)
        st.markdown(
            "Once a vendor's daily statistics have been pulled, this page shows for every metric "
            "your figure, the vendor's figure, the difference, and its likely reasons. "
            "For Digital Samba, with the developer key of your team:"
        )
        st.code(
            "export DIGITALSAMBA_API_KEY=…\n"
            f"usage-report pull digitalsamba --team {shlex.quote(team)}",
            language="shell",
        )
        st.caption(
            "Run it once a day: it reads only what is new, and an interrupted pull continues where "
            "it stopped. Then reload this page."
        )
