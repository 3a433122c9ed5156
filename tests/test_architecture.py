"""The layer table: imports point down, Streamlit, SQL and clocks stay where they belong, the schema is what the code says."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from usage_report import storage
from usage_report.storage import tables

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "usage_report"

#: From the bottom up. A module may import what is on lines above its own, and within its own package.
#: Modules that share a line do not know each other.
LAYERS = (
    ("errors", "logs"),
    ("periods", "settings"),
    ("events", "metrics"),
    ("plans",),
    ("sources", "presets", "demo"),
    ("metering",),
    ("db",),
    ("ledger",),
    ("inbox",),
    ("store", "access", "intake"),
    ("pipeline",),
    ("query",),
    ("teams", "formats"),
    ("courses", "charts", "export", "texts", "sample"),
    ("reconcile", "vendors"),
    ("doctor", "worker"),
    ("api",),
    ("ui", "cli_service"),
    ("cli",),
)
RANK = {name: i for i, layer in enumerate(LAYERS) for name in layer}

#: Where statements may be written. Others name Engine and Connection as types at most.
SQL = {"db", "ledger", "inbox", "store", "access", "intake", "teams", "query"}
#: Modules whose every answer is a function of their arguments.
PURE = {
    "errors",
    "periods",
    "events",
    "metrics",
    "plans",
    "metering",
    "query",
    "charts",
    "formats",
    "courses",
    "export",
    "reconcile",
    "texts",
    "presets",
    "demo",
}
#: The only modules that may know Streamlit, by path from the root.
STREAMLIT = ("src/usage_report/ui/", "pages/", "app.py")

CLOCKS = {
    "time": {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "localtime", "gmtime"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}


def modules() -> list[Path]:
    return sorted(p for p in SOURCE.rglob("*.py") if "migrations" not in p.parts)


def top(path: Path) -> str:
    """The name in the layer table that a file belongs to."""
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def imports(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    """(absolute name of what is imported, the statement), wherever in the file it stands."""
    package = ["usage_report", *path.relative_to(SOURCE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *filter(None, [node.module])])
            yield from ((f"{stem}.{alias.name}", node) for alias in node.names)


ours = pytest.mark.parametrize("path", modules(), ids=name_of)


@ours
def test_every_module_has_its_layer(path):
    assert path.name == "__init__.py" or top(path) in RANK, (
        f"{name_of(path)} is in no layer: place it in LAYERS"
    )


@ours
def test_imports_point_down(path):
    own = top(path)
    if own == "__init__":
        assert not [n for n, _ in imports(path) if n.startswith("usage_report.")]
        return
    for name, node in imports(path):
        parts = name.split(".")
        if (
            parts[0] != "usage_report"
            or parts[1] == own
            or parts[1].strip("_").isupper()
            or parts[1] == "__version__"
        ):
            continue  # constants of the package itself are below everything
        assert parts[1] in RANK, (
            f"{name_of(path)}:{node.lineno} imports {name}, which is in no layer"
        )
        assert RANK[parts[1]] < RANK[own], (
            f"{name_of(path)}:{node.lineno} imports {parts[1]}, which is not below {own}"
        )


@ours
def test_streamlit_stays_in_the_pages(path):
    if not name_of(path).startswith("ui/"):
        assert not [n for n, _ in imports(path) if n.split(".")[0] == "streamlit"]


@ours
def test_sql_stays_in_its_modules(path):
    """Outside them at most the types ``Engine`` and ``Connection`` are named, and nothing is executed."""
    if top(path) in SQL:
        return
    for name, node in imports(path):
        if name.split(".")[0] in ("sqlalchemy", "alembic", "psycopg", "sqlite3", "pysqlite3"):
            assert name in ("sqlalchemy.engine.Engine", "sqlalchemy.engine.Connection"), (
                f"{name_of(path)}:{node.lineno} imports {name}"
            )
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            assert node.attr not in ("execute", "exec_driver_sql", "executemany", "scalars"), (
                f"{name_of(path)}:{node.lineno} runs SQL"
            )


@ours
def test_pure_modules_read_no_clock(path):
    if top(path) not in PURE:
        return
    for name, node in imports(path):
        assert name.split(".")[0] != "time", f"{name_of(path)}:{node.lineno} imports the clock"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert node.attr not in CLOCKS.get(node.value.id, ()), (
                f"{name_of(path)}:{node.lineno} reads the clock"
            )
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            assert node.attr not in CLOCKS.get(node.value.attr, ()), (
                f"{name_of(path)}:{node.lineno} reads the clock"
            )


def test_metering_knows_no_database():
    """The core can be used, tested and timed without a database."""
    for path in (SOURCE / "metering").glob("*.py"):
        assert not {n.split(".")[0] for n, _ in imports(path)} & {
            "sqlalchemy",
            "streamlit",
            "pandas",
        }


@pytest.mark.parametrize("path", sorted((ROOT / "pages").glob("*.py")), ids=lambda p: p.name)
def test_pages_only_show(path):
    """No SQL, no charts, no arithmetic libraries: a page asks the user interface's own modules."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = (
            [a.name for a in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
        for name in names:
            assert name.split(".")[0] not in ("sqlalchemy", "altair", "numpy", "pandas"), (
                f"{path.name}:{node.lineno}"
            )
            assert name not in (
                "usage_report.storage",
                "usage_report.storage.facts",
                "usage_report.storage.event_log",
                "usage_report.reporting.reader",
            )


def test_the_checks_can_fail(tmp_path, monkeypatch):
    """A file that breaks every rule is caught by every rule."""
    bad = SOURCE / "metering" / "bad.py"
    text = "import streamlit, time\nimport sqlalchemy as sa\nfrom ..cli import main\nfrom datetime import datetime\ndef f(c): return c.execute(datetime.now())\n"
    real = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda self, *a, **k: text if self == bad else real(self, *a, **k)
    )
    for check in (
        test_imports_point_down,
        test_streamlit_stays_in_the_pages,
        test_sql_stays_in_its_modules,
        test_pure_modules_read_no_clock,
    ):
        with pytest.raises(AssertionError):
            check(bad)


def test_head_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(SOURCE / "db" / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [storage.SCHEMA_VERSION]


def test_migrations_make_the_tables_of_the_code(engine):
    """Tables, columns, types, nullability, keys and indexes, on each database."""
    with engine.connect() as c:
        context = MigrationContext.configure(
            c, opts={"compare_type": True, "target_metadata": tables.metadata}
        )
        assert compare_metadata(context, tables.metadata) == []
        found = sa.inspect(c)
        for table in tables.metadata.sorted_tables:
            assert found.get_pk_constraint(table.name)["constrained_columns"] == [
                x.name for x in table.primary_key
            ], table.name
            there = {
                (tuple(k["constrained_columns"]), k["referred_table"])
                for k in found.get_foreign_keys(table.name)
            }
            assert there == {((k.parent.name,), k.column.table.name) for k in table.foreign_keys}, (
                table.name
            )


def test_partial_indexes_are_partial_in_the_database(engine):
    """Comparison does not see an index's condition; without it, finding pending sessions reads all that ever were."""
    with engine.connect() as c:
        where = (
            "SELECT sql FROM sqlite_master WHERE name = ?"
            if engine.dialect.name == "sqlite"
            else "SELECT indexdef FROM pg_indexes WHERE indexname = %s"
        )
        for name in ("sessions_pending", "sessions_open"):
            text = c.exec_driver_sql(where, (name,)).scalar_one()
            assert f"WHERE {name.removeprefix('sessions_')}" in text.replace("(", "").replace(
                '"', ""
            ), text
