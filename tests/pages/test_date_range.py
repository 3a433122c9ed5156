"""*Date range* as a visitor gets it, over made-up figures."""

from __future__ import annotations

import json
import os
import time
from datetime import date
from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest

from support import handmade, pages
from support.charts import labels, sides
from support.pages import address, charts, control, shown
from support.reports import make_report
from usage_report.core.errors import DatabaseError
from usage_report.core.events import instant
from usage_report.core.metrics import METRICS
from usage_report.core.periods import Grain
from usage_report.core.settings import Settings
from usage_report.reporting.model import Query
from usage_report.ui import cache
from usage_report.ui.components.usage_table import table_data


class Reader(handmade.HandmadeReader):
    """Reports made by ``make_report`` with these ``options``."""

    def report(self, query):
        self.asked.append(query)
        return make_report(query, **getattr(self, "options", {}))


@pytest.fixture
def reader(monkeypatch) -> Reader:
    return handmade.install(monkeypatch, Reader({"acme": handmade.team()}))


def visit(link: str = "") -> AppTest:
    return pages.visit("Date_range", parse_qsl(link, keep_blank_values=True))


def components(app: AppTest) -> dict[str, dict]:
    """Data of our own elements, by name: of several, that of the first."""
    return {
        c.proto.component_name.rpartition(".")[2]: json.loads(c.proto.json)
        for c in reversed(app.get("bidi_component"))
    }


def test_first_visit(reader):
    app = visit()
    (asked,) = reader.asked
    assert (asked.start, asked.last, asked.grain, asked.zone) == (
        date(2026, 10, 25),
        date(2026, 11, 23),
        Grain.DAY,
        "Europe/Berlin",
    )
    assert asked.metrics == (), "one query for chart, table and downloads"
    assert [m.label for m in app.metric] == [
        "Participation minutes",
        "Broadcast minutes",
        "Consumed minutes",
        "Active participants",
    ]
    assert all(m.proto.help for m in app.metric)
    text = shown(app)
    assert "25 Oct – 23 Nov 2026" in text
    assert "Europe/Berlin (UTC+2 and UTC+1)" in text
    assert "Dotted and hollow: not a complete bucket." in text
    assert "Mon 23 Nov 2026 so far (until 15:32)." in text
    assert "Figures as of" in text
    table = components(app)["usage_report_usage_table"]
    assert len(table["rows"]) == 30
    assert [c["t"] for c in table["cols"]] == [m.title for m in METRICS]


def test_totals_are_those_of_the_report(reader):
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
    assert not charts(app)
    assert not app.warning
    assert control(app.selectbox, "range_preset").value == "custom"
    assert control(app.date_input, "range_dates").value == (date(2026, 3, 1), date(2026, 3, 31))
    assert control(app.selectbox, "range_zone").value == "Asia/Tokyo"
    links = components(app)["usage_report_copy_link"]
    assert links["rolling"] is None
    assert "from=2026-03-01&to=2026-03-31" in links["fixed"]


def test_the_full_address_replaces_the_short_one_on_arrival_only(reader):
    app = visit("preset=last-7")
    full = "preset=last-7&m=participation.broadcast.consumed.active_participants&grain=day&view=chart&form=units"
    assert components(app)["usage_report_copy_link"]["arrive"] == full
    assert components(visit(full))["usage_report_copy_link"]["arrive"] is None


def test_every_control_writes_the_address(reader):
    app = visit()
    control(app.selectbox, "range_preset").select("last-7").run()
    assert address(app)["preset"] == "last-7"
    control(app.multiselect, "range_metrics").set_value(["sessions", "chat_posts"]).run()
    assert address(app)["m"] == "sessions.chat_posts"
    control(app.segmented_control, "range_grain").set_value("week").run()
    assert address(app)["grain"] == "week"
    control(app.segmented_control, "range_view").set_value("table").run()
    assert address(app)["view"] == "table"
    assert not charts(app)
    control(app.segmented_control, "range_view").set_value("chart").run()
    control(app.selectbox, "range_zone").select("Asia/Tokyo").run()
    assert address(app)["zone"] == "Asia/Tokyo"
    control(app.date_input, "range_dates").set_value((date(2026, 2, 1), date(2026, 2, 10))).run()
    assert address(app) == {
        "from": "2026-02-01",
        "to": "2026-02-10",
        "m": "sessions.chat_posts",
        "grain": "week",
        "view": "chart",
        "form": "units",
        "zone": "Asia/Tokyo",
    }
    assert reader.asked[-1].last == date(2026, 2, 10)
    control(app.selectbox, "range_preset").select("last-month").run()
    assert address(app)["preset"] == "last-month"
    assert "from" not in address(app)


def test_custom_dates_start_as_the_dates_shown(reader):
    app = visit("preset=last-week")
    control(app.selectbox, "range_preset").select("custom").run()
    assert (address(app)["from"], address(app)["to"]) == ("2026-11-16", "2026-11-22")


def test_back_is_followed(reader):
    """Back changes the address and runs the page: widgets and figures follow."""
    app = visit("preset=last-30")
    control(app.selectbox, "range_preset").select("last-7").run()
    app.query_params["preset"] = "last-90"
    app.run()
    assert control(app.selectbox, "range_preset").value == "last-90"
    assert (reader.asked[-1].last - reader.asked[-1].start).days == 89


def test_back_wins_over_a_click_made_before(reader):
    """Back during a run sends the widgets of the view that was left: the address wins."""
    app = visit("preset=last-30")
    control(app.selectbox, "range_preset").select("last-7").run()
    app.query_params["preset"] = "last-90"
    control(app.multiselect, "range_metrics").set_value(["sessions"]).run()
    assert address(app)["preset"] == "last-90"
    assert (reader.asked[-1].last - reader.asked[-1].start).days == 89
    assert len(app.metric) == 4


@pytest.fixture(params=[0, 3_600])
def delay(request, monkeypatch):
    """A function that lets the given seconds pass: no clock decides what a click means."""

    def wait() -> None:
        for name in ("time", "monotonic", "perf_counter"):
            later = getattr(time, name)() + request.param
            monkeypatch.setattr(time, name, lambda later=later: later)

    return wait


class Browser:
    """A browser that has not received the latest run: it sends an earlier one's widgets and address."""

    def __init__(self, app: AppTest) -> None:
        self.app, self.tree = app, app._tree
        self.address = dict(app.query_params)
        for kind in ("selectbox", "date_input", "segmented_control", "multiselect"):
            for widget in getattr(app, kind):
                widget.set_value(widget.value)  # what this browser sends, whatever the server sets

    def click(self, kind: str, name: str, value) -> None:
        """Pick a value of a widget that this browser still shows."""
        latest, self.app._tree = self.app._tree, self.tree
        self.app.query_params.clear()
        self.app.query_params.update(self.address)
        try:
            control(getattr(self.app, kind), name).set_value(value)
            self.app.run()
        except BaseException:
            self.app._tree = latest
            raise
        assert not self.app.exception


def range_days(reader) -> int:
    asked = reader.asked[-1]
    return (asked.last - asked.start).days + 1


@pytest.mark.parametrize("runs", [1, 3])
def test_a_value_that_the_browser_did_not_receive_is_not_a_choice(reader, delay, runs):
    """A preset moves the dates. A click in a browser that did not receive this sends the old dates."""
    app = visit("preset=last-30")
    browser = Browser(app)
    browser.click("selectbox", "range_preset", "last-90")
    moved = control(app.date_input, "range_dates").value
    for _ in range(runs - 1):
        app.run()
    delay()
    browser.click("segmented_control", "range_grain", Grain.WEEK)
    assert (address(app)["preset"], address(app)["grain"]) == ("last-90", "week")
    assert control(app.date_input, "range_dates").value == moved
    assert range_days(reader) == 90
    assert len(app.metric) == 4


def test_the_same_values_again_are_no_choice(reader, delay):
    """After a lost connection the browser sends its widgets again, without a click."""
    app = visit("preset=last-30")
    browser = Browser(app)
    browser.click("selectbox", "range_preset", "last-90")
    delay()
    app._tree = browser.tree
    app.run()
    assert address(app)["preset"] == "last-90"
    assert range_days(reader) == 90


def test_the_previous_value_can_be_picked_again(reader, delay):
    app = visit("preset=last-30")
    before = control(app.date_input, "range_dates").value
    control(app.selectbox, "range_preset").select("last-90").run()
    delay()
    control(app.date_input, "range_dates").set_value(before).run()
    assert (address(app)["from"], address(app)["to"]) == tuple(d.isoformat() for d in before)
    assert control(app.selectbox, "range_preset").value == "custom"
    control(app.selectbox, "range_preset").select("last-90").run()
    assert address(app)["preset"] == "last-90"
    control(app.selectbox, "range_zone").select("Asia/Tokyo").run()
    control(app.selectbox, "range_preset").select("last-30").run()
    assert address(app)["preset"] == "last-30"


def test_a_click_on_a_widget_that_has_just_been_replaced_counts(reader, delay):
    """The preset moved the dates, and the user picks others before the browser received them."""
    app = visit("preset=last-30")
    browser = Browser(app)
    browser.click("selectbox", "range_preset", "last-90")
    delay()
    picked = (date(2026, 2, 1), date(2026, 2, 10))
    browser.click("date_input", "range_dates", picked)
    assert (address(app)["from"], address(app)["to"]) == ("2026-02-01", "2026-02-10")
    assert control(app.date_input, "range_dates").value == picked
    assert range_days(reader) == 10


def test_quick_clicks_add_up(reader, delay):
    """Three clicks in a browser that receives no run in between."""
    app = visit("preset=last-30")
    browser = Browser(app)
    browser.click("selectbox", "range_preset", "last-7")
    browser.click("segmented_control", "range_grain", Grain.WEEK)
    delay()
    browser.click("multiselect", "range_metrics", ["sessions"])
    assert address(app) == {
        "preset": "last-7", "m": "sessions", "grain": "week", "view": "chart", "form": "units",
    }  # fmt: skip


def test_a_widget_keeps_its_place_while_nothing_moves_it(reader):
    """A new key means a new element in the browser, which loses the focus: only where it must be."""
    app = visit("preset=last-30")
    keys = {w.key for kind in ("selectbox", "date_input") for w in getattr(app, kind)}
    app.run()
    assert {w.key for kind in ("selectbox", "date_input") for w in getattr(app, kind)} == keys
    picked = control(app.selectbox, "range_preset")
    picked.select("last-7").run()
    assert control(app.selectbox, "range_preset").key == picked.key


def test_the_view_is_kept_while_another_page_is_shown(reader):
    app = visit("preset=last-90&m=sessions&grain=month")
    app.query_params.clear()
    app.run()
    assert reader.asked[-1].grain is Grain.MONTH
    assert control(app.selectbox, "range_preset").value == "last-90"


@pytest.mark.parametrize("value", [(date(2026, 2, 1),), (date(2026, 2, 5), date(2026, 2, 1))])
def test_one_date_or_reversed_dates(reader, value):
    app = visit()
    control(app.date_input, "range_dates").set_value(value).run()
    assert not app.exception
    assert address(app)["from"] == "2026-02-01"
    assert address(app)["to"] == max(value).isoformat()


def test_bad_parts_of_a_link_are_explained_and_the_rest_applies(reader):
    app = visit(
        "preset=last-31&m=sesions.chat_posts&grain=dya&view=pie&zone=Mars/Base&foo=<b>*x*</b>&from=1&to=2"
    )
    text = shown(app)
    for part in ("last-31", "sesions", "dya", "pie", "Mars/Base", "foo"):
        assert part in text
    assert [m.label for m in app.metric] == ["Chat posts"]
    assert not app.error
    control(app.selectbox, "range_preset").select("today").run()
    assert not app.warning, "shown once"


def test_every_parameter_garbled(reader):
    junk = "\x00\u202e\U0001f393" + "A" * 5_000
    app = AppTest.from_file(pages.FOLDER / "Date_range.py", default_timeout=30)
    for name in ("preset", "from", "to", "m", "grain", "view", "zone", "team", "\x01"):
        app.query_params[name] = [junk, "%00", "[]", ""]
    app.run()
    assert not app.exception
    assert not app.error
    assert len(app.metric) == 4
    assert "Traceback" not in shown(app)


def test_hours_only_in_ranges_of_up_to_31_days(reader):
    app = visit("preset=last-90&grain=hour")
    assert "Hours can be shown for up to 31 days. This range has 90; showing days." in shown(app)
    assert reader.asked[-1].grain is Grain.DAY
    visit("preset=last-7&grain=hour")
    assert reader.asked[-1].grain is Grain.HOUR


def test_figures_that_are_not_supplied_or_estimated_are_marked(reader):
    reader.options = {"not_supplied": ("captions_minutes",), "estimated": 0.4}
    app = visit("m=captions.consumed.sessions")
    assert [m.value[0] for m in app.metric][:2] == ["–", "≈"]
    text = shown(app)
    assert "Not supplied by this team's platform (shown as –, not as 0): Captions minutes." in text
    assert "≈ 40 % of consumed minutes (" in text
    (notes,) = app.expander
    assert notes.label.replace("\\", "").startswith(
        "1 metric not supplied · ≈ 40 % of consumed minutes estimated · "
    )
    assert notes.label.endswith(" · **Details**")
    table = components(app)["usage_report_usage_table"]
    assert [c["t"] for c in table["cols"] if c.get("absent")] == ["Captions minutes"]
    assert all(r.get("e") for r in table["rows"] if r.get("s") != 2)


def test_without_metrics_a_hint_takes_the_place_of_the_chart(reader):
    app = visit("m=none")
    assert "Choose metrics above" in shown(app)
    assert not charts(app)
    assert "usage_report_usage_table" in components(app)


def test_an_empty_range_and_a_future_one(reader):
    reader.options = {"empty": True}
    assert "No usage in this range." in shown(visit("preset=yesterday"))
    app = visit("from=2026-12-01&to=2026-12-07")
    assert "This range is in the future" in shown(app)
    assert {m.value for m in app.metric} == {"–"}


def test_the_form_of_the_chart_is_chosen_beside_it_and_kept_in_the_link(reader):
    app = visit("m=sessions.participation")
    (chart,) = charts(app)
    assert sides(chart) == ["left", "right"]
    control(app.segmented_control, "range_form").set_value("multiples").run()
    assert address(app)["form"] == "multiples"
    (chart,) = charts(app)
    assert sides(chart) == ["left", "left"]
    app = visit("m=sessions.participation&form=percent")
    assert "Each line is scaled to its own peak" in shown(app)
    assert control(app.segmented_control, "range_form").value == "percent"


def test_one_metric_needs_no_form(reader):
    app = visit("m=sessions")
    assert not [w for w in app.segmented_control if w.key.startswith("range_form")]
    assert len(charts(app)) == 1


def test_limits_of_the_team_are_in_the_chart(reader):
    limits = (("max_concurrent_sessions", None, 8.0),)
    reader.infos["acme"] = handmade.team(limits=limits)
    (chart,) = charts(visit("m=max_concurrent_sessions"))
    assert labels(chart)[-1] == ("limit 8", "Max concurrent sessions")


def test_a_range_before_the_records_says_when_they_begin(reader):
    """Instead of “No usage in this range.”: that is not known."""
    reader.options = {"records_from": instant("2026-11-20T12:00:00Z"), "empty": True}
    app = visit("from=2026-11-01&to=2026-11-10&m=sessions.chat_posts")
    assert [i.value for i in app.info] == ["Records begin on 20 Nov 2026."]
    assert shown(app).count("Records begin on") == 1
    assert not charts(app)
    assert [(m.value, m.delta) for m in app.metric] == [("–", "no records")] * 2
    table = components(app)["usage_report_usage_table"]
    assert {row["s"] for row in table["rows"]} == {table["total"]["s"]} == {3}
    assert table["words"]["unrecorded"] == "No records. Records begin on 20 Nov 2026."


@pytest.mark.parametrize("records_from", [None, "2026-11-20T12:00:00Z"])
def test_a_range_without_usage_offers_the_day_of_the_newest_event(reader, records_from):
    reader.options = {"empty": True}
    if records_from:
        reader.options["records_from"] = instant(records_from)
    app = visit("from=2026-11-01&to=2026-11-10")
    newest = app.button(key="range_newest")
    assert newest.label == "Newest events: Mon 23 Nov 2026. Show that day"
    newest.click().run()
    assert (address(app)["from"], address(app)["to"]) == ("2026-11-23", "2026-11-23")
    assert "range_newest" not in [button.key for button in app.button]


def test_a_range_in_which_the_records_begin(reader):
    reader.options = {"records_from": instant("2026-11-05T12:00:00Z")}
    app = visit("from=2026-11-01&to=2026-11-10&m=sessions")
    assert not app.info
    assert "Records begin on 5 Nov 2026" in shown(app).replace("\\", "")
    table = components(app)["usage_report_usage_table"]
    assert [row.get("s") for row in table["rows"]] == [3] * 4 + [None] * 6
    assert {row["b"] for row in table["rows"][:4]} == {"no records"}
    assert app.metric[0].value != "–"


def test_a_team_without_records_before_the_instant(reader):
    reader.options = {"records_from": None}
    app = visit("from=2026-11-01&to=2026-11-10&view=table")
    assert [i.value for i in app.info] == ["There are no records before Mon 23 Nov 2026, 15:32."]


def test_a_skipped_date_is_complete_and_empty(reader):
    app = visit("from=2011-12-30&to=2011-12-30&zone=Pacific/Apia&m=sessions")
    text = "Clocks in Pacific/Apia skipped 30 Dec 2011: the date is complete and empty."
    assert text in shown(app).replace("\\", "")
    assert [i.value for i in app.info] == ["No usage in this range."]
    assert [m.value for m in app.metric] == ["0"]
    assert components(app)["usage_report_usage_table"]["rows"] == []


def test_downloads_are_made_on_demand(reader, monkeypatch):
    made = []
    monkeypatch.setattr("usage_report.render.csv.to_csv", lambda report: made.append("csv") or b"")
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


def test_presets_from_a_file(reader, tmp_path, monkeypatch):
    """A presets file applies at once, an edit from the next run on, and a fault is a sentence."""
    file = tmp_path / "mine.toml"
    file.write_text('[[preset]]\nid = "fortnight"\nlabel = "Fortnight"\nunit = "day"\nlast = 14\n')
    monkeypatch.setattr(cache, "settings", lambda: Settings(presets=str(file)))
    app = visit()
    assert control(app.selectbox, "range_preset").options == ["Fortnight", "Custom dates"]
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
    assert data["rows"][-1]["b"] == "so far, until 15:32"


def handmade_query() -> Query:
    return Query("acme", date(2026, 11, 1), date(2026, 11, 23), "Europe/Berlin", handmade.NOW)
