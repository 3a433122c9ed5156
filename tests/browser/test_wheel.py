"""The built wheel, installed with the lock file into a new environment, serves pages and API by itself."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from support.serving import meetings, now_ms

ROOT = Path(__file__).parents[2]
#: What the build reads. The copy keeps build output out of the tree.
SOURCES = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "src", "docs")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a new environment with the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("*.egg-info"))
        else:
            shutil.copy(path, source / name)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(source)], check=True, capture_output=True)
    shutil.rmtree(source)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(folder / "environment")], check=True)
    programs = folder / "environment" / "bin"
    pip = [str(programs / "pip"), "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", str(ROOT / "requirements.lock")], check=True)
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
    return programs


@pytest.fixture(scope="module")
def address(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the installed app, started in an empty folder."""
    folder = tmp_path_factory.mktemp("elsewhere")
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("USAGE_REPORT_", "PYTHON"))
    }
    program = str(installed / "usage-report")
    database = f"sqlite:///{folder}/usage.db"
    lines = "\n".join(json.dumps(event) for event in meetings(now_ms()))
    subprocess.run(
        [program, "ingest", "-"],
        input=lines.encode(),
        cwd=folder,
        env=environment | {"USAGE_REPORT_DATABASE_URL": database},
        check=True,
        capture_output=True,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    command = [program, "app", "--host", "127.0.0.1", "--port", port, "--database", database]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    found = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            try:
                httpx.get(f"{found}/healthz").raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.2)
        yield found
    finally:
        process.terminate()
        process.wait(20)


def test_the_installed_app_serves_every_page(address: str, new_page):
    page = new_page(viewport={"width": 1280, "height": 900})
    page.goto(address)
    page.get_by_text("Participation minutes").first.wait_for()
    for path, text in (
        ("real-time", "Live participants"),
        ("date-range", "Time zone"),
        ("sources", "Quarantine"),
        ("reconcile", "vendor"),
    ):
        page.goto(f"{address}/{path}")
        page.get_by_text(text).first.wait_for()
        assert page.get_by_test_id("stException").count() == 0
    page.goto(f"{address}/docs?page=metrics")
    page.get_by_role("heading", name="The figures one by one").wait_for()
    assert page.errors == []


def test_the_installed_app_has_its_own_colours(address: str, new_page):
    """The theme comes with the package: there is no ``.streamlit`` folder where it is started."""
    page = new_page(color_scheme="light")
    page.goto(address)
    page.get_by_text("Participation minutes").first.wait_for()
    background = page.evaluate(
        "getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor"
    )
    assert background == "rgb(252, 251, 248)"


def test_the_installed_app_serves_the_api(address: str):
    assert httpx.get(f"{address}/healthz").json()["status"] == "ok"
    assert httpx.get(f"{address}/api/v1/live").status_code == 401
