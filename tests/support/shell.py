"""The command line for tests.

``Shell`` runs it in this process, ``spawn`` as a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from click.testing import CliRunner, Result

from usage_report.cli.main import main
from usage_report.core.events import KINDS, Event, iso

ROOT = Path(__file__).parents[2]


@dataclass
class Shell:
    """``usage-report`` on one database."""

    url: str

    def __call__(
        self, *args: str, code: int = 0, input: bytes | str | None = None, **env: str
    ) -> Result:
        """Run a command, which must end with exit status ``code`` and never print a traceback."""
        result = CliRunner().invoke(
            main,
            [str(a) for a in args],
            input=input,
            env={"USAGE_REPORT_DATABASE_URL": self.url} | env,
        )
        report = f"{args}: {result.exit_code}\n{result.stdout}\n{result.stderr}"
        assert result.exception is None or isinstance(result.exception, SystemExit), (
            report,
            result.exception,
        )
        assert result.exit_code == code, report
        assert "Traceback" not in result.output, report
        assert "should not happen" not in result.output, report
        return result

    def json(self, *args: str, **more: Any) -> dict:
        return json.loads(self(*args, "--format", "json", **more).stdout)


def environment(url: str, **more: str) -> dict[str, str]:
    """Return the environment of a process of this package on a database."""
    return (
        os.environ
        | {
            "USAGE_REPORT_DATABASE_URL": url,
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONUNBUFFERED": "1",
        }
        | more
    )


def spawn(url: str, *args: str, **options: Any) -> subprocess.Popen:
    """Start ``usage-report`` as a process of its own; ``options`` are those of ``Popen``."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    return subprocess.Popen(
        [sys.executable, "-m", "usage_report", *map(str, args)],
        env=environment(url),
        cwd=ROOT,
        **pipes,
    )


def line(event: Event) -> bytes:
    """Return an event as a line of JSON."""
    kind = next(k for k in KINDS if k.code == event.code)
    data = {"team": event.team, "room": event.room, "session": event.session}
    if kind.subject:
        data[kind.subject] = event.subject
    if kind.code < 40 and kind.subject:
        data["connection"] = event.connection
    if event.code == 10:
        data |= {"participant": event.person} | ({"name": event.name} if event.name else {})
    if event.detail:
        data["kind" if kind.subject == "track" else "visibility"] = event.detail
    envelope = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": iso(event.time),
        "data": data,
    }
    return orjson.dumps(envelope) + b"\n"


def write(path: Path, events: Iterable[Event]) -> Path:
    """Write events as JSON Lines and return the path."""
    with path.open("wb") as out:
        out.writelines(map(line, events))
    return path
