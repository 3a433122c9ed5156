"""``usage-report rebuild`` and ``migrate``: upkeep of the database."""

from __future__ import annotations

import click

from usage_report import storage
from usage_report.cli.connection import open_engine, process_pending, reader_for
from usage_report.cli.output import progress_bar
from usage_report.cli.parameters import TEAM
from usage_report.core import settings
from usage_report.ingest import pipeline


@click.command()
@click.option("--team", type=TEAM, metavar="TEAM", help="Only this team.")
def rebuild(team: str | None) -> None:
    """Recompute every figure from the events.

    Reports whether any figure was different. None should ever be, unless the database was edited.
    """
    engine = open_engine()
    process_pending(engine)
    any_differs = False
    for key in [team] if team else reader_for(engine).teams():
        with progress_bar(f"Rebuilding {key}", pipeline.pending_events(engine, key)) as advance:
            is_same = pipeline.rebuild(engine, key, progress=advance)
        result = "every figure as before" if is_same else "figures differ from before"
        click.echo(f"{key}: rebuilt, {result}")
        any_differs |= not is_same
    if any_differs:
        click.echo(
            "Stored figures did not match the events. They do now; please report this.", err=True
        )


@click.command()
def migrate() -> None:
    """Upgrade or create the database schema."""
    engine = storage.connect(settings.load().database_url)
    version = storage.schema_version(engine)
    if version and version > storage.SCHEMA_VERSION:
        storage.check_schema(version)
    storage.migrate(engine)
    click.echo(f"The schema is at {storage.SCHEMA_VERSION}.")
