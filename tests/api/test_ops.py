"""Health of the service: alive, ready or why not, metrics and logs; alone and next to the pages."""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Iterator

import anyio
import httpx
import pytest

from support.api_serving import Api, eventually, free_port, joined, process, serving
from support.shell import spawn
from usage_report import api as the_api
from usage_report import storage
from usage_report.core import logging as log_setup
from usage_report.core.settings import Settings
from usage_report.ingest import pipeline
from usage_report.ingest.worker import Worker


@pytest.fixture
def api(tmp_path) -> Iterator[Api]:
    with serving(f"sqlite:///{tmp_path}/usage.db") as running:
        yield running


def numbers(api: Api) -> dict[str, float]:
    """Return the values of ``/metrics`` by name and labels."""
    text = api.http.get("/metrics").text
    return {
        name: float(value)
        for name, _, value in (
            line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")
        )
    }


def faults(caplog: pytest.LogCaptureFixture, count: int = 1) -> dict[str, tuple[str, str]]:
    """Return (level, fault) by request id, once ``count`` of them are logged.

    The log line of a request is written after its answer is sent.
    """

    def logged() -> dict[str, tuple[str, str]]:
        return {r.request_id: (r.levelname, r.fault) for r in caplog.records if hasattr(r, "fault")}

    assert eventually(lambda: len(logged()) >= count)
    return logged()


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS"])
def test_alive_whatever_the_database(api, method, tmp_path):
    (tmp_path / "usage.db").unlink()
    assert api.http.request(method, "/healthz").status_code == 200


def test_ready(api):
    assert api.http.get("/readyz").json() == {"ready": True, "faults": [], "warnings": []}


def test_not_ready_when_nothing_can_be_written(database_url, monkeypatch):
    with serving(database_url) as api:
        if database_url.startswith("sqlite"):
            monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write to any file
        else:
            with api.service.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
                c.exec_driver_sql(
                    f'ALTER DATABASE "{api.service.engine.url.database}" SET default_transaction_read_only = on'
                )
            api.service.engine.dispose()
        answer = api.http.get("/readyz")
        assert answer.status_code == 503
        assert "read-only" in answer.json()["faults"][0]


def test_overdue_events_are_a_warning(api):
    """The events are safe and more can be received, so the service stays ready."""
    api.post([joined("a")], api.sender())
    assert api.http.get("/readyz").json()["warnings"] == []
    with storage.writing(api.service.engine) as c:
        c.exec_driver_sql("UPDATE inbox SET received_at = received_at - 120000")
    for _ in ("in the inbox", "in the event log"):
        answer = api.http.get("/readyz")
        assert answer.status_code == 200
        (warning,) = answer.json()["warnings"]
        assert "worker" in warning
        pipeline.drain_inbox(api.service.engine)
    Worker(api.settings).step()
    assert api.http.get("/readyz").json()["warnings"] == []


@pytest.mark.parametrize(
    ("version", "words"), [("9999", "newer version"), ("0001", "usage-report migrate")]
)
def test_not_ready_with_another_schema(api, version, words, caplog):
    with storage.writing(api.service.engine) as c:
        c.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")
    answer = api.http.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False
    assert words in answer.json()["faults"][0]
    ((_, fault),) = faults(caplog).values()
    assert words in fault


def test_not_ready_when_the_database_is_gone_and_none_is_made(api, tmp_path):
    api.post([joined("a")], api.sender())
    shutil.move(tmp_path / "usage.db", tmp_path / "moved.db")
    answer = api.http.get("/readyz")
    assert answer.status_code == 503
    assert "gone" in answer.json()["faults"][0]
    assert not (tmp_path / "usage.db").exists()
    shutil.move(tmp_path / "moved.db", tmp_path / "usage.db")
    assert api.http.get("/readyz").status_code == 200


@pytest.mark.parametrize("url", ["postgresql://unknown@127.0.0.1:1/none", "empty"])
def test_not_ready_without_a_database(url, tmp_path):
    """The process is up and answers why it cannot serve."""
    if url == "empty":
        url = f"sqlite:///{tmp_path}/usage.db"
        (tmp_path / "usage.db").touch()
    app = the_api.create(Settings(database_url=url))

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://test"
        ) as client:
            token = {"Authorization": "Bearer urt_any"}
            return [
                await client.get("/healthz"),
                await client.get("/readyz"),
                await client.get("/metrics"),
                await client.post("/api/v1/events", headers=token),
            ]

    alive, ready, metrics, events = anyio.run(ask)
    assert (alive.status_code, ready.status_code, metrics.status_code, events.status_code) == (
        200,
        503,
        200,
        503,
    )
    assert ready.json()["faults"][0]
    assert "usage_report_lag_seconds NaN" in metrics.text, "an unknown value is not 0"


def test_metrics(api):
    before = numbers(api)
    assert before["usage_report_lag_seconds"] == 0
    sender = api.sender()
    api.post([joined("a"), joined("b", session="s-2"), joined("a"), {"no": "event"}], sender)

    def grown(name: str) -> float:
        return numbers(api).get(name, 0) - before.get(name, 0)

    for result, n in (("accepted", 2), ("quarantined", 1)):
        assert grown(f'usage_report_events_total{{platform="jsonl",result="{result}"}}') == n
    # The time of a request is measured after its answer is sent.
    requests = 'usage_report_request_seconds_count{route="events",status="200"}'
    assert eventually(lambda: grown(requests)) == 1
    now = numbers(api)
    assert (
        now["usage_report_inbox_events"],
        now["usage_report_quarantine_events"],
        now["usage_report_intake_waiting_events"],
    ) == (2, 1, 0)
    assert 0 < now["usage_report_lag_seconds"] < 15
    pipeline.drain_inbox(api.service.engine)
    now = numbers(api)
    assert (now["usage_report_inbox_events"], now["usage_report_pending_sessions"]) == (0, 2)
    # The lag is that of the oldest uncounted event.
    with storage.writing(api.service.engine) as c:
        c.exec_driver_sql(
            "UPDATE sessions SET pending_since = pending_since - 60000 WHERE external_id = 's-1'"
        )
    assert 60 <= numbers(api)["usage_report_lag_seconds"] < 75
    Worker(api.settings).step()
    assert (
        numbers(api)["usage_report_lag_seconds"]
        == numbers(api)["usage_report_pending_sessions"]
        == 0
    )
    api.http.get("/api/v1/live", headers=api.reader())
    assert numbers(api)['usage_report_report_seconds_count{kind="live"}'] >= 1
    assert api.http.get("/metrics").headers["content-type"].startswith("text/plain; version=")


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-123", True), ("x" * 81, False), ("aéb", False), ("", False)]
)
def test_request_ids(api, given, kept):
    answer = api.http.get("/api/v1/live", headers=[(b"X-Request-ID", given.encode())])
    assert (answer.headers["x-request-id"] == given) is kept
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert 0 < len(answer.headers["x-request-id"]) <= 80


def test_an_unexpected_error_is_answered_and_logged_once_under_its_id(api, monkeypatch, caplog):
    def broken(*_):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(api.service.reader, "live", broken)
    answer = api.http.get("/api/v1/live", headers=api.reader() | {"X-Request-ID": "mine"})
    assert answer.status_code == 500
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "mine"
    assert "ZeroDivisionError" not in answer.text
    (logged,) = [r for r in caplog.records if r.exc_info]
    assert logged.request_id == "mine"


def test_the_log_names_the_fault(api, caplog):
    caplog.set_level("INFO")
    api.http.post("/api/v1/hooks/livekit/acme", content=b"{}", headers={"X-Request-ID": "unsigned"})
    reader = api.reader()
    with storage.writing(api.service.engine) as c:
        c.exec_driver_sql("ALTER TABLE sessions RENAME TO gone")
    assert (
        api.http.get("/api/v1/live", headers=reader | {"X-Request-ID": "lacking"}).status_code
        == 503
    )
    logged = faults(caplog, 2)
    assert logged["unsigned"] == (
        "INFO",
        "The signature of the request is not valid: this team is not connected to this platform",
    )
    assert logged["lacking"][0] == "WARNING"
    assert "no such table" in logged["lacking"][1], "the answer has no details"


@pytest.mark.parametrize(("level", "lines"), [("info", 0), ("debug", 1)])
def test_successes_are_logged_at_level_debug(level, lines, tmp_path):
    log = tmp_path / "log"
    with process(
        f"sqlite:///{tmp_path}/usage.db",
        log,
        USAGE_REPORT_LOG_FORMAT="json",
        USAGE_REPORT_LOG_LEVEL=level,
    ) as (running, address):
        httpx.get(f"{address}/healthz", headers={"X-Request-ID": "mine"})
        running.terminate()
        running.wait(15)
    logged = [json.loads(line) for line in log.read_text().splitlines()]
    assert len([line for line in logged if line.get("request_id") == "mine"]) == lines
    assert level == "info" or not [
        line
        for line in logged
        if line["level"] == "DEBUG" and not line["logger"].startswith("usage_report")
    ]


def record(message: str, **extra: object) -> logging.LogRecord:
    return logging.makeLogRecord(
        {"msg": message, "levelname": "INFO", "name": "here", "color_message": "\x1b[1m"} | extra
    )


def test_a_request_cannot_forge_log_lines():
    logged = record("request", path="/a\n2026 INFO forged", ms=1.5)
    plain = log_setup.PlainFormatter("%(levelname)s %(message)s").format(logged)
    assert plain == r"INFO request path='/a\n2026 INFO forged' ms=1.5"
    line = log_setup.JsonFormatter().format(logged)
    assert "\n" not in line
    assert json.loads(line)["path"] == "/a\n2026 INFO forged"
    assert json.loads(line).keys() == {"time", "level", "logger", "message", "path", "ms"}


def test_json_logs_of_the_real_process(tmp_path):
    """One object a line, from the first to the last, each request under its id, and no token."""
    url = f"sqlite:///{tmp_path}/usage.db"
    log = tmp_path / "log"
    with process(url, log, USAGE_REPORT_LOG_FORMAT="json") as (running, address):
        httpx.post(
            f"{address}/api/v1/events?x=1",
            content=b"[]",
            headers={"Authorization": "Bearer urt_hush", "X-Request-ID": "mine"},
        )
        httpx.get(f"{address}/nothing%0Ahere")
        running.terminate()
        running.wait(15)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    (mine,) = [line for line in lines if line.get("request_id") == "mine"]
    assert (mine["method"], mine["path"], mine["status"]) == ("POST", "/api/v1/events", 401)
    assert mine["ms"] >= 0
    assert any(line.get("path") == "/nothing\nhere" and line["status"] == 404 for line in lines)
    assert "urt_hush" not in log.read_text()
    assert not [line for line in lines if line["level"] == "ERROR"]


def newer_database(tmp_path) -> str:
    """Return the URL of a database that a newer version has upgraded."""
    url = f"sqlite:///{tmp_path}/usage.db"
    engine = storage.open_database(url)
    with storage.writing(engine) as c:
        c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()
    return url


def test_serve_ends_at_a_newer_database(tmp_path):
    running = spawn(newer_database(tmp_path), "serve", "--port", str(free_port()))
    _, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert err.count(b"made by a newer version") == 1
    assert b"Traceback" not in err


def test_a_worker_reports_a_newer_database_once_and_tries_again(tmp_path, caplog, monkeypatch):
    worker = Worker(Settings(database_url=newer_database(tmp_path), background_seconds=0.01))
    steps, real = [], worker.step
    monkeypatch.setattr(worker, "step", lambda: steps.append(1) or real())
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    assert eventually(lambda: len(steps) > 3)
    stop.set()
    thread.join(20)
    errors = [r.getMessage() for r in caplog.records if r.levelname == "ERROR"]
    assert len(errors) == 1
    assert "made by a newer version" in errors[0]


def test_a_worker_ends_at_a_signal(tmp_path):
    log = tmp_path / "log"
    with log.open("wb") as out:
        running = spawn(newer_database(tmp_path), "worker", stderr=out)
    assert eventually(lambda: "made by a newer version" in log.read_text(), 60)
    running.terminate()
    assert running.wait(20) == 0
    assert "Traceback" not in log.read_text()


def test_the_api_next_to_the_pages(tmp_path, monkeypatch):
    """It starts with wrong settings, and answers in JSON at all its addresses once they are right."""
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount

    lazy = the_api.LazyApi()

    async def page(scope, receive, send):
        await PlainTextResponse("a page")(scope, receive, send)

    app = Starlette(routes=[*lazy.routes(), Mount("/", app=page)])
    monkeypatch.setenv("USAGE_REPORT_DATABASE_URL", "nonsense")

    async def ask(*asked: tuple[str, str]) -> list[httpx.Response]:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://test"
        ) as client:
            return [await client.request(method, path) for method, path in asked]

    alive, wrong, hook, numbers = anyio.run(
        ask,
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("POST", "/api/v1/hooks/zoom/acme"),
        ("GET", "/metrics"),
    )
    assert (alive.status_code, wrong.status_code, hook.status_code, numbers.status_code) == (
        200,
        503,
        503,
        503,
    )
    assert "USAGE_REPORT_DATABASE_URL" in wrong.json()["faults"][0]
    assert hook.json()["error"]["what"]
    assert hook.json()["request_id"] == hook.headers["x-request-id"]
    url = f"sqlite:///{tmp_path}/usage.db"
    storage.open_database(url).dispose()
    monkeypatch.setenv("USAGE_REPORT_DATABASE_URL", url)
    asked = (
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("POST", "/api/v1/events"),
        ("GET", "/api/v1/events"),
        ("GET", "/api/v1/x"),
        ("GET", "/api"),
    )
    answers = anyio.run(ask, *asked, ("GET", "/date-range"))
    assert [a.status_code for a in answers] == [200, 200, 200, 401, 405, 404, 404, 200]
    assert all(a.headers["content-type"] == "application/json" for a in answers[:2])
    assert all(a.headers["content-type"] == "application/problem+json" for a in answers[3:7])
    assert answers[-1].text == "a page"
    lazy.close()
