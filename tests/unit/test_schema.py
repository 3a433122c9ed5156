"""The migrated schema is the one that the code describes, on each database."""

from __future__ import annotations

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from usage_report import storage
from usage_report.storage import tables


def test_the_schema_version_is_that_of_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", "usage_report:storage/migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [storage.SCHEMA_VERSION]


def test_migrations_make_the_tables_of_the_code(engine):
    """Compare tables, columns, types, nullability, keys and indexes."""
    with engine.connect() as c:
        context = MigrationContext.configure(
            c, opts={"compare_type": True, "target_metadata": tables.metadata}
        )
        assert compare_metadata(context, tables.metadata) == []
        found = sa.inspect(c)
        for table in tables.metadata.sorted_tables:
            assert found.get_pk_constraint(table.name)["constrained_columns"] == [
                column.name for column in table.primary_key
            ], table.name
            foreign_keys = {
                (tuple(key["constrained_columns"]), key["referred_table"])
                for key in found.get_foreign_keys(table.name)
            }
            assert foreign_keys == {
                ((key.parent.name,), key.column.table.name) for key in table.foreign_keys
            }, table.name


def test_partial_indexes_are_partial_in_the_database(engine):
    """The comparison of schemas ignores the condition of an index.

    Without the condition, finding pending sessions would read all sessions.
    """
    with engine.connect() as c:
        statement = (
            "SELECT sql FROM sqlite_master WHERE name = ?"
            if engine.dialect.name == "sqlite"
            else "SELECT indexdef FROM pg_indexes WHERE indexname = %s"
        )
        for name, column in (("sessions_pending", "is_pending"), ("sessions_open", "is_open")):
            text = c.exec_driver_sql(statement, (name,)).scalar_one()
            assert text.replace("(", "").replace('"', "").rstrip(")").endswith(f"WHERE {column}")
