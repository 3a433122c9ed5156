"""*Sources* as a visitor gets it: what was received, what could not be read and why, and the replay."""

from __future__ import annotations

import io

import orjson
import pytest
from streamlit.testing.v1 import AppTest

from support import pages, product
from support.pages import shown
from usage_report import storage
from usage_report.core import clock
from usage_report.core.events import Event, QuarantinedInput, instant
from usage_report.ingest import pipeline
from usage_report.ingest.write_queue import Job, RawRequest, WriteQueue
from usage_report.reporting import arrivals as stored
from usage_report.sources.contract import Context
from usage_report.sources.files import jsonl
from usage_report.storage import credentials, teams
from usage_report.storage.event_log import IngestCounts
from usage_report.ui import cache, quarantine

NOW = instant("2026-03-06T12:00:00Z")
HOUR = 3_600_000


@pytest.fixture
def engine(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/usage.db"
    engine = storage.open_database(url)
    monkeypatch.setenv("USAGE_REPORT_DATABASE_URL", url)
    cache.clear()
    monkeypatch.setattr(clock, "now_ms", lambda: NOW)
    yield engine
    cache.clear()
    engine.dispose()


def ingest(engine, *lines: dict | bytes, at: int = NOW, team: str | None = "acme") -> None:
    raw = b"\n".join(x if isinstance(x, bytes) else orjson.dumps(x) for x in lines)
    pipeline.append(
        engine,
        jsonl.SOURCE.read(io.BytesIO(raw), Context(at, team)),
        now=at,
        format="jsonl",
        origin="march.jsonl",
    )
    pipeline.process_pending(engine)


def event(id: str, time: str, type: str = "participant.joined") -> dict:
    return {
        "specversion": "1.0",
        "id": id,
        "source": "test",
        "type": type,
        "time": time,
        "data": {"team": "acme", "room": "r", "session": "s", "connection": id},
    }


def deliver(
    engine, at: int, platform: str = "zoom", *, accepted: int = 0, refused: int = 0
) -> None:
    """A webhook request as the receiver stores it."""
    events = [
        Event("acme", platform, f"{at}-{i}", 1, at, "r", "s", f"c{at}-{i}", *[""] * 5)
        for i in range(accepted)
    ]
    faults = [
        QuarantinedInput(
            "unknown-type", f"no type {i}", f'{{"n": {i}}}'.encode(), 1, "acme", platform
        )
        for i in range(refused)
    ]
    write_queue = WriteQueue(engine)
    job = Job(
        "acme",
        platform,
        "request 1",
        events,
        faults,
        at,
        RawRequest(platform, "http://x/", {}, b"{}"),
    )
    product.store(write_queue, job)
    pipeline.drain_inbox(engine)
    write_queue.close()


def connect(engine, platform: str = "zoom", team: str = "acme") -> None:
    with storage.writing(engine) as c:
        credentials.set_secret(c, team, platform, "s", NOW)


def visit(**state) -> AppTest:
    return pages.visit("Sources", **state)


def labels(app: AppTest) -> list[str]:
    return [box.label.replace("\\", "") for box in app.expander if "·" in box.label]


def test_without_a_source_the_page_shows_how_to_connect_one(engine):
    with storage.writing(engine) as c:
        teams.ensure_team(c, "acme", NOW)
    text = shown(visit())
    assert "usage-report hook set PLATFORM acme" in text
    assert "usage-report token create --team acme" in text
    assert "LiveKit (`livekit`)" in text
    assert "The quarantine is empty" in text


def test_an_empty_database_shows_how_to_begin(engine):
    assert "usage-report hook set PLATFORM YOUR-TEAM" in shown(visit())


def test_what_each_source_sent_and_its_recent_requests(engine):
    ingest(
        engine,
        event("1", "2026-03-05T09:00:00Z"),
        event("2", "2026-03-06T09:00:00Z"),
        at=NOW - 3 * HOUR,
    )
    deliver(engine, NOW - 8 * 24 * HOUR, accepted=1)
    deliver(engine, NOW - 7 * 24 * HOUR, accepted=1, refused=1)
    deliver(engine, NOW - 24 * HOUR - 1, accepted=1)
    deliver(engine, NOW - 24 * HOUR, accepted=2)
    table = visit().dataframe[0].value.set_index("Source")
    assert table.loc["test"].to_dict() == {
        "Events": "2", "Last received": "3 h ago", "Latest event happened": "Fri 6 Mar 2026, 09:00", "Connected since": "Fri 6 Mar 2026, 09:00",
        "Requests, 24 h": "–", "Requests, 7 days": "–",
    }  # fmt: skip
    zoom = table.loc["Zoom"]
    assert (zoom["Events"], zoom["Requests, 24 h"], zoom["Requests, 7 days"]) == (
        "5",
        "1",
        "3 (1 in quarantine)",
    )
    assert zoom["Connected since"] == "Thu 26 Feb 2026, 12:00"


def test_a_connected_platform_that_sent_nothing_is_listed(engine, monkeypatch):
    monkeypatch.setenv("USAGE_REPORT_PUBLIC_URL", "https://usage.example.com/")
    connect(engine)
    connect(engine, "daily", "other")
    app = visit()
    row = app.dataframe[0].value.iloc[0]
    assert (row["Source"], row["Last received"], row["Requests, 24 h"]) == (
        "Zoom",
        "nothing yet",
        "0",
    )
    assert len(app.dataframe[0].value) == 1
    assert "https://usage.example.com/api/v1/hooks/zoom/acme" in shown(app)


def test_the_quarantine_of_this_team_and_of_unknown_teams_by_reason(engine):
    connect(engine)
    ingest(
        engine,
        event("1", "2026-03-05T09:00:00Z", "participant.waved"),
        b'{"torn',
        event("3", "2026-03-05T09:00:00Z", "participant.left "),
    )
    ingest(engine, b"no team at all", team=None, at=NOW + HOUR)
    ingest(
        engine, {**event("1", "2026-03-05T09:00:00Z", "x"), "data": {"team": "other"}}, team="other"
    )
    app = visit()
    (table,) = [d.value for d in app.dataframe if "Reason" in d.value]
    assert table.to_numpy().tolist() == [
        ["not-json", "2", "Fri 6 Mar 2026, 13:00"],
        ["unknown-type", "2", "Fri 6 Mar 2026, 12:00"],
    ]
    assert "4 events could not be read and are not counted." in shown(app)
    assert [label.split(" · ")[0] for label in labels(app)] == [
        "not-json",
        "unknown-type",
        "not-json",
        "unknown-type",
    ]
    next(s for s in app.selectbox if s.label == "Show").select("unknown-type").run()
    assert [label.split(" · ")[0] for label in labels(app)] == ["unknown-type", "unknown-type"]


def test_an_input_is_read_at_a_click_and_shown_as_text(engine):
    hostile = event("<script>alert(1)</script>", "2026-03-05T09:00:00Z", "participant.waved")
    connect(engine)
    ingest(engine, hostile)
    (held,) = stored.originals(cache.reader().engine, "acme", limit=9)
    closed = visit()
    assert "<script>" not in shown(closed)
    opened = visit(**{f"quarantine_original_{held.id}": True})
    block = next(c for c in opened.code if "script" in c.value)
    assert block.language == "json"
    assert orjson.loads(block.value) == hostile
    assert '\n  "id": ' in block.value
    assert not any("<script>" in m.value for m in [*opened.markdown, *opened.caption])
    assert "**type 'participant.waved' is not known" in shown(opened)
    assert "march.jsonl" in shown(opened)


def test_replay_counts_what_is_valid_now(engine, monkeypatch):
    ingest(engine, event("1", "2026-03-06T11:00:00Z"), event("2", "2026-03-06T14:00:00Z"), b"{")
    assert len(labels(visit())) == 2
    later = NOW + 3 * HOUR
    monkeypatch.setattr(clock, "now_ms", lambda: later)
    app = visit()
    app.button(key="quarantine_replay").click().run()
    assert not app.exception
    assert [s.value for s in app.success] == ["Tried again: 1 new event counted; 1 remain."]
    assert [label.split(" · ")[0] for label in labels(app)] == ["not-json"]
    assert app.dataframe[0].value.iloc[0]["Events"] == "2"
    assert cache.team("acme").pending == 0, "it is counted at once"
    app.run()
    assert not app.success, "shown once"


def test_a_replay_that_fails_is_explained(engine, monkeypatch):
    connect(engine)
    ingest(engine, b"{")
    app = visit()
    monkeypatch.setattr(
        pipeline, "replay", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("boom"))
    )
    app.button(key="quarantine_replay").click().run()
    assert not app.exception
    assert "Something went wrong, reference" in app.error[0].value
    assert "boom" not in shown(app)


@pytest.mark.parametrize(
    ("raw", "text", "language"),
    [
        (b'{"a":[1,"\xc3\xa9"]}', '{\n  "a": [\n    1,\n    "é"\n  ]\n}', "json"),
        (b"<script>alert(1)</script>", "<script>alert(1)</script>", None),
        (b'{"a":', '{"a":', None),
        (b"\xff\x00", "��", None),
        (b'"\\ud800"', '"?"', "json"),
        (b"[" * 100_000, "[" * 100_000, None),
        (b"1" * 5_000, "1" * 5_000, None),
    ],
)
def test_payloads_as_text(raw, text, language):
    assert quarantine.readable(raw) == (text, language)


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        (
            IngestCounts(accepted=2, duplicates=1, conflicts=[("a", "b")], quarantined_before=0),
            "Tried again: 2 new events counted, 1 already counted, 1 in conflict with a counted event, which stays; 0 remain.",
        ),
        (IngestCounts(quarantined_before=5), "Tried again: none could be read; 5 remain."),
    ],
)
def test_the_result_of_a_replay_in_words(counts, text):
    assert quarantine.result_text(counts) == text


def refuse(
    engine, platform: str = "zoom", *, at: int = NOW, team: str = "acme", n: int = 2
) -> None:
    with storage.writing(engine) as c:
        credentials.add_signature_failures(
            c,
            {
                (team, platform): credentials.SignatureFailure(
                    n, at, "the signature is that of another secret"
                )
            },
        )


def test_a_wrong_secret_is_shown(engine):
    """Not "has sent nothing yet": it sends, but its requests are rejected."""
    connect(engine)
    refuse(engine, at=NOW - 2 * HOUR)
    refuse(engine, at=NOW - HOUR, n=1)
    refuse(engine, "daily", at=NOW - 8 * 24 * HOUR)
    refuse(engine, "jitsi", team="other")
    app = visit()
    (warning,) = [w.value.replace("\\", "") for w in app.warning]
    assert warning.startswith(
        "**Zoom: 3 requests were rejected, the last one 1 h ago:** the signature is that of another secret."
    )
    assert "usage-report hook set zoom acme" in warning
    assert "has sent nothing yet" not in shown(app)
    connect(engine)  # the secret set again: earlier failures no longer matter
    cache.SingleFlightCache.clear_all()
    assert not visit().warning


# tokens


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (14.1, None),
        (14, "expires in 14 days"),
        (0.5, "expires in 12 h"),
        (-0.5, "expired 12 h ago"),
        (-14.1, None),
        (None, None),
    ],
)
def test_a_token_that_expires_within_two_weeks_is_announced(engine, days, said):
    expires_at = None if days is None else NOW + int(days * 24 * HOUR)
    with storage.writing(engine) as c:
        credentials.create_token(c, "acme", "read", "monthly *invoice*", NOW - 1, expires_at)
    shown_before = [x.value for x in visit().warning]
    if said is None:
        assert shown_before == []
        return
    (warning,) = shown_before
    assert warning.startswith(f"**The token monthly \\*invoice\\* {said}**")
    assert "usage-report token create --team acme --scope read --expires 90d" in warning
    assert "usage-report token revoke 1" in warning
    with storage.writing(engine) as c:
        credentials.revoke_token(c, 1, NOW)
    cache.clear()
    assert [x.value for x in visit().warning] == []


def test_tokens_of_other_teams_are_not_announced(engine):
    with storage.writing(engine) as c:
        credentials.create_token(c, "acme", "read", "", NOW)
        credentials.create_token(c, "globex", "read", "", NOW, NOW + HOUR)
    assert [x.value for x in visit().warning] == []
