"""Texts in the cells of CSV and XLSX: no spreadsheet runs them as a formula.

A spreadsheet runs a text that begins with ``=``, ``+``, ``-`` or ``@`` (or their full-width forms)
as a formula, and may ignore white space before it. If it splits a file at other characters than the
comma, or drops quotes, a formula within a text becomes a cell of its own. So an apostrophe goes to
each place where such a cell could begin.
See https://owasp.org/www-community/attacks/CSV_Injection.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: What follows the place where a formula could begin: white space and the first character of it.
_FORMULA = r"(?=[^\S\t\r\n]*[=+\-@\t\r\n＝＋－＠])"
#: The beginning of the text, and whatever a spreadsheet may split or unquote a text at. The two
#: characters of a line break stay together.
_BEGIN = r"""(?:^|\r\n|\r(?!\n)|[,;\t\n"'])"""
_EXPOSED = re.compile(f"({_BEGIN}){_FORMULA}")
_GUARDED = re.compile(f"'{_FORMULA}")


@lru_cache(maxsize=1024)  # the same few texts stand in every row
def guard(text: str) -> str:
    """Return ``text`` with an apostrophe at each place where a formula could begin."""
    return _EXPOSED.sub(r"\1'", text)


def unguard(text: str) -> str:
    """Return the text that ``guard`` was given.

    An apostrophe is itself a place where a formula could begin. So in a guarded text, the last
    apostrophe before a formula is always the one that was added.
    """
    return _GUARDED.sub("", text)
