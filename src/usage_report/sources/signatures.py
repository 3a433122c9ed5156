"""TODO."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any

import orjson

from usage_report.core.events import (
    AHEAD,
)
from usage_report.sources.contract import Delivery

#: Oldest signature taken where a platform signs the time: its own retries are signed anew.
REPLAY_WINDOW = AHEAD


class Unauthorized(Exception):
    """The delivery does not prove that it comes from the platform. ``str()`` says why, for the log and the answer."""


def same(given: str | bytes, expected: str | bytes) -> bool:
    """Equality in constant time."""
    a, b = (
        x.encode("utf-8", "surrogatepass") if isinstance(x, str) else x for x in (given, expected)
    )
    return hmac.compare_digest(a, b)


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """``Unauthorized`` for an empty key: with it, anybody could have signed."""
    if not key:
        raise Unauthorized("there is no secret to check the signature with")
    return hmac.digest(key, message, hashlib.sha256)


def sha256(message: bytes) -> bytes:
    return hashlib.sha256(message).digest()


def bearer(delivery: Delivery) -> str:
    """The ``Authorization`` header without a leading ``Bearer``; empty where there is none."""
    return _unmarked(delivery.headers.get("authorization", ""))


def _unmarked(value: str) -> str:
    word, _, rest = value.strip().partition(" ")
    return rest.strip() if word.lower() == "bearer" else value.strip()


def fixed_header(delivery: Delivery, secret: str) -> None:
    """``Unauthorized`` unless the ``Authorization`` header is the secret; a ``Bearer`` before either is no part of it."""
    expected = _unmarked(secret)
    if not expected or not same(bearer(delivery), expected):
        raise Unauthorized("the Authorization header is not the one that was set for this hook")


def unbase64(text: str) -> bytes:
    """Base64 or base64url, padded or not; ``Unauthorized`` for anything else."""
    try:
        plain = text.strip().replace("-", "+").replace("_", "/")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Unauthorized("a signature or secret is not base64") from None


def check_fresh(signed: object, received: int) -> None:
    """``Unauthorized`` unless ``signed``, a Unix time in seconds or ms (from 10^11 on), is within ``REPLAY_WINDOW`` of ``received``."""
    text = str(signed)
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Unauthorized("the signed time is missing or no number")
    value = int(text)
    if abs((value if value >= 10**11 else value * 1000) - received) > REPLAY_WINDOW:
        raise Unauthorized(
            "the signed time is over five minutes off: an old delivery, or a wrong clock here"
        )


def jwt_claims(token: str, secret: str, received: int) -> dict[str, Any]:
    """The claims of a JWT (https://www.rfc-editor.org/rfc/rfc7519) signed with HS256 by ``secret``.

    ``Unauthorized`` for everything else, any other algorithm and a time outside ``nbf`` and ``exp`` among it.
    """
    head, dot, signature = token.rpartition(".")
    if not dot or head.count(".") != 1:
        raise Unauthorized("there is no signed token")
    try:
        signed = head.encode("ascii")
        header, claims = (orjson.loads(unbase64(part)) for part in head.split("."))
    except ValueError:
        raise Unauthorized("the token is no JWT") from None
    if not isinstance(header, dict) or not isinstance(claims, dict) or header.get("alg") != "HS256":
        raise Unauthorized("the token is not signed with HS256")
    if not same(unbase64(signature), hmac_sha256(secret.encode(), signed)):
        raise Unauthorized("the token is signed with another secret")
    for claim, sign in (("nbf", 1), ("exp", -1)):
        limit = claims.get(claim)
        if limit is None:
            continue
        # Clocks may differ by as much as an event may be ahead.
        if (
            isinstance(limit, bool)
            or not isinstance(limit, int | float)
            or (limit * 1000 - received) * sign > REPLAY_WINDOW
        ):
            raise Unauthorized("the token has expired or is not yet valid")
    return claims
