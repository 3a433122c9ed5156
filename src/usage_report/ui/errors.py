"""Errors on a page: a sentence a user can act on, or a reference to the log. Never a traceback."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from usage_report.core.errors import DatabaseError, UsageReportError
from usage_report.ui import cache, strings

log = logging.getLogger(__name__)


@contextmanager
def guard(*, stop: bool = False) -> Iterator[None]:
    """Show an exception of the block instead of raising it; with ``stop`` the run ends there.

    Streamlit's own control flow is not an ``Exception`` and passes.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever it is, the visitor gets a sentence
        show_error(error)
        if stop:
            st.stop()


def show_error(error: Exception) -> bool:
    """Show an error and return ``True``, which for Streamlit means: handled."""
    if not isinstance(error, UsageReportError):
        reference = secrets.token_hex(4).upper()
        log.error("reference %s", reference, exc_info=error)
        st.error(
            f"**Something went wrong, reference {reference}.** "
            "The server's log has the details under this reference.",
            icon=":material/error:",
        )
        return True
    is_database = isinstance(error, DatabaseError)
    parts = [
        f"**{strings.plain(error.what)}**",
        strings.plain(error.why),
        strings.plain(error.todo),
    ]
    heading = "### The database cannot be used\n\n" if is_database else ""
    st.error(heading + "\n\n".join(part for part in parts if part), icon=":material/error:")
    if is_database:
        st.caption(
            f"{strings.code('usage-report doctor')} checks the database and suggests repairs. "
            "Then reload this page."
        )
        log.error("%s", error)
        cache.reconnect()
    return True
