"""What platform webhooks have in common: one delivery as it came, and the ways to prove where it is from.

A source module that is also a platform with webhooks has, beside ``NAME``, ``TITLE`` and ``CANNOT_SUPPLY``:

* ``SECRET``: one sentence, what the team's secret for this platform is and where in its console it is found;
* ``verify(delivery, secret)``: raises ``Unauthorized`` unless the delivery was signed with ``secret``;
* ``answer(delivery, secret) -> dict | None`` (optional): the reply to a challenge, after ``verify``; ``None`` for events;
* ``translate(delivery, context) -> Iterator[Event | Refused]``: a pure function of the delivery, so that a stored one
  can be replayed; the same delivery gives the same ids, and so does the platform's own retry of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import NamedTuple

from ..events import AHEAD

#: Oldest signature taken where a platform signs the time: its own retries are signed anew.
REPLAY_WINDOW = AHEAD


class Unauthorized(Exception):
    """The delivery does not prove that it comes from the platform. ``str()`` says why, for the log and the answer."""


class Delivery(NamedTuple):
    """One HTTP request of a platform."""

    body: bytes
    #: Names in lower case.
    headers: Mapping[str, str]
    #: Full URL as the platform called it, query included (some sign it).
    url: str
    #: Epoch ms at which it came.
    received: int


def same(given: str | bytes, expected: str | bytes) -> bool:
    """Equality in constant time."""
    a, b = (x.encode("utf-8", "surrogatepass") if isinstance(x, str) else x for x in (given, expected))
    return hmac.compare_digest(a, b)


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


def bearer(delivery: Delivery) -> str:
    """The ``Authorization`` header without a leading ``Bearer``; empty where there is none."""
    value = delivery.headers.get("authorization", "").strip()
    return value[7:].strip() if value[:7].lower() == "bearer " else value


def unbase64(text: str) -> bytes:
    """Base64 or base64url, padded or not; ``Unauthorized`` for anything else."""
    try:
        plain = text.strip().replace("-", "+").replace("_", "/")
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise Unauthorized("a signature or secret is not base64") from None


def stable_id(*parts: object) -> str:
    """An event id for platforms that send none: a digest of what identifies the event."""
    return hashlib.blake2b("\0".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
