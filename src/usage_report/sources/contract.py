"""TODO."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

#: How much of an input is looked at to recognise it.
SNIFF_BYTES = 64 * 1024


#: How much is read at once.
READ_BYTES = 256 * 1024


class Context(NamedTuple):
    """What a source needs to know beside the bytes."""

    #: Epoch ms: later events (plus five minutes) have an impossible time.
    now: int
    #: Team of events that name none; ``None`` where the person named none either.
    team: str | None = None
    #: What to call the input in messages.
    name: str = "-"
    #: IANA zone of local times, for sources whose files name none; ``None`` where the person named none either.
    zone: str | None = None


class Delivery(NamedTuple):
    """One HTTP request of a platform."""

    body: bytes
    #: Names in lower case.
    headers: Mapping[str, str]
    #: Full URL as the platform called it, query included (some sign it).
    url: str
    #: Epoch ms at which it came.
    received: int
