"""What happens in one session, from first joining to last event: a function of the planned session alone."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from typing import NamedTuple

from usage_report.core.events import CODE, Event
from usage_report.demo.company import CROWDS, SOURCE, TEAM, Person, Range, person
from usage_report.demo.dice import Dice
from usage_report.demo.schedule import MINUTE, Session

SECOND = 1_000
#: How often something goes wrong with a stay.
LOST_LEAVE, LATE_LEAVE, DROPPED, SECOND_DEVICE = 0.015, 0.01, 0.025, 0.03
#: People who switch off before they leave; for the others the platform tells only that they left.
TIDY = 0.2
HOST_SENDS = (0.98, 0.7)

Row = tuple[int, int, str, str, str, str, str]


class Stay(NamedTuple):
    """One connection of a person, ``[join, leave]`` in epoch ms."""

    connection: str
    person: Person
    join: int
    leave: int
    #: Chance of a microphone and of a camera.
    sends: tuple[float, float]
    host: bool


def play(session: Session) -> list[Event]:
    """All events of a session in order of time, save the deletion of its recording."""
    dice = Dice("play", session.id)
    script = _Script(session, dice)
    stays = script.people()
    script.presence(stays)
    script.screens(stays)
    script.surroundings()
    script.posts()
    rows = sorted(script.rows, key=itemgetter(0))
    if session.abandoned:
        told = session.end - 4 * MINUTE
        gone = (CODE["participant.left"], CODE["session.ended"])
        rows = [r for r in rows if r[0] < told and r[1] not in gone]
    id, room = session.id, session.room.name
    return [
        Event(
            TEAM,
            SOURCE,
            f"{id}-{n}",
            code,
            time,
            room,
            id,
            subject,
            connection,
            person,
            name,
            detail,
            "",
        )
        for n, (time, code, subject, connection, person, name, detail) in enumerate(rows, 1)
    ]


def deletion(session: Session, time: int) -> Event:
    """The deletion of a session's recording."""
    id = session.id
    return Event(
        TEAM,
        SOURCE,
        f"{id}-deleted",
        CODE["recording.deleted"],
        time,
        session.room.name,
        id,
        "recording",
        "",
        "",
        "",
        "",
        "",
    )


class _Script:
    """Collects the rows of one session."""

    def __init__(self, session: Session, dice: Dice) -> None:
        self.session, self.room, self.dice = session, session.room, dice
        self.start, self.end = session.start, session.end
        self.hours = (self.end - self.start) / (60 * MINUTE)
        self.rows: list[Row] = []
        self.connections = 0

    def add(
        self,
        time: int,
        type: str,
        subject: str = "",
        connection: str = "",
        who: Person | None = None,
        detail: str = "",
    ) -> None:
        self.rows.append(
            (
                time,
                CODE[type],
                subject,
                connection,
                who.id if who else "",
                who.name if who else "",
                detail,
            )
        )

    def connection(self) -> str:
        self.connections += 1
        return f"c{self.connections}"

    def instant(self, least: float = 0.0, most: float = 1.0) -> int:
        """Some instant of the session, between two shares of it."""
        return self.start + int(
            (self.end - self.start) * (least + (most - least) * self.dice.random())
        )

    # ------------------------------------------------------------------------------------------------ people

    def people(self) -> list[Stay]:
        """All stays, before anything goes wrong with them; the hosts' cover the whole session."""
        s, room, dice = self.session, self.room, self.dice
        turns = room.staff_stay is not None or room.guest_stay is not None
        wanted = s.staff + 1 if room.staff_stay is None else len(s.team)
        host, *others = (person("staff", n) for n in dice.some(s.team, wanted))
        out: list[Stay] = []
        if turns and self.hours > 4:
            middle = (self.start + self.end) // 2
            out += self._stay(host, self.start, middle + 3 * MINUTE, HOST_SENDS, True)
            out += self._stay(others.pop(), middle, self.end, HOST_SENDS, True)
        else:
            out += self._stay(host, self.start, self.end, HOST_SENDS, True)
        if room.staff_stay is None:
            for who in others[: s.staff]:
                out += self._stay(who, *self._whole(), room.staff_sends, False)
        else:
            for seat in range(s.staff):
                # A seat has its own people: nobody sits on two at once.
                for join, leave in self._turns(room.staff_stay):
                    out += self._stay(
                        dice.pick(others[seat :: s.staff]), join, leave, room.staff_sends, False
                    )
        taken: set[int] = set()
        for _ in range(s.guests):
            for join, leave in (
                [self._whole()] if room.guest_stay is None else self._turns(room.guest_stay)
            ):
                number = int(dice.random() ** 2 * CROWDS[room.crowd])
                while number in taken:
                    number = (number + 1) % CROWDS[room.crowd]
                taken.add(number)
                out += self._stay(person(room.crowd, number), join, leave, room.guest_sends, False)
        return out

    def _stay(
        self, who: Person, join: int, leave: int, sends: tuple[float, float], host: bool
    ) -> list[Stay]:
        """A stay: two where the line dropped, and one more now and then for a telephone beside the computer."""
        dice = self.dice
        if host:
            return [
                Stay(self.connection(), who, join + dice.between(0, SECOND), leave, sends, True)
            ]
        luck, length = dice.random(), leave - join
        if luck < DROPPED and length > 10 * MINUTE:
            gap = join + int(length * (0.2 + 0.6 * dice.random()))
            back = gap + dice.between(8 * SECOND, 70 * SECOND)
            return [
                Stay(self.connection(), who, a, b, sends, False)
                for a, b in ((join, gap), (back, leave))
            ]
        out = [Stay(self.connection(), who, join, leave, sends, False)]
        if luck > 1 - SECOND_DEVICE and length > 5 * MINUTE:
            out.append(
                Stay(
                    self.connection(),
                    who,
                    join + length // 4,
                    leave - length // 8,
                    (sends[0] * 0.3, 0),
                    False,
                )
            )
        return out

    def _whole(self) -> tuple[int, int]:
        """Most come on time and stay; some come late, some go early."""
        dice, length = self.dice, self.end - self.start
        join = self.start + SECOND + int(dice.random() ** 3 * min(length * 0.25, 9 * MINUTE))
        if dice.chance(0.1):
            return join, join + int((self.end - join) * (0.5 + 0.5 * dice.random()))
        return join, self.end - int(dice.random() ** 2 * 25 * SECOND)

    def _turns(self, stay: Range) -> Iterator[tuple[int, int]]:
        """The stays of those who take turns on one seat."""
        dice = self.dice
        time = self.start + int(dice.random() * stay[1] * MINUTE / 2)
        while time < self.end - stay[0] * MINUTE // 2:
            leave = min(time + dice.between(stay[0] * MINUTE, stay[1] * MINUTE), self.end)
            yield time, leave
            time = leave + int(dice.random() * stay[1] * MINUTE / 2)

    def presence(self, stays: list[Stay]) -> None:
        """Joining, leaving and what is sent between, with the usual losses."""
        self.add(self.start, "session.started")
        for stay in stays:
            luck = 0.5 if stay.host else self.dice.random()
            self.add(stay.join, "participant.joined", stay.connection, stay.connection, stay.person)
            self._sending(stay, stays)
            if luck < LOST_LEAVE:
                continue
            late = self.dice.between(2 * SECOND, 20 * SECOND) if luck > 1 - LATE_LEAVE else 0
            leave = self.end + late if late else stay.leave
            self.add(leave, "participant.left", stay.connection, stay.connection, stay.person)
        self.add(self.end, "session.ended")

    def _sending(self, stay: Stay, stays: list[Stay]) -> None:
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
        """One track, with breaks of a few minutes (muted), perhaps ended before its connection leaves."""
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
        if dice.chance(TIDY):
            self.add(
                max(time + 1, stay.leave - dice.between(50, 900)),
                "track.unpublished",
                track,
                stay.connection,
            )
        if self.room.subscriptions:
            self._receivers(track, at, stay, stays)

    def _receivers(self, track: str, at: int, sender: Stay, stays: list[Stay]) -> None:
        for other in stays:
            since = max(at, other.join) + self.dice.between(150, 1_500)
            if other is sender or since >= min(other.leave, sender.leave):
                continue
            self.add(since, "track.subscribed", track, other.connection)
            if self.dice.chance(0.12):
                until = since + int((min(other.leave, sender.leave) - since) * self.dice.random())
                self.add(until, "track.unsubscribed", track, other.connection)

    # ------------------------------------------------------------------------------------------- what they do

    def screens(self, stays: list[Stay]) -> None:
        """Screens shared for a while, one connection's after another's."""
        for n in range(self.dice.about(self.room.screens * self.hours)):
            able = [s for s in stays if s.host] if max(self.room.guest_sends) == 0 else stays
            stay = self.dice.pick(able)
            at = stay.join + int((stay.leave - stay.join) * 0.7 * self.dice.random()) + 10 * SECOND
            until = at + self.dice.between(2 * MINUTE, 22 * MINUTE)
            if at >= stay.leave:
                continue
            track = f"{stay.connection}-screen{n + 1}"
            self.add(at, "track.published", track, stay.connection, detail="screenshare")
            if until < stay.leave:
                self.add(until, "track.unpublished", track, stay.connection)
            if self.room.subscriptions:
                self._receivers(track, at, stay, stays)

    def surroundings(self) -> None:
        """Recording, captions, whiteboard, breakouts. What nobody stops ends with the session."""
        room, dice = self.room, self.dice
        if self.session.recorded:
            self._span(
                "recording",
                "started",
                "stopped",
                self.start + dice.between(10 * SECOND, 90 * SECOND),
                self.end,
                "recording",
            )
        if room.captions:
            self._span(
                "captions",
                "started",
                "stopped",
                self.start + dice.between(5 * SECOND, 60 * SECOND),
                self.end,
            )
        if dice.chance(room.whiteboard):
            for n, part in enumerate((0.05, 0.5)):
                self._span(
                    "whiteboard",
                    "opened",
                    "closed",
                    self.instant(part, part + 0.1),
                    self.instant(part + 0.15, part + 0.4),
                    f"board{n + 1}",
                )
        if room.breakouts:
            opened, closed = self.instant(0.35, 0.45), self.instant(0.6, 0.75)
            for n in range(room.breakouts):
                self._span(
                    "breakout", "opened", "closed", opened + n * 3 * SECOND, closed, f"group{n + 1}"
                )

    def _span(
        self, what: str, begin: str, finish: str, at: int, until: int, subject: str = ""
    ) -> None:
        self.add(at, f"{what}.{begin}", subject)
        if self.dice.chance(0.93):
            self.add(until - self.dice.between(SECOND, 20 * SECOND), f"{what}.{finish}", subject)

    def posts(self) -> None:
        room, dice = self.room, self.dice
        for n in range(dice.about(room.chat * self.hours)):
            self.add(
                self.instant(0.02),
                "chat.posted",
                f"chat{n + 1}",
                detail="private" if dice.chance(0.15) else "public",
            )
        for n in range(dice.about(room.questions * self.hours)):
            asked = self.instant(0.3, 0.97)
            self.add(asked, "question.posted", f"question{n + 1}")
            answered = asked + dice.between(30 * SECOND, 7 * MINUTE)
            if answered < self.end and dice.chance(0.75):
                self.add(answered, "answer.posted", f"answer{n + 1}")
