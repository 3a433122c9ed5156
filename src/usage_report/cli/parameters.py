"""Types of parameters, and the options that several commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar

import click

from usage_report.core import clock
from usage_report.core.errors import InputError, UsageReportError
from usage_report.core.events import iso
from usage_report.core.metrics import LIMITED, parse_keys
from usage_report.core.periods import Grain, parse_date, parse_instant, zone
from usage_report.storage import teams

_Value = TypeVar("_Value")
_Command = Callable[..., None]


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
        raise InputError(
            f"The limit {text!r} is not a number", "", f"Write it as {key}=100000."
        ) from None
    if not 0 <= number < 1e15:
        raise InputError(f"The limit {text!r} is out of range", "", "It must be 0 or more.")
    return key, number


DATE = _checked(parse_date)
TEAM = _checked(teams.check_key)
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
