"""What every answer has: problem details (RFC 9457), safe headers, tokens that expire, CSV on request."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest

from support.api_serving import Api, eventually, joined, serving
from usage_report import storage
from usage_report.api import delayed_writes, problems
from usage_report.core import clock
from usage_report.core.events import iso
from usage_report.storage import credentials

DAY_MS = 86_400_000


@pytest.fixture
def api(tmp_path) -> Iterator[Api]:
    with serving(f"sqlite:///{tmp_path}/usage.db") as running:
        yield running


def ask(api: Api, method: str, path: str, **more):
    return api.http.request(method, path, **more)


# problem details


def test_an_error_is_a_problem_with_the_older_fields_beside(api):
    answer = ask(api, "GET", "/api/v1/report?x=1", headers=api.reader() | {"X-Request-ID": "a b/1"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "/api/v1/problems#invalid-request",
        "title": "The request is not valid",
        "status": 400,
        "detail": "There is no parameter 'x'. "
        "Known: from, to, grain, zone, metrics, as_of, format, bom.",
        "instance": "/api/v1/report#a%20b%2F1",
        "error": {
            "what": "There is no parameter 'x'",
            "todo": "Known: from, to, grain, zone, metrics, as_of, format, bom.",
        },
        "request_id": "a b/1",
    }


def statuses(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, object]]:
    """Yield an answer of each kind, with the name of its problem."""
    sender, reader = api.sender(), api.reader()
    events = "/api/v1/events"
    yield "invalid-request", ask(api, "POST", events, headers=sender, content=b"{")
    yield "unauthorized", ask(api, "POST", events, content=b"[]")
    yield "unauthorized", ask(api, "POST", "/api/v1/hooks/zoom/acme", content=b"{}")
    yield "forbidden", ask(api, "GET", "/api/v1/live", headers=sender)
    yield "not-found", ask(api, "GET", "/nothing/h\u00e9re")
    yield "not-found", ask(api, "POST", "/api/v1/hooks/none/acme", content=b"{}")
    yield "method-not-allowed", ask(api, "DELETE", events)
    yield "too-large", ask(api, "POST", events, headers=sender, content=b" " * (5 * 2**20 + 1))
    encoded = sender | {"Content-Encoding": "br"}
    yield "unsupported-encoding", ask(api, "POST", events, headers=encoded, content=b"[]")
    monkeypatch.setattr(api.service.write_queue, "append", _full)
    yield "too-many-events", ask(api, "POST", events, headers=sender, content=b"[]")
    monkeypatch.setattr(api.service.reader, "live", _broken)
    yield "internal-error", ask(api, "GET", "/api/v1/live", headers=reader)
    with storage.writing(api.service.engine) as c:
        c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        c.exec_driver_sql("ALTER TABLE teams RENAME TO gone")
    yield "unavailable", ask(api, "GET", "/api/v1/period", headers=reader)
    yield "unavailable", ask(api, "GET", "/readyz")


async def _full(*_: object) -> None:
    from usage_report.ingest.write_queue import QueueFullError

    raise QueueFullError


def _broken(*_: object) -> None:
    raise ZeroDivisionError("oh")


def test_every_error_is_a_problem_of_its_type(api, monkeypatch):
    seen = set()
    for name, answer in statuses(api, monkeypatch):
        problem, body = problems.PROBLEMS[name], answer.json()
        assert answer.headers["content-type"] == "application/problem+json", name
        assert (body["type"], body["title"]) == (f"/api/v1/problems#{name}", problem.title)
        assert answer.status_code == body["status"] == problem.status
        assert body["detail"]
        path, _, id = body["instance"].partition("#")
        assert path == answer.request.url.raw_path.decode().partition("?")[0]
        assert id == body["request_id"] == answer.headers["x-request-id"]
        assert "error" in body or body["faults"]
        seen.add(name)
    assert seen == problems.PROBLEMS.keys() - {"token-expired"}


def test_every_type_resolves(api):
    page = ask(api, "GET", problems.PATH)
    assert page.headers["content-type"].startswith("text/html")
    assert re.findall(r'<h2 id="([\w-]+)">', page.text) == list(problems.PROBLEMS)


def test_a_status_without_a_type_of_its_own():
    assert problems.fields(418) == {"type": "about:blank", "title": "I'm a Teapot", "status": 418}


# headers


def test_every_answer_has_safe_headers(api, monkeypatch):
    answers = [
        ask(api, "GET", path)
        for path in ("/healthz", "/readyz", "/metrics", "/api/v1/openapi.json", problems.PATH)
    ]
    answers += [
        ask(api, "HEAD", "/healthz"),
        ask(api, "OPTIONS", "/api/v1/events"),
        ask(api, "POST", "/api/v1/events", headers=api.sender(), content=b"[]"),
        *(answer for _, answer in statuses(api, monkeypatch)),
    ]
    for answer in answers:
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"], answer.url
        assert answer.headers.get_list("cache-control") == ["no-store"], answer.url


def test_figures_may_be_asked_for_again(api):
    api.post([joined("a")], api.sender())
    headers = api.reader()
    answer = ask(api, "GET", "/api/v1/live?as_of=2026-03-01T00:00:00Z", headers=headers)
    again = ask(
        api, "GET", str(answer.url), headers=headers | {"If-None-Match": answer.headers["etag"]}
    )
    assert (answer.status_code, again.status_code) == (200, 304)
    for one in (answer, again):
        assert one.headers.get_list("cache-control") == ["private, no-cache"]
        assert one.headers.get_list("x-content-type-options") == ["nosniff"]


def test_the_headers_as_they_are_sent(api):
    """Over a bare socket."""
    host, port = api.http.base_url.host, api.http.base_url.port
    with socket.create_connection((host, port), timeout=20) as raw:
        raw.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        text = b"".join(iter(lambda: raw.recv(65_536), b"")).lower()
    assert text.startswith(b"http/1.1 404")
    assert b"\r\nx-content-type-options: nosniff\r\n" in text
    assert b"\r\ncache-control: no-store\r\n" in text


# the token of operations


@pytest.mark.parametrize("path", ["/metrics", "/readyz"])
def test_operations_behind_a_token(tmp_path, path):
    with serving(f"sqlite:///{tmp_path}/usage.db", operations_token="hush-\u00e9") as api:
        right = {b"Authorization": "Bearer hush-\u00e9".encode()}
        assert ask(api, "GET", path, headers=right).status_code == 200
        none = ask(api, "GET", path)
        assert none.json()["detail"] == (
            "The request has no token. Send it as: Authorization: Bearer TOKEN. "
            "It is the setting operations_token."
        )
        for wrong in ("Bearer hush", f"Bearer {api.token()}", "Basic aHVzaA=="):
            answer = ask(api, "GET", path, headers={"Authorization": wrong})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == 'Bearer realm="usage-report"'
            assert "hush" not in answer.text
        assert ask(api, "GET", "/healthz").status_code == 200
        assert "hush" not in repr(api.settings)


# tokens that expire


def create(api: Api, *args: str) -> dict[str, str]:
    done = api.shell("token", "create", "--team", "acme", "--scope", "read", *args)
    return {"Authorization": f"Bearer {done.stdout.strip()}"}


def listed(api: Api) -> list[list[str]]:
    return [line.split("\t") for line in api.shell("token", "list").stdout.splitlines()]


def test_an_expired_token_is_refused_at_its_instant(api, monkeypatch):
    now = start = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: now)
    headers = create(api, "--expires", "90d", "--label", "invoice")
    end = start + 90 * DAY_MS
    now = end - 1
    assert ask(api, "GET", "/api/v1/live", headers=headers).status_code == 200
    now = end
    answer = ask(api, "GET", "/api/v1/live", headers=headers)
    assert answer.json()["type"] == "/api/v1/problems#token-expired"
    assert answer.json()["detail"] == (
        f"The token has expired: it was valid until {iso(end)}. "
        "Create another one with: usage-report token create"
    )
    assert answer.headers["www-authenticate"] == 'Bearer realm="usage-report"'
    (row,) = listed(api)
    assert row[5:8] == ["expired", "invoice", iso(end)]
    api.shell("token", "revoke", row[0])
    assert listed(api)[0][5] == f"revoked {iso(end)}"


def test_the_list_shows_state_expiry_and_last_use(api, monkeypatch):
    monkeypatch.setattr(delayed_writes, "WRITE_SECONDS", 0.01)
    used, _ = create(api, "--expires", "12h"), create(api)
    before = [row[5:] for row in listed(api)]
    assert [x[0] for x in before] == ["valid", "valid"]
    assert [x[2:] for x in before] == [[before[0][2], "-"], ["-", "-"]]
    began = clock.now_ms()
    assert ask(api, "GET", "/api/v1/live", headers=used).status_code == 200
    assert eventually(lambda: listed(api)[0][8] != "-")
    assert iso(began) <= listed(api)[0][8] <= iso(clock.now_ms())
    assert listed(api)[1][8] == "-"


def test_the_use_of_a_token_is_written_once_a_minute(tmp_path, monkeypatch):
    seconds, writes = 0.0, []
    store = credentials.record_uses

    def record_uses(c, uses):
        writes.append(dict(uses))
        store(c, uses)

    monkeypatch.setattr(clock, "monotonic", lambda: seconds)
    monkeypatch.setattr(delayed_writes, "WRITE_SECONDS", 0.01)
    monkeypatch.setattr(credentials, "record_uses", record_uses)
    with serving(f"sqlite:///{tmp_path}/usage.db") as api:
        headers = create(api)

        def use(at: float) -> None:
            nonlocal seconds
            seconds = at
            assert ask(api, "GET", "/api/v1/live", headers=headers).status_code == 200

        for at in (0.0, 1.0, 3.0, 59.0):
            use(at)
        assert eventually(lambda: writes)
        use(61.0)
        assert eventually(lambda: len(writes) == 2)
        assert [uses.keys() for uses in writes] == [{1}, {1}]


def test_a_use_that_is_not_stored_yet_is_stored_at_the_end(tmp_path):
    with serving(f"sqlite:///{tmp_path}/usage.db") as api:
        ask(api, "GET", "/api/v1/live", headers=create(api))
    assert listed(api)[0][8] != "-"


def test_a_use_that_cannot_be_stored_is_no_error(api, monkeypatch, caplog):
    monkeypatch.setattr(delayed_writes, "WRITE_SECONDS", 0.01)
    headers = create(api)
    with storage.writing(api.service.engine) as c:
        c.exec_driver_sql("ALTER TABLE tokens RENAME COLUMN last_used_at TO gone")
    assert ask(api, "GET", "/api/v1/live", headers=headers).status_code == 200
    assert eventually(lambda: "Uses of tokens could not be stored" in caplog.text)


@pytest.mark.parametrize(
    "text", ["90", "d", "0d", "-1d", "1y", "4000d", "1.5d", "\u0663d", "99999999999d"]
)
def test_durations_that_cannot_be(api, text):
    api.shell("token", "create", "--team", "acme", "--expires", text, code=2)
    assert listed(api) == []


# CSV


def test_a_report_as_csv(api):
    api.post([joined("a")], api.sender())
    headers = api.reader()
    query = (
        "/api/v1/report?from=2026-03-01&to=2026-03-02&metrics=sessions&as_of=2026-04-01T00:00:00Z"
    )
    plain = ask(api, "GET", f"{query}&format=csv", headers=headers)
    assert plain.headers["content-type"] == "text/csv; charset=utf-8"
    lines = plain.content.decode().split("\r\n")
    assert lines[0].startswith("row,start,end,state,sessions,")
    assert [line.partition(",")[0] for line in lines[1:]] == ["bucket", "bucket", "total", ""]
    marked = ask(api, "GET", f"{query}&format=csv&bom=true", headers=headers)
    assert marked.content == b"\xef\xbb\xbf" + plain.content
    command = ["report", "--team", "acme", "--from", "2026-03-01", "--to", "2026-03-02"]
    command += ["--metrics", "sessions", "--as-of", "2026-04-01T00:00:00Z", "--format", "csv"]
    assert api.shell(*command).stdout_bytes == plain.content
    assert api.shell(*command, "--bom").stdout_bytes == marked.content
    api.shell(*command[:-1], "json", "--bom", code=2)
    for wrong in ("format=xml", "format=csv&bom=yes", "bom=true", "format=json&bom=true"):
        assert ask(api, "GET", f"{query}&{wrong}", headers=headers).status_code == 400
