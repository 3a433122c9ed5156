"""The API for tests, over real HTTP.

``serving`` runs it in a thread of this process, ``process`` as a process of its own.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import httpx
import uvicorn

from support.shell import ROOT, Shell, environment
from usage_report import api, storage
from usage_report.api.app import Service
from usage_report.core import clock
from usage_report.core.events import iso
from usage_report.core.settings import Settings
from usage_report.ingest import pipeline

Found = TypeVar("Found")


def eventually(look: Callable[[], Found], seconds: float = 30.0) -> Found:
    """Return what ``look`` returns as soon as it is true; the last value after ``seconds``."""
    end = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


class Api:
    """A running API on one database, with its tokens and its service."""

    def __init__(self, url: str, settings: Settings, service: Service) -> None:
        self.url, self.settings, self.service = url, settings, service
        self.shell = Shell(settings.database_url)
        self.http = httpx.Client(base_url=url, timeout=30)

    def token(self, team: str = "acme", scope: str = "ingest") -> str:
        return self.shell("token", "create", "--team", team, "--scope", scope).stdout.strip()

    def sender(self, team: str = "acme") -> dict[str, str]:
        """Headers of a program that may send events."""
        return {"Authorization": f"Bearer {self.token(team)}"}

    def reader(self, team: str = "acme") -> dict[str, str]:
        """Headers of a program that may read figures."""
        return {"Authorization": f"Bearer {self.token(team, 'read')}"}

    def post(self, body: Any, headers: dict[str, str], **more: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post("/api/v1/events", content=content, headers=headers | more)

    def event_ids(self) -> set[str]:
        """Ids of all accepted events, which are in the event log afterwards."""
        pipeline.drain_inbox(self.service.engine)
        with storage.reading(self.service.engine) as c:
            return {row[0] for row in c.exec_driver_sql("SELECT id FROM events")}

    def rows(self, sql: str) -> list[tuple]:
        with storage.reading(self.service.engine) as c:
            return [tuple(row) for row in c.exec_driver_sql(sql)]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another process writes to the database all the while."""
        other = storage.connect(self.settings.database_url)
        with storage.writing(other):
            yield
        other.dispose()


@contextmanager
def serving(database_url: str, **more: Any) -> Iterator[Api]:
    """Serve the API on a database that is created, on a port of its own, until the block ends."""
    settings = Settings(database_url=database_url, **more)
    storage.open_database(database_url).dispose()
    service = Service(settings)
    config = uvicorn.Config(
        api.create(settings, service), log_config=None, access_log=False, server_header=False
    )
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        assert eventually(lambda: server.started)
        made = Api(f"http://127.0.0.1:{listener.getsockname()[1]}", settings, service)
        try:
            yield made
        finally:
            made.http.close()
            server.should_exit = True
            thread.join(30)
            assert not thread.is_alive(), "the server does not end"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _answers(url: str) -> bool:
    with suppress(httpx.TransportError):
        httpx.get(f"{url}/healthz", timeout=2)
        return True
    return False


@contextmanager
def process(
    database_url: str, log: Path, *args: str, port: int | None = None, **env: str
) -> Iterator[tuple[subprocess.Popen, str]]:
    """Run ``usage-report serve`` as a process; yield it and its address once it answers.

    The process and its worker are killed when the block ends.
    """
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
        assert eventually(lambda: running.poll() is not None or _answers(url), 60)
        assert running.poll() is None, log.read_text()[-3000:]
        yield running, url
    finally:
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait(20)


def joined(id: str, *, connection: str | None = None, **more: Any) -> dict:
    """Return one ``participant.joined`` as it is sent."""
    return sent_event("participant.joined", id, connection=connection or id, **more)


def sent_event(
    type: str,
    id: str,
    *,
    at: int | None = None,
    team: str | None = "acme",
    session: str = "s-1",
    **data: Any,
) -> dict:
    """Return one event as it is sent; ``at`` is epoch ms, by default a minute ago.

    The event names no team where ``team`` is ``None``.
    """
    body = {"room": "Room", "session": session} | ({"team": team} if team else {}) | data
    return {
        "specversion": "1.0",
        "id": id,
        "source": "test",
        "type": type,
        "time": iso(clock.now_ms() - 60_000 if at is None else at),
        "data": body,
    }
