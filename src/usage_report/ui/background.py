"""What the app does beside serving pages, for as long as it runs: count what came in, and let the sample world go on."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from .. import db, pipeline, sample, teams
from ..errors import UsageReportError
from ..settings import Settings

log = logging.getLogger(__name__)
#: Seconds between two additions to the sample data.
SAMPLE_EVERY = 10.0


@contextmanager
def background(settings: Settings) -> Iterator[None]:
    """Runs around the app's life; whatever it starts it ends. ``background_seconds`` of 0 turns it off."""
    if not settings.background_seconds:
        yield
        return
    stop = threading.Event()
    worker = threading.Thread(target=_work, args=(settings, stop), name="background", daemon=True)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(timeout=10)


def _work(settings: Settings, stop: threading.Event) -> None:
    engine, fault, sampled = None, "", 0.0
    while not stop.is_set():
        try:
            engine = engine or db.open_database(settings.database_url)
            if time.monotonic() - sampled >= SAMPLE_EVERY and teams.sample_team(engine):
                sample.fill(engine, now=time.time_ns() // 1_000_000)
                sampled = time.monotonic()
            if pipeline.waiting(engine):
                pipeline.settle(engine, most=1)
                continue  # more may be waiting; look at once
            fault = ""
        except UsageReportError as error:
            if str(error) != fault:  # said once, not every two seconds
                log.error("%s", error)
            fault = str(error)
        except Exception:
            log.exception("Counting failed; it is tried again")
        stop.wait(settings.background_seconds)
    if engine is not None:
        engine.dispose()
