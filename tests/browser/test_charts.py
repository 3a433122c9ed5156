"""Charts in a browser: a silent console, pointer, finger, keyboard, legend, and what is saved."""

from __future__ import annotations

import csv
import io
import re

import pytest
from playwright.sync_api import expect

from usage_report.render.charts.theme import SERIES

PATHS = ("", "real-time", "date-range", "reconcile", "sources")
DAYS = "date-range?preset=last-7&m=participation.sessions.broadcast"


def listen(page) -> list[str]:
    """Everything that a developer would see in red or yellow."""
    seen: list[str] = []
    page.on(
        "console",
        lambda m: seen.append(f"{m.type}: {m.text}") if m.type in {"warning", "error"} else None,
    )
    page.on("pageerror", lambda error: seen.append(f"error: {error}"))
    page.on("requestfailed", lambda request: seen.append(f"failed: {request.url}"))
    page.on("response", lambda r: seen.append(f"{r.status}: {r.url}") if r.status >= 400 else None)
    return seen


@pytest.fixture
def chart(page, server):
    """The chart of *Date range* with three metrics."""
    page.goto(f"{server.url}/{DAYS}")
    expect(page.locator("svg[role=img]")).to_be_visible()
    page.locator(".chart").scroll_into_view_if_needed()
    return page.locator(".chart")


@pytest.mark.parametrize("team", ["acme", "empty"])
@pytest.mark.parametrize("path", PATHS)
def test_the_console_is_silent(page, server, path, team):
    """On a deep link, with data and for a team without any, and after a step to another page."""
    if team != "acme":
        server.cli("team", "set", team)
    seen = listen(page)
    page.goto(f"{server.url}/{path}?team={team}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    if team == "acme" and path in {"", "real-time", "date-range"}:
        expect(page.locator("svg[role=img]").first).to_be_visible()
    page.get_by_role("link", name="Sources").click()
    expect(page.get_by_role("heading", name="Sources", level=1)).to_be_visible()
    page.wait_for_timeout(500)
    assert seen == []


def test_a_tap_shows_the_figures_and_a_tap_elsewhere_hides_them(new_page, server):
    page = new_page(viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto(f"{server.url}/{DAYS}")
    plot = page.get_by_role("slider")
    plot.scroll_into_view_if_needed()
    plot.tap()
    tip = page.locator(".chart .tip")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("Participation minutes")
    box = tip.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.touchscreen.tap(5, 60)
    expect(tip).to_be_hidden()


def test_the_keyboard_moves_from_day_to_day(page, chart):
    plot = chart.get_by_role("slider")
    plot.focus()
    page.keyboard.press("Home")
    first = plot.get_attribute("aria-valuetext")
    page.keyboard.press("ArrowRight")
    assert plot.get_attribute("aria-valuenow") == "1"
    assert plot.get_attribute("aria-valuetext") != first
    expect(chart.locator(".tip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(chart.locator(".tip")).to_be_hidden()


def test_the_legend_switches_series_and_the_toolbar_is_one_tab_stop(page, chart):
    lines = chart.locator("svg[role=img] .line_1_marks path")
    expect(lines).not_to_have_count(0)
    button = chart.get_by_role("button", name=re.compile("^Sessions"))
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(lines).to_have_count(0)
    assert chart.get_by_role("toolbar").locator("button[tabindex='0']").count() == 1
    page.keyboard.press("ArrowRight")
    expect(chart.get_by_role("button", name=re.compile("^Broadcast"))).to_be_focused()
    button.click()
    expect(lines.first).to_be_attached()


@pytest.mark.parametrize(
    ("name", "ending", "begins"),
    [("Download SVG", ".svg", b"<svg"), ("Download PNG", ".png", b"\x89PNG")],
)
def test_pictures_are_saved(page, chart, name, ending, begins):
    seen = listen(page)
    chart.get_by_role("button", name="Save the chart").click()
    with page.expect_download() as saved:
        chart.get_by_role("menuitem", name=name).click()
    assert saved.value.suggested_filename.endswith(f"-day{ending}")
    content = open(saved.value.path(), "rb").read()  # noqa: SIM115 - one short read
    assert content.startswith(begins)
    if ending == ".svg":
        assert b"Participation minutes" in content
        assert b"var(--" not in content, "a picture has its own colours"
    assert seen == []


def test_data_is_copied_for_a_spreadsheet(new_page, server):
    page = new_page(
        viewport={"width": 1280, "height": 900}, permissions=["clipboard-read", "clipboard-write"]
    )
    page.goto(f"{server.url}/{DAYS}")
    page.get_by_role("button", name="Save the chart").click()
    page.get_by_role("menuitem", name="Copy data").click()
    expect(page.locator(".chart.copied")).to_be_attached()
    rows = list(
        csv.reader(io.StringIO(page.evaluate("navigator.clipboard.readText()")), delimiter="\t")
    )
    assert rows[0] == ["start", "participation_minutes", "sessions", "broadcast_minutes"]
    assert len(rows) == 8


def test_small_multiples_share_one_rule(page, server):
    page.goto(f"{server.url}/{DAYS}&form=multiples")
    plot = page.get_by_role("slider")
    plot.scroll_into_view_if_needed()
    plot.hover()
    rule = page.locator(".rule_marks line")
    expect(rule).to_have_count(1)
    assert rule.bounding_box()["height"] == pytest.approx(plot.bounding_box()["height"], abs=2)
    expect(page.locator("[class*=dots_] path")).to_have_count(3)
    page.mouse.move(5, 5)
    expect(rule).to_have_count(0)


def test_a_chart_follows_the_colours_of_the_page(page, chart):
    line = chart.locator(".line_0_marks path").first
    expect(line).to_have_attribute("stroke", SERIES[0][0])
    page.emulate_media(color_scheme="dark")
    expect(chart.locator(".line_0_marks path").first).to_have_attribute("stroke", SERIES[0][1])


def test_a_chart_fits_a_window_that_changes(page, chart):
    expect(chart.locator(".picture")).to_be_visible()
    for width in (700, 390, 1100):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(
            """() => {
              const all = (root) => [...root.querySelectorAll("*")].flatMap((e) => [e, ...(e.shadowRoot ? all(e.shadowRoot) : [])]);
              const [picture, svg] = ["picture", "marks"].map((name) => all(document).find((e) => e.classList.contains(name)));
              return Math.abs(picture.clientWidth - svg.getBoundingClientRect().width) <= 1;
            }"""
        )


def test_new_figures_are_put_into_the_same_chart(page, chart):
    """Another range changes the lines, not the picture: it does not flicker, and is quick."""
    svg = chart.locator("svg[role=img]")
    svg.evaluate("(element) => { element.kept = true; }")
    control = page.get_by_role("radiogroup", name="Group by").or_(
        page.get_by_role("group", name="Group by")
    )
    control.get_by_text("Hour", exact=True).click()
    expect(svg).to_have_attribute("aria-label", re.compile("by hour"))
    assert svg.evaluate("(element) => element.kept")


def test_charts_need_no_generated_code(page, server):
    """So they work under a content security policy without unsafe-eval: expressions are interpreted."""
    page.add_init_script(
        """window.generated = [];
        const note = (make) => (target, ...given) => { generated.push(String(given.find(Array.isArray))); return make(target, ...given); };
        window.Function = new Proxy(Function, { construct: note(Reflect.construct), apply: note(Reflect.apply) });"""
    )
    page.goto(f"{server.url}/{DAYS}")
    expect(page.locator("svg[role=img] .line_0_marks path")).not_to_have_count(0)
    assert set(page.evaluate("generated")) <= {"return this"}, "by which Streamlit finds the window"
    page.evaluate("Function('1')")
    assert page.evaluate("generated").pop() == "1", "calls are noted"
