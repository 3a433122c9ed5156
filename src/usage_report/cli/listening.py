"""Addresses that a server listens on, and the warning for those that others can reach."""

from __future__ import annotations

import ipaddress

import click

_SIGN_IN = (
    "The pages have no sign-in: put a proxy with sign-in in front of them, see "
    "docs/run-for-a-team.md."
)
_OPERATIONS = "/metrics and /readyz want a token only if operations_token is set."


def is_loopback(host: str) -> bool:
    """Return whether an address is reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url(host: str, port: int) -> str:
    """Return the address to open in a browser."""
    shown = "localhost" if is_loopback(host) else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{port}"


def warn_if_reachable(host: str, port: int, *, has_pages: bool) -> None:
    """Print who can see what, unless the address is reached from this machine only."""
    if is_loopback(host):
        return
    address = url(host, port).removeprefix("http://")
    if has_pages:
        text = f"anyone who reaches {address} sees the figures of every team. {_SIGN_IN} The API"
    else:
        text = f"anyone who reaches {address} can send requests to the API, unencrypted. It"
    click.echo(
        f"Warning: {text} wants a token or a signature for each team. {_OPERATIONS}", err=True
    )
