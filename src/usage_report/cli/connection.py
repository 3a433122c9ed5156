"""How commands open the database: one way for all of them."""

from __future__ import annotations

from sqlalchemy.engine import Engine

from usage_report import storage
from usage_report.cli.output import progress_bar
from usage_report.core import settings
from usage_report.ingest import pipeline
from usage_report.reporting.reader import Reader


def open_engine() -> Engine:
    """Open the database that the settings name, and create its schema if there is none."""
    return storage.open_database(settings.load().database_url)


def reader_for(engine: Engine) -> Reader:
    """Return a reader of the database that uses the inactivity timeout of the settings."""
    return Reader(engine, settings.load().stale_after)


def process_pending(engine: Engine) -> None:
    """Bring the figures up to date with every stored event, with a progress bar on a terminal."""
    pending = pipeline.pending_events(engine)
    if pending:
        with progress_bar("Counting", pending) as advance:
            pipeline.process_pending(engine, progress=advance)
