"""``usage-report report``, ``period`` and ``live``: figures of a team."""

from __future__ import annotations

from datetime import date

import click

from usage_report.cli.connection import open_engine, process_pending, reader_for
from usage_report.cli.output import echo_json
from usage_report.cli.parameters import (
    DATE,
    GRAIN,
    METRICS,
    ZONE,
    as_of_option,
    format_option,
    team_option,
)
from usage_report.core.periods import Grain
from usage_report.render import csv, terminal
from usage_report.reporting.model import Query
from usage_report.reporting.reader import Reader


def _open_reader() -> Reader:
    """Return a reader whose figures include every stored event."""
    engine = open_engine()
    process_pending(engine)
    return reader_for(engine)


@click.command()
@team_option
@click.option("--from", "start", type=DATE, required=True, metavar="DATE", help="First day.")
@click.option("--to", "last", type=DATE, required=True, metavar="DATE", help="Last day, included.")
@click.option(
    "--zone", type=ZONE, metavar="ZONE", help="IANA time zone of the days. Default: the team's."
)
@click.option(
    "--grain", type=GRAIN, default="day", show_default=True, help="Length of a row's time span."
)
@click.option(
    "--metrics",
    type=METRICS,
    metavar="A,B",
    default="",
    help="Only these metrics, separated by commas.",
)
@as_of_option
@format_option("json", "csv", "table")
@click.option(
    "--bom/--no-bom",
    default=False,
    show_default=True,
    help="Begin CSV with a byte order mark, by which Excel knows it to be UTF-8.",
)
def report(  # noqa: PLR0913 - one for each option
    *,
    team: str,
    start: date,
    last: date,
    zone: str | None,
    grain: str,
    metrics: tuple[str, ...],
    as_of: int,
    output_format: str,
    bom: bool,
) -> None:
    """Print every metric of a range of days.

    The rows are hours, days, weeks or months, and the total. A DATE is written YYYY-MM-DD.
    """
    if last < start:
        raise click.UsageError(f"--to {last} is before --from {start}.")
    if bom and output_format != "csv":
        raise click.UsageError("--bom is for --format csv.")
    reader = _open_reader()
    zone = zone or reader.team(team).zone
    result = reader.report(Query(team, start, last, zone, as_of, Grain(grain), metrics))
    if output_format == "json":
        echo_json(result.json())
    elif output_format == "csv":
        click.echo(csv.to_csv(result, bom=bom), nl=False)
    else:
        click.echo(terminal.table(result))


@click.command()
@team_option
@as_of_option
@format_option("json", "table")
def period(team: str, as_of: int, output_format: str) -> None:
    """Print the billing period and its contracted limits."""
    result = _open_reader().period(team, as_of)
    if output_format == "json":
        echo_json(result.json())
    else:
        click.echo(terminal.period(result))


@click.command()
@team_option
@as_of_option
@format_option("json", "table")
def live(team: str, as_of: int, output_format: str) -> None:
    """Print live participants, sessions and recordings."""
    result = _open_reader().live(team, as_of)
    if output_format == "json":
        echo_json(result.json())
    else:
        click.echo(terminal.live(result))
