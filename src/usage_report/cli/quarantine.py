"""``usage-report quarantine``: events that could not be accepted."""

from __future__ import annotations

import sys

import click

from usage_report import storage
from usage_report.cli.connection import open_engine, process_pending
from usage_report.cli.output import outcome_counts
from usage_report.core import clock
from usage_report.core.errors import InputError
from usage_report.ingest import pipeline
from usage_report.render import terminal
from usage_report.storage import quarantine as store


@click.group()
def quarantine() -> None:
    """Show and replay events that could not be accepted."""


@quarantine.command("list")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Maximum number of events, oldest first.",
)
def list_(limit: int) -> None:
    """List quarantined events with their reasons."""
    with storage.reading(open_engine()) as c:
        rows = store.summaries(c, limit=limit)
    for row in rows:
        cells = (row.id, f"{row.origin}:{row.position}", row.team or "-", row.reason, row.why)
        click.echo("\t".join(terminal.harmless(str(cell)) for cell in cells))
    if not rows:
        click.echo("Nothing is in quarantine.", err=True)


@quarantine.command()
@click.argument("id", type=click.IntRange(1, 2**63 - 1))
def show(id: int) -> None:
    """Print quarantined event ID exactly as it was received."""
    with storage.reading(open_engine()) as c:
        rows = store.originals(c, after=id - 1, limit=1)
    if not rows or rows[0].id != id:
        raise InputError(f"There is no {id} in quarantine", "", "See: usage-report quarantine list")
    sys.stdout.buffer.write(rows[0].raw + b"\n")


@quarantine.command()
def replay() -> None:
    """Re-process the quarantine: events that are now valid are ingested."""
    engine = open_engine()
    counts = pipeline.replay(engine, now=clock.now_ms())
    process_pending(engine)
    click.echo(outcome_counts(counts, quarantined="still in quarantine"))
    if counts.not_accepted:
        sys.exit(1)
