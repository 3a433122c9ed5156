"""``usage-report pull VENDOR``: the vendor's own records and figures."""

from __future__ import annotations

import os
import sys
import time
from datetime import date

import click

from usage_report import storage
from usage_report.core import settings
from usage_report.core.errors import UsageReportError
from usage_report.core.periods import parse_date
from usage_report.ingest import pipeline
from usage_report.ingest import pull as vendor_pull
from usage_report.sources.pull import digitalsamba as ds


class _Date(click.ParamType):
    name = "date"

    def convert(self, value, param, ctx):
        try:
            return value if isinstance(value, date) else parse_date(value)
        except UsageReportError as error:
            self.fail(str(error), param, ctx)


def now() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000


@click.group()
def pull() -> None:
    """Read a vendor's own records and statistics, to be held against ours."""


@pull.command()
@click.option(
    "--team", required=True, metavar="TEAM", help="Key of the team the vendor's account belongs to."
)
@click.option(
    "--from",
    "first",
    type=_Date(),
    metavar="DATE",
    help="First day (UTC). Default: three days before the end of the last pull, or 31 days.",
)
@click.option(
    "--to", "last", type=_Date(), metavar="DATE", help="Last day, included. Default: today."
)
def digitalsamba(team: str, first: date | None, last: date | None) -> None:
    """Sessions, participants, recordings and daily statistics of Digital Samba.

    The team's developer key is taken from DIGITALSAMBA_API_KEY. A pull that was cut off carries on when it is run again;
    what is read twice is counted once.
    """
    if first and last and last < first:
        raise click.UsageError(f"--to {last} is before --from {first}.")
    configured = settings.load()
    key = (
        os.environ.get("DIGITALSAMBA_API_KEY", "").strip()
        or configured.digitalsamba_api_key.strip()
    )
    with ds.Client(key, configured.digitalsamba_url) as client:
        engine = storage.open_database(configured.database_url)
        try:
            done = vendor_pull.pull(
                engine,
                client,
                team,
                first=first,
                last=last,
                now=now,
                announce=lambda text: click.echo(f"Reading {text}", err=True),
            )
        finally:
            # What came in before a fault counts as well.
            pipeline.process_pending(engine)
    counts = done.counts
    text = f"{done.first} to {done.last}: {counts.accepted:,} events new, {counts.duplicates:,} known already"
    if refused := counts.quarantined + counts.quarantined_before:
        text += f", {refused:,} quarantined"
    click.echo(f"{text}; statistics of {done.days:,} {'day' if done.days == 1 else 'days'}")
    for item in done.examples:
        click.echo(f"quarantined ({item.reason}): {item.why}", err=True)
    for _, id in counts.conflicts[:10]:
        click.echo(
            f"changed at Digital Samba since it was first read, the first reading stays: {id[:100]}",
            err=True,
        )
    if len(counts.conflicts) > 10:
        click.echo(f"and {len(counts.conflicts) - 10:,} more such", err=True)
    if refused or counts.conflicts:
        sys.exit(1)
