"""Tables, engines and migrations. SQL lives here, in ``ledger`` and ``store``, and in ``query``; nowhere else."""

from .engine import (
    HEAD,
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
    "HEAD",
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
