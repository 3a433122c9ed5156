"""``usage-report hook``: webhooks of video platforms, and the secrets that sign them."""

from __future__ import annotations

import os
import sys

import click

from usage_report import storage
from usage_report.cli.connection import open_engine
from usage_report.cli.parameters import NEW_TEAM
from usage_report.core import clock, settings
from usage_report.core.errors import InputError
from usage_report.core.events import storable
from usage_report.sources import registry
from usage_report.storage import credentials


@click.group()
def hook() -> None:
    """Connect video platforms by webhook."""


@hook.command("list")
def list_() -> None:
    """List platforms that can be connected, and the teams connected to each."""
    with storage.reading(open_engine()) as c:
        connections = credentials.platforms(c)
    for name, source in registry.platforms().items():
        connected = [team for team, platform, _ in connections if platform == name]
        click.echo(f"{name}\t{source.title}\t{', '.join(connected) or '-'}")


@hook.command("set")
@click.argument("platform")
@click.argument("team", type=NEW_TEAM, metavar="TEAM")
@click.option(
    "--secret-from",
    metavar="VARIABLE",
    help="Environment variable that holds the secret. Default: prompt for it, or read it from "
    "standard input.",
)
def set_(platform: str, team: str, secret_from: str | None) -> None:
    """Accept webhooks of PLATFORM for TEAM, signed with a secret.

    The secret is never given on the command line, where other users of the machine could see it.
    """
    source = registry.platform(platform)
    secret = _read_secret(secret_from, source.secret_hint)
    with storage.writing(open_engine()) as c:
        credentials.set_secret(c, team, platform, secret, clock.now_ms())
    address = credentials.address(settings.load().public_url, platform, team)
    click.echo(f"Configure {source.title} to send webhooks to: {address}")


def _read_secret(variable: str | None, hint: str) -> str:
    """Return the secret from an environment variable, a prompt or a line of standard input."""
    if variable is not None:
        if variable not in os.environ:
            raise InputError(f"There is no environment variable {variable}", "", "Export it first.")
        secret = os.environ[variable]
    elif sys.stdin.isatty():
        click.echo(hint)
        secret = click.prompt("Secret", hide_input=True)
    else:
        secret = sys.stdin.readline().rstrip("\r\n")
    if storable(secret) != secret:
        raise InputError(
            "The secret cannot be stored",
            "it is too long, or it has characters that are not text",
            "Copy it again from the platform's console.",
        )
    return secret


@hook.command()
@click.argument("platform")
@click.argument("team", metavar="TEAM")
def remove(platform: str, team: str) -> None:
    """Stop accepting webhooks of PLATFORM for TEAM."""
    with storage.writing(open_engine()) as c:
        if not credentials.remove_secret(c, team, platform):
            raise InputError(
                f"{team} is not connected to {platform}", "", "See: usage-report hook list"
            )
    click.echo(f"{platform} is disconnected from {team}.")
