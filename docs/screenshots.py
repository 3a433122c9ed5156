"""Take the pictures of the docs from the running app: ``make screenshots``.

Starts the app of this folder on a new database with sample data, and takes pictures of its pages in
an installed Chromium: light and dark, wide and phone. Only ``docs/images`` is changed.

``--database URL`` uses an existing database, ``--only this-period`` takes one page's pictures only.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Error, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
#: Name of the pictures -> (address of the page, height of its wide picture).
PAGES = {
    "this-period": ("/", 1090),
    "date-range": (
        "/date-range?preset=last-30&m=participation.broadcast.active_participants&grain=day&view=chart",
        1400,
    ),
    "real-time": ("/real-time", 860),
}
#: Pages scrolled to the chart: on a phone, the controls above it fill the screen.
SCROLLED = ("date-range",)
#: The docs show these phone pictures only.
PHONES = {("this-period", "light"), ("date-range", "dark"), ("real-time", "light")}
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
#: Seconds to wait for the app to start, and for a page to be drawn.
START, DRAWN = 60, 60


def main() -> None:
    parser = argparse.ArgumentParser(description="Take the README's pictures from the running app.")
    parser.add_argument(
        "--database", metavar="URL", help="use this database, which holds sample data already"
    )
    parser.add_argument("--only", choices=PAGES, help="take the pictures of this page only")
    given = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        sys.exit(
            f"There is no Chromium: none of {', '.join(NAMES)} is on the path. "
            "Install it (Debian: apt install chromium) and run this again."
        )
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="usage-report-") as folder:
        url = given.database or filled(f"sqlite:///{folder}/usage.db")
        with app(url, Path(folder) / "app.log") as address, sync_playwright() as playwright:
            # As root, as in a container, Chromium runs without its sandbox only.
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox"] if os.geteuid() == 0 else []
            )
            for name in [given.only] if given.only else PAGES:
                path, height = PAGES[name]
                for theme in ("light", "dark"):
                    wide = {
                        "viewport": {"width": 1280, "height": height},
                        "device_scale_factor": 1.5,
                    }
                    take(browser, address + path, theme, wide, IMAGES / f"{name}-{theme}.png")
                    if (name, theme) in PHONES:
                        phone = {
                            "viewport": {"width": 390, "height": 844},
                            "device_scale_factor": 2,
                            "is_mobile": True,
                        }
                        take(
                            browser,
                            address + path,
                            theme,
                            phone,
                            IMAGES / f"{name}-phone-{theme}.png",
                            name in SCROLLED,
                        )
            browser.close()


def environment(url: str) -> dict[str, str]:
    """Return an environment without settings of the user, with the code of this folder."""
    clean = {
        k: v for k, v in os.environ.items() if not k.startswith(("USAGE_REPORT_", "STREAMLIT_"))
    }
    return clean | {"USAGE_REPORT_DATABASE_URL": url, "PYTHONPATH": str(ROOT / "src")}


def filled(url: str) -> str:
    """The URL again, once its database holds sample data."""
    print("Filling a database with sample data; this takes a minute …", flush=True)
    subprocess.run([sys.executable, "-m", "usage_report", "demo"], env=environment(url), check=True)
    return url


@contextmanager
def app(url: str, log: Path) -> Iterator[str]:
    """Address of the app, which runs until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "app.py",
        "--server.address",
        "127.0.0.1",
        "--server.port",
        str(port),
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(url), stdout=out, stderr=subprocess.STDOUT
        )
    try:
        address = f"http://127.0.0.1:{port}"
        for _ in range(START * 4):
            if process.poll() is not None:
                break
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=2).close()
                break
            except OSError:
                time.sleep(0.25)
        else:
            sys.exit(f"The app does not answer:\n{log.read_text(errors='replace')}")
        if process.poll() is not None:
            sys.exit(f"The app ended:\n{log.read_text(errors='replace')}")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def take(
    browser: Browser, address: str, theme: str, screen: dict, path: Path, scrolled: bool = False
) -> None:
    """Take a picture of a page once it is drawn; ``scrolled`` shows its chart."""
    context = browser.new_context(
        **screen, color_scheme=theme, locale="en-GB", timezone_id="Europe/Berlin"
    )
    page = context.new_page()
    try:
        page.goto(address)
        drawn(page)
        if scrolled:
            page.locator(".chart").first.evaluate(
                "chart => chart.scrollIntoView({block: 'center'})"
            )
            page.wait_for_timeout(500)
        save(page.screenshot(), path)
    except Error as error:
        sys.exit(
            f"{path.name} could not be taken: {error}\n"
            f"The page shows: {page.locator('body').inner_text()[:1000]}"
        )
    finally:
        context.close()


def drawn(page: Page) -> None:
    """Wait until figures and charts are drawn, nothing is computed, and animations have ended."""
    page.locator("svg[role=img]").first.wait_for(timeout=DRAWN * 1000)
    page.get_by_test_id("stStatusWidget").wait_for(state="detached", timeout=DRAWN * 1000)
    page.wait_for_timeout(2500)


def save(picture: bytes, path: Path) -> None:
    """Save a PNG of 256 colours: a fifth of the size, without a visible difference."""
    image = Image.open(io.BytesIO(picture)).convert("RGB").quantize(256, dither=Image.Dither.NONE)
    image.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} kB", flush=True)


if __name__ == "__main__":
    main()
