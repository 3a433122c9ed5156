"""Where the real processes listen: on this machine only, or elsewhere with a warning."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil
import pytest

from support.api_serving import eventually, free_port
from support.shell import ROOT, environment

PYTHON = sys.executable
#: ``make run`` with the environment of the tests, in which nothing is installed.
MAKE_RUN = ["make", "-C", str(ROOT), "-o", ".venv/.app", f"BIN={Path(PYTHON).parent}", "run"]
#: Commands that listen, and the option or variable that names their port.
SERVERS = {
    "app": ([PYTHON, "-m", "usage_report", "app"], "--port={}"),
    "serve": ([PYTHON, "-m", "usage_report", "serve"], "--port={}"),
    "streamlit": ([PYTHON, "-m", "streamlit", "run", f"{ROOT}/app.py"], "--server.port={}"),
    "make run": (MAKE_RUN, "PORT={}"),
}
#: The option that names their address.
ADDRESS = {"app": "--host={}", "serve": "--host={}", "streamlit": "--server.address={}"}


def listening(process: psutil.Process) -> set[tuple[str, int]]:
    """Return the addresses and ports on which a process and its children listen."""
    found = set()
    with suppress(psutil.NoSuchProcess):
        for one in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                found |= {
                    tuple(c.laddr) for c in one.net_connections("inet") if c.status == "LISTEN"
                }
    return found


@contextmanager
def running(name: str, folder: Path, *options: str) -> Iterator[tuple]:
    """Start a server in another folder than its own; yield its sockets, its port and its log."""
    command, port_option = SERVERS[name]
    port, log = free_port(), folder / "log"
    with log.open("wb") as out:
        started = subprocess.Popen(
            [*command, port_option.format(port), *options],
            env=environment(f"sqlite:///{folder}/usage.db"),
            cwd=folder,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        process = psutil.Process(started.pid)
        sockets = eventually(lambda: started.poll() is not None or listening(process), 240)
        assert started.poll() is None, log.read_text()[-3000:]
        yield sockets, port, log
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.wait(20)


@pytest.mark.parametrize("name", SERVERS)
def test_servers_listen_on_this_machine_only(name, tmp_path):
    if name == "make run":
        # The sample company takes a minute; a team of one's own needs none.
        subprocess.run(
            [PYTHON, "-m", "usage_report", "team", "set", "acme"],
            env=environment(f"sqlite:///{tmp_path}/usage.db"),
            check=True,
            capture_output=True,
        )
    with running(name, tmp_path) as (sockets, port, log):
        assert sockets == {("127.0.0.1", port)}
        for path in ("/", "/healthz", "/api/v1/nothing", "/metrics"):
            headers = httpx.get(f"http://127.0.0.1:{port}{path}", timeout=60).headers
            assert headers["x-content-type-options"] == "nosniff", path
            assert headers["cache-control"], path
        assert "Warning" not in log.read_text()


@pytest.mark.parametrize("name", ADDRESS)
def test_another_address_is_used_with_a_warning(name, tmp_path):
    with running(name, tmp_path, ADDRESS[name].format("0.0.0.0")) as (sockets, port, log):
        assert sockets == {("0.0.0.0", port)}
        assert eventually(lambda: f"Warning: anyone who reaches 0.0.0.0:{port}" in log.read_text())
