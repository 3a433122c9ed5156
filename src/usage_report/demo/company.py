"""The sample company: its contract and its rooms. To change the company, change these tables."""

from __future__ import annotations

from typing import NamedTuple

TEAM = "demo"
#: Source of most events: the company's own rooms.
SOURCE = "sample"
#: Source of the events of its second platform, which reports neither chat nor whiteboards.
LIVEKIT = "livekit"
ZONE = "Europe/Berlin"
BILLING_DAY = 15
#: The contract. In the middle of a usual billing period minutes are well below their limit,
#: sessions near it, participants over it.
LIMITS = {
    "participation_minutes": 1_100_000,
    "max_concurrent_sessions": 14,
    "max_concurrent_participants": 340,
}

WORK, OFF, ALWAYS = "working days", "weekends and holidays", "every day"
#: Ages in days at which recordings are deleted. Few, so that the deletions of a day can be found in
#: the plans of as few days.
DELETION_AGES = (7, 14, 30, 90)

#: Least and most.
Range = tuple[int, int]


class Room(NamedTuple):
    """One room and what usually happens in it. Times are local times of ``ZONE``."""

    name: str
    #: When sessions begin, ``HH:MM`` (never 02:00 to 02:59, which does not exist on some days).
    starts: tuple[str, ...]
    length_minutes: Range
    open_on: str = WORK
    #: Weekdays (0 is Monday) and weeks of the month (1 to 5) on which it is used.
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    weeks: tuple[int, ...] = (1, 2, 3, 4, 5)
    is_open_at_christmas: bool = False
    #: Average number of sessions at each start, and the minutes over which their beginnings spread.
    calls: float = 1
    spread_minutes: float = 1
    #: What season, growth and the day change: the number of "calls", or of "people" in each;
    #: ``""`` for neither.
    varies: str = ""
    #: How far the number of calls is from its average on a day: 0.2 for up to a fifth.
    calls_vary: float = 0.0
    #: Numbers of the employees who use it. Sessions that begin together share them.
    employees: Range = (0, 120)
    #: One host is always present. In addition: employees, and guests of a crowd.
    staff: Range = (0, 0)
    guests: Range = (0, 0)
    crowd: str = "guest"
    #: Length of one stay; ``None`` for the whole session. With lengths, people take turns on as
    #: many seats.
    staff_stay_minutes: Range | None = None
    guest_stay_minutes: Range | None = None
    #: Chances that a microphone and a camera are on.
    host_sends: tuple[float, float] = (0.98, 0.7)
    staff_sends: tuple[float, float] = (0.95, 0.6)
    guest_sends: tuple[float, float] = (0.9, 0.5)
    #: Average number of mutes in a stay, and of screens, chat posts and questions per hour.
    mutes: float = 0.2
    screens: float = 0.0
    chat: float = 0.0
    questions: float = 0.0
    #: Chances of a recording, and of its later deletion.
    recorded: float = 0.0
    deleted: float = 0.5
    has_captions: bool = False
    #: Chance of a whiteboard; number of breakout rooms.
    whiteboard: float = 0.0
    breakouts: int = 0
    #: Do events report who receives which track? Only then are consumed minutes exact.
    has_subscriptions: bool = False
    #: Source of its events.
    source: str = SOURCE
    #: Once a month, all leave events and the end of one session are lost.
    loses_ends: bool = False


ROOMS = (
    Room(
        "Daily stand-up",
        ("09:15",),
        (8, 19),
        calls=6.6,
        calls_vary=0.2,
        employees=(0, 84),
        staff=(2, 3),
        staff_sends=(0.9, 0.5),
        mutes=0.05,
    ),
    Room(
        "Sales calls",
        ("09:40", "10:50", "13:20", "14:40", "16:10"),
        (22, 50),
        is_open_at_christmas=True,
        calls=1,
        spread_minutes=35,
        varies="calls",
        employees=(84, 104),
        staff=(0, 1),
        guests=(1, 3),
        screens=0.8,
        chat=1,
        recorded=0.25,
    ),
    Room(
        "One-to-ones",
        ("10:00", "11:10", "13:00", "15:20", "16:40"),
        (22, 34),
        is_open_at_christmas=True,
        calls=0.8,
        spread_minutes=25,
        varies="calls",
        staff=(1, 1),
        staff_sends=(1, 0.9),
        mutes=0,
        has_subscriptions=True,
        loses_ends=True,
    ),
    Room(
        "Project tables",
        ("10:05", "14:05", "15:35"),
        (40, 75),
        calls=0.9,
        spread_minutes=10,
        varies="calls",
        employees=(0, 84),
        staff=(4, 8),
        guests=(0, 1),
        mutes=0.2,
        screens=1,
        chat=2,
        whiteboard=0.3,
        recorded=0.15,
        staff_sends=(0.7, 0.35),
    ),
    Room(
        "Virtual office",
        ("08:10",),
        (540, 570),
        is_open_at_christmas=True,
        varies="people",
        staff=(13, 17),
        staff_stay_minutes=(130, 270),
        staff_sends=(0.08, 0.05),
        mutes=0,
        chat=3,
        has_subscriptions=True,
    ),
    Room(
        "Support desk",
        ("07:55",),
        (600, 620),
        is_open_at_christmas=True,
        varies="people",
        employees=(100, 120),
        staff=(2, 3),
        guests=(1, 1),
        staff_stay_minutes=(150, 280),
        guest_stay_minutes=(14, 40),
        staff_sends=(0.6, 0.1),
        guest_sends=(0.8, 0.1),
        mutes=0.1,
        screens=0.3,
        chat=2,
        host_sends=(0.7, 0.1),
    ),
    Room(
        "All-hands",
        ("11:00",),
        (40, 55),
        weekdays=(0,),
        varies="people",
        staff=(50, 66),
        staff_sends=(0.05, 0.08),
        mutes=0,
        screens=2,
        chat=25,
        recorded=1,
        deleted=0.2,
        has_captions=True,
    ),
    Room(
        "Webinar",
        ("14:00",),
        (50, 65),
        weekdays=(2,),
        employees=(84, 100),
        staff=(0, 0),
        guests=(255, 365),
        crowd="viewer",
        guest_sends=(0, 0),
        mutes=0,
        screens=2,
        chat=50,
        questions=28,
        recorded=1,
        deleted=0.15,
        has_captions=True,
    ),
    Room(
        "Academy",
        ("13:30",),
        (130, 160),
        weekdays=(1, 3),
        varies="people",
        staff=(6, 9),
        guests=(3, 7),
        staff_sends=(0.7, 0.6),
        mutes=0.4,
        screens=1.5,
        chat=8,
        whiteboard=1,
        breakouts=4,
        recorded=0.6,
        deleted=0.4,
        has_subscriptions=True,
    ),
    Room(
        "Board room",
        ("16:00",),
        (100, 130),
        weekdays=(3,),
        weeks=(1,),
        employees=(0, 12),
        staff=(6, 8),
        staff_sends=(1, 0.9),
        screens=2,
        chat=2,
        recorded=1,
        deleted=0,
        has_subscriptions=True,
    ),
    Room(
        "Community night",
        ("20:45",),
        (195, 225),
        weekdays=(3,),
        weeks=(2, 4),
        varies="people",
        staff=(2, 3),
        guests=(22, 34),
        crowd="member",
        guest_stay_minutes=(80, 180),
        guest_sends=(0.22, 0.25),
        screens=1,
        chat=30,
        recorded=0.5,
        has_subscriptions=True,
    ),
    Room(
        "Weekend drop-in",
        ("10:30", "16:30"),
        (60, 110),
        OFF,
        staff=(1, 3),
        guests=(0, 3),
        source=LIVEKIT,
    ),
    Room(
        "Field service",
        ("12:40",),
        (45, 100),
        weekdays=(4,),
        varies="people",
        employees=(60, 100),
        staff=(4, 9),
        staff_sends=(0.9, 0.3),
        screens=0.5,
        source=LIVEKIT,
    ),
    # The two rooms that never close: a shift ends some minutes after the next one has begun, so
    # that there is always a session.
    Room(
        "Follow-the-sun support",
        ("01:10", "05:10", "09:10", "13:10", "17:10", "21:10"),
        (250, 265),
        ALWAYS,
        employees=(96, 120),
        staff=(1, 1),
        guests=(1, 1),
        staff_stay_minutes=(60, 130),
        guest_stay_minutes=(15, 40),
        staff_sends=(0.4, 0.1),
        guest_sends=(0.4, 0.05),
        mutes=0.1,
        chat=3.6,
        host_sends=(0.5, 0.05),
    ),
    Room(
        "Operations room",
        ("03:30", "07:30", "11:30", "15:30", "19:30", "23:30"),
        (250, 265),
        ALWAYS,
        employees=(72, 108),
        staff=(1, 2),
        staff_stay_minutes=(20, 75),
        staff_sends=(0.4, 0.1),
        mutes=0.1,
        screens=0.3,
        chat=3.6,
        recorded=0.9,
        deleted=0.95,
        host_sends=(0.5, 0.05),
    ),
)
