"""What every route needs: bounded bodies, errors as problem details, headers of every answer."""

from __future__ import annotations

import zlib
from typing import Any
from urllib.parse import quote

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from usage_report.api import problems
from usage_report.core.errors import DatabaseError, NotFoundError, UsageReportError

#: Bytes of the largest body that is accepted, as sent and decompressed.
MAX_BODY = 5 * 1024 * 1024
MAX_UNPACKED = 25 * 1024 * 1024
#: ``zlib`` window bits of gzip data with its header.
_GZIP_WINDOW_BITS = 31


class HttpError(Exception):
    """An answer that is not a success: status, what happened, why, and what to do.

    ``problem``: its type in ``problems``, if it is not the one of the status.
    """

    def __init__(
        self,
        status: int,
        what: str,
        why: str = "",
        todo: str = "",
        headers: dict[str, str] | None = None,
        problem: str = "",
    ) -> None:
        super().__init__(what)
        self.status, self.what, self.why, self.todo = status, what, why, todo
        self.headers, self.problem = headers or {}, problem


def error_response(request: Request, error: HttpError) -> Response:
    """Return an error as problem details (RFC 9457), and note it for the log."""
    request.scope["fault"] = f"{error.what}: {error.why}" if error.why else error.what
    fields = {"what": error.what, "why": error.why, "todo": error.todo}
    detail = str(UsageReportError(error.what, error.why, error.todo))
    more = {"error": {key: text for key, text in fields.items() if text}}
    return problem_response(request, error.status, detail, more, error.headers, error.problem)


def problem_response(
    request: Request,
    status: int,
    detail: str,
    more: dict[str, Any],
    headers: dict[str, str] | None = None,
    problem: str = "",
) -> Response:
    """Return problem details with ``more`` fields beside them.

    ``instance`` is the address of the request with its id: one occurrence of the problem.
    """
    request_id = request.scope.get("request_id", "")
    instance = f"{quote(request.scope['path'])}#{quote(request_id, safe='')}"
    body = problems.fields(status, problem) | {"detail": detail, "instance": instance}
    return JSONResponse(
        body | more | {"request_id": request_id},
        status,
        headers,
        media_type="application/problem+json",
    )


class SafeHeaders:
    """Middleware: headers that every answer has, unless it has others of the same name.

    Browsers do not guess another content type, and nothing is cached that does not allow it.
    """

    _HEADERS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                present = {name.lower() for name, _ in headers}
                missing = [header for header in self._HEADERS if header[0] not in present]
                message = {**message, "headers": [*headers, *missing]}
            await send(message)

        await self._app(scope, receive, send_safely)


def to_http_error(error: UsageReportError) -> HttpError:
    """Return the answer for one of our own errors.

    A database fault is 503, so that the sender tries again. Its details are for the log only.
    """
    if isinstance(error, DatabaseError):
        return HttpError(
            503,
            "The database cannot be used at the moment",
            todo="Try again later.",
            headers={"Retry-After": "5"},
        )
    status = 404 if isinstance(error, NotFoundError) else 400
    return HttpError(status, error.what, error.why, error.todo)


def _too_large(why: str) -> HttpError:
    return HttpError(413, "The body is too large", why, "Send fewer events at once.")


async def read_body(request: Request) -> bytes:
    """Return the body, decompressed. Raises ``HttpError`` 400, 413 or 415."""
    too_large = _too_large(f"at most {MAX_BODY:,} bytes are accepted")
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > MAX_BODY:
        raise too_large
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BODY:
            raise too_large
        parts.append(part)
    body = b"".join(parts)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise HttpError(
            415, f"Content-Encoding {encoding[:40]!r} is not supported", todo="Use gzip, or none."
        )
    return await anyio.to_thread.run_sync(_decompress, body)


def _decompress(body: bytes) -> bytes:
    parts: list[bytes] = []
    room = MAX_UNPACKED
    # Several gzip members in a row are one file: https://www.rfc-editor.org/rfc/rfc1952#section-2.2
    while body or not parts:
        decompressor = zlib.decompressobj(_GZIP_WINDOW_BITS)
        try:
            # One byte more than there is room for: 0 would mean no limit.
            part = decompressor.decompress(body, room + 1)
        except zlib.error as error:
            raise HttpError(400, "The body is not gzip", str(error)) from None
        if len(part) > room:
            raise _too_large(f"it decompresses to more than {MAX_UNPACKED:,} bytes")
        if not decompressor.eof:
            raise HttpError(400, "The body ends in the middle of its gzip data")
        parts.append(part)
        room -= len(part)
        body = decompressor.unused_data
    return b"".join(parts)
