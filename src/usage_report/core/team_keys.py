"""The key of a team: one check, wherever a team can be created."""

from __future__ import annotations

import re

from usage_report.core.errors import InputError

#: Longest key in bytes of UTF-8: it has to fit into addresses, file names and headings.
MAX_BYTES = 200
#: Control characters and line breaks of Unicode, which would break lists and addresses.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def fault(key: str) -> str:
    """Return why ``key`` cannot be the key of a team, as a predicate; ``""`` if it can."""
    if not key.strip():
        return "is empty"
    try:
        size = len(key.encode())
    except UnicodeEncodeError:  # a lone surrogate, from a command line that is not UTF-8
        return "is not valid Unicode"
    if size > MAX_BYTES:
        return f"has {size:,} bytes; at most {MAX_BYTES} are accepted"
    if found := _CONTROL.search(key):
        return f"contains the control character U+{ord(found[0]):04X}"
    return ""


def check(key: str) -> str:
    """Return ``key`` if it can be the key of a team, else raise ``InputError``."""
    if why := fault(key):
        raise InputError("This text cannot be the key of a team", f"it {why}")
    return key
