"""Tables, engines and migrations. SQL lives here, in ``ledger`` and ``store``, and in ``query``; nowhere else."""

from .engine import check, connect, identity, migrate, prepare, reading, schema_version, writing

__all__ = ["check", "connect", "identity", "migrate", "prepare", "reading", "schema_version", "writing"]
