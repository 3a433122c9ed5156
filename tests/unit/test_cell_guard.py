"""The guard of cells: whatever splits a text, no part is a formula; and every text can be read back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usage_report.render import notes
from usage_report.render.cell_guard import guard, unguard

FORMULA = "=+-@＝＋－＠"
#: Mostly characters that matter to the guard.
TEXTS = st.text() | st.text(st.sampled_from(FORMULA + "'\"\t\r\n,; \u00a0\u3000a"), max_size=12)


@given(TEXTS)
def test_a_guarded_text_reads_back_unchanged(text):
    assert unguard(guard(text)) == text


@given(TEXTS, st.sets(st.sampled_from(',;\t\r\n"')))
def test_no_part_of_a_guarded_text_is_a_formula(text, separators):
    """At whatever characters a spreadsheet splits it."""
    guarded = guard(text)
    parts = re.split(f"[{re.escape(''.join(separators))}]", guarded) if separators else [guarded]
    for part in parts:
        assert not part.lstrip().startswith(tuple(FORMULA))
    assert not guarded.startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acme",
        "a=b",
        "1 - 2",
        "2026-03-01T00:00:00+01:00",
        "Etc/GMT+5",
        'quote " comma ,',
        "it's",
        "O'Brien, Zoë",
        "two\nlines",
        "two\r\nlines",
        "usage@example.com",
        notes.NOT_SUPPLIED,
    ],
)
def test_ordinary_texts_are_left_alone(text):
    assert guard(text) == text == unguard(text)


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("=1", "'=1"),
        ("'=1", "''=1"),
        ("  @a", "'  @a"),
        ("a, -b", "a,' -b"),
        ("a;b;=c", "a;b;'=c"),
        ('say "=1"', 'say "\'=1"'),
        ("a\r\n=b", "a\r\n'=b"),
        ("\r\n=b", "'\r\n'=b"),
        ("＝1,＋2", "'＝1,'＋2"),
        ("=1=+2", "'=1=+2"),
    ],
)
def test_where_the_apostrophes_go(text, guarded):
    assert guard(text) == guarded
    assert unguard(guarded) == text
