"""What each connection of a BigBlueButton meeting sends: voice, cameras and the shared screen."""

from __future__ import annotations

import re

from usage_report.core.errors import EventError
from usage_report.sources.files.bigbluebutton_elements import Element

#: Type of an event, and its data besides team, room and session.
Change = tuple[str, dict[str, str]]

_CALLER = re.compile(r"\A(.+?)-bbbID-")
_USER_ID = re.compile(r"\A[a-z]_[a-z0-9]{8,}\Z")


class Media:
    """The tracks of every connection, whether it is present or not.

    Others receive the tracks of connections that are present, so only these give events.
    """

    def __init__(self, present: set[str]) -> None:
        #: Connections in the meeting; shared with its owner, who changes it.
        self._present = present
        #: Connection -> id of each of its tracks -> kind of the track.
        self._tracks: dict[str, dict[str, str]] = {}
        #: Voice participant -> connection.
        self._voices: dict[str, str] = {}
        #: Camera stream -> connection.
        self._cameras: dict[str, str] = {}
        #: Connection that shares its screen, and its track.
        self._screen: tuple[str, str] | None = None
        self._presenter = ""

    def clear(self) -> None:
        """Forget all tracks: the meeting has ended."""
        self._tracks.clear()
        self._voices.clear()
        self._cameras.clear()
        self._screen = None

    def resumed(self, connection: str) -> list[Change]:
        """Publish the tracks of a connection again, when it returns."""
        tracks = self._tracks.get(connection, {})
        return [_published(connection, track, kind) for track, kind in tracks.items()]

    def voice_joined(self, element: Element) -> list[Change]:
        """Start the audio of a voice participant, unless muted."""
        voice = element.required("participant")
        self._voices[voice] = connection = self._speaker(voice, element)
        return self._speak(connection, is_muted=element.fields.get("muted") == "true")

    def voice_muted(self, element: Element) -> list[Change]:
        """Stop or start the audio of a voice participant."""
        connection = self._voices.get(element.required("participant"))
        if connection is None:
            return []  # not in the voice conference: muted or not, the others do not receive it
        return self._speak(connection, is_muted=element.required("muted") == "true")

    def voice_left(self, element: Element) -> list[Change]:
        """Stop the audio of a voice participant, who leaves the voice conference."""
        connection = self._voices.pop(element.required("participant"), None)
        return [] if connection is None else self._speak(connection, is_muted=True)

    def camera_started(self, element: Element) -> list[Change]:
        """Start the video of a camera."""
        stream = _stream(element)
        connection = self._owner(element, stream)
        if not connection:
            raise EventError(
                "unknown-connection",
                f"the camera stream {stream[:80]!r} belongs to no one who is present",
            )
        self._cameras[stream] = connection
        return self._publish(connection, stream, "video")

    def camera_stopped(self, element: Element) -> list[Change]:
        """Stop the video of a camera."""
        stream = _stream(element)
        connection = self._cameras.pop(stream, None)
        return [] if connection is None else self._unpublish(connection, stream)

    def screen_started(self, element: Element) -> list[Change]:
        """Start sharing a screen, and stop sharing the one before."""
        connection = self._owner(element, _stream_name(element) or "") or self._presenter
        if not connection:
            raise EventError(
                "unknown-connection",
                "a screen is shared, but the event names no user and there is no presenter",
            )
        changes = self.screen_stopped(element)
        self._screen = (connection, f"{connection}/screen")
        return changes + self._publish(*self._screen, "screenshare")

    def screen_stopped(self, _element: Element) -> list[Change]:
        """Stop sharing the screen."""
        if self._screen is None:
            return []
        (connection, track), self._screen = self._screen, None
        return self._unpublish(connection, track)

    def presenter_assigned(self, element: Element) -> list[Change]:
        """Remember the presenter, who shares the screen where the event names no user."""
        self._presenter = element.fields.get("userid") or element.fields.get("userId") or ""
        return []

    def _speak(self, connection: str, *, is_muted: bool) -> list[Change]:
        track = f"{connection}/audio"
        if is_muted:
            return self._unpublish(connection, track)
        return self._publish(connection, track, "audio")

    def _publish(self, connection: str, track: str, kind: str) -> list[Change]:
        tracks = self._tracks.setdefault(connection, {})
        if track in tracks:
            return []
        tracks[track] = kind
        return [_published(connection, track, kind)] if connection in self._present else []

    def _unpublish(self, connection: str, track: str) -> list[Change]:
        tracks = self._tracks.get(connection, {})
        if track not in tracks:
            return []
        del tracks[track]
        if not tracks:
            del self._tracks[connection]
        if connection not in self._present:
            return []
        return [("track.unpublished", {"connection": connection, "track": track})]

    def _speaker(self, voice: str, element: Element) -> str:
        """Return the connection of a voice participant, present or not."""
        if voice in self._present or _USER_ID.match(voice):
            return voice
        callers: list[str] = []
        for field in ("callername", "callernumber"):
            if match := _CALLER.match(element.fields.get(field, "")):
                # Newer clients number their attempts: w_abc_1-bbbID-Name
                callers += [match[1], match[1].rpartition("_")[0]]
        return self._connection_among(callers) or voice

    def _owner(self, element: Element, stream: str) -> str:
        """Return the connection that sends a stream, or the empty text.

        The event names it, or the name of the stream contains it.
        """
        return element.fields.get("userId") or self._connection_among(re.split(r"[-./]", stream))

    def _connection_among(self, candidates: list[str]) -> str:
        """Return the first that is present, else the first in the form of a user id, else empty."""
        present = [name for name in candidates if name in self._present]
        return next(iter(present or filter(_USER_ID.match, candidates)), "")


def _published(connection: str, track: str, kind: str) -> Change:
    return "track.published", {"connection": connection, "track": track, "kind": kind}


def _stream(element: Element) -> str:
    name = _stream_name(element)
    return element.required("stream") if name is None else name


def _stream_name(element: Element) -> str | None:
    """Name of the stream; in newer servers that of its file, without folders."""
    for field in ("stream", "filename", "file"):
        if value := element.fields.get(field):
            return value.rpartition("/")[2]
    return None
