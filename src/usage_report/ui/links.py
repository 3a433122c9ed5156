"""The address of a view of *Date range*: a codec between query parameters and a ``View``.

    preset=last-30  or  from=2026-03-01&to=2026-03-31     the range, rolling or fixed
    m=participation.broadcast                             metrics, in order; "none" for none
    grain=hour|day|week|month      view=chart|table
    form=units|percent|multiples                          how metrics share the chart
    zone=Asia/Tokyo                                       only where it is not the team's own

Metrics are written as their keys without "_minutes". A link must work for years, so ids are stable
and never labels. Each part that cannot be used is replaced by its default and explained in one
sentence; the other parts still apply. The parameter ``team`` belongs to ``frame`` and is ignored
here. Pure: this module does not use Streamlit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from usage_report.core.errors import InputError, did_you_mean
from usage_report.core.metrics import METRICS
from usage_report.core.periods import DAY, Grain, Period, parse_date, today, zone
from usage_report.core.presets import Presets, resolve
from usage_report.render.charts.overlay import MAX_SERIES, Form

PARAMS = ("preset", "from", "to", "m", "grain", "view", "form", "zone")
#: Parameters of other owners, which need no message.
FOREIGN = ("team", "as_of", "embed", "embed_options", "utm_", "fbclid", "gclid")
VIEWS = ("chart", "table")
#: Longest value that is read: every metric by its full key needs less.
MAX_VALUE_CHARACTERS = 1_000
#: Most days of one view by the day, about ten years, and of one by the hour.
MAX_DAYS = 3_660
HOUR_DAYS = 31
#: How far after today a range may end.
AHEAD = timedelta(days=366)

#: Metric key -> its id in links.
ID = {m.key: m.key.removesuffix("_minutes") for m in METRICS}
_KEY = {id: key for key, id in ID.items()} | {m.key: m.key for m in METRICS}
NONE = "none"
#: Which day of the range a parameter names.
_DAYS = {"from": "first", "to": "last"}
DEFAULT_METRICS = (
    "participation_minutes",
    "broadcast_minutes",
    "consumed_minutes",
    "active_participants",
)


@dataclass(frozen=True, slots=True)
class View:
    """What the page shows: either ``preset`` (rolling) or ``start`` and ``last`` (fixed) is set.

    ``start`` and ``last`` are inclusive dates.
    """

    preset: str = ""
    start: date | None = None
    last: date | None = None
    #: Keys of ``METRICS`` in the order of the chart; at most ``MAX_SERIES``; may be empty.
    metrics: tuple[str, ...] = DEFAULT_METRICS
    grain: Grain = Grain.DAY
    #: ``chart`` (with the table below it) or ``table``.
    view: str = "chart"
    #: How several metrics share the chart.
    form: Form = Form.UNITS
    #: IANA name, or empty for the team's own.
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What links depend on: presets, the team's zone and billing day, the page's instant.

    ``now`` is in epoch ms. A ``Context`` is the page's ``address.Codec``.
    """

    presets: Presets
    zone: str
    billing_day: int
    now: int

    def today(self, view: View) -> date:
        """Return the current date in the view's zone."""
        return today(self.now, zone(view.zone or self.zone))

    def period(self, view: View) -> Period:
        """Return the days of a view."""
        if view.start is None or view.last is None:
            return resolve(self.presets[view.preset], self.today(view), self.billing_day)
        return Period(view.start, view.last + DAY)

    def owns(self, name: str) -> bool:
        """Return whether a parameter is read here; unknown ones are, to explain them."""
        return name not in ("team", "as_of")

    def encode(self, view: View) -> dict[str, str]:
        """Return the query parameters of a view."""
        return encode(view, self)

    def decode(self, params: Mapping[str, Sequence[str]]) -> tuple[View, list[str]]:
        """Return the view of query parameters, and a sentence for each unusable part."""
        return decode(params, self)


def encode(view: View, context: Context) -> dict[str, str]:
    """Return the query parameters of a view.

    Defaults are written too, so that a later change of a default does not change existing links.
    """
    if view.start is None or view.last is None:
        params = {"preset": view.preset}
    else:
        params = {"from": view.start.isoformat(), "to": view.last.isoformat()}
    params["m"] = ".".join(ID[key] for key in view.metrics) or NONE
    params |= {"grain": str(view.grain), "view": view.view, "form": str(view.form)}
    if view.zone and view.zone != context.zone:
        params["zone"] = view.zone
    return params


def fixed(view: View, context: Context) -> View:
    """Return a view of the same days, independent of the day on which it is opened."""
    period = context.period(view)
    return replace(view, preset="", start=period.start, last=period.last)


def decode(params: Mapping[str, Sequence[str]], context: Context) -> tuple[View, list[str]]:
    """Return the view of a link, and a sentence for each part that could not be used.

    ``params`` holds all values given for each name, as ``parse_qs`` delivers them. Never raises.
    """
    problems: list[str] = []
    given = _given(params, problems)
    view = View(preset=context.presets.default, zone=_zone(given, context, problems))
    view = _range(given, view, context, problems)
    grains = [str(grain) for grain in Grain]
    view = replace(
        view,
        metrics=_metrics(given, view.metrics, problems),
        grain=Grain(_choice(given, "grain", grains, "a grouping; showing days", problems)),
        view=_choice(given, "view", VIEWS, "a view; showing the chart", problems),
        form=Form(
            _choice(given, "form", list(Form), "a form of the chart; showing the overlay", problems)
        ),
    )
    view, more = constrain(view, context)
    return view, problems + more


def constrain(view: View, context: Context) -> tuple[View, list[str]]:
    """Return a view that can be shown, and what was changed: dates, or hours in a long range."""
    problems: list[str] = []
    if view.start is not None and view.last is not None:
        start, last = view.start, view.last
        if start > last:
            problems.append("The range ended before it began; its dates have been swapped.")
            start, last = last, start
        latest = context.today(view) + AHEAD
        if start > latest:
            default = context.presets[context.presets.default]
            problems.append(f"The range is more than a year ahead; showing “{default.label}”.")
            return _without_long_hours(
                replace(view, preset=default.id, start=None, last=None), context, problems
            )
        if last > latest:
            problems.append(f"The range cannot end after {latest}; it now ends on that day.")
            last = latest
        is_fine = view.grain in (Grain.DAY, Grain.HOUR)
        if is_fine and (last - start).days >= MAX_DAYS:
            problems.append(
                f"The range is longer than ten years; its last {MAX_DAYS:,} days are shown."
                " By the week or month it can be longer."
            )
            start = last - DAY * (MAX_DAYS - 1)
        view = replace(view, preset="", start=start, last=last)
    return _without_long_hours(view, context, problems)


def _without_long_hours(
    view: View, context: Context, problems: list[str]
) -> tuple[View, list[str]]:
    days = context.period(view).days
    if view.grain is Grain.HOUR and days > HOUR_DAYS:
        problems.append(
            f"Hours can be shown for up to {HOUR_DAYS} days. This range has {days:,}; showing days."
        )
        view = replace(view, grain=Grain.DAY)
    return view, problems


def _given(params: Mapping[str, Sequence[str]], problems: list[str]) -> dict[str, str]:
    """Return the last value of each known parameter."""
    given: dict[str, str] = {}
    for name, values in params.items():
        if name not in PARAMS:
            if not name.lower().startswith(FOREIGN):
                problems.append(
                    f"Ignored {quoted(name)} in the link. {hint(name, PARAMS)}".rstrip()
                )
            continue
        if len(values) > 1:
            problems.append(
                f"The link has {quoted(name)} {len(values)} times; the last one is used."
            )
        if values and len(values[-1]) > MAX_VALUE_CHARACTERS:
            problems.append(
                f"Ignored {quoted(name)} in the link: {len(values[-1]):,} characters are too many."
            )
        elif values:
            given[name] = values[-1]
    return given


def quoted(text: str) -> str:
    """Return text from outside in quotes, short and on one line, for a message about a link."""
    clean = "".join(c if c.isprintable() else "�" for c in text[:40])
    return f"“{clean}{'…' if len(text) > 40 else ''}”"


def hint(name: str, options: Iterable[str]) -> str:
    """Return what a part of a link probably should have been; empty where nothing is near.

    The ids of a link are not the words of a page, so they are not listed.
    """
    text = did_you_mean(name[:40], options)
    return text if text.startswith("Did you mean") else ""


def _choice(
    given: Mapping[str, str], name: str, options: Sequence[str], what: str, problems: list[str]
) -> str:
    """Return the value of a parameter, or its default; ``what`` completes the message."""
    default = str(getattr(View(), name))
    value = given.get(name, default)
    if value in options:
        return value
    problems.append(f"{quoted(value)} is not {what}. {hint(value, options)}".rstrip())
    return default


def _zone(given: Mapping[str, str], context: Context, problems: list[str]) -> str:
    name = given.get("zone", "")
    try:
        zone(name or context.zone)
    except InputError as error:
        problems.append(
            f"There is no time zone {quoted(name)}; using the team's own, {context.zone}. "
            f"{error.todo}".rstrip()
        )
        return ""
    return "" if name == context.zone else name


def _range(given: Mapping[str, str], view: View, context: Context, problems: list[str]) -> View:
    faults: list[str] = []
    days = dates_of(given, faults)
    if "preset" in given:
        id = given["preset"]
        if id in context.presets:
            if "from" in given or "to" in given:
                problems.append("The link has a named range and dates; the named range is used.")
            return replace(view, preset=id)
        faults.insert(
            0, f"There is no range {quoted(id)}. {hint(id, context.presets.ids)}".rstrip()
        )
    if len(days) == 2:
        view = replace(view, preset="", start=days["from"], last=days["to"])
    elif len(days) == 1:
        (name,), (day,) = days.keys(), days.values()
        other = "to" if name == "from" else "from"
        missing = "" if other in given else f"The link has no {_DAYS[other]} day."
        faults.append(f"{missing} Showing {day} only.".lstrip())
        view = replace(view, preset="", start=day, last=day)
    elif {"preset", "from", "to"} & given.keys():
        faults.append(f"Showing “{context.presets[view.preset].label}”.")
    if faults:
        problems.append(" ".join(faults))
    return view


def dates_of(given: Mapping[str, str], problems: list[str]) -> dict[str, date]:
    """Return the dates that ``from`` and ``to`` name; explain those that are none."""
    dates: dict[str, date] = {}
    for name, day in _DAYS.items():
        try:
            if name in given:
                dates[name] = parse_date(given[name])
        except InputError as error:
            problems.append(
                f"The {day} day {quoted(given[name])} cannot be used. {error.todo}".rstrip()
            )
    return dates


def _metrics(
    given: Mapping[str, str], default: tuple[str, ...], problems: list[str]
) -> tuple[str, ...]:
    text = given.get("m")
    if text is None:
        return default
    if text == NONE:
        return ()
    ids = list(filter(None, text.split(".")))
    keys = tuple(dict.fromkeys(_KEY[id] for id in ids if id in _KEY))
    unknown = [id for id in dict.fromkeys(ids) if id not in _KEY]
    problems += [
        f"There is no metric {quoted(id)}. {hint(id, ID.values())}".rstrip() for id in unknown[:3]
    ]
    if len(unknown) > 3:
        problems.append(f"Ignored {len(unknown) - 3} more unknown metrics in the link.")
    if len(keys) > MAX_SERIES:
        problems.append(
            f"The link names {len(keys)} metrics; the chart shows the first {MAX_SERIES}."
        )
    if not keys:
        problems.append("The link names no known metric; showing the usual ones.")
        return default
    return keys[:MAX_SERIES]
