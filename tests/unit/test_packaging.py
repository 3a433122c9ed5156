"""Files around the package: container image, compose file, Streamlit's options."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from usage_report.cli.listening import is_loopback, url, warn_if_reachable
from usage_report.cli.main import main
from usage_report.ui import streamlit_config

ROOT = Path(__file__).parents[2]


def test_the_packaged_options_of_streamlit_are_those_of_the_repository():
    packaged = ROOT / "src" / "usage_report" / "ui" / "streamlit.toml"
    assert packaged.read_text("utf-8") == (ROOT / ".streamlit" / "config.toml").read_text("utf-8")


def test_streamlit_knows_every_option():
    from streamlit import config

    options = streamlit_config.defaults()
    assert options["theme.light.primaryColor"] == "#0f766e"
    assert set(options) <= set(config.get_config_options())


def test_what_the_user_has_set_takes_precedence(monkeypatch: pytest.MonkeyPatch):
    from streamlit import config

    applied = {}
    monkeypatch.setattr(config, "is_manually_set", lambda name: name == "server.port")
    monkeypatch.setattr(config, "set_option", applied.__setitem__)
    streamlit_config.apply_defaults()
    assert set(streamlit_config.defaults()) - set(applied) == {"server.port"}


def test_the_dockerfile_is_clean():
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    if hadolint is None:
        pytest.skip("hadolint is not installed")
    done = subprocess.run([hadolint, str(ROOT / "Dockerfile")], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_commands_of_the_containers_exist():
    """Each command of the image and the services is one of the command line, with its options."""
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    (command,) = [
        yaml.safe_load(line.removeprefix("CMD "))
        for line in dockerfile.splitlines()
        if line.startswith("CMD [")
    ]
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    commands = [command, *(s["command"] for s in services.values() if "command" in s)]
    assert [c[:2] for c in commands] == [
        ["usage-report", "app"],
        ["usage-report", "worker"],
        ["usage-report", "migrate"],
    ]
    for _, *arguments in commands:
        result = CliRunner().invoke(main, [*arguments, "--help"])
        assert result.exit_code == 0, result.output


def test_services_start_in_order_and_share_one_database():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
    assert set(services) == {"database", "app", "worker", "migrate"}
    urls = {
        s["environment"]["USAGE_REPORT_DATABASE_URL"]
        for name, s in services.items()
        if name != "database"
    }
    assert urls == {"postgresql://usage:${POSTGRES_PASSWORD}@database/usage"}
    assert services["app"]["ports"] == ["127.0.0.1:8501:8501"]
    for name in ("app", "worker"):
        condition = services[name]["depends_on"]["migrate"]["condition"]
        assert condition == "service_completed_successfully"


def test_the_type_marker_and_data_files_are_packaged():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    patterns = project["tool"]["setuptools"]["package-data"]["usage_report"]
    assert {"py.typed", "**/*.toml", "**/*.css", "**/*.js"} <= set(patterns)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.7", False),
        ("usage.example.com", False),
    ],
)
def test_addresses_of_this_machine(host: str, expected: bool):
    assert is_loopback(host) is expected


@pytest.mark.parametrize("has_pages", [True, False])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_an_address_of_this_machine_needs_no_warning(host, has_pages, capsys):
    warn_if_reachable(host, 8501, has_pages=has_pages)
    assert capsys.readouterr() == ("", "")


def test_the_warning_says_who_can_see_what(capsys):
    warn_if_reachable("::", 8501, has_pages=True)
    assert capsys.readouterr().err == (
        "Warning: anyone who reaches [::]:8501 sees the figures of every team. The pages have no "
        "sign-in: put a proxy with sign-in in front of them, see docs/run-for-a-team.md. The API "
        "wants a token or a signature for each team. /metrics and /readyz want a token only if "
        "operations_token is set.\n"
    )
    warn_if_reachable("0.0.0.0", 8502, has_pages=False)
    assert capsys.readouterr().err == (
        "Warning: anyone who reaches 0.0.0.0:8502 can send requests to the API, unencrypted. It wants "
        "a token or a signature for each team. /metrics and /readyz want a token only if "
        "operations_token is set.\n"
    )


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "http://localhost:1"), ("::", "http://[::]:1"), ("a.b", "http://a.b:1")],
)
def test_the_address_to_open(host, address):
    assert url(host, 1) == address
