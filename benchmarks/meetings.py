"""A year of meetings of one team, as events for our pipeline and as finished spans for other databases.

Eight people a session, fifty rooms, five thousand persons; everybody's microphone is on for part of the stay. Some sessions
are recorded, captioned, have a whiteboard or breakouts; all have posts. Ten sessions go on at ``NOW``, whatever the size.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat

import numpy as np

from usage_report.core.events import CODE, Event

TEAM, SOURCE = "bench", "meetings"
PEOPLE, ROOMS, PERSONS, LIVE, DAYS = 8, 50, 5_000, 10, 365
MINUTE, DAY = 60_000, 86_400_000
BEGIN = 1_735_689_600_000  # 2025-01-01T00:00:00Z
#: 14:00 of the last day.
NOW = BEGIN + (DAYS - 1) * DAY + 14 * 60 * MINUTE


@dataclass(frozen=True, slots=True, eq=False)
class Meetings:
    """Arrays of int64 epoch ms: ``[sessions]`` or ``[sessions, PEOPLE]``. Absent spans begin at -1; the last ``LIVE`` sessions go on."""

    room: np.ndarray
    start: np.ndarray
    end: np.ndarray
    person: np.ndarray
    joined: np.ndarray
    left: np.ndarray
    on: np.ndarray
    off: np.ndarray
    #: name -> (start, end): ``recording``, ``captions``, ``whiteboard``, ``breakout``
    features: dict[str, tuple[np.ndarray, np.ndarray]]
    #: When the recording was deleted, -1 for never.
    deleted: np.ndarray
    posts: np.ndarray

    def __len__(self) -> int:
        return len(self.start)


def make(spans: int) -> Meetings:
    """Meetings with ``spans`` presences, less those of the live ones."""
    dice = np.random.default_rng(20250101)
    n = spans // PEOPLE
    day = np.arange(n) * DAYS // n
    clock = np.clip(dice.normal(13 * 60, 180, n), 0, 22 * 60) * MINUTE
    clock = np.where(day == DAYS - 1, clock / 2, clock).astype(np.int64)
    start = BEGIN + day * DAY + clock
    end = start + dice.integers(20 * MINUTE, 90 * MINUTE, n)
    start = np.append(start, NOW - 60 * MINUTE + np.arange(LIVE) * 4 * MINUTE)
    end = np.append(end, np.full(LIVE, NOW + 60 * MINUTE))
    n += LIVE
    live = np.arange(n) >= n - LIVE

    joined = start[:, None] + np.sort(dice.integers(0, 5 * MINUTE, (n, PEOPLE)), axis=1)
    joined[:, 0] = start
    stays = dice.random((n, PEOPLE)) < 0.5
    stays[:, 0] = True
    left = np.where(
        stays,
        end[:, None],
        joined + ((end[:, None] - joined) * dice.uniform(0.3, 0.95, (n, PEOPLE))).astype(np.int64),
    )
    on = joined + dice.integers(1_000, 20_000, (n, PEOPLE))
    off = np.where(
        dice.random((n, PEOPLE)) < 0.5,
        left,
        on + ((left - on) * dice.uniform(0.2, 0.9, (n, PEOPLE))).astype(np.int64),
    )
    # Spans that the inactivity timeout closes end at the session's last event.
    last_event = on[live].max(axis=1)
    left[live] = off[live] = last_event[:, None]
    end[live] = last_event

    features = {}
    for name, every in (("recording", 5), ("captions", 4), ("whiteboard", 7), ("breakout", 9)):
        has = (dice.integers(0, every, n) == 0) & ~live
        a = start + dice.integers(MINUTE, 8 * MINUTE, n)
        b = end - dice.integers(0, 5 * MINUTE, n)
        features[name] = np.where(has, a, -1), np.where(has, b, -1)
    deleted = features["recording"][1] + 30 * DAY + dice.integers(0, DAY, n)
    deleted = np.where(
        (features["recording"][0] >= 0) & (dice.random(n) < 0.5) & (deleted < NOW), deleted, -1
    )
    posts = start[:, None] + ((end - start)[:, None] * dice.random((n, 3))).astype(np.int64)
    posts[live] = -1
    return Meetings(
        dice.integers(0, ROOMS, n),
        start,
        end,
        dice.integers(0, PERSONS, (n, PEOPLE)),
        joined,
        left,
        on,
        off,
        features,
        deleted,
        posts,
    )


_ENDS = {
    "recording": ("started", "stopped"),
    "captions": ("started", "stopped"),
    "whiteboard": ("opened", "closed"),
    "breakout": ("opened", "closed"),
}


def events(m: Meetings) -> Iterator[Event]:
    """Yield all events of the meetings, session by session."""
    columns = [
        x.tolist()
        for x in (m.room, m.end, m.person, m.joined, m.left, m.on, m.off, m.deleted, m.posts)
    ]
    features = {name: (a.tolist(), b.tolist()) for name, (a, b) in m.features.items()}
    ids = map("{:x}".format, range(10**9))
    for i, (room, end, person, joined, left, on, off, deleted, posts) in enumerate(
        zip(*columns, strict=True)
    ):
        where, session, live = f"room-{room}", f"session-{i}", i >= len(m) - LIVE

        def tell(
            type: str,
            time: int,
            subject: str = "",
            connection: str = "",
            who: str = "",
            detail: str = "",
            at=(where, session),
        ) -> Event:
            return Event(
                TEAM,
                SOURCE,
                next(ids),
                CODE[type],
                time,
                *at,
                subject,
                connection,
                who,
                "",
                detail,
                "",
            )

        for k, who, a, b, c, d in zip(range(PEOPLE), person, joined, left, on, off, strict=True):
            connection = f"c{k}"
            yield tell("participant.joined", a, connection, connection, f"person-{who}")
            yield tell("track.published", c, "mic", connection, "", "audio")
            if not live:
                if d < b:
                    yield tell("track.unpublished", d, "mic", connection)
                if b < end:
                    yield tell("participant.left", b, connection, connection, f"person-{who}")
        for name, (begins, ends) in features.items():
            if begins[i] >= 0:
                subject = {"captions": "", "whiteboard": "-"}.get(name, "one")
                for what, time in zip(_ENDS[name], (begins[i], ends[i]), strict=True):
                    yield tell(f"{name}.{what}", time, subject)
        if deleted >= 0:
            yield tell("recording.deleted", deleted, "one")
        if not live:
            for k, time in enumerate(posts):
                yield tell(
                    "chat.posted" if k < 2 else "question.posted",
                    time,
                    f"post-{k}",
                    detail="public" if k < 2 else "",
                )
            yield tell("session.ended", end)


def tables(m: Meetings) -> dict[str, dict[str, np.ndarray]]:
    """Return the same as finished spans and points: arrays by table and column."""
    session = np.repeat(np.arange(len(m)), PEOPLE)
    who = np.tile(np.arange(PEOPLE), len(m))
    sent = (m.on < m.off).ravel()
    out = {
        "presence": {
            "session": session, "connection": who, "room": np.repeat(m.room, PEOPLE), "person": m.person.ravel(),
            "start": m.joined.ravel(), "end": m.left.ravel(),
        },
        "broadcast": {
            "session": session[sent], "connection": who[sent], "kind": np.array(list(repeat("audio", int(sent.sum())))),
            "start": m.on.ravel()[sent], "end": m.off.ravel()[sent],
        },
    }  # fmt: skip
    for name, (start, end) in m.features.items():
        has = start >= 0
        out[name] = {"start": start[has], "end": end[has]}
        if name == "recording":
            out[name]["deleted"] = m.deleted[has]
    posts = m.posts[m.posts[:, 0] >= 0]
    out["post"] = {"kind": np.tile(["chat", "chat", "qa"], len(posts)), "moment": posts.ravel()}
    return out
