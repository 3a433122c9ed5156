"""Opening databases: SQLite (WAL) and PostgreSQL, and every fault of theirs as a sentence.

``connect`` opens, ``prepare`` creates or checks the schema. Writers take turns: ``writing`` holds the one write lock.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url

from usage_report.core.errors import DatabaseError
from usage_report.storage.tables import meta

#: Newest migration; a test holds it equal to Alembic's own word.
SCHEMA_VERSION = "0007"
#: Key of the advisory lock that PostgreSQL writers take: one writer at a time, as SQLite has it anyway.
_LOCK = 0x75736167
BUSY_SECONDS = 30
_PASSWORD = re.compile(r":[^:@]*@")


def _sqlite_module():
    """The newest SQLite at hand: the pysqlite3 wheel brings one without the WAL-reset fault of 3.7.0 to 3.51.2
    (https://sqlite.org/wal.html#walresetbug), which most systems' Python is linked to.
    """
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return importlib.import_module("sqlite3")


def connect(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Engine:
    """An engine for a SQLAlchemy URL; nothing is opened yet. Raises ``DatabaseError`` for a URL it cannot use."""
    try:
        parsed = make_url(url)
    except (sa.exc.ArgumentError, ValueError):  # ValueError: a port that is no number
        raise DatabaseError(
            "USAGE_REPORT_DATABASE_URL is not a database URL",
            f"it reads {_PASSWORD.sub(':***@', url)[:60]!r}",
            "Write it as sqlite:///path/to/usage.db or postgresql://user:password@host/name.",
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _sqlite(parsed, busy_seconds)
    if backend == "postgresql":
        engine = sa.create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        _explain_errors(engine)
        return engine
    raise DatabaseError(
        f"{backend!r} databases are not supported", "", "Use sqlite:///… or postgresql://…."
    )


def _sqlite(url: sa.URL, busy_seconds: float) -> Engine:
    path = url.database or ""
    if path in ("", ":memory:"):
        raise DatabaseError(
            "The database needs a file",
            "one in memory is gone with the process",
            "Use sqlite:///path/to/usage.db.",
        )
    engine = sa.create_engine(
        url,
        module=_sqlite_module(),
        connect_args={"timeout": busy_seconds, "check_same_thread": False},
    )

    @sa.event.listens_for(engine, "do_connect")
    def make_folder(dialect, record, args, kwargs):
        if "uri" not in kwargs:
            with contextlib.suppress(OSError):
                Path(path).parent.mkdir(parents=True, exist_ok=True)

    @sa.event.listens_for(engine, "connect")
    def configure(connection, record):
        connection.isolation_level = None  # we say BEGIN ourselves
        run = connection.execute
        run(f"PRAGMA busy_timeout={int(busy_seconds * 1000)}")
        if run("PRAGMA journal_mode").fetchone()[0] != "wal":
            # A database we may only read stays as it is; writing to it says why it fails.
            with contextlib.suppress(_sqlite_module().OperationalError):
                run("PRAGMA journal_mode=wal")
        # full: what has been answered "accepted" outlives a power cut, too. Batches share the wait.
        for pragma in (
            "synchronous=full",
            "foreign_keys=on",
            "cache_size=-65536",
            "mmap_size=268435456",
            "temp_store=memory",
        ):
            run(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection):
        if connection.get_execution_options().get("writes"):
            _take_turn(connection, busy_seconds)
        else:
            connection.exec_driver_sql("BEGIN")

    _explain_errors(engine)
    return engine


def _take_turn(connection: Connection, patience: float) -> None:
    """Begin to write as soon as nobody else does.

    SQLite looks less and less often the longer it waits (https://sqlite.org/c3ref/busy_timeout.html): one that waits would
    hardly ever meet the short gaps between the transactions of a busy writer. This looks every two milliseconds.
    """
    driver = connection.connection.driver_connection
    until = time.monotonic() + patience
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while time.monotonic() < until:
            try:
                driver.execute("BEGIN IMMEDIATE")
                return
            except _sqlite_module().OperationalError as error:
                if "locked" not in str(error):
                    break
            time.sleep(0.002)
        connection.exec_driver_sql(
            "BEGIN IMMEDIATE"
        )  # the last time, with SQLAlchemy hearing of what is wrong
    finally:
        driver.execute(f"PRAGMA busy_timeout={int(patience * 1000)}")


#: (words of the driver's message, what, what to do)
_FAULTS = (
    ("database is locked", "The database is locked", "Another process holds it for writing; wait until it is done, or stop it."),
    ("readonly database", "The database is read-only", "Give this user write permission to the file and its folder, or use another database."),
    ("disk is full", "The disk of the database is full", "Free some space and run the same again: nothing half-done was kept."),
    ("disk i/o error", "The disk of the database does not answer", "Check the disk and its free space; nothing half-done was kept."),
    ("not a database", "The file is not a SQLite database", "Check the path in USAGE_REPORT_DATABASE_URL."),
    ("malformed", "The database file is damaged", "Restore it from a backup, or ingest the events into a new one."),
    ("unable to open database file", "The database file cannot be opened", "Check the path in USAGE_REPORT_DATABASE_URL and its permissions."),
    ("read-only transaction", "The database is read-only", "Use a server and a user that may write."),
    ("failed to resolve host", "The database server cannot be reached", "Check the host name in USAGE_REPORT_DATABASE_URL."),
    ("permission denied", "The database user may not do this", "Let the user of USAGE_REPORT_DATABASE_URL create and write tables in its database."),
    ("password authentication failed", "The database server refuses the password", "Check user and password in USAGE_REPORT_DATABASE_URL."),
    ("fatal: database", "The database server has no such database", "Create it, or correct USAGE_REPORT_DATABASE_URL."),
    ("connection refused", "The database server does not answer", "Check that it runs and that USAGE_REPORT_DATABASE_URL names it rightly."),
    ("connection failed", "The database server cannot be reached", "Check that it runs and that USAGE_REPORT_DATABASE_URL names it rightly."),
    ("does not exist", "The database lacks something this version needs", "Run: usage-report doctor"),
    ("no such table", "The database lacks something this version needs", "Run: usage-report doctor"),
    ("no such column", "The database lacks something this version needs", "Run: usage-report doctor"),
    ("no space left", "The disk of the database is full", "Free some space and run the same again: nothing half-done was kept."),
)  # fmt: skip


def explained(error: BaseException, dialect: sa.Dialect) -> DatabaseError | None:
    """The sentence for a driver's error, or ``None`` where it is a defect of ours."""
    text = " ".join(str(error).split())
    for words, what, todo in _FAULTS:
        if words in text.lower():
            return DatabaseError(what, text[:200], todo)
    if isinstance(error, dialect.loaded_dbapi.OperationalError):
        return DatabaseError(
            "The database cannot go on",
            text[:200],
            "Nothing half-done was kept. Run: usage-report doctor",
        )
    return None


def _explain_errors(engine: Engine) -> None:
    @sa.event.listens_for(engine, "handle_error")
    def explain(context):
        original = context.original_exception
        if context.is_pre_ping:
            return  # a pooled connection found dead is replaced: nobody's fault
        if fault := explained(original, engine.dialect):
            raise fault from original
        if context.connection is None:
            text = " ".join(str(original).split())
            raise DatabaseError(
                "The database cannot be opened", text[:200], "Correct USAGE_REPORT_DATABASE_URL."
            ) from original


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database throughout."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextlib.contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that may write. One at a time for the whole database; others wait their turn."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        yield connection


def schema_version(engine: Engine) -> str | None:
    """The database's migration, or ``None`` for an empty database. Raises ``DatabaseError`` if it is somebody else's."""
    with reading(engine) as connection:
        tables = set(sa.inspect(connection).get_table_names())
        if "alembic_version" not in tables:
            if tables:
                raise DatabaseError(
                    "The database belongs to something else",
                    f"it has tables such as {sorted(tables)[0]!r} and none of ours",
                    "Name an empty database in USAGE_REPORT_DATABASE_URL.",
                )
            return None
        return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()


def check(version: str | None) -> None:
    """Raise ``DatabaseError`` where a schema version is not the one this program works with."""
    if version == SCHEMA_VERSION:
        return
    if version is None:
        raise DatabaseError(
            "The database is empty", "", "Run: usage-report ingest FILE, or: usage-report demo"
        )
    if version > SCHEMA_VERSION:
        raise DatabaseError(
            "The database was made by a newer version of usage-report",
            f"its schema is {version}, this version knows {SCHEMA_VERSION}",
            "Install the newer version.",
        )
    raise DatabaseError(
        "The database's schema is behind this version",
        f"it is {version}, this version needs {SCHEMA_VERSION}",
        "Run: usage-report migrate",
    )


def migrate(engine: Engine) -> None:
    """Bring the schema to the newest version, creating it where there is none. Safe to run at any time."""
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option(
        "script_location", str(Path(__file__).parent / "migrations").replace("%", "%%")
    )
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise DatabaseError(
                "The database's schema is none that this version knows",
                str(error),
                "Use the version that made it, or another database.",
            ) from None
        if (
            connection.execute(sa.select(meta.c.value).where(meta.c.key == "identity")).scalar()
            is None
        ):
            connection.execute(meta.insert(), {"key": "identity", "value": uuid.uuid4().hex})


def prepare(engine: Engine) -> None:
    """Create the schema in an empty database; else check that it is the one this version needs."""
    version = schema_version(engine)
    if version is None:
        migrate(engine)
    else:
        check(version)


def open_database(url: str) -> Engine:
    """Connect and ``prepare``: an engine ready for work."""
    engine = connect(url)
    prepare(engine)
    return engine


def try_writing(engine: Engine) -> None:
    """Write and take it back. Raises ``DatabaseError``: on a read-only SQLite file even BEGIN IMMEDIATE goes through."""
    with engine.connect().execution_options(writes=True) as connection:
        connection.execute(meta.insert(), {"key": "try", "value": ""})
        connection.rollback()


def check_writable(engine: Engine) -> None:
    """Raise ``DatabaseError`` where a database can be read only. Takes no lock, so a busy one is not held up; a full disk is not seen."""
    if engine.dialect.name == "sqlite":
        path = Path(engine.url.database or "")
        writable = all(os.access(p, os.W_OK) for p in (path, path.parent))
    else:
        with reading(engine) as connection:
            writable = connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "off"
    if not writable:
        raise DatabaseError(
            "The database is read-only",
            "",
            "Give this user write permission, or use another database.",
        )


def file_is_gone(engine: Engine) -> bool:
    """Has the file of a SQLite database been moved or deleted? Open connections would go on writing to it."""
    return engine.dialect.name == "sqlite" and not os.path.exists(engine.url.database or "")


def folder(engine: Engine) -> Path:
    """The folder a SQLite database lies in."""
    with reading(engine) as connection:
        name = next(
            row[2] for row in connection.exec_driver_sql("PRAGMA database_list") if row[1] == "main"
        )
    return Path(name).parent


def identity(engine: Engine) -> str:
    """The database's own id: part of every cache key, so two databases never answer for each other."""
    with reading(engine) as connection:
        return connection.execute(
            sa.select(meta.c.value).where(meta.c.key == "identity")
        ).scalar_one()
