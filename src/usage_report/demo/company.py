"""The sample company: its rooms, its people, its year. To change the company, change the tables here and nothing else.

Everything is a function of the date and of fixed texts; nothing reads a clock.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

COMPANY = "Kranich & Vale"
TEAM = "demo"
SOURCE = "sample"
ZONE = "Europe/Berlin"
BILLING_DAY = 15
#: The contract. By the middle of a usual billing period: minutes well below, sessions near, participants over.
LIMITS = {
    "participation_minutes": 1_100_000,
    "max_concurrent_sessions": 18,
    "max_concurrent_participants": 400,
}

WORK, OFF, ALWAYS = "working days", "weekends and holidays", "every day"
#: Ages in days at which recordings are deleted. Few, so that one day's deletions are found in few plans.
AGES = (7, 14, 30, 90)

Range = tuple[int, int]


class Room(NamedTuple):
    """One room and what usually happens in it. Times are of ``ZONE``, lengths are minutes, pairs are (least, most)."""

    name: str
    #: When sessions begin, ``HH:MM`` (never 02:00 to 02:59, which some days do not have).
    at: tuple[str, ...]
    length: Range
    open: str = WORK
    #: Weekdays (0 is Monday) and weeks of the month (1 to 5) on which it is used.
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    weeks: tuple[int, ...] = (1, 2, 3, 4, 5)
    #: Is it used in the quiet fortnight of Christmas?
    christmas: bool = False
    #: Sessions that begin at each time, and the minutes over which their beginnings are spread.
    calls: float = 1
    spread: float = 1
    #: What season and growth change: the number of "calls", or of "people" at each; ``""`` for neither.
    varies: str = ""
    #: Employees who come here, as a slice of all. Sessions that begin together share them out.
    team: Range = (0, 120)
    #: One host is always there; besides: employees, and guests of a crowd.
    staff: Range = (0, 0)
    guests: Range = (0, 0)
    crowd: str = "guest"
    #: Length of one stay; ``None``: from beginning to end. With lengths, people take turns on as many seats.
    staff_stay: Range | None = None
    guest_stay: Range | None = None
    #: Chance that a microphone and a camera are on.
    staff_sends: tuple[float, float] = (0.95, 0.6)
    guest_sends: tuple[float, float] = (0.9, 0.5)
    #: Mutings per stay; screens shared, chat posts and questions per hour of a session.
    mutes: float = 0.2
    screens: float = 0.0
    chat: float = 0.0
    questions: float = 0.0
    #: Chance of a recording, and of its being deleted one day.
    recorded: float = 0.0
    deleted: float = 0.5
    captions: bool = False
    whiteboard: float = 0.0
    breakouts: int = 0
    #: Do events tell who receives which track? Only then are consumed minutes exact.
    subscriptions: bool = False
    #: Once a month its first session of some day breaks off: neither leaves nor an end are ever told.
    breaks: bool = False


ROOMS = (
    Room("Daily stand-up", ("09:15",), (10, 15), calls=12, team=(0, 84), staff=(2, 3), staff_sends=(0.9, 0.5), mutes=0.05),
    Room("Sales calls", ("09:40", "10:50", "13:20", "14:40", "16:10"), (22, 50), christmas=True,
         calls=1, spread=35, varies="calls", team=(84, 104), staff=(0, 1), guests=(1, 3), screens=0.8, chat=1, recorded=0.25),
    Room("One-to-ones", ("10:00", "11:10", "13:00", "15:20", "16:40"), (22, 34), christmas=True,
         calls=0.8, spread=25, varies="calls", staff=(1, 1), staff_sends=(1, 0.9), mutes=0, subscriptions=True, breaks=True),
    Room("Project tables", ("10:05", "14:05", "15:35"), (40, 75), calls=0.9, spread=10, varies="calls",
         team=(0, 84), staff=(4, 8), guests=(0, 1), mutes=0.2, screens=1, chat=2, whiteboard=0.3, recorded=0.15),
    Room("Virtual office", ("08:10",), (540, 570), christmas=True, varies="people", staff=(13, 17),
         staff_stay=(110, 250), staff_sends=(0.1, 0.06), mutes=0, chat=3),
    Room("Support desk", ("07:55",), (600, 620), christmas=True, varies="people", team=(100, 120), staff=(3, 4), guests=(1, 1),
         staff_stay=(140, 250), guest_stay=(12, 34), staff_sends=(0.9, 0.2), guest_sends=(0.9, 0.15), mutes=0.1, screens=0.3, chat=2),
    Room("All-hands", ("11:00",), (40, 55), weekdays=(0,), varies="people", staff=(50, 66),
         staff_sends=(0.08, 0.25), mutes=0, screens=2, chat=25, recorded=1, deleted=0.2, captions=True),
    Room("Webinar", ("14:00",), (50, 65), weekdays=(2,), team=(84, 100), staff=(0, 0), guests=(285, 435),
         crowd="viewer", guest_sends=(0, 0), mutes=0, screens=2, chat=50, questions=28, recorded=1, deleted=0.15, captions=True),
    Room("Academy", ("13:30",), (130, 160), weekdays=(1, 3), varies="people", staff=(6, 10), guests=(4, 9),
         staff_sends=(0.7, 0.6), mutes=0.6, screens=1.5, chat=8, whiteboard=1, breakouts=4, recorded=0.6, deleted=0.4),
    Room("Board room", ("16:00",), (100, 130), weekdays=(3,), weeks=(1,), team=(0, 12), staff=(6, 8),
         staff_sends=(1, 0.9), screens=2, chat=2, recorded=1, deleted=0, subscriptions=True),
    Room("Community night", ("20:45",), (195, 225), weekdays=(3,), weeks=(2, 4), varies="people", staff=(2, 3), guests=(28, 45),
         crowd="member", guest_stay=(60, 150), guest_sends=(0.25, 0.3), screens=1, chat=30, recorded=0.5),
    Room("Weekend drop-in", ("10:30", "16:30"), (60, 110), OFF, staff=(1, 3), guests=(0, 3), chat=4),
    # The two rooms that never close: a shift ends some minutes after the next has begun, so that somebody is always there.
    Room("Follow-the-sun support", ("01:10", "05:10", "09:10", "13:10", "17:10", "21:10"), (250, 265), ALWAYS,
         team=(96, 120), staff=(1, 1), guests=(1, 1), staff_stay=(35, 90), guest_stay=(7, 22), staff_sends=(0.4, 0.1),
         guest_sends=(0.4, 0.05), mutes=0.1, chat=0.5),
    Room("Operations room", ("03:30", "07:30", "11:30", "15:30", "19:30", "23:30"), (250, 265), ALWAYS,
         team=(72, 108), staff=(1, 2), staff_stay=(9, 36), staff_sends=(0.4, 0.1),
         mutes=0.1, screens=0.3, chat=0.5, recorded=0.97, deleted=0.95),
)  # fmt: skip

#: People outside the company, by crowd: how many there are. They return; low numbers more often.
CROWDS = {"guest": 900, "viewer": 6_000, "member": 350}

#: First and last names that go together, eight and eight.
NAMES = tuple(
    tuple(half.split() for half in names.split("|"))
    for names in (
        "Anke Jonas Lena Malte Svenja Torben Frieda Henning | Albrecht Bergholz Dörfler Eickmann Hansen Krüger Löffler Westphal",
        "Birte Florian Greta Jannik Katrin Matthias Silke Uwe | Brandt Clausen Ehlers Gräfe Jürgens Petersen Sörensen Thießen",
        "Antonia Ferdinand Heidi Korbinian Leonie Quirin Vroni Xaver | Angerer Bichler Feichtner Hölzl Kirchmair Moser Strößner Wörndl",
        "Grace Oliver Hannah Callum Amelia Rhys Niamh Duncan | Ashworth Bellamy Carrick Fairley Hartnell Merrow Pryce Whitlock",
        "Elif Emre Zeynep Kerem Defne Burak Aylin Ozan | Aksoy Demirel Çelik Güneş Karaca Öztürk Şahin Yıldız",
        "Inés Álvaro Lucía Mateo Ximena Joaquín Sofía Íñigo | Aguirre Beltrán Castaño Ibáñez Muñoz Peñalver Quiroga Zúñiga",
        "Agnieszka Łukasz Zofia Paweł Małgorzata Krzysztof Hania Bartosz | Dąbrowa Gałązka Jabłoń Kołecki Późniak Sikora Wrzos Źródlak",
        "Ingrid Søren Åsa Lars Freja Øystein Maja Björn | Ångman Bjerregaard Dahlgren Ekström Fjeld Håkansen Møller Ødegård",
        "Chiara Matteo Ginevra Luca Élodie Théo Maëlle Benoît | Bonfanti Cattaneo Ferrante Lemaître Marchetti Noël Ricciardi Vauquelin",
        "Олена Андрій Соломія Тарас Мария Илья Дарина Богдан | Бондаренко Гайдук Ковалько Левчук Мороз Осипова Ткач Шевчук",
        "ليلى عمر نور يوسف سلمى كريم هدى طارق | الحداد البستاني الخياط النجار الشامي المنصوري العطار الزيات",
        "נועה איתן תמר אורי מיכל יונתן שירה גיל | אלמוג ברקן גולן דרור לביא סגל רביד שקד",
        "结衣 健太 美咲 大輔 さくら 翔太 陽菜 拓海 | 佐々木 中村 藤田 松本 小川 岡田 森田 石井",
        "अनन्या रोहन प्रिया अर्जुन मीरा विक्रम नेहा आदित्य | अग्रवाल जोशी कुलकर्णी मेहता नायर पटेल शर्मा वर्मा",
        "민서 지훈 서연 도윤 하은 준호 예린 시우 | 강 김 문 박 신 윤 정 최",
        "Thandiwe Chidi Amara Kwame Zanele Tunde Nia Sipho | Adeyemi Boateng Dlamini Eze Mensah Nkosi Okafor Sithole",
    )
)


class Person(NamedTuple):
    id: str
    name: str


@lru_cache(maxsize=8_192)
def person(crowd: str, number: int) -> Person:
    """The person of a number: the same id and name for ever."""
    turn, tongue = divmod(number, len(NAMES))
    firsts, lasts = NAMES[tongue]
    # An odd step visits all 64 pairs before one comes again.
    last, first = divmod((turn * 27 + tongue + len(crowd)) % 64, 8)
    return Person(f"{crowd}-{number + 1:04d}", f"{firsts[first]} {lasts[last]}")


# ---------------------------------------------------------------------------------------------------- the year


@lru_cache(maxsize=64)
def holidays(year: int) -> frozenset[date]:
    """The public holidays of all of Germany."""
    # Easter by the rule of Gauss as mended by Lichtenberg (right for all Gregorian years).
    k = year // 100
    m = 15 + (3 * k + 3) // 4 - (8 * k + 13) // 25
    s = 2 - (3 * k + 3) // 4
    a = year % 19
    d = (19 * a + m) % 30
    r = (d + a // 11) // 29
    full_moon = 21 + d - r
    sunday = 7 - (year + year // 4 + s) % 7
    easter = date(year, 3, 1) + timedelta(days=full_moon + 7 - (full_moon - sunday) % 7 - 1)
    moving = (easter + timedelta(days=n) for n in (-2, 1, 39, 50))
    return frozenset(
        [
            date(year, 1, 1),
            date(year, 5, 1),
            date(year, 10, 3),
            date(year, 12, 25),
            date(year, 12, 26),
            *moving,
        ]
    )


def working(day: date) -> bool:
    return day.weekday() < 5 and day not in holidays(day.year)


def christmas(day: date) -> bool:
    """The quiet fortnight."""
    return (day.month, day.day) >= (12, 22) or (day.month, day.day) <= (1, 4)


def bustle(day: date) -> float:
    """How much of a usual working day is going on: weekday, Christmas, summer. 1 is a plain day, or one off."""
    if not working(day):
        return 1.0
    if christmas(day):
        return 0.25
    summer = 0.62 if date(day.year, 7, 10) <= day <= date(day.year, 8, 31) else 1.0
    return summer * (0.95, 1.05, 1.05, 1.0, 0.8)[day.weekday()]


#: The company's size is 1 on this day and grows in a straight line, within bounds, so that a database is of about the
#: same make and weight whenever it is filled.
SIZE_ONE = date(2026, 4, 1)


def size(day: date) -> float:
    """How large the company is on a day, against ``SIZE_ONE``."""
    return min(max(1.0 + 0.9 * (day - SIZE_ONE).days / 365, 0.5), 2.0)
