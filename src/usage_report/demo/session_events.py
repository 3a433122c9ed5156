"""The events of one session: a function of the planned session alone.

As on real platforms, some events get lost or come late.
"""

from __future__ import annotations

from operator import itemgetter

from usage_report.core.events import CODE, Event
from usage_report.demo.company import TEAM
from usage_report.demo.people import Person
from usage_report.demo.randomness import Dice
from usage_report.demo.schedule import MINUTE, Session
from usage_report.demo.stays import SECOND, Stay, Stays

#: Shares of stays whose leave event gets lost, or comes after the end of the session.
_LOST_LEAVE, _LATE_LEAVE = 0.015, 0.01
#: Share of tracks that end before their connection leaves. The others have no end of their own.
_UNPUBLISHED = 0.2

#: Time, code, and the texts of an ``Event`` from ``subject`` to ``detail``.
Row = tuple[int, int, tuple[str, str, str, str, str]]


def play(session: Session) -> list[Event]:
    """Return all events of a session in order of time, without the deletion of its recording."""
    dice = Dice("play", session.id)
    script = _Script(session, dice)
    stays = Stays(session, dice).all()
    script.presence(stays)
    script.screens(stays)
    script.features()
    script.posts()
    rows = sorted(script.rows, key=itemgetter(0))
    if session.loses_ends:
        failure = session.end - 4 * MINUTE
        lost = (CODE["participant.left"], CODE["session.ended"])
        rows = [row for row in rows if row[0] < failure and row[1] not in lost]
    return [_event(session, str(n), *row) for n, row in enumerate(rows, 1)]


def deletion(session: Session, time: int) -> Event:
    """Return the deletion of a session's recording at ``time`` (epoch ms)."""
    texts = ("recording", "", "", "", "")
    return _event(session, "deleted", time, CODE["recording.deleted"], texts)


def _event(
    session: Session, suffix: str, time: int, code: int, texts: tuple[str, str, str, str, str]
) -> Event:
    id = f"{session.id}-{suffix}"
    room = session.room
    return Event(TEAM, room.source, id, code, time, room.name, session.id, *texts, "")


class _Script:
    """Collects the rows of one session."""

    def __init__(self, session: Session, dice: Dice) -> None:
        self.session, self.room, self.dice = session, session.room, dice
        self.start, self.end = session.start, session.end
        self.hours = (self.end - self.start) / (60 * MINUTE)
        self.rows: list[Row] = []

    def add(
        self,
        time: int,
        type: str,
        subject: str = "",
        connection: str = "",
        who: Person | None = None,
        detail: str = "",
    ) -> None:
        """Add one event."""
        id, name = who or ("", "")
        self.rows.append((time, CODE[type], (subject, connection, id, name, detail)))

    def instant(self, least: float = 0.0, most: float = 1.0) -> int:
        """Return a random instant of the session, between two shares of its length."""
        share = least + (most - least) * self.dice.random()
        return self.start + int((self.end - self.start) * share)

    def presence(self, stays: list[Stay]) -> None:
        """Add joins, leaves and tracks, with the usual losses."""
        self.add(self.start, "session.started")
        for stay in stays:
            luck = 0.5 if stay.is_host else self.dice.random()
            subject = connection = stay.connection
            self.add(stay.join, "participant.joined", subject, connection, stay.person)
            self._sending(stay, stays)
            if luck < _LOST_LEAVE:
                continue
            late = self.dice.between(2 * SECOND, 20 * SECOND) if luck > 1 - _LATE_LEAVE else 0
            leave = self.end + late if late else stay.leave
            self.add(leave, "participant.left", subject, connection, stay.person)
        self.add(self.end, "session.ended")

    def _sending(self, stay: Stay, stays: list[Stay]) -> None:
        """Add the microphone and the camera of a stay."""
        dice, (mic, cam) = self.dice, stay.sends
        at = stay.join + dice.between(400, 4 * SECOND)
        if at >= stay.leave:
            return
        audio = mic > 0 and dice.chance(mic)
        if audio:
            mutes = dice.about(self.room.mutes)
            self._track(stay, stays, "audio", at, mutes)
        if cam > 0 and dice.chance(cam):
            self._track(stay, stays, "video", at + dice.between(0, 3 * SECOND) if audio else at, 0)

    def _track(self, stay: Stay, stays: list[Stay], kind: str, at: int, breaks: int) -> None:
        """Add one track from ``at`` on, with ``breaks`` of a few minutes in which it is muted."""
        dice, track = self.dice, f"{stay.connection}-{kind}"
        self.add(at, "track.published", track, stay.connection, detail=kind)
        time = at
        for _ in range(breaks):
            off = time + dice.between(20 * SECOND, 15 * MINUTE)
            on = off + dice.between(5 * SECOND, 8 * MINUTE)
            if on >= stay.leave:
                break
            self.add(off, "track.unpublished", track, stay.connection)
            self.add(on, "track.published", track, stay.connection, detail=kind)
            time = on
        if dice.chance(_UNPUBLISHED):
            end = max(time + 1, stay.leave - dice.between(50, 900))
            self.add(end, "track.unpublished", track, stay.connection)
        if self.room.has_subscriptions:
            self._receivers(track, at, stay, stays)

    def _receivers(self, track: str, at: int, sender: Stay, stays: list[Stay]) -> None:
        """Add the subscriptions of the others to a track that begins at ``at``."""
        for other in stays:
            since = max(at, other.join) + self.dice.between(150, 1_500)
            if other is sender or since >= min(other.leave, sender.leave):
                continue
            self.add(since, "track.subscribed", track, other.connection)
            if self.dice.chance(0.12):
                until = since + int((min(other.leave, sender.leave) - since) * self.dice.random())
                self.add(until, "track.unsubscribed", track, other.connection)

    def screens(self, stays: list[Stay]) -> None:
        """Add shared screens of random connections."""
        for n in range(self.dice.about(self.room.screens * self.hours)):
            able = [s for s in stays if s.is_host] if max(self.room.guest_sends) == 0 else stays
            stay = self.dice.pick(able)
            at = stay.join + int((stay.leave - stay.join) * 0.7 * self.dice.random()) + 10 * SECOND
            until = at + self.dice.between(2 * MINUTE, 22 * MINUTE)
            if at >= stay.leave:
                continue
            track = f"{stay.connection}-screen{n + 1}"
            self.add(at, "track.published", track, stay.connection, detail="screenshare")
            if until < stay.leave:
                self.add(until, "track.unpublished", track, stay.connection)
            if self.room.has_subscriptions:
                self._receivers(track, at, stay, stays)

    def features(self) -> None:
        """Add recording, captions, whiteboard and breakouts. Some only end with the session."""
        room, dice, start = self.room, self.dice, self.start
        if self.session.is_recorded:
            at = start + dice.between(10 * SECOND, 90 * SECOND)
            self._span(("recording.started", "recording.stopped"), at, self.end, "recording")
        if room.has_captions:
            at = start + dice.between(5 * SECOND, 60 * SECOND)
            self._span(("captions.started", "captions.stopped"), at, self.end)
        if dice.chance(room.whiteboard):
            for n, part in enumerate((0.05, 0.5), 1):
                at, until = self.instant(part, part + 0.1), self.instant(part + 0.15, part + 0.4)
                self._span(("whiteboard.opened", "whiteboard.closed"), at, until, f"board{n}")
        if room.breakouts:
            opened, closed = self.instant(0.35, 0.45), self.instant(0.6, 0.75)
            for n in range(room.breakouts):
                at = opened + n * 3 * SECOND
                self._span(("breakout.opened", "breakout.closed"), at, closed, f"group{n + 1}")

    def _span(self, types: tuple[str, str], at: int, until: int, subject: str = "") -> None:
        """Add a beginning and, nearly always, an end shortly before ``until``."""
        begin, finish = types
        self.add(at, begin, subject)
        if self.dice.chance(0.93):
            self.add(until - self.dice.between(SECOND, 20 * SECOND), finish, subject)

    def posts(self) -> None:
        """Add chat posts, questions and answers."""
        room, dice = self.room, self.dice
        for n in range(dice.about(room.chat * self.hours)):
            at = self.instant(0.02)
            visibility = "private" if dice.chance(0.15) else "public"
            self.add(at, "chat.posted", f"chat{n + 1}", detail=visibility)
        for n in range(dice.about(room.questions * self.hours)):
            asked = self.instant(0.3, 0.97)
            self.add(asked, "question.posted", f"question{n + 1}")
            answered = asked + dice.between(30 * SECOND, 7 * MINUTE)
            if answered < self.end and dice.chance(0.75):
                self.add(answered, "answer.posted", f"answer{n + 1}")
