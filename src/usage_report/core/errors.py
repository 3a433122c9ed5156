"""Every error a user can meet. Imports nothing of this package.

Each error states *what* happened, *why*, and *what to do*. Pages, the command line and the API show
``str(error)``. Any other exception is a defect of this program: users see a reference id, the log
has the trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from os.path import commonprefix


class UsageReportError(Exception):
    """An error for a user: what happened, why, and what to do.

    ``str(error)`` is one to three sentences.
    """

    def __init__(self, what: str, why: str = "", todo: str = "") -> None:
        super().__init__(what, why, todo)
        self.what, self.why, self.todo = what, why, todo

    def __str__(self) -> str:
        text = f"{self.what}: {self.why}" if self.why else self.what
        text = text if text.endswith((".", "?", "!")) else text + "."
        return f"{text} {self.todo}".rstrip()


class InputError(UsageReportError):
    """A file, an event or an argument is not usable."""


class SettingsError(UsageReportError):
    """A setting or a preset is wrong or unknown."""


class DatabaseError(UsageReportError):
    """The database cannot be opened, read or written, or its schema is not of this version."""


class NotFoundError(UsageReportError):
    """There is no such team, metric, preset or session."""


class VendorError(UsageReportError):
    """A vendor's API cannot be reached, refuses the request, or returns an unusable response."""


class EventError(Exception):
    """One event is not valid. It goes to quarantine with this error's texts.

    ``reason`` is a short stable code (``unknown-type``), ``why`` a sentence a person can act on.
    """

    def __init__(self, reason: str, why: str) -> None:
        super().__init__(reason, why)
        self.reason, self.why = reason, why


def did_you_mean(name: object, options: Iterable[str]) -> str:
    """Return a hint that ends a message: the option nearest to ``name``.

    Where none is near: all options if there are at most 30, else ``""``.
    """
    known = [str(option) for option in options]
    nearest = get_close_matches(str(name), known, n=1, cutoff=0.6)
    if nearest and _is_near(str(name), nearest[0]):
        return f"Did you mean {nearest[0]!r}?"
    return f"Known: {', '.join(known)}." if 0 < len(known) <= 30 else ""


def _is_near(name: str, option: str) -> bool:
    """Compare two names without the words they share at either end.

    ``participant.waved`` and ``participant.joined`` are alike as texts, but not as names.
    """
    a, b = (re.split(r"[\W_]+", text.casefold()) for text in (name, option))
    for _ in range(2):  # the words they begin with, then those they end with
        shared = len(commonprefix([a, b]))  # noqa: RUF071 - of two lists, not of two paths
        a, b = a[shared:][::-1], b[shared:][::-1]
    if not a or not b:
        return True
    return SequenceMatcher(None, " ".join(a), " ".join(b)).ratio() >= 0.5
