"""Fixtures for real databases: ``engine`` runs a test on SQLite and on PostgreSQL.

Tests of pure modules are marked ``fast``: ``make check`` runs these only.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import settings

from support import databases, product
from support.shell import Shell
from usage_report import storage

# A busy machine is not a failure, so there is no deadline. CI runs the same examples every time: a
# failure there comes from the change, not from chance.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


#: Modules whose tests need neither a database nor a browser nor another process.
FAST = {
    "test_cell_guard",
    "test_dates",
    "test_errors",
    "test_export",
    "test_links",
    "test_meet_attendance",
    "test_notes",
    "test_numbers",
    "test_periods",
    "test_presets",
    "test_reconcile",
    "test_settings",
    "test_sources_jsonl",
    "test_sources_signatures",
    "test_standing",
    "test_teams_attendance",
    "test_timeline",
    "test_zoom_report",
}
#: Fixtures that are a database or a process.
SLOW_FIXTURES = {"database_url", "engine", "engines", "postgres_server", "shell", "sqlite_shell"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of ``make check``."""
    for item in items:
        is_slow = SLOW_FIXTURES & set(getattr(item, "fixturenames", ()))
        if item.path.stem in FAST and not is_slow and not item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.fast)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_from_outside() -> None:
    """Tests decide on settings themselves."""
    for name in [
        n
        for n in os.environ
        if n.startswith("USAGE_REPORT_") and not n.startswith("USAGE_REPORT_TEST_")
    ]:
        del os.environ[name]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with databases.postgres() as url:
        yield url


@pytest.fixture(params=databases.KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path) -> str:
    """URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/usage.db"
    return databases.new_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    engine = storage.open_database(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def engines(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, sa.Engine]]:
    """One lasting database of each kind, for tests that wipe between examples."""
    urls = {
        "sqlite": f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/usage.db",
        "postgresql": databases.new_database(postgres_server),
    }
    made = {kind: storage.open_database(url) for kind, url in urls.items()}
    yield made
    for engine in made.values():
        engine.dispose()


@pytest.fixture(autouse=True)
def _compare_with_databases(request: pytest.FixtureRequest) -> Iterator[None]:
    """Compare the answers of both databases with the oracle's, in tests of soundness."""
    if "soundness" not in request.path.parts:
        yield
        return
    product.ENGINES.update(request.getfixturevalue("engines"))
    yield
    product.ENGINES.clear()


@pytest.fixture
def shell(database_url: str) -> Shell:
    """The command line on an empty database, of each kind in turn."""
    return Shell(database_url)


@pytest.fixture
def sqlite_shell(tmp_path) -> Shell:
    """The command line on an empty SQLite database, where the kind does not matter."""
    return Shell(f"sqlite:///{tmp_path}/usage.db")
