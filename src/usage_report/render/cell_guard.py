"""Texts in the cells of CSV and XLSX: no spreadsheet runs them as a formula.

A spreadsheet runs a text that begins with ``=``, ``+``, ``-`` or ``@`` (or their full-width forms)
as a formula, and may ignore blanks before it. If it splits a file at other characters than the
comma, or drops quotes, a formula within a text becomes a cell of its own. So an apostrophe goes
directly before each character with which such a formula could begin:

* at the beginning of the text, after a line break, a quote, or a separator that hardly occurs in
  ordinary texts: always;
* after a colon or a space: only if a formula follows. So ``a - b``, ``10:30`` and ``:-)`` stay as
  they are; ``a -b`` does not, because a spreadsheet that splits it at the space runs ``-b``.

Excel and LibreOffice also accept any other single character as a separator. A text cannot be
guarded against all of them.
See https://owasp.org/www-community/attacks/CSV_Injection.
"""

from __future__ import annotations

import re
from functools import lru_cache

_FIRST = "=+\\-@＝＋－＠"
#: White space within a line, and characters of no width.
_BLANKS = r"(?:[^\S\t\r\n]|[\ufeff\u200b])*"
#: The beginning of the text, and what a spreadsheet is likely to split or unquote a text at. The
#: two characters of a line break stay together.
_BEGIN = rf"""(?:^|\r\n|\r(?!\n)|[,;|，；｜、\t\n"']){_BLANKS}(?=[{_FIRST}\t\r\n])"""
#: What a formula begins with, after its first characters: a value, a name, a reference, a bracket.
_OPERAND = r"""[\w("'.$\[{#\\（]"""
_COLON = rf"[:：]{_BLANKS}(?=[{_FIRST}][{_FIRST}\s\ufeff\u200b]*{_OPERAND})"
#: A space within the formula would split it too.
_SPACE = rf" (?=[{_FIRST}](?:[{_FIRST}\ufeff\u200b]|(?! )\s)*{_OPERAND})"
_EXPOSED = re.compile(f"{_BEGIN}|{_COLON}|{_SPACE}")
_GUARDED = re.compile(rf"'(?=[{_FIRST}\t\r\n])")


@lru_cache(maxsize=1024)  # the same few texts stand in every row
def guard(text: str) -> str:
    """Return ``text`` with an apostrophe at each place where a formula could begin."""
    return _EXPOSED.sub(r"\g<0>'", text)


def unguard(text: str) -> str:
    """Return the text that ``guard`` was given, for programs that read our CSV and XLSX files.

    After an apostrophe, a formula could always begin. So in a guarded text, the last apostrophe
    before the first character of a formula is always the one that was added.
    """
    return _GUARDED.sub("", text)
