"""A real browser before the real app."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.serving import Server, meetings, now_ms

#: Milliseconds that anything may take to appear: machines of CI are slow and shared.
PATIENCE = 30_000
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM = next((path for name in NAMES if (path := shutil.which(name))), None)
# No sandbox: CI runs as root. The rest keeps the browser from talking to anyone but the app.
ARGS = ["--no-sandbox", "--headless=new", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--no-first-run"]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(
                    pytest.mark.skip(reason=f"no browser: none of {', '.join(NAMES)} is installed")
                )


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app, serving team ``acme`` (Europe/Berlin, a limit of two people at once)."""
    server = Server(tmp_path_factory.mktemp("app"))
    server.add(*meetings(now_ms()))
    server.cli(
        "team", "set", "acme", "--zone", "Europe/Berlin", "--limit", "max_concurrent_participants=2"
    )
    with server.running():
        yield server


@pytest.fixture(scope="session")
def app_url(server: Server) -> str:
    return server.url


@pytest.fixture(scope="session")
def chromium():
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium):
    """``new_page(**context options)``: a page of its own context, its defects collected in ``page.defects``."""
    contexts = []

    def make(**options):
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.defects = []
        page.on("pageerror", lambda error: page.defects.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page):
    return new_page(viewport={"width": 1280, "height": 900})
