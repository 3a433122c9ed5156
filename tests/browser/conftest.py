"""The running app in a real browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.serving import Server, meetings, now_ms

#: How long anything may take to appear: CI machines are slow and shared.
PATIENCE_MS = 30_000
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)
# No sandbox: CI runs as root. The rest keeps the browser from connecting to other hosts.
ARGS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            # One process runs all of them: two browsers at once would take both cores.
            item.add_marker(pytest.mark.xdist_group("browser"))
            if CHROMIUM is None:
                item.add_marker(
                    pytest.mark.skip(reason=f"no browser: none of {', '.join(NAMES)} is installed")
                )


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app with team ``acme`` (Europe/Berlin, limit of two concurrent participants)."""
    server = Server(tmp_path_factory.mktemp("app"))
    server.ingest(*meetings(now_ms()))
    server.cli(
        "team", "set", "acme", "--zone", "Europe/Berlin", "--limit", "max_concurrent_participants=2"
    )
    with server.running():
        yield server


@pytest.fixture(scope="session")
def app_url(server: Server) -> str:
    return server.url


# Not for the session: while Playwright is open its event loop runs in the main thread of this
# worker, where ``asyncio.run`` of later tests then fails.
@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium):
    """``new_page(**context options)``: a page in a new context; errors are in ``page.errors``."""
    contexts = []

    def make(**options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page):
    return new_page(viewport={"width": 1280, "height": 900})
