"""Small things every route needs: bodies with a bound, errors as JSON, tokens."""

from __future__ import annotations

import time
import zlib

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from usage_report import storage
from usage_report.core.errors import DatabaseError, NotFoundError, UsageReportError
from usage_report.storage import credentials

#: Largest body taken, as sent and unpacked.
MAX_BODY = 5 * 1024 * 1024
MAX_UNPACKED = 25 * 1024 * 1024
#: Seconds a token is remembered: so long a revoked one may still be good.
REMEMBER = 2.0


class HttpError(Exception):
    """An answer that is not a success: status, what, why and what to do."""

    def __init__(
        self,
        status: int,
        what: str,
        why: str = "",
        todo: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(what)
        self.status, self.what, self.why, self.todo, self.headers = (
            status,
            what,
            why,
            todo,
            headers or {},
        )


def now() -> int:
    """Epoch ms."""
    return time.time_ns() // 1_000_000


def failure(
    request: Request,
    status: int,
    what: str,
    why: str = "",
    todo: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    """The one shape of every error; the log tells it too."""
    request.scope["fault"] = f"{what}: {why}" if why else what
    told = {"what": what} | ({"why": why} if why else {}) | ({"todo": todo} if todo else {})
    body = {"error": told, "request_id": request.scope.get("request_id", "")}
    return JSONResponse(body, status_code=status, headers=headers)


def explain(error: UsageReportError) -> HttpError:
    """Our errors as answers. A database fault is 503: the sender shall come back."""
    if isinstance(error, DatabaseError):
        return HttpError(
            503,
            "The database cannot be used at the moment",
            todo="Try again later.",
            headers={"Retry-After": "5"},
        )
    return HttpError(
        404 if isinstance(error, NotFoundError) else 400, error.what, error.why, error.todo
    )


async def body_of(request: Request) -> bytes:
    """The body, gzip undone, within bounds. Raises ``HttpError`` 400, 413 or 415."""
    too_large = HttpError(
        413,
        "The body is too large",
        f"at most {MAX_BODY:,} bytes are taken",
        "Send fewer events at once.",
    )
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
            415, f"Content-Encoding {encoding[:40]!r} is not read", todo="Use gzip, or none."
        )
    return await anyio.to_thread.run_sync(_unpacked, body)


def _unpacked(body: bytes) -> bytes:
    parts: list[bytes] = []
    room = MAX_UNPACKED
    while (
        body or not parts
    ):  # several gzip files in a row are one: https://www.rfc-editor.org/rfc/rfc1952#section-2.2
        unpacker = zlib.decompressobj(31)
        try:
            part = unpacker.decompress(body, room + 1)  # 0 would be no bound
        except zlib.error as error:
            raise HttpError(400, "The body is not gzip", str(error)) from None
        if len(part) > room:
            raise HttpError(
                413,
                "The body is too large",
                f"it unpacks to more than {MAX_UNPACKED:,} bytes",
                "Send fewer events at once.",
            )
        if not unpacker.eof:
            raise HttpError(400, "The body ends in the middle of its gzip data")
        parts.append(part)
        room -= len(part)
        body = unpacker.unused_data
    return b"".join(parts)


class Tokens:
    """Bearer tokens of requests, remembered for a moment."""

    def __init__(self, engine) -> None:
        self._engine = engine
        self._known: dict[str, tuple[float, credentials.Bearer | None]] = {}

    async def bearer(self, request: Request, scope: str) -> credentials.Bearer:
        """Whom the request speaks for. Raises ``HttpError`` 401 or 403."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        challenge = {"WWW-Authenticate": 'Bearer realm="usage-report"'}
        if scheme.lower() != "bearer" or not token or len(token) > 200:
            raise HttpError(
                401,
                "A token is missing",
                "",
                "Send it as: Authorization: Bearer TOKEN. Make one with: usage-report token create",
                challenge,
            )
        seen, found = self._known.get(token, (0.0, None))
        if not found or time.monotonic() - seen > REMEMBER:
            found = await anyio.to_thread.run_sync(self._look_up, token)
            if len(self._known) > 1_000:
                self._known.clear()
            if found:
                self._known[token] = (time.monotonic(), found)
            else:
                self._known.pop(token, None)
        if found is None:
            raise HttpError(
                401, "The token is not known", "it is wrong or has been revoked", "", challenge
            )
        if found.scope != scope:
            raise HttpError(
                403,
                f"The token may not {scope}",
                f"it is a token to {found.scope}",
                f"Make one with: usage-report token create --scope {scope}",
            )
        return found

    def _look_up(self, token: str) -> credentials.Bearer | None:
        with storage.reading(self._engine) as c:
            return credentials.bearer(c, token)
