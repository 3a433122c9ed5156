"""Typed protocols that sources implement, and the values they exchange with the other folders.

A source is one class that derives from one or more of these protocols. It is registered by the
module-level constant ``SOURCE`` of its module, or, outside this package, by an entry point of the
group ``usage_report.sources`` that names such an object.
"""

from __future__ import annotations

import io
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol, runtime_checkable

from usage_report.core.events import Event, QuarantinedInput

#: How many bytes of an input are looked at to recognise its format.
SNIFF_BYTES = 64 * 1024
#: How many bytes are read at once.
READ_BYTES = 256 * 1024


class Context(NamedTuple):
    """What a source needs to know besides the bytes."""

    #: Epoch ms. Events later than this plus five minutes have an impossible time.
    now: int
    #: Team of events that name none, or ``None`` where the caller named none either.
    team: str | None = None
    #: Name of the input in messages.
    name: str = "-"
    #: IANA zone of local times in files that name none, or ``None`` where it is not known.
    zone: str | None = None
    #: Order of ambiguous dates in such files (``dmy``, ``mdy`` or ``ymd``), or ``None``.
    dates: str | None = None


class Delivery(NamedTuple):
    """One HTTP request of a platform."""

    body: bytes
    #: Header names in lower case.
    headers: Mapping[str, str]
    #: Full URL as the platform called it, query included: some platforms sign it.
    url: str
    #: Epoch ms at which the request was received.
    received: int


class ByteStream(Protocol):
    """A forward-only byte stream."""

    def read(self, size: int = READ_BYTES, /) -> bytes:
        """Return at most ``size`` bytes, possibly fewer; ``b""`` only at the end."""
        ...


@runtime_checkable
class Source(Protocol):
    """What every source has."""

    #: Stable id: the value of ``Event.source``, of ``--source`` and of webhook addresses.
    name: str
    #: Name shown to users.
    title: str
    #: Keys of ``core.metrics.ALL`` that its events can never supply: shown as *not supplied*.
    cannot_supply: frozenset[str]
    #: Further names accepted by ``--source``.
    aliases: tuple[str, ...] = ()
    #: Name of a source that reports the same sessions: what either supplies is supplied.
    companion_of: str = ""
    #: Whether its events name the session that they belong to. If not, the session of each event is
    #: a room's day (see ``room_days``), and sessions are stretches of presence in the room.
    has_session_ids: bool = True

    @abstractmethod
    def read_quarantined(self, raw: bytes, context: Context) -> Iterator[Event | QuarantinedInput]:
        """Read again one original that this source put in quarantine (``QuarantinedInput.raw``)."""
        ...


@runtime_checkable
class FileSource(Source, Protocol):
    """A source that reads files."""

    @abstractmethod
    def recognises(self, head: bytes, name: str) -> bool:
        """Return whether an input that begins with ``head`` (decompressed) is in this format."""
        ...

    @abstractmethod
    def read(self, stream: ByteStream, context: Context) -> Iterator[Event | QuarantinedInput]:
        """Yield events and quarantined input lazily, in the order of the input.

        Holds a bounded piece of the input at any time. Raises ``InputError`` where the input as a
        whole is damaged; what was yielded before stays valid, because every event keeps its id and
        reading the repaired input again counts nothing twice.
        """
        ...

    def read_quarantined(self, raw: bytes, context: Context) -> Iterator[Event | QuarantinedInput]:
        """Read the original as an input of its own."""
        return self.read(io.BytesIO(raw), context)


@runtime_checkable
class WebhookSource(Source, Protocol):
    """A platform that sends webhooks."""

    #: Shown to the user who connects the platform: what the secret is, and where to find it.
    secret_hint: str
    #: HTTP status of a request whose signature is wrong.
    denied_status: int = 401

    @abstractmethod
    def verify(self, delivery: Delivery, secret: str) -> None:
        """Raise ``Unauthorized`` unless ``delivery`` was signed with ``secret``."""
        ...

    def answer(self, delivery: Delivery, secret: str) -> dict[str, Any] | None:  # noqa: ARG002 - the default needs neither
        """Return the reply to a challenge, after ``verify``; ``None`` for ordinary events."""
        return None

    @abstractmethod
    def translate(self, delivery: Delivery, context: Context) -> Iterator[Event | QuarantinedInput]:
        """Yield the events of a delivery.

        A pure function of the delivery, so that a stored one can be replayed: the same delivery,
        and the platform's own retry of it, give the same event ids. Only the body decides what
        happened, so the ``raw`` of a ``QuarantinedInput`` can be translated again without headers.
        """
        ...

    def read_quarantined(self, raw: bytes, context: Context) -> Iterator[Event | QuarantinedInput]:
        """Translate the original as the body of a delivery without headers."""
        return self.translate(Delivery(raw, {}, "", context.now), context)


@runtime_checkable
class PullSource(Source, Protocol):
    """A vendor whose own records are read over its API, object by object."""

    @abstractmethod
    def translate_object(
        self, kind: str, record: dict[str, Any], context: Context, position: int = 1
    ) -> Iterator[Event | QuarantinedInput]:
        """Yield the events of one record, such as a session or a participant."""
        ...
