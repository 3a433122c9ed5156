"""The work beside answering: count what came in, let sample data go on, throw away old bodies.

It runs in the app by default, or on its own (``usage-report worker``). Several may run: each step is one transaction and
writers take turns, so they share the work and count nothing twice.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import Engine

from usage_report import storage
from usage_report.core.errors import UsageReportError
from usage_report.core.settings import Settings
from usage_report.ingest import pipeline, sample
from usage_report.storage import deliveries, teams, writing

log = logging.getLogger(__name__)
#: Seconds between two additions to the sample data, and between two looks for old bodies.
SAMPLE_EVERY = 10.0
EXPIRE_EVERY = 600.0
#: Events counted in one transaction, about: senders wait while it lasts.
STEP = 10_000
#: Steps between two looks at what else is due.
STEPS = 10
#: Before and after a step senders go first, for so many seconds.
PAUSE = 0.02
#: While more than a step waits and more arrives, the worker leaves the database to them: a flood is taken in at full speed,
#: and counted when it ebbs, or from when figures are so many seconds late.
PATIENCE = 10.0


@contextmanager
def worker_process() -> Iterator[None]:
    """A worker in a process of its own, as long as the block lasts and never longer than this process.

    Python runs one thread at a time in a process: a worker within one that answers requests would make them wait. The
    process has this one's environment, and so its settings.
    """
    ending = threading.Event()

    def keep() -> None:
        while not ending.is_set():
            # Its input ends with this process, however that ends.
            with subprocess.Popen(
                [sys.executable, "-m", "usage_report", "worker", "--until-input-ends"],
                stdin=subprocess.PIPE,
            ) as process:
                while process.poll() is None:
                    if ending.wait(0.1):
                        process.stdin.close()
                        process.wait()
            if not ending.is_set():
                log.error(
                    "The worker has ended with status %s; it is started again", process.returncode
                )
                ending.wait(1.0)

    keeper = threading.Thread(target=keep, name="worker's keeper")
    keeper.start()
    try:
        yield
    finally:
        ending.set()
        keeper.join()


class Worker:
    """One worker on a database. ``run`` works until ``stop`` is set; faults are logged once and tried again."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._engine: Engine | None = None
        self._last: dict[str, float] = {}
        self._fault = ""
        self._stop = threading.Event()

    def run(self, stop: threading.Event) -> None:
        self._stop = stop
        while not stop.is_set():
            try:
                busy = self.step()
                self._fault = ""
            except UsageReportError as error:
                busy = False
                if str(error) != self._fault:  # said once, not at every try
                    log.error("%s", error)
                self._fault = str(error)
            except Exception:
                busy = False
                log.exception("Counting failed; it is tried again")
            if not busy:
                stop.wait(self._settings.background_seconds or 1.0)
        if self._engine is not None:
            self._engine.dispose()

    def step(self) -> bool:
        """Do what is due -> is more waiting, so that there should be no rest?"""
        if self._engine is None:
            self._engine = storage.open_database(self._settings.database_url)
        now = time.time_ns() // 1_000_000
        if self._due("sample", SAMPLE_EVERY) and teams.sample_team(self._engine):
            sample.fill(self._engine, now=now)
        if self._due("expire", EXPIRE_EVERY):
            with writing(self._engine) as c:
                deliveries.expire(c, now - int(self._settings.raw_days * 86_400_000))
        if not pipeline.has_pending(self._engine):
            return False
        steps = 0

        def rest(_: int) -> None:
            nonlocal steps
            steps += 1
            self._rest()

        self._rest()
        pipeline.process_pending(self._engine, most=STEPS, size=STEP, progress=rest)
        return steps >= STEPS

    def _rest(self) -> None:
        """Let senders go first: for a moment, and while a flood rises."""
        newest = None
        while True:
            left = pipeline.inbox_size(self._engine)
            late = (
                left.oldest is not None
                and left.oldest < time.time_ns() // 1_000_000 - PATIENCE * 1000
            )
            if newest is not None and (left.events < STEP or left.newest == newest or late):
                return
            newest = left.newest or 0
            if self._stop.wait(PAUSE):
                return

    def _due(self, what: str, every: float) -> bool:
        due = time.monotonic() - self._last.get(what, -every) >= every
        if due:
            self._last[what] = time.monotonic()
        return due
