"""The guard of cells: whatever splits a text, no part is a formula; and every text can be read back."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from usage_report.render import notes
from usage_report.render.cell_guard import guard, unguard

FORMULA = "=+-@＝＋－＠"
#: What the import dialogues of Excel and LibreOffice offer as separators of cells, what separates them in other
#: writing systems, and what the dialogues drop around a cell.
SEPARATORS = '\t;, |:、，；：｜\r\n"'
#: Mostly characters that matter to the guard.
TEXTS = st.text() | st.text(st.sampled_from(FORMULA + SEPARATORS + "'\u00a0\u3000\ufeffa1("), max_size=12)  # fmt: skip
BLANK, FIRST = r"\s\ufeff\u200b", re.escape(FORMULA)
OPERATOR = re.compile(f"[{BLANK}]*[{FIRST}]")
OPERATION = re.compile(rf"[{BLANK}]*[{FIRST}][{FIRST}{BLANK}]*[\w(\"'$#.]")


@given(TEXTS)
def test_a_guarded_text_reads_back_unchanged(text):
    assert unguard(guard(text)) == text


@given(TEXTS, st.sets(st.sampled_from(SEPARATORS)))
@example("a|=1", {"|"})
@example("a =1", {" "})
@example("a:= 1", {":"})
@example("a:=\u00a0-1", {":", " "})
@example("a, -b", {",", " "})
@example("  =1", {" "})
@example("a =\n1", {" "})
@example("\ufeff=1", set())
@example("a；=1", {"；"})
def test_no_part_of_a_guarded_text_is_a_formula(text, separators):
    """At whatever characters a spreadsheet splits it, it finds no operator with something to operate on."""
    guarded = guard(text)
    parts = re.split(f"[{re.escape(''.join(separators))}]", guarded) if separators else [guarded]
    for part in parts:
        assert not OPERATION.match(part)
        assert separators & set(" :：") or not OPERATOR.match(part)
    assert not guarded.startswith(("\t", "\r", "\n"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acme",
        "a=b",
        "1 - 2",
        "a -- b",
        "a = b",
        "a + b: c",
        "10:30",
        "ratio 3:-",
        ":-) or :=)",
        "1: - ",
        "C:\\=",
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
        ("  @a", "  '@a"),
        ("a, -b", "a, '-b"),
        ("a|=1+1", "a|'=1+1"),
        ("a =1+1", "a '=1+1"),
        ("a -b", "a '-b"),
        ("by @ana", "by '@ana"),
        ("a:=1", "a:'=1"),
        ("a: = 1", "a: '= 1"),
        ("a；=1", "a；'=1"),
        ("a，=1", "a，'=1"),
        ("\ufeff=1", "\ufeff'=1"),
        ("\u200b@a", "\u200b'@a"),
        ("a ==1", "a '==1"),
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
