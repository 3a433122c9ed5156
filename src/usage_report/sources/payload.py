"""From the body of a platform's webhook to canonical events.

A platform's module reads its body with the functions here, which raise ``EventError`` where a
field is missing or wrong, and returns drafts; ``translated`` turns these into events.
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

#: How much of a quarantined original is kept, in bytes.
KEEP_BYTES = 1024 * 1024
#: Epoch ms of the first instant after the last date that can be written.
YEAR_10000 = 253_402_300_800_000

_NUMBER = re.compile(r"-?\d{1,20}(\.\d{1,20})?", re.ASCII)


def stable_id(*parts: object) -> str:
    """Event id for platforms that send none: a digest of the parts that identify the event."""
    text = "\0".join(map(str, parts))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Draft(NamedTuple):
    """The parts of a canonical event that a platform's module decides."""

    #: The platform's own id, or a ``stable_id``: the same when the event is sent again.
    id: str
    type: str
    #: Epoch ms.
    time: int
    #: ``data`` without the team.
    data: dict[str, Any]


def translated(
    source: str,
    raw: bytes,
    context: Context,
    draft: Callable[[dict[str, Any]], Iterable[Draft]],
    position: int = 1,
) -> Iterator[Event | QuarantinedInput]:
    """Yield the events that ``draft`` returns for the JSON object ``raw``.

    If any of them is not valid, yield one ``QuarantinedInput`` instead of all: when the original is
    replayed later, none of its events must have been counted before.
    """
    try:
        events = [
            parse(
                {
                    "specversion": "1.0",
                    "id": event.id,
                    "source": source,
                    "type": event.type,
                    "time": _rfc3339(event.time),
                    "data": {"team": context.team, **event.data},
                },
                now=context.now,
            )
            for event in draft(load(raw))
        ]
    except EventError as error:
        yield quarantined(error, raw, source, context, position)
        return
    yield from events


def quarantined(
    error: EventError, raw: bytes, source: str, context: Context, position: int = 1
) -> QuarantinedInput:
    """Return the quarantine entry of an original that cannot be read, cut to ``KEEP_BYTES``."""
    team, is_truncated = storable(context.team), len(raw) > KEEP_BYTES
    return QuarantinedInput(
        error.reason, error.why, raw[:KEEP_BYTES], position, team, source, is_truncated
    )


def load(raw: bytes) -> dict[str, Any]:
    """Decode a JSON object."""
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
    """Error for a kind of event that the platform is not known to send."""
    shown = kind[:60] if isinstance(kind, str) else repr(type(kind).__name__)
    return EventError("unknown-type", f"{field} {shown} is not known")


def inner(holder: Mapping[str, Any], field: str, *, required: bool = True) -> dict[str, Any]:
    """Return the object in a field; ``{}`` for a missing one that is not required."""
    value = holder.get(field)
    if value is None:
        if required:
            raise EventError("missing-field", f"{field} is missing; every such event must have it")
        return {}
    if not isinstance(value, dict):
        raise EventError("wrong-type", f"{field} must be an object, not {type(value).__name__}")
    return value


def identifier(holder: Mapping[str, Any], *fields: str) -> str:
    """Return the first of these fields that is present, as text: some platforms send numbers."""
    if found := optional(holder, *fields):
        return found
    raise EventError(
        "missing-field", f"{' and '.join(fields)} is missing; every such event must have it"
    )


def optional(holder: Mapping[str, Any], *fields: str) -> str:
    """Return what ``identifier`` returns, or ``""`` where all fields are missing."""
    for field in fields:
        value = holder.get(field)
        if value is None or value == "":
            continue
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise EventError("wrong-type", f"{field} must be a text, not {type(value).__name__}")
        return str(value)
    return ""


def label(holder: Mapping[str, Any], *fields: str) -> str:
    """Return a display name, shortened if necessary; ``""`` where none of the fields has one.

    Never raises: an event is valid whatever its names are.
    """
    for field in fields:
        value = holder.get(field)
        if isinstance(value, str) and value.strip():
            return value.replace("\0", "")[: MAX_TEXT // 4]
    return ""


def epoch_ms(holder: Mapping[str, Any], *fields: str, per_second: int) -> int | None:
    """Epoch ms of the first of these fields that is present and not 0, else ``None``.

    ``per_second`` is their unit: 1, 1000, 10**6 or 10**9 per second. Numbers, also as text, are
    converted exactly; fractions of a millisecond are cut off.
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
            is_plain = isinstance(value, str | int | float)
            shown = repr(str(value)[:40]) if is_plain else type(value).__name__
            raise EventError("bad-time", f"{field} must be a Unix time, not {shown}")
        try:
            return int((Decimal(text) * 1000 / per_second).to_integral_value(ROUND_FLOOR))
        except (InvalidOperation, ValueError):
            raise EventError("bad-time", f"{field} is not a Unix time") from None
    return None


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
    """Return the first time that is known."""
    for time in times:
        if time is not None:
            return time
    raise EventError("missing-field", "the event contains no time")


def _rfc3339(ms: int) -> str:
    if not 0 <= ms < YEAR_10000:
        raise EventError(
            "bad-time", f"{ms} ms after 1970 is not a possible time: is its unit a different one?"
        )
    return iso(ms)
