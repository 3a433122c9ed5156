"""The client against a real server: what passes is waited for, what does not is said, and the key stays where it belongs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime

import pytest

from support.fake_digitalsamba import KEY, Fake, broken, serving, slow, status, truncated
from usage_report.core.errors import InputError, VendorError
from usage_report.reporting import reconcile
from usage_report.sources.pull import digitalsamba as ds

MONDAY = date(2026, 3, 2)


@pytest.fixture
def fake():
    with serving(Fake()) as fake:
        fake.meet("s1", "2026-03-02T09:00:00", 30.5, 3)
        yield fake


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(fake, waits):
    with ds.Client(
        KEY, fake.url, pace=0, timeout=0.3, deadline=1.0, sleep=waits.append, chance=lambda: 1.0
    ) as client:
        yield client


def rows(client, path="/api/v1/sessions", **params):
    dates = (
        {"date_start": "2026-03-02", "date_end": "2026-03-02"} if "recordings" not in path else {}
    )
    return [row["id"] for page in client.pages(path, **dates, **params) for row in page]


@pytest.mark.parametrize("page", [100, 7])
def test_pages_give_every_row_once(fake, client, page):
    fake.sessions = [dict(fake.sessions[0], id=f"s{i}") for i in range(250)]
    fake.max_page = page
    assert rows(client) == [f"s{i}" for i in range(250)]
    assert len(fake.asked) == -(-250 // page)


def test_a_list_that_ends_with_a_full_page(fake, client):
    fake.sessions = [dict(fake.sessions[0], id=f"s{i}") for i in range(200)]
    assert len(rows(client)) == 200
    assert len(fake.asked) == 2


def test_a_server_that_ignores_the_offset_is_not_read_for_ever(fake, client):
    fake.sessions = [dict(fake.sessions[0], id=f"s{i}") for i in range(250)]
    fake.stuck = True
    with pytest.raises(VendorError, match="the same ones come again"):
        rows(client)


@pytest.mark.parametrize(
    "fault", [status(500), status(503), truncated(), broken, slow(0.6), status(429)]
)
def test_what_passes_is_asked_again(fake, client, waits, fault):
    fake.faults = [fault, fault]
    assert rows(client) == ["s1"]
    assert len(fake.asked) == 3
    assert waits == [0.5, 1.0], "each wait is twice the one before"


def test_a_server_that_is_not_there_is_said(waits):
    with (
        ds.Client(
            KEY, "http://127.0.0.1:9", pace=0, sleep=waits.append, chance=lambda: 1.0
        ) as client,
        pytest.raises(VendorError) as caught,
    ):
        rows(client)
    assert "cannot be reached" in str(caught.value)
    assert "carries on" in str(caught.value)
    assert waits == [0.5, 1, 2, 4, 8]


def test_waits_are_spread_by_chance(fake, waits):
    with ds.Client(KEY, fake.url, pace=0, sleep=waits.append, chance=lambda: 0.0) as client:
        fake.faults = [status(500)]
        rows(client)
    assert waits == [0.25]


@pytest.mark.parametrize("faults", [[status(500)] * 6, [truncated()] * 6])
def test_faults_that_stay_end_in_words(fake, client, faults):
    fake.faults = faults
    with pytest.raises(VendorError, match="asked 6 times"):
        rows(client)
    assert len(fake.asked) == 6


def test_retry_after_in_seconds_is_honoured(fake, client, waits):
    fake.faults = [status(429, retry_after="17")]
    assert rows(client) == ["s1"]
    assert waits == [17.0]


def test_retry_after_as_a_date_is_honoured(fake, client, waits):
    fake.faults = [
        status(
            503, retry_after=format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
        )
    ]
    assert rows(client) == ["s1"]
    assert 35 < waits[0] <= 40


@pytest.mark.parametrize("text", ["soon", "-5", "", "²"])
def test_a_garbled_retry_after_is_none(text):
    assert ds._retry_after(text) == 0


def test_a_vendor_that_asks_for_an_hour_is_not_sat_out(fake, client, waits):
    fake.faults = [status(429, retry_after="3600")]
    with pytest.raises(VendorError, match="60 minutes"):
        rows(client)
    assert not waits


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (401, "DIGITALSAMBA_API_KEY"),
        (403, "does not let this key read"),
        (404, "USAGE_REPORT_DIGITALSAMBA_URL"),
        (302, "not sent on"),
        (418, "418"),
    ],
)
def test_what_does_not_pass_is_said_at_once(fake, client, code, words):
    fake.faults = [status(code, location="https://elsewhere.example/")]
    with pytest.raises(VendorError, match=words) as caught:
        rows(client)
    assert len(fake.asked) == 1
    assert KEY not in str(caught.value)


def test_the_real_401(fake):
    with ds.Client("wrong", fake.url, pace=0) as client, pytest.raises(VendorError, match="401"):
        rows(client)


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b'{"data": {}}', b'{"data": ["x"]}', b'{"rows": []}', b'"text"', b"7"]
)
def test_an_unexpected_shape_is_said(fake, client, body):
    from starlette.responses import Response

    fake.faults = [Response(body, media_type="application/json")]
    with pytest.raises(VendorError, match="something else than it documents"):
        rows(client)


def test_an_endless_answer_is_cut(fake, client, monkeypatch):
    monkeypatch.setattr(ds, "MAX_BODY", 1000)
    fake.sessions = [dict(fake.sessions[0], id=f"s{i}") for i in range(100)]
    with pytest.raises(VendorError, match="less than 1,000 bytes"):
        rows(client)


def test_an_answer_that_drips_ends(fake, client):
    import asyncio

    from starlette.responses import StreamingResponse

    async def drip():
        for _ in range(40):
            yield b" "
            await asyncio.sleep(0.1)

    fake.faults = [StreamingResponse(drip())]
    assert rows(client) == ["s1"]
    assert len(fake.asked) == 2


def test_requests_keep_their_pace(fake):
    waits: list[float] = []
    with ds.Client(KEY, fake.url, pace=5.0, sleep=waits.append) as client:
        rows(client)
        rows(client)
        rows(client)
    assert len(waits) == 2
    assert all(4 < w <= 5 for w in waits)


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
def test_the_key_goes_nowhere_in_clear(base):
    with pytest.raises(InputError):
        ds.Client(KEY, base)


@pytest.mark.parametrize("key", ["", "a b", "a\nb", "käse"])
def test_a_key_that_is_none(key):
    with pytest.raises(InputError):
        ds.Client(key, "https://api.digitalsamba.com")


# -- statistics ----------------------------------------------------------------------------------------------------------


def test_both_spellings_give_the_same_figures(fake, client):
    one = client.statistics(MONDAY, MONDAY)
    fake.spelling = "docs"
    two = client.statistics(MONDAY, MONDAY)
    assert one == two
    assert one["participation_minutes"] == 3 * 31
    assert one["max_concurrent_participants"] == 3
    assert "date_start" not in one


def test_counts_as_text_and_unknown_fields_are_taken_and_null_is_absent(fake, client):
    fake.statistics_extra = {"sessions": "4", "new_minutes": 12, "captions_minutes": None}
    said = client.statistics(MONDAY, MONDAY)
    assert (said["sessions"], said["new_minutes"]) == (4, 12)
    assert "captions_minutes" not in said


@pytest.mark.parametrize("value", ["gold", [], {"total": 1}, True])
def test_what_is_no_figure_under_a_new_name_does_not_stop_the_pull(fake, client, value):
    usual = client.statistics(MONDAY, MONDAY)
    fake.statistics_extra = {"something_new": value}
    assert client.statistics(MONDAY, MONDAY) == usual


def test_every_field_that_is_compared_must_be_a_figure():
    fields = {field for pair in reconcile.PAIRS for field in (*pair.fields, pair.screen) if field}
    assert fields <= ds._DOCUMENTED


@pytest.mark.parametrize("value", [-1, "many", True, [], {}, -0.5])
def test_a_figure_that_is_none_is_said(fake, client, value):
    fake.statistics_extra = {"sessions": value}
    with pytest.raises(VendorError, match="'sessions'"):
        client.statistics(MONDAY, MONDAY)


def test_figures_of_another_range_are_not_taken():
    with pytest.raises(VendorError, match="2026-03-01"):
        ds.figures({"participation_minutes": 1, "date_start": "2026-03-01"}, "/x", MONDAY)


@pytest.mark.parametrize(("inclusive", "refuses"), [(True, False), (False, False), (False, True)])
@pytest.mark.parametrize("used", [{0}, {1}, {0, 1}, {2}, {0, 2}, {0, 1, 2, 3}, {3}, set()])
def test_a_day_has_its_own_figures_whatever_date_end_means(fake, client, inclusive, refuses, used):
    fake.participants.clear()
    for day in used:
        fake.meet(f"d{day}", f"{MONDAY + timedelta(days=day)}T10:00:00", 10 * (day + 1), 1)
    fake.inclusive, fake.refuses_empty = inclusive, refuses
    rule = ds.DateEnd(client)
    got = [rule.day(MONDAY + timedelta(days=i))["participation_minutes"] for i in range(5)]
    assert got == [10 * (i + 1) if i in used else 0 for i in range(5)]
    if used:
        assert rule.known == ("inclusive" if inclusive else "exclusive")
    asked = len(fake.asked)
    rule.day(MONDAY)
    if used:
        assert len(fake.asked) == asked + 1, "one question a day once it is known"
