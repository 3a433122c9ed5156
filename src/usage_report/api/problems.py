"""The types of problems that the API answers with (RFC 9457), and the page that explains them.

A ``type`` is the address of its explanation on the same host, ``/api/v1/problems#not-found``: it
resolves wherever the API runs, and belongs to the version that runs there.
"""

from __future__ import annotations

from html import escape
from http import HTTPStatus
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

PATH = "/api/v1/problems"


class Problem(NamedTuple):
    """A type of problem: its status, a title that never changes, and what to do about it."""

    status: int
    title: str
    meaning: str


#: By name, which is the anchor of the type. The first of a status is the usual one.
PROBLEMS = {
    "invalid-request": Problem(
        400,
        "The request is not valid",
        "Part of the request cannot be used; the detail names it. Correct it before you send the "
        "request again.",
    ),
    "unauthorized": Problem(
        401,
        "The request is not authorized",
        "There is no token, an unknown or revoked one, or the signature of a webhook is wrong.",
    ),
    "token-expired": Problem(
        401,
        "The token has expired",
        "Create another token with: usage-report token create.",
    ),
    "forbidden": Problem(
        403,
        "The request is not allowed",
        "The token has the other scope. Webhooks of BigBlueButton with a wrong checksum get this "
        "answer too, because BigBlueButton treats 401 as a success.",
    ),
    "not-found": Problem(404, "Not found", "There is no such address, platform or team."),
    "method-not-allowed": Problem(
        405, "The method is not possible here", "The header Allow names the methods that are."
    ),
    "too-large": Problem(413, "The body is too large", "Send fewer events at once."),
    "unsupported-encoding": Problem(
        415, "The encoding of the body is not supported", "Use gzip, or none."
    ),
    "too-many-events": Problem(
        429,
        "Too many events are waiting",
        "Send the request again after Retry-After seconds. Nothing is counted twice.",
    ),
    "internal-error": Problem(
        500,
        "Unexpected error",
        "A defect of usage-report. The log has the traceback under request_id.",
    ),
    "unavailable": Problem(
        503,
        "The service is not available",
        "The database cannot be used, or the service is not set up. Send the request again later.",
    ),
}
_BY_STATUS = {problem.status: name for name, problem in reversed(PROBLEMS.items())}


def fields(status: int, name: str = "") -> dict[str, str | int]:
    """Return ``type``, ``title`` and ``status`` of a problem: the one named, or that of the status.

    A status without a type of its own has the type ``about:blank``, as RFC 9457 has it.
    """
    name = name or _BY_STATUS.get(status, "")
    if not name:
        return {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    return {"type": f"{PATH}#{name}", "title": PROBLEMS[name].title, "status": status}


async def explain(_: Request) -> Response:
    """``GET /api/v1/problems``: what each type of problem means."""
    sections = "".join(
        f'<h2 id="{name}">{problem.status} {escape(problem.title)}</h2>'
        f"<p>{escape(problem.meaning)}</p>"
        for name, problem in PROBLEMS.items()
    )
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Problems</title></head>'
        f"<body><h1>Problems that the API of usage-report answers with</h1>{sections}</body></html>"
    )
