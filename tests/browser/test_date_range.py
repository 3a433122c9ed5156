"""*Date range* in a browser: address bar and history, hover and keyboard, clipboard, small and dark screens."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

DEFAULT = "m=participation.broadcast.consumed.active_participants&grain=day&view=chart&form=units"
TIP = "[role=tooltip].tip"


def visit(page, server, query: str = "", chart: bool = True):
    page.goto(f"{server.url}/date-range{query}")
    wait_until_drawn(page, chart)
    return page


def wait_until_drawn(page, chart: bool = True) -> None:
    expect(page.get_by_role("heading", name="Date range", level=1)).to_be_visible()
    expect(page.get_by_role("grid")).to_be_visible()
    if chart:
        expect(page.locator("svg[role=img]").first).to_be_visible()


def query(page) -> dict[str, str]:
    return {k: v[-1] for k, v in parse_qs(urlsplit(page.url).query).items()}


def address(page, **parts: str) -> None:
    """Wait until the address bar holds these parts."""
    page.wait_for_url(
        lambda url: (
            parts.items() <= {k: v[-1] for k, v in parse_qs(urlsplit(url).query).items()}.items()
        )
    )


def days(page):
    return page.get_by_role("grid").get_by_role("rowheader")


def choose(page, label: str, option: str) -> None:
    page.get_by_role("combobox", name=label).click()
    page.get_by_role("option", name=option, exact=True).click()


def cell(page, row: int, column: str):
    """The cell of a row (0 the first day, -1 the total) under a title."""
    titles = [t.replace("\n", " ") for t in page.get_by_role("columnheader").all_inner_texts()]
    at = next(i for i, t in enumerate(titles) if t.startswith(column))
    return (
        page.get_by_role("grid")
        .get_by_role("row")
        .nth(row + 1 if row >= 0 else row)
        .locator("th, td")
        .nth(at)
    )


def test_the_address_holds_the_whole_view_from_the_start(page, server):
    visit(page, server)
    address(
        page,
        preset="last-30",
        m="participation.broadcast.consumed.active_participants",
        grain="day",
        view="chart",
    )
    expect(days(page)).to_have_count(31)  # thirty days and the total
    assert page.errors == []


def test_a_link_opens_the_same_view_elsewhere(new_page, page, server):
    visit(page, server)
    choose(page, "Range", "Last 90 days")
    page.get_by_text("Week", exact=True).click()
    address(page, preset="last-90", grain="week")
    expect(page.get_by_role("columnheader").first).to_have_text("Week")
    other = new_page(
        viewport={"width": 900, "height": 900}, timezone_id="Pacific/Auckland", locale="fr-FR"
    )
    other.goto(page.url)
    wait_until_drawn(other)
    assert days(other).all_inner_texts() == days(page).all_inner_texts()
    assert query(other) == query(page)


def test_back_and_forward_step_through_views(page, server):
    page.goto(server.url)
    page.get_by_role("link", name="Date range").click()
    wait_until_drawn(page)
    address(page, preset="last-30")
    choose(page, "Range", "Last 7 days")
    address(page, preset="last-7")
    expect(days(page)).to_have_count(8)
    page.get_by_text("Month", exact=True).click()
    address(page, grain="month")
    expect(page.get_by_role("columnheader").first).to_have_text("Month")
    page.go_back()
    address(page, preset="last-7", grain="day")
    expect(days(page)).to_have_count(8)
    page.go_back()
    address(page, preset="last-30", grain="day")
    expect(days(page)).to_have_count(31)
    expect(page.get_by_role("combobox", name="Range")).to_have_value("Last 30 days")
    page.go_forward()
    address(page, preset="last-7")
    expect(days(page)).to_have_count(8)
    page.go_back()
    page.go_back()
    expect(page.get_by_role("heading", name="This period", level=1)).to_be_visible()


def test_quick_clicks_all_count(page, server):
    """The second click comes before the browser has received the dates that the first one moved."""
    visit(page, server, f"?preset=last-30&{DEFAULT}")
    choose(page, "Range", "Last 90 days")
    page.get_by_text("Week", exact=True).click()
    page.get_by_text("Table", exact=True).click()
    address(page, preset="last-90", grain="week", view="table")
    expect(page.get_by_role("columnheader").first).to_have_text("Week")
    expect(page.get_by_role("combobox", name="Range")).to_have_value("Last 90 days")
    for _ in range(3):
        page.go_back()
    address(page, preset="last-30", grain="day", view="chart")
    expect(days(page)).to_have_count(31)
    assert page.errors == []


def test_the_focus_stays_on_the_control_that_was_used(page, server):
    """Controls that the server moves are replaced, and would lose it; the one in use is not."""
    visit(page, server, f"?preset=last-7&{DEFAULT}")
    page.get_by_text("Week", exact=True).click()
    address(page, grain="week")
    expect(page.get_by_role("columnheader").first).to_have_text("Week")
    focused = page.evaluate("document.activeElement.textContent")
    assert "Week" in focused


def test_the_view_is_kept_while_another_page_is_shown(page, server):
    visit(page, server, "?preset=last-7&m=sessions&grain=day&view=table", chart=False)
    page.get_by_role("link", name="Real time").click()
    expect(page.get_by_role("heading", name="Real time", level=1)).to_be_visible()
    page.get_by_role("link", name="Date range").click()
    wait_until_drawn(page, chart=False)
    address(page, preset="last-7", m="sessions", view="table")
    expect(days(page)).to_have_count(8)


def test_unusable_parts_of_a_link_are_explained_and_the_rest_applies(page, server):
    visit(
        page,
        server,
        "?preset=last-31&m=sesions.chat_posts&grain=%00&view=%F0%9F%8E%93&zone=Mars&x="
        + "y" * 3000,
    )
    page.get_by_text("parts of this link could not be used").click()
    messages = page.get_by_role("listitem")
    expect(
        messages.filter(has_text="There is no range “last-31”. Did you mean 'last-30'?")
    ).to_be_visible()
    expect(messages.filter(has_text="Did you mean 'sessions'?")).to_be_visible()
    expect(page.get_by_test_id("stMetric")).to_have_count(1)
    address(page, preset="last-30", m="chat_posts", grain="day", view="chart")
    assert page.errors == []


def test_the_figures_are_those_of_the_command_line(page, server):
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    first, last = today - timedelta(days=10), today - timedelta(days=2)
    machine = json.loads(
        server.cli(
            "report", "--team", "acme", "--from", str(first), "--to", str(last), "--format", "json"
        )
    )
    visit(page, server, f"?from={first}&to={last}")
    for row, figures in [*enumerate(machine["rows"]), (-1, machine["total"])]:
        for title, key in {
            "Participation minutes": "participation_minutes",
            "Active participants": "active_participants",
            "Sessions": "sessions",
        }.items():
            text = cell(page, row, title).inner_text().replace("\u202f", "")
            assert float(text) == pytest.approx(figures[key], abs=0.05)


def test_breakdown_on_hover(page, server):
    visit(page, server)
    cell(page, -1, "Consumed minutes").hover()
    tip = page.locator(TIP)
    for words in (
        "Consumed minutes",
        "Total",
        "Audio + video",
        "Audio only",
        "Video only",
        "Screenshare",
        "≈ Estimated",
    ):
        expect(tip).to_contain_text(words)
    cell(page, -1, "Max concurrent participants").hover()
    expect(tip).to_contain_text("First reached on")
    page.get_by_role("columnheader", name="Active rooms").hover()
    expect(tip).to_contain_text("Different rooms")
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()


def test_breakdown_with_the_keyboard_alone(page, server):
    visit(page, server)
    focus = "() => { let e = document.activeElement; while (e?.shadowRoot?.activeElement) e = e.shadowRoot.activeElement; return e; }"
    page.get_by_role("grid").locator("[tabindex='0']").focus()
    assert page.get_by_role("grid").locator("[tabindex='0']").count() == 1, "one tab stop"
    tip = page.locator(TIP)
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(tip).to_contain_text("Broadcast minutes")
    expect(tip).to_contain_text("Screenshare")
    described = page.evaluate(f"({focus})().getAttribute('aria-describedby')")
    assert described == tip.get_attribute("id")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(tip).to_contain_text("Consumed minutes")
    page.keyboard.press("Control+End")
    assert page.evaluate(f"({focus})().parentElement.parentElement.tagName") == "TFOOT"
    page.keyboard.press("Control+Home")
    assert page.evaluate(f"({focus})().textContent") == "Day"


def test_the_chart_shows_every_value_of_a_day(page, server):
    visit(page, server)
    plot = page.get_by_role("slider")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 120)
    tip = page.locator(".chart .tip")
    for words in (
        "Participation minutes",
        "Broadcast minutes",
        "Audio + video",
        "Screenshare",
        "Active participants",
    ):
        expect(tip).to_contain_text(words)
    over = tip.bounding_box()
    assert not over["x"] < box["x"] + box["width"] / 2 < over["x"] + over["width"], (
        "beside the point, not over it"
    )


def fixed_button(page):
    return page.get_by_role("button", name=re.compile(r"Copy link \(.*\d{4}\)"))


def test_copy_link(new_page, server):
    page = new_page(
        viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    visit(page, server, f"?preset=last-7&{DEFAULT}")
    paste = "navigator.clipboard.readText()"
    page.get_by_role("button", name="Copy link (always “Last 7 days”)").click()
    copied = page.get_by_role("status").filter(has_text="Copied.")
    expect(copied).to_contain_text("Copied. The link shows “Last 7 days” of the day")
    rolling = f"{server.url}/date-range?team=acme&preset=last-7&{DEFAULT}"
    assert page.evaluate(paste) == rolling
    fixed_button(page).click()
    expect(copied).to_contain_text("Copied. The link always shows")
    expect(copied).not_to_contain_text("Last 7 days")
    fixed = page.evaluate(paste)
    assert re.fullmatch(
        rf"{server.url}/date-range\?(team=acme&)?from=\d{{4}}-\d\d-\d\d&to=\d{{4}}-\d\d-\d\d&{re.escape(DEFAULT)}",
        fixed,
    )
    rows = days(page).all_inner_texts()
    page.goto(fixed)
    wait_until_drawn(page)
    assert [r.splitlines()[0] for r in days(page).all_inner_texts()] == [
        r.splitlines()[0] for r in rows
    ]


def test_copy_link_without_a_clipboard(new_page, server):
    """With plain http from another machine there is no clipboard API: the link itself is shown."""
    page = new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined}); document.execCommand = () => false;"
    )
    visit(page, server, "?preset=last-7")
    fixed_button(page).click()
    expect(page.get_by_role("textbox", name="Link")).to_have_value(
        re.compile(r"/date-range\?team=acme&from=")
    )


@pytest.mark.parametrize(
    ("button", "ending", "begins"), [("CSV", "csv", b"row,start,end"), ("Excel", "xlsx", b"PK")]
)
def test_downloads(page, server, button, ending, begins):
    visit(page, server)
    with page.expect_download() as download:
        page.get_by_role("button", name=button).click()
    assert re.fullmatch(
        rf"usage-acme-\d{{4}}-\d\d-\d\d-to-\d{{4}}-\d\d-\d\d-day\.{ending}",
        download.value.suggested_filename,
    )
    assert download.value.path().read_bytes().startswith(begins)


def test_nothing_leaves_the_machine(page, server):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    visit(page, server)
    page.wait_for_timeout(500)
    assert {urlsplit(url).hostname for url in asked if not url.startswith(("data:", "blob:"))} == {
        "localhost"
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1600])
def test_fits_a_phone_and_a_wide_screen_in_both_schemes(new_page, server, scheme, width):
    page = visit(new_page(viewport={"width": width, "height": 844}, color_scheme=scheme), server)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    wider = """() => [...document.querySelectorAll('[data-testid=stMain] *')]
        .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && e.getBoundingClientRect().width > 1).map(e => e.outerHTML.slice(0, 120))"""
    assert page.evaluate(wider) == []
    colour = page.get_by_role("grid").evaluate(
        "e => getComputedStyle(e.parentElement).backgroundColor"
    )
    assert (sum(map(int, re.findall(r"\d+", colour)[:3])) < 384) == (scheme == "dark")
    # The first column stays while the rest scrolls under it.
    page.get_by_role("grid").evaluate("e => { e.parentElement.scrollLeft = 400 }")
    first = days(page).first.bounding_box()
    frame = page.get_by_role("grid").locator("..").bounding_box()
    assert first["x"] == pytest.approx(frame["x"], abs=2)


def test_a_long_range_stays_usable(page, server):
    """Thousands of days: the first rows and the total are drawn at once, the others between frames."""
    last = datetime.now(ZoneInfo("Europe/Berlin")).date()
    first = last - timedelta(days=3_000)
    visit(page, server, f"?from={first}&to={last}&m=sessions&view=table", chart=False)
    expect(page.get_by_role("grid").locator("tfoot")).to_be_visible()
    expect(page.get_by_role("grid").locator("tbody tr")).to_have_count(3_001, timeout=20_000)
    assert page.errors == []


def test_no_layout_jump(new_page, server):
    page = new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script("""window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(e => { window.shift += e.value }))
        .observe({type: 'layout-shift', buffered: true});""")
    visit(page, server)
    page.wait_for_timeout(1500)
    assert page.evaluate("window.shift") < 0.1
