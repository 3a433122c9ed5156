"""The layout of the package, as the table in ``docs/design.md`` states it.

Each rule is a function from one module to the faults it finds. Each is run on every module, and on
a planted fault, so a rule that can no longer fail is noticed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "usage_report"
PACKAGE = "usage_report"


def floors() -> dict[str, int]:
    """Read the floor of each folder from the first table of the design page."""
    rows = re.findall(
        r"^\| (\d) \| `(\w+)/` \|", (ROOT / "docs" / "design.md").read_text("utf-8"), re.MULTILINE
    )
    return {folder: int(floor) for floor, folder in rows}


FLOOR = floors()
#: Entrances do not know each other; these modules put them together.
COMPOSITION_ROOTS = {"cli/serve.py", "cli/app.py"}
SQL_FOLDERS = {"storage", "reporting"}
#: Types that may be named anywhere: they say what a function needs, and run nothing.
SQL_TYPES = {"sqlalchemy.engine.Engine", "sqlalchemy.engine.Connection"}
SQL_LIBRARIES = {"sqlalchemy", "alembic", "psycopg", "sqlite3", "pysqlite3"}
SQL_CALLS = {"execute", "exec_driver_sql", "executemany", "scalars"}
CLOCK_READS = {
    "time": {
        "time",
        "time_ns",
        "monotonic",
        "monotonic_ns",
        "perf_counter",
        "perf_counter_ns",
        "localtime",
        "gmtime",
    },
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}


#: Public although they begin with an underscore, so that they do not collide with fields.
NAMED_TUPLE = {"_asdict", "_fields", "_make", "_replace"}


class Module(NamedTuple):
    """One module: its path within the package, and its parsed text."""

    path: str
    tree: ast.Module

    @property
    def folder(self) -> str:
        return self.path.split("/")[0] if "/" in self.path else ""


class Imported(NamedTuple):
    """One imported name: the module it is imported from, the name, and the line."""

    module: str
    name: str
    line: int

    @property
    def full(self) -> str:
        return f"{self.module}.{self.name}" if self.name else self.module


def parse(path: str, text: str) -> Module:
    return Module(path, ast.parse(text))


def modules() -> list[Module]:
    """Read all modules but the frozen migrations."""
    return [
        parse(str(path.relative_to(SOURCE)), path.read_text("utf-8"))
        for path in sorted(SOURCE.rglob("*.py"))
        if "migrations" not in path.parts
    ]


def imports(module: Module) -> Iterator[Imported]:
    """Yield what a module imports, wherever in it the statement is."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (Imported(alias.name, "", node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            yield from (Imported(source, alias.name, node.lineno) for alias in node.names)


def own_imports(module: Module) -> Iterator[tuple[Imported, list[str]]]:
    """Yield imports of this package from another folder, with the parts behind the package."""
    for found in imports(module):
        parts = found.full.split(".")
        is_own = parts[0] == PACKAGE and len(parts) > 1 and parts[1] in FLOOR
        if is_own and parts[1] != module.folder:
            yield found, parts[1:]


def exported(folder: str) -> set[str]:
    """Read the public names of a folder: ``__all__`` of its ``__init__``."""
    for node in ast.parse((SOURCE / folder / "__init__.py").read_text("utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


# -- the rules


def is_in_the_table(module: Module) -> Iterator[str]:
    """Every module is in a folder of the table; the package itself holds three files."""
    if module.folder not in FLOOR and module.path not in ("__init__.py", "__main__.py"):
        yield f"{module.path} is in no folder of the table in docs/design.md"


def imports_point_down(module: Module) -> Iterator[str]:
    """A module imports from lower floors only, and from its own folder."""
    if not module.folder or module.path in COMPOSITION_ROOTS:
        return
    for found, (folder, *_) in own_imports(module):
        if FLOOR[folder] >= FLOOR[module.folder]:
            yield f"{module.path}:{found.line} imports {found.full}, which is not below"
    for found in imports(module):
        if found.module.startswith("."):
            yield f"{module.path}:{found.line} has a relative import"


def private_names_stay_in_their_folder(module: Module) -> Iterator[str]:
    """No name with a leading underscore is used in another folder."""
    foreign = set()
    for found, parts in own_imports(module):
        foreign.add(found.name)
        if any(part.startswith("_") for part in parts):
            yield f"{module.path}:{found.line} imports the private {found.full}"
    for node in ast.walk(module.tree):
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in foreign
            and node.attr.startswith("_")
            and not node.attr.startswith("__")
            and node.attr not in NAMED_TUPLE
        ):
            yield f"{module.path}:{node.lineno} uses the private {node.value.id}.{node.attr}"


def folders_are_entered_by_their_door(module: Module) -> Iterator[str]:
    """Another folder's names come from what its ``__init__`` exports."""
    for found, parts in own_imports(module):
        if len(parts) > 1 and parts[1] not in exported(parts[0]):
            yield f"{module.path}:{found.line} imports {found.full}, which {parts[0]} does not export"


def sql_stays_in_storage_and_reporting(module: Module) -> Iterator[str]:
    """Elsewhere only the types ``Engine`` and ``Connection`` are named, and nothing is executed."""
    if module.folder in SQL_FOLDERS:
        return
    for found in imports(module):
        if found.full.split(".")[0] in SQL_LIBRARIES and found.full not in SQL_TYPES:
            yield f"{module.path}:{found.line} imports {found.full}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr in SQL_CALLS:
            yield f"{module.path}:{node.lineno} runs SQL"


def streamlit_stays_in_the_pages(module: Module) -> Iterator[str]:
    """Only ``ui`` knows Streamlit; outside the package ``pages/`` and ``app.py`` do."""
    if module.folder == "ui" or module.path == "cli/app.py":
        return
    for found in imports(module):
        if found.full.split(".")[0] == "streamlit":
            yield f"{module.path}:{found.line} imports streamlit"


def only_the_clock_reads_the_time(module: Module) -> Iterator[str]:
    """Instants are arguments; ``core/clock.py`` is where they come from."""
    if module.path == "core/clock.py":
        return
    for found in imports(module):
        if found.name in CLOCK_READS["time"] and found.module == "time":
            yield f"{module.path}:{found.line} imports {found.full}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute):
            holder = node.value
            name = (
                holder.attr
                if isinstance(holder, ast.Attribute)
                else holder.id
                if isinstance(holder, ast.Name)
                else ""
            )
            if node.attr in CLOCK_READS.get(name, ()):
                yield f"{module.path}:{node.lineno} reads a clock ({name}.{node.attr})"


def metering_is_pure(module: Module) -> Iterator[str]:
    """The core can be used, tested and measured without a database or a page."""
    if module.folder != "metering":
        return
    for found in imports(module):
        if found.full.split(".")[0] in {*SQL_LIBRARIES, "streamlit", "pandas", "logging", "os"}:
            yield f"{module.path}:{found.line} imports {found.full}"


def folders_introduce_themselves(module: Module) -> Iterator[str]:
    """The docstring of a folder says what it owns, may import and does not own."""
    if not module.folder or module.path != f"{module.folder}/__init__.py":
        return
    text = ast.get_docstring(module.tree) or ""
    for word in ("Owns", "import", "not own"):
        if word not in text:
            yield f"{module.path}: its docstring does not say {word!r}"
    if not exported(module.folder):
        yield f"{module.path} exports nothing"


Rule = Callable[[Module], Iterator[str]]
RULES: tuple[Rule, ...] = (
    is_in_the_table,
    imports_point_down,
    private_names_stay_in_their_folder,
    folders_are_entered_by_their_door,
    sql_stays_in_storage_and_reporting,
    streamlit_stays_in_the_pages,
    only_the_clock_reads_the_time,
    metering_is_pure,
    folders_introduce_themselves,
)
rules = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)


@pytest.mark.fast
@rules
def test_every_module_keeps_the_rule(rule: Rule):
    assert [fault for module in modules() for fault in rule(module)] == []


#: One planted fault or more for each rule: (rule, path, text).
PLANTED: tuple[tuple[Rule, str, str], ...] = (
    (is_in_the_table, "flat.py", ""),
    (is_in_the_table, "extra/module.py", ""),
    (imports_point_down, "metering/x.py", "from usage_report.cli.main import main"),
    (imports_point_down, "storage/x.py", "def f():\n    from usage_report.ingest import pipeline"),
    (imports_point_down, "ui/x.py", "from usage_report.api import app"),
    (imports_point_down, "core/x.py", "from .. import storage"),
    (
        private_names_stay_in_their_folder,
        "ingest/x.py",
        "from usage_report.storage.bulk import _parts",
    ),
    (
        private_names_stay_in_their_folder,
        "ingest/x.py",
        "from usage_report.storage import bulk\nbulk._parts([])",
    ),
    (
        folders_are_entered_by_their_door,
        "ingest/x.py",
        "from usage_report.storage.migrations import env",
    ),
    (sql_stays_in_storage_and_reporting, "ingest/x.py", "import sqlalchemy as sa"),
    (sql_stays_in_storage_and_reporting, "ui/x.py", "def f(c):\n    return c.execute('SELECT 1')"),
    (streamlit_stays_in_the_pages, "render/x.py", "import streamlit as st"),
    (streamlit_stays_in_the_pages, "api/x.py", "from streamlit.runtime import exists"),
    (only_the_clock_reads_the_time, "ingest/x.py", "import time\ntime.time()"),
    (only_the_clock_reads_the_time, "core/x.py", "from time import monotonic"),
    (
        only_the_clock_reads_the_time,
        "demo/x.py",
        "import datetime\ndatetime.datetime.now(datetime.UTC)",
    ),
    (only_the_clock_reads_the_time, "ui/x.py", "from datetime import date\ndate.today()"),
    (metering_is_pure, "metering/x.py", "import pandas as pd"),
    (folders_introduce_themselves, "core/__init__.py", '"""Things."""'),
)


@pytest.mark.fast
@pytest.mark.parametrize(
    ("rule", "path", "text"), PLANTED, ids=[f"{r.__name__}-{p}" for r, p, _ in PLANTED]
)
def test_a_planted_fault_is_found(rule: Rule, path: str, text: str):
    assert list(rule(parse(path, text)))


@pytest.mark.fast
def test_every_rule_has_a_planted_fault():
    assert {rule for rule, _, _ in PLANTED} == set(RULES)


@pytest.mark.fast
def test_the_table_names_the_folders_that_exist():
    folders = {p.name for p in SOURCE.iterdir() if p.is_dir() and p.name != "__pycache__"}
    assert set(FLOOR) == folders


@pytest.mark.fast
@pytest.mark.parametrize("path", sorted((ROOT / "pages").glob("*.py")), ids=lambda p: p.name)
def test_a_page_script_only_shows_a_page(path: Path):
    found = {i.full.split(".")[1] for i in imports(parse(path.name, path.read_text("utf-8")))}
    assert found == {"ui"}
