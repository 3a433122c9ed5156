"""``usage-report doctor``: checks of an installation, and what to do about each fault."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Generator, Iterator
from typing import NamedTuple

import click
from sqlalchemy.engine import Engine

from usage_report import storage
from usage_report.core import clock, presets, settings
from usage_report.core.errors import DatabaseError, UsageReportError
from usage_report.core.settings import Settings
from usage_report.reporting.model import TeamInfo
from usage_report.reporting.reader import Reader
from usage_report.storage import quarantine

#: With less free disk space than this, a database will soon fail to write.
MIN_FREE_BYTES = 200 * 1024 * 1024
#: A team that has sent nothing for longer than this is reported.
MAX_QUIET_MS = 24 * 3_600_000
_HOUR_MS = 3_600_000


class Check(NamedTuple):
    """The result of one check; ``todo`` is advice for a fault."""

    name: str
    is_ok: bool
    found: str
    todo: str = ""


@click.command()
def doctor() -> None:
    """Check the installation, with advice for every fault.

    Looks at settings, database, schema, freshness of every team, and the quarantine.
    """
    healthy = True
    for check in checks(clock.now_ms()):
        click.echo(f"{'ok  ' if check.is_ok else 'FAIL'} {check.name}: {check.found}")
        if not check.is_ok:
            click.echo(f"     → {check.todo}")
        healthy &= check.is_ok
    if not healthy:
        sys.exit(1)


def checks(now: int) -> Iterator[Check]:
    """Yield every check that can be made at ``now`` (epoch ms).

    A fault ends the checks that depend on it.
    """
    configured = yield from _check_settings()
    if configured is None:
        return
    engine = yield from _check_database(configured)
    if engine is None:
        return
    reader = Reader(engine, configured.stale_after)
    teams = [reader.team(key) for key in reader.teams()]
    yield from _check_events(teams)
    for team in teams:
        yield _check_freshness(team, now)
    yield _check_quarantine(engine)


def _failed(name: str, error: UsageReportError, todo: str = "") -> Check:
    why = f" ({error.why})" if error.why else ""
    return Check(name, False, error.what + why, error.todo or todo)


def _check_settings() -> Generator[Check, None, Settings | None]:
    try:
        configured = settings.load()
    except UsageReportError as error:
        yield _failed("settings", error, "Correct the setting.")
        return None
    yield Check("settings", True, "read")
    try:
        presets.load(configured.presets or None)
        yield Check("presets", True, configured.presets or "the built-in ones")
    except UsageReportError as error:
        yield _failed("presets", error, "Correct the file.")
    return configured


def _check_database(configured: Settings) -> Generator[Check, None, Engine | None]:
    try:
        engine = storage.connect(configured.database_url)
        version = storage.schema_version(engine)
    except DatabaseError as error:
        yield _failed("database", error)
        return None
    yield Check("database", True, engine.url.render_as_string(hide_password=True))
    if engine.dialect.name == "sqlite":
        yield from _check_sqlite(engine)
    try:
        storage.check_schema(version)
    except DatabaseError as error:
        yield _failed("schema", error)
        return None
    yield Check("schema", True, f"version {version}")
    try:
        storage.try_writing(engine)
        yield Check("writing", True, "possible")
    except DatabaseError as error:
        yield _failed("writing", error)
    return engine


def _check_sqlite(engine: Engine) -> Iterator[Check]:
    version = tuple(engine.dialect.loaded_dbapi.sqlite_version_info)
    yield Check(
        "SQLite",
        # https://sqlite.org/wal.html#walresetbug
        version >= (3, 51, 3) or version < (3, 7),
        ".".join(map(str, version)),
        "In rare cases it damages a database that several processes write. "
        "Install the pysqlite3 package.",
    )
    free = shutil.disk_usage(storage.database_folder(engine)).free
    yield Check(
        "disk",
        free >= MIN_FREE_BYTES,
        f"{free // 1024**2:,} MiB free",
        "Make room: events cannot be stored on a full disk.",
    )


def _check_events(teams: list[TeamInfo]) -> Iterator[Check]:
    pending = sum(team.pending for team in teams)
    if not teams:
        yield Check(
            "events",
            False,
            "none received yet",
            "Run: usage-report ingest FILE, or: usage-report demo",
        )
    elif pending:
        yield Check(
            "figures",
            False,
            f"{pending:,} sessions are not counted yet",
            "Start the app, or run: usage-report rebuild",
        )
    else:
        yield Check("figures", True, "include every event")


def _check_freshness(team: TeamInfo, now: int) -> Check:
    name = f"team {team.key}"
    if team.last_received is None or team.last_event is None:
        return Check(name, True, "no event received yet; to begin: usage-report ingest FILE")
    received_ms, happened_ms = now - team.last_received, now - team.last_event
    return Check(
        name,
        max(received_ms, happened_ms) <= MAX_QUIET_MS,
        f"last event received {_age(received_ms)} ago, "
        f"latest event happened {_age(happened_ms)} ago",
        "Check that its platform still sends, or ingest newer files.",
    )


def _age(ms: int) -> str:
    hours = max(0, ms) / _HOUR_MS
    if hours < 2:
        return f"{hours * 60:.0f} min"
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def _check_quarantine(engine: Engine) -> Check:
    with storage.reading(engine) as c:
        count = quarantine.count(c)
    if not count:
        return Check("quarantine", True, "empty")
    return Check(
        "quarantine",
        False,
        f"{count:,} events could not be accepted",
        "Run: usage-report quarantine list",
    )
