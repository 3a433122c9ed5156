"""The worker: processes what was received, continues the sample data, deletes old deliveries.

It runs within the app by default, or in a process of its own (``usage-report worker``). Several
workers may run: every step is one transaction and writers take turns, so they share the work and
process nothing twice.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Engine

from usage_report.core.clock import monotonic, now_ms
from usage_report.core.errors import UsageReportError
from usage_report.core.settings import Settings
from usage_report.ingest import pipeline, sample
from usage_report.storage import deliveries, open_database, teams, writing

log = logging.getLogger(__name__)

#: Seconds between two additions to the sample data, and between two deletions of old deliveries.
SAMPLE_SECONDS = 10.0
EXPIRE_SECONDS = 600.0
#: Events processed in one step, about: senders wait for its end.
STEP_EVENTS = 10_000
#: Steps between two checks of what else is due.
MAX_STEPS = 10
#: Seconds before and after a step that are left to senders.
PAUSE_SECONDS = 0.02
#: While more than a step is in the inbox and more arrives, the worker leaves the database to the
#: senders: a burst is received at full speed and processed after it, or once the oldest event has
#: waited for this many seconds.
PATIENCE_SECONDS = 10.0

_DAY_MS = 86_400_000


@contextmanager
def worker_process() -> Iterator[None]:
    """Run a worker in a process of its own while the block lasts; start it again if it ends.

    In the process that answers requests, a worker would make them wait: Python runs one thread at a
    time. The worker ends when this process does, however that ends, because its standard input is
    closed then. It has this process's environment, and so its settings.
    """
    is_ending = threading.Event()
    command = [sys.executable, "-m", "usage_report", "worker", "--until-input-ends"]

    def supervise() -> None:
        while not is_ending.is_set():
            # S603: the command is the one above.
            with subprocess.Popen(command, stdin=subprocess.PIPE) as process:  # noqa: S603 - fixed
                while process.poll() is None:
                    if is_ending.wait(0.1):
                        process.communicate()  # closes its standard input
            if not is_ending.is_set():
                log.error("The worker ended with status %s and is restarted", process.returncode)
                is_ending.wait(1.0)

    supervisor = threading.Thread(target=supervise, name="worker supervisor")
    supervisor.start()
    try:
        yield
    finally:
        is_ending.set()
        supervisor.join()


class Worker:
    """A worker on the database of the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Engine | None = None
        self._last_run: dict[str, float] = {}
        self._last_error = ""
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set. A fault is logged once and tried again."""
        self._stop = stop
        while not stop.is_set():
            try:
                is_busy = self.step()
                self._last_error = ""
            except UsageReportError as error:
                is_busy = False
                if str(error) != self._last_error:
                    log.error("%s", error)  # noqa: TRY400 - the message has all there is to know
                self._last_error = str(error)
            except Exception:
                is_busy = False
                log.exception("Processing failed and is tried again")
            if not is_busy:
                stop.wait(self._settings.background_seconds or 1.0)
        if self._engine is not None:
            self._engine.dispose()

    def step(self) -> bool:
        """Do what is due. Return whether more is waiting, so that the worker should not rest."""
        if self._engine is None:
            self._engine = open_database(self._settings.database_url)
        engine, now = self._engine, now_ms()
        if self._is_due("sample", SAMPLE_SECONDS) and teams.sample_team(engine):
            sample.fill(engine, now=now)
        if self._is_due("expire", EXPIRE_SECONDS):
            with writing(engine) as c:
                deliveries.expire(c, now - int(self._settings.raw_days * _DAY_MS))
        if not pipeline.has_pending(engine):
            return False
        steps = 0

        def after_step(_: int) -> None:
            nonlocal steps
            steps += 1
            self._let_senders_write(engine)

        self._let_senders_write(engine)
        pipeline.process_pending(
            engine, max_steps=MAX_STEPS, step_events=STEP_EVENTS, progress=after_step
        )
        return steps >= MAX_STEPS

    def _let_senders_write(self, engine: Engine) -> None:
        """Wait for a moment, and for the end of a burst (see ``PATIENCE_SECONDS``)."""
        newest = None
        while True:
            inbox = pipeline.inbox_size(engine)
            is_late = inbox.oldest is not None and inbox.oldest < now_ms() - PATIENCE_SECONDS * 1000
            is_quiet = inbox.events < STEP_EVENTS or inbox.newest == newest
            if newest is not None and (is_quiet or is_late):
                return
            newest = inbox.newest or 0
            if self._stop.wait(PAUSE_SECONDS):
                return

    def _is_due(self, task: str, seconds: float) -> bool:
        now = monotonic()
        is_due = now - self._last_run.get(task, -seconds) >= seconds
        if is_due:
            self._last_run[task] = now
        return is_due
