"""The client of Digital Samba's REST API, against a real HTTP server: retries, errors, and where the key is sent."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest
from starlette.responses import Response, StreamingResponse

from support.fake_digitalsamba import (
    KEY,
    FakeDigitalSamba,
    broken,
    serving,
    slow,
    status,
    truncated,
)
from usage_report.core.errors import InputError, VendorError
from usage_report.reporting import reconcile
from usage_report.sources.pull import digitalsamba as ds
from usage_report.sources.pull import digitalsamba_statistics as statistics
from usage_report.sources.pull.digitalsamba_statistics import DateEnd

MONDAY = date(2026, 3, 2)
KEPT = "Everything read so far is kept. Run the same command again: it continues from there."


@pytest.fixture
def fake():
    with serving(FakeDigitalSamba()) as fake:
        fake.meet("s1", "2026-03-02T09:00:00", 30.5, 3)
        yield fake


@pytest.fixture
def retry_waits(monkeypatch) -> list[float]:
    """Seconds before each retry. They are recorded instead of waited."""
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=waits.append))
    return waits


@pytest.fixture
def waits(retry_waits, monkeypatch) -> list[float]:
    """The same without the part that is left to chance."""
    monkeypatch.setattr(ds, "JITTER_SECONDS", 0)
    return retry_waits


@pytest.fixture
def client(fake, waits):
    with ds.Client(KEY, fake.url, pace=0, timeout=0.3, deadline=1.0) as client:
        yield client


def sessions(client) -> list[str]:
    dates = {"date_start": "2026-03-02", "date_end": "2026-03-02"}
    return [row["id"] for page in client.pages("/api/v1/sessions", **dates) for row in page]


def figures(client) -> dict[str, float]:
    return statistics.statistics(client, MONDAY, MONDAY)


def error_of(client) -> str:
    """The text of the error that a list of sessions ends with."""
    with pytest.raises(VendorError) as caught:
        sessions(client)
    return str(caught.value)


# Lists


@pytest.mark.parametrize("page_rows", [100, 7])
def test_pages_yield_every_row_once(fake, client, page_rows):
    fake.sessions = [dict(fake.sessions[0], id=f"s{i}") for i in range(250)]
    fake.max_page = page_rows
    assert sessions(client) == [f"s{i}" for i in range(250)]
    assert len(fake.requests) == -(-250 // page_rows)


def test_a_full_last_page_is_not_followed_by_another_request(fake, client):
    fake.sessions = [dict(fake.sessions[0], id=f"s{i}") for i in range(200)]
    assert len(sessions(client)) == 200
    assert len(fake.requests) == 2


def test_a_server_that_ignores_the_offset_does_not_cause_an_endless_loop(fake, client):
    fake.sessions = [dict(fake.sessions[0], id=f"s{i}") for i in range(250)]
    fake.ignores_offset = True
    assert error_of(client) == (
        "Digital Samba's response differs from its documentation: /api/v1/sessions should return further rows "
        "from offset 100 on, and returned the same rows again. Nothing of this response was used. Please report it."
    )


# Retries


@pytest.mark.parametrize(
    "fault", [status(500), status(503), truncated(), broken, slow(0.6), status(429)]
)
def test_a_fault_that_passes_is_retried_with_doubled_waits(fake, client, waits, fault):
    fake.faults = [fault, fault]
    assert sessions(client) == ["s1"]
    assert len(fake.requests) == 3
    assert waits == [0.5, 1.0]


def test_a_server_that_cannot_be_reached(waits):
    with ds.Client(KEY, "http://127.0.0.1:9", pace=0) as client:
        assert error_of(client) == (
            f"Digital Samba does not respond: /api/v1/sessions, asked 6 times: it cannot be reached. {KEPT}"
        )
    assert waits == [0.5, 1, 2, 4, 8]


def test_waits_have_a_random_part(fake, retry_waits):
    with ds.Client(KEY, fake.url, pace=0) as client:
        for _ in range(20):
            fake.faults = [status(500)]
            sessions(client)
    assert len(set(retry_waits)) > 10
    assert all(0.5 <= wait <= 0.5 + ds.JITTER_SECONDS for wait in retry_waits)


def test_waits_have_a_maximum(fake, client, waits, monkeypatch):
    monkeypatch.setattr(ds, "MAX_WAIT_SECONDS", 3.0)
    fake.faults = [status(500)] * 5
    assert sessions(client) == ["s1"]
    assert waits == [0.5, 1, 2, 3, 3]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (status(500), "it has a fault of its own (500)"),
        (status(429), "it asks for fewer requests (429)"),
        (truncated(), "its response is cut short, or is not JSON"),
        (broken, "the connection broke (RemoteProtocolError)"),
    ],
)
def test_a_fault_that_stays_ends_in_an_error_after_six_attempts(fake, client, fault, why):
    fake.faults = [fault] * 6
    assert error_of(client) == (
        f"Digital Samba does not respond: /api/v1/sessions, asked 6 times: {why}. {KEPT}"
    )
    assert len(fake.requests) == 6


def test_retry_after_in_seconds_is_honoured(fake, client, waits):
    fake.faults = [status(429, retry_after="17")]
    assert sessions(client) == ["s1"]
    assert waits == [17.0]


def test_retry_after_as_a_date_is_honoured(fake, client, waits):
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    fake.faults = [status(503, retry_after=at)]
    assert sessions(client) == ["s1"]
    assert 35 < waits[0] <= 40


def test_retry_after_prolongs_a_wait_and_does_not_shorten_it(fake, client, waits):
    fake.faults = [status(429, retry_after="1")] * 4
    assert sessions(client) == ["s1"]
    assert waits == [1, 1, 2, 4]


@pytest.mark.parametrize("text", ["soon", "-5", "", "²"])
def test_a_malformed_retry_after_is_ignored(text):
    assert ds._retry_after(text) == 0


def test_a_vendor_that_asks_for_an_hour_is_not_waited_for(fake, client, waits):
    fake.faults = [status(429, retry_after="3600")]
    assert error_of(client) == f"Digital Samba asks us to wait: for 60 minutes. {KEPT}"
    assert not waits


# Errors that a retry does not cure


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            401,
            (
                "Digital Samba does not know the key (401). "
                "Check DIGITALSAMBA_API_KEY: the developer key is in their dashboard, section Team."
            ),
        ),
        (
            403,
            (
                "Digital Samba does not let this key read (403): /api/v1/sessions. "
                "Use the developer key of the team's own account."
            ),
        ),
        (
            404,
            (
                "There is nothing at this address of Digital Samba (404): {url}/api/v1/sessions?limit=100&offset=0&"
                "order=asc&date_start=2026-03-02&date_end=2026-03-02. Check USAGE_REPORT_DIGITALSAMBA_URL."
            ),
        ),
        (
            302,
            (
                "Digital Samba redirects to another address (302): the key is not sent on. "
                "Set USAGE_REPORT_DIGITALSAMBA_URL to the right address."
            ),
        ),
        (418, f"Digital Samba refuses the request (418): /api/v1/sessions. {KEPT}"),
    ],
)
def test_other_statuses_are_reported_at_once(fake, client, code, text):
    fake.faults = [status(code, location="https://elsewhere.example/")]
    assert error_of(client) == text.replace("{url}", fake.url)
    assert len(fake.requests) == 1


def test_a_wrong_key_is_reported(fake):
    with ds.Client("wrong", fake.url, pace=0) as client:
        assert error_of(client).startswith("Digital Samba does not know the key (401).")


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b'{"data": {}}', b'{"data": ["x"]}', b'{"rows": []}', b'"text"', b"7"]
)
def test_a_response_of_another_shape_is_reported(fake, client, body):
    fake.faults = [Response(body, media_type="application/json")]
    wanted = "an object" if body == b"null" else "a list of objects under 'data'"
    assert error_of(client) == (
        f"Digital Samba's response differs from its documentation: /api/v1/sessions should return {wanted}. "
        "Nothing of this response was used. Please report it."
    )


def test_a_response_that_is_too_long_is_not_read_to_its_end(fake, client, monkeypatch):
    monkeypatch.setattr(ds, "MAX_BODY_BYTES", 1000)
    fake.sessions = [dict(fake.sessions[0], id=f"s{i}") for i in range(100)]
    assert "should return less than 1,000 bytes." in error_of(client)


def test_a_response_that_trickles_is_ended_by_the_deadline(fake, client):
    async def trickle():
        for _ in range(40):
            yield b" "
            await asyncio.sleep(0.1)

    fake.faults = [StreamingResponse(trickle())]
    assert sessions(client) == ["s1"]
    assert len(fake.requests) == 2


def test_requests_keep_their_pace(fake):
    waits: list[float] = []
    with ds.Client(KEY, fake.url, pace=5.0, sleep=waits.append) as client:
        for _ in range(3):
            sessions(client)
    assert len(waits) == 2
    assert all(4 < wait <= 5 for wait in waits)


# Key and address


@pytest.mark.parametrize(
    "base",
    [
        "http://api.digitalsamba.com",
        "ftp://127.0.0.1",
        "api.digitalsamba.com",
        "",
        "http://",
        "http://127.0.0.1.evil.example",
    ],
)
def test_the_key_is_not_sent_unencrypted(base):
    with pytest.raises(InputError, match=r"is not encrypted|is not an address of Digital Samba"):
        ds.Client(KEY, base)


@pytest.mark.parametrize("key", ["", "a b", "a\nb", "käse"])
def test_a_key_that_cannot_be_valid(key):
    with pytest.raises(InputError, match=r"There is no key|is not valid"):
        ds.Client(key, "https://api.digitalsamba.com")


# Statistics


def test_both_spellings_give_the_same_figures(fake, client):
    first = figures(client)
    fake.spelling = "docs"
    assert figures(client) == first
    assert first["participation_minutes"] == 3 * 31
    assert first["max_concurrent_participants"] == 3
    assert "date_start" not in first


def test_counts_can_be_text_new_numbers_are_kept_and_null_is_left_out(fake, client):
    fake.statistics_extra = {"sessions": "4", "new_minutes": 12, "captions_minutes": None}
    found = figures(client)
    assert (found["sessions"], found["new_minutes"]) == (4, 12)
    assert "captions_minutes" not in found


@pytest.mark.parametrize("value", ["gold", [], {"total": 1}, True])
def test_an_undocumented_field_that_is_not_a_number_is_left_out(fake, client, value):
    usual = figures(client)
    fake.statistics_extra = {"something_new": value}
    assert figures(client) == usual


def test_every_field_that_is_compared_must_be_a_figure():
    fields = {field for pair in reconcile.PAIRS for field in (*pair.fields, pair.screen) if field}
    assert fields <= statistics.DOCUMENTED


@pytest.mark.parametrize("value", [-1, "many", True, [], {}, -0.5])
def test_a_documented_field_must_be_a_number_from_0(fake, client, value):
    fake.statistics_extra = {"sessions": value}
    with pytest.raises(VendorError) as caught:
        figures(client)
    assert str(caught.value) == (
        "Digital Samba's response differs from its documentation: /api/v1/statistics should return numbers from 0, "
        f"not 'sessions' as {str(value)!r}. Nothing of this response was used. Please report it."
    )


def test_figures_of_another_range_are_not_accepted():
    with pytest.raises(VendorError, match="figures from 2026-03-02 on, not from '2026-03-01' on"):
        statistics.figures({"participation_minutes": 1, "date_start": "2026-03-01"}, MONDAY)


@pytest.mark.parametrize(("inclusive", "refuses"), [(True, False), (False, False), (False, True)])
@pytest.mark.parametrize("used", [{0}, {1}, {0, 1}, {2}, {0, 2}, {0, 1, 2, 3}, {3}, set()])
def test_a_day_has_its_own_figures_whatever_date_end_means(fake, client, inclusive, refuses, used):
    fake.participants.clear()
    for day in used:
        fake.meet(f"d{day}", f"{MONDAY + timedelta(days=day)}T10:00:00", 10 * (day + 1), 1)
    fake.inclusive, fake.refuses_empty = inclusive, refuses
    rule = DateEnd(client)
    found = [rule.day(MONDAY + timedelta(days=i))["participation_minutes"] for i in range(5)]
    assert found == [10 * (i + 1) if i in used else 0 for i in range(5)]
    if used:
        assert rule.known == ("inclusive" if inclusive else "exclusive")
        requests = len(fake.requests)
        rule.day(MONDAY)
        assert len(fake.requests) == requests + 1, "one request a day once it is known"
