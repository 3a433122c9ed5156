"""Opening an input: a file or standard input, compressed with gzip or not."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from usage_report.core.errors import InputError
from usage_report.sources.contract import READ_BYTES, SNIFF_BYTES, Context

_GZIP_MAGIC = b"\x1f\x8b"


class InputStream:
    """A forward-only byte stream whose beginning can be looked at before it is read.

    Errors of the disk and of the compressed data are raised as ``InputError``.
    """

    #: The first bytes, decompressed: at most ``SNIFF_BYTES``. ``read`` returns them again.
    head: bytes

    def __init__(self, raw: BinaryIO, name: str) -> None:
        self._raw, self._name = raw, name
        start = b""
        while len(start) < len(_GZIP_MAGIC) and (piece := raw.read(len(_GZIP_MAGIC) - len(start))):
            start += piece
        joined = _Joined(start, raw)
        # read1, not read: a buffered read that fails half-way loses the good bytes it already has.
        self._read = (
            gzip.GzipFile(fileobj=joined, mode="rb").read1 if start == _GZIP_MAGIC else joined.read
        )
        self._error: InputError | None = None
        head = bytearray()
        try:
            while len(head) < SNIFF_BYTES and (piece := self._next(SNIFF_BYTES - len(head))):
                head += piece
        except InputError as error:
            # Even damage this early is reported after the bytes before it.
            self._error = error
        self.head = self._ahead = bytes(head)
        if not head:
            raise self._error or InputError(
                f"{name} is empty",
                "it does not contain a single byte",
                "Check how it was written.",
            )

    @property
    def size(self) -> int | None:
        """Bytes of the file on disk; ``None`` where the input is not a file."""
        try:
            info = os.fstat(self._raw.fileno())
        except (OSError, AttributeError, ValueError):
            return None
        return info.st_size if stat.S_ISREG(info.st_mode) else None

    @property
    def position(self) -> int:
        """How many bytes of ``size`` have been read; 0 where the size is not known."""
        return self._raw.tell() if self.size is not None else 0

    def read(self, size: int = READ_BYTES, /) -> bytes:
        """Return at most ``size`` bytes, possibly fewer; ``b""`` only at the end."""
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
            problem = (
                "ends in the middle of its compressed data"
                if isinstance(error, EOFError)
                else f"cannot be read further ({error})"
            )
            raise InputError(
                f"{self._name} {problem}",
                "it is cut short or damaged",
                "The events before this point were kept. "
                "Get the whole file and ingest it again: nothing is counted twice.",
            ) from None


class _Joined(io.BufferedIOBase):
    """The bytes already read from a stream, then the rest of it."""

    def __init__(self, start: bytes, raw: BinaryIO) -> None:
        self._start = start
        # A pipe's read1 returns what has arrived; read would wait for the whole chunk.
        self._read_more = getattr(raw, "read1", raw.read)

    def read(self, size: int | None = -1, /) -> bytes:
        if self._start:
            piece, self._start = self._start[:size], self._start[size:]
            return piece
        more: bytes = self._read_more(-1 if size is None else size)
        return more


@contextlib.contextmanager
def open_input(path: str | Path) -> Iterator[tuple[InputStream, bytes]]:
    """Open a file, or standard input for ``-``, and give its stream and its head.

    Data that is compressed with gzip is decompressed, whatever the file's name. Raises
    ``InputError`` for what cannot be opened or is empty, and later reads raise it at damage.
    """
    if str(path) == "-":
        stream = InputStream(sys.stdin.buffer, "standard input")
        yield stream, stream.head
        return
    name = str(path)
    with _opened(path, name) as raw:
        try:
            stream = InputStream(raw, name)
        except OSError as error:
            raise InputError(
                f"{name} cannot be read", error.strerror or str(error), "Check the disk it is on."
            ) from None
        yield stream, stream.head


def _opened(path: str | Path, name: str) -> BinaryIO:
    try:
        return Path(path).open("rb")
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
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(
            f"{name} cannot be opened", reason, "Check its permissions and its path."
        ) from None


def team_of(context: Context, content: str) -> str:
    """Return the team that a file is ingested for, where its format has no place for a team.

    ``content`` describes the file in the ``InputError`` that is raised without a team.
    """
    if context.team is None:
        raise InputError(
            f"{context.name} names no team",
            f"{content} does not contain one",
            "Name the team with --team.",
        )
    return context.team
