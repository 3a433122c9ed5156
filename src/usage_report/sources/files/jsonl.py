"""JSON Lines: one CloudEvents object per line, a format that can express every event.

Blank lines, CRLF, a byte order mark and a last line without a newline are accepted. Every other
line is either an event or quarantined with its line number. A line over ``MAX_LINE_BYTES`` is
skipped as it is read; its first ``KEPT_BYTES`` are quarantined.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from usage_report.core import team_keys
from usage_report.core.errors import EventError
from usage_report.core.events import Event, QuarantinedInput, parse, storable
from usage_report.sources.contract import ByteStream, Context, FileSource
from usage_report.sources.text import KEPT_BYTES, MAX_LINE_BYTES, lines, without_mark


class JsonLines(FileSource):
    """Canonical events, one per line."""

    name = "jsonl"
    title = "JSON Lines"
    cannot_supply = frozenset[str]()
    aliases = ("events", "cloudevents")

    def recognises(self, head: bytes, name: str) -> bool:  # noqa: ARG002 - the content decides
        """Return whether the first line that is not blank begins with ``{``."""
        return without_mark(head).lstrip()[:1] == b"{"

    def read(self, stream: ByteStream, context: Context) -> Iterator[Event | QuarantinedInput]:
        """Yield one item for every line that is not blank."""
        now, team = context.now, context.team
        loads = orjson.loads
        position = 0
        for batch, is_complete in lines(stream):
            if not is_complete:
                position += 1
                yield QuarantinedInput(
                    "line-too-long",
                    f"the line is longer than {MAX_LINE_BYTES:,} bytes; its first {KEPT_BYTES:,} "
                    "are kept. Is a line break missing?",
                    batch[0],
                    position,
                    storable(team),
                    is_truncated=True,
                )
                continue
            for line in batch:
                position += 1
                try:
                    obj = loads(line)
                except orjson.JSONDecodeError as error:
                    # Looking for blank lines before decoding would cost time for every line.
                    if line.strip():
                        yield QuarantinedInput(
                            *_not_json(line, error), line.rstrip(b"\r"), position, storable(team)
                        )
                    continue
                try:
                    yield parse(obj, now=now, team=team)
                except EventError as error:
                    yield QuarantinedInput(
                        error.reason, error.why, line.rstrip(b"\r"), position, *_claims(obj, team)
                    )


def _not_json(line: bytes, error: orjson.JSONDecodeError) -> tuple[str, str]:
    """Reason and explanation for a line that does not decode."""
    try:
        line.decode()
    except UnicodeDecodeError as broken:
        value = f"{line[broken.start]:#04x}"
        return "not-utf8", f"byte {broken.start + 1} is not UTF-8 ({value}); save the file as UTF-8"
    problem = error.msg.partition(": line ")[0]
    return "not-json", f"not valid JSON at character {error.pos + 1}: {problem}"


def _claims(obj: Any, team: str | None) -> tuple[str, str]:
    """Team and source that a quarantined object names, as far as they can be stored.

    A team that cannot exist is left out: no page would show its quarantine.
    """
    if not isinstance(obj, dict):
        return storable(team), ""
    data = obj.get("data")
    named = data.get("team") if isinstance(data, dict) else None
    claimed = storable(team if named is None else named)
    return "" if team_keys.fault(claimed) else claimed, storable(obj.get("source"))


SOURCE = JsonLines()
