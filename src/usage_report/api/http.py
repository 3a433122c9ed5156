"""What every route needs: bounded bodies, errors as JSON, tokens."""

from __future__ import annotations

import zlib

import anyio.to_thread
from cachetools import TTLCache
from sqlalchemy.engine import Engine
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from usage_report import storage
from usage_report.core import clock
from usage_report.core.errors import DatabaseError, NotFoundError, UsageReportError
from usage_report.storage import credentials

#: Bytes of the largest body that is accepted, as sent and decompressed.
MAX_BODY = 5 * 1024 * 1024
MAX_UNPACKED = 25 * 1024 * 1024
#: Seconds for which a valid token is cached, and so the longest that a revoked one stays valid.
TOKEN_TTL = 2.0
#: Valid tokens that are cached at most.
MAX_TOKENS = 1_000
#: ``zlib`` window bits of gzip data with its header.
_GZIP_WINDOW_BITS = 31


class HttpError(Exception):
    """An answer that is not a success: status, what happened, why, and what to do."""

    def __init__(
        self,
        status: int,
        what: str,
        why: str = "",
        todo: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(what)
        self.status, self.what, self.why, self.todo = status, what, why, todo
        self.headers = headers or {}


def error_response(request: Request, error: HttpError) -> Response:
    """Return an error as JSON, in the one shape of all errors, and note it for the log."""
    request.scope["fault"] = f"{error.what}: {error.why}" if error.why else error.what
    fields = {"what": error.what, "why": error.why, "todo": error.todo}
    body = {
        "error": {key: text for key, text in fields.items() if text},
        "request_id": request.scope.get("request_id", ""),
    }
    return JSONResponse(body, status_code=error.status, headers=error.headers)


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


class Tokens:
    """Checks the bearer tokens of requests. Used by one event loop only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        #: Only valid tokens, so that invalid ones cannot push them out.
        self._cache: TTLCache[str, credentials.Bearer] = TTLCache(
            MAX_TOKENS, TOKEN_TTL, timer=clock.monotonic
        )

    async def bearer(self, request: Request, scope: str) -> credentials.Bearer:
        """Return the team and scope of the request's token. Raises ``HttpError`` 401 or 403."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        challenge = {"WWW-Authenticate": 'Bearer realm="usage-report"'}
        if scheme.lower() != "bearer" or not token or len(token) > 200:
            raise HttpError(
                401,
                "The request has no token",
                todo="Send it as: Authorization: Bearer TOKEN. "
                "Create one with: usage-report token create",
                headers=challenge,
            )
        found = self._cache.get(token)
        if found is None:
            found = await anyio.to_thread.run_sync(self._look_up, token)
            if found is None:
                raise HttpError(
                    401, "The token is not valid", "it is wrong or revoked", headers=challenge
                )
            self._cache[token] = found
        if found.scope != scope:
            raise HttpError(
                403,
                f"The token does not have the scope {scope}",
                f"its scope is {found.scope}",
                f"Create one with: usage-report token create --scope {scope}",
            )
        return found

    def _look_up(self, token: str) -> credentials.Bearer | None:
        with storage.reading(self._engine) as c:
            return credentials.bearer(c, token)
