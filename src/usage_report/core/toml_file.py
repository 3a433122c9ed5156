"""Read a small TOML file that a user has named."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from usage_report.core.errors import SettingsError

#: Largest file that is read: settings need no more, and a wrong path may point at anything.
MAX_BYTES = 100_000


def read(file: Path, title: str, todo: str) -> dict[str, Any]:
    """Return the table of a TOML file.

    Raises ``SettingsError`` that names the file as ``title`` and ends with ``todo``.
    """
    what = f"The {title} {file} cannot be read"
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        if len(data) <= MAX_BYTES:
            return tomllib.loads(data.decode("utf-8"))
    except OSError as error:
        raise SettingsError(what, error.strerror or str(error), todo) from None
    except ValueError as error:  # not UTF-8, not TOML, a NUL in the path
        raise SettingsError(what, str(error), todo) from None
    raise SettingsError(what, f"it has over {MAX_BYTES:,} bytes", todo)
