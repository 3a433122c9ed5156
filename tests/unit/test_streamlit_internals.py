"""What relies on Streamlit's internals: each test fails when an upgrade changes what it names."""

from __future__ import annotations

import importlib
import inspect
import re
import socket
import tomllib
from functools import cache
from pathlib import Path

import pytest
import streamlit
from streamlit import config, net_util
from streamlit.web.server import server_util

from usage_report import ui
from usage_report.ui import warm
from usage_report.ui.streamlit_internals import block_external_ip_lookup

ROOT = Path(__file__).parents[2]
UI = Path(ui.__file__).parent
STATIC = Path(streamlit.__file__).parent / "static"
STYLE = (UI / "style.css").read_text(encoding="utf-8")


@cache
def frontend() -> str:
    """The JavaScript of Streamlit's pages."""
    return "".join(file.read_text(encoding="utf-8") for file in STATIC.rglob("*.js"))


@pytest.fixture
def connections(monkeypatch) -> list[object]:
    """Addresses that the process tried to connect to, all in vain."""
    tried: list[object] = []

    def refuse(_, address):
        tried.append(address)
        raise OSError("no network in this test")

    def resolve(host, *_, **__):
        tried.append(host)
        raise socket.gaierror("no network in this test")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(net_util, "get_internal_ip", lambda: "192.0.2.1")
    monkeypatch.setattr(net_util, "_external_ip", None, raising=True)
    monkeypatch.setattr(net_util, "get_external_ip", net_util.get_external_ip)  # put back later
    config.set_option("browser.serverAddress", "localhost")
    return tried


def test_an_unknown_host_name_makes_streamlit_ask_another_host(connections):
    """Why the patch is needed. If this fails, Streamlit has changed and the patch may go."""
    assert not server_util.is_url_from_allowed_origins("https://usage.example.com")
    assert connections


def test_the_patch_keeps_streamlit_from_asking_another_host(connections):
    block_external_ip_lookup()
    assert not server_util.is_url_from_allowed_origins("https://usage.example.com")
    assert connections == []


TEST_IDS = sorted(set(re.findall(r'data-testid="(\w+)"', STYLE)))


def test_the_style_sheet_uses_these_test_ids():
    assert TEST_IDS == [
        "stCaptionContainer",
        "stMainBlockContainer",
        "stMetric",
        "stMetricDelta",
        "stMetricLabel",
        "stMetricValue",
        "stSkeleton",
        "stWidgetLabelRequired",
    ]


@pytest.mark.parametrize("name", TEST_IDS)
def test_streamlit_still_has_the_test_id(name):
    assert re.search(rf"[\"'`]{name}[\"'`]", frontend())


def test_elements_still_have_a_class_made_of_their_key():
    assert re.search(r"[\"'`]st-key-", frontend())


def test_every_key_in_the_style_sheet_is_used_by_a_page():
    code = "".join(file.read_text(encoding="utf-8") for file in UI.rglob("*.py"))
    for key in set(re.findall(r"st-key-([a-z_]+)", STYLE)):
        prefix, _, name = key.partition("_")
        is_bound = prefix == "range" and f'address.bind("{name}"' in re.sub(r"\(\s+", "(", code)
        is_composed = prefix == "card" and 'key=f"card_{kind}_' in code
        assert f'"{key}' in code or is_bound or is_composed, key


@pytest.mark.parametrize("name", ["BACKEND_BASE_URL", "__streamlit", "data-tag-index"])
def test_the_frontend_still_has_the_name(name):
    assert name in frontend()


def test_the_page_has_one_head_to_put_the_style_sheet_into():
    assert (STATIC / "index.html").read_text(encoding="utf-8").count("</head>") == 1


def test_every_option_of_the_configuration_is_known_to_streamlit():
    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
    known = config.get_config_options()

    def options(table, prefix=""):
        for key, value in table.items():
            if isinstance(value, dict):
                yield from options(value, f"{prefix}{key}.")
            else:
                yield f"{prefix}{key}"

    assert [name for name in options(settings) if name not in known] == []
    assert settings["runner"]["postScriptGC"] is False


@pytest.mark.parametrize("name", warm.HEAVY)
def test_modules_that_are_imported_early_exist(name):
    assert importlib.import_module(name)


def test_no_pages_folder_is_next_to_the_main_script():
    assert (UI / "main.py").is_file()
    assert not (UI / "pages").exists()


def test_the_app_object_accepts_what_it_is_given():
    accepted = inspect.signature(streamlit.App).parameters
    assert {"routes", "middleware", "lifespan", "on_script_error"} <= accepted.keys()


def test_the_list_of_internals_names_its_tests():
    """Each entry is tested here, or names the tests that fail with it."""
    text = importlib.import_module("usage_report.ui.streamlit_internals").__doc__
    for path in set(re.findall(r"tests/[\w/]+(?:\.py)?", text)):
        assert (ROOT / path).exists(), path
