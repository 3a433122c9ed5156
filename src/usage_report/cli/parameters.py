"""Types of parameters, and the options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

import click

from usage_report.core import clock, team_keys
from usage_report.core.errors import InputError, UsageReportError
from usage_report.core.events import iso
from usage_report.core.metrics import LIMITED, parse_keys
from usage_report.core.periods import Grain, parse_date, parse_instant, zone
from usage_report.storage import teams

_Value = TypeVar("_Value")
_Command = Callable[..., None]
#: Hours of the units of durations, and of the longest one.
_HOURS = {"h": 1, "d": 24, "w": 168}
_MAX_HOURS = 3_660 * 24


def _checked(parse: Callable[[str], _Value]) -> Callable[[str], _Value]:
    """Return ``parse`` as a parameter type: its errors become wrong usage, with their own text."""

    @functools.wraps(parse)
    def convert(text: str) -> _Value:
        try:
            return parse(text)
        except UsageReportError as error:
            raise click.BadParameter(str(error)) from None

    return convert


def _parse_limit(text: str) -> tuple[str, float]:
    """Return the metric key and the value of ``KEY=VALUE``."""
    key, _, value = text.partition("=")
    known = [m.key for m in LIMITED]
    if key not in known:
        raise InputError(f"{key!r} cannot be limited", "", f"Contracts limit {', '.join(known)}.")
    try:
        number = float(value.replace("_", ""))
    except ValueError:
        number = -1
    if not 0 <= number < 1e15:
        raise InputError(f"The limit {text!r} is not a number", "", f"Write it as {key}=100000.")
    return key, number


def _parse_duration(text: str) -> int:
    """Return the milliseconds of a duration such as ``90d``."""
    number, unit = text[:-1], text[-1:]
    if not (number.isdecimal() and number.isascii() and unit in _HOURS):
        raise InputError(
            f"The duration {text!r} cannot be read", "", "Write it as 12h, 90d or 52w."
        )
    hours = int(number[:9]) * _HOURS[unit]
    if not 0 < hours <= _MAX_HOURS:
        raise InputError(f"The duration {text!r} is out of range", "it is 1 hour to 10 years")
    return hours * 3_600_000


DATE = _checked(parse_date)
DURATION = _checked(_parse_duration)
#: The key of a team that may be created, and the key of a stored team.
NEW_TEAM = _checked(team_keys.check)
TEAM = _checked(teams.check_lookup)
ZONE = _checked(lambda text: zone(text).key)
METRICS = _checked(parse_keys)
LIMIT = _checked(_parse_limit)
GRAIN = click.Choice([grain.value for grain in Grain])

team_option = click.option(
    "--team", type=TEAM, required=True, metavar="TEAM", help="Key of the team."
)
as_of_option = click.option(
    "--as-of",
    type=_checked(parse_instant),
    metavar="INSTANT",
    default=lambda: iso(clock.now_ms()),
    help="RFC 3339 time of the question: later events are left out. Default: now.",
)


def format_option(*formats: str) -> Callable[[_Command], _Command]:
    """Return the option ``--format`` with these choices; the table is the default."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default="table",
        show_default=True,
        help="How to print the result.",
    )


def listening_options(*, port: int) -> Callable[[_Command], _Command]:
    """Return the options ``--host`` and ``--port`` of a server, with this default port."""
    host_option = click.option(
        "--host", default="127.0.0.1", show_default=True, help="Address to listen on."
    )
    port_option = click.option(
        "--port",
        type=click.IntRange(1, 65535),
        default=port,
        show_default=True,
        help="Port to listen on.",
    )
    return lambda command: host_option(port_option(command))
