"""``usage-report team``: time zone, billing day and contracted limits of teams."""

from __future__ import annotations

from datetime import date

import click

from usage_report.cli.connection import open_engine, reader_for
from usage_report.cli.parameters import DATE, LIMIT, NEW_TEAM, TEAM, ZONE
from usage_report.core import clock
from usage_report.ingest import teams as team_changes
from usage_report.render import terminal


@click.group()
def team() -> None:
    """Show and change time zone, billing day and limits."""


@team.command("set")
@click.argument("key", type=NEW_TEAM, metavar="TEAM")
@click.option("--zone", type=ZONE, metavar="ZONE", help="IANA time zone of days and periods.")
@click.option(
    "--billing-day",
    type=click.IntRange(1, 31),
    metavar="N",
    help="Day of the month on which billing periods begin.",
)
@click.option(
    "--limit",
    "limits",
    type=LIMIT,
    multiple=True,
    metavar="METRIC=VALUE",
    help="A contracted limit; may be repeated.",
)
@click.option(
    "--from",
    "since",
    type=DATE,
    metavar="DATE",
    help="First day on which the limits apply. Default: they have always applied.",
)
def set_(
    key: str,
    zone: str | None,
    billing_day: int | None,
    limits: tuple[tuple[str, float], ...],
    since: date | None,
) -> None:
    """Set properties of TEAM. A new team is created; options that are not given change nothing."""
    if since and not limits:
        raise click.UsageError("--from is the first day of a limit: name it with --limit.")
    engine = open_engine()
    team_changes.change(
        engine,
        key,
        now=clock.now_ms(),
        zone=zone,
        billing_day=billing_day,
        limits=dict(limits),
        since=since,
    )
    click.echo(terminal.team(reader_for(engine).team(key)))


@team.command()
@click.argument("key", type=TEAM, metavar="TEAM")
def show(key: str) -> None:
    """Print the properties of TEAM."""
    click.echo(terminal.team(reader_for(open_engine()).team(key)))


@team.command("list")
def list_() -> None:
    """List all teams."""
    for key in reader_for(open_engine()).teams():
        click.echo(key)
