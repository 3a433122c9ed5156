"""The connections of one session, and when they are present.

As on real platforms, connections drop and people join with a second device.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import NamedTuple

from usage_report.demo.company import Range
from usage_report.demo.people import CROWDS, Person, person
from usage_report.demo.randomness import Dice
from usage_report.demo.schedule import MINUTE, Session

SECOND = 1_000
#: Shares of stays whose connection drops, and whose person also joins with a second device.
_DROPPED, _SECOND_DEVICE = 0.025, 0.03


class Stay(NamedTuple):
    """One connection of a person, ``[join, leave]`` in epoch ms."""

    connection: str
    person: Person
    join: int
    leave: int
    #: Chances of a microphone and of a camera.
    sends: tuple[float, float]
    is_host: bool = False


class Stays:
    """Makes the stays of one session. Their connections are called ``c1``, ``c2``, and so on."""

    def __init__(self, session: Session, dice: Dice) -> None:
        self.session, self.room, self.dice = session, session.room, dice
        self.start, self.end = session.start, session.end
        self._numbers = count(1)

    def all(self) -> list[Stay]:
        """Return all stays. Those of the hosts cover the whole session."""
        staff_turns = self.room.staff_stay_minutes
        wanted = self.session.staff + 1 if staff_turns is None else len(self.session.employees)
        staff = [person("staff", n) for n in self.dice.some(self.session.employees, wanted)]
        stays = self._hosts(staff)
        if staff_turns is None:
            for who in staff[: self.session.staff]:
                stays += self._stay(who, self._whole(), self.room.staff_sends)
        else:
            for seat in range(self.session.staff):
                # Each seat has people of its own, so that no person is on two seats at once.
                people = staff[seat :: self.session.staff]
                for span in self._turns(staff_turns):
                    stays += self._stay(self.dice.pick(people), span, self.room.staff_sends)
        return stays + self._guests()

    def _hosts(self, staff: list[Person]) -> list[Stay]:
        """Take one host from ``staff``, or two in turn for a long session."""
        host = staff.pop(0)
        takes_turns = self.room.staff_stay_minutes or self.room.guest_stay_minutes
        if not takes_turns or self.end - self.start <= 4 * 60 * MINUTE:
            return [self._host(host, self.start, self.end)]
        middle = (self.start + self.end) // 2
        return [
            self._host(host, self.start, middle + 3 * MINUTE),
            self._host(staff.pop(), middle, self.end),
        ]

    def _host(self, who: Person, start: int, leave: int) -> Stay:
        join = start + self.dice.between(0, SECOND)
        return Stay(self._connection(), who, join, leave, self.room.host_sends, is_host=True)

    def _guests(self) -> list[Stay]:
        """Return the stays of the guests, each a different person of the crowd."""
        room, size = self.room, CROWDS[self.room.crowd]
        stays: list[Stay] = []
        used: set[int] = set()
        for _ in range(self.session.guests):
            turns = room.guest_stay_minutes
            for span in [self._whole()] if turns is None else self._turns(turns):
                number = int(self.dice.random() ** 2 * size)
                while number in used:
                    number = (number + 1) % size
                used.add(number)
                stays += self._stay(person(room.crowd, number), span, room.guest_sends)
        return stays

    def _stay(self, who: Person, span: tuple[int, int], sends: tuple[float, float]) -> list[Stay]:
        """Return one stay, or two where the connection drops or a second device joins."""
        join, leave = span
        luck, length = self.dice.random(), leave - join
        if luck < _DROPPED and length > 10 * MINUTE:
            gap = join + int(length * (0.2 + 0.6 * self.dice.random()))
            back = gap + self.dice.between(8 * SECOND, 70 * SECOND)
            return [
                Stay(self._connection(), who, a, b, sends) for a, b in ((join, gap), (back, leave))
            ]
        stays = [Stay(self._connection(), who, join, leave, sends)]
        if luck > 1 - _SECOND_DEVICE and length > 5 * MINUTE:
            join, leave = join + length // 4, leave - length // 8
            stays.append(Stay(self._connection(), who, join, leave, (sends[0] * 0.3, 0)))
        return stays

    def _connection(self) -> str:
        return f"c{next(self._numbers)}"

    def _whole(self) -> tuple[int, int]:
        """Return the span of one stay: most people come on time and stay to the end."""
        dice, length = self.dice, self.end - self.start
        join = self.start + SECOND + int(dice.random() ** 3 * min(length * 0.25, 9 * MINUTE))
        if dice.chance(0.1):
            return join, join + int((self.end - join) * (0.5 + 0.5 * dice.random()))
        return join, self.end - int(dice.random() ** 2 * 25 * SECOND)

    def _turns(self, minutes: Range) -> Iterator[tuple[int, int]]:
        """Yield the spans of people who take turns on one seat."""
        least, most = (n * MINUTE for n in minutes)
        time = self.start + int(self.dice.random() * most / 2)
        while time < self.end - least // 2:
            leave = min(time + self.dice.between(least, most), self.end)
            yield time, leave
            time = leave + int(self.dice.random() * most / 2)
