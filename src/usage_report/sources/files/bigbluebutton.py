"""BigBlueButton's ``events.xml``, which a server keeps of each recorded meeting.

One file is one session: ``session`` is the meeting's internal id, ``room`` its external id, else
its name. A connection is a ``userId``, a person an ``externalUserId``. The file names no team:
``--team`` does.

======================================================  ============================================
In the file                                             Becomes
======================================================  ============================================
ParticipantJoinEvent, ParticipantLeftEvent              participant.joined, participant.left
ParticipantJoinedEvent, -LeftEvent, -MutedEvent         track.published, track.unpublished, audio:
(voice)                                                 sent while in the voice conference and not
                                                        muted
StartWebcamShareEvent, StartWebRTCShareEvent            the same, video
and their Stop
StartWebRTCDesktopShareEvent, DeskshareStartedEvent,    the same, screenshare: of the user that the
DeskShareStartRTMP and their stops                      event names, else of the presenter. A new
                                                        share ends the one before
RecordStatusEvent                                       recording.started, recording.stopped
PublicChatEvent                                         chat.posted, public
EndAndKickAllEvent, else the end of the file            session.ended
the whole file of a breakout room                       breakout.opened, breakout.closed in the
                                                        parent's session
======================================================  ============================================

Tracks that a person goes on sending while the connection is lost (voice outlives a page reload)
are published again when the person returns. A voice participant is identified by its ``userId``
(servers from 2.0 on), else by the ``userId-bbbID-name`` of its caller.

A breakout room is a meeting with a file of its own. Its people are present in a session and room
of their own as well as in the parent's, and breakout minutes need the files of the breakout rooms.
There, ``externalUserId`` is the parent's ``userId`` followed by the number of the room. The number
is removed, so that a guest is one person in both; a user who signed in counts as two.

Not supplied: recording storage (deletions are not in the file), questions and answers (not
recorded; polls are a different thing), captions and whiteboard (the file contains what was written
and drawn, but not when they were open). Private chat is never recorded. Who receives which track
is not in the file either, so consumed minutes are estimated.

The time of an element is its ``timestampUTC``. An element without it has a relative ``timestamp``,
which counts from the same instant as that of the latest element with both. In files without any
``timestampUTC``, the first element is at the start of the meeting, which ends the meeting id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from usage_report.core.events import Event, QuarantinedInput
from usage_report.sources.contract import ByteStream, Context, FileSource
from usage_report.sources.files import jsonl
from usage_report.sources.files.bigbluebutton_elements import ElementReader
from usage_report.sources.files.bigbluebutton_meeting import Meeting
from usage_report.sources.input import team_of
from usage_report.sources.text import without_mark

_ROOT = re.compile(rb"<recording[\s/>]")


class BigBlueButtonEvents(FileSource):
    """The ``events.xml`` of one meeting."""

    name = "bigbluebutton"
    title = "BigBlueButton events.xml"
    cannot_supply = frozenset(
        {"recording_storage_minutes", "qa_posts", "captions_minutes", "whiteboard_minutes"}
    )
    aliases = ("bbb",)

    def recognises(self, head: bytes, name: str) -> bool:  # noqa: ARG002 - the content decides
        """Look for an XML document whose root is ``recording``."""
        rest = without_mark(head).lstrip()
        for opening, closing in ((b"<?", b"?>"), (b"<!--", b"-->")) * 8:
            if rest.startswith(opening):
                rest = rest.partition(closing)[2].lstrip()
        if rest.startswith(b"<!DOCTYPE"):
            # Recognised, so that it is rejected for its document type.
            return _ROOT.search(rest) is not None
        return _ROOT.match(rest) is not None

    def read(self, stream: ByteStream, context: Context) -> Iterator[Event | QuarantinedInput]:
        """Yield the events of one meeting."""
        team = team_of(context, "a BigBlueButton recording")
        elements = ElementReader(context.name)
        meeting: Meeting | None = None
        for element in elements.read(stream):
            meeting = meeting or Meeting(self.name, team, elements.headers, context)
            yield from meeting.read(element)
        if meeting:
            yield from meeting.close()

    def read_quarantined(self, raw: bytes, context: Context) -> Iterator[Event | QuarantinedInput]:
        """Read a rejected event. A rejected element cannot be read without the rest of its file."""
        if raw.startswith(b"{"):
            yield from jsonl.SOURCE.read_quarantined(raw, context)


SOURCE = BigBlueButtonEvents()
