"""The app in a browser: what cannot be tested without one."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from support.serving import Server, event, now_ms

CHART = "svg[role=img]"
PAGES = {"": "This period", "real-time": "Real time", "date-range": "Date range"}


def value(page, label: str):
    """The figure of a card."""
    return page.get_by_test_id("stMetric").filter(has_text=label).get_by_test_id("stMetricValue")


def visit(page, url: str, title: str) -> None:
    """Open a page and wait until all of it is drawn, charts too."""
    page.goto(url)
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    expect(page.get_by_text("Figures as of")).to_be_visible()
    expect(page.locator(CHART).first).to_be_visible()


def test_opens_on_this_period(page, server):
    visit(page, server.url, "This period")
    # Ana, Ben and Cem at once, of two contracted.
    expect(value(page, "Max concurrent participants")).to_have_text("3")
    bar = page.get_by_role("meter")
    expect(bar).to_have_attribute("aria-valuetext", re.compile(r"150\s%.* of 2, over limit"))
    expect(page.get_by_text("✕ over limit")).to_be_visible()
    expect(page.get_by_text("Europe/Berlin").first).to_be_visible()
    expect(page.locator(CHART)).to_have_count(6)
    assert page.title() == "This period · acme · usage-report"
    assert page.errors == []


def test_figures_are_those_of_the_command_line(page, server):
    at = (
        "2099-01-01T00:00:00Z"  # far in the future: the inactivity timeout has closed every session
    )
    machine = {
        k: v["value"]
        for k, v in json.loads(server.cli("period", "--team", "acme", "--format", "json"))[
            "metrics"
        ].items()
    }
    assert (
        json.loads(server.cli("live", "--team", "acme", "--as-of", at, "--format", "json"))[
            "live_sessions"
        ]
        == 0
    )
    visit(page, server.url, "This period")
    expect(value(page, "Max concurrent sessions")).to_have_text(
        str(machine["max_concurrent_sessions"])
    )
    text = (
        value(page, "Participation minutes").inner_text().replace("\u202f", "").removesuffix("min")
    )
    assert float(text) == pytest.approx(machine["participation_minutes"], abs=10), (
        "three connections stay open, so some seconds are added meanwhile"
    )


def test_a_definition_is_shown_on_focus(page, server):
    visit(page, server.url, "This period")
    page.get_by_role("button", name="Help for Participation minutes").focus()
    tip = page.get_by_role("tooltip")
    expect(tip).to_contain_text("Time spent in sessions")
    link = tip.get_by_role("link", name="Learn more")
    expect(link).to_have_attribute("href", "docs?page=metrics#participation_minutes")
    with page.context.expect_page() as opened:
        page.keyboard.press("Enter")
    docs = opened.value
    expect(docs.get_by_role("heading", name="participation_minutes", level=3)).to_be_in_viewport()
    expect(docs).to_have_title("What the figures mean · Docs · usage-report")


def test_links_between_pages_of_the_docs_stay_in_the_tab(page, server):
    page.goto(f"{server.url}/docs")
    page.get_by_role("link", name="Metrics", exact=True).click()
    expect(page.get_by_role("heading", name="What the figures mean", level=1)).to_be_visible()
    page.get_by_role("link", name="worked example").first.click()
    expect(page.get_by_role("heading", name="A worked example", level=2)).to_be_in_viewport()
    assert page.url == f"{server.url}/docs?page=metrics#a-worked-example"
    assert len(page.context.pages) == 1
    assert page.errors == []


def test_an_address_without_a_page_leads_to_the_pages(page, server):
    answer = page.goto(f"{server.url}/nothing/here")
    assert answer.status == 404
    page.get_by_role("link", name="Real time").click()
    expect(page.get_by_role("heading", name="Real time", level=1)).to_be_visible()


def test_the_name_leads_to_the_first_page(page, server):
    visit(page, f"{server.url}/real-time", "Real time")
    page.get_by_test_id("stLogoLink").click()
    expect(page.get_by_role("heading", name="This period", level=1)).to_be_visible()
    icon = page.locator("link[rel~=icon]").get_attribute("href")
    assert icon.startswith("data:image/svg+xml"), "the mark, and not Streamlit's"


def test_a_chart_shows_its_values_under_the_pointer(page, server):
    visit(page, server.url, "This period")
    plot = page.get_by_role("slider").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 10, box["y"] + 60)
    tip = page.locator(".tip").first
    expect(tip).to_contain_text("Since the start")
    expect(tip).to_contain_text("min")


def test_navigation_and_deep_links(page, server):
    visit(page, server.url, "This period")
    page.get_by_role("link", name="Real time").click()
    expect(page.get_by_role("heading", name="Real time", level=1)).to_be_visible()
    assert urlsplit(page.url).path == "/real-time"
    page.reload()
    expect(page.get_by_role("heading", name="Real time", level=1)).to_be_visible()
    assert page.title() == "Real time · acme · usage-report"


def test_real_time_lists_live_sessions(page, server):
    visit(page, f"{server.url}/real-time", "Real time")
    expect(value(page, "Live sessions")).to_have_text("2")  # the third has no participants
    expect(value(page, "Active recordings")).to_have_text("1")
    rows = page.get_by_role("table", name="Live sessions").get_by_role("row")
    expect(rows.filter(has_text="Stand-up")).to_contain_text("on")
    expect(rows.filter(has_text="غرفة <b>1</b> 🎉")).to_contain_text(
        "off"
    )  # markup is shown as text
    expect(page.get_by_text("Empty room")).to_have_count(0)


def test_real_time_is_updated_in_place(page, server):
    """A new event changes the figures in the existing elements: none is removed and drawn again."""
    visit(page, f"{server.url}/real-time", "Real time")
    before = int(value(page, "Live participants").inner_text())
    chart = page.locator(CHART)
    chart.evaluate("(svg) => { svg.kept = true; }")
    page.evaluate("document.querySelectorAll('[data-testid=stMetric]').forEach(e => e.kept = true)")
    kept = "document.querySelectorAll('[data-testid=stMetric]').values().filter(e => e.kept).toArray().length"
    marked = page.evaluate(kept)
    assert marked == 3
    at = now_ms()
    server.ingest(
        event(
            "participant.joined",
            at,
            "Stand-up",
            "s-live",
            connection=f"late-{at}",
            participant="dia",
        )
    )
    expect(value(page, "Live participants")).to_have_text(str(before + 1))
    assert page.evaluate(kept) == marked
    assert chart.evaluate("(svg) => svg.kept")
    assert page.errors == []


@pytest.mark.parametrize("path", PAGES)
def test_nothing_leaves_the_machine(page, server, path):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    visit(page, f"{server.url}/{path}", PAGES[path])
    page.wait_for_timeout(500)
    hosts = {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))}
    assert len(asked) > 10
    assert hosts == {"localhost"}
    assert "external IP" not in server.log.read_text()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1600])
def test_fits_a_phone_and_a_wide_screen_in_both_schemes(new_page, server, path, scheme, width):
    page = new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    visit(page, f"{server.url}/{path}", PAGES[path])
    assert page.evaluate("document.documentElement.scrollWidth") == width
    main = page.get_by_test_id("stMain")
    assert main.evaluate("e => e.scrollWidth - e.clientWidth") == 0
    red, green, blue = map(
        int,
        re.findall(
            r"\d+",
            page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor"),
        )[:3],
    )
    assert (red + green + blue < 384) == (scheme == "dark")


@pytest.mark.parametrize("path", PAGES)
def test_no_layout_jump(new_page, server, path):
    """Cumulative layout shift while the page is drawn; from 0.1 on people notice it."""
    page = new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script("""window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(e => { window.shift += e.value }))
        .observe({type: 'layout-shift', buffered: true});""")
    visit(page, f"{server.url}/{path}", PAGES[path])
    page.wait_for_timeout(1500)
    assert page.evaluate("window.shift") < 0.1


def test_health(server):
    def ask(path: str, method: str = "GET"):
        try:
            with urllib.request.urlopen(
                urllib.request.Request(server.url + path, method=method), timeout=10
            ) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    assert ask("/healthz")[1]["status"] == "ok"
    assert ask("/healthz/")[0] == 200
    assert ask("/healthz", "POST")[0] == 200
    assert ask("/healthz/nope")[0] == 404
    assert ask("/api/v1/nope")[1]["error"]["what"] == "There is nothing at this address"


def test_pages_are_not_served_past_the_main_script(page, server):
    """Streamlit's legacy page discovery would serve ``/Real_time`` from the ``pages`` folder."""
    page.goto(f"{server.url}/Real_time")
    expect(page.get_by_text("Page not found")).to_be_visible()


def test_a_file_that_is_no_database_is_explained(page, tmp_path):
    database = tmp_path / "usage.db"
    database.write_bytes(b"This is not a database." * 1000)
    with Server(tmp_path, database).running() as broken:
        page.goto(broken.url)
        expect(page.get_by_text("The database cannot be used")).to_be_visible()
        expect(page.get_by_text("The file is not a SQLite database")).to_be_visible()
        expect(page.get_by_text("usage-report doctor")).to_be_visible()
        assert page.get_by_text("Traceback").count() == 0
        # Repaired while the app runs: the next visit works.
        database.unlink()
        page.reload()
        expect(page.get_by_text("No events received yet")).to_be_visible()


def test_the_team_of_the_last_visit_is_remembered(page, server):
    page.goto(f"{server.url}/?team=acme")
    expect(page.get_by_role("heading", name="This period", level=1)).to_be_visible()
    page.goto("about:blank")
    [cookie] = [c for c in page.context.cookies(server.url) if c["name"] == "usage_report_team"]
    assert (cookie["value"], cookie["sameSite"]) == ("acme", "Lax")
