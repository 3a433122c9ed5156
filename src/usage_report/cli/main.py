"""The command line ``usage-report``. Exit status: 0 done, 1 something was refused or failed, 2 wrong usage."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import click
from sqlalchemy.engine import Engine

from usage_report import __version__, demo, storage
from usage_report.cli import doctor, service
from usage_report.cli.pull import pull
from usage_report.core import settings
from usage_report.core.errors import InputError, UsageReportError
from usage_report.core.events import EARLIEST, Event, QuarantinedInput, instant
from usage_report.core.metrics import LIMITED, metric
from usage_report.core.periods import Grain, parse_date, zone
from usage_report.ingest import pipeline, sample
from usage_report.ingest import teams as team_changes
from usage_report.render import csv, terminal
from usage_report.reporting.model import Query, TeamInfo
from usage_report.reporting.reader import Reader
from usage_report.sources import contract, input, registry
from usage_report.storage import event_log, teams
from usage_report.storage import quarantine as quarantine_store

#: As late as dates go: 2200-01-01T00:00:00Z.
_LATEST = 7_258_118_400_000
#: Refusals shown one by one; the rest is counted.
_EXAMPLES = 10


def now() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000


class _Checked(click.ParamType):
    """A parameter read by a function that raises our errors: wrong usage, with the function's own words."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name, self._read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except (UsageReportError, ValueError, OverflowError) as error:
            self.fail(str(error), param, ctx)


def _limit(text: str) -> tuple[str, float]:
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


def _look(text: str) -> int:
    at = instant(text)
    if not EARLIEST <= at < _LATEST:
        raise InputError(
            f"{text[:40]} is out of range", "", "Instants from 2000 to 2199 are taken."
        )
    return at


DATE = _Checked("date", parse_date)
TEAM = _Checked("team", teams.check_key)
ZONE = _Checked("zone", lambda text: zone(text).key)
INSTANT = _Checked("instant", _look)
METRICS = _Checked(
    "metrics", lambda text: tuple(metric(key.strip()).key for key in text.split(",") if key.strip())
)
LIMIT = _Checked("metric=value", _limit)
GRAIN = click.Choice([g.value for g in Grain])

_team = click.option("--team", type=TEAM, required=True, metavar="TEAM", help="Key of the team.")
_as_of = click.option(
    "--as-of",
    type=INSTANT,
    metavar="INSTANT",
    help="RFC 3339 time at which to look; later events have not happened. Default: now.",
)


class _Group(click.Group):
    """Our errors are sentences on standard error and status 1; defects name how to see their trace."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UsageReportError as error:
            click.echo(f"Error: {error}", err=True)
            ctx.exit(1)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            click.echo(
                f"Error: {type(error).__name__}, which should not happen. Run usage-report --debug … for the trace and report it.",
                err=True,
            )
            ctx.exit(1)


@click.group(
    cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="usage-report")
@click.option("--debug", is_flag=True, help="Show the trace of an unexpected error.")
def main(debug: bool) -> None:
    """Exact usage statistics of video rooms, from the events of any platform.

    The database is USAGE_REPORT_DATABASE_URL (default sqlite:///var/usage.db): SQLite or PostgreSQL.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")


def _open() -> tuple[Engine, settings.Settings]:
    configured = settings.load()
    return storage.open_database(configured.database_url), configured


def _reader() -> Reader:
    """A reader of figures that hold everything in the ledger: news an interrupted run left is counted first."""
    engine, configured = _open()
    _settle(engine)
    return Reader(engine, configured.stale_after)


@contextmanager
def _bar(label: str, length: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, on a terminal only."""
    if not sys.stderr.isatty() or not length:
        yield lambda n: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update


def _info(engine: Engine, key: str) -> TeamInfo:
    return Reader(engine, 1).team(key)


def _settle(engine: Engine) -> int:
    waiting = pipeline.pending_events(engine)
    if not waiting:
        return 0
    with _bar("Counting", waiting) as progress:
        return pipeline.process_pending(engine, progress=progress)


# -- events in ---------------------------------------------------------------------------------------------------------


class _SourceOption(click.Option):
    """An option whose help lists the sources, which are discovered only when the help is shown."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        names, text = super().get_help_record(ctx) or ("", "")
        return names, f"{text}{', '.join(registry.files())}."


@main.command()
@click.option("--team", type=TEAM, metavar="TEAM", help="Team of events that name none themselves.")
@click.option(
    "--source",
    cls=_SourceOption,
    metavar="NAME",
    help="How to read the files, where it is not recognised: ",
)
@click.option(
    "--zone",
    metavar="ZONE",
    help="Time zone of local times in files that name none (attendance reports), such as Europe/Berlin.",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
def ingest(team: str | None, source: str | None, zone: str | None, files: tuple[str, ...]) -> None:
    """Take in events from FILEs: JSON Lines, BigBlueButton's events.xml, attendance reports of Zoom or Teams.

    Plain or gzip; - is standard input.

    Feeding the same file again counts nothing twice. What cannot be taken is quarantined with its reason, and the exit
    status is 1.
    """
    engine, _ = _open()
    failed = False
    for file in files:
        try:
            failed |= _ingest(engine, file, team, source, zone)
        except InputError as error:
            click.echo(f"Error: {error}", err=True)
            failed = True
    _settle(engine)
    if failed:
        sys.exit(1)


def _ingest(
    engine: Engine, file: str, team: str | None, source: str | None, zone: str | None
) -> bool:
    """One input -> was anything refused?"""
    at = now()
    with input.open_input(file) as (stream, head):
        chosen = registry.choose(head, file, source)
        shown: list[QuarantinedInput] = []
        items = _watched(
            chosen.read(stream, contract.Context(now=at, team=team, name=file, zone=zone)), shown
        )
        with _bar(f"Reading {file}", stream.size) as progress:
            read = 0

            def forward(_: int) -> None:
                nonlocal read
                progress(stream.position - read)
                read = stream.position

            # A pipe has no size and no position: nothing to show, and nothing to ask for.
            watch = forward if stream.size else None
            counts = event_log.IngestCounts()
            try:
                pipeline.append(
                    engine,
                    items,
                    now=at,
                    format=chosen.name,
                    origin=file,
                    progress=watch,
                    counts=counts,
                )
            except InputError:
                _tell(file, counts, shown)
                raise
    _tell(file, counts, shown)
    return counts.not_accepted > 0


def _watched(
    items: Iterable[Event | QuarantinedInput], shown: list[QuarantinedInput]
) -> Iterator[Event | QuarantinedInput]:
    for item in items:
        if type(item) is QuarantinedInput and len(shown) < _EXAMPLES:
            shown.append(item)
        yield item


def _tell(file: str, counts: event_log.IngestCounts, shown: list[QuarantinedInput]) -> None:
    refused = counts.quarantined + counts.quarantined_before
    click.echo(
        f"{file}: {counts.accepted:,} accepted, {counts.duplicates:,} known already{terminal.not_accepted(counts)}"
    )
    for item in shown:
        click.echo(f"{file}:{item.position}: quarantined ({item.reason}): {item.why}", err=True)
    if refused > len(shown):
        click.echo(
            f"{file}: and {refused - len(shown):,} more. See them all: usage-report quarantine list",
            err=True,
        )
    for source, id in counts.conflicts[:_EXAMPLES]:
        click.echo(
            f"{file}: conflict: event {id[:80]!r} of {source[:80]!r} came before with other content; the first stays",
            err=True,
        )
    if len(counts.conflicts) > _EXAMPLES:
        click.echo(f"{file}: and {len(counts.conflicts) - _EXAMPLES:,} more conflicts", err=True)


@main.group()
def quarantine() -> None:
    """Look at events that could not be taken, and try them again."""


@quarantine.command("list")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True)
def quarantine_list(limit: int) -> None:
    """What is in quarantine, and why."""
    engine, _ = _open()
    with storage.reading(engine) as c:
        rows = quarantine_store.summaries(c, limit=limit)
    for row in rows:
        click.echo(
            f"{row.id}\t{row.origin}:{row.position}\t{row.team or '-'}\t{row.reason}\t{row.why}"
        )
    if not rows:
        click.echo("Nothing is in quarantine.", err=True)


@quarantine.command("show")
@click.argument("id", type=click.IntRange(1, 2**63 - 1))
def quarantine_show(id: int) -> None:
    """The original ID, as it came."""
    engine, _ = _open()
    with storage.reading(engine) as c:
        rows = quarantine_store.originals(c, after=id - 1, limit=1)
    if not rows or rows[0].id != id:
        raise InputError(f"There is no {id} in quarantine", "", "See: usage-report quarantine list")
    sys.stdout.buffer.write(rows[0].raw + b"\n")


@quarantine.command("replay")
def quarantine_replay() -> None:
    """Read all of it again: what can be taken now, is."""
    engine, _ = _open()
    counts = pipeline.replay(engine, now=now())
    _settle(engine)
    click.echo(
        f"{counts.accepted:,} accepted, {counts.duplicates:,} known already, {counts.quarantined_before:,} still in quarantine"
    )
    if counts.quarantined_before or counts.conflicts:
        sys.exit(1)


# -- figures out -------------------------------------------------------------------------------------------------------


@main.command()
@_team
@click.option(
    "--from", "start", type=DATE, required=True, metavar="DATE", help="First day, YYYY-MM-DD."
)
@click.option("--to", "last", type=DATE, required=True, metavar="DATE", help="Last day, included.")
@click.option(
    "--zone",
    "zone_",
    type=ZONE,
    metavar="ZONE",
    help="IANA time zone of the days. Default: the team's.",
)
@click.option("--grain", type=GRAIN, default="day", show_default=True)
@click.option("--metrics", type=METRICS, metavar="A,B", default="", help="Only these metrics.")
@_as_of
@click.option(
    "--format",
    "format_",
    type=click.Choice(["json", "csv", "table"]),
    default="table",
    show_default=True,
)
def report(
    team: str,
    start: date,
    last: date,
    zone_: str | None,
    grain: str,
    metrics: tuple[str, ...] | str,
    as_of: int | None,
    format_: str,
) -> None:
    """Every metric of a range of days, by bucket and in total."""
    if last < start:
        raise click.UsageError(f"--to {last} is before --from {start}.")
    reader = _reader()
    zone_ = zone_ or reader.team(team).zone
    result = reader.report(
        Query(
            team,
            start,
            last,
            zone_,
            as_of if as_of is not None else now(),
            Grain(grain),
            tuple(metrics),
        )
    )
    if format_ == "json":
        _print_json(result.json())
    elif format_ == "csv":
        click.echo(csv.to_csv(result).decode(), nl=False)
    else:
        click.echo(terminal.table(result))


@main.command()
@_team
@_as_of
@click.option(
    "--format", "format_", type=click.Choice(["json", "table"]), default="table", show_default=True
)
def period(team: str, as_of: int | None, format_: str) -> None:
    """The billing period: figures against contracted limits."""
    result = _reader().period(team, as_of if as_of is not None else now())
    if format_ == "json":
        _print_json(result.json())
    else:
        click.echo(terminal.period(result))


@main.command()
@_team
@_as_of
@click.option(
    "--format", "format_", type=click.Choice(["json", "table"]), default="table", show_default=True
)
def live(team: str, as_of: int | None, format_: str) -> None:
    """What is happening now."""
    result = _reader().live(team, as_of if as_of is not None else now())
    if format_ == "json":
        _print_json(result.json())
    else:
        click.echo(terminal.live(result))


def _print_json(value: dict) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


# -- teams -------------------------------------------------------------------------------------------------------------


@main.group()
def team() -> None:
    """Teams: time zone, billing day, contracted limits."""


@team.command("set")
@click.argument("key", type=TEAM, metavar="TEAM")
@click.option(
    "--zone",
    "zone_",
    type=ZONE,
    metavar="ZONE",
    help="IANA time zone in which days and periods are cut.",
)
@click.option(
    "--billing-day",
    type=click.IntRange(1, 31),
    metavar="N",
    help="Day of the month on which billing periods begin.",
)
@click.option(
    "--limit",
    "limits",
    type=LIMIT,
    multiple=True,
    metavar="METRIC=VALUE",
    help="A contracted limit; may be repeated.",
)
@click.option(
    "--from",
    "since",
    type=DATE,
    metavar="DATE",
    help="First day the limits hold. Default: they have always held.",
)
def team_set(
    key: str,
    zone_: str | None,
    billing_day: int | None,
    limits: tuple[tuple[str, float], ...],
    since: date | None,
) -> None:
    """Say what is known about TEAM; it is created where it is new. What is not named stays as it is."""
    if since and not limits:
        raise click.UsageError("--from says since when limits hold; name them with --limit.")
    engine, _ = _open()
    team_changes.change(
        engine,
        key,
        now=now(),
        zone=zone_,
        billing_day=billing_day,
        limits=dict(limits),
        since=since,
    )
    click.echo(terminal.team(_info(engine, key)))


@team.command("show")
@click.argument("key", type=TEAM, metavar="TEAM")
def team_show(key: str) -> None:
    """What is known about TEAM."""
    engine, _ = _open()
    click.echo(terminal.team(_info(engine, key)))


@team.command("list")
def team_list() -> None:
    """All teams."""
    engine, configured = _open()
    for key in Reader(engine, configured.stale_after).teams():
        click.echo(key)


# -- housekeeping ------------------------------------------------------------------------------------------------------


@main.command("demo")
@click.option("--if-empty", is_flag=True, help="Only where the database holds no team of your own.")
@click.option("--remove", is_flag=True, help="Take the sample team and all its data out again.")
def demo_(if_empty: bool, remove: bool) -> None:
    """Fill the database with 13 months of sample data, up to now; run again, it carries on from there."""
    engine, _ = _open()
    if remove:
        click.echo(
            "The sample data is gone." if sample.remove(engine) else "There is no sample data."
        )
        return
    if if_empty and teams.has_own(engine):
        return
    at = now()
    since, until = sample.span(engine, at)
    with _bar("Sample data", until - since) as progress:
        added = sample.fill(engine, now=at, progress=progress)
    _settle(engine)
    if added:
        click.echo(f"Sample data of team {demo.TEAM!r}: {added:,} events added.")


@main.command()
@click.option("--team", type=TEAM, metavar="TEAM", help="Only this team.")
def rebuild(team: str | None) -> None:
    """Recompute every figure from the events, and tell whether any was different."""
    engine, configured = _open()
    _settle(engine)
    different = False
    for key in [team] if team else Reader(engine, configured.stale_after).teams():
        with _bar(f"Rebuilding {key}", pipeline.pending_events(engine, key)) as progress:
            same = pipeline.rebuild(engine, key, progress=progress)
        click.echo(
            f"{key}: "
            + ("rebuilt, every figure as before" if same else "rebuilt, figures differ from before")
        )
        different |= not same
    if different:
        click.echo(
            "The figures that were stored did not follow from the events. They do now; please report this.",
            err=True,
        )


@main.command()
def migrate() -> None:
    """Bring the database's schema to this version (creating it where there is none)."""
    engine = storage.connect(settings.load().database_url)
    version = storage.schema_version(engine)
    if version and version > storage.SCHEMA_VERSION:
        storage.check_schema(version)
    storage.migrate(engine)
    click.echo(f"The schema is at {storage.SCHEMA_VERSION}.")


@main.command("doctor")
def doctor_() -> None:
    """Check settings, database, schema and freshness, and say what to do about each fault."""
    healthy = True
    for check in doctor.checks(now()):
        click.echo(f"{'ok  ' if check.ok else 'FAIL'} {check.name}: {check.found}")
        if not check.ok:
            click.echo(f"     → {check.todo}")
        healthy &= check.ok
    if not healthy:
        sys.exit(1)


for _command in (*service.COMMANDS, pull):
    main.add_command(_command)


if __name__ == "__main__":
    main()
