"""Golden files: texts that a test compares with, kept in ``tests/golden``.

After a change that is wanted, run the test with ``USAGE_REPORT_TEST_UPDATE_GOLDEN=1`` to rewrite its
files, and review the difference before it is committed.
"""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "golden"
UPDATE = "USAGE_REPORT_TEST_UPDATE_GOLDEN"


def check(name: str, text: str) -> None:
    """Compare ``text`` with a golden file, or rewrite the file where that was asked for."""
    path = FOLDER / name
    if os.environ.get(UPDATE):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    stored = path.read_text(encoding="utf-8") if path.exists() else ""
    assert text == stored, f"{path} differs; if that is wanted, run again with {UPDATE}=1"
