"""The API for tests: in a thread of this process (``serving``), or as a process of its own (``process``), over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from support.shell import ROOT, Shell, environment
from usage_report import api, storage
from usage_report.api.app import Service
from usage_report.core.events import iso
from usage_report.core.settings import Settings
from usage_report.ingest import pipeline


class Api:
    """A running API on one database, its tokens and its service."""

    def __init__(self, url: str, settings: Settings, service: Service) -> None:
        self.url, self.settings, self.service = url, settings, service
        self.shell = Shell(settings.database_url)
        self.http = httpx.Client(base_url=url, timeout=30)

    def token(self, team: str = "acme", scope: str = "ingest") -> str:
        return self.shell("token", "create", "--team", team, "--scope", scope).stdout.strip()

    def sender(self, team: str = "acme") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(team)}"}

    def reader(self, team: str = "acme") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(team, 'read')}"}

    def post(self, body: Any, headers: dict[str, str], **more: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post("/api/v1/events", content=content, headers=headers | more)

    def ids(self) -> set[str]:
        """Ids of all events that have been taken, in the ledger by then."""
        pipeline.drain_inbox(self.service.engine)
        with storage.reading(self.service.engine) as c:
            return {row[0] for row in c.exec_driver_sql("SELECT id FROM events")}

    def rows(self, sql: str) -> list[tuple]:
        with storage.reading(self.service.engine) as c:
            return [tuple(row) for row in c.exec_driver_sql(sql)]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Somebody else is writing to the database all the while."""
        other = storage.connect(self.settings.database_url)
        with storage.writing(other):
            yield
        other.dispose()

    def holds(self, ids: set[str]) -> None:
        assert self.ids() == ids


@contextmanager
def serving(database_url: str, **more: Any) -> Iterator[Api]:
    """The API on a database that exists, on a port of its own; ends with the block."""
    settings = Settings(database_url=database_url, **more)
    storage.open_database(database_url).dispose()
    service = Service(settings)
    server = uvicorn.Server(
        uvicorn.Config(
            api.create(settings, service), log_config=None, access_log=False, server_header=False
        )
    )
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        for _ in range(200):
            if server.started:
                break
            time.sleep(0.05)
        assert server.started
        made = Api(f"http://127.0.0.1:{listener.getsockname()[1]}", settings, service)
        try:
            yield made
        finally:
            made.http.close()
            server.should_exit = True
            thread.join(20)
            assert not thread.is_alive(), "the server does not end"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def process(
    database_url: str, log: Path, *args: str, port: int | None = None, **env: str
) -> Iterator[tuple[subprocess.Popen, str]]:
    """``usage-report serve`` as a process -> (process, address), once it answers; killed with the block, and its worker with it."""
    port = port or free_port()
    command = [sys.executable, "-m", "usage_report", "serve", "--port", str(port), *args]
    with log.open("ab") as out:
        running = subprocess.Popen(
            command,
            env=environment(database_url, **env),
            cwd=ROOT,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            assert running.poll() is None, log.read_text()[-3000:]
            try:
                httpx.get(f"{url}/healthz", timeout=2)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield running, url
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait(20)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def joined(
    id: str,
    *,
    at: int | None = None,
    team: str | None = "acme",
    session: str = "s-1",
    connection: str | None = None,
    **data: Any,
) -> dict:
    """One ``participant.joined`` as it is sent; of no team where ``team`` is ``None``."""
    return told(
        "participant.joined",
        id,
        at=at,
        team=team,
        session=session,
        connection=connection or id,
        **data,
    )


def told(
    type: str,
    id: str,
    *,
    at: int | None = None,
    team: str | None = "acme",
    session: str = "s-1",
    **data: Any,
) -> dict:
    body = {"room": "Room", "session": session} | ({"team": team} if team else {}) | data
    return {
        "specversion": "1.0",
        "id": id,
        "source": "test",
        "type": type,
        "time": iso(now_ms() - 60_000 if at is None else at),
        "data": body,
    }
