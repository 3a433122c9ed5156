"""Webhooks of every platform over real HTTP: signatures, outcomes, and stored requests."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import importlib
import json
import time
import zlib
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

import httpx
import pytest

from platforms import samples
from support.api_serving import Api, eventually, serving
from usage_report import storage
from usage_report.core import clock
from usage_report.ingest.worker import Worker
from usage_report.sources import contract, registry
from usage_report.sources.contract import Delivery
from usage_report.storage import credentials
from usage_report.storage import deliveries as delivery_store

PLATFORMS = sorted(registry.platforms())
#: Public address of the receiver: samples are signed for it.
PUBLIC = "https://usage.example.org"
every_platform = pytest.mark.parametrize("name", PLATFORMS)


@pytest.fixture
def at(monkeypatch):
    """A function that sets the clock: samples are signed at an instant of their own."""
    return lambda ms: monkeypatch.setattr(clock, "now_ms", lambda: ms)


@pytest.fixture
def api(database_url) -> Iterator[Api]:
    with serving(database_url, public_url=PUBLIC) as running:
        yield running


@pytest.fixture
def lite(tmp_path) -> Iterator[Api]:
    with serving(f"sqlite:///{tmp_path}/usage.db", public_url=PUBLIC + "/") as running:
        yield running


def connect(api: Api, name: str, team: str = "acme") -> samples.Sample:
    sample = samples.of(name)
    output = api.shell("hook", "set", name, team, input=sample.secret + "\n").stdout
    address = f"https://YOUR-HOST/api/v1/hooks/{name}/{quote(team)}"
    title = registry.platforms()[name].title
    assert output == f"Configure {title} to send webhooks to: {address}\n"
    return sample


def post(api: Api, name: str, delivery: Delivery, team: str = "acme") -> httpx.Response:
    query = urlsplit(delivery.url).query
    path = f"/api/v1/hooks/{name}/{team}" + (f"?{query}" if query else "")
    return api.http.post(path, content=delivery.body, headers=dict(delivery.headers))


def deliveries(name: str, sample: samples.Sample) -> list[Delivery]:
    """Return the meeting of a sample; where addresses are signed, for the one that is called."""
    if "url" not in sample.proof:
        return sample.deliveries()
    sign = importlib.import_module(f"platforms.samples.{name.replace('-', '_')}").sign
    url = f"{PUBLIC}/api/v1/hooks/{name}/acme"
    return [sign(d.body, url=url) for d in sample.deliveries()]


def expected_ids(name: str, sent: list[Delivery]) -> set[str]:
    """Return the event ids that a platform's deliveries must give."""
    context = contract.Context(samples.of(name).now, "acme", name)
    return {e.id for d in sent for e in registry.platforms()[name].translate(d, context)}


@every_platform
def test_a_signed_meeting_is_accepted_whole_and_once(api, at, name):
    sample = connect(api, name)
    at(sample.now)
    sent = deliveries(name, sample)
    answers = [post(api, name, d) for d in sent]
    assert [a.status_code for a in answers] == [200] * len(sent), [a.text for a in answers]
    assert sum(a.json()["quarantined"] + a.json()["conflict"] for a in answers) == 0
    assert api.event_ids() == expected_ids(name, sent) != set()
    again = [post(api, name, d).json() for d in reversed(sent)]
    assert sum(a["accepted"] + a["conflict"] for a in again) == 0
    assert api.rows(
        "SELECT DISTINCT t.key, e.source FROM events e JOIN sessions s ON s.id = e.session_id JOIN teams t ON t.id = s.team_id"
    ) == [("acme", name)]


@every_platform
def test_tampered_requests_are_denied(lite, at, name):
    sample = connect(lite, name)
    at(sample.now)
    denied = registry.platforms()[name].denied_status
    assert denied // 100 == 4
    good = deliveries(name, sample)[0]
    bad = [
        good._replace(headers={k: v for k, v in good.headers.items() if k != proof})
        for proof in sample.proof
        if proof != "url"
    ]
    bad += [
        good._replace(headers={**good.headers, proof: good.headers[proof][:-2] + "zz"})
        for proof in sample.proof
        if proof != "url"
    ]
    if "url" in sample.proof:
        bad += [
            good._replace(url=good.url.partition("?")[0]),
            good._replace(url=good.url[:-2] + "zz"),
        ]
    if sample.signs_body:
        bad.append(good._replace(body=good.body + b" "))
    for delivery in bad:
        answer = post(lite, name, delivery)
        assert answer.status_code == denied, (delivery, answer.text)
        assert answer.json()["error"]["why"]
        assert sample.secret not in answer.text
    assert post(lite, name, good, team="globex").status_code == denied, (
        "another team, without a secret"
    )
    assert post(lite, name, good, team="a%00b").status_code == denied
    lite.shell("hook", "set", name, "globex", input="c29tZXRoaW5nIGVsc2UgYWx0b2dldGhlcg==\n")
    assert post(lite, name, good, team="globex").status_code == denied, (
        "another team with another secret"
    )
    assert lite.event_ids() == set()
    assert lite.rows("SELECT id FROM deliveries") == []
    assert f'usage_report_unauthorized_total{{platform="{name}"}}' in lite.http.get("/metrics").text
    lite.shell("hook", "remove", name, "acme")
    assert post(lite, name, good).status_code == denied


@every_platform
def test_an_unknown_event_is_answered_2xx_and_quarantined(lite, at, name):
    sample = connect(lite, name)
    at(sample.now)
    changed = dataclasses.replace(sample, meeting=(sample.unknown,))
    answer = post(lite, name, deliveries(name, changed)[0])
    assert answer.status_code == 200, answer.text
    assert answer.json()["quarantined"] == 1
    assert answer.json()["results"][0]["why"]
    ((format, team, origin),) = lite.rows("SELECT format, team, origin FROM quarantine")
    assert (format, team) == (name, "acme")
    assert answer.headers["x-request-id"] in origin


@every_platform
def test_requests_are_stored_without_credentials_and_can_be_replayed(api, at, name):
    sample = connect(api, name)
    at(sample.now)
    sent = deliveries(name, sample)
    for delivery in sent:
        posted = delivery._replace(
            headers={**delivery.headers, "cookie": "session=hush", "x-api-key": "hush"}
        )
        assert post(api, name, posted).status_code == 200
    with storage.reading(api.service.engine) as c:
        stored = delivery_store.stored(c, name)
        assert delivery_store.stored(c, name, after=stored[0].id, limit=2) == stored[1:3]
        assert delivery_store.stored(c, "another") == []
    assert [zlib.decompress(row.body) for row in stored] == [d.body for d in sent]
    again = [
        Delivery(zlib.decompress(r.body), json.loads(r.headers), r.url, r.received_at)
        for r in stored
    ]
    assert expected_ids(name, again) == api.event_ids()
    for row, delivery in zip(stored, sent, strict=True):
        headers = json.loads(row.headers)
        assert {"authorization", "cookie", "x-api-key"}.isdisjoint(headers)
        assert sample.secret not in row.headers + row.url
        assert "hush" not in row.headers
        assert (row.team, row.received_at) == ("acme", sample.now)
        assert row.url.startswith(f"{PUBLIC}/api/v1/hooks/{name}/acme")
        assert urlsplit(row.url).query == urlsplit(delivery.url).query


def test_no_requests_are_stored_with_raw_days_0(tmp_path, at):
    with serving(f"sqlite:///{tmp_path}/usage.db", raw_days=0.0) as api:
        sample = connect(api, "zoom")
        at(sample.now)
        assert post(api, "zoom", sample.deliveries()[1]).json()["accepted"] >= 1
        assert api.rows("SELECT id FROM deliveries") == []


def test_stored_requests_are_deleted_after_raw_days(lite, at):
    sample = connect(lite, "zoom")
    now = time.time_ns() // 1_000_000
    sign = importlib.import_module("platforms.samples.zoom").sign
    for received in (now - 31 * 86_400_000, now - 29 * 86_400_000):
        at(received)
        assert (
            post(lite, "zoom", sign(sample.deliveries()[1].body, received=received)).status_code
            == 200
        )
    at(now)
    Worker(lite.settings).step()
    assert [r[0] for r in lite.rows("SELECT received_at FROM deliveries")] == [
        now - 29 * 86_400_000
    ]


def test_the_challenge_of_zoom_is_answered(lite, at):
    sample = connect(lite, "zoom")
    at(sample.now)
    challenge = sample.deliver(
        {
            "event": "endpoint.url_validation",
            "event_ts": sample.now,
            "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"},
        }
    )
    answer = post(lite, "zoom", challenge)
    assert answer.status_code == 200
    token = hmac.new(sample.secret.encode(), b"qgg8vlvZRS6UYooatFL8Aw", hashlib.sha256).hexdigest()
    assert answer.json() == {"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": token}
    assert post(lite, "zoom", challenge._replace(headers={})).status_code == 401
    assert lite.event_ids() == set()


@pytest.mark.parametrize("query", ["", "?via=a%20b"])
def test_bigbluebutton_signs_the_address_that_it_calls(lite, at, query):
    sample = connect(lite, "bigbluebutton-webhooks", "Team Ü")
    at(sample.now)
    sign = importlib.import_module("platforms.samples.bigbluebutton_webhooks").sign
    path = "/api/v1/hooks/bigbluebutton-webhooks/Team%20%C3%9C" + query
    for base, status in ((PUBLIC, 200), (lite.url, 403)):
        signed = sign(sample.deliveries()[1].body, url=base + path)
        answer = lite.http.post(
            signed.url.removeprefix(base), content=signed.body, headers=dict(signed.headers)
        )
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("platform", "team", "code"), [("unknown", "acme", 1), ("zoom", "", 2), ("zoom", "x" * 201, 2)]
)
def test_invalid_connections_are_refused(sqlite_shell, platform, team, code):
    sqlite_shell("hook", "set", platform, team, input="secret\n", code=code)
    sqlite_shell("hook", "set", "zoom", "acme", input="\n", code=1)
    sqlite_shell("hook", "set", "zoom", "acme", "--secret-from", "NOT_THERE", code=1)


def test_a_secret_from_the_environment_and_the_list_of_connections(sqlite_shell):
    sqlite_shell("hook", "set", "zoom", "acme", "--secret-from", "ZOOM", ZOOM="s3cret")
    engine = storage.connect(sqlite_shell.url)
    with storage.reading(engine) as c:
        assert credentials.secret(c, "acme", "zoom") == "s3cret"
    listed = sqlite_shell("hook", "list").stdout
    assert {line.split("\t")[0] for line in listed.splitlines()} == set(PLATFORMS)
    assert "zoom\tZoom\tacme" in listed
    assert "s3cret" not in listed
    sqlite_shell("hook", "remove", "zoom", "acme")
    sqlite_shell("hook", "remove", "zoom", "acme", code=1)


def test_the_printed_address_works_for_any_team_name(lite, at):
    team = "büro & co? #1"
    sample = samples.of("livekit")
    output = lite.shell("hook", "set", "livekit", team, input=sample.secret + "\n").stdout
    path = output.strip().partition("YOUR-HOST")[2]
    at(sample.now)
    sent = sample.deliveries()[0]
    answer = lite.http.post(path, content=sent.body, headers=dict(sent.headers))
    assert answer.status_code == 200, answer.text
    assert lite.rows("SELECT key FROM teams WHERE id IN (SELECT team_id FROM deliveries)") == [
        (team,)
    ]


@pytest.mark.parametrize("team", ["a/b", "..", "."])
def test_a_team_that_no_address_can_name_is_refused(lite, team):
    result = lite.shell("hook", "set", "livekit", team, input="secret\n", code=1)
    assert "No address can name the team" in result.stderr
    assert lite.rows("SELECT key FROM teams") == []


def test_signature_failures_are_counted_by_team_and_platform(api, at):
    """With the last reason; requests for unknown teams leave nothing behind."""
    sample = connect(api, "livekit")
    connect(api, "zoom", "other")
    at(sample.now)
    good = sample.deliveries()[0]
    assert post(api, "livekit", good).status_code == 200
    for _ in range(3):
        assert post(api, "livekit", good._replace(headers={})).status_code == 401
    for team in ("unknown", "other", "nul\0"):
        api.http.post(f"/api/v1/hooks/bigbluebutton-webhooks/{quote(team)}", content=b"x")
    api.service.signature_failures.write()
    counted = api.rows(
        "SELECT t.key, r.platform, r.requests, r.why FROM signature_failures r JOIN teams t ON t.id = r.team_id ORDER BY 1, 2"
    )
    assert [row[:3] for row in counted] == [
        ("acme", "livekit", 3),
        ("other", "bigbluebutton-webhooks", 1),
    ]
    assert counted[0][3] == "there is no signed token"
    post(api, "livekit", good._replace(headers={}))
    # By the timer, without a call of ``write``.
    assert eventually(lambda: api.rows("SELECT max(requests) FROM signature_failures") == [(4,)])
    connect(api, "livekit")
    assert [row[1] for row in api.rows("SELECT team_id, platform FROM signature_failures")] == [
        "bigbluebutton-webhooks"
    ]
