"""The example of a plug-in in the documentation, built and installed as a package of its own."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "plugin"
BOOK = b"""# visitor book of standup
2026-03-01T09:00:00Z in Ana
2026-03-01T09:10:00Z in Ben
2026-03-01T09:20:00Z out Ana
2026-03-01T09:25:00Z out Ben
yesterday in Cem
2026-03-01T09:26:00Z through Dan
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder with the installed example, built without a network."""
    source, site = tmp_path_factory.mktemp("source") / "plugin", tmp_path_factory.mktemp("site")
    shutil.copytree(EXAMPLE, source)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", source, source],
        check=True,
        capture_output=True,
        timeout=120,
    )
    [wheel] = source.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


@pytest.fixture
def run(tmp_path):
    """Return a function that runs the command with packages of a folder installed."""

    def run(site: Path | None, *args: str) -> subprocess.CompletedProcess[str]:
        paths = [str(site)] if site else []
        environment = {
            **os.environ,
            "USAGE_REPORT_DATABASE_URL": f"sqlite:///{tmp_path}/usage.db",
            "PYTHONPATH": os.pathsep.join([*paths, *sys.path]),
        }
        return subprocess.run(
            [sys.executable, "-m", "usage_report", *args],
            capture_output=True,
            text=True,
            env=environment,
            timeout=120,
        )

    return run


@pytest.mark.parametrize("options", [("--source", "visitor-book"), ()], ids=["named", "recognised"])
def test_an_installed_plug_in_reads_files(site, run, tmp_path, options):
    path = tmp_path / "standup.txt"
    path.write_bytes(BOOK)
    result = run(site, "ingest", "--team", "acme", *options, str(path))
    assert result.returncode == 1
    assert "4 accepted, 0 known already, 2 quarantined" in result.stdout
    again = run(site, "ingest", "--team", "acme", *options, str(path))
    assert "0 accepted, 4 known already, 2 quarantined" in again.stdout
    days = ("--from", "2026-03-01", "--to", "2026-03-01")
    report = json.loads(run(site, "report", "--team", "acme", *days, "--format", "json").stdout)
    assert report["total"]["participation_minutes"] == 35
    assert report["total"]["active_participants"] == 2


def test_without_the_plug_in_its_name_is_unknown(run, tmp_path):
    path = tmp_path / "standup.txt"
    path.write_bytes(BOOK)
    result = run(None, "ingest", "--team", "acme", "--source", "visitor-book", str(path))
    assert result.returncode == 1
    assert "There is no source 'visitor-book'" in result.stderr


def test_a_plug_in_with_a_taken_name_stops_the_command_with_a_message(site, run, tmp_path):
    other = tmp_path / "site"
    shutil.copytree(site, other)
    module = other / "visitor_book.py"
    module.write_text(module.read_text().replace('name = "visitor-book"', 'name = "zoom"'))
    path = tmp_path / "standup.txt"
    path.write_bytes(BOOK)
    result = run(other, "ingest", "--team", "acme", str(path))
    assert result.returncode == 1
    assert result.stderr == (
        "Error: The plug-in 'visitor-book' of visitor-book cannot be used as a source: the name "
        "'zoom' is already used by usage_report.sources.webhooks.zoom. Rename or uninstall one of "
        "the two.\n"
    )
