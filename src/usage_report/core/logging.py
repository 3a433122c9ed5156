"""Logs: text for people, or JSON objects for a collector (``USAGE_REPORT_LOG_FORMAT=json``)."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

#: Attributes that every record has; all others were passed as ``extra``.
_STANDARD = set(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {k: v for k, v in vars(record).items() if k not in _STANDARD}


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, logger, message, extras, and the trace if any."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the JSON text of a record."""
        entry: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry |= _extras(record)
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


class PlainFormatter(logging.Formatter):
    """Text for people: the message, then the extras as ``key=value``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        text = super().format(record)
        # A request's path may contain a line break, which must not start a line of the log.
        extras = " ".join(
            f"{k}={v if str(v).isprintable() else ascii(v)}" for k, v in _extras(record).items()
        )
        head, newline, trace = text.partition("\n")
        return f"{head} {extras}".rstrip() + newline + trace


def configure(format: str, level: str = "info") -> None:
    """Send the logs of this process to standard error.

    ``level`` ("debug" to "error") applies to this package; other packages log from "info" on.
    """
    handler = logging.StreamHandler(sys.stderr)
    plain = PlainFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if format == "json" else plain)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("usage_report").setLevel(level.upper())
