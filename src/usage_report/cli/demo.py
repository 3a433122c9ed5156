"""``usage-report demo``: data of a sample company."""

from __future__ import annotations

import click

from usage_report.cli.connection import open_engine, process_pending
from usage_report.cli.output import progress_bar
from usage_report.core import clock
from usage_report.demo import TEAM
from usage_report.ingest import sample
from usage_report.storage import teams


@click.command()
@click.option("--if-empty", is_flag=True, help="Only if the database has no team of your own.")
@click.option("--remove", is_flag=True, help="Delete the sample team and all its data.")
def demo(*, if_empty: bool, remove: bool) -> None:
    """Add 13 months of sample data up to now. If there is sample data, add only what is missing."""
    engine = open_engine()
    if remove:
        removed = sample.remove(engine)
        click.echo("The sample data is deleted." if removed else "There is no sample data.")
        return
    if if_empty and teams.has_own(engine):
        return
    now = clock.now_ms()
    since, until = sample.span(engine, now)
    with progress_bar("Sample data", until - since) as advance:
        added = sample.fill(engine, now=now, progress=advance)
    process_pending(engine)
    if added:
        click.echo(f"Sample data of team {TEAM!r}: {added:,} events added.")
