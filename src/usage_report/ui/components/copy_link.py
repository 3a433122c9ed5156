"""Buttons that copy a link to what the page shows."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode

from usage_report.ui.components.elements import element

_ICON = (
    '<svg viewBox="0 0 24 24" aria-hidden="true">'
    '<path d="M10 13a5 5 0 0 0 7.5.5l3-3a5 5 0 0 0-7-7l-1.7 1.7"/>'
    '<path d="M14 11a5 5 0 0 0-7.5-.5l-3 3a5 5 0 0 0 7 7l1.7-1.7"/></svg><span></span>'
)
_HTML = (
    f'<div class="row"><button id="rolling" type="button">{_ICON}</button>'
    f'<button id="fixed" type="button">{_ICON}</button>'
    '<output role="status" aria-live="polite"></output></div>'
)


class Link(NamedTuple):
    """One link that a button copies."""

    #: The query parameters.
    query: dict[str, str]
    label: str
    #: What the link shows, as a sentence.
    help: str


def copy_link(
    fixed: Link,
    *,
    rolling: Link | None = None,
    arrive: dict[str, str] | None = None,
    key: str = "copy_link",
) -> None:
    """Draw the buttons: ``fixed``, and before it ``rolling``, if there are two.

    ``arrive``: the query parameters that should replace the address the page was opened with.
    """
    element(
        "copy_link",
        _HTML,
        {
            "rolling": urlencode(rolling.query) if rolling else None,
            "fixed": urlencode(fixed.query),
            "arrive": urlencode(arrive) if arrive else None,
            "rolling_label": rolling.label if rolling else "",
            "fixed_label": fixed.label,
            "rolling_help": rolling.help if rolling else "",
            "fixed_help": fixed.help,
        },
        key=key,
    )
