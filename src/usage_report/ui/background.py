"""What the app does beside serving pages, for as long as it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def background(settings) -> Iterator[None]:
    """Runs around the app's life; whatever it starts it ends. ``settings``: the process's ``Settings``."""
    yield
