"""JSON Lines: one CloudEvents object a line, the form in which every event of ours can be written down.

Blank lines, CRLF, a byte order mark and a last line without newline are all right. Every other line is an event or is
refused with its line number. A line over ``MAX_LINE`` is skipped as it is read; its first ``KEEP`` bytes are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from usage_report.core.errors import EventError
from usage_report.core.events import Event, QuarantinedInput, parse, storable
from usage_report.sources.contract import READ_BYTES, Context

NAME = "jsonl"
ALIASES = ("events", "cloudevents")
TITLE = "JSON Lines"
CANNOT_SUPPLY: frozenset[str] = frozenset()

#: Longest line taken, in bytes.
MAX_LINE = 1024 * 1024
#: How much of a longer one is kept for quarantine.
KEEP = 64 * 1024

_BOM = b"\xef\xbb\xbf"


def recognises(head: bytes, name: str) -> bool:
    """The first line that is not blank begins with ``{``."""
    return head.removeprefix(_BOM).lstrip()[:1] == b"{"


def read(stream: BinaryIO, context: Context) -> Iterator[Event | QuarantinedInput]:
    """Every line's ``Event`` or ``Refused``, blank ones left out."""
    now, team = context.now, context.team
    loads = orjson.loads
    position = 0
    for lines, complete in _lines(stream):
        if not complete:
            position += 1
            why = f"the line is longer than {MAX_LINE:,} bytes; its first {KEEP:,} are kept. Is a line break missing?"
            yield QuarantinedInput(
                "line-too-long", why, lines[0], position, storable(team), "", True
            )
            continue
        for line in lines:
            position += 1
            try:
                obj = loads(line)
            except orjson.JSONDecodeError as error:
                # Blank lines come here too: looking for them in front would cost every line.
                if line.strip():
                    yield QuarantinedInput(
                        *_not_json(line, error), line.rstrip(b"\r"), position, storable(team)
                    )
                continue
            try:
                yield parse(obj, now=now, team=team)
            except EventError as rejected:
                yield QuarantinedInput(
                    rejected.reason, rejected.why, line.rstrip(b"\r"), position, *_claims(obj, team)
                )


def _lines(stream: BinaryIO) -> Iterator[tuple[list[bytes], bool]]:
    """Batches of whole lines (without ``\\n``) and ``True``; the kept head of one too long and ``False``."""
    chunk = b""
    while len(chunk) < len(_BOM) and (piece := stream.read(READ_BYTES)):
        chunk += piece
    # A first read that is the mark alone is not the end.
    chunk = chunk.removeprefix(_BOM) or stream.read(READ_BYTES)
    rest = b""
    skipping = False
    while chunk:
        if skipping:
            _, found, chunk = chunk.partition(b"\n")
            skipping = not found
        if chunk:
            lines = (rest + chunk).split(b"\n")
            rest = lines.pop()
            # Only the first can be long: the others lie within one chunk.
            if lines and len(lines[0]) > MAX_LINE:
                yield [lines.pop(0)[:KEEP]], False
            if lines:
                yield lines, True
            if len(rest) > MAX_LINE:
                yield [rest[:KEEP]], False
                rest, skipping = b"", True
        chunk = stream.read(READ_BYTES)
    if rest:
        yield [rest], True


def _not_json(line: bytes, error: orjson.JSONDecodeError) -> tuple[str, str]:
    try:
        line.decode()
    except UnicodeDecodeError as broken:
        return (
            "not-utf8",
            f"byte {broken.start + 1} is not UTF-8 ({line[broken.start]:#04x}); save the file as UTF-8",
        )
    problem = error.msg.partition(": line ")[0]
    return "not-json", f"not valid JSON at character {error.pos + 1}: {problem}"


def _claims(obj: Any, team: str | None) -> tuple[str, str]:
    """Team and source that a refused object names, as far as they can be kept."""
    if not isinstance(obj, dict):
        return storable(team), ""
    data = obj.get("data")
    named = data.get("team") if isinstance(data, dict) else None
    return storable(team if named is None else named), storable(obj.get("source"))
