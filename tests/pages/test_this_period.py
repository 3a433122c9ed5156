"""*This period* as a visitor gets it, over made-up figures."""

from __future__ import annotations

import re

import pytest
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from support import handmade, pages
from support.charts import clock, drawn
from support.pages import charts, control, shown
from usage_report.core.errors import DatabaseError
from usage_report.core.events import instant
from usage_report.core.metrics import PERIOD
from usage_report.ui import strings


def visit(**query: str) -> AppTest:
    return pages.visit("This_period", query)


@pytest.fixture
def reader(monkeypatch) -> handmade.HandmadeReader:
    return handmade.install(monkeypatch, handmade.HandmadeReader({"acme": handmade.team()}))


def test_six_cards_with_definition_and_figure(reader):
    app = visit()
    assert [m.label for m in app.metric] == [m.title for m in PERIOD]
    helps = [m.proto.help for m in app.metric]
    for text, m in zip(helps, PERIOD, strict=True):
        assert text.startswith(strings.plain(m.definition))
        assert text.endswith(f" [Learn more](docs?page=metrics#{m.key})")
    assert ["Exact figure" in h for h in helps] == [bool(m.unit) for m in PERIOD]
    figures = {c.key: c.value for c in reader.period("acme", handmade.NOW).metrics}
    assert app.metric[0].value.replace("\u202f", "") == f"{figures['participation_minutes']:.0f}min"
    assert app.metric[1].value == str(figures["max_concurrent_sessions"])


def test_period_zone_and_days_left(reader):
    text = shown(visit())
    assert "15 Nov – 14 Dec 2026 · day 9 of 30 · 21 days left" in text
    assert "Europe/Berlin" in text
    assert "updated 15:32" in text  # 14:32 UTC on Berlin's clocks
    assert "Figures as of Mon 23 Nov 2026, 15:32 Europe/Berlin" in text.replace("\\", "")
    assert re.search(r"last event received (at|on \w{3} \d+ \w+ \d{4},) \d\d:\d\d", text)


@pytest.mark.parametrize(
    ("limit", "percent", "words"),
    [
        (4.0, 200, "over limit"),
        (8.0, 100, "near limit"),
        (10.0, 80, "near limit"),
        (16.0, 50, "within limit"),
    ],
)
def test_a_bar_shows_the_share_of_the_limit(reader, limit, percent, words):
    reader.infos["acme"] = handmade.team(limits=(("max_concurrent_sessions", None, limit),))
    most = max(
        c.value
        for c in reader.period("acme", handmade.NOW).metrics
        if c.key == "max_concurrent_sessions"
    )
    reader.infos["acme"] = handmade.team(
        limits=(("max_concurrent_sessions", None, most * 100 / percent),)
    )
    bars = re.findall(r'<div class="meter [^>]*>.*?</div>', shown(visit()))
    assert len(bars) == 1
    assert 'role="meter"' in bars[0]
    assert f'aria-valuenow="{percent:.1f}"' in bars[0]
    assert words in bars[0]
    assert ('class="beyond"' in bars[0]) == (percent > 100)
    widths = [float(w) for w in re.findall(r"width:([\d.]+)%", bars[0])]
    assert sum(widths) <= 100, "the excess stays inside the card"


def test_without_limits_the_page_shows_how_to_set_them(reader):
    reader.infos["acme"] = handmade.team("acme", limits=())
    app = visit()
    assert shown(app).count("No limit set") == 3
    (command,) = app.code
    assert command.value == (
        "usage-report team set acme --limit participation_minutes=100000 "
        "--limit max_concurrent_sessions=20 --limit max_concurrent_participants=500"
    )


def test_a_team_name_is_quoted_for_the_shell(reader):
    name = "it's `here`; rm -rf"
    reader.infos = {name: handmade.team(name, limits=())}
    assert "'it'\"'\"'s `here`; rm -rf'" in visit().code[0].value


def test_peaks_name_their_instant_in_the_zone(reader):
    at = next(
        c.at
        for c in reader.period("acme", handmade.NOW).metrics
        if c.key == "max_concurrent_sessions"
    )
    assert at
    assert "Peak on " in shown(visit())
    assert "10:00" in shown(visit())  # peaks are made at 10:00 of each day


def test_not_supplied_is_not_zero(reader):
    reader.absent = frozenset(["captions_minutes"])
    app = visit()
    assert app.metric[5].value == "–"
    assert "Your platform does not report captions minutes." in shown(app)
    assert len(charts(app)) == 5


def test_a_chart_per_metric_each_with_a_description(reader):
    shown = [spec["usermeta"] for spec in charts(visit())]
    assert [c["name"] for c in shown] == [f"{m.title} day by day" for m in PERIOD]
    assert all(
        c["description"].startswith(f"{m.title} over 15 Nov – 14 Dec 2026: ")
        for m, c in zip(PERIOD, shown, strict=True)
    )


def test_sample_data_is_announced_with_how_to_replace_it(reader):
    assert "Sample data" not in shown(visit())
    reader.infos["acme"] = handmade.team(is_sample=True)
    app = visit()
    assert "Sample data.** [Connect your own](docs?page=connect)" in shown(app)
    app.button(key="sample_hide").click().run()
    assert "Sample data" not in shown(app)


def test_sessions_being_counted_are_shown(reader):
    reader.infos["acme"] = handmade.team(pending=1)
    assert "1 session is being counted" in shown(visit())


def test_without_a_team_the_page_shows_how_to_begin(reader):
    reader.infos = {}
    app = visit()
    assert "No events received yet" in shown(app)
    assert "usage-report demo" in shown(app)
    assert not app.metric


def test_the_link_names_the_team(reader):
    reader.infos["globex"] = handmade.team("globex", zone="Asia/Tokyo")
    app = visit(team="globex")
    assert control(app.selectbox, "team").value == "globex"
    assert "Asia/Tokyo" in shown(app)
    control(app.selectbox, "team").select("acme").run()
    assert app.query_params["team"] in ("acme", ["acme"])
    assert "Europe/Berlin" in shown(app)


def test_without_a_link_the_team_last_used_is_shown_or_the_newest(reader, monkeypatch):
    reader.infos["globex"] = handmade.team("globex", last_event=handmade.NOW - 1_000)
    assert control(visit().selectbox, "team").value == "globex"
    cookies = {"usage_report_team": "acme"}
    monkeypatch.setattr(ContextProxy, "cookies", property(lambda _: cookies))
    assert control(visit().selectbox, "team").value == "acme"
    cookies["usage_report_team"] = "team%20that%20is%20gone"
    assert control(visit().selectbox, "team").value == "globex"


def test_back_to_an_address_without_a_team_is_left_as_it_is(reader):
    """Writing the team there again would add a step to the history, and Back could never leave the app."""
    reader.infos["globex"] = handmade.team("globex")
    app = visit()
    assert app.query_params["team"] in ("acme", ["acme"])
    control(app.selectbox, "team").select("globex").run()
    assert app.query_params["team"] in ("globex", ["globex"])
    app.query_params.clear()  # what Back does
    app.run()
    assert control(app.selectbox, "team").value == "acme"
    assert "team" not in app.query_params


def test_an_unknown_team_in_the_link_is_explained(reader):
    reader.infos["globex"] = handmade.team("globex")
    app = visit(team="glbex")
    assert [w.value.replace("\\", "") for w in app.warning] == [
        "You have no team “glbex”. Showing acme."
    ]
    assert control(app.selectbox, "team").value == "acme"


def test_names_cannot_write_markup(reader):
    name = "**x** :red[y] <img src=x> $z$"
    reader.infos = {name: handmade.team(name, last_received=None)}
    assert r"\*\*x\*\* \:red\[y\] \<img" in visit().subheader[0].value


def test_a_database_error_is_a_sentence_and_not_a_traceback(reader, monkeypatch):
    def locked():
        raise DatabaseError(
            "The database is locked", "another process writes", "Wait until it is done."
        )

    monkeypatch.setattr(reader, "teams", locked)
    app = visit()
    assert [t.value for t in app.title] == ["This period"]
    assert "The database is locked" in app.error[0].value
    assert "`usage-report doctor` checks the database" in shown(app)
    assert not app.metric


def test_any_other_error_is_a_reference_and_its_traceback_is_in_the_log(
    reader, monkeypatch, caplog
):
    def broken(*_):
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(reader, "period", broken)
    app = visit()
    reference = re.search(r"reference ([0-9A-F]{8})\.", app.error[0].value)[1]
    assert "secret detail" not in shown(app)
    record = next(r for r in caplog.records if reference in r.getMessage())
    assert record.exc_info[0] is ZeroDivisionError


def test_the_same_view_is_computed_once_until_new_data_arrive(reader):
    visit()
    visit()
    assert len(reader.asked) == 1
    reader.infos["acme"] = handmade.team(data_version=8)
    visit()
    assert len(reader.asked) == 2


def test_a_period_in_which_the_records_begin(reader):
    """On 20 November: figures count from there, the charts begin there, and the page says so."""
    reader.records_from = instant("2026-11-20T12:00:00Z")
    app = visit()
    assert "Records begin on 20 Nov 2026" in shown(app).replace("\\", "")
    assert "–" not in {m.value for m in app.metric}
    begins = {clock(x): y for x, y in drawn(charts(app)[0], "line")[:1]}
    assert begins == {"20 00:00": 0}


def test_a_period_before_the_records(reader):
    reader.records_from = None
    app = visit()
    assert {m.value for m in app.metric} == {"–"}
    text = shown(app).replace("\\", "")
    assert text.count("No records. There are no records before Mon 23 Nov 2026, 15:32.") == 6
    assert "Not supplied" not in text
    assert not charts(app)


def test_an_earlier_period_is_chosen_and_kept_in_the_address(reader):
    """Figures are final, nothing is projected, and a limit that was passed has its overage."""
    reader.infos["acme"] = handmade.team(limits=(("participation_minutes", None, 1_000.0),))
    app = visit()
    choice = control(app.selectbox, "period_choice")
    assert choice.options[:2] == ["15 Nov – 14 Dec 2026 (running)", "15 Oct – 14 Nov 2026"]
    choice.select_index(1).run()
    assert pages.address(app)["period"] == "2026-10-15"
    text = shown(app).replace("\\", "")
    assert "15 Oct – 14 Nov 2026 · 31 days · ended" in text
    assert re.search(r"The limit was passed on \w+ \d+ \w+ 2026\. Over it by [\d\u202f.]+min", text)
    assert "Projection" not in text
    same = shown(visit(period="2026-11-03")).replace("\\", "")
    assert "15 Oct – 14 Nov 2026 · 31 days · ended" in same, "any day of a period names it"


@pytest.mark.parametrize(
    ("period", "problem"),
    [
        ("2026-12-15", "The billing period of the link has not begun. Showing the current one."),
        ("soon", "The link names no billing period"),
    ],
)
def test_a_period_that_cannot_be_shown(reader, period, problem):
    text = shown(visit(period=period)).replace("\\", "")
    assert problem in text
    assert "15 Nov – 14 Dec 2026 · day 9 of 30" in text


def test_period_by_period(reader):
    """A bar per billing period, oldest first, with the limit; the one that is running is open."""
    reader.infos["acme"] = handmade.team(limits=(("participation_minutes", None, 1_000.0),))
    app = visit(trend="periods")
    specs = charts(app)
    assert [s["usermeta"]["name"] for s in specs] == [
        f"{m.title} by billing period" for m in PERIOD
    ]
    bars, running = drawn(specs[0], "bar"), drawn(specs[0], "open")
    assert len(bars) == 11
    assert [clock(x) for x, _ in running] == ["15 00:00"]
    assert {y for _, y in drawn(specs[0], "limit")} == {1_000}
    (current,) = [c for c in reader.period("acme", handmade.NOW).metrics if c.key == PERIOD[0].key]
    assert running[0][1] == current.value
