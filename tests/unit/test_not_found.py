"""Addresses that no page has: 404 in our own words; all others are left alone."""

from __future__ import annotations

import re

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit import config

from usage_report.ui.head import Head

HTML = {"accept": "text/html"}
APP = "<html><head><title>x</title></head><body>app</body></html>"


@pytest.fixture
def client() -> TestClient:
    async def app(request):
        is_file = request.url.path.endswith(".js")
        return PlainTextResponse("js") if is_file else HTMLResponse(APP)

    return TestClient(Head(Starlette(routes=[Route("/{path:path}", app)])))


@pytest.fixture
def base():
    config.set_option("server.baseUrlPath", "usage/report")
    yield
    config.set_option("server.baseUrlPath", "")


@pytest.mark.parametrize(
    "path", ["/", "/real-time", "/real-time/", "/docs?page=x", "/api/v1/problems", "/static/x.js"]
)
def test_pages_files_and_the_api_are_left_alone(client, path):
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200
    assert "Page not found" not in answer.text


@pytest.mark.parametrize("path", ["/nothing", "/date-range/x/y", "/This_period"])
def test_other_paths_lead_to_the_pages(client, path):
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 404
    assert f"There is no page <code>{path}</code>." in answer.text
    assert re.findall('href="([^"]+)"', answer.text) == [
        "/", "/real-time", "/date-range", "/reconcile", "/sources", "/docs",
    ]  # fmt: skip
    assert int(answer.headers["content-length"]) == len(answer.content)
    head = client.head(path, headers=HTML)
    assert (head.status_code, head.content) == (404, b"")


def test_the_path_is_text_and_short(client):
    answer = client.get("/<script>" + "x" * 200, headers=HTML)
    assert "<code>/&lt;script&gt;" + "x" * 91 + "…</code>" in answer.text


def test_under_a_path_of_its_own(client, base):
    assert client.get("/usage/report/docs", headers=HTML).status_code == 200
    answer = client.get("/usage/report/nothing", headers=HTML)
    assert answer.status_code == 404
    assert 'href="/usage/report/real-time"' in answer.text
