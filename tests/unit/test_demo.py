"""The sample company: repeatable, without seams, valid, lifelike, and never idle."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from usage_report import demo
from usage_report.core import events as ev
from usage_report.core import metrics
from usage_report.core.periods import billing_period, local, midnight, zone
from usage_report.demo import company, people, schedule, year

TZ = zone(demo.ZONE)
HOUR = 3_600_000
STALE = 24 * HOUR
JOINED, LEFT, ENDED = (
    ev.CODE["participant.joined"],
    ev.CODE["participant.left"],
    ev.CODE["session.ended"],
)


def at(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=TZ).timestamp() * 1000)


NOW = at(2026, 11, 23, 10, 44)
START = demo.start_of(NOW)


def cloud_event(e: ev.Event) -> bytes:
    """Return an event as a platform would send it."""
    kind = ev.BY_CODE[e.code]
    data = {"team": e.team, "room": e.room, "session": e.session}
    for name, value in (
        ("connection", e.connection),
        ("participant", e.person),
        ("name", e.name),
        (kind.subject, e.subject),
        ("visibility" if kind.subject == "post" else "kind", e.detail),
    ):
        if name and value:
            data[name] = value
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": e.id,
            "source": e.source,
            "type": e.type,
            "time": ev.iso(e.time),
            "data": data,
        }
    )


def most(spans: list[tuple[int, int]], since: int, until: int) -> int:
    """Most spans that cover one instant of ``[since, until)``."""
    steps = sorted(
        x
        for a, b in spans
        if a < until and b > since and a < b
        for x in ((max(a, since), 1), (min(b, until), -1))
    )
    return max(itertools.accumulate(d for _, d in steps), default=0)


def union(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for a, b in sorted(spans):
        if out and a <= out[-1][1]:
            out[-1] = (out[-1][0], max(b, out[-1][1]))
        else:
            out.append((a, b))
    return out


@dataclass
class World:
    """Thirteen months, read once, with a very simple reconstruction of who was present."""

    events: int = 0
    types: Counter[str] = field(default_factory=Counter)
    per_day: Counter[date] = field(default_factory=Counter)
    hours: Counter[tuple[str, bool, int]] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    people: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    #: (joined, left) by session.
    stays: defaultdict[str, list[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    rooms: dict[str, str] = field(default_factory=dict)
    subscribed: set[str] = field(default_factory=set)
    recordings: dict[str, list[int]] = field(default_factory=dict)
    gaps: list[int] = field(default_factory=list)
    never_ended: list[str] = field(default_factory=list)

    def minutes(self, since: int, until: int) -> float:
        spans = (s for stays in self.stays.values() for s in stays)
        return sum(max(0, min(b, until) - max(a, since)) for a, b in spans) / 60_000

    def days_minutes(self, *days: date) -> float:
        return sum(
            self.minutes(midnight(d, TZ), midnight(d + timedelta(1), TZ)) for d in days
        ) / len(days)

    def peak(self, since: int, until: int, room: str | None = None) -> int:
        return most(
            [s for k, stays in self.stays.items() if room in (None, self.rooms[k]) for s in stays],
            since,
            until,
        )

    def peak_sessions(self, since: int, until: int) -> int:
        return most([s for stays in self.stays.values() for s in union(stays)], since, until)


@pytest.fixture(scope="module")
def world() -> World:
    w = World()
    here: defaultdict[str, dict[str, tuple[int, str]]] = defaultdict(dict)
    left_at: dict[tuple[str, str], int] = {}
    ended: dict[str, int] = {}
    last_event: dict[str, int] = {}
    before = START
    for e in demo.events(START, NOW):
        assert before <= e.time < NOW
        w.gaps.append(e.time - before)
        before = e.time
        w.events += 1
        w.types[e.type] += 1
        w.per_day[local(e.time, TZ).date()] += 1
        w.rooms[e.session] = e.room
        if e.type != "recording.deleted":
            last_event[e.session] = e.time
        if e.type == "track.subscribed":
            w.subscribed.add(e.session)
        if e.type.startswith("recording."):
            w.recordings.setdefault(e.session, []).append(e.time)
        if e.code == JOINED:
            here[e.session][e.connection] = (e.time, e.person)
            w.people[e.person.split("-")[0]].add(e.person)
            w.people["names"].add(e.name)
            w.faults["two devices"] += [p for _, p in here[e.session].values()].count(e.person) > 1
            w.faults["rejoin"] += e.time - left_at.get((e.session, e.person), 0) < 2 * 60_000
        elif e.code == LEFT:
            left_at[e.session, e.person] = e.time
            if e.connection in here[e.session]:
                w.stays[e.session].append((here[e.session].pop(e.connection)[0], e.time))
            elif e.session in ended:
                w.faults["left after the end"] += 1
        elif e.code == ENDED:
            ended[e.session] = e.time
            w.faults["lost leave"] += sum(
                e.time - joined > 0 for joined, _ in here[e.session].values()
            )
            w.stays[e.session] += [
                (joined, e.time) for joined, _ in here.pop(e.session, {}).values()
            ]
    for session, still_here in here.items():
        stale = NOW - last_event[session] > STALE
        if still_here and stale:
            w.never_ended.append(session)
        w.stays[session] += [
            (joined, last_event[session] if stale else NOW) for joined, _ in still_here.values()
        ]
    return w


# -- repeatable


def test_splitting_a_span_changes_nothing():
    since, until = at(2026, 3, 27, 9), at(2026, 3, 31, 17)  # clocks change on the 29th
    whole = list(demo.events(since, until))
    assert len({e.id for e in whole}) == len(whole) > 3_000
    dice = random.Random(4)
    for _ in range(12):
        cuts = sorted(
            {
                since,
                until,
                *(dice.randrange(since, until) for _ in range(3)),
                dice.choice(whole).time,
            }
        )
        assert [e for a, b in itertools.pairwise(cuts) for e in demo.events(a, b)] == whole


def test_events_are_the_same_in_any_order_of_calls_and_in_other_processes():
    since, until = at(2026, 6, 10, 12), at(2026, 6, 10, 16)
    first = list(demo.events(since, until))
    list(demo.events(at(2025, 1, 1), at(2025, 1, 3)))
    schedule.plan.cache_clear()
    assert list(demo.events(since, until)) == first
    program = (
        "import hashlib; from usage_report import demo; from usage_report.core import events\n"
        f"print(hashlib.sha256(b''.join(map(events.content, demo.events({since}, {until})))).hexdigest())"
    )
    source = Path(demo.__file__).parents[2]
    prints = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": str(source), "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True, timeout=60,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(prints) == 1


def test_an_empty_span_has_no_events():
    assert list(demo.events(NOW, NOW)) == []
    assert list(demo.events(NOW, NOW - 5 * HOUR)) == []


def test_events_are_made_lazily():
    years = demo.events(at(2001, 1, 1), at(2199, 1, 1))
    assert isinstance(years, Iterator)
    assert len(list(itertools.islice(years, 2_000))) == 2_000


def test_start_and_top_up():
    assert at(2025, 10, 23) == START
    assert demo.start_of(at(2027, 3, 31, 8)) == at(2026, 2, 28)
    assert demo.start_of(at(2026, 1, 1)) == at(2024, 12, 1)
    assert demo.top_up_from(None, NOW) == (START, NOW)
    assert demo.top_up_from(NOW - 5, NOW) == (NOW - 5, NOW)
    assert demo.top_up_from(NOW - 200 * 24 * HOUR, NOW) == (NOW - 200 * 24 * HOUR, NOW)
    assert demo.top_up_from(at(2020, 1, 1), NOW) == (START, NOW)
    assert list(demo.events(*demo.top_up_from(NOW + HOUR, NOW))) == []


def test_topping_up_gives_the_same_events_as_filling_at_once():
    end = at(2026, 9, 2, 15, 30)
    got: dict[str, ev.Event] = {}
    last = at(2026, 9, 2, 13)
    for now in (*range(last + 7 * 60_000, end, 7 * 60_000), end):
        batch = list(demo.events(*demo.top_up_from(last, now)))
        got |= {e.id: e for e in batch}
        last = batch[-1].time if batch else last
    assert list(got.values()) == list(demo.events(at(2026, 9, 2, 13), end))


# -- valid


def test_every_event_is_valid_and_parses_to_itself():
    spans = [
        (at(2026, 11, 3), at(2026, 11, 6)),
        (at(2025, 12, 24), at(2025, 12, 28)),
        (at(2026, 7, 2), at(2026, 7, 3)),
    ]
    count = 0
    for since, until in spans:
        for event in demo.events(since, until):
            assert ev.parse(orjson.loads(cloud_event(event)), now=until) == event
            count += 1
    assert count > 8_000


def test_every_type_of_event_occurs(world):
    assert set(world.types) == set(ev.BY_TYPE)
    assert min(world.types.values()) > 50


def test_objects_begin_before_they_end():
    """In sessions that begin within the span, every end has a beginning."""
    since, until = at(2026, 10, 5), at(2026, 10, 12)
    opened: set[tuple[str, str, str]] = set()
    whole: set[str] = set()
    orphans = Counter()
    for e in demo.events(since, until):
        noun, verb = e.type.split(".")
        key = (e.session, noun + (e.connection if "subscribed" in verb else ""), e.subject)
        if e.type == "session.started":
            whole.add(e.session)
        if verb in ("started", "joined", "published", "subscribed", "opened"):
            opened.add(key)
        elif verb not in ("posted", "deleted") and e.session in whole:
            orphans[e.type] += key not in opened
    assert sum(orphans.values()) == 0


# -- the company


def test_numbers_of_events_people_and_rooms(world):
    assert 400_000 < world.events < 700_000
    assert 100 <= len(world.people["staff"]) <= 120
    assert len(world.people["guest"]) > 400
    assert len(world.people["viewer"]) > 2_000
    assert len(set(world.rooms.values())) == len(company.ROOMS)


def test_names_are_of_many_languages():
    names = [people.person("staff", n).name for n in range(120)]
    assert len(set(names)) == 120
    text = "".join(names)
    for script in (
        "\u0590\u05ff",
        "\u0600\u06ff",
        "\u0400\u04ff",
        "\u0900\u097f",
        "\u4e00\u9fff",
        "\uac00\ud7a3",
    ):
        assert any(script[0] <= c <= script[1] for c in text), script
    assert people.person("viewer", 17) == people.person("viewer", 17)


def test_days_differ(world):
    """No figure is the same on every working day, and none jumps without a reason."""
    days = [date(2026, 9, 14) + timedelta(n) for n in range(45)]
    days = [d for d in days if year.is_working_day(d)]
    spans = [(midnight(d, TZ), midnight(d + timedelta(1), TZ)) for d in days]
    peaks = [world.peak_sessions(*span) for span in spans]
    assert len(set(peaks)) >= 4
    assert max(peaks) < 1.6 * min(peaks)
    mondays = [world.minutes(*span) for d, span in zip(days, spans, strict=True) if not d.weekday()]
    assert 1.15 < max(mondays) / min(mondays) < 2
    recorded = [sum(1 for t in world.recordings.values() if a <= t[0] < b) for a, b in spans]
    assert len(set(recorded)) >= 5


def test_a_second_platform_reports_what_it_can(world):
    """LiveKit's events have no chat, captions, whiteboards, breakouts, questions or deletions."""
    events = list(demo.events(at(2026, 10, 1), at(2026, 11, 1)))
    livekit = [e for e in events if e.source == company.LIVEKIT]
    assert {e.source for e in events} == {demo.SOURCE, company.LIVEKIT}
    assert {e.room for e in livekit} == {"Field service", "Weekend drop-in"}
    assert {e.type.split(".")[0] for e in livekit} == {"session", "participant", "track"}
    assert 0.005 < len(livekit) / len(events) < 0.1


def test_people_return(world):
    joins = Counter()
    for e in demo.events(at(2026, 9, 1), at(2026, 10, 1)):
        if e.code == JOINED and e.person.startswith("viewer"):
            joins[e.person] += 1
    assert sum(n > 1 for n in joins.values()) > 50
    assert sum(n == 1 for n in joins.values()) > 300


def test_working_days_are_busier_than_weekends(world):
    monday = date(2026, 9, 14)
    week = [world.days_minutes(monday + timedelta(n)) for n in range(7)]
    assert min(week[:5]) > 2 * max(week[5:])
    assert max(week) == week[2]  # the webinar


def test_office_hours_are_busier_than_nights():
    hours = Counter(local(e.time, TZ).hour for e in demo.events(at(2026, 10, 12), at(2026, 10, 17)))
    assert hours[10] > 3 * hours[3]
    assert hours[14] > 3 * hours[22]


def test_working_days():
    """Weekends and the public holidays of all of Germany are days off."""
    off = [date(2027, 1, 1) + timedelta(n) for n in range(365)]
    off = [d for d in off if d.weekday() < 5 and not year.is_working_day(d)]
    assert off == [
        date(2027, 1, 1),  # New Year
        date(2027, 3, 26),  # Good Friday
        date(2027, 3, 29),  # Easter Monday
        date(2027, 5, 6),  # Ascension
        date(2027, 5, 17),  # Whit Monday
    ]
    assert not year.is_working_day(date(2038, 4, 26))  # the latest Easter there can be
    assert not year.is_working_day(date(2027, 3, 27))  # a Saturday
    assert year.is_working_day(date(2027, 3, 30))


def test_importing_the_demo_does_not_import_the_holidays():
    """The command line starts without them."""
    program = "import sys; import usage_report.demo; sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=60).returncode == 0


def test_holidays_and_christmas_are_quiet(world):
    plain = world.days_minutes(*(date(2026, 4, d) for d in (13, 14, 16, 20, 21, 23)))
    for day in (date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1), date(2026, 5, 14)):
        assert world.days_minutes(day) < plain / 2, day
    december = world.days_minutes(*(date(2025, 12, d) for d in (8, 9, 11, 15, 16, 18)))
    assert world.days_minutes(*(date(2025, 12, d) for d in (22, 23, 29, 30))) < 0.75 * december


def test_summer_is_quieter(world):
    def tuesdays(first: date) -> float:
        return world.days_minutes(*(first + timedelta(7 * n) for n in range(4)))

    assert tuesdays(date(2026, 7, 28)) < 0.85 * tuesdays(date(2026, 6, 9))
    assert tuesdays(date(2026, 9, 8)) > tuesdays(date(2026, 6, 9))


def test_the_company_grows(world):
    """Compare working days at the end of the sample with those a year before."""

    def days(first: date) -> list[date]:
        return [
            d
            for d in (first + timedelta(n) for n in range(28))
            if year.is_working_day(d) and d.weekday() != 2
        ]

    growth = world.days_minutes(*days(date(2026, 10, 26))) / world.days_minutes(
        *days(date(2025, 10, 27))
    )
    assert 1.45 < growth < 1.85


def test_webinars_have_one_speaker_and_hundreds_of_viewers(world):
    peaks = []
    for day in (date(2026, 9, 2) + timedelta(7 * n) for n in range(11)):
        since = midnight(day, TZ)
        peaks.append(world.peak(since, since + 24 * HOUR, "Webinar"))
        kinds = {
            (e.person or e.connection) for e in demo.events(since + 13 * HOUR, since + 16 * HOUR)
            if e.room == "Webinar" and e.type == "track.published"
        }  # fmt: skip
        assert kinds == {"c1"}
    assert all(200 <= p <= 450 for p in peaks)
    assert max(peaks) > 1.15 * min(peaks)


def test_consumed_is_exact_in_some_rooms_and_estimated_in_the_others(world):
    rooms = {r.name for r in company.ROOMS if r.has_subscriptions}
    reported = {world.rooms[s] for s in world.subscribed}
    assert reported == rooms
    assert rooms == {"Academy", "Board room", "Community night", "One-to-ones", "Virtual office"}
    held = [s for s, room in world.rooms.items() if room in rooms and len(world.stays[s]) > 1]
    assert sum(s in world.subscribed for s in held) > 0.95 * len(held)


def test_faults(world):
    assert world.faults["lost leave"] > 300
    assert world.faults["rejoin"] > 300
    assert world.faults["two devices"] > 300
    assert world.faults["left after the end"] > 200
    assert 10 <= len(world.never_ended) <= 14  # about one a month
    over = [s for s, room in world.rooms.items() if room == "Community night" and world.stays[s]
            and local(min(world.stays[s])[0], TZ).date() != local(max(b for _, b in world.stays[s]), TZ).date()]  # fmt: skip
    assert over


def test_recordings_are_deleted_days_or_weeks_later():
    started: dict[str, int] = {}
    ages = Counter()
    for e in demo.events(at(2026, 6, 1), at(2026, 10, 1)):
        if e.type == "recording.started":
            started[e.session] = e.time
        elif e.type == "recording.deleted" and e.session in started:
            ages[round((e.time - started[e.session]) / (24 * HOUR))] += 1
    assert set(ages) >= {7, 14, 30}
    assert min(ages) >= 5
    assert 0.5 < sum(ages.values()) / len(started) < 0.95


# -- at any time


def test_sessions_are_active_at_any_time(world):
    dice = random.Random(11)
    instants = [dice.randrange(START + 6 * HOUR, NOW) for _ in range(200)]
    instants += [
        at(2025, 12, 25, 3),
        at(2026, 1, 1, 0, 1),
        at(2026, 3, 29, 3, 15),
        at(2026, 10, 25, 2, 59),
        at(2026, 10, 25, 4),
    ]
    active = [
        s
        for session, stays in world.stays.items()
        if session not in world.never_ended
        for s in union(stays)
    ]
    running = [(times[0], times[1]) for times in world.recordings.values() if len(times) > 1]
    recording = 0
    for now in instants:
        assert sum(a <= now < b for a, b in active) >= 2, local(now, TZ)
        recording += any(a <= now < b for a, b in running)
    assert recording > 0.8 * len(instants)


def test_events_come_in_at_any_time(world):
    def pace(hours: range, days: range) -> float:
        spans = [(at(2026, 11, d, hours[0]), at(2026, 11, d, hours[-1]) + HOUR) for d in days]
        return (
            sum(b - a for a, b in spans)
            / 1000
            / sum(len(list(demo.events(a, b))) for a, b in spans)
        )

    assert pace(range(9, 17), range(9, 14)) < 35
    assert pace(range(6), range(9, 14)) < 150
    assert pace(range(24), range(14, 16)) < 150  # a weekend
    assert sum(world.gaps) / len(world.gaps) < 70_000
    assert max(world.gaps[10:]) < 40 * 60_000


# -- limits


def test_limits_are_of_limited_metrics():
    assert set(demo.LIMITS) == {m.key for m in metrics.LIMITED}


def test_one_metric_below_one_near_one_over(world):
    """Compare usage with the limits in the middle and at the end of each billing period."""
    day, seen = date(2025, 12, 1), []
    while day < date(2026, 11, 1):
        period = billing_period(day, demo.BILLING_DAY)
        since, end = midnight(period.start, TZ), midnight(period.end, TZ)
        for now in ((since + end) // 2, end):
            if now <= NOW:
                seen.append(
                    (
                        world.minutes(since, now) / demo.LIMITS["participation_minutes"],
                        world.peak_sessions(since, now) / demo.LIMITS["max_concurrent_sessions"],
                        world.peak(since, now) / demo.LIMITS["max_concurrent_participants"],
                    )
                )
        day = period.end + timedelta(1)
    assert len(seen) >= 20
    assert all(below < 0.8 for below, _, _ in seen)
    assert sum(0.85 <= near <= 0.97 for _, near, _ in seen) >= 0.8 * len(seen)
    assert all(near < 1 for _, near, _ in seen)
    assert sum(1 < over < 1.5 for _, _, over in seen) >= 0.8 * len(seen)
