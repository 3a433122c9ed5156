"""The ranges people pick by name: read from a TOML file an analyst edits, checked strictly, resolved against a given today."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from usage_report.core.errors import SettingsError, did_you_mean
from usage_report.core.periods import DAY, Period, billing_period

SHIPPED = Path(__file__).with_name("presets.toml")
#: Largest file read: a list of names needs no more, and a wrong path may point at anything.
MAX_BYTES = 100_000
#: Unit -> most of them that ``last`` or ``offset`` may go back: about ten years.
UNITS = {"day": 3_660, "week": 520, "month": 120, "quarter": 40, "year": 10, "billing": 120}
KEYS = ("id", "label", "unit", "offset", "last", "complete")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Preset:
    """One named range. Exactly one of ``offset`` (0 or less) and ``last`` (1 or more) is set."""

    id: str
    label: str
    unit: str
    offset: int | None = None
    last: int | None = None
    complete: bool = False


@dataclass(frozen=True, slots=True)
class Presets:
    """All presets in their order; ``default`` is the id of the one a first visit shows."""

    items: tuple[Preset, ...]
    default: str

    def __contains__(self, id: object) -> bool:
        return any(p.id == id for p in self.items)

    def __getitem__(self, id: str) -> Preset:
        return next(p for p in self.items if p.id == id)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(p.id for p in self.items)


def load(path: str | Path | None = None) -> Presets:
    """The presets of a file (of the one that comes with the package, by default). Raises ``SettingsError``."""
    file = Path(path) if path else SHIPPED
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise SettingsError(
                f"The presets file {file} cannot be used",
                f"it has over {MAX_BYTES:,} bytes",
                "Is it the right file?",
            )
        table = tomllib.loads(data.decode("utf-8"))
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, not TOML, NUL in the path
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise SettingsError(
            f"The presets file {file} cannot be read",
            str(reason),
            "Mend it, or unset USAGE_REPORT_PRESETS to use the presets that come with the package.",
        ) from None
    return _check(table, str(file))


def _check(table: dict, file: str) -> Presets:
    def wrong(where: str, why: str, todo: str = "") -> SettingsError:
        return SettingsError(f"Presets file {file}, {where}", why, todo)

    for key in table.keys() - {"preset", "default"}:
        raise wrong(
            f"key {key!r}",
            "there is no such key at the top",
            did_you_mean(key, ("default", "preset")),
        )
    entries = table.get("preset")
    if (
        not isinstance(entries, list)
        or not entries
        or not all(isinstance(e, dict) for e in entries)
    ):
        raise wrong(
            "key 'preset'", "there is no preset in it", "Begin each with a line [[preset]]."
        )
    items: list[Preset] = []
    for number, entry in enumerate(entries, 1):
        name = (
            f"preset {entry['id']!r}"
            if isinstance(entry.get("id"), str)
            else f"preset number {number}"
        )
        preset = _preset(
            entry, lambda key, why, todo="", name=name: wrong(f"{name}, key {key!r}", why, todo)
        )
        if any(p.id == preset.id for p in items):
            raise wrong(name, "this id is used twice", "Every preset needs an id of its own.")
        items.append(preset)
    default = table.get("default", items[0].id)
    if default not in [p.id for p in items]:
        raise wrong(
            "key 'default'",
            f"there is no preset {default!r}",
            did_you_mean(default, (p.id for p in items)),
        )
    return Presets(tuple(items), default)


def _preset(entry: dict, wrong) -> Preset:
    for key in entry:
        if key not in KEYS:
            raise wrong(key, "a preset has no such key", did_you_mean(key, KEYS))
    for key in ("id", "label", "unit"):
        if key not in entry:
            raise wrong(key, "it is missing", "Every preset has an id, a label and a unit.")
        if not isinstance(entry[key], str):
            raise wrong(key, f"it must be a text in quotes, not {entry[key]!r}")
    if len(entry["id"]) > 40 or not _ID.fullmatch(entry["id"]):
        raise wrong(
            "id",
            f"{entry['id'][:60]!r} is not an id",
            "Use up to 40 lower case letters and digits, with single '-' between.",
        )
    if not entry["label"].strip() or len(entry["label"]) > 60 or not entry["label"].isprintable():
        raise wrong("label", "it must have 1 to 60 printable characters")
    if (unit := entry["unit"]) not in UNITS:
        raise wrong("unit", f"{unit!r} is not a unit", did_you_mean(unit, UNITS))
    if ("offset" in entry) == ("last" in entry):
        raise wrong(
            "offset",
            "give exactly one of 'offset' and 'last'",
            "offset = 0 is the current unit; last = 7 is seven of them in a row.",
        )
    key = "offset" if "offset" in entry else "last"
    low, high = (-UNITS[unit], 0) if key == "offset" else (1, UNITS[unit])
    if type(entry[key]) is not int or not low <= entry[key] <= high:
        raise wrong(key, f"it must be a whole number from {low} to {high}, not {entry[key]!r}")
    complete = entry.get("complete", False)
    if type(complete) is not bool:
        raise wrong("complete", f"it must be true or false, not {complete!r}")
    if complete and key == "offset":
        raise wrong(
            "complete",
            "it goes with 'last' only",
            "Use offset = -1 for the last unit that is over.",
        )
    return Preset(
        entry["id"], entry["label"].strip(), unit, entry.get("offset"), entry.get("last"), complete
    )


def resolve(preset: Preset, today: date, billing_day: int) -> Period:
    """The days a preset means on the day ``today`` of the report's zone. Never reaches beyond today."""
    if preset.offset is not None:
        unit = _unit(preset.unit, today, preset.offset, billing_day)
        return Period(unit.start, min(unit.end, today + DAY))
    newest = -1 if preset.complete else 0
    first = _unit(preset.unit, today, newest - preset.last + 1, billing_day)
    return Period(first.start, min(_unit(preset.unit, today, newest, billing_day).end, today + DAY))


def _unit(unit: str, today: date, offset: int, billing_day: int) -> Period:
    """The unit that is ``offset`` units from the one today is in."""
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
    return date(index // 12, index % 12 + 1, 1)
