"""``usage-report deliveries``: stored webhook requests are listed, and read again by a corrected source."""

from __future__ import annotations

import orjson
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from support import product
from usage_report import api, storage
from usage_report.cli.main import main
from usage_report.core.errors import EventError
from usage_report.core.events import Event, QuarantinedInput, instant
from usage_report.core.settings import Settings
from usage_report.ingest.write_queue import Job, RawRequest, WriteQueue
from usage_report.reporting.reader import Reader
from usage_report.sources import registry
from usage_report.sources.contract import Context, Delivery
from usage_report.storage import credentials

MARCH, MAY = instant("2026-03-02T09:00:00Z"), instant("2026-05-02T09:00:00Z")


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/usage.db"


@pytest.fixture
def engine(url):
    engine = storage.open_database(url)
    yield engine
    engine.dispose()


@pytest.fixture
def run(url, engine):
    runner = CliRunner(env={"USAGE_REPORT_DATABASE_URL": url})
    return lambda *args: runner.invoke(main, ["deliveries", *args])


def post(engine, platform: str, team: str, body: dict, at: int) -> None:
    """Store a request in the way the API does."""
    raw = orjson.dumps(body)
    items = list(
        registry.platforms()[platform].translate(
            Delivery(raw, {}, "http://x/", at), Context(at, team, platform)
        )
    )
    events = [x for x in items if type(x) is Event]
    refused = [x._replace(team=team) for x in items if type(x) is QuarantinedInput]
    queue = WriteQueue(engine)
    product.store(
        queue,
        Job(
            team,
            platform,
            "request 1",
            events,
            refused,
            at,
            RawRequest(platform, "http://x/", {"x-a": "1"}, raw),
        ),
    )
    queue.close()


def livekit(id: str, event: str, at: int) -> dict:
    return {
        "event": event, "id": id, "createdAt": str(at // 1000),
        "room": {"sid": "RM_1", "name": "standup"}, "participant": {"sid": "PA_1", "identity": "ana", "joinedAt": str(at // 1000)},
    }  # fmt: skip


@pytest.fixture
def broken(monkeypatch):
    """``broken()`` makes a source that does not know joins; ``broken(corrected=True)`` corrects it."""
    module = registry.platforms()["livekit"]
    right = module.translate

    def wrong(delivery, context):
        if b"participant_joined" in delivery.body:
            error = EventError("unknown-type", "there is no such event")
            yield QuarantinedInput(error.reason, error.why, delivery.body, 1, "", "livekit")
        else:
            yield from right(delivery, context)

    def choose(corrected: bool = False) -> None:
        monkeypatch.setattr(module, "translate", right if corrected else wrong)

    return choose


@pytest.fixture
def filled(engine, broken):
    broken()
    post(engine, "livekit", "acme", livekit("EV_1", "participant_joined", MARCH), MARCH + 1000)
    post(
        engine,
        "livekit",
        "acme",
        livekit("EV_2", "participant_left", MARCH + 600_000),
        MARCH + 601_000,
    )
    post(engine, "livekit", "other", livekit("EV_3", "participant_joined", MAY), MAY)
    return engine


def test_list_shows_what_is_kept_and_its_outcomes(filled, run):
    lines = [line.split("\t") for line in run("list").stdout.splitlines()]
    assert [line[1:4] for line in lines] == [
        ["livekit", "acme", "2026-03-02T09:00:01Z"], ["livekit", "acme", "2026-03-02T09:10:01Z"], ["livekit", "other", "2026-05-02T09:00:00Z"],
    ]  # fmt: skip
    assert lines[0][4] == "0 accepted, 0 known already, 1 quarantined"
    assert lines[1][4] == "1 accepted, 0 known already, 0 quarantined"
    assert [line.split("\t")[0] for line in run("list", "--limit", "2").stdout.splitlines()] == [
        lines[1][0],
        lines[2][0],
    ]
    assert run("list", "--since", "2026-03-03").stdout.splitlines() == ["\t".join(lines[2])]


def test_a_message_where_nothing_is_kept(engine, run):
    result = run("list", "--platform", "zoom")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No such delivery is stored" in result.stderr
    assert run("replay").stdout == "0 deliveries replayed: 0 accepted, 0 known already\n"


def test_a_corrected_source_finds_more_and_nothing_counts_twice(filled, run, broken):
    result = run("replay")
    assert result.exit_code == 1, "one is still quarantined"
    assert result.stdout == "3 deliveries replayed: 0 accepted, 1 known already, 2 quarantined\n"
    broken(corrected=True)
    result = run("replay")
    assert (result.exit_code, result.stdout) == (
        0,
        "3 deliveries replayed: 2 accepted, 1 known already\n",
    )
    assert run("replay").stdout == "3 deliveries replayed: 0 accepted, 3 known already\n"
    period = Reader(filled, 86_400_000).period("acme", instant("2026-03-31T00:00:00Z"))
    assert {m.key: m.value for m in period.metrics}["participation_minutes"] == 10


def test_replay_of_one_platform_or_of_some_days(filled, run, broken):
    broken(corrected=True)
    assert run("replay", "--platform", "zoom").stdout.startswith("0 deliveries")
    assert (
        run("replay", "--since", "2026-05-02").stdout
        == "1 delivery replayed: 1 accepted, 0 known already\n"
    )
    assert (
        run("replay", "--since", "2026-03-02").stdout
        == "3 deliveries replayed: 1 accepted, 2 known already\n"
    )


def test_what_is_quarantined_again_keeps_its_team_and_is_kept_once(filled, run):
    run("replay")
    with storage.reading(filled) as c:
        rows = c.exec_driver_sql(
            "select team, count(*) from quarantine group by team order by team"
        ).all()
    assert rows == [("acme", 1), ("other", 1)]


def test_more_than_one_share_is_read(engine, run, monkeypatch):
    monkeypatch.setattr("usage_report.cli.deliveries.BATCH", 2)
    for n in range(5):
        post(
            engine,
            "livekit",
            "acme",
            livekit(f"EV_{n}", "participant_joined", MARCH + n * 1000),
            MARCH + n * 1000,
        )
    assert run("replay").stdout == "5 deliveries replayed: 0 accepted, 5 known already\n"


def test_a_wrong_platform_and_a_wrong_date_are_errors(run):
    result = run("replay", "--platform", "livkit")
    assert (result.exit_code, "Did you mean 'livekit'?" in result.stderr) == (1, True)
    assert run("list", "--since", "soon").exit_code == 2


@pytest.mark.parametrize("below", ["", "/events/occupant/joined"])
def test_a_platform_may_add_to_the_address_it_was_given(engine, url, run, below):
    """event_sync posts to api_prefix + /events/…, and has no setting for that."""
    with storage.writing(engine) as c:
        credentials.set_secret(c, "acme", "jitsi", "word", MARCH)
    body = {
        "event_name": "muc-occupant-joined", "is_breakout": False, "room_jid": "r@conference.x", "room_name": "r",
        "occupant": {"occupant_jid": "r@conference.x/1", "joined_at": MARCH // 1000, "name": "Ana"},
    }  # fmt: skip
    with TestClient(api.create(Settings(database_url=url))) as client:
        assert client.post(f"/api/v1/hooks/jitsi/acme{below}", json=body).status_code == 401
        answer = client.post(
            f"/api/v1/hooks/jitsi/acme{below}", json=body, headers={"Authorization": "Bearer word"}
        )
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    assert run("list").stdout.split("\t")[1:3] == ["jitsi", "acme"]
