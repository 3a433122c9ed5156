"""The schema of a database: its version, its migrations, and the id of the database."""

from __future__ import annotations

import uuid
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from usage_report.core.errors import DatabaseError
from usage_report.storage.engine import connect, reading, writing
from usage_report.storage.tables import meta

#: The newest migration. A test compares it with Alembic's.
SCHEMA_VERSION = "0013"
MIGRATIONS = Path(__file__).parent / "migrations"
_IDENTITY = sa.select(meta.c.value).where(meta.c.key == "identity")


def schema_version(engine: Engine) -> str | None:
    """Return the version of a database's schema, or ``None`` for an empty database.

    Raises ``DatabaseError`` for a database that belongs to another program.
    """
    with reading(engine) as connection:
        tables = set(sa.inspect(connection).get_table_names())
        if "alembic_version" in tables:
            query = "SELECT version_num FROM alembic_version"
            version: str | None = connection.exec_driver_sql(query).scalar()
            return version
    if tables:
        raise DatabaseError(
            "The database belongs to something else",
            f"it has tables such as {min(tables)!r} and none of usage-report",
            "Name an empty database in USAGE_REPORT_DATABASE_URL.",
        )
    return None


def check_schema(version: str | None) -> None:
    """Raise ``DatabaseError`` unless this program works with a schema of that version."""
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
        "The database's schema is older than this version needs",
        f"it is {version}, and {SCHEMA_VERSION} is needed",
        "Run: usage-report migrate",
    )


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the schema to ``revision``, creating it in an empty database. Safe to run at any time.

    Raises ``DatabaseError`` where no migration leads from the database's schema to there.
    """
    with writing(engine) as connection:
        _upgrade(connection, revision)
        if connection.execute(_IDENTITY).scalar() is None:
            connection.execute(meta.insert(), {"key": "identity", "value": uuid.uuid4().hex})


def _upgrade(connection: Connection, revision: str) -> None:
    # Alembic takes a tenth of a second to import, and most runs need no migration.
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415 - see above
    from alembic.util import CommandError  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise DatabaseError(
            "The database's schema is none that this version knows",
            str(error),
            "Use the version of usage-report that made it, or another database.",
        ) from None


def prepare(engine: Engine) -> None:
    """Create the schema in an empty database, else check that this program works with it."""
    version = schema_version(engine)
    if version is None:
        migrate(engine)
    else:
        check_schema(version)


def open_database(url: str) -> Engine:
    """Connect and ``prepare``. Return an engine that is ready for use."""
    engine = connect(url)
    prepare(engine)
    return engine


def identity(engine: Engine) -> str:
    """Return the id of the database, which is part of every cache key."""
    with reading(engine) as connection:
        return str(connection.execute(_IDENTITY).scalar_one())
