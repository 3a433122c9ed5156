"""Fixtures for real databases: ``engine`` runs a test on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from hypothesis import settings

from support import databases, product
from support.shell import Shell
from usage_report import storage

# A busy machine is no failure. In CI the same examples every time: what is new there is the change, not the dice.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


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
def _ask_everybody(request: pytest.FixtureRequest) -> Iterator[None]:
    """Tests of soundness ask the oracle and both databases."""
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
