"""What the tests of single platforms ask: the events of a body, and the reason of a rejection."""

import json

import pytest

from support.harness import NOW, TEAM
from usage_report.core.events import Event, QuarantinedInput
from usage_report.sources.contract import Context, Delivery, WebhookSource
from usage_report.sources.signatures import Unauthorized


class Reading:
    """Translates bodies of one platform at a time in the far future, later than all of their times."""

    def __init__(self, source: WebhookSource) -> None:
        self.source = source

    def translate(self, body: dict | bytes) -> list[Event | QuarantinedInput]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return list(self.source.translate(Delivery(raw, {}, "", NOW), Context(NOW, TEAM)))

    def events(self, body: dict | bytes) -> list[Event]:
        items = self.translate(body)
        assert all(type(x) is Event for x in items), items
        return items

    def one(self, body: dict | bytes) -> Event:
        (event,) = self.events(body)
        return event

    def type_and_time(self, body: dict | bytes) -> tuple[str, int]:
        """Type and time of the only event of a body."""
        event = self.one(body)
        return event.type, event.time

    def quarantine_reason(self, body: dict | bytes) -> str:
        """Reason for which a body is quarantined; checks that it is kept unchanged."""
        (item,) = self.translate(body)
        assert type(item) is QuarantinedInput, item
        assert (item.team, item.source) == (TEAM, self.source.name)
        assert item.raw == (body if isinstance(body, bytes) else json.dumps(body).encode())
        return item.reason

    def rejection(self, delivery: Delivery, secret: str) -> str:
        """Reason for which a delivery is not authorised."""
        with pytest.raises(Unauthorized) as caught:
            self.source.verify(delivery, secret)
        return str(caught.value)
