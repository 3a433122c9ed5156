"""Ways in which platforms prove that a delivery comes from them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any

import jwt
import orjson
from jwt.algorithms import HMACAlgorithm

from usage_report.core.events import AHEAD
from usage_report.sources.contract import Delivery

#: Greatest age of a signature that includes its time, in ms. Platforms sign each retry again.
REPLAY_WINDOW = AHEAD


class _Hs256(HMACAlgorithm):
    """HMAC-SHA256 with keys of any length: the length of a secret is the platform's choice."""

    def check_key_length(self, key: bytes) -> None:  # noqa: ARG002 - no key is too short
        return None


# Not jwt.decode, which compares times with its own clock: here they are compared with the time of
# the delivery.
_TOKENS = jwt.PyJWS(algorithms=[])
_TOKENS.register_algorithm("HS256", _Hs256(HMACAlgorithm.SHA256))


class Unauthorized(Exception):  # noqa: N818 - named after the HTTP status that answers it
    """The delivery does not prove that it comes from the platform.

    ``str()`` of it is the reason, for the log and the HTTP response.
    """


def same(given: str | bytes, expected: str | bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(_encoded(given), _encoded(expected))


def _encoded(value: str | bytes) -> bytes:
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """Digest of ``message``. Raises ``Unauthorized`` for an empty key: anyone can sign with it."""
    if not key:
        raise Unauthorized("there is no secret to check the signature with")
    return hmac.digest(key, message, hashlib.sha256)


def sha256(message: bytes) -> bytes:
    """Digest of ``message``."""
    return hashlib.sha256(message).digest()


def bearer(delivery: Delivery) -> str:
    """Return the ``Authorization`` header without its ``Bearer``; empty where there is none."""
    return _without_scheme(delivery.headers.get("authorization", ""))


def _without_scheme(value: str) -> str:
    scheme, _, rest = value.strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else value.strip()


def fixed_header(delivery: Delivery, secret: str) -> None:
    """Raise ``Unauthorized`` unless the ``Authorization`` header is the secret.

    A leading ``Bearer`` is ignored in both.
    """
    expected = _without_scheme(secret)
    if not expected or not same(bearer(delivery), expected):
        raise Unauthorized("the Authorization header is not the one that was set for this hook")


def unbase64(text: str) -> bytes:
    """Decode base64 or base64url, padded or not. Raises ``Unauthorized`` for anything else."""
    try:
        plain = text.strip().replace("-", "+").replace("_", "/")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Unauthorized("a signature or secret is not base64") from None


def check_fresh(signed: object, received: int) -> None:
    """Raise ``Unauthorized`` unless a signed time is within ``REPLAY_WINDOW`` of ``received``.

    ``signed`` is a Unix time in seconds, or in ms from 10^11 on; ``received`` is epoch ms.
    """
    text = str(signed)
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Unauthorized("the signed time is missing or is not a number")
    value = int(text)
    if abs((value if value >= 10**11 else value * 1000) - received) > REPLAY_WINDOW:
        raise Unauthorized(
            "the signed time is over five minutes off: an old delivery, or a wrong clock here"
        )


def jwt_claims(token: str, secret: str, received: int) -> dict[str, Any]:
    """Return the claims of a JWT (https://www.rfc-editor.org/rfc/rfc7519) signed with HS256.

    Raises ``Unauthorized`` for any other algorithm, for another secret, and where ``received``
    (epoch ms) is not between the claims ``nbf`` and ``exp``, give or take ``REPLAY_WINDOW``.
    """
    if not secret:
        raise Unauthorized("there is no secret to check the signature with")
    if token.count(".") != 2:
        raise Unauthorized("there is no signed token")
    try:
        claims = orjson.loads(_TOKENS.decode(token, secret, algorithms=["HS256"]))
    except jwt.InvalidAlgorithmError:
        raise Unauthorized("the token is not signed with HS256") from None
    except jwt.InvalidSignatureError:
        raise Unauthorized("the token is signed with another secret") from None
    except (jwt.PyJWTError, ValueError, RecursionError):
        # RecursionError: the header is decoded before the signature is checked.
        claims = None
    if not isinstance(claims, dict):
        raise Unauthorized("the token is not a valid JWT")
    for claim, sign in (("nbf", 1), ("exp", -1)):
        limit = claims.get(claim)
        if limit is not None and not _is_within(limit, sign, received):
            raise Unauthorized("the token has expired or is not yet valid")
    return claims


def _is_within(limit: object, sign: int, received: int) -> bool:
    """Return whether ``received`` is not before (1) or not after (-1) a limit in seconds."""
    if isinstance(limit, bool) or not isinstance(limit, int | float):
        return False
    return (limit * 1000 - received) * sign <= REPLAY_WINDOW
