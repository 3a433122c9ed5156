"""Checks of an installation: settings, database, schema, freshness; each fault with what to do about it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy.engine import Engine

from usage_report import storage
from usage_report.core import presets, settings
from usage_report.core.errors import DatabaseError, UsageReportError
from usage_report.reporting.model import TeamInfo
from usage_report.reporting.reader import Reader
from usage_report.storage import quarantine

#: Free space under which a database is about to be in trouble.
_FREE = 200 * 1024 * 1024
#: Silence that deserves a word.
_QUIET = 24 * 3_600_000


class Check(NamedTuple):
    name: str
    ok: bool
    found: str
    todo: str = ""


def checks(now: int) -> Iterator[Check]:
    """Every check that can be made, in an order in which a fault ends those that depend on it. ``now``: epoch ms."""
    try:
        configured = settings.load()
    except UsageReportError as error:
        yield Check(
            "settings",
            False,
            error.what,
            " ".join(filter(None, (error.why, error.todo))) or "Correct it.",
        )
        return
    yield Check("settings", True, "read")
    try:
        presets.load(configured.presets or None)
        yield Check("presets", True, configured.presets or "the built-in ones")
    except UsageReportError as error:
        yield Check(
            "presets",
            False,
            error.what,
            " ".join(filter(None, (error.why, error.todo))) or "Correct the file.",
        )
    try:
        engine = storage.connect(configured.database_url)
        version = storage.schema_version(engine)
    except DatabaseError as error:
        yield Check("database", False, f"{error.what} ({error.why})", error.todo)
        return
    yield Check("database", True, engine.url.render_as_string(hide_password=True))
    if engine.dialect.name == "sqlite":
        yield from _sqlite(engine)
    try:
        storage.check_schema(version)
    except DatabaseError as error:
        yield Check(
            "schema", False, f"{error.what}{f' ({error.why})' if error.why else ''}", error.todo
        )
        return
    yield Check("schema", True, f"version {version}")
    try:
        storage.try_writing(engine)
        yield Check("writing", True, "possible")
    except DatabaseError as error:
        yield Check("writing", False, error.what, error.todo)
    yield from _contents(engine, configured.stale_after, now)


def _sqlite(engine: Engine) -> Iterator[Check]:
    version = tuple(engine.dialect.dbapi.sqlite_version_info)
    text = ".".join(map(str, version))
    # https://sqlite.org/wal.html#walresetbug
    sound = version >= (3, 51, 3) or version < (3, 7)
    yield Check(
        "SQLite",
        sound,
        text,
        "It may, rarely, damage a database that several processes write. Install the pysqlite3 package.",
    )
    free = shutil.disk_usage(storage.database_folder(engine)).free
    yield Check(
        "disk",
        free >= _FREE,
        f"{free // 1024**2:,} MiB free",
        "Make room: a full disk refuses events.",
    )


def _contents(engine: Engine, stale_after: int, now: int) -> Iterator[Check]:
    reader = Reader(engine, stale_after)
    teams = [reader.team(key) for key in reader.teams()]
    if not teams:
        yield Check(
            "events",
            False,
            "none has come in yet",
            "Run: usage-report ingest FILE, or: usage-report demo",
        )
    pending = sum(t.pending for t in teams)
    if pending:
        yield Check(
            "figures",
            False,
            f"{pending:,} sessions are not counted yet",
            "Start the app, or run: usage-report rebuild",
        )
    elif teams:
        yield Check("figures", True, "hold every event")
    for team in teams:
        yield _freshness(team, now)
    with storage.reading(engine) as c:
        held = quarantine.count(c)
    if held:
        yield Check(
            "quarantine",
            False,
            f"{held:,} events could not be taken",
            "Run: usage-report quarantine list",
        )
    else:
        yield Check("quarantine", True, "empty")


def _freshness(team: TeamInfo, now: int) -> Check:
    name = f"team {team.key}"
    if team.last_received is None:
        return Check(name, False, "nothing has come in yet", "Run: usage-report ingest FILE")
    hours = (now - team.last_received) / 3_600_000
    age = (
        f"{hours * 60:.0f} min"
        if hours < 2
        else f"{hours:.0f} h"
        if hours < 48
        else f"{hours / 24:.0f} days"
    )
    return Check(
        name,
        now - team.last_received <= _QUIET,
        f"last event received {age} ago",
        "Check that its platform still sends, or ingest newer files.",
    )
