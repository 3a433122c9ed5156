"""Databases that cannot be used: one clear message, status 1, no traceback, nothing half-written."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from soundness.test_worked_example import example
from support import databases
from support.harness import Log
from support.shell import Shell, line, spawn, write
from usage_report import storage
from usage_report.core.errors import DatabaseError
from usage_report.ingest import pipeline
from usage_report.storage import engine as engine_module
from usage_report.storage import event_log
from usage_report.storage import tables as t

#: The library that the program uses: two copies of SQLite in one process ignore each other's locks.
sqlite3 = engine_module.sqlite_module()
REPORT = ("report", "--team", "acme", "--from", "2026-03-01", "--to", "2026-03-01")
#: Commands that a user might run first. Each must give the same message.
FIRST = [REPORT, ("ingest", "-"), ("team", "list"), ("demo",), ("migrate",), ("rebuild",)]

first = pytest.mark.parametrize("args", FIRST, ids=lambda a: a[0])


def refused(url: str, *args: str) -> str:
    """Run a command that must fail. Return its standard error: one line that begins with what happened."""
    result = Shell(url)(*args, code=1, input=b"".join(map(line, example())))
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


# -- not a database of this program --------------------------------------------------------------------------------------------


@first
def test_not_a_database(tmp_path, args):
    path = tmp_path / "usage.db"
    before = b"%PDF-1.7 something else altogether" * 100
    path.write_bytes(before)
    assert "is not a SQLite database" in refused(f"sqlite:///{path}", *args)
    assert path.read_bytes() == before


@first
def test_a_database_of_something_else(tmp_path, args):
    path = tmp_path / "photos.db"
    with sqlite3.connect(path) as c:
        c.execute("CREATE TABLE photos (id INTEGER)")
    assert "belongs to something else" in refused(f"sqlite:///{path}", *args)
    with sqlite3.connect(path) as c:
        assert c.execute("SELECT name FROM sqlite_master").fetchall() == [("photos",)]


def test_a_postgresql_database_of_something_else(postgres_server):
    url = databases.new_database(postgres_server)
    engine = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
    with engine.begin() as c:
        c.exec_driver_sql("CREATE TABLE photos (id INTEGER)")
    engine.dispose()
    assert "belongs to something else" in refused(url, *REPORT)


@first
def test_a_folder_as_path(tmp_path, args):
    (tmp_path / "usage.db").mkdir()
    assert "cannot be opened" in refused(f"sqlite:///{tmp_path}/usage.db", *args)


def test_a_file_as_folder(tmp_path):
    (tmp_path / "file").write_text("x")
    assert "cannot be opened" in refused(f"sqlite:///{tmp_path}/file/usage.db", *REPORT)


@pytest.mark.parametrize(("url", "words"), [
    ("nonsense", "is not a database URL"),
    ("", "is not a database URL"),
    ("postgresql://host:port/x", "is not a database URL"),
    ("mysql://u:p@h/d", "'mysql' databases are not supported"),
    ("sqlite://", "needs a file"),
    ("sqlite:///:memory:", "needs a file"),
    ("postgresql://u:p@127.0.0.1:1/x", "does not answer"),
    ("postgresql://u:p@no-such-host.invalid/x", "cannot be reached"),
    ("postgresql://u:p@127.0.0.1:1/x?connect_timeout=never", "cannot be opened"),
    ("sqlite:////proc/none/usage.db", "cannot be opened"),
])  # fmt: skip
def test_urls(url, words):
    assert words in refused(url, *REPORT)


def test_a_password_is_never_shown(postgres_server):
    for url in (
        "postgresql://u:s3cret@127.0.0.1:1/x",
        "postgres//u:s3cret@h/x",
        "mysql://u:s3cret@h/x",
    ):
        assert "s3cret" not in refused(url, *REPORT)
        assert "s3cret" not in Shell(url)("doctor", code=1).output


def _wait_until_refused(url: sa.URL) -> None:
    engine = sa.create_engine(url.set(drivername="postgresql+psycopg"), poolclass=sa.NullPool)
    for _ in range(200):
        try:
            engine.connect().close()
        except sa.exc.OperationalError:
            return
        time.sleep(0.05)
    raise AssertionError("the server still accepts every user")


def test_a_wrong_password(postgres_server, tmp_path):
    """The test server accepts every user, so this adds a role and a rule that asks for its password."""
    admin = sa.create_engine(
        sa.make_url(postgres_server).set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
    )
    with admin.connect() as c:
        hba = Path(c.exec_driver_sql("SHOW hba_file").scalar_one())
        before = hba.read_text()
        c.exec_driver_sql("DROP ROLE IF EXISTS guarded")
        c.exec_driver_sql("CREATE ROLE guarded LOGIN PASSWORD 'right'")
        hba.write_text("local all guarded scram-sha-256\n" + before)
        try:
            url = sa.make_url(postgres_server).set(username="guarded", password="wrong")
            # Until the server has read its new rules it accepts every user, but the role may not create tables.
            assert "may not do this" in refused(url.render_as_string(hide_password=False), *REPORT)
            c.exec_driver_sql("SELECT pg_reload_conf()")
            _wait_until_refused(url)
            text = refused(url.render_as_string(hide_password=False), *REPORT)
        finally:
            hba.write_text(before)
            c.exec_driver_sql("SELECT pg_reload_conf()")
            c.exec_driver_sql("DROP ROLE guarded")
    admin.dispose()
    assert "refuses the password" in text
    assert "wrong" not in text


def test_a_database_that_is_not_there(postgres_server):
    text = refused(
        sa.make_url(postgres_server).set(database="nowhere").render_as_string(hide_password=False),
        *REPORT,
    )
    assert "has no such database" in text


# -- another schema ----------------------------------------------------------------------------------------------------


def stamp(url: str, version: str) -> None:
    engine = storage.connect(url)
    with storage.writing(engine) as c:
        c.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")
    engine.dispose()


def test_a_newer_schema(shell):
    shell("migrate")
    stamp(shell.url, "9999")
    for args in FIRST:
        assert "newer version of usage-report" in refused(shell.url, *args)
    assert "Install the newer version" in shell("doctor", code=1).stdout


def test_an_older_schema(shell):
    shell("migrate")
    stamp(shell.url, "0000")
    for args in FIRST:
        if args != ("migrate",):
            assert "usage-report migrate" in refused(shell.url, *args)
    assert "usage-report migrate" in shell("doctor", code=1).stdout
    # No migration leads from there, and none is started.
    assert "none that this version knows" in refused(shell.url, "migrate")


def test_missing_tables(shell):
    shell("migrate")
    engine = storage.connect(shell.url)
    with storage.writing(engine) as c:
        c.exec_driver_sql("DROP TABLE team_days")
    engine.dispose()
    data = b"".join(map(line, example()))
    assert "lacks something this version needs" in shell("ingest", "-", code=1, input=data).stderr


# -- locked, read-only, full, damaged ----------------------------------------------------------------------------------


@pytest.fixture
def filled(sqlite_shell, tmp_path) -> Shell:
    sqlite_shell("ingest", write(tmp_path / "e.jsonl", example()))
    return sqlite_shell


def totals(shell: Shell) -> dict:
    return shell.json(*REPORT, "--as-of", "2026-04-01T00:00:00Z")["total"]


def new_events() -> bytes:
    return b"".join(
        line(e._replace(id=f"n-{e.id}")) for e in Log(session="s-9").stay("12:00", "12:30", "z")
    )


def test_locked_by_another_writer(filled, monkeypatch):
    """Reading works meanwhile. Writing fails with a message, and works when the lock is released."""
    monkeypatch.setattr(engine_module.connect, "__kwdefaults__", {"busy_seconds": 0.2})
    before = totals(filled)
    other = sqlite3.connect(sa.make_url(filled.url).database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        assert "The database is locked" in filled("ingest", "-", input=new_events(), code=1).stderr
        assert "The database is locked" in filled("team", "set", "bravo", code=1).stderr
        assert totals(filled) == before
        doctor = filled("doctor", code=1).stdout
        assert "FAIL writing: The database is locked" in doctor
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert "2 accepted" in filled("ingest", "-", input=new_events()).stdout
    assert totals(filled)["participation_minutes"] == before["participation_minutes"] + 30


def read_only_url(shell: Shell) -> str:
    return f"sqlite:///file:{sa.make_url(shell.url).database}?mode=ro&uri=true"


def test_read_only(filled):
    """Commands that only read work. Those that write fail with the reason."""
    before = totals(filled)
    shell = Shell(read_only_url(filled))
    assert totals(shell) == before
    for args in (("ingest", "-"), ("team", "set", "bravo"), ("demo",), ("rebuild",)):
        assert "The database is read-only" in shell(*args, code=1, input=new_events()).stderr
    assert "FAIL writing: The database is read-only" in shell("doctor", code=1).stdout
    assert totals(filled) == before
    assert filled("team", "list").stdout == "acme\n"


def test_no_permission(filled, tmp_path):
    """A file and a folder that this user may not write to."""
    if os.geteuid() == 0:
        pytest.skip(
            "root may write anywhere; test_read_only tests a database that is opened read-only"
        )
    path = Path(sa.make_url(filled.url).database)
    path.chmod(stat.S_IREAD)
    path.parent.chmod(stat.S_IREAD | stat.S_IEXEC)
    try:
        text = filled("ingest", "-", input=new_events(), code=1).stderr
    finally:
        path.parent.chmod(0o700)
        path.chmod(0o600)
    assert "read-only" in text or "cannot be opened" in text


def limited_pages(monkeypatch, more: int) -> None:
    """Let the disk of every new connection be full ``more`` pages from now."""
    real = engine_module._sqlite

    def limited(url, busy_seconds):
        engine = real(url, busy_seconds)

        @sa.event.listens_for(engine, "connect")
        def limit(connection, record):
            used = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count={used + more}")

        return engine

    monkeypatch.setattr(engine_module, "_sqlite", limited)


def many(n: int, start: int = 0) -> list:
    """``n`` sessions of a minute, one after the other, each with two people."""
    log = Log("2026-03-02")
    for i in range(start, start + n):
        at = f"{i // 60 % 24:02d}:{i % 60:02d}"
        log.also(f"s-{i}").joined(at, f"a{i}").joined(at, f"b{i}").left(f"{at}:30", f"a{i}").ended(
            f"{at}:50"
        )
    return [e._replace(id=f"m-{start}-{e.id}") for e in log]


@pytest.mark.parametrize("more", [0, 1, 5, 20, 40, 60])
def test_disk_full(filled, monkeypatch, tmp_path, more):
    """Whole steps are kept, wherever the disk becomes full. With space again, the same command completes."""
    data = b"".join(map(line, many(300)))
    with monkeypatch.context() as full:
        limited_pages(full, more)
        full.setattr(pipeline, "BATCH_ITEMS", 300)
        full.setattr(pipeline, "STEP_EVENTS", 300)
        result = filled("ingest", "-", input=data, code=1)
        assert "The disk of the database is full" in result.stderr
        assert "Free some space" in result.stderr
    filled("ingest", "-", input=data)
    whole = Shell(f"sqlite:///{tmp_path}/whole.db")
    whole("ingest", write(tmp_path / "e2.jsonl", example()))
    whole("ingest", "-", input=data)
    assert "every figure as before" in filled("rebuild").stdout
    month = (
        "report",
        "--team",
        "acme",
        "--from",
        "2026-03-01",
        "--to",
        "2026-03-31",
        "--as-of",
        "2026-04-01T00:00:00Z",
    )
    assert filled.json(*month) == whole.json(*month)


def test_a_disk_that_is_really_full(tmp_path):
    """On a file system of 2 MB, where the test may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        shell = Shell(f"sqlite:///{folder}/usage.db")
        data = b"".join(map(line, many(1440) + many(1440, 1440)))
        result = shell("ingest", "-", input=data, code=1)
        assert "The disk of the database" in result.stderr
        # With the file still full, reading works.
        shell("team", "list")
        shell("doctor", code=1)
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def test_a_damaged_file(filled):
    path = Path(sa.make_url(filled.url).database)
    with sqlite3.connect(path) as c:
        c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    for i in range(4096, len(data), 4096):
        data[i : i + 64] = b"\xff" * 64
    path.write_bytes(data)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    for args in (REPORT, ("ingest", "-"), ("rebuild",), ("team", "list")):
        assert "The database file is damaged" in refused(filled.url, *args)
    filled("doctor", code=1)


def test_a_truncated_file(filled):
    path = Path(sa.make_url(filled.url).database)
    with sqlite3.connect(path) as c:
        c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(path.read_bytes()[: 4096 * 3 + 100])
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    assert "damaged" in refused(filled.url, *REPORT)


# -- servers that end connections ----------------------------------------------------------------------------------------------


@pytest.fixture
def server(postgres_server):
    engine = storage.open_database(databases.new_database(postgres_server))
    yield engine
    engine.dispose()


def end_connections(engine: sa.Engine) -> None:
    """End every other connection to the database, as a restart of the server does."""
    other = sa.create_engine(engine.url)
    with other.connect() as c:
        c.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).all()
    other.dispose()


def test_a_pooled_connection_that_died_is_replaced(server):
    identity = storage.identity(server)
    end_connections(server)
    assert storage.identity(server) == identity


def test_a_connection_that_dies_in_the_middle(server):
    """Nothing of the batch is stored, and the message states it."""
    events = list(example())

    def interrupted() -> None:
        with storage.writing(server) as c:
            event_log.append(c, events, 0)
            end_connections(server)
            event_log.append(c, [e._replace(id="x" + e.id) for e in events], 0)

    with pytest.raises(DatabaseError) as caught:
        interrupted()
    assert "The failed step left nothing behind" in str(caught.value)
    with storage.reading(server) as c:
        assert c.execute(sa.select(sa.func.count()).select_from(t.events)).scalar_one() == 0


def test_a_server_that_rejects_a_bulk_write(server):
    """COPY does not go through SQLAlchemy, and its errors are explained all the same."""
    engine = storage.connect(server.url.render_as_string(hide_password=False))

    @sa.event.listens_for(engine, "begin")
    def read_only(c):
        c.exec_driver_sql("SET TRANSACTION READ ONLY")

    with pytest.raises(DatabaseError), storage.writing(engine) as c:
        event_log.append(c, list(example()), 0)
    engine.dispose()


def test_as_a_process(tmp_path):
    """Standard error of a real process is one message, also after everything that runs at exit."""
    (tmp_path / "usage.db").write_text("nothing of the kind " * 50)
    process = spawn(f"sqlite:///{tmp_path}/usage.db", "live", "--team", "acme")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, b"")
    assert err.decode().startswith("Error: The file is not a SQLite database")
    assert len(err.splitlines()) == 1
    assert sys.executable.encode() not in err
