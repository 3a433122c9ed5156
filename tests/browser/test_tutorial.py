"""The tutorial, followed to the letter: every command is run, and the result is looked at on screen."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
#: Shell blocks in their order. Blocks marked ``install`` set up the environment that tests run in.
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
APP = "usage-report app --port 8501\n"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, port: int):
    """Run shell blocks one after another, as in one terminal."""
    folder = tmp_path_factory.mktemp("tutorial")
    state = folder / "state.sh"
    state.write_text("")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("USAGE_REPORT_")}
    path = f"{Path(sys.executable).parent}:{environment['PATH']}"
    environment |= {"PATH": path, "no_proxy": "localhost"}

    def run(block: str) -> str:
        script = f"set -eu\n. {state}\n{block.replace('8501', str(port))}\nexport -p > {state}\n"
        done = subprocess.run(
            ["bash", "-c", "set -a\n" + script],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.folder, run.environment, run.state = folder, environment, state
    return run


@pytest.fixture(scope="module")
def app(run, port: int) -> Iterator[str]:
    """The app of step 5, in a terminal of its own."""
    command = f". {run.state}; exec {APP.replace('8501', str(port))}"
    with (run.folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=run.folder,
            env=run.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        address = f"http://localhost:{port}"
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    if httpx.get(f"{address}/healthz").status_code == 200:
                        break
                except httpx.TransportError:
                    time.sleep(0.2)
            yield address
        finally:
            process.terminate()
            process.wait(20)


def test_the_tutorial(run, new_page, request: pytest.FixtureRequest):
    if datetime.now(UTC).time().isoformat() < "00:05":
        pytest.skip("the events of the tutorial begin at midnight UTC and are not over yet")
    before, after = BLOCKS[: BLOCKS.index(APP)], BLOCKS[BLOCKS.index(APP) + 1 :]
    output = [run(block) for block in before]
    assert any("4 accepted" in text for text in output)
    assert "0 accepted, 4 known already" in run(before[1])
    lines = [line for line in output[-1].splitlines() if line]
    figures = {line[:27].strip(): line.split()[-1] for line in lines}
    assert figures["Participation minutes"] == "7.0"
    assert figures["Broadcast minutes"] == "3.0"
    assert figures["Max concurrent participants"] == "2"

    address = request.getfixturevalue("app")
    page = new_page()
    page.goto(address)
    page.get_by_text("7.0").first.wait_for()
    for block in after:
        run(block)
    page.reload()
    page.get_by_text("1\u202f000").first.wait_for()
    page.goto(f"{address}/real-time")
    page.get_by_test_id("stMetric").filter(has_text="Live participants").get_by_text(
        "1", exact=True
    ).wait_for()
