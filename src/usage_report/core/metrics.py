"""The table of metrics. To add a metric, add a record here.

A record names the *facts* it is computed from (columns of ``metering.facts``) and its *measure*:
how the values of buckets combine.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from usage_report.core.errors import InputError, NotFoundError, did_you_mean


class Measure(StrEnum):
    """How the buckets of a metric combine into a longer one."""

    MINUTES = "minutes"  # milliseconds of overlap; buckets are added
    COUNT = "count"  # things that happen at an instant; buckets are added
    DISTINCT = "distinct"  # a set of persons or rooms; buckets are united
    PEAK = "peak"  # most at one instant; the largest bucket counts
    LEVEL = "level"  # milliseconds stored at the end; the last bucket counts


class Unit(StrEnum):
    """Unit of a metric as it is shown."""

    MINUTES = "min"
    COUNT = ""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric, or one part of a metric: then ``of`` names the whole."""

    key: str
    title: str
    measure: Measure
    #: Columns of the facts; if there are several, they are added.
    facts: tuple[str, ...]
    #: What the figure means, in one or two sentences for users.
    definition: str
    #: Can a contract limit it?
    is_limited: bool = False
    #: Position on the page *This period*, from 1; 0 if it is not shown there.
    period: int = 0
    #: Key of the metric that this is a part of, or ``""``.
    of: str = ""

    @property
    def unit(self) -> Unit:
        """The unit that its values are shown in."""
        return Unit.MINUTES if self.measure in (Measure.MINUTES, Measure.LEVEL) else Unit.COUNT


#: The four parts of broadcast and consumed minutes: key suffix -> title.
PARTS = {
    "audio_video": "Audio + video",
    "audio": "Audio only",
    "video": "Video only",
    "screenshare": "Screenshare",
}


def _with_parts(key: str, title: str, definition: str) -> tuple[Metric, ...]:
    """Return a metric of minutes and its four parts."""
    stem = key.removesuffix("_minutes")
    part_text = {
        "audio_video": "camera and microphone together",
        "audio": "microphone without camera",
        "video": "camera without microphone",
        "screenshare": "a shared screen",
    }
    whole = Metric(
        key, title, Measure.MINUTES, tuple(f"{stem}_{part}" for part in PARTS), definition
    )
    return (
        whole,
        *(
            Metric(
                f"{key}_{part}",
                f"{title}: {label.lower()}",
                Measure.MINUTES,
                (f"{stem}_{part}",),
                f"The part of {title.lower()} that is {part_text[part]}.",
                of=key,
            )
            for part, label in PARTS.items()
        ),
    )


ALL: tuple[Metric, ...] = (
    Metric(
        "participation_minutes",
        "Participation minutes",
        Measure.MINUTES,
        ("participation",),
        "Time spent in sessions, added over all connections: each counts from joining to leaving.",
        is_limited=True,
        period=1,
    ),
    *_with_parts(
        "broadcast_minutes",
        "Broadcast minutes",
        "Time each connection sends camera or microphone (both together count once), plus "
        "time it shares its screen.",
    ),
    *_with_parts(
        "consumed_minutes",
        "Consumed minutes",
        "Time each connection receives what others broadcast, counted per sender; an estimate "
        "where a platform does not report who receives what.",
    ),
    Metric(
        "active_participants",
        "Active participants",
        Measure.DISTINCT,
        ("persons",),
        "Different people who were present at least once, each counted once.",
    ),
    Metric(
        "max_concurrent_participants",
        "Max concurrent participants",
        Measure.PEAK,
        ("participants",),
        "Most connections present at one instant, over all sessions.",
        is_limited=True,
        period=3,
    ),
    Metric(
        "sessions",
        "Sessions",
        Measure.COUNT,
        ("sessions",),
        "Sessions that started, which is when their first participant joins.",
    ),
    Metric(
        "active_rooms",
        "Active rooms",
        Measure.DISTINCT,
        ("rooms",),
        "Different rooms in which at least one person was present.",
    ),
    Metric(
        "max_concurrent_sessions",
        "Max concurrent sessions",
        Measure.PEAK,
        ("concurrent_sessions",),
        "Most sessions with at least one participant, at one instant.",
        is_limited=True,
        period=2,
    ),
    Metric(
        "max_participants_per_session",
        "Max participants per session",
        Measure.PEAK,
        ("session_participants",),
        "Most connections present at one instant in any one session.",
    ),
    Metric(
        "recorded_minutes",
        "Recorded minutes",
        Measure.MINUTES,
        ("recorded",),
        "Time during which recordings were running, added over all recordings.",
        period=4,
    ),
    Metric(
        "max_concurrent_recordings",
        "Max concurrent recordings",
        Measure.PEAK,
        ("concurrent_recordings",),
        "Most recordings running at one instant.",
    ),
    Metric(
        "captions_minutes",
        "Captions minutes",
        Measure.MINUTES,
        ("captions",),
        "Time during which sessions with participants had captions on.",
        period=6,
    ),
    Metric(
        "whiteboard_minutes",
        "Whiteboard minutes",
        Measure.MINUTES,
        ("whiteboard",),
        "Time during which sessions with participants had a whiteboard open; several "
        "at once count once.",
    ),
    Metric(
        "breakout_minutes",
        "Breakout minutes",
        Measure.MINUTES,
        ("breakout",),
        "Time during which sessions with participants had breakout rooms open; "
        "several at once count once.",
    ),
    Metric(
        "recording_storage_minutes",
        "Recording storage",
        Measure.LEVEL,
        ("storage",),
        "Length of all recordings stored at the end; it falls only when recordings are deleted.",
        period=5,
    ),
    Metric(
        "chat_posts",
        "Chat posts",
        Measure.COUNT,
        ("chat",),
        "Chat messages posted, public and private.",
    ),
    Metric("qa_posts", "Q&A posts", Measure.COUNT, ("qa",), "Questions and answers posted."),
)

BY_KEY = {m.key: m for m in ALL}
#: The metrics without their parts, in the order of tables and exports.
METRICS = tuple(m for m in ALL if not m.of)
#: The metrics of the page *This period*: those with limits first.
PERIOD = tuple(sorted((m for m in METRICS if m.period), key=lambda m: m.period))
LIMITED = tuple(m for m in METRICS if m.is_limited)


def metric(key: str) -> Metric:
    """Return the metric of a key. Raises ``NotFoundError`` with the nearest key."""
    try:
        return BY_KEY[key]
    except KeyError:
        raise NotFoundError(f"There is no metric {key!r}", "", did_you_mean(key, BY_KEY)) from None


def parse_keys(text: str) -> tuple[str, ...]:
    """Return the keys of a comma-separated list. Raises ``InputError`` for an unknown key."""
    try:
        return tuple(metric(key.strip()[:100]).key for key in text.split(",") if key.strip())
    except NotFoundError as error:
        raise InputError(error.what, error.why, error.todo) from None


@cache
def parts(key: str) -> tuple[Metric, ...]:
    """Return the parts of a metric in order, ``()`` if it has none."""
    return tuple(m for m in ALL if m.of == key)


def keys_starting_with(*prefixes: str) -> frozenset[str]:
    """Keys of all metrics and parts of metrics that begin with one of ``prefixes``."""
    return frozenset(m.key for m in ALL if m.key.startswith(prefixes))
