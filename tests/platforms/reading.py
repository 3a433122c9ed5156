"""What the tests of single platforms ask: what does this body become, and why is this delivery not let in?"""

import json
from types import ModuleType

import pytest

from support.harness import NOW, TEAM
from usage_report.core.events import Event, QuarantinedInput
from usage_report.sources.contract import Context, Delivery
from usage_report.sources.signatures import Unauthorized


class Reading:
    """One platform, read from far in the future, so that no time is refused for that."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def translate(self, body: dict | bytes) -> list[Event | QuarantinedInput]:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return list(self.module.translate(Delivery(raw, {}, "", NOW), Context(NOW, TEAM)))

    def events(self, body: dict | bytes) -> list[Event]:
        told = self.translate(body)
        assert all(type(x) is Event for x in told), told
        return told

    def one(self, body: dict | bytes) -> Event:
        (event,) = self.events(body)
        return event

    def says(self, body: dict | bytes) -> tuple[str, int]:
        event = self.one(body)
        return event.type, event.time

    def refused(self, body: dict | bytes) -> str:
        """The reason; the body is kept as it came."""
        (told,) = self.translate(body)
        assert type(told) is QuarantinedInput, told
        assert (told.team, told.source) == (TEAM, self.module.NAME)
        assert told.raw == (body if isinstance(body, bytes) else json.dumps(body).encode())
        return told.reason

    def turned_away(self, delivery: Delivery, secret: str) -> str:
        """Why a delivery is not let in."""
        with pytest.raises(Unauthorized) as caught:
            self.module.verify(delivery, secret)
        return str(caught.value)
