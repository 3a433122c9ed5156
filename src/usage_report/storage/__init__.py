"""Tables, engines and migrations. SQL lives here, in ``ledger`` and ``store``, and in ``query``; nowhere else."""

from usage_report.storage.engine import (
    SCHEMA_VERSION,
    check,
    check_writable,
    connect,
    file_is_gone,
    folder,
    identity,
    migrate,
    open_database,
    prepare,
    reading,
    schema_version,
    try_writing,
    writing,
)

__all__ = [
    "SCHEMA_VERSION",
    "check",
    "check_writable",
    "connect",
    "file_is_gone",
    "folder",
    "identity",
    "migrate",
    "open_database",
    "prepare",
    "reading",
    "schema_version",
    "try_writing",
    "writing",
]
