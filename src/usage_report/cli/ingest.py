"""``usage-report ingest``: events from files and standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

import click
from sqlalchemy.engine import Engine

from usage_report.cli.connection import open_engine, process_pending, reader_for
from usage_report.cli.next_step import CoveredDays
from usage_report.cli.output import (
    EXAMPLES,
    explain_not_accepted,
    outcome_counts,
    progress_bar,
)
from usage_report.cli.parameters import NEW_TEAM
from usage_report.core import clock, settings
from usage_report.core.errors import InputError
from usage_report.core.events import Event, QuarantinedInput
from usage_report.ingest import pipeline
from usage_report.sources import contract, input, registry
from usage_report.storage.event_log import IngestCounts


@click.command()
@click.option("--team", type=NEW_TEAM, metavar="TEAM", help="Team of events that name none.")
@click.option(
    "--source",
    metavar="NAME",
    # The names are not listed here: finding them loads every source, plug-ins included.
    help="Format of the files, if it is not recognised, such as bigbluebutton. An unknown name "
    "prints the known ones.",
)
@click.option(
    "--zone",
    metavar="ZONE",
    help="Time zone of local times in files that name none (attendance reports), "
    "such as Europe/Berlin.",
)
@click.option(
    "--dates",
    type=click.Choice(("dmy", "mdy", "ymd")),
    help="Order of day, month and year in files whose dates can be read both ways "
    "(attendance reports).",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def ingest(
    team: str | None,
    source: str | None,
    zone: str | None,
    dates: str | None,
    files: tuple[str, ...],
) -> None:
    """Ingest events from FILEs.

    Reads JSON Lines, BigBlueButton's events.xml, and attendance reports of Zoom, Teams or
    Google Meet, plain or gzip-compressed; - is standard input.

    Ingesting the same file again counts nothing twice. Events that cannot be accepted are
    quarantined with the reason, and the exit status is 1.
    """
    engine = open_engine()
    context = contract.Context(now=clock.now_ms(), team=team, zone=zone, dates=dates)
    failed, covered = False, CoveredDays()
    for file in files:
        try:
            failed |= _ingest_file(engine, file, source, context, covered)
        except InputError as error:
            click.echo(f"Error: {error}", err=True)
            failed = True
    process_pending(engine)
    for line in covered.next_steps(reader_for(engine), settings.load().public_url):
        click.echo(line)
    if failed:
        sys.exit(1)


def _ingest_file(
    engine: Engine,
    file: str,
    source: str | None,
    context: contract.Context,
    covered: CoveredDays,
) -> bool:
    """Ingest one input and print its outcome. Return whether any of it was not accepted."""
    context = context._replace(now=clock.now_ms(), name=file)
    examples: list[QuarantinedInput] = []
    with input.open_input(file) as (stream, head):
        chosen = registry.choose(head, file, source)
        items = chosen.read(stream, context)
        with progress_bar(f"Reading {file}", stream.size) as advance:
            shown = 0

            def update_bar(_: int) -> None:
                nonlocal shown
                advance(stream.position - shown)
                shown = stream.position

            counts = IngestCounts()
            try:
                pipeline.append(
                    engine,
                    _watch(items, examples, covered),
                    now=context.now,
                    format=chosen.name,
                    origin=file,
                    # A pipe has neither a size nor a position.
                    progress=update_bar if stream.size else None,
                    counts=counts,
                )
            except InputError:
                _print_outcome(file, counts, examples)
                raise
    _print_outcome(file, counts, examples)
    return counts.not_accepted > 0


def _watch(
    items: Iterable[Event | QuarantinedInput],
    examples: list[QuarantinedInput],
    covered: CoveredDays,
) -> Iterator[Event | QuarantinedInput]:
    """Yield all items. Note the days of events, and keep the first quarantined items."""
    for item in items:
        if type(item) is Event:
            covered.add(item)
        elif type(item) is QuarantinedInput and len(examples) < EXAMPLES:
            examples.append(item)
        yield item


def _print_outcome(file: str, counts: IngestCounts, examples: list[QuarantinedInput]) -> None:
    click.echo(f"{file}: {outcome_counts(counts)}")
    explain_not_accepted(file, counts, [(f"{file}:{item.position}", item) for item in examples])
