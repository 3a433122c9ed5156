"""From navigation to the drawn chart of *Date range*, against a one-chart hello-world app, in one headless Chromium.

Both apps run in processes of their own, started the same way with the same settings, and are visited in turn; the browser
keeps its cache. The clock is the browser's: from the start of the navigation to the first frame in which all lines of the
chart have been drawn.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
from pathlib import Path

from common import ROOT, Result, cached, say, times_its_time
from serving import METRICS, app, fill_sample, year_link

VISITS, WARM_UP = 15, 4
#: Looks every frame; a line counts as drawn where its path has a shape. Canvas charts: where there is ink.
WATCH = """
(() => {
  const lines = LINES[location.port];
  const drawn = () => {
    const chart = document.querySelector('[data-testid="stVegaLiteChart"]');
    if (!chart) return false;
    const paths = [...chart.querySelectorAll('.mark-line path')].filter(p => (p.getAttribute('d') || '').length > 500);
    if (paths.length >= lines) return true;
    const canvas = chart.querySelector('canvas');
    if (!canvas || !canvas.width) return false;
    const w = canvas.width, h = canvas.height;
    const data = canvas.getContext('2d').getImageData(0, 0, w, h).data;
    let ink = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 40 && Math.max(data[i], data[i+1], data[i+2]) - Math.min(data[i], data[i+1], data[i+2]) > 60) ink++;
    return ink > w;
  };
  const look = () => {
    if (drawn()) { window.__drawn = performance.now(); return; }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
"""


def run(small: bool, rounds: int) -> list[Result]:
    from playwright.sync_api import sync_playwright

    from usage_report import storage

    visits = 3 if small else VISITS
    with tempfile.TemporaryDirectory() as elsewhere, sync_playwright() as playwright:
        database = cached(f"sample-schema-{storage.SCHEMA_VERSION}.db", fill_sample)
        with (
            app(
                ROOT / "app.py",
                ROOT,
                USAGE_REPORT_DATABASE_URL=f"sqlite:///{database}",
                USAGE_REPORT_BACKGROUND_SECONDS="0",
            ) as ours,
            app(ROOT / "benchmarks" / "hello_chart.py", Path(elsewhere)) as hello,
        ):
            browser = playwright.chromium.launch(executable_path=_chromium(), args=["--no-sandbox"])
            page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
            lines = {ours.rpartition(":")[2]: len(METRICS), hello.rpartition(":")[2]: 1}
            page.add_init_script(f"const LINES = {lines};{WATCH}")
            addresses = (ours + year_link(database), hello)
            taken: list[list[float]] = [[], []]
            for i in range(WARM_UP + visits):
                for address, times in zip(addresses, taken, strict=True):
                    seconds = _visit(page, address)
                    if i >= WARM_UP:
                        times.append(seconds)
            browser.close()
    best_ours, best_hello = (statistics.median(times) for times in taken)
    say(f"medians of {visits} visits: {best_ours * 1000:.0f} ms, {best_hello * 1000:.0f} ms")
    what = f"navigation to chart of Date range, a year, {len(METRICS)} metrics"
    return [times_its_time("page", what, "hello-world app, one chart", best_ours, best_hello, 1.6)]


def _visit(page, address: str) -> float:
    """Seconds from the start of the navigation to the drawn chart."""
    page.goto(address, wait_until="commit")
    page.wait_for_function("window.__drawn", polling=50, timeout=60_000)
    seconds = page.evaluate("window.__drawn") / 1000
    page.wait_for_timeout(
        300
    )  # let the run come to its end, so that it does not cost the next visit
    return seconds


def _chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        if found := shutil.which(name):
            return found
    raise SystemExit("page: this needs an installed Chromium (Debian: apt install chromium)")
