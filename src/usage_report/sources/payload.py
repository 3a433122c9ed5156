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

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any, NamedTuple

import orjson

from usage_report.core.errors import EventError
from usage_report.core.events import (
    MAX_TEXT,
    Event,
    QuarantinedInput,
    instant,
    iso,
    parse,
    storable,
)
from usage_report.sources.contract import Context

#: How much of a refused body is kept, in bytes.
KEEP_BYTES = 1024 * 1024

_LAST_INSTANT = 253_402_300_800_000  # year 10000, where dates end


def stable_id(*parts: object) -> str:
    """An event id for platforms that send none: a digest of what identifies the event."""
    return hashlib.blake2b(
        "\0".join(map(str, parts)).encode("utf-8", "surrogatepass"), digest_size=16
    ).hexdigest()


# -- from a body to events. What is amiss in it raises Rejected ---------------------------------------------------------


class Draft(NamedTuple):
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
    say: Callable[[dict[str, Any]], Iterable[Draft]],
    position: int = 1,
) -> Iterator[Event | QuarantinedInput]:
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
    except EventError as rejected:
        yield QuarantinedInput(
            rejected.reason,
            rejected.why,
            raw[:KEEP_BYTES],
            position,
            storable(context.team),
            source,
            len(raw) > KEEP_BYTES,
        )
        return
    yield from events


def load(raw: bytes) -> dict[str, Any]:
    """The JSON object that ``raw`` is."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise EventError(
            "not-json", f"the body is not valid JSON at character {error.pos + 1}"
        ) from None
    if not isinstance(body, dict):
        raise EventError("not-an-object", f"an event is a JSON object, not {type(body).__name__}")
    return body


def unknown(kind: object, field: str) -> EventError:
    """For a kind of event that the platform is not known to send."""
    return EventError(
        "unknown-type",
        f"{field} {kind[:60] if isinstance(kind, str) else type(kind).__name__!r} is not known",
    )


def inner(holder: Mapping[str, Any], field: str, *, required: bool = True) -> dict[str, Any]:
    """The object in a field; ``{}`` for one that may be missing."""
    value = holder.get(field)
    if value is None:
        if required:
            raise EventError("missing-field", f"{field} is missing; every such event must have it")
        return {}
    if not isinstance(value, dict):
        raise EventError("wrong-type", f"{field} must be an object, not {type(value).__name__}")
    return value


def identifier(holder: Mapping[str, Any], *fields: str) -> str:
    """The first of these fields that is there, as text: platforms send ids as text here and as numbers there."""
    if found := optional(holder, *fields):
        return found
    raise EventError(
        "missing-field", f"{' and '.join(fields)} is missing; every such event must have it"
    )


def optional(holder: Mapping[str, Any], *fields: str) -> str:
    """``identifier``, or ``""`` where all are missing."""
    for field in fields:
        value = holder.get(field)
        if value is None or value == "":
            continue
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise EventError("wrong-type", f"{field} must be a text, not {type(value).__name__}")
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
            raise EventError(
                "bad-time",
                f"{field} must be a Unix time, not {str(value)[:40]!r}"
                if isinstance(value, str)
                else f"{field} is no Unix time",
            )
        try:
            return int((Decimal(text) * 1000 / per_second).to_integral_value(ROUND_FLOOR))
        except (InvalidOperation, ValueError):
            raise EventError("bad-time", f"{field} is no Unix time") from None
    return None


_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)


def clock_ms(holder: Mapping[str, Any], *fields: str) -> int | None:
    """Epoch ms of the first of these fields that holds an RFC 3339 time, else ``None``."""
    for field in fields:
        value = holder.get(field)
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise EventError("bad-time", f"{field} must be a time, not {type(value).__name__}")
        try:
            return instant(value)
        except (ValueError, OverflowError) as error:
            raise EventError("bad-time", f"{field}: {error}") from None
    return None


def first(*times: int | None) -> int:
    """The first time that is known."""
    for time in times:
        if time is not None:
            return time
    raise EventError("missing-field", "the event tells no time")


def _rfc3339(ms: int) -> str:
    if not 0 <= ms < _LAST_INSTANT:
        raise EventError(
            "bad-time",
            f"the time is {ms} ms after 1970, which no event can be: is its unit another?",
        )
    return iso(ms)
