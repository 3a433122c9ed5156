"""Logs: lines for a person, or JSON objects for a collector (``USAGE_REPORT_LOG_FORMAT=json``)."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

#: What every record has; anything else was said with ``extra``.
_STANDARD = set(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {k: v for k, v in vars(record).items() if k not in _STANDARD}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, the extras, and the trace where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        told |= _extras(record)
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


class PlainFormatter(logging.Formatter):
    """The same for a person: extras behind the message."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        # A path may hold a line break: nobody shall write lines of their own into the log.
        extras = " ".join(
            f"{k}={v if str(v).isprintable() else ascii(v)}" for k, v in _extras(record).items()
        )
        head, newline, trace = text.partition("\n")
        return f"{head} {extras}".rstrip() + newline + trace


def configure(format: str, level: str = "info") -> None:
    """Send the process's logs to standard error. ``level`` ("debug" .. "error") is that of our own; others tell from "info" on."""
    handler = logging.StreamHandler(sys.stderr)
    plain = PlainFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonFormatter() if format == "json" else plain)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    logging.getLogger("usage_report").setLevel(level.upper())
