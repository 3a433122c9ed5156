"""What every page does with its address: an instant of the past, unknown parts, links to copy."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from support import handmade, pages
from support.handmade import NOW
from support.pages import shown
from usage_report.core.events import iso

PAST = NOW - 3 * 86_400_000
PINNING = ("This_period", "Real_time", "Date_range", "Reconcile")


@pytest.fixture(autouse=True)
def reader(monkeypatch) -> handmade.HandmadeReader:
    found = handmade.install(monkeypatch, handmade.HandmadeReader({"acme": handmade.team()}))
    monkeypatch.setattr("usage_report.ui.reconcile.stored.vendors", lambda *_: {})
    monkeypatch.setattr("usage_report.ui.sources._sources", lambda _: None)
    monkeypatch.setattr("usage_report.ui.sources.quarantine", lambda _: None)
    return found


def warnings(app: AppTest) -> list[str]:
    return [w.value.replace("\\", "") for w in app.warning]


def copied(app: AppTest) -> dict[str, dict[str, list[str]]]:
    """The links below the figures, by the label of their button."""
    data = json.loads(app.get("bidi_component")[-1].proto.json)
    return {
        data[f"{kind}_label"]: parse_qs(data[kind])
        for kind in ("rolling", "fixed")
        if data[kind] is not None
    }


@pytest.mark.parametrize("page", PINNING)
def test_a_link_pins_the_instant(page):
    app = pages.visit(page, {"as_of": iso(PAST)})
    assert "Figures as of Fri 20 Nov 2026, 15:32 Europe/Berlin." in shown(app)
    assert "last event received" not in shown(app)
    assert not app.warning
    app.button("pinned_release").click().run()
    assert "as_of" not in app.query_params
    assert re.search(r"Figures as of (Mon 23 Nov 2026, )?15:32", shown(app))
    assert "last event received" in shown(app)


def test_the_figures_are_those_of_the_pinned_instant(reader):
    pages.visit("This_period", {"as_of": iso(PAST)})
    pages.visit("Real_time", {"as_of": iso(PAST)})
    pages.visit("Date_range", {"as_of": iso(PAST), "preset": "today"})
    period, live, query = reader.asked
    assert (period, live) == (("period", "acme", PAST), ("live", "acme", PAST))
    assert (query.as_of, str(query.start)) == (PAST, "2026-11-20")


@pytest.mark.parametrize("page", ["This_period", "Reconcile"])
def test_every_page_has_a_link_to_the_present_and_one_to_its_instant(page):
    assert copied(pages.visit(page)) == {
        "Copy link": {"team": ["acme"]},
        "Copy link (as of 15:32)": {"team": ["acme"], "as_of": ["2026-11-23T14:32:00Z"]},
    }


def test_the_links_of_real_time_are_those_of_its_five_seconds():
    links = copied(pages.visit("Real_time"))
    assert [*links.values()][1]["as_of"][0].startswith("2026-11-23T14:32:0")


def test_sources_always_shows_the_present():
    app = pages.visit("Sources", {"as_of": iso(PAST)})
    assert warnings(app) == ["This page always shows the present: ignored “as_of” in the link."]
    assert copied(app) == {"Copy link": {"team": ["acme"]}}


def test_the_pinned_link_of_date_range_has_its_days():
    app = pages.visit("Date_range", {"preset": "yesterday", "m": "sessions"})
    assert copied(app) == {
        "Copy link (as of 15:32)": {
            "team": ["acme"],
            "from": ["2026-11-22"],
            "to": ["2026-11-22"],
            "m": ["sessions"],
            "grain": ["day"],
            "view": ["chart"],
            "form": ["units"],
            "as_of": ["2026-11-23T14:32:00Z"],
        }
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            "noon",
            "“noon” is not an instant; showing the present. Write it like 2026-03-01T09:00:00Z.",
        ),
        (iso(NOW + 60_000), f"“{iso(NOW + 60_000)}” is in the future; showing the present."),
    ],
)
def test_an_instant_that_cannot_be_shown_is_explained(text, why):
    app = pages.visit("This_period", {"as_of": text})
    assert warnings(app) == [why]
    assert "Figures as of Mon 23 Nov 2026, 15:32" in shown(app)


@pytest.mark.parametrize("page", [*PINNING, "Sources"])
def test_unknown_parts_are_explained_on_every_page(page):
    app = pages.visit(page, {"foo": "1", "utm_source": "mail", "embed": "true"})
    assert warnings(app) == ["Ignored “foo” in the link."]


def test_several_faults_are_one_notice(reader):
    reader.infos["globex"] = handmade.team("globex")
    app = pages.visit("Date_range", {"team": "glbex", "grain": "dya", "foo": "1"})
    assert not app.warning
    (notice,) = [e for e in app.expander if "link" in e.label]
    assert notice.label == "3 parts of this link could not be used · **Details**"
    assert notice.markdown[0].value.replace("\\", "").split("\n") == [
        "- You have no team “glbex”. Showing acme.",
        "- Ignored “foo” in the link.",
        "- “dya” is not a grouping; showing days. Did you mean 'day'?",
    ]
