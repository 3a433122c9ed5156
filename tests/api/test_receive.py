"""Events in over real HTTP: accepted and refused requests, each stored as a whole or not at all."""

from __future__ import annotations

import gzip
import http.client
import itertools
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.api_serving import Api, eventually, joined, sent_event, serving
from usage_report import storage
from usage_report.api import receive
from usage_report.api.http import MAX_BODY, MAX_UNPACKED
from usage_report.core import clock
from usage_report.ingest import pipeline, write_queue

_numbers = itertools.count(1)


@pytest.fixture
def api(tmp_path) -> Iterator[Api]:
    with serving(f"sqlite:///{tmp_path}/usage.db") as running:
        yield running


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lasting(request, engines) -> Iterator[Api]:
    """One API on each kind of database, shared by the tests of this module."""
    url = engines[request.param].url.render_as_string(hide_password=False)
    with serving(url) as running:
        yield running


def error_of(answer: httpx.Response, status: int) -> dict:
    """Return the error of an answer, which has the one shape of all errors."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["error"]["what"]
    assert body["status"] == status
    assert body["request_id"]
    if status != 500:
        assert answer.headers["x-request-id"] == body["request_id"]
    return body["error"]


# accepted requests


def test_one_event(lasting):
    id = f"one-{next(_numbers)}"
    answer = lasting.post(joined(id), lasting.sender())
    assert answer.status_code == 200
    assert answer.json() == {
        "accepted": 1,
        "duplicate": 0,
        "conflict": 0,
        "quarantined": 0,
        "results": [{"id": id, "status": "accepted"}],
    }
    assert id in lasting.event_ids()


@pytest.mark.parametrize("kind", ["application/json", "application/cloudevents-batch+json", ""])
def test_an_array_and_the_outcome_of_each_event(lasting, kind):
    a, b, c = (f"{x}-{next(_numbers)}" for x in "abc")
    sender = lasting.sender()
    lasting.post(joined(a), sender)
    batch = [
        joined(a, at=1_700_000_000_000),
        joined(b),
        joined(b),
        sent_event("participant.flew", c, connection="x"),
        joined(c, team=None),
        joined("", team="acme"),
        joined(f"{c}-other", team="globex"),
        7,
    ]
    batch[2] = batch[1]
    answer = lasting.post(batch, sender, **{"Content-Type": kind}).json()
    assert [r["status"] for r in answer["results"]] == [
        "conflict",
        "accepted",
        "duplicate",
        "quarantined",
        "accepted",
        "quarantined",
        "quarantined",
        "quarantined",
    ]
    assert {k: answer[k] for k in ("accepted", "duplicate", "conflict", "quarantined")} == {
        "accepted": 2,
        "duplicate": 1,
        "conflict": 1,
        "quarantined": 4,
    }
    quarantined = [r for r in answer["results"] if r["status"] == "quarantined"]
    assert [(r["position"], r["reason"]) for r in quarantined] == [
        (4, "unknown-type"),
        (6, "missing-field"),
        (7, "wrong-team"),
        (8, "not-an-object"),
    ]
    assert all(r["why"] for r in quarantined)
    assert {b, c} <= lasting.event_ids()
    assert f"{c}-other" not in lasting.event_ids()


def test_quarantined_events_can_be_replayed(api):
    unknown = sent_event("participant.flew", "x", connection="c")
    assert api.post([joined("a"), unknown], api.sender()).json()["quarantined"] == 1
    ((team, reason, raw),) = api.rows("SELECT team, reason, raw FROM quarantine")
    assert (team, reason, json.loads(raw)) == ("acme", "unknown-type", unknown)
    early = joined("early", at=clock.now_ms() + 600_000)
    assert api.post(early, api.sender()).json()["results"][0]["reason"] == "in-the-future"
    assert pipeline.replay(api.service.engine, now=clock.now_ms() + 600_000).accepted == 1
    assert api.event_ids() == {"a", "early"}


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/json", ""])
def test_lines(lasting, kind):
    ids = [f"line-{next(_numbers)}" for _ in range(3)]
    lines = [json.dumps(joined(i)).encode() for i in ids] + [b"", b"{oops"]
    answer = lasting.post(b"\n".join(lines), lasting.sender(), **{"Content-Type": kind}).json()
    assert [r["status"] for r in answer["results"]] == ["accepted"] * 3 + ["quarantined"]
    assert answer["results"][3] | {"why": ""} == {
        "position": 5,
        "status": "quarantined",
        "reason": "not-json",
        "why": "",
    }
    assert set(ids) <= lasting.event_ids()


def test_gzip_of_several_members(api):
    pieces = [gzip.compress(json.dumps(joined(i)).encode() + b"\n") for i in "abc"]
    answer = api.post(
        b"".join(pieces),
        api.sender(),
        **{"Content-Encoding": "gzip", "Content-Type": "application/x-ndjson"},
    )
    assert answer.json()["accepted"] == 3
    assert api.event_ids() == {"a", "b", "c"}


def test_a_large_batch(api):
    batch = [joined(f"e-{i}", session=f"s-{i % 50}") for i in range(10_000)]
    began = time.monotonic()
    answer = api.post(
        gzip.compress(json.dumps(batch).encode(), 1), api.sender(), **{"Content-Encoding": "gzip"}
    )
    assert answer.json()["accepted"] == 10_000
    assert time.monotonic() - began < 10
    assert api.event_ids() == {f"e-{i}" for i in range(10_000)}


# refused requests


@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b"[1,", b"\xff\xfe", b"\x1f\x8b\x08"])
def test_400(api, body):
    error_of(api.post(body, api.sender()), 400)
    assert api.event_ids() == set()


@pytest.mark.parametrize(
    "body",
    [
        b"no gzip",
        b"",
        gzip.compress(b"[]" * 99, mtime=0)[:-9],
        gzip.compress(b"[]", mtime=0) + b"rest",
    ],
)
def test_400_for_what_is_not_gzip(api, body):
    error_of(api.post(body, api.sender(), **{"Content-Encoding": "gzip"}), 400)


@pytest.mark.parametrize(
    "given",
    ["", "Bearer", "Bearer urt_wrong", "Basic dXJ0Og==", "Bearer " + "x" * 5_000, "Bearer é"],
)
def test_401(api, given):
    answer = api.http.post(
        "/api/v1/events", content=b"[]", headers=[(b"Authorization", given.encode("latin-1"))]
    )
    error_of(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_403_for_a_token_of_the_other_scope(api):
    assert "read" in error_of(api.post([], api.reader()), 403)["why"]
    error_of(api.http.get("/api/v1/live", headers=api.sender()), 403)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/events/",
        "/api/v1/nothing",
        "/api/v1/hooks/zoom",
        "/api/v1/hooks/unknown/acme",
        "/%00",
        "/api/v1/%ff",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_404(api, path, method):
    if (method, path) == ("GET", "/api/v1/hooks/unknown/acme"):
        pytest.skip("405, whatever the platform")
    error_of(api.http.request(method, path), 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/events"),
        ("DELETE", "/api/v1/events"),
        ("GET", "/api/v1/hooks/zoom/acme"),
        ("POST", "/api/v1/live"),
        ("PUT", "/metrics"),
    ],
)
def test_405(api, method, path):
    answer = api.http.request(method, path)
    error_of(answer, 405)
    assert answer.headers["allow"]


def raw_post(
    api: Api, headers: dict[str, str], chunks: Iterator[bytes] | None = None
) -> tuple[int, dict]:
    """Send a request that an HTTP client would not send. Return status and error."""
    host, _, port = api.url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.putrequest("POST", "/api/v1/events")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    try:
        for chunk in chunks or ():
            connection.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
    except OSError:
        pass  # the request was answered before its end
    answer = connection.getresponse()
    result = answer.status, json.loads(answer.read())
    connection.close()
    return result


def test_413_declared(api):
    status, body = raw_post(api, api.sender() | {"Content-Length": str(MAX_BODY + 1)})
    assert status == 413  # before a byte of the body was sent
    assert "too large" in body["error"]["what"]


def test_413_streamed(api):
    sent = 0

    def endless():
        nonlocal sent
        for _ in range(200):
            sent += 100_000
            yield b" " * 100_000

    status, _ = raw_post(api, api.sender() | {"Transfer-Encoding": "chunked"}, endless())
    assert status == 413


def test_413_unpacked(api):
    bomb = gzip.compress(b" " * (MAX_UNPACKED + 1))
    assert len(bomb) < MAX_BODY / 100
    error_of(api.post(bomb, api.sender(), **{"Content-Encoding": "gzip"}), 413)
    halves = gzip.compress(b" " * (MAX_UNPACKED // 2 + 1)) * 2
    error_of(api.post(halves, api.sender(), **{"Content-Encoding": "gzip"}), 413)
    fits = gzip.compress(b"[" + b" " * (MAX_UNPACKED - 2) + b"]")
    assert api.post(fits, api.sender(), **{"Content-Encoding": "gzip"}).status_code == 200


def test_413_events(api, monkeypatch):
    monkeypatch.setattr(receive, "MAX_EVENTS", 3)
    sender = api.sender()
    for body in (b"[1,2,3,4]", b"\n".join([json.dumps(joined(x)).encode() for x in "abcd"])):
        assert "at most 3" in error_of(api.post(body, sender), 413)["why"]
    assert api.post([joined(x) for x in "abc"], sender).json()["accepted"] == 3
    assert api.event_ids() == set("abc")
    assert api.rows("SELECT id FROM quarantine") == []


def test_the_envelope_in_headers(api):
    """CloudEvents' binary mode."""
    whole = joined("räume", session="s-ce")
    sent = api.sender() | {f"ce-{k}": quote(v) for k, v in whole.items() if k != "data"}
    assert api.post(whole["data"], sent, **{"Content-Type": "application/json"}).json()[
        "results"
    ] == [{"id": "räume", "status": "accepted"}]
    assert api.post(whole, api.sender()).json()["duplicate"] == 1, (
        "the same event, however it is sent"
    )
    assert "not JSON" in error_of(api.post(b"{oops", sent), 400)["what"]
    other = api.post(whole["data"], sent | {"ce-type": "participant.flew", "ce-id": "z"}).json()[
        "results"
    ][0]
    assert other["reason"] == "unknown-type"
    assert json.loads(api.rows("SELECT raw FROM quarantine")[0][0]) == whole | {
        "type": "participant.flew",
        "id": "z",
    }
    assert api.event_ids() == {"räume"}


def test_the_same_event_is_quarantined_for_each_team(api):
    event = joined("a", team=None, at=clock.now_ms() + 600_000)
    for team in ("acme", "globex"):
        assert api.post(event, api.sender(team)).json()["quarantined"] == 1
        assert api.post(event, api.sender(team)).json()["quarantined"] == 1
    assert api.rows("SELECT team, source FROM quarantine ORDER BY team") == [
        ("acme", "test"),
        ("globex", "test"),
    ]
    assert pipeline.replay(api.service.engine, now=clock.now_ms() + 600_000).accepted == 2


def test_no_success_for_a_file_that_is_gone(api):
    """On Linux an open file can still be written to after it was deleted."""
    sender = api.sender()
    assert api.post(joined("a"), sender).status_code == 200
    path = Path(api.service.engine.url.database)
    path.rename(path.with_suffix(".aside"))
    assert error_of(api.post(joined("b"), sender), 503)["what"]
    path.with_suffix(".aside").rename(path)
    assert api.post(joined("c"), sender).status_code == 200


def test_415(api):
    assert "br" in error_of(api.post(b"x", api.sender(), **{"Content-Encoding": "br"}), 415)["what"]


@pytest.mark.parametrize("invalid", [False, True])
def test_429_when_the_queue_is_full_and_nothing_is_lost(api, monkeypatch, invalid):
    """While another process locks the database, requests wait; those that find the queue full do not."""
    monkeypatch.setattr(write_queue, "QUEUE_EVENTS", 3)
    sender = api.sender()
    api.post([], sender)  # caches the token, because the database will be locked
    writing, queue = threading.Event(), api.service.write_queue
    real = queue._step
    monkeypatch.setattr(queue, "_step", lambda jobs: writing.set() or real(jobs))
    answers: dict[str, httpx.Response] = {}

    def send(id: str) -> None:
        batch = [{"id": id}] * 4 if invalid else [joined(f"{id}-{i}") for i in range(4)]
        answers[id] = httpx.post(f"{api.url}/api/v1/events", json=batch, headers=sender, timeout=30)

    threads = []
    with api.locked():
        # The first request is being written, the second waits, the third finds the queue full.
        for id, has_arrived in (
            ("a", writing.is_set),
            ("b", lambda: queue.waiting == 4),
            ("c", lambda: "c" in answers),
        ):
            threads.append(threading.Thread(target=send, args=(id,)))
            threads[-1].start()
            assert eventually(has_arrived)
        assert list(answers) == ["c"]
        error_of(answers["c"], 429)
        assert int(answers["c"].headers["retry-after"]) >= 1
        assert api.http.get("/readyz").status_code == 503
        assert "queue" in api.http.get("/readyz").json()["faults"][0]
    for thread in threads:
        thread.join(20)
    key = "quarantined" if invalid else "accepted"
    assert answers["a"].json()[key] == answers["b"].json()[key] == 4
    if not invalid:
        assert api.event_ids() == {f"{id}-{i}" for id in "ab" for i in range(4)}
    assert "usage_report_overloaded_total" in api.http.get("/metrics").text


# tokens


def test_tokens_are_shown_once_and_stored_as_a_digest(api, tmp_path):
    token = api.token()
    assert api.post([joined("a")], {"Authorization": f"bearer {token}"}).status_code == 200
    with storage.writing(api.service.engine) as c:
        c.exec_driver_sql("SELECT 1")
    stored = b"".join(f.read_bytes() for f in tmp_path.iterdir())
    assert b"participant" in stored or b"acme" in stored
    assert token.encode() not in stored
    assert token.removeprefix("urt_").encode() not in stored
    listed = api.shell("token", "list").stdout
    assert token not in listed
    assert token[:8] in listed
    assert listed.split("\t")[1:3] == ["acme", "ingest"]


def test_a_revoked_token_is_valid_for_two_seconds_at_most(tmp_path, monkeypatch):
    seconds = 0.0
    monkeypatch.setattr(clock, "monotonic", lambda: seconds)
    with serving(f"sqlite:///{tmp_path}/usage.db") as api:
        sender = api.sender()
        assert api.post([], sender).status_code == 200
        id = api.shell("token", "list").stdout.split("\t")[0]
        assert api.shell("token", "revoke", id).stdout == f"Token {id} is revoked.\n"
        seconds = 1.9
        assert api.post([], sender).status_code == 200
        seconds = 2.1  # since it was looked up: its use does not keep it valid
        assert "revoked" in error_of(api.post([], sender), 401)["why"]
        assert "revoked" in api.shell("token", "list", "--team", "acme").stdout
        api.shell("token", "revoke", id, code=1)


@pytest.mark.parametrize(
    "args", [("--team", ""), ("--team", "x" * 1_001), ("--team", "a", "--scope", "all")]
)
def test_invalid_tokens_are_not_created(sqlite_shell, args):
    result = sqlite_shell("token", "create", *args, code=2)
    assert "rror" in result.stderr


def test_a_label_cannot_break_the_list(sqlite_shell):
    sqlite_shell("token", "create", "--team", "acme", "--label", "a\tb\n7\tglobex")
    assert sqlite_shell("token", "list").stdout.count("\n") == 1


# stored as a whole or not at all


def test_a_request_is_stored_as_a_whole_or_not_at_all(api, monkeypatch):
    """A transaction that several requests share fails after its events were inserted."""
    real = write_queue.quarantine.add

    def fails(c, quarantined, **more):
        if any(b"poison" in x.raw for x in quarantined):
            raise RuntimeError("a defect")
        return real(c, quarantined, **more)

    monkeypatch.setattr(write_queue.quarantine, "add", fails)
    sender = api.sender()
    batches = [
        [joined(f"{i}-{j}") for j in range(3)] + [{"poison" if i == 2 else "fine": i}]
        for i in range(5)
    ]
    answers: dict[int, httpx.Response] = {}
    threads = [
        threading.Thread(
            target=lambda i=i: answers.update(
                {
                    i: httpx.post(
                        f"{api.url}/api/v1/events", json=batches[i], headers=sender, timeout=30
                    )
                }
            )
        )
        for i in range(5)
    ]
    arrived, append = [], api.service.write_queue.append
    monkeypatch.setattr(
        api.service.write_queue, "append", lambda job: arrived.append(job) or append(job)
    )
    with api.locked():  # so that requests share a transaction
        for thread in threads:
            thread.start()
        assert eventually(lambda: len(arrived) == 5)
    for thread in threads:
        thread.join(20)
    assert {i: a.status_code for i, a in answers.items()} == {
        0: 200,
        1: 200,
        2: 500,
        3: 200,
        4: 200,
    }
    error_of(answers[2], 500)
    assert "Traceback" not in answers[2].text
    assert api.event_ids() == {f"{i}-{j}" for i in (0, 1, 3, 4) for j in range(3)}
    assert len(api.rows("SELECT id FROM quarantine")) == 4


def test_a_database_error_is_503_and_the_request_can_be_sent_again(api, tmp_path):
    sender = api.sender()
    api.post([joined("a")], sender)
    with storage.writing(api.service.engine) as c:
        c.exec_driver_sql("ALTER TABLE inbox RENAME TO away")
    answer = api.post([joined("b")], sender)
    assert "Try again" in error_of(answer, 503)["todo"]
    assert int(answer.headers["retry-after"]) >= 1
    assert "away" not in answer.text
    with storage.writing(api.service.engine) as c:
        c.exec_driver_sql("ALTER TABLE away RENAME TO inbox")
    assert api.post([joined("a"), joined("b")], sender).json()["accepted"] == 1
    assert api.event_ids() == {"a", "b"}


def test_acknowledged_events_survive_a_power_cut(api):
    """In WAL mode a commit is on disk when it returns only with synchronous=FULL (2).

    https://sqlite.org/pragma.html#pragma_synchronous
    """
    with storage.writing(api.service.engine) as c:
        assert c.exec_driver_sql("PRAGMA synchronous").scalar() == 2


# hostile bodies


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda x: st.lists(x, max_size=4) | st.dictionaries(st.text(), x, max_size=4),
    max_leaves=8,
)
_events = st.fixed_dictionaries(
    {},
    optional={
        "specversion": st.just("1.0") | _json,
        "id": st.text() | _json,
        "source": st.text() | _json,
        "type": st.sampled_from(["participant.joined", "session.started", "chat.posted"]) | _json,
        "time": st.sampled_from(
            ["2026-03-01T09:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:60-14:00"]
        )
        | _json,
        "data": st.dictionaries(
            st.sampled_from(["team", "room", "session", "connection", "post", "x", "\0"]),
            st.just("acme") | st.text() | _json,
        )
        | _json,
    },
)
_bodies = st.binary(max_size=300) | (_json | _events | st.lists(_events, max_size=4)).map(
    lambda x: json.dumps(x).encode()
)


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    body=_bodies,
    kind=st.sampled_from(["", "application/json", "application/x-ndjson", "é"]),
    packed=st.booleans(),
)
def test_hostile_bodies_are_answered_200_or_400(lasting, body, kind, packed):
    if not hasattr(lasting, "known_sender"):
        lasting.known_sender = lasting.sender()
    headers = [(k.encode(), v.encode()) for k, v in lasting.known_sender.items()] + [
        (b"Content-Type", kind.encode("latin-1"))
    ]
    if packed:
        headers.append((b"Content-Encoding", b"gzip"))
        body = gzip.compress(body, 1)
    answer = lasting.http.post("/api/v1/events", content=body, headers=headers)
    assert answer.status_code in (200, 400), answer.text
    assert answer.status_code == 200 or error_of(answer, 400)


@pytest.mark.parametrize("depth", [100, 300, 900, 1_500, 100_000])
@pytest.mark.parametrize(
    "where", ["%s", "[%s]", '{"data":{"x":%s}}', '[{"specversion":"1.0","data":%s}]']
)
def test_deep_nesting_is_answered_200_or_400(lasting, depth, where):
    body = (where % ("[" * depth + "]" * depth)).encode()
    answer = lasting.post(body, lasting.sender())
    assert answer.status_code in (200, 400), answer.text


def test_a_sender_that_hangs_up_is_logged_without_a_traceback(api, caplog):
    caplog.set_level("INFO")
    host, _, port = api.url.removeprefix("http://").partition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=20)
    connection.putrequest("POST", "/api/v1/events")
    for name, value in (api.sender() | {"Content-Length": "1000"}).items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(b'{"half":')
    connection.close()
    expected = "The connection ended before the body did"
    assert eventually(lambda: expected in [getattr(r, "fault", "") for r in caplog.records])
    assert [r for r in caplog.records if r.levelname == "ERROR"] == []
    assert api.event_ids() == set()
    assert api.post([joined("a")], api.sender()).status_code == 200
