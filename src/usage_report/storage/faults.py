"""Database errors as messages for users: what happened, why, and what to do."""

from __future__ import annotations

import sqlalchemy as sa

from usage_report.core.errors import DatabaseError

#: Characters of the driver's message that a message quotes.
_MAX_TEXT = 200
_URL = "USAGE_REPORT_DATABASE_URL"
_SPACE = "Free some space and run the same command again. The failed step left nothing behind."
_DOCTOR = "Run: usage-report doctor"

#: Known faults: a part of the driver's message in lower case, what happened, what to do. The first
#: whose text occurs in the message applies.
_FAULTS = (
    (
        "database is locked",
        "The database is locked",
        "Another process holds the write lock. Wait until it is done, or stop it.",
    ),
    (
        "readonly database",
        "The database is read-only",
        "Give this user write permission to the file and its folder, or use another database.",
    ),
    ("disk is full", "The disk of the database is full", _SPACE),
    (
        "disk i/o error",
        "The disk of the database reports an error",
        "Check the disk and its free space. The failed step left nothing behind.",
    ),
    ("not a database", "The file is not a SQLite database", f"Check the path in {_URL}."),
    (
        "malformed",
        "The database file is damaged",
        "Restore it from a backup, or ingest the events into a new database.",
    ),
    (
        "unable to open database file",
        "The database file cannot be opened",
        f"Check the path in {_URL} and its permissions.",
    ),
    (
        "read-only transaction",
        "The database is read-only",
        "Use a server and a user that may write.",
    ),
    (
        "failed to resolve host",
        "The database server cannot be reached",
        f"Check the host name in {_URL}.",
    ),
    (
        "permission denied",
        "The database user may not do this",
        f"Allow the user in {_URL} to create and write tables in its database.",
    ),
    (
        "password authentication failed",
        "The database server refuses the password",
        f"Check user and password in {_URL}.",
    ),
    (
        "fatal: database",
        "The database server has no such database",
        f"Create it, or correct {_URL}.",
    ),
    (
        "connection refused",
        "The database server does not answer",
        f"Check that it runs, and host and port in {_URL}.",
    ),
    (
        "connection failed",
        "The database server cannot be reached",
        f"Check that it runs, and host and port in {_URL}.",
    ),
    ("does not exist", "The database lacks something this version needs", _DOCTOR),
    ("no such table", "The database lacks something this version needs", _DOCTOR),
    ("no such column", "The database lacks something this version needs", _DOCTOR),
    ("no space left", "The disk of the database is full", _SPACE),
)


def explain(error: BaseException, dialect: sa.Dialect) -> DatabaseError | None:
    """Return the message for a driver's error, or ``None`` for a defect of this package."""
    text = one_line(error)
    for part, what, todo in _FAULTS:
        if part in text.lower():
            return DatabaseError(what, text[:_MAX_TEXT], todo)
    if isinstance(error, dialect.loaded_dbapi.OperationalError):
        todo = f"The failed step left nothing behind. {_DOCTOR}"
        return DatabaseError("The database failed", text[:_MAX_TEXT], todo)
    return None


def one_line(error: BaseException) -> str:
    """Return an error's message on one line."""
    return " ".join(str(error).split())
