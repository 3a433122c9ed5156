"""Where events come from: one module here per source, found by looking, registered nowhere.

A source module has

* ``NAME``, the id it is asked for with ``--source``; ``ALIASES``, further names for it, where it has any;
* ``TITLE``, what people call it;
* ``CANNOT_SUPPLY``, the keys of ``metrics.ALL`` that its events can never add up to: reports show these as *not supplied*;
* ``BESIDE`` (optional), the ``NAME`` of a source that tells of the same meetings: what either supplies is supplied;

and one of these or both: what reads files,

* ``recognises(head, name)``: is an input that begins with these bytes (decompressed, at most ``HEAD``) one of ours?
* ``read(stream, context)``: a lazy iterator of ``Event`` and ``Refused``, in the order of the input. It holds a bounded
  piece of the input at any time. Damage to the input as a whole is an ``InputError`` where it is met: what was yielded
  before stands, and because every event keeps its id, feeding the mended input again counts nothing twice;

and what takes the webhooks of a platform: ``SECRET``, ``verify``, ``answer`` and ``translate``, as ``_hooks`` tells.
"""

from __future__ import annotations

import contextlib
import gzip
import importlib
import io
import os
import pkgutil
import re
import stat
import sys
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, NamedTuple

from ..errors import InputError, did_you_mean
from ..events import MAX_TEXT, Event, Refused

#: How much of an input is looked at to recognise it.
HEAD = 64 * 1024
#: How much is read at once.
CHUNK = 256 * 1024

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_OBJECT_LINE = re.compile(rb"^[ \t]*\{", re.MULTILINE)


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
            while len(head) < HEAD and (piece := self._next(HEAD - len(head))):
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

    def read(self, size: int = CHUNK) -> bytes:
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


@cache
def discover() -> dict[str, ModuleType]:
    """Every source module, by ``NAME``, in alphabetical order."""
    modules = (
        importlib.import_module(f"{__name__}.{info.name}")
        for info in pkgutil.iter_modules(__path__)
        if not info.name.startswith("_")
    )
    return {module.NAME: module for module in sorted(modules, key=lambda m: m.NAME)}


def files() -> dict[str, ModuleType]:
    """Those that read files, by ``NAME``."""
    return {name: module for name, module in discover().items() if hasattr(module, "read")}


def platforms() -> dict[str, ModuleType]:
    """Those that take webhooks, by ``NAME``."""
    return {name: module for name, module in discover().items() if hasattr(module, "verify")}


def choose(head: bytes, name: str, wanted: str | None = None) -> ModuleType:
    """The source module for an input that begins with ``head``: the ``wanted`` one, else the one that recognises it.

    Lines of text that nobody recognises are read as JSON Lines, so that each gets its reason in quarantine. What cannot be
    lines of JSON is refused as a whole with ``InputError``, as is an unknown ``wanted``.
    """
    known = files()
    if wanted is not None:
        by_name = {
            alias: module
            for module in known.values()
            for alias in (module.NAME, *getattr(module, "ALIASES", ()))
        }
        if wanted in by_name:
            return by_name[wanted]
        raise InputError(f"There is no source {wanted!r}", "", did_you_mean(wanted, by_name))
    for module in known.values():
        if module.recognises(head, name):
            return module
    is_xml = head.removeprefix(_BOM).lstrip().startswith(b"<")
    if is_xml or (_is_binary(head) and not _OBJECT_LINE.search(head)):
        titles = " nor ".join(module.TITLE for module in known.values())
        raise InputError(
            f"{name} is neither {titles}",
            "it is XML of another kind"
            if is_xml
            else "it is UTF-16 without the English column names of an attendance report"
            if _is_utf16(head)
            else "it is not text",
            "Nothing was taken. Name the source with --source if it is one of these.",
        )
    return known["jsonl"]


def _is_utf16(head: bytes) -> bool:
    return head[:2] in (b"\xff\xfe", b"\xfe\xff") or head[1:4:2] == b"\0\0"


def _is_binary(head: bytes) -> bool:
    if b"\0" in head:
        return True
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A character cut in two by the end of the head is no fault of the text.
        return error.start < len(head) - 3
    return False


def again(name: str, raw: bytes, context: Context) -> Iterator[Event | Refused]:
    """What source ``name`` makes of an original it refused before, kept as ``Refused.raw``."""
    from ._hooks import Delivery  # it builds on this module

    module = discover()[name]
    if hasattr(module, "read"):
        return module.read(io.BytesIO(raw), context)
    return module.translate(Delivery(raw, {}, "", context.now), context)


def cannot_supply(source_names: Iterable[str]) -> frozenset[str]:
    """Keys of the metrics that none of these sources (``Event.source``) supplies.

    A name that is no source module here is somebody's own, of whom we know nothing: it is taken to supply everything.
    No names, nothing missing: no data is another thing than no supply.
    """
    known = discover()
    missing = [
        known[name].CANNOT_SUPPLY if name in known else frozenset[str]()
        for name in set(source_names)
    ]
    return frozenset.intersection(*missing) if missing else frozenset()


def partly(source_names: Iterable[str]) -> tuple[tuple[str, frozenset[str]], ...]:
    """``(TITLE, keys)`` of each platform among these that cannot supply what another one does, by title.

    Its part in such a figure is missing, or rough. Sources of the same meetings (``BESIDE``) are one platform.
    """
    known, names = discover(), set(source_names)
    of: dict[str, set[str]] = {}
    for name in names:
        of.setdefault(getattr(known.get(name), "BESIDE", name), set()).add(name)
    nobody = cannot_supply(names)
    lacking = (
        (known[name].TITLE, cannot_supply(members) - nobody)
        for name, members in of.items()
        if name in known
    )
    return tuple(sorted((title, keys) for title, keys in lacking if keys))


def storable(value: object) -> str:
    """``value`` if it is a text the database can hold as a team or a source, else ``""``. For what is refused."""
    try:
        return (
            value
            if isinstance(value, str) and "\0" not in value and len(value.encode()) <= MAX_TEXT
            else ""
        )
    except UnicodeEncodeError:  # half a character, from a command line that is not UTF-8
        return ""
