"""Reads the elements of an ``events.xml`` one by one, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, XMLParser

from usage_report.core.errors import EventError, InputError
from usage_report.sources.contract import READ_BYTES, ByteStream

#: Longest text of one field that is read. Chat and drawings can be longer, but are not used.
MAX_FIELD_CHARACTERS = 4_096
MAX_FIELDS = 64
MAX_DEPTH = 64
#: Longest tag, attribute or comment, in bytes: the parser must hold each of them whole.
MAX_TOKEN_BYTES = 4 * 1024 * 1024

_HEADER_TAGS = frozenset({"recording", "meeting", "metadata", "breakout"})


class Element(NamedTuple):
    """One ``<event>`` of the file."""

    #: Position among the events of the file, from 1.
    position: int
    attributes: dict[str, str]
    #: Text of each child, by its tag.
    fields: dict[str, str]
    #: Whether a field was longer than ``MAX_FIELD_CHARACTERS``, or there were over ``MAX_FIELDS``.
    is_truncated: bool

    @property
    def kind(self) -> str:
        """The kind of event, such as ``ParticipantJoinEvent``."""
        return self.attributes.get("eventname", "")

    def required(self, *fields: str) -> str:
        """Return the first of these fields that is not empty, else raise ``EventError``."""
        for field in fields:
            if value := self.fields.get(field):
                return value
        raise EventError("missing-field", f"{fields[0]} is missing; every {self.kind} must have it")

    def xml(self) -> bytes:
        """Return the element as XML, with its original content but not its original spaces."""
        attributes = "".join(f" {k}={quoteattr(v)}" for k, v in self.attributes.items())
        fields = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in self.fields.items())
        return f"<event{attributes}>{fields}</event>".encode()


class ElementReader:
    """Parser target that keeps the ``<event>`` being read, and no other part of the tree."""

    def __init__(self, name: str) -> None:
        self._name = name
        #: Attributes of the elements that describe the meeting. They precede the events.
        self.headers: dict[str, dict[str, str]] = {}
        self._root = ""
        self._depth = 0
        self._count = 0
        self._complete: list[Element] = []
        #: Whether the parser has reported anything since the last chunk.
        self._has_advanced = False
        self._has_events = False
        # The event being read, and its field being read.
        self._attributes: dict[str, str] = {}
        self._fields: dict[str, str] | None = None
        self._is_truncated = False
        self._field = ""
        self._text: list[str] = []
        self._characters_left = 0

    def read(self, stream: ByteStream) -> Iterator[Element]:
        """Yield the elements of the file.

        Raises ``InputError``, after the elements before it, where the XML ends early or is damaged
        or harmful.
        """
        parser = XMLParser(target=self, forbid_dtd=True)
        bytes_in_token = 0
        while True:
            chunk = stream.read(READ_BYTES)
            damage = self._feed(parser, chunk)
            complete, self._complete = self._complete, []
            yield from complete
            if damage:
                raise damage
            if not chunk:
                break
            bytes_in_token = 0 if self._has_advanced else bytes_in_token + len(chunk)
            self._has_advanced = False
            if bytes_in_token > MAX_TOKEN_BYTES:
                raise InputError(
                    f"{self._name} holds one tag of over {MAX_TOKEN_BYTES:,} bytes",
                    "no events.xml has any",
                    "The events before it were kept.",
                )
        if self._root != "recording":
            raise InputError(
                f"{self._name} is not an events.xml",
                f"its outermost element is {self._root[:60]!r}, not 'recording'",
                "Nothing was ingested.",
            )

    def _feed(self, parser: XMLParser, chunk: bytes) -> InputError | None:
        """Parse a chunk, or the end if it is empty. Return the damage in it."""
        try:
            if chunk:
                parser.feed(chunk)
            else:
                parser.close()
        except DefusedXmlException:
            return InputError(
                f"{self._name} declares a document type or entities",
                "these can make a small file fill the memory or read other files, "
                "and no events.xml has any",
                "Nothing after them was ingested.",
            )
        except (ParseError, ValueError, LookupError) as error:
            return InputError(
                f"{self._name} is damaged after {self._count:,} elements",
                f"it is not well-formed XML ({error})",
                "The events before this point were kept. "
                "Get the whole file and ingest it again: nothing is counted twice.",
            )
        except InputError as error:
            return error
        return None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Receive an opening tag from the parser."""
        self._has_advanced = True
        self._depth += 1
        if self._depth == 1:
            self._root = tag
        elif self._depth > MAX_DEPTH:
            raise InputError(
                f"{self._name} nests elements over {MAX_DEPTH} deep",
                "no events.xml does",
                "The events before it were kept.",
            )
        if self._depth == 2 and tag == "event":
            self._attributes, self._fields, self._is_truncated = attributes, {}, False
            self._has_events = True
        elif self._depth <= 2 and tag in _HEADER_TAGS and not self._has_events:
            # After the first event, the result would depend on how much was read at once.
            self.headers.setdefault(tag, attributes)
        elif self._depth == 3 and self._fields is not None:
            if len(self._fields) < MAX_FIELDS:
                self._field, self._text = tag, []
                self._characters_left = MAX_FIELD_CHARACTERS
            else:
                self._is_truncated = True

    def data(self, text: str) -> None:
        """Receive text from the parser."""
        self._has_advanced = True
        if self._field and self._characters_left >= 0:
            self._text.append(text[: self._characters_left])
            self._characters_left -= len(text)
            self._is_truncated |= self._characters_left < 0

    def end(self, tag: str) -> None:  # noqa: ARG002 - the parser checks that tags match
        """Receive a closing tag from the parser."""
        if self._depth == 3 and self._field and self._fields is not None:
            self._fields.setdefault(self._field, "".join(self._text).strip())
            self._field = ""
        elif self._depth == 2 and self._fields is not None:
            self._count += 1
            self._complete.append(
                Element(self._count, self._attributes, self._fields, self._is_truncated)
            )
            self._fields = None
        self._depth -= 1

    def close(self) -> None:
        """Receive the end from the parser."""
