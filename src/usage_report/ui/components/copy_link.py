"""Buttons that copy a link to what the page shows."""

from __future__ import annotations

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


def copy_link(
    fixed: dict[str, str],
    days: str,
    *,
    rolling: dict[str, str] | None = None,
    preset: str = "",
    arrive: dict[str, str] | None = None,
) -> None:
    """Draw the buttons: one for the fixed link, and one for the rolling link of a preset.

    ``fixed``, ``rolling`` and ``arrive`` are the query parameters of views: of these ``days``, of
    the range named ``preset``, and what should replace the address that the page was opened with.
    """
    element(
        "copy_link",
        _HTML,
        {
            "rolling": urlencode(rolling) if rolling else None,
            "fixed": urlencode(fixed),
            "arrive": urlencode(arrive) if arrive else None,
            "rolling_label": f"Copy link (always “{preset}”)",
            "fixed_label": f"Copy link ({days})" if rolling else "Copy link",
            "rolling_help": f"The link shows “{preset}” of the day on which it is opened.",
            "fixed_help": f"The link always shows {days}.",
            "rolling_done": f"Copied. The link always shows “{preset}”.",
            "fixed_done": f"Copied. The link always shows {days}.",
        },
    )
