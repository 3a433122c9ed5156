"""Words that do not occur in code, pages, docs and tests, and what to write instead.

The project is written in plain contemporary technical English. This list holds words that made
sentences hard to read; it does not make a sentence easy to read by itself.
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
WORDS = {
    "amiss": "wrong, missing",
    "anew": "again",
    "cannot be had": "is not available",
    "comes to pass": "happens",
    "for ever": "permanently",
    "good for nothing": "revoked, invalid",
    "henceforth": "from now on",
    "is heard of": "is received",
    "naught": "zero, 0",
    "nobody": "no one, or name who: no participant, no user",
    "nought": "zero, 0",
    "noughts": "zeros",
    "shall": "must, will",
    "somebody": "someone, or name who: a participant, a user",
    "thereof": "of it",
    "told": "reported, given, shown",
    "tells of": "reports",
    "whoever": "anyone who",
    "whom": "which user, for which team",
}
#: The terms of the glossary replaced these names.
NAMES = {
    "courses": "trend",
    "Fate": "IngestOutcome",
    "Folded": "SessionTimeline",
    "frontier": "unsettled sessions",
    "Frontier": "Unsettled",
    "intake": "write queue",
    "Intake": "WriteQueue",
    "ledger": "event log",
    "news_at": "pending_since",
    "Refused": "QuarantinedInput",
    "Rejected": "EventError",
    "silenced": "closed_by_timeout",
}
SUFFIXES = {".py", ".md", ".js", ".css", ".toml", ".yml", ".yaml"}
#: This file names the words, the changelog the names as they were, migrations and their test old columns.
LEFT_OUT = (
    "tests/test_language.py",
    "tests/test_migrations.py",
    "CHANGELOG.md",
    "src/usage_report/storage/migrations/versions",
)


@cache
def texts() -> list[tuple[str, str]]:
    """Read every text file of the project, by its path."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("this is not a git checkout, so the project's files are not known")
    paths = [name for name in listed.stdout.splitlines() if not name.startswith(LEFT_OUT)]
    return [
        (name, (ROOT / name).read_text("utf-8"))
        for name in paths
        if Path(name).suffix in SUFFIXES and (ROOT / name).is_file()
    ]


def occurrences(text: str, word: str, flags: int) -> list[str]:
    pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])", flags)
    if not pattern.search(text):
        return []
    return [line.strip() for line in text.splitlines() if pattern.search(line)]


@pytest.mark.fast
@pytest.mark.parametrize(("word", "instead"), WORDS.items(), ids=list(WORDS))
def test_a_word_is_not_used(word: str, instead: str):
    found = [
        f"{name}: {line[:100]}"
        for name, text in texts()
        for line in occurrences(text, word, re.IGNORECASE)
    ]
    assert found == [], f"write instead: {instead}"


@pytest.mark.fast
@pytest.mark.parametrize(("word", "instead"), NAMES.items(), ids=list(NAMES))
def test_a_former_name_is_not_used(word: str, instead: str):
    found = [
        f"{name}: {line[:100]}" for name, text in texts() for line in occurrences(text, word, 0)
    ]
    assert found == [], f"it is called: {instead}"


def test_an_occurrence_is_found():
    assert occurrences("more than nought\nfine", "nought", 0) == ["more than nought"]
    assert occurrences("a-nought_b noughts", "nought", 0) == []
