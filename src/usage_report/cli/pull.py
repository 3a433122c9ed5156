"""``usage-report pull``: a vendor's own records and figures."""

from __future__ import annotations

import os
import sys
from datetime import date

import click

from usage_report.cli.connection import open_engine, process_pending
from usage_report.cli.output import explain_not_accepted, outcome_counts
from usage_report.cli.parameters import DATE, NEW_TEAM
from usage_report.core import clock, settings


@click.group()
def pull() -> None:
    """Read a vendor's own records and statistics.

    The page Reconcile compares them with the figures from events.
    """


@pull.command()
@click.option(
    "--team",
    type=NEW_TEAM,
    required=True,
    metavar="TEAM",
    help="Key of the team that owns the vendor's account.",
)
@click.option(
    "--from",
    "first",
    type=DATE,
    metavar="DATE",
    help="First day (UTC). Default: three days before the end of the last pull, or 31 days ago.",
)
@click.option("--to", "last", type=DATE, metavar="DATE", help="Last day, included. Default: today.")
def digitalsamba(team: str, first: date | None, last: date | None) -> None:
    """Sessions, participants, recordings and daily statistics of Digital Samba.

    The team's developer key is read from DIGITALSAMBA_API_KEY. An interrupted pull continues when
    it is run again. Records that are read twice are counted once.
    """
    from usage_report.ingest import pull as vendor_pull  # noqa: PLC0415 - loads an HTTP client
    from usage_report.sources.pull import digitalsamba as ds  # noqa: PLC0415 - as above

    if first and last and last < first:
        raise click.UsageError(f"--to {last} is before --from {first}.")
    configured = settings.load()
    key = os.environ.get("DIGITALSAMBA_API_KEY", "").strip()
    key = key or configured.digitalsamba_api_key.strip()
    with ds.Client(key, configured.digitalsamba_url) as client:
        engine = open_engine()
        try:
            done = vendor_pull.pull(
                engine,
                client,
                team,
                first=first,
                last=last,
                now=clock.now_ms,
                announce=lambda text: click.echo(f"Reading {text}", err=True),
            )
        finally:
            # Events that were stored before an error are counted as well.
            process_pending(engine)
    days = f"{done.days:,} {'day' if done.days == 1 else 'days'}"
    span = f"{done.first} to {done.last}"
    click.echo(f"{span}: {outcome_counts(done.counts)}; statistics of {days}")
    explain_not_accepted(span, done.counts, [(span, item) for item in done.examples])
    if done.counts.not_accepted:
        sys.exit(1)
