"""The database: tables, connections, migrations, and every statement that writes.

Owns SQLite and PostgreSQL, event log and stored facts. May import ``core``, ``sources`` and
``metering``.
Does not own what is computed (``metering``), the order of the steps (``ingest``), or reports.
"""

from usage_report.storage.engine import (
    check_writable,
    connect,
    database_folder,
    is_file_gone,
    reading,
    try_writing,
    writing,
)
from usage_report.storage.schema import (
    SCHEMA_VERSION,
    check_schema,
    identity,
    migrate,
    open_database,
    prepare,
    schema_version,
)

__all__ = [
    "SCHEMA_VERSION",
    "check_schema",
    "check_writable",
    "connect",
    "credentials",
    "database_folder",
    "deliveries",
    "entities",
    "event_log",
    "facts",
    "identity",
    "inbox",
    "is_file_gone",
    "migrate",
    "open_database",
    "pending",
    "prepare",
    "quarantine",
    "reading",
    "schema_version",
    "session_quarters",
    "session_timelines",
    "tables",
    "teams",
    "try_writing",
    "vendor_figures",
    "writing",
]
