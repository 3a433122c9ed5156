"""Digests of events. They are stored: their bytes must never change.

Fields are named one by one, so that the order of ``Event``'s fields does not matter. A golden test
(``tests/golden/stored.json``) pins the bytes.
"""

from __future__ import annotations

from hashlib import blake2b

from usage_report.core.events.model import Event


def identity(event: Event) -> bytes:
    """Return 16 bytes that identify an event: a digest of its team, source and id."""
    text = f"{event.team}\0{event.source}\0{event.id}"
    return blake2b(text.encode(), digest_size=16).digest()


def content(event: Event) -> bytes:
    """Return 16 bytes of everything else an event states.

    Events with the same identity but different contents are a conflict.
    """
    text = (
        f"{event.code} {event.time}\0{event.room}\0{event.session}\0{event.subject}"
        f"\0{event.connection}\0{event.person}\0{event.name}\0{event.detail}\0{event.extra}"
    )
    return blake2b(text.encode(), digest_size=16).digest()
