"""The app's own defaults of Streamlit's options, for when no ``.streamlit/config.toml`` is at hand.

``streamlit.toml`` in this folder is the same file as ``.streamlit/config.toml`` at the top of the
repository. What a user sets, in a file of their own or in the environment, takes precedence.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import resources
from typing import Any

from streamlit import config


def defaults() -> dict[str, Any]:
    """Return the options by their dotted names, such as ``theme.light.primaryColor``."""
    text = (resources.files("usage_report.ui") / "streamlit.toml").read_text("utf-8")
    return dict(_flatten(tomllib.loads(text)))


def apply_defaults() -> None:
    """Set every option that the user has not set."""
    for name, value in defaults().items():
        if not config.is_manually_set(name):
            config.set_option(name, value)


def listens_on() -> tuple[str, int]:
    """Return address and port at which Streamlit serves an app."""
    # Streamlit listens on all addresses where none is set.
    address = config.get_option("server.address") or "0.0.0.0"  # noqa: S104 - not listened on here
    return str(address), int(config.get_option("server.port"))


def _flatten(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value
