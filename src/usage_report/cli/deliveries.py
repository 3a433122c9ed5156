"""``usage-report deliveries``: stored webhook requests."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import groupby

import click
import orjson

from usage_report import storage
from usage_report.cli.connection import open_engine, process_pending
from usage_report.cli.output import explain_not_accepted, outcome_counts
from usage_report.core import clock
from usage_report.core.events import Event, QuarantinedInput, iso
from usage_report.ingest import pipeline
from usage_report.reporting import arrivals
from usage_report.sources import registry
from usage_report.sources.contract import Context, Delivery
from usage_report.storage import deliveries as store
from usage_report.storage.event_log import IngestCounts

#: Stored requests read at once: their bodies may be large.
BATCH = 100


def _check_platform(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    """Raise ``NotFoundError`` for an unknown platform."""
    if name is not None:
        registry.platform(name)
    return name


def _to_epoch_ms(_: click.Context, __: click.Parameter, value: datetime | None) -> int:
    return int(value.replace(tzinfo=UTC).timestamp()) * 1000 if value else 0


def _selection(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select deliveries."""
    platform = click.option(
        "--platform", callback=_check_platform, metavar="PLATFORM", help="Only of this platform."
    )
    since = click.option(
        "--since",
        type=click.DateTime(["%Y-%m-%d"]),
        callback=_to_epoch_ms,
        metavar="DATE",
        help="Only requests received on this day (UTC) or later.",
    )
    return platform(since(command))


@click.group()
def deliveries() -> None:
    """List and replay stored webhook requests.

    Requests are kept for a limited time, so that a later version can read more from them.
    """


@deliveries.command("list")
@_selection
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Maximum number of requests, the latest ones.",
)
def list_(platform: str | None, since: int, limit: int) -> None:
    """List stored requests, with the outcome counts of their events."""
    with storage.reading(open_engine()) as c:
        rows = arrivals.deliveries(c, platform, since=since, limit=limit)
    for row in rows:
        click.echo(
            f"{row.id}\t{row.platform}\t{row.team}\t{iso(row.received_at)}\t{row.accepted:,} "
            f"accepted, {row.duplicates:,} known already, {row.quarantined:,} quarantined"
        )
    if not rows:
        click.echo("No such delivery is stored.", err=True)


@deliveries.command()
@_selection
def replay(platform: str | None, since: int) -> None:
    """Process stored requests again.

    Use it after an upgrade that reads more of a platform. Known events change nothing.
    """
    engine = open_engine()
    now, read, after, counts = clock.now_ms(), 0, 0, IngestCounts()
    while True:
        with storage.reading(engine) as c:
            rows = store.stored(c, platform, after=after, since=since, limit=BATCH)
        if not rows:
            break
        after = rows[-1].id
        for name, group in groupby(rows, key=lambda row: row.platform):
            # After a downgrade there may be requests of a platform that this version does not know.
            if name in registry.platforms():
                requests = list(group)
                counts += pipeline.append(
                    engine,
                    _translate(name, requests),
                    now=now,
                    format=name,
                    origin="a replayed delivery",
                )
                read += len(requests)
    process_pending(engine)
    click.echo(
        f"{read:,} {'delivery' if read == 1 else 'deliveries'} replayed: {outcome_counts(counts)}"
    )
    if counts.not_accepted:
        explain_not_accepted("deliveries", counts)
        sys.exit(1)


def _translate(
    platform: str, rows: Iterable[store.StoredDelivery]
) -> Iterator[Event | QuarantinedInput]:
    """Yield the events of stored requests, as of the instants at which they were received."""
    source = registry.platform(platform)
    for row in rows:
        delivery = Delivery(
            zlib.decompress(row.body), orjson.loads(row.headers), row.url, row.received_at
        )
        for item in source.translate(delivery, Context(row.received_at, row.team, platform)):
            # The team is that of the address, whatever the body contains.
            yield item._replace(team=row.team) if type(item) is QuarantinedInput else item
