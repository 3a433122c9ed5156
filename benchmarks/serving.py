"""Serving Streamlit apps for benchmarks: processes of their own, on the sample company."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from common import child, package_path

METRICS = ("participation", "broadcast", "consumed", "active_participants", "sessions", "recorded")
#: Our settings that differ from Streamlit's defaults.
FLAGS = (
    "--server.headless=true",
    "--server.fileWatcherType=none",
    "--browser.gatherUsageStats=false",
    "--browser.serverAddress=localhost",
)


@contextlib.contextmanager
def app(script: Path, folder: Path, **environment: str) -> Iterator[str]:
    """Serve a Streamlit app from ``folder`` while the block runs. Yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(script),
        f"--server.port={port}",
        *FLAGS,
    ]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=os.environ | package_path() | environment,
            stdout=log,
            stderr=log,
        )
        try:
            address = f"http://localhost:{port}"
            _wait(address + "/_stcore/health", process)
            yield address
        finally:
            process.terminate()
            process.wait(20)


def _wait(address: str, process: subprocess.Popen) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=1):
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit(f"the app does not answer at {address}")


def year_link(database: Path) -> str:
    """Return the path of *Date range* for the last whole year of the sample."""
    from usage_report import demo, storage
    from usage_report.core.periods import today, zone
    from usage_report.reporting.reader import Reader

    engine = storage.open_database(f"sqlite:///{database}")
    info = Reader(engine, 1).team(demo.TEAM)
    engine.dispose()
    last = today(info.last_event, zone(info.zone)) - timedelta(days=1)
    return f"/date-range?from={last - timedelta(days=364)}&to={last}&m={'.'.join(METRICS)}&grain=day&view=chart"


def fill_sample(path: Path) -> None:
    """Fill a new database with the sample company."""
    child("-m", "usage_report", "demo", USAGE_REPORT_DATABASE_URL=f"sqlite:///{path}")
