"""Settings: where they come from, which one wins, and how wrong ones are reported."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from usage_report.core.errors import SettingsError
from usage_report.core.settings import Settings, load


@pytest.fixture
def config(tmp_path, monkeypatch):
    """Write a settings file and name it in the environment; returns its path."""

    def write(text: str) -> Path:
        file = tmp_path / "settings.toml"
        file.write_text(text, encoding="utf-8")
        monkeypatch.setenv("USAGE_REPORT_CONFIG", str(file))
        return file

    return write


def message() -> str:
    with pytest.raises(SettingsError) as error:
        load()
    return str(error.value)


def test_defaults():
    assert load() == Settings()
    assert Settings().stale_after == 24 * 3_600_000


def test_settings_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        Settings().team = "acme"
    assert replace(Settings(), team="acme").team == "acme"


def test_environment(monkeypatch):
    for name, value in (("TEAM", "acme"), ("STALE_AFTER_HOURS", "0.5"), ("LOG_FORMAT", "json")):
        monkeypatch.setenv(f"USAGE_REPORT_{name}", value)
    assert load() == Settings(team="acme", stale_after_hours=0.5, log_format="json")
    assert load().stale_after == 1_800_000


def test_the_token_of_operations_is_not_shown(monkeypatch):
    monkeypatch.setenv("USAGE_REPORT_OPERATIONS_TOKEN", "hush")
    assert load().operations_token == "hush"
    assert "hush" not in repr(load())


def test_file(config):
    config('team = "acme"\nraw_days = 7\nlog_level = "debug"\n')
    assert load() == Settings(team="acme", raw_days=7.0, log_level="debug")


def test_environment_has_priority_over_the_file(config, monkeypatch):
    config('team = "acme"\nraw_days = 7\n')
    monkeypatch.setenv("USAGE_REPORT_TEAM", "globex")
    assert load() == Settings(team="globex", raw_days=7.0)


def test_a_wrong_value_in_the_file_is_ignored_where_the_environment_has_a_right_one(
    config, monkeypatch
):
    config("team = 5\n")
    monkeypatch.setenv("USAGE_REPORT_TEAM", "acme")
    assert load() == Settings(team="acme")


def test_variables_of_tests_are_ignored(monkeypatch):
    monkeypatch.setenv("USAGE_REPORT_TEST_DATABASE", "x")
    assert load() == Settings()


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("STALE_AFTER_HOURS", "0", "'0' should be greater than 0"),
        ("STALE_AFTER_HOURS", "-1", "'-1' should be greater than 0"),
        ("RAW_DAYS", "-1", "'-1' should be greater than or equal to 0"),
        ("RAW_DAYS", "1e12", "'1e12' should be less than 1000000000"),
        ("RAW_DAYS", "nan", "'nan' should be less than 1000000000"),
        (
            "BACKGROUND_SECONDS",
            "soon",
            "'soon' should be a valid number, unable to parse string as a number",
        ),
        (
            "BACKGROUND_SECONDS",
            "",
            "'' should be a valid number, unable to parse string as a number",
        ),
        ("LOG_FORMAT", "xml", "'xml' should be 'text' or 'json'"),
        ("LOG_LEVEL", "loud", "'loud' should be 'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_wrong_values_in_the_environment(monkeypatch, name, value, why):
    monkeypatch.setenv(f"USAGE_REPORT_{name}", value)
    assert message() == (
        f"USAGE_REPORT_{name} is not valid: {why}. Correct it, or remove it to use the default."
    )


@pytest.mark.parametrize(
    ("text", "key", "why"),
    [
        ("team = 5", "team", "5 should be a valid string"),
        ("raw_days = [1]", "raw_days", "[1] should be a valid number"),
        ("raw_days = -0.1", "raw_days", "-0.1 should be greater than or equal to 0"),
    ],
)
def test_wrong_values_in_the_file(config, text, key, why):
    file = config(text)
    assert message() == (
        f"{file}: {key} is not valid: {why}. Correct it, or remove it to use the default."
    )


@pytest.mark.parametrize("key", ["digitalsamba_api_key", "database_url"])
def test_secrets_are_never_shown(config, key):
    config(f"{key} = 4711\n")
    assert "4711" not in message()
    assert "4711" not in repr(replace(Settings(), **{key: "4711"}))


def test_unknown_variable(monkeypatch):
    monkeypatch.setenv("USAGE_REPORT_TEEM", "x")
    assert message() == "There is no setting 'USAGE_REPORT_TEEM'. Did you mean 'team'?"


def test_unknown_key(config):
    file = config('public_uri = "x"\n')
    assert message() == f"There is no setting '{file}: public_uri'. Did you mean 'public_url'?"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"[team", "Expected ']' at the end of a table declaration (at end of document)"),
        (
            b'team = "\xff"',
            "'utf-8' codec can't decode byte 0xff in position 8: invalid start byte",
        ),
        (b"#" * 200_000, "it has over 100,000 bytes"),
        (None, "No such file or directory"),
    ],
)
def test_unreadable_files(config, data, why):
    file = config("")
    if data is None:
        file.unlink()
    else:
        file.write_bytes(data)
    assert message() == (
        f"The settings file {file} cannot be read: {why}. "
        "Correct the file, or unset USAGE_REPORT_CONFIG."
    )


def test_importing_settings_does_not_import_pydantic():
    """The command line starts without it; only ``load`` needs it."""
    program = "import sys; import usage_report.core.settings; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0
