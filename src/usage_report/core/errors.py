"""Every error a person can meet, in one place. Imports nothing of ours.

Each says *what* happened, *why*, and *what to do* about it. Pages, the command line and the API show ``str(error)``;
anything that is not a ``UsageReportError`` is a defect of ours and is shown as a reference id, with the trace in the log.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UsageReportError(Exception):
    """What happened, why, and what to do. ``str()`` of it is a sentence or three for a person."""

    def __init__(self, what: str, why: str = "", todo: str = "") -> None:
        super().__init__(what, why, todo)
        self.what, self.why, self.todo = what, why, todo

    def __str__(self) -> str:
        text = f"{self.what}: {self.why}" if self.why else self.what
        text = text if text.endswith((".", "?", "!")) else text + "."
        return f"{text} {self.todo}".rstrip()


class InputError(UsageReportError):
    """A file, an event or an argument that cannot be used as it is."""


class SettingsError(UsageReportError):
    """A setting or a preset that is wrong or unknown."""


class DatabaseError(UsageReportError):
    """The database cannot be opened, read or written, or its schema does not fit this version."""


class NotFoundError(UsageReportError):
    """A team, metric, preset or session that does not exist."""


class VendorError(UsageReportError):
    """A vendor's own interface that cannot be asked, refuses us, or answers something we cannot use."""


class EventError(Exception):
    """Why one event cannot be taken: it goes to quarantine with this.

    ``reason`` is a short stable code (``unknown-type``), ``why`` a sentence a person can act on.
    """

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(reason, why)
        self.reason, self.why = reason, why


def did_you_mean(name: object, options: Iterable[str]) -> str:
    """A hint that ends a sentence: the nearest of ``options``, else all of them when they are few, else nothing."""
    known = [str(o) for o in options]
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.6)
    if near:
        return f"Did you mean {near[0]!r}?"
    return f"Known: {', '.join(known)}." if 0 < len(known) <= 30 else ""
