"""What platform webhooks have in common: one delivery as it came, and the ways to prove where it is from.

A source module that is also a platform with webhooks has, beside ``NAME``, ``TITLE`` and ``CANNOT_SUPPLY``:

* ``SECRET``: one sentence, what the team's secret for this platform is and where in its console it is found;
* ``verify(delivery, secret)``: raises ``Unauthorized`` unless the delivery was signed with ``secret``;
* ``answer(delivery, secret) -> dict | None`` (optional): the reply to a challenge, after ``verify``; ``None`` for events;
* ``translate(delivery, context) -> Iterator[Event | Refused]``: a pure function of the delivery, so that a stored one
  can be replayed; the same delivery gives the same ids, and so does the platform's own retry of it. Only the body says
  what happened: the raw of a ``Refused`` is a body of its own, to be translated again without headers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any, NamedTuple

import orjson

from ..errors import Rejected
from ..events import AHEAD, MAX_TEXT, Event, Refused, instant, iso, parse
from . import Context, storable

#: Oldest signature taken where a platform signs the time: its own retries are signed anew.
REPLAY_WINDOW = AHEAD
#: How much of a refused body is kept, in bytes.
KEEP = 1024 * 1024

_LAST_INSTANT = 253_402_300_800_000  # year 10000, where dates end


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


def stable_id(*parts: object) -> str:
    """An event id for platforms that send none: a digest of what identifies the event."""
    return hashlib.blake2b(
        "\0".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=16
    ).hexdigest()


def fresh(signed: object, received: int) -> None:
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


# -- from a body to events. What is amiss in it raises Rejected ---------------------------------------------------------


class Said(NamedTuple):
    """One canonical event to be."""

    #: Stable: the platform's own, or ``stable_id`` of what tells it from all others.
    id: str
    type: str
    #: Epoch ms.
    time: int
    #: Of ``data``: all but the team.
    data: dict[str, Any]


def translated(
    source: str,
    raw: bytes,
    context: Context,
    say: Callable[[dict[str, Any]], Iterable[Said]],
    position: int = 1,
) -> Iterator[Event | Refused]:
    """What ``say`` makes of the JSON object ``raw``, read as canonical events; or, if any of it is amiss, one ``Refused``.

    All or nothing: a platform's event that is replayed later must not be half there already.
    """
    try:
        events = [
            parse(
                {
                    "specversion": "1.0",
                    "id": said.id,
                    "source": source,
                    "type": said.type,
                    "time": _rfc3339(said.time),
                    "data": {"team": context.team, **said.data},
                },
                now=context.now,
            )
            for said in say(load(raw))
        ]
    except Rejected as rejected:
        yield Refused(
            rejected.reason,
            rejected.why,
            raw[:KEEP],
            position,
            storable(context.team),
            source,
            len(raw) > KEEP,
        )
        return
    yield from events


def load(raw: bytes) -> dict[str, Any]:
    """The JSON object that ``raw`` is."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Rejected(
            "not-json", f"the body is not valid JSON at character {error.pos + 1}"
        ) from None
    if not isinstance(body, dict):
        raise Rejected("not-an-object", f"an event is a JSON object, not {type(body).__name__}")
    return body


def unknown(kind: object, field: str) -> Rejected:
    """For a kind of event that the platform is not known to send."""
    return Rejected(
        "unknown-type",
        f"{field} {kind[:60] if isinstance(kind, str) else type(kind).__name__!r} is not known",
    )


def inner(holder: Mapping[str, Any], field: str, *, required: bool = True) -> dict[str, Any]:
    """The object in a field; ``{}`` for one that may be missing."""
    value = holder.get(field)
    if value is None:
        if required:
            raise Rejected("missing-field", f"{field} is missing; every such event must have it")
        return {}
    if not isinstance(value, dict):
        raise Rejected("wrong-type", f"{field} must be an object, not {type(value).__name__}")
    return value


def identifier(holder: Mapping[str, Any], *fields: str) -> str:
    """The first of these fields that is there, as text: platforms send ids as text here and as numbers there."""
    if found := optional(holder, *fields):
        return found
    raise Rejected(
        "missing-field", f"{' and '.join(fields)} is missing; every such event must have it"
    )


def optional(holder: Mapping[str, Any], *fields: str) -> str:
    """``identifier``, or ``""`` where all are missing."""
    for field in fields:
        value = holder.get(field)
        if value is None or value == "":
            continue
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise Rejected("wrong-type", f"{field} must be a text, not {type(value).__name__}")
        return str(value)
    return ""


def label(holder: Mapping[str, Any], *fields: str) -> str:
    """A display name, shortened as needed; ``""`` where there is none. A name is no reason to refuse anything."""
    for field in fields:
        value = holder.get(field)
        if isinstance(value, str) and value.strip():
            return value.replace("\0", "")[: MAX_TEXT // 4]
    return ""


def epoch_ms(holder: Mapping[str, Any], *fields: str, per_second: int) -> int | None:
    """Epoch ms of the first of these fields that is there and not 0, else ``None``.

    ``per_second`` is their unit: 1, 1000, 10**6, 10**9. Numbers and digits as text are read, exactly; parts of a
    millisecond are cut off.
    """
    for field in fields:
        value = holder.get(field)
        if value in (None, "", 0, "0"):
            continue
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float | str)
            or not _NUMBER.fullmatch(text := str(value))
        ):
            raise Rejected(
                "bad-time",
                f"{field} must be a Unix time, not {str(value)[:40]!r}"
                if isinstance(value, str)
                else f"{field} is no Unix time",
            )
        try:
            return int((Decimal(text) * 1000 / per_second).to_integral_value(ROUND_FLOOR))
        except (InvalidOperation, ValueError):
            raise Rejected("bad-time", f"{field} is no Unix time") from None
    return None


_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)


def clock_ms(holder: Mapping[str, Any], *fields: str) -> int | None:
    """Epoch ms of the first of these fields that holds an RFC 3339 time, else ``None``."""
    for field in fields:
        value = holder.get(field)
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise Rejected("bad-time", f"{field} must be a time, not {type(value).__name__}")
        try:
            return instant(value)
        except (ValueError, OverflowError) as error:
            raise Rejected("bad-time", f"{field}: {error}") from None
    return None


def first(*times: int | None) -> int:
    """The first time that is known."""
    for time in times:
        if time is not None:
            return time
    raise Rejected("missing-field", "the event tells no time")


def _rfc3339(ms: int) -> str:
    if not 0 <= ms < _LAST_INSTANT:
        raise Rejected(
            "bad-time",
            f"the time is {ms} ms after 1970, which no event can be: is its unit another?",
        )
    return iso(ms)
