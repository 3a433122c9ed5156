"""Named date ranges: read from a TOML file, checked strictly, resolved for a given day."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from usage_report.core import toml_file
from usage_report.core.errors import SettingsError, did_you_mean
from usage_report.core.periods import DAY, Period, billing_period

#: The file that comes with the package.
SHIPPED = Path(__file__).with_name("presets.toml")
#: Unit -> how many of them ``last`` or ``offset`` may go back at most: about ten years.
UNITS = {"day": 3_660, "week": 520, "month": 120, "quarter": 40, "year": 10, "billing": 120}
KEYS = ("id", "label", "unit", "offset", "last", "complete")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")

#: ``_fault`` with its first argument given.
_Fault = Callable[..., SettingsError]


@dataclass(frozen=True, slots=True)
class Preset:
    """One named range. Exactly one of ``offset`` (at most 0) and ``last`` (at least 1) is set."""

    id: str
    label: str
    unit: str
    offset: int | None = None
    last: int | None = None
    complete: bool = False

    @property
    def offsets(self) -> tuple[int, int]:
        """Offsets of the oldest and the newest unit; 0 is the unit that today is in."""
        if self.last is None:
            return self.offset or 0, self.offset or 0
        newest = -1 if self.complete else 0
        return newest - self.last + 1, newest


@dataclass(frozen=True, slots=True)
class Presets:
    """All presets in their order. ``default`` is the id of the one that a first visit shows."""

    items: tuple[Preset, ...]
    default: str

    def __contains__(self, id: object) -> bool:
        return id in self.ids

    def __getitem__(self, id: str) -> Preset:
        return next(p for p in self.items if p.id == id)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids in the order of the file."""
        return tuple(p.id for p in self.items)


def load(path: str | Path | None = None) -> Presets:
    """Return the presets of a file, by default of the one that comes with the package.

    Raises ``SettingsError`` that names the file, the preset and the key.
    """
    file = Path(path) if path else SHIPPED
    table = toml_file.read(
        file,
        "presets file",
        "Correct it, or unset USAGE_REPORT_PRESETS to use the presets that come with the package.",
    )
    where = f"Presets file {file}"
    fault = partial(_fault, where)
    for key in table.keys() - {"preset", "default"}:
        hint = did_you_mean(key, ("default", "preset"))
        raise fault(key, "there is no such key at the top", hint)
    entries = table.get("preset")
    if (
        not isinstance(entries, list)
        or not entries
        or not all(isinstance(e, dict) for e in entries)
    ):
        raise fault("preset", "there is no preset in it", "Begin each with a line [[preset]].")
    items: list[Preset] = []
    for number, entry in enumerate(entries, 1):
        id = entry.get("id")
        name = f"preset {id!r}" if isinstance(id, str) else f"preset number {number}"
        fault_in_entry = partial(_fault, f"{where}, {name}")
        preset = _preset(entry, fault_in_entry)
        if any(p.id == preset.id for p in items):
            raise fault_in_entry(
                "id", "this id is used twice", "Every preset needs an id of its own."
            )
        items.append(preset)
    ids = [p.id for p in items]
    default = table.get("default", ids[0])
    if default not in ids:
        raise fault("default", f"there is no preset {default!r}", did_you_mean(default, ids))
    return Presets(tuple(items), default)


def _fault(where: str, key: str, why: str, todo: str = "") -> SettingsError:
    return SettingsError(f"{where}, key {key!r}", why, todo)


def _preset(entry: dict[str, Any], fault: _Fault) -> Preset:
    for key in entry:
        if key not in KEYS:
            raise fault(key, "a preset has no such key", did_you_mean(key, KEYS))
    for key in ("id", "label", "unit"):
        if key not in entry:
            raise fault(key, "it is missing", "Every preset has an id, a label and a unit.")
        if not isinstance(entry[key], str):
            raise fault(key, f"it must be a text in quotes, not {entry[key]!r}")
    id, label, unit = entry["id"], entry["label"].strip(), entry["unit"]
    if len(id) > 40 or not _ID.fullmatch(id):
        raise fault(
            "id",
            f"{id[:60]!r} is not an id",
            "Use up to 40 lower case letters and digits, with single '-' between.",
        )
    if not label or len(entry["label"]) > 60 or not entry["label"].isprintable():
        raise fault("label", "it must have 1 to 60 printable characters")
    if unit not in UNITS:
        raise fault("unit", f"{unit!r} is not a unit", did_you_mean(unit, UNITS))
    return Preset(id, label, unit, **_span(entry, UNITS[unit], fault))


def _span(entry: dict[str, Any], most: int, fault: _Fault) -> dict[str, Any]:
    """Return the keys that define which units a preset covers, at most ``most`` units back."""
    if ("offset" in entry) == ("last" in entry):
        raise fault(
            "offset",
            "give exactly one of 'offset' and 'last'",
            "offset = 0 is the current unit; last = 7 is the last seven units.",
        )
    key = "offset" if "offset" in entry else "last"
    low, high = (-most, 0) if key == "offset" else (1, most)
    if type(entry[key]) is not int or not low <= entry[key] <= high:
        raise fault(key, f"it must be a whole number from {low} to {high}, not {entry[key]!r}")
    complete = entry.get("complete", False)
    if type(complete) is not bool:
        raise fault("complete", f"it must be true or false, not {complete!r}")
    if complete and key == "offset":
        raise fault(
            "complete",
            "it goes with 'last' only",
            "Use offset = -1 for the last unit that is over.",
        )
    return {key: entry[key], "complete": complete}


def resolve(preset: Preset, today: date, billing_day: int) -> Period:
    """Return the days a preset means on ``today`` of the report's zone. None is after today."""
    oldest, newest = (_unit(preset.unit, today, offset, billing_day) for offset in preset.offsets)
    return Period(oldest.start, min(newest.end, today + DAY))


def _unit(unit: str, today: date, offset: int, billing_day: int) -> Period:
    """Return the unit that is ``offset`` units from the one that today is in."""
    if unit == "billing":
        period = billing_period(today, billing_day)
        for _ in range(-offset):
            period = billing_period(period.start - DAY, billing_day)
        return period
    if unit in ("day", "week"):
        start = today - DAY * (today.weekday() if unit == "week" else 0)
        length = DAY * (7 if unit == "week" else 1)
        return Period(start + length * offset, start + length * (offset + 1))
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    index = (today.year * 12 + today.month - 1) // months + offset
    return Period(_month(index * months), _month((index + 1) * months))


def _month(index: int) -> date:
    """Return the first day of a month, counted from January of year 0."""
    return date(index // 12, index % 12 + 1, 1)
