"""The worker inside the app, for as long as the app runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from usage_report.core.settings import Settings
from usage_report.ingest.worker import Worker


@contextmanager
def background(settings: Settings) -> Iterator[None]:
    """Run a worker thread while the block lasts, unless ``background_seconds`` is 0."""
    if not settings.background_seconds:
        yield
        return
    stop = threading.Event()
    thread = threading.Thread(target=Worker(settings).run, args=(stop,), name="worker", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=10)
