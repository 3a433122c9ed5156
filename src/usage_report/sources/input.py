"""TODO."""

from __future__ import annotations

import contextlib
import gzip
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from usage_report.core.errors import InputError
from usage_report.sources.contract import READ_BYTES, SNIFF_BYTES

_GZIP = b"\x1f\x8b"


class _Input:
    """A forward-only byte stream that first repeats its head, and that turns read errors into sentences.

    ``read`` may return fewer bytes than asked for; ``b""`` is the end, as ever.
    """

    def __init__(self, raw: BinaryIO, name: str) -> None:
        self._raw, self._name = raw, name
        start = b""
        while len(start) < len(_GZIP) and (piece := raw.read(len(_GZIP) - len(start))):
            start += piece
        joined = _Joined(start, raw)
        # read1, not read: a buffered read that fails half-way loses the good bytes it already has
        self._read = (
            gzip.GzipFile(fileobj=joined, mode="rb").read1 if start == _GZIP else joined.read
        )
        self._error: InputError | None = None
        head = bytearray()
        try:
            while len(head) < SNIFF_BYTES and (piece := self._next(SNIFF_BYTES - len(head))):
                head += piece
        except InputError as error:
            # Damage this early still comes after what can be read before it.
            self._error = error
        self.head = self._ahead = bytes(head)
        if not head:
            raise self._error or InputError(
                f"{name} is empty",
                "there is not one byte of events in it",
                "Check how it was written.",
            )

    @property
    def size(self) -> int | None:
        """Bytes of the input as it lies on disk; ``None`` where that cannot be known."""
        try:
            info = os.fstat(self._raw.fileno())
        except (OSError, AttributeError, ValueError):
            return None
        return info.st_size if stat.S_ISREG(info.st_mode) else None

    @property
    def position(self) -> int:
        """How many of those bytes have been read; 0 where the size is not known."""
        return self._raw.tell() if self.size is not None else 0

    def read(self, size: int = READ_BYTES) -> bytes:
        if size < 0:
            raise ValueError("read a bounded piece: inputs can be larger than memory")
        if self._ahead:
            piece, self._ahead = self._ahead[:size], self._ahead[size:]
            return piece
        if self._error:
            raise self._error
        return self._next(size)

    def _next(self, size: int) -> bytes:
        try:
            return self._read(size)
        except (EOFError, zlib.error, OSError) as error:
            what = (
                "ends in the middle of its compressed data"
                if isinstance(error, EOFError)
                else f"cannot be read further ({error})"
            )
            raise InputError(
                f"{self._name} {what}",
                "it is cut short or damaged",
                "The events before this point were kept. Get the whole file and feed it again: nothing is counted twice.",
            ) from None


class _Joined:
    """The bytes already taken from a stream, then the rest of it. Enough of a file for ``GzipFile``."""

    def __init__(self, start: bytes, raw: BinaryIO) -> None:
        self._start, self._raw = start, raw
        # A pipe's read1 gives what is there; read would wait for the whole chunk.
        self._more = getattr(raw, "read1", raw.read)

    def read(self, size: int) -> bytes:
        if self._start:
            piece, self._start = self._start[:size], self._start[size:]
            return piece
        return self._more(size)


@contextlib.contextmanager
def open_input(path: str | Path) -> Iterator[tuple[BinaryIO, bytes]]:
    """``(stream, head)`` of a file, or of standard input for ``-``; gzip is undone, whatever the name.

    ``stream`` starts at the beginning (``head`` is a look ahead) and may return short reads. ``InputError`` for what
    cannot be opened or is empty; later reads raise it at damage.
    """
    if str(path) == "-":
        stream = _Input(sys.stdin.buffer, "standard input")
        yield stream, stream.head  # type: ignore[misc]
        return
    name = str(path)
    try:
        raw = open(path, "rb")  # noqa: SIM115 - closed below; only opening it is guarded here
    except FileNotFoundError:
        raise InputError(
            f"There is no file {name}", "", "Check the path; `-` reads from standard input."
        ) from None
    except IsADirectoryError:
        raise InputError(
            f"{name} is a directory",
            "only files can be read",
            f"Name the files in it, such as {name.rstrip('/')}/*.jsonl.",
        ) from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{name} cannot be opened", why, "Check its permissions and its path."
        ) from None
    with raw:
        try:
            stream = _Input(raw, name)
        except OSError as error:
            raise InputError(
                f"{name} cannot be read", error.strerror or str(error), "Check the disk it is on."
            ) from None
        yield stream, stream.head  # type: ignore[misc]
