"""Bytes as text: byte order marks, encodings, and the lines of a stream of any length."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import pairwise

from usage_report.sources.contract import READ_BYTES, ByteStream

#: Longest line that is read, in bytes.
MAX_LINE_BYTES = 1024 * 1024
#: How much of a longer one is kept for the quarantine, in bytes.
KEPT_BYTES = 64 * 1024

_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_DELIMITERS = (b"\t", b";", b",")
_TABLE_NAMES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_OBJECT_LINE = re.compile(rb"^[ \t]*\{", re.MULTILINE)


def without_mark(head: bytes) -> bytes:
    """Return ``head`` without UTF-8's byte order mark."""
    return head.removeprefix(codecs.BOM_UTF8)


def encoding_of(head: bytes) -> str:
    """Name of the codec of a text: UTF-16 by its byte order mark or its zero bytes, else UTF-8."""
    if head[:2] in _UTF16_MARKS:
        return "utf-16"
    return "utf-16-le" if head[1:4:2] == b"\0\0" else "utf-8-sig"


def can_hold_lines(head: bytes) -> bool:
    """Return whether ``head`` begins UTF-8 text, or contains a line that begins a JSON object."""
    if b"\0" not in head:
        try:
            head.decode()
        except UnicodeDecodeError as error:
            # A character that the end of the head cuts in two is no fault of the text.
            if error.start >= len(head) - 3:
                return True
        else:
            return True
    return _OBJECT_LINE.search(head) is not None


def is_unknown_table(head: bytes, name: str) -> bool:
    """Return whether text without any JSON object is a table, by its lines or the file's name.

    A table has two lines with the same number of cells, or headings of several columns only.
    """
    if _OBJECT_LINE.search(without_mark(head)) or b"\0" in head:
        return False
    if name.lower().endswith(_TABLE_NAMES):
        return True
    counts = [tuple(map(line.count, _DELIMITERS)) for line in head.splitlines()[:100]]
    filled = [count for count in counts if any(count)]
    has_rows = any(
        here == below > 0
        for row, next_row in pairwise(filled)
        for here, below in zip(row, next_row, strict=True)
    )
    return has_rows or (len(filled) == 1 and max(filled[0]) > 1)


def lines(stream: ByteStream) -> Iterator[tuple[list[bytes], bool]]:
    """Yield the lines of a stream in batches, and whether the lines of the batch are complete.

    Lines come without their newline. Of a line over ``MAX_LINE_BYTES``, only the first
    ``KEPT_BYTES`` are yielded, as a batch that is not complete; the rest is skipped as it is read.
    """
    chunk = b""
    while len(chunk) < len(codecs.BOM_UTF8) and (piece := stream.read(READ_BYTES)):
        chunk += piece
    # A first read that is the mark alone is not the end.
    chunk = without_mark(chunk) or stream.read(READ_BYTES)
    rest = b""
    is_skipping = False
    while chunk:
        if is_skipping:
            _, newline, chunk = chunk.partition(b"\n")
            is_skipping = not newline
        if chunk:
            whole = (rest + chunk).split(b"\n")
            rest = whole.pop()
            # Only the first can be long: the others lie within one chunk.
            if whole and len(whole[0]) > MAX_LINE_BYTES:
                yield [whole.pop(0)[:KEPT_BYTES]], False
            if whole:
                yield whole, True
            if len(rest) > MAX_LINE_BYTES:
                yield [rest[:KEPT_BYTES]], False
                rest, is_skipping = b"", True
        chunk = stream.read(READ_BYTES)
    if rest:
        yield [rest], True
