"""Connections to SQLite (in WAL mode) and PostgreSQL, and the two kinds of transaction.

``reading`` sees one state of the database throughout. ``writing`` holds the one write lock of the
database, so writers take turns. A driver's error becomes a ``DatabaseError`` where ``faults`` can
explain it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from types import ModuleType
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, ExceptionContext, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from usage_report.core.clock import monotonic
from usage_report.core.errors import DatabaseError
from usage_report.storage import faults
from usage_report.storage.tables import meta

#: Seconds that a writer waits for the write lock of SQLite.
BUSY_SECONDS = 30
#: Key of the advisory lock that makes PostgreSQL writers take turns, as SQLite's do anyway.
_WRITE_LOCK = 0x75736167
_PASSWORD = re.compile(r":[^:@]*@")
#: ``synchronous=full``: what was acknowledged as accepted survives a power cut.
_PRAGMAS = (
    "synchronous=full",
    "foreign_keys=on",
    "cache_size=-65536",
    "mmap_size=268435456",
    "temp_store=memory",
)


def sqlite_module() -> ModuleType:
    """Return the newest SQLite driver that is installed.

    The pysqlite3 wheel has a SQLite without the WAL-reset fault of versions 3.7.0 to 3.51.2, which
    the Python of most systems is linked to. Source: https://sqlite.org/wal.html#walresetbug
    """
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return importlib.import_module("sqlite3")


def connect(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """Return an engine for a SQLAlchemy URL; no connection is opened yet.

    Raises ``DatabaseError`` for a URL that cannot be used.
    """
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # ValueError: the port is not a number
        raise DatabaseError(
            "USAGE_REPORT_DATABASE_URL is not a database URL",
            f"it reads {_PASSWORD.sub(':***@', url)[:60]!r}",
            "Write it as sqlite:///path/to/usage.db or postgresql://user:password@host/name.",
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        engine = _sqlite(parsed, busy_seconds)
    elif backend == "postgresql":
        engine = sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    else:
        raise DatabaseError(
            f"{backend!r} databases are not supported", "", "Use sqlite:///… or postgresql://…."
        )
    sa.event.listen(engine, "handle_error", _explain)
    return engine


def _sqlite(url: sa.URL, busy_seconds: float) -> Engine:
    path = url.database or ""
    if path in ("", ":memory:"):
        raise DatabaseError(
            "The database needs a file",
            "a database in memory is lost when the process ends",
            "Use sqlite:///path/to/usage.db.",
        )
    driver = sqlite_module()
    engine = sa.create_engine(
        url,
        module=driver,
        connect_args={"timeout": busy_seconds, "check_same_thread": False},
    )

    @sa.event.listens_for(engine, "do_connect")
    def make_folder(
        _dialect: sa.Dialect, _entry: ConnectionPoolEntry, _args: list[Any], options: dict[str, Any]
    ) -> None:
        if "uri" not in options:
            with contextlib.suppress(OSError):
                Path(path).parent.mkdir(parents=True, exist_ok=True)

    @sa.event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # ``begin`` below issues BEGIN
        connection.execute(f"PRAGMA busy_timeout={int(busy_seconds * 1000)}")
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            # A read-only database stays as it is. The first write to it fails with a clear error.
            with contextlib.suppress(driver.OperationalError):
                connection.execute("PRAGMA journal_mode=wal")
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if connection.get_execution_options().get("writes"):
            _lock_for_writing(connection, driver, busy_seconds)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _lock_for_writing(connection: Connection, driver: ModuleType, busy_seconds: float) -> None:
    """Begin a SQLite transaction that writes, as soon as no other one does.

    SQLite itself checks the lock less and less often while it waits, so a waiting writer would
    hardly ever meet the short gaps between the transactions of a busy one
    (https://sqlite.org/c3ref/busy_timeout.html). This checks every two milliseconds.
    """
    raw = cast("sqlite3.Connection", connection.connection.driver_connection)
    deadline = monotonic() + busy_seconds
    raw.execute("PRAGMA busy_timeout=0")
    try:
        while monotonic() < deadline:
            try:
                raw.execute("BEGIN IMMEDIATE")
            except driver.OperationalError as error:
                if "locked" not in str(error):
                    break
                sleep(0.002)
            else:
                return
        # The last attempt goes through SQLAlchemy, which raises the error with its explanation.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        raw.execute(f"PRAGMA busy_timeout={int(busy_seconds * 1000)}")


def _explain(context: ExceptionContext) -> None:
    """Raise a driver's error as a ``DatabaseError`` where there is a message for it."""
    error = context.original_exception
    if context.is_pre_ping:
        return  # the pool replaces a connection that it finds dead
    if fault := faults.explain(error, context.dialect):
        raise fault from error
    if context.connection is None:
        raise DatabaseError(
            "The database cannot be opened",
            faults.one_line(error)[:200],
            "Correct USAGE_REPORT_DATABASE_URL.",
        ) from error


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that sees one state of the database throughout."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that may write, when it is this writer's turn.

    The whole database has one writer at a time. The transaction is committed at the end of the
    block, and rolled back if the block raises.
    """
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_WRITE_LOCK)))
        yield connection


def try_writing(engine: Engine) -> None:
    """Write a row and roll it back. Raises ``DatabaseError`` where that is not possible.

    Taking the lock alone proves nothing: BEGIN IMMEDIATE succeeds on a read-only SQLite file.
    """
    with engine.connect().execution_options(writes=True) as connection:
        connection.execute(meta.insert(), {"key": "try", "value": ""})
        connection.rollback()


def check_writable(engine: Engine) -> None:
    """Raise ``DatabaseError`` for a database that is read-only.

    Takes no lock, so it does not wait for writers. Does not notice a full disk.
    """
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database or "")
        is_writable = all(os.access(p, os.W_OK) for p in (path, path.parent))
    else:
        with reading(engine) as connection:
            is_writable = connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "off"
    if not is_writable:
        raise DatabaseError(
            "The database is read-only",
            "",
            "Give this user write permission, or use another database.",
        )


def is_file_gone(engine: Engine) -> bool:
    """Return whether the file of a SQLite database was moved or deleted.

    Connections that are open would go on writing to the moved or deleted file.
    """
    return engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists()


def database_folder(engine: Engine) -> Path:
    """Return the folder of a SQLite database."""
    with reading(engine) as connection:
        databases = connection.exec_driver_sql("PRAGMA database_list").all()
    return Path(next(file for _, name, file in databases if name == "main")).parent
