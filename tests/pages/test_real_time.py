"""*Real time* as a visitor gets it, over made-up figures."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from support import handmade, pages
from support.handmade import NOW
from usage_report.reporting.model import LiveSession

MINUTE = 60_000
SESSIONS = (
    LiveSession("Stand-up", "s-1", NOW - 25 * MINUTE, 12, 14, True),
    LiveSession("غرفة <b>1</b> 🎉", "s-2", NOW - 26 * 60 * MINUTE, 1_300, 1_400, False),
)


def visit(**query: str) -> AppTest:
    return pages.visit("Real_time", query)


def table(app: AppTest) -> str:
    return "".join(h.proto.body for h in app.get("html") if "<table>" in h.proto.body)


@pytest.fixture
def reader(monkeypatch) -> handmade.HandmadeReader:
    trend = ((NOW - 70 * MINUTE, 4), (NOW - 30 * MINUTE, 9), (NOW - MINUTE, 13))
    return handmade.install(
        monkeypatch,
        handmade.HandmadeReader({"acme": handmade.team()}, sessions=SESSIONS, trend=trend),
    )


def test_three_figures(reader):
    assert [(m.label, m.value) for m in visit().metric] == [
        ("Live participants", "1\u202f312"),
        ("Live sessions", "2"),
        ("Active recordings", "1"),
    ]


def test_recordings_that_are_not_supplied_are_neither_off_nor_0(reader):
    reader.sessions = tuple(s._replace(recording=None) for s in SESSIONS)
    app = visit()
    assert app.metric[2].value == "–"
    assert app.metric[2].delta == "not supplied"
    assert "Your platform does not report recordings" in app.metric[2].help
    assert app.metric[0].delta == ""
    assert table(app).count('title="not supplied"') == 2
    assert ">off<" not in table(app)


def test_the_table_of_live_sessions(reader):
    html = table(visit())
    assert html.count("<tr>") == 3
    assert html.count('scope="col"') == 5
    first, second = html.split("<tbody>")[1].split("</tr>")[:2]
    assert "Stand-up" in first
    assert "15:07" in first  # 25 minutes before 15:32 in Berlin
    assert "25\u202fmin" in first
    assert ">12<" in first
    assert ">14<" in first
    assert "on</td>" in first
    assert 'dir="auto">غرفة &lt;b&gt;1&lt;/b&gt; 🎉<' in second
    assert "Sun 22 Nov 2026, 13:32" in second  # not today, so with the date
    assert "1\u202f300" in second
    assert "off" in second


def test_no_live_sessions(reader):
    reader.sessions = ()
    app = visit()
    assert [m.value for m in app.metric] == ["0", "0", "0"]
    assert "No sessions right now." in [c.value for c in app.caption]
    assert not table(app)


@pytest.mark.parametrize(
    ("age", "live", "word"),
    [
        (9 * MINUTE, True, ""),
        (
            11 * MINUTE,
            True,
            "Possibly stale: sessions are live, but no events received for 11\u202fmin.",
        ),
        (11 * MINUTE, False, ""),
        (25 * 60 * MINUTE, False, "Stale: no events received for 25\u202fh."),
    ],
)
def test_a_warning_when_no_events_arrive(reader, age, live, word):
    reader.infos["acme"] = handmade.team(last_received=NOW - age)
    reader.sessions = SESSIONS if live else ()
    warnings = [w.value for w in visit().warning]
    assert [w.startswith(word) for w in warnings] == [True] * bool(word)


def test_before_the_first_event(reader):
    reader.infos["acme"] = handmade.team(last_received=None, last_event=None)
    app = visit()
    assert "No events received yet" in app.subheader[0].value
    assert not app.metric


def test_freshness_to_the_second(reader):
    assert "Figures as of 15:32:00 Europe/Berlin · last event received 12 s ago" in visit().caption[
        -1
    ].value.replace("\\", "")


def test_the_last_hour_in_words(reader):
    assert "Peak in the last hour: 13 (15:31). Now: 1\u202f312." in [
        c.value for c in visit().caption
    ]


def test_visitors_at_the_same_time_share_one_report(reader):
    visit()
    visit()
    assert reader.asked == [("live", "acme", NOW)]


def test_an_error_during_a_refresh_is_a_sentence(reader, monkeypatch):
    app = visit()
    monkeypatch.setattr(reader, "live", lambda *_: 1 / 0)
    reader.infos["acme"] = handmade.team(data_version=8)
    app.run()
    assert not app.exception
    assert "Something went wrong, reference" in app.error[0].value
