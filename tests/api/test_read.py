"""Figures out: the JSON of the command line, ETags that change with the figures, errors as sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from support.api_serving import Api, eventually, joined, sent_event, serving
from usage_report.api.read import STATISTICS
from usage_report.core import clock
from usage_report.core.events import instant
from usage_report.core.metrics import ALL, PERIOD
from usage_report.ingest import pipeline
from usage_report.ingest.worker import Worker

START = instant("2026-03-02T09:00:00Z")
MINUTE = 60_000
AS_OF = "2026-03-05T12:00:00Z"
RANGE = {"from": "2026-03-01", "to": "2026-03-04", "as_of": AS_OF}


def meeting() -> Iterator[dict]:
    """Events of one finished meeting, and of one that is live at ``AS_OF``."""

    def at(minutes: float) -> int:
        return START + int(minutes * MINUTE)

    yield joined("j-1", at=at(0), connection="c-1", participant="ana")
    yield joined("j-2", at=at(10), connection="c-2", participant="ben")
    yield sent_event(
        "track.published", "p-1", at=at(0), connection="c-1", track="t-1", kind="audio"
    )
    yield sent_event(
        "track.published", "p-2", at=at(5), connection="c-1", track="t-2", kind="screenshare"
    )
    yield sent_event("track.subscribed", "u-1", at=at(10), connection="c-2", track="t-1")
    yield sent_event("recording.started", "r-1", at=at(5), recording="r")
    yield sent_event("recording.stopped", "r-2", at=at(10.5), recording="r")
    yield sent_event("session.ended", "x-1", at=at(30))
    live = instant(AS_OF) - 20 * MINUTE
    yield joined("live-1", at=live, session="s-live", connection="l-1")
    yield sent_event(
        "recording.started", "live-2", at=live + MINUTE, session="s-live", recording="l"
    )


@pytest.fixture
def api(tmp_path) -> Iterator[Api]:
    with serving(f"sqlite:///{tmp_path}/usage.db") as running:
        sender = running.sender()
        assert running.post(list(meeting()), sender).json()["accepted"] == 10
        pipeline.process_pending(running.service.engine)
        yield running


def get(api: Api, path: str, headers: dict | None = None, **parameters: str):
    return api.http.get(
        f"/api/v1/{path}",
        params=parameters,
        headers=headers if headers is not None else api.reader(),
    )


def figures(api: Api, path: str, **parameters: str) -> dict:
    answer = get(api, path, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("grain", "zone"),
    [("day", "Europe/Berlin"), ("hour", "UTC"), ("month", "America/St_Johns"), ("", "")],
)
def test_the_report_equals_that_of_the_command_line(api, grain, zone):
    more = ({"grain": grain} if grain else {}) | ({"zone": zone} if zone else {})
    args = [x for k, v in (RANGE | more).items() for x in (f"--{k.replace('_', '-')}", v)]
    answer = figures(api, "report", **RANGE, **more)
    assert answer == api.shell.json("report", "--team", "acme", *args)
    assert {m.key for m in ALL} <= answer["total"].keys()
    assert answer["total"]["participation_minutes"] == 50  # the live session began on March 5
    some = figures(api, "report", **RANGE, metrics="chat_posts, sessions")
    assert some == api.shell.json(
        "report",
        "--team",
        "acme",
        *[x for k, v in RANGE.items() for x in (f"--{k.replace('_', '-')}", v)],
        "--metrics",
        "chat_posts,sessions",
    )


def test_period_and_live_equal_those_of_the_command_line(api):
    period = figures(api, "period", as_of=AS_OF)
    assert period == api.shell.json("period", "--team", "acme", "--as-of", AS_OF)
    assert period["metrics"].keys() == {m.key for m in PERIOD}
    live = figures(api, "live", as_of=AS_OF)
    assert live == api.shell.json("live", "--team", "acme", "--as-of", AS_OF)
    assert live == {
        "as_of": AS_OF,
        "live_participants": 1,
        "live_sessions": 1,
        "active_recordings": 1,
    }


def test_statistics_under_the_vendors_names(api):
    answer = figures(api, "statistics", date_start="2026-03-02", date_end="2026-03-02")
    assert answer.keys() == STATISTICS.keys() | {"date_start", "date_end"}
    assert (answer["date_start"], answer["date_end"]) == ("2026-03-02", "2026-03-02")
    some_fields = {
        k: answer[k]
        for k in (
            "participation_minutes",
            "broadcasted_minutes",
            "screen_broadcasted_minutes",
            "subscribed_minutes",
            "sessions",
            "rooms",
        )
    }
    assert some_fields == {
        "participation_minutes": 50,
        "broadcasted_minutes": 55,
        "screen_broadcasted_minutes": 25,
        "subscribed_minutes": 20,
        "sessions": 1,
        "rooms": 1,
    }
    assert answer["recorded_minutes"] == 6  # five and a half
    assert answer["max_concurrent_participants"] == answer["active_participants"] == 2
    assert answer["e2ee_minutes"] is None
    assert all(v is None or type(v) is int for k, v in answer.items() if not k.startswith("date_"))
    some = figures(
        api, "statistics", date_start="2026-03-02", date_end="2026-03-02", metrics="sessions, rooms"
    )
    assert some == {"sessions": 1, "rooms": 1, "date_start": "2026-03-02", "date_end": "2026-03-02"}
    assert figures(api, "statistics")["date_start"].endswith("-01"), (
        "the billing period where no date is named"
    )


PATHS = (("report", RANGE), ("period", {"as_of": AS_OF}), ("live", {"as_of": AS_OF}))


@pytest.mark.parametrize(("path", "asked"), PATHS)
def test_the_etag_changes_with_the_figures_and_only_then(api, path, asked):
    reader = api.reader()
    first = get(api, path, reader, **asked)
    tag = first.headers["etag"]
    same = get(api, path, reader | {"If-None-Match": tag}, **asked)
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert (
        get(
            api, path, reader | {"If-None-Match": f'"other", {tag.removeprefix("W/")}'}, **asked
        ).status_code
        == 304
    )
    other = get(api, path, api.reader("globex") | {"If-None-Match": tag}, **asked)
    assert other.status_code == 200, "of another team"
    assert (
        get(
            api,
            path,
            reader | {"If-None-Match": tag},
            **(asked | {"as_of": "2026-03-05T12:00:01Z"}),
        ).status_code
        == 200
    )

    # Figures of open sessions include events of the event log that are not counted yet.
    late = joined("live-3", at=instant(AS_OF) - 10 * MINUTE, session="s-live", connection="l-3")
    assert api.post(late, api.sender()).json()["accepted"] == 1
    assert get(api, path, reader | {"If-None-Match": tag}, **asked).status_code == 304, (
        "an event in the inbox changes nothing yet"
    )
    pipeline.drain_inbox(api.service.engine)
    after = get(api, path, reader | {"If-None-Match": tag}, **asked)
    assert after.status_code == 200
    Worker(api.settings).step()
    counted = get(api, path, reader | {"If-None-Match": after.headers["etag"]}, **asked)
    assert counted.status_code == 200
    if path == "live":
        assert counted.json()["live_participants"] == 2


FINISHED = (
    ("report", {"from": "2026-03-01", "to": "2026-03-02"}),
    ("statistics", {"date_start": "2026-03-01", "date_end": "2026-03-02"}),
)


@pytest.mark.parametrize(("path", "asked"), FINISHED)
def test_the_etag_of_a_finished_range_does_not_change_with_time(api, path, asked, monkeypatch):
    """Scripts ask repeatedly for past ranges without ``as_of``: nothing is computed for them."""
    reader = api.reader()
    now = instant(
        "2026-03-07T12:00:00Z"
    )  # more than a day after the last event of the open session
    monkeypatch.setattr(clock, "now_ms", lambda: now)
    first = get(api, path, reader, **asked)
    tag = {"If-None-Match": first.headers["etag"]}
    now += 3_600_000
    assert get(api, path, reader | tag, **asked).status_code == 304
    assert (
        api.post(joined("late", at=START + 5 * MINUTE, connection="c-9"), api.sender()).json()[
            "accepted"
        ]
        == 1
    )
    Worker(api.settings).step()
    assert get(api, path, reader | tag, **asked).status_code == 200


@pytest.mark.parametrize(
    ("path", "first", "last"), [("report", "from", "to"), ("statistics", "date_start", "date_end")]
)
def test_the_etag_of_a_running_range_changes_with_time(api, path, first, last, monkeypatch):
    reader = api.reader()
    now = instant(AS_OF)
    monkeypatch.setattr(clock, "now_ms", lambda: now)
    asked = {first: "2026-03-05", last: "2026-03-05"}
    before = get(api, path, reader, **asked)
    now += 10 * MINUTE
    after = get(api, path, reader | {"If-None-Match": before.headers["etag"]}, **asked)
    assert after.status_code == 200
    minutes = [
        a.json().get(
            "participation_minutes", a.json().get("total", {}).get("participation_minutes")
        )
        for a in (before, after)
    ]
    assert minutes[1] == minutes[0] + 10


@pytest.mark.parametrize(
    ("path", "asked", "words"),
    [
        ("report", {}, "range"),
        ("report", {"from": "2026-03-01"}, "range"),
        ("report", {"from": "2026-03-02", "to": "2026-03-01"}, ""),
        ("report", {"from": "2026-3-1", "to": "2026-03-01"}, "2026-3-1"),
        ("report", {"from": "2000-01-01", "to": "2199-12-31", "grain": "hour"}, ""),
        ("report", RANGE | {"grain": "weak"}, "grain"),
        ("report", RANGE | {"zone": "Europe/Berlim"}, "zone"),
        ("report", RANGE | {"zone": "\0"}, "zone"),
        ("report", RANGE | {"zone": "../../etc/passwd"}, "zone"),
        ("report", RANGE | {"metrics": "chat_post"}, "chat_post"),
        ("report", RANGE | {"team": "globex"}, "team"),
        ("report", RANGE | {"as_of": "yesterday"}, "as_of"),
        ("live", {"as_of": "2026-03-02T09:00:00 02:00"}, "%2B"),
        ("report", RANGE | {"as_of": "9999-12-31T23:59:59Z"}, "as_of"),
        ("period", {"as_of": "0001-01-01T00:00:00Z"}, "as_of"),
        ("live", {"as_of": "1999-12-31T23:59:59Z"}, "as_of"),
        ("live", {"at": "now"}, "at"),
        ("statistics", {"metrics": "minutes"}, "minutes"),
        ("statistics", {"date_start": "2026-03-01T00:00:00Z"}, "2026"),
        ("statistics", {"date_start": "2026-03-02", "date_end": "2026-03-01"}, ""),
    ],
)
def test_invalid_parameters_are_explained(api, path, asked, words):
    answer = get(api, path, **asked)
    assert answer.status_code == 400, answer.text
    assert words in json.dumps(answer.json()["error"])
    assert answer.json()["request_id"]


def test_a_repeated_parameter_is_an_error(api):
    assert (
        api.http.get(
            "/api/v1/live?as_of=2026-03-05T12:00:00Z&as_of=2026-03-05T12:00:00Z",
            headers=api.reader(),
        ).status_code
        == 400
    )


@pytest.mark.parametrize("query", [b"zone=%ff&from=%00", b"%ff=%fe", b"from=" + b"9" * 3_000])
def test_hostile_queries_are_answered_400(api, query):
    assert (
        api.http.get(api.url + "/api/v1/report?" + query.decode(), headers=api.reader()).status_code
        == 400
    )


@pytest.mark.parametrize("path", ["report", "period", "live", "statistics"])
def test_a_token_reads_only_its_own_team(api, path):
    asked = RANGE if path == "report" else {}
    assert get(api, path, {}, **asked).status_code == 401
    assert get(api, path, api.sender(), **asked).status_code == 403
    other = get(api, path, api.reader("globex"), **asked)
    assert other.status_code == 200
    assert "j-1" not in other.text
    if path == "report":
        assert other.json()["team"] == "globex"
        assert other.json()["total"]["participation_minutes"] is None, "it has no records"


def test_a_new_event_is_live_at_once(api):
    reader = api.reader()
    api.post(joined("now", at=clock.now_ms(), session="s-now"), api.sender())
    Worker(api.settings).step()
    # The question is as of the whole second.
    assert eventually(lambda: get(api, "live", reader).json()["live_participants"] == 1)
