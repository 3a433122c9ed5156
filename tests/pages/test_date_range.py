"""*Date range* as a visitor gets it, over figures made by hand."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from support import handmade
from support.reports import make_report
from usage_report.core.errors import DatabaseError
from usage_report.core.metrics import METRICS
from usage_report.core.periods import Grain
from usage_report.core.settings import Settings
from usage_report.reporting.model import Query
from usage_report.ui import cache, widgets
from usage_report.ui.components import table_data

PAGE = Path(__file__).parents[2] / "pages" / "Date_range.py"


class Reader(handmade.HandmadeReader):
    """Answers with ``make_report``; ``options`` are its own."""

    def report(self, query):
        self.asked.append(query)
        return make_report(query, **getattr(self, "options", {}))


@pytest.fixture
def reader(monkeypatch) -> Reader:
    return handmade.install(monkeypatch, Reader({"acme": handmade.team()}))


def visit(link: str = "") -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=30)
    for name, value in parse_qsl(link, keep_blank_values=True):
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def shown(app: AppTest) -> str:
    """Every text of the page, without the escapes of Markdown."""
    blocks = [*app.markdown, *app.caption, *app.error, *app.warning, *app.info]
    return "\n".join(str(b.value) for b in blocks).replace("\\", "")


def spec(app: AppTest) -> dict:
    return json.loads(app.get("vega_lite_chart")[0].proto.spec)


def components(app: AppTest) -> dict[str, dict]:
    """Data of our own elements, by name."""
    return {
        c.proto.component_name.rpartition(".")[2]: json.loads(c.proto.json)
        for c in app.get("bidi_component")
    }


def address(app: AppTest) -> dict[str, str]:
    return {k: v[-1] if isinstance(v, list) else v for k, v in app.query_params.items()}


def test_first_visit(reader):
    app = visit()
    (asked,) = reader.asked
    assert (asked.start, asked.last, asked.grain, asked.zone) == (
        date(2026, 10, 25),
        date(2026, 11, 23),
        Grain.DAY,
        "Europe/Berlin",
    )
    assert asked.metrics == (), "one question for chart, table and downloads"
    assert [m.label for m in app.metric] == [
        "Participation minutes",
        "Broadcast minutes",
        "Consumed minutes",
        "Active participants",
    ]
    assert all(m.proto.help for m in app.metric)
    text = shown(app)
    assert "25 Oct – 23 Nov 2026" in text
    assert "Europe/Berlin (UTC+1)" in text
    assert "Each line is scaled to its own maximum (100 %)." in text
    assert "Mon 23 Nov 2026 so far (until 15:32)." in text
    assert "Figures as of" in text
    table = components(app)["usage_report_usage_table"]
    assert len(table["rows"]) == 30
    assert [c["t"] for c in table["cols"]] == [m.title for m in METRICS]


def test_totals_are_those_of_the_report_and_no_arithmetic_of_the_page(reader):
    app = visit("m=max_concurrent_participants.active_participants.sessions&preset=last-7")
    report = make_report(reader.asked[0])
    assert [m.value for m in app.metric] == [
        str(report.totals[k])
        for k in ("max_concurrent_participants", "active_participants", "sessions")
    ]


def test_a_link_opens_its_view(reader):
    app = visit("from=2026-03-01&to=2026-03-31&m=sessions&grain=week&view=table&zone=Asia/Tokyo")
    (asked,) = reader.asked
    assert (asked.start, asked.last, asked.grain, asked.zone) == (
        date(2026, 3, 1),
        date(2026, 3, 31),
        Grain.WEEK,
        "Asia/Tokyo",
    )
    assert not app.get("vega_lite_chart")
    assert not app.warning
    assert app.selectbox(key="range_preset").value == "custom"
    assert app.date_input(key="range_dates").value == (date(2026, 3, 1), date(2026, 3, 31))
    assert app.selectbox(key="range_zone").value == "Asia/Tokyo"
    links = components(app)["usage_report_copy_link"]
    assert links["rolling"] is None
    assert "from=2026-03-01&to=2026-03-31" in links["fixed"]


def test_the_full_address_replaces_the_short_one_on_arrival_only(reader):
    app = visit("preset=last-7")
    full = (
        "preset=last-7&m=participation.broadcast.consumed.active_participants&grain=day&view=chart"
    )
    assert components(app)["usage_report_copy_link"]["arrive"] == full
    assert components(visit(full))["usage_report_copy_link"]["arrive"] is None


def test_every_control_writes_the_address(reader):
    app = visit()
    app.selectbox(key="range_preset").select("last-7").run()
    assert address(app)["preset"] == "last-7"
    app.multiselect(key="range_metrics").set_value(["sessions", "chat_posts"]).run()
    assert address(app)["m"] == "sessions.chat_posts"
    app.segmented_control(key="range_grain").set_value("week").run()
    assert address(app)["grain"] == "week"
    app.segmented_control(key="range_view").set_value("table").run()
    assert address(app)["view"] == "table"
    assert not app.get("vega_lite_chart")
    app.segmented_control(key="range_view").set_value("chart").run()
    app.selectbox(key="range_zone").select("Asia/Tokyo").run()
    assert address(app)["zone"] == "Asia/Tokyo"
    app.date_input(key="range_dates").set_value((date(2026, 2, 1), date(2026, 2, 10))).run()
    assert address(app) == {
        "from": "2026-02-01",
        "to": "2026-02-10",
        "m": "sessions.chat_posts",
        "grain": "week",
        "view": "chart",
        "zone": "Asia/Tokyo",
    }
    assert reader.asked[-1].last == date(2026, 2, 10)
    app.selectbox(key="range_preset").select("last-month").run()
    assert address(app)["preset"] == "last-month"
    assert "from" not in address(app)


def test_custom_dates_begin_with_what_is_shown(reader):
    app = visit("preset=last-week")
    app.selectbox(key="range_preset").select("custom").run()
    assert (address(app)["from"], address(app)["to"]) == ("2026-11-16", "2026-11-22")


def test_back_is_followed(reader):
    """Back changes the address and runs the page: widgets and figures follow, whatever was picked since."""
    app = visit("preset=last-30")
    app.selectbox(key="range_preset").select("last-7").run()
    app.query_params["preset"] = "last-90"
    app.run()
    assert app.selectbox(key="range_preset").value == "last-90"
    assert (reader.asked[-1].last - reader.asked[-1].start).days == 89


def test_back_overtakes_a_widget(reader):
    """Back pressed while a run is under way sends the widgets of the view that was left: the address wins."""
    app = visit("preset=last-30")
    app.selectbox(key="range_preset").select("last-7").run()
    app.query_params["preset"] = "last-90"
    app.multiselect(key="range_metrics").set_value(["sessions"]).run()
    assert address(app)["preset"] == "last-90"
    assert (reader.asked[-1].last - reader.asked[-1].start).days == 89
    assert len(app.metric) == 4


@pytest.mark.parametrize("cut_short", [True, False])
def test_what_the_browser_did_not_know_yet_is_nobodys_choice(reader, cut_short):
    """A preset moves the dates; a click before the browser has heard of it sends the old dates along with its own news."""
    app = visit("preset=last-30")
    before = app.date_input(key="range_dates").value
    app.selectbox(key="range_preset").select("last-90").run()
    if cut_short:
        app.session_state["_range_sent"] = None
    app.date_input(key="range_dates").set_value(before)
    app.segmented_control(key="range_grain").set_value(Grain.WEEK).run()
    assert (address(app)["preset"], address(app)["grain"]) == ("last-90", "week")
    assert app.date_input(key="range_dates").value != before
    assert (reader.asked[-1].last - reader.asked[-1].start).days == 89


def test_what_was_there_before_can_be_picked_again(reader, monkeypatch):
    app = visit("preset=last-30")
    before = app.date_input(key="range_dates").value
    app.selectbox(key="range_preset").select("last-90").run()
    monkeypatch.setattr(widgets, "HEARD", 0.0)
    app.date_input(key="range_dates").set_value(before).run()
    assert (address(app)["from"], address(app)["to"]) == tuple(d.isoformat() for d in before)
    assert app.selectbox(key="range_preset").value == "custom"
    app.selectbox(key="range_preset").select("last-90").run()
    assert address(app)["preset"] == "last-90"
    # Moved long ago, and something else was picked since: at once, too.
    monkeypatch.setattr(widgets, "HEARD", 60.0)
    app.selectbox(key="range_zone").select("Asia/Tokyo").run()
    app.selectbox(key="range_preset").select("last-30").run()
    assert address(app)["preset"] == "last-30"


def test_the_view_is_kept_while_other_pages_are_looked_at(reader):
    app = visit("preset=last-90&m=sessions&grain=month")
    app.query_params.clear()
    app.run()
    assert reader.asked[-1].grain is Grain.MONTH
    assert app.selectbox(key="range_preset").value == "last-90"


@pytest.mark.parametrize("value", [(date(2026, 2, 1),), (date(2026, 2, 5), date(2026, 2, 1))])
def test_one_date_or_reversed_dates(reader, value):
    app = visit()
    app.date_input(key="range_dates").set_value(value).run()
    assert not app.exception
    assert address(app)["from"] == "2026-02-01"
    assert address(app)["to"] == max(value).isoformat()


def test_bad_parts_of_a_link_are_said_and_the_rest_holds(reader):
    app = visit(
        "preset=last-31&m=sesions.chat_posts&grain=dya&view=pie&zone=Mars/Base&foo=<b>*x*</b>&from=1&to=2"
    )
    said = shown(app)
    for part in ("last-31", "sesions", "dya", "pie", "Mars/Base", "foo"):
        assert part in said
    assert [m.label for m in app.metric] == ["Chat posts"]
    assert not app.error
    app.selectbox(key="range_preset").select("today").run()
    assert not app.warning, "said once"


def test_every_parameter_garbled(reader):
    junk = "\x00‮🎓" + "A" * 5_000
    app = AppTest.from_file(PAGE, default_timeout=30)
    for name in ("preset", "from", "to", "m", "grain", "view", "zone", "team", "\x01"):
        app.query_params[name] = [junk, "%00", "[]", ""]
    app.run()
    assert not app.exception
    assert not app.error
    assert len(app.metric) == 4
    assert "Traceback" not in shown(app)


def test_hours_only_where_they_can_be_read(reader):
    app = visit("preset=last-90&grain=hour")
    assert "Hours are shown for up to 31 days. This range has 90" in shown(app)
    assert reader.asked[-1].grain is Grain.DAY
    visit("preset=last-7&grain=hour")
    assert reader.asked[-1].grain is Grain.HOUR


def test_not_supplied_and_estimated_are_said(reader):
    reader.options = {"not_supplied": ("captions_minutes",), "estimated": 0.4}
    app = visit("m=captions.consumed.sessions")
    assert [m.value[0] for m in app.metric][:2] == ["–", "≈"]
    text = shown(app)
    assert "Not supplied by this team's platform" in text
    assert "≈ 40" in text
    table = components(app)["usage_report_usage_table"]
    assert [c["t"] for c in table["cols"] if c.get("absent")] == ["Captions minutes"]
    assert all(r.get("e") for r in table["rows"] if r.get("s") != 2)


def test_no_metric_no_chart_but_a_word_and_the_table(reader):
    app = visit("m=none")
    assert "No metric is chosen" in shown(app)
    assert not app.get("vega_lite_chart")
    assert "usage_report_usage_table" in components(app)


def test_an_empty_range_and_one_to_come(reader):
    reader.options = {"empty": True}
    assert "Nothing was used in this range" in shown(visit("preset=yesterday"))
    app = visit("from=2026-12-01&to=2026-12-07")
    assert "This range has not begun" in shown(app)
    assert {m.value for m in app.metric} == {"–"}


def test_one_two_and_more_metrics_say_their_scale(reader):
    assert "resolve" not in spec(visit("m=sessions"))
    assert "Two scales: Sessions on the left" in shown(visit("m=sessions.chat_posts"))
    assert "own maximum" in shown(visit("m=sessions.chat_posts.qa_posts"))


def test_downloads_are_made_on_demand(reader, monkeypatch):
    made = []
    monkeypatch.setattr(
        "usage_report.render.csv.to_csv", lambda report: made.append("csv") or b""
    )
    monkeypatch.setattr(
        "usage_report.render.xlsx.to_xlsx", lambda report: made.append("xlsx") or b""
    )
    app = visit()
    assert len(app.get("download_button")) == 2
    assert made == []


def test_an_error_is_a_sentence(reader, monkeypatch):
    def broken(query):
        raise DatabaseError("The database is locked", "another process writes", "Try again.")

    monkeypatch.setattr(reader, "report", broken)
    app = visit()
    assert "The database is locked" in shown(app)
    monkeypatch.setattr(reader, "report", lambda query: 1 / 0)
    app = visit()
    assert "reference" in shown(app)
    assert "division" not in shown(app)


def test_presets_of_an_analyst(reader, tmp_path, monkeypatch):
    """A file of their own rules at once, an edit counts from the next run on, and a fault is a sentence."""
    file = tmp_path / "mine.toml"
    file.write_text('[[preset]]\nid = "fortnight"\nlabel = "Fortnight"\nunit = "day"\nlast = 14\n')
    monkeypatch.setattr(cache, "settings", lambda: Settings(presets=str(file)))
    app = visit()
    assert app.selectbox(key="range_preset").options == ["Fortnight", "Custom dates"]
    assert (reader.asked[-1].last - reader.asked[-1].start).days == 13
    file.write_text('[[preset]]\nid = "fortnight"\nlabel = "Fortnight"\nunit = "dya"\nlast = 14\n')
    os.utime(file, (1, 1))
    app.run()
    assert "'dya' is not a unit" in shown(app)


def test_table_data_breaks_down_exactly_what_has_parts():
    report = make_report(handmade_query(), estimated=0.5)
    data = table_data(report)
    with_parts = [c["t"] for c in data["cols"] if "parts" in c]
    assert with_parts == ["Broadcast minutes", "Consumed minutes"]
    for row in [*data["rows"], data["total"]]:
        assert [len(p) for p in row["p"]] == [8, 8]
        for shares in row["p"]:
            assert sum(shares[1::2]) == pytest.approx(100, abs=0.3)
    peaks = [c["t"] for c in data["cols"] if "peak" in c]
    assert all(t.startswith("Max") for t in peaks)
    assert len(peaks) == 4
    assert data["rows"][-1]["b"] == "so far, to 15:32"


def handmade_query() -> Query:
    return Query("acme", date(2026, 11, 1), date(2026, 11, 23), "Europe/Berlin", handmade.NOW)
