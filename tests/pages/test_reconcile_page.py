"""*Reconcile* as a visitor gets it: real figures in a real database, stored the way a pull stores them."""

from __future__ import annotations

import io
from datetime import date

import numpy as np
import orjson
import pytest
from streamlit.testing.v1 import AppTest

from support import pages
from support.pages import charts, control, shown
from usage_report import storage
from usage_report.core import clock
from usage_report.core.events import instant
from usage_report.ingest import pipeline
from usage_report.ingest import teams as team_changes
from usage_report.reporting import vendor_figures as stored
from usage_report.sources.contract import Context
from usage_report.sources.files import jsonl
from usage_report.storage import teams
from usage_report.storage.vendor_figures import replace_figures
from usage_report.ui import cache
from usage_report.ui.reconcile_view import Context as ViewContext
from usage_report.ui.reconcile_view import decode

NOW = instant("2026-03-06T12:00:00Z")


def ingest(engine, *events: tuple, received: int = NOW) -> None:
    """(id, type, time, connection) of one session a day."""
    lines = [
        {"specversion": "1.0", "id": id, "source": "test", "type": type, "time": time,
         "data": {"team": "acme", "room": "r", "session": time[:10], "connection": connection}}
        for id, type, time, connection in events
    ]  # fmt: skip
    stream = io.BytesIO(b"\n".join(map(orjson.dumps, lines)))
    assert (
        pipeline.append(
            engine,
            jsonl.SOURCE.read(stream, Context(received)),
            now=received,
            format="jsonl",
            origin="t",
        ).not_accepted
        == 0
    )
    pipeline.process_pending(engine)


@pytest.fixture
def engine(tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path}/usage.db"
    engine = storage.open_database(url)
    for day in (2, 3, 4):
        for n in (1, 2, 3):
            ingest(
                engine,
                (f"{day}-{n}-in", "participant.joined", f"2026-03-0{day}T09:00:00Z", f"c{n}"),
                (f"{day}-{n}-out", "participant.left", f"2026-03-0{day}T09:30:20Z", f"c{n}"),
            )
    monkeypatch.setenv("USAGE_REPORT_DATABASE_URL", url)
    cache.clear()
    monkeypatch.setattr(clock, "now_ms", lambda: NOW)
    yield engine
    cache.clear()
    engine.dispose()


def store_vendor(engine, day: str, now: int = NOW, **figures: float) -> None:
    with storage.writing(engine) as c:
        replace_figures(c, teams.team_id(c, "acme"), "digitalsamba", day, figures, now)
        teams.bump_data_version(c, teams.team_id(c, "acme"))


@pytest.fixture
def pulled(engine):
    """Ours are 91 minutes a day. The vendor's 93 are three connections rounded up; 120 differ."""
    store_vendor(engine, "2026-03-02", participation_minutes=93, sessions=1)
    store_vendor(engine, "2026-03-03", participation_minutes=120, sessions=1)
    store_vendor(engine, "2026-03-04", participation_minutes=91, sessions=2)
    return engine


def visit(**query: str) -> AppTest:
    app = pages.visit("Reconcile", query)
    assert not app.error
    return app


def test_before_the_first_pull_the_page_explains_it(engine):
    app = visit()
    assert "usage-report pull digitalsamba --team acme" in shown(app)
    assert "DIGITALSAMBA_API_KEY" in shown(app)
    assert not app.dataframe


def test_days_of_one_metric_with_verdict_and_reasons(pulled):
    app = visit()
    assert {m.label: m.value.replace("\u202f", "") for m in app.metric} == {
        "Ours": "273.0min", "Digital Samba": "304.0min", "Difference": "+31.0min", "Verdict": "≠ differs",
    }  # fmt: skip
    days = app.dataframe[0].value
    assert list(days["Day"]) == ["Mon 2 Mar 2026", "Tue 3 Mar 2026", "Wed 4 Mar 2026"]
    assert list(days["Verdict"]) == ["≈ within rounding", "≠ differs", "✓ equal"]
    assert list(days["Difference"]) == ["+2.0\u202fmin", "+29.0\u202fmin", "0\u202fmin"]
    assert days["Likely reasons"][0] == "rounding (up to 3)"
    assert "grace time (up to 21)" in days["Likely reasons"][1]
    assert "rounded up one by one" in shown(app)


def test_every_metric_in_total(pulled):
    app = visit()
    totals, rest = (app.dataframe[i].value.set_index("Metric") for i in (1, 2))
    assert totals.loc["Participation minutes", "Ours"] == "273.0\u202fmin"
    assert totals.loc["Sessions", "Verdict"] == "≠ differs"
    assert "– no comparison" not in set(totals["Verdict"])
    assert set(rest["Verdict"]) == {"– no comparison"}
    assert rest.loc["Captions minutes", "Vendor"] == "–", "not supplied is not 0"
    assert [box.label for box in app.expander] == [f"{len(rest)} metrics without a comparison"]


def test_a_link_chooses_days_and_metric(pulled):
    app = visit(**{"from": "2026-03-03", "to": "2026-03-04", "m": "sessions"})
    assert list(app.dataframe[0].value["Difference"]) == ["0", "+1"]
    assert [s.value for s in app.selectbox if s.label == "Metric by day"] == ["sessions"]
    assert not app.warning


def test_a_choice_is_in_the_address(pulled):
    app = visit()
    control(app.selectbox, "reconcile_metric").select("sessions").run()
    assert app.query_params["m"] in ("sessions", ["sessions"])
    assert app.subheader[0].value == "Sessions"


def test_unusable_parts_of_a_link_are_explained(pulled):
    app = visit(
        **{"from": "soon", "to": "2026-03-03", "m": "sesions", "screen": "perhaps", "zone": "Mars"}
    )
    (notice,) = [e for e in app.expander if "link" in e.label]
    assert notice.label == "4 parts of this link could not be used · **Details**"
    assert notice.markdown[0].value.replace("\\", "").split("\n") == [
        "- The first day “soon” cannot be used. Write it as YYYY-MM-DD, for example 2026-03-31.",
        "- “sesions” is not a metric that is compared; showing another one. Did you mean 'sessions'?",
        "- “Mars” is not a time zone of this page; using UTC.",
        "- “perhaps” is not a way to count screenshare; taking it as included.",
    ]


def test_the_teams_own_zone_can_be_chosen(pulled):
    team_changes.change(pulled, "acme", now=NOW, zone="Asia/Tokyo")
    app = visit(zone="Asia/Tokyo")
    assert "Days: ours in Asia/Tokyo" in shown(app)


def test_new_figures_are_shown_at_once(pulled):
    visit()
    store_vendor(pulled, "2026-03-03", participation_minutes=92)
    assert list(visit().dataframe[0].value["Verdict"])[1] == "≈ within rounding"


def test_the_chart_has_a_description(pulled):
    (chart,) = charts(visit())
    assert "1 day differs by more than rounding" in chart["usermeta"]["description"]


@pytest.mark.parametrize(
    ("given", "start", "last"),
    [
        ({}, "2026-02-22", "2026-03-24"),
        ({"to": "2026-03-10"}, "2026-02-08", "2026-03-10"),
        ({"from": "2026-03-20"}, "2026-03-20", "2026-03-24"),
        ({"from": "2026-05-01"}, "2026-05-01", "2026-05-01"),
        ({"from": "2026-03-09", "to": "2026-03-01"}, "2026-03-01", "2026-03-09"),
        ({"from": "2020-03-09", "to": "2026-03-01"}, "2025-03-01", "2026-03-01"),
    ],
)
def test_ranges(given, start, last):
    known = {"digitalsamba": (date(2026, 1, 1), date(2026, 3, 24))}
    context = ViewContext(known, "UTC")
    view, _ = decode(given, context)
    assert (str(view.start), str(view.last)) == (start, last)
    assert decode(view.params(), context) == (view, [])


# -- evidence behind the reasons


def test_connections_recordings_sessions_and_late_events_by_day(engine):
    ingest(
        engine,
        ("a1", "participant.joined", "2026-03-05T23:00:00Z", "night"),
        ("a2", "participant.left", "2026-03-05T23:10:00Z", "night"),
        ("a3", "participant.joined", "2026-03-05T10:00:00Z", "open"),
        received=NOW + 1000,
    )
    cuts = [instant(f"2026-03-0{d}T00:00:00Z") for d in (3, 4, 5, 6)]
    found = stored.evidence(engine, "acme", "digitalsamba", np.array(cuts), [NOW, -1, NOW])
    assert found.connections.tolist() == [3, 3, 2]
    assert found.sessions.tolist() == [1, 1, 1]
    assert found.recordings.tolist() == [0, 0, 0]
    assert found.late.tolist() == [0, 0, 3]


@pytest.mark.parametrize(
    ("span", "touches"),
    [((10, 20), [0, 1, 0]), ((5, 10), [1, 0, 0]), ((10, 10), [0, 1, 0]), ((0, 30), [1, 1, 1]), ((-5, 5), [1, 0, 0]), ((-5, -1), [0, 0, 0]),
     ((30, 40), [0, 0, 0]), ((29, 40), [0, 0, 1]), ((-5, 40), [1, 1, 1]), ((19, 21), [0, 1, 1]), ((-5, -5), [0, 0, 0]), ((30, 30), [0, 0, 0])],
)  # fmt: skip
def test_which_buckets_a_span_touches(span, touches):
    assert stored._count_touching([span], np.array([0, 10, 20, 30])).tolist() == touches
