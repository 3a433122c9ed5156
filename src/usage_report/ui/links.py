"""The address of a view of *Date range*: a codec between query parameters and a ``View``. Pure; knows no Streamlit.

    preset=last-30  or  from=2026-03-01&to=2026-03-31     the range, rolling or fixed
    m=participation.broadcast                             metrics, in order: their keys without "_minutes"; "none" for none
    grain=hour|day|week|month      view=chart|table
    zone=Asia/Tokyo                                       only where it is not the team's own

A link must live for years, so ids are stable and never labels. Every part that cannot be used costs one sentence and falls
back alone; the rest of the link still holds. The parameter ``team`` belongs to the frame of the pages and is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from usage_report.core.errors import InputError, did_you_mean
from usage_report.core.metrics import METRICS
from usage_report.core.periods import DAY, Grain, Period, parse_date, today, zone
from usage_report.core.presets import Presets, resolve
from usage_report.render.charts.overlay import MAX_SERIES

PARAMS = ("preset", "from", "to", "m", "grain", "view", "zone")
#: Parameters that others own: no word about them.
FOREIGN = ("team", "embed", "embed_options", "utm_", "fbclid", "gclid")
VIEWS = ("chart", "table")
#: Longest value looked at: every metric by its full key needs less.
MAX_VALUE = 1_000
#: Most days of one view, about ten years, and of one cut by the hour.
MAX_DAYS = 3_660
HOUR_DAYS = 31
#: How far ahead of today a range may reach.
AHEAD = timedelta(days=366)

#: Metric key -> its id in links.
ID = {m.key: m.key.removesuffix("_minutes") for m in METRICS}
_KEY = {id: key for key, id in ID.items()} | {m.key: m.key for m in METRICS}
NONE = "none"
DEFAULT_METRICS = (
    "participation_minutes",
    "broadcast_minutes",
    "consumed_minutes",
    "active_participants",
)


@dataclass(frozen=True, slots=True)
class View:
    """What the page shows. Either ``preset`` is set (rolling) or ``start`` and ``last``, inclusive dates (fixed)."""

    preset: str = ""
    start: date | None = None
    last: date | None = None
    #: Keys of ``METRICS`` in the order of the chart; at most ``MAX_SERIES``; may be empty.
    metrics: tuple[str, ...] = DEFAULT_METRICS
    grain: Grain = Grain.DAY
    #: ``chart`` (with the table under it) or ``table``.
    view: str = "chart"
    #: IANA name, or empty for the team's own.
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What a link is read against: the presets, the team's zone and billing day, and the page's instant (epoch ms)."""

    presets: Presets
    zone: str
    billing_day: int
    now: int

    def today(self, view: View) -> date:
        return today(self.now, zone(view.zone or self.zone))

    def period(self, view: View) -> Period:
        """The days a view covers."""
        if view.preset:
            return resolve(self.presets[view.preset], self.today(view), self.billing_day)
        return Period(view.start, view.last + DAY)

    @property
    def default(self) -> View:
        return View(preset=self.presets.default)


def encode(view: View, context: Context) -> dict[str, str]:
    """The query parameters of a view: all of them, so that no later change of a default changes a link."""
    dates = (
        {"preset": view.preset}
        if view.preset
        else {"from": view.start.isoformat(), "to": view.last.isoformat()}
    )
    chosen = ".".join(ID[key] for key in view.metrics) or NONE
    out = dates | {"m": chosen, "grain": str(view.grain), "view": view.view}
    return out | ({"zone": view.zone} if view.zone and view.zone != context.zone else {})


def fixed(view: View, context: Context) -> View:
    """The same days, whenever it is opened."""
    period = context.period(view)
    return replace(view, preset="", start=period.start, last=period.last)


def decode(params: Mapping[str, Sequence[str]], context: Context) -> tuple[View, list[str]]:
    """The view of a link, and a sentence for each part of it that could not be used. Never raises.

    ``params`` holds all values given for each name, as ``parse_qs`` delivers them.
    """
    problems: list[str] = []
    given: dict[str, str] = {}
    for name, values in params.items():
        if name not in PARAMS:
            if not name.lower().startswith(FOREIGN):
                problems.append(
                    f"There is no part {_show(name)} in a link. {did_you_mean(name[:40], PARAMS)}".rstrip()
                )
            continue
        if len(values) > 1:
            problems.append(f"{_show(name)} is given {len(values)} times; the last one is used.")
        if values and len(values[-1]) > MAX_VALUE:
            problems.append(
                f"{_show(name)} has {len(values[-1]):,} characters, which is too long to be one; it is left out."
            )
        elif values:
            given[name] = values[-1]

    view = context.default
    view = replace(view, zone=_zone(given, context, problems))
    view = _range(given, view, context, problems)
    view = replace(
        view,
        metrics=_metrics(given, view.metrics, problems),
        grain=Grain(_choice(given, "grain", [str(g) for g in Grain], str(view.grain), problems)),
        view=_choice(given, "view", VIEWS, view.view, problems),
    )
    view, more = settle(view, context)
    return view, problems + more


def settle(view: View, context: Context) -> tuple[View, list[str]]:
    """A view that can be shown, and what had to be changed: the order and length of the range, and hours in a long one."""
    problems: list[str] = []
    if not view.preset:
        start, last = view.start, view.last
        if start > last:
            problems.append("The range ended before it began; its two dates are swapped.")
            start, last = last, start
        latest = context.today(view) + AHEAD
        if last > latest:
            problems.append(f"The range reaches beyond {latest}; it is cut there.")
            start, last = min(start, latest), latest
        if (last - start).days >= MAX_DAYS:
            problems.append(
                f"The range is longer than ten years; its last {MAX_DAYS:,} days are shown."
            )
            start = last - DAY * (MAX_DAYS - 1)
        view = replace(view, start=start, last=last)
    days = context.period(view).days
    if view.grain is Grain.HOUR and days > HOUR_DAYS:
        problems.append(
            f"Hours are shown for up to {HOUR_DAYS} days. This range has {days:,}, so it is shown by the day."
        )
        view = replace(view, grain=Grain.DAY)
    return view, problems


def _show(text: str) -> str:
    """A stranger's text, short and on one line."""
    clean = "".join(c if c.isprintable() else "�" for c in text[:40])
    return f"“{clean}{'…' if len(text) > 40 else ''}”"


def _choice(
    given: dict[str, str], name: str, options: Sequence[str], default: str, problems: list[str]
) -> str:
    value = given.get(name, default)
    if value in options:
        return value
    problems.append(
        f"{_show(value)} is not a {name}; “{default}” is shown. {did_you_mean(value[:40], options)}".rstrip()
    )
    return default


def _zone(given: dict[str, str], context: Context, problems: list[str]) -> str:
    name = given.get("zone", "")
    try:
        zone(name or context.zone)
    except InputError as error:
        problems.append(
            f"There is no time zone {_show(name)}; the team's own, {context.zone}, is used. {error.todo}".rstrip()
        )
        return ""
    return "" if name == context.zone else name


def _range(given: dict[str, str], view: View, context: Context, problems: list[str]) -> View:
    dates: dict[str, date] = {}
    for name in ("from", "to"):
        if name in given:
            try:
                dates[name] = parse_date(given[name])
            except InputError as error:
                problems.append(
                    f"“{name}”: {_show(given[name])} cannot be used. {error.todo}".rstrip()
                )
    if "preset" in given:
        if "from" in given or "to" in given:
            problems.append("The link has both a preset and dates; the preset is used.")
        id = given["preset"]
        if id in context.presets:
            return replace(view, preset=id)
        problems.append(
            f"There is no preset {_show(id)}. {did_you_mean(id[:40], context.presets.ids)}".rstrip()
        )
    if len(dates) == 2:
        return replace(view, preset="", start=dates["from"], last=dates["to"])
    if len(dates) == 1:
        (day,) = dates.values()
        other = "to" if "from" in dates else "from"
        if other not in given:
            problems.append(f"“{other}” is missing; only {day} is shown.")
        else:
            problems.append(f"Only {day} is shown.")
        return replace(view, preset="", start=day, last=day)
    if {"preset", "from", "to"} & given.keys():
        problems.append(f"“{context.presets[view.preset].label}” is shown instead.")
    return view


def _metrics(
    given: dict[str, str], default: tuple[str, ...], problems: list[str]
) -> tuple[str, ...]:
    text = given.get("m")
    if text is None:
        return default
    if text == NONE:
        return ()
    keys: list[str] = []
    unknown: list[str] = []
    for id in dict.fromkeys(text.split(".")):
        key = _KEY.get(id)
        if key is None:
            unknown.append(id)
        elif key not in keys:
            keys.append(key)
    for id in unknown[:3]:
        problems.append(
            f"There is no metric {_show(id)}. {did_you_mean(id[:40], ID.values())}".rstrip()
        )
    if len(unknown) > 3:
        problems.append(f"{len(unknown) - 3} more metrics of the link are not known.")
    if len(keys) > MAX_SERIES:
        problems.append(
            f"The link names {len(keys)} metrics; the chart shows the first {MAX_SERIES}."
        )
    if not keys:
        problems.append("No metric of the link is known; the usual ones are shown.")
        return default
    return tuple(keys[:MAX_SERIES])
