"""Small records about requests, collected in memory and stored together.

Anyone can send requests, so what is recorded about each must cost next to nothing: all records of
``WRITE_SECONDS`` share one write.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from sqlalchemy.engine import Connection, Engine

from usage_report import storage
from usage_report.core.errors import UsageReportError

log = logging.getLogger(__name__)
#: Seconds from the first record to the write.
WRITE_SECONDS = 2.0
#: Keys that are collected between two writes. The limit keeps requests for invented teams from
#: filling the memory.
MAX_KEYS = 1_000

Key = TypeVar("Key")
Value = TypeVar("Value")


class DelayedWrites(Generic[Key, Value]):
    """Collects values by key, and writes them from a timer thread.

    ``store`` writes them in one transaction; ``what`` names them in the log. If the database cannot
    be written, they are lost.
    """

    def __init__(
        self, engine: Engine, what: str, store: Callable[[Connection, Mapping[Key, Value]], None]
    ) -> None:
        self._engine, self._what, self._store = engine, what, store
        self._lock = threading.Lock()
        self._pending: dict[Key, Value] = {}
        self._timer: threading.Timer | None = None

    def put(self, key: Key, merge: Callable[[Value | None], Value]) -> None:
        """Collect what ``merge`` returns for the value collected so far."""
        with self._lock:
            if key not in self._pending and len(self._pending) >= MAX_KEYS:
                return
            self._pending[key] = merge(self._pending.get(key))
            if self._timer is None:
                self._timer = threading.Timer(WRITE_SECONDS, self.write)
                self._timer.daemon = True
                self._timer.start()

    def write(self) -> None:
        """Store what was collected since the last write."""
        with self._lock:
            pending, self._pending, self._timer = self._pending, {}, None
        if not pending:
            return
        try:
            with storage.writing(self._engine) as c:
                self._store(c, pending)
        except UsageReportError as error:
            log.warning("%s could not be stored: %s", self._what, error)

    def close(self) -> None:
        """Store what is left."""
        if self._timer is not None:
            self._timer.cancel()
        self.write()
