"""The bearer tokens of requests: whose they are, and when they were used."""

from __future__ import annotations

import hmac

import anyio.to_thread
from cachetools import TTLCache
from sqlalchemy.engine import Engine
from starlette.requests import Request

from usage_report import storage
from usage_report.api.delayed_writes import DelayedWrites
from usage_report.api.http import HttpError
from usage_report.core import clock
from usage_report.core.events import iso
from usage_report.storage import credentials

#: Seconds for which a valid token is cached, and so the longest that a revoked one stays valid.
TOKEN_TTL = 2.0
#: Valid tokens that are cached at most.
MAX_TOKENS = 1_000
#: Seconds for which the use of a token is not recorded again.
USE_SECONDS = 60.0

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="usage-report"'}


class Tokens:
    """Checks the bearer tokens of requests. Used by one event loop only."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        #: Only valid tokens, so that invalid ones cannot push them out.
        self._cache: TTLCache[str, credentials.Bearer] = TTLCache(
            MAX_TOKENS, TOKEN_TTL, timer=clock.monotonic
        )
        #: Ids of tokens whose use was recorded a short while ago.
        self._recorded: TTLCache[int, bool] = TTLCache(
            MAX_TOKENS, USE_SECONDS, timer=clock.monotonic
        )
        self._uses: DelayedWrites[int, int] = DelayedWrites(
            engine, "Uses of tokens", credentials.record_uses
        )

    async def bearer(self, request: Request, scope: str) -> credentials.Bearer:
        """Return the team and scope of the request's token. Raises ``HttpError`` 401 or 403."""
        token = _given(request, "Create one with: usage-report token create")
        found = self._cache.get(token)
        if found is None:
            found = await anyio.to_thread.run_sync(self._look_up, token)
            if found is None:
                raise HttpError(
                    401, "The token is not valid", "it is wrong or revoked", headers=_CHALLENGE
                )
            self._cache[token] = found
        now = clock.now_ms()
        if found.expires_at is not None and found.expires_at <= now:
            raise HttpError(
                401,
                "The token has expired",
                f"it was valid until {iso(found.expires_at)}",
                "Create another one with: usage-report token create",
                headers=_CHALLENGE,
                problem="token-expired",
            )
        if found.scope != scope:
            raise HttpError(
                403,
                f"The token does not have the scope {scope}",
                f"its scope is {found.scope}",
                f"Create one with: usage-report token create --scope {scope}",
            )
        self._record_use(found.id, now)
        return found

    def _look_up(self, token: str) -> credentials.Bearer | None:
        with storage.reading(self._engine) as c:
            return credentials.bearer(c, token)

    def _record_use(self, id: int, now: int) -> None:
        if id not in self._recorded:
            self._recorded[id] = True
            self._uses.put(id, lambda _: now)

    def close(self) -> None:
        """Store the uses that are not stored yet."""
        self._uses.close()


def check_operations_token(request: Request, expected: str) -> None:
    """Raise ``HttpError`` 401 unless the request has the token of the settings, if there is one."""
    if not expected:
        return
    given = _given(request, "It is the setting operations_token.")
    # Headers are decoded as latin-1; these are the bytes that were sent.
    if not hmac.compare_digest(given.encode("latin-1"), expected.encode()):
        raise HttpError(
            401,
            "The token is not valid",
            "it is not the setting operations_token",
            headers=_CHALLENGE,
        )


def _given(request: Request, hint: str) -> str:
    """Return the token that a request sends. Raises ``HttpError`` 401 if there is none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > 200:
        raise HttpError(
            401,
            "The request has no token",
            todo=f"Send it as: Authorization: Bearer TOKEN. {hint}",
            headers=_CHALLENGE,
        )
    return token
