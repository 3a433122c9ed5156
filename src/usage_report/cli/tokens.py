"""``usage-report token``: tokens of programs that send events or read figures.

The module is not called ``token``, which is a module of the standard library.
"""

from __future__ import annotations

import click

from usage_report import storage
from usage_report.cli.connection import open_engine
from usage_report.cli.parameters import DURATION, NEW_TEAM
from usage_report.core import clock
from usage_report.core.events import iso, storable
from usage_report.storage import credentials


@click.group()
def token() -> None:
    """Create, list and revoke API tokens.

    A token permits a program to send events or to read figures of one team.
    """


@token.command()
@click.option(
    "--team",
    type=NEW_TEAM,
    required=True,
    metavar="TEAM",
    help="Key of the team; a new team is created.",
)
@click.option(
    "--scope",
    type=click.Choice(credentials.SCOPES),
    default="ingest",
    show_default=True,
    help="What the token permits.",
)
@click.option("--label", default="", help="What the token is for, shown in lists.")
@click.option(
    "--expires",
    type=DURATION,
    metavar="DURATION",
    help="How long the token is valid, such as 12h, 90d or 52w. Default: until it is revoked.",
)
def create(team: str, scope: str, label: str, expires: int | None) -> None:
    """Create a token and print it once. Only a digest of it is stored."""
    now = clock.now_ms()
    expires_at = None if expires is None else now + expires
    label = " ".join(storable(label).split())  # a line break would break the list
    with storage.writing(open_engine()) as c:
        created = credentials.create_token(c, team, scope, label, now, expires_at)
    click.echo(created)
    if expires_at is not None:
        click.echo(f"It is valid until {iso(expires_at)}.", err=True)
    click.echo("The token is shown only now: the database stores a digest of it.", err=True)


@token.command("list")
@click.option("--team", metavar="TEAM", help="Only tokens of this team.")
def list_(team: str | None) -> None:
    """List tokens by their first characters, with their expiry and last use."""
    now = clock.now_ms()
    with storage.reading(open_engine()) as c:
        rows = credentials.tokens(c, team)
    for row in rows:
        state = row.state(now) + (f" {iso(row.revoked_at)}" if row.revoked_at is not None else "")
        expires, used = (
            "-" if at is None else iso(at) for at in (row.expires_at, row.last_used_at)
        )
        click.echo(
            f"{row.id}\t{row.team}\t{row.scope}\t{row.hint}…\t{iso(row.created_at)}\t{state}"
            f"\t{row.label}\t{expires}\t{used}"
        )


@token.command()
@click.argument("id", type=int)
def revoke(id: int) -> None:
    """Revoke token ID. Takes effect within two seconds."""
    with storage.writing(open_engine()) as c:
        credentials.revoke_token(c, id, clock.now_ms())
    click.echo(f"Token {id} is revoked.")
