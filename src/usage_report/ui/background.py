"""What the app does beside serving pages, for as long as it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..settings import Settings


@contextmanager
def background(settings: Settings) -> Iterator[None]:
    """Runs around the app's life; whatever it starts it ends."""
    yield
