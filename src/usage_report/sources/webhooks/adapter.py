"""The base class of adapters for webhooks, and the lookup of a handler by the name of an event."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from usage_report.core.errors import EventError
from usage_report.core.events import Event, QuarantinedInput
from usage_report.sources.contract import Context, Delivery, WebhookSource
from usage_report.sources.payload import Draft, quarantined, translated, unknown

Handler = TypeVar("Handler")


class WebhookAdapter(WebhookSource):
    """A platform whose deliveries hold JSON objects, each of which is one event of the platform."""

    def _split(self, body: bytes) -> Iterable[bytes]:
        """Return the JSON objects of a body. Raises ``EventError`` if it cannot be read."""
        return (body,)

    @abstractmethod
    def _drafts(self, body: dict[str, Any]) -> Iterable[Draft]:
        """Return what one event of the platform becomes, ``()`` where it has no part in usage.

        Raises ``EventError`` where the event is not known, or lacks a required field.
        """

    def translate(self, delivery: Delivery, context: Context) -> Iterator[Event | QuarantinedInput]:
        """Yield the events of a delivery, as the table in the platform's module has them."""
        try:
            objects = self._split(delivery.body)
        except EventError as error:
            yield quarantined(error, delivery.body, self.name, context)
            return
        for position, raw in enumerate(objects, 1):
            yield from translated(self.name, raw, context, self._drafts, position)


def handler_of(
    event_name: object,
    field: str,
    handlers: Mapping[str, Handler],
    ignored: Container[str] = frozenset(),
) -> Handler | None:
    """Return the handler of an event, or ``None`` for one that has no part in usage.

    ``field`` is where the event's name stands. Raises ``EventError`` for a name that is in neither
    ``handlers`` nor ``ignored``.
    """
    if isinstance(event_name, str):
        if event_name in handlers:
            return handlers[event_name]
        if event_name in ignored:
            return None
    raise unknown(event_name, field)
