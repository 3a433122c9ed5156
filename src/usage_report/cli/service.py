"""Commands of the service: serve, worker, and who may send or read."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import groupby

import click
import orjson

from usage_report import storage
from usage_report.core import events, logging, settings
from usage_report.core.errors import InputError, did_you_mean
from usage_report.core.events import Event, QuarantinedInput, iso
from usage_report.ingest import pipeline
from usage_report.render import terminal
from usage_report.reporting import arrivals as arrived
from usage_report.sources import contract, registry
from usage_report.sources.contract import Delivery
from usage_report.storage import credentials, teams
from usage_report.storage import deliveries as delivery_store
from usage_report.storage.event_log import IngestCounts

#: Stored requests read at once: their bodies may be large.
_SHARE = 100


def _now() -> int:
    return time.time_ns() // 1_000_000


def _engine():
    return storage.open_database(settings.load().database_url)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8502, show_default=True)
@click.option(
    "--worker/--no-worker",
    default=True,
    show_default=True,
    help="Count what comes in, in a process of its own beside this one.",
)
def serve(host: str, port: int, worker: bool) -> None:
    """Serve the API alone: receive events and webhooks, answer in JSON. The pages are not needed for it."""
    import uvicorn

    from usage_report import api
    from usage_report.ingest.worker import worker_process

    configured = settings.load()
    logging.configure(configured.log_format, configured.log_level)
    storage.open_database(
        configured.database_url
    ).dispose()  # a broken database is told now, not at the first request
    # Requests leave no cycles behind: looking for them less often is a sixth of the work saved.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    with worker_process() if worker else nullcontext():
        uvicorn.run(
            api.create(configured),
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
        )


@click.command()
@click.option(
    "--until-input-ends",
    is_flag=True,
    help="Stop at the end of standard input, too: with the process that holds its other end.",
)
def worker(until_input_ends: bool) -> None:
    """Count what comes in, until stopped. For databases that others write to; several may run."""
    from usage_report.ingest.worker import Worker

    configured = settings.load()
    logging.configure(configured.log_format, configured.log_level)
    storage.connect(
        configured.database_url
    ).dispose()  # an address that can never be one is told now; a server that is away is waited for
    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    if until_input_ends:
        threading.Thread(
            target=lambda: (sys.stdin.buffer.read(), stop.set()), name="input", daemon=True
        ).start()
    Worker(configured).run(stop)


@click.group()
def token() -> None:
    """Tokens with which programs send events or read figures of one team."""


@token.command("create")
@click.option(
    "--team", required=True, metavar="TEAM", help="Key of the team; it is created where it is new."
)
@click.option(
    "--scope",
    type=click.Choice(credentials.SCOPES),
    default="ingest",
    show_default=True,
    help="What it may do.",
)
@click.option("--label", default="", help="What it is for, to tell it from others.")
def token_create(team: str, scope: str, label: str) -> None:
    """Make a token and show it: once, it is not kept."""
    teams.check_key(team)
    label = " ".join(events.storable(label).split())  # a line break would break the list
    with storage.writing(_engine()) as c:
        made = credentials.create_token(c, team, scope, label, _now())
    click.echo(made)
    click.echo("This is shown once: only a digest of it is kept.", err=True)


@token.command("list")
@click.option("--team", metavar="TEAM", help="Only this team's.")
def token_list(team: str | None) -> None:
    """What tokens there are. The tokens themselves are not kept."""
    with storage.reading(_engine()) as c:
        for t in credentials.tokens(c, team):
            state = f"revoked {iso(t.revoked_at)}" if t.revoked_at else "good"
            click.echo(
                f"{t.id}\t{t.team}\t{t.scope}\t{t.hint}…\t{iso(t.created_at)}\t{state}\t{t.label}"
            )


@token.command("revoke")
@click.argument("id", type=int)
def token_revoke(id: int) -> None:
    """Make token ID good for nothing, within two seconds."""
    with storage.writing(_engine()) as c:
        credentials.revoke_token(c, id, _now())
    click.echo(f"Token {id} is revoked.")


@click.group()
def hook() -> None:
    """Webhooks of video platforms: which team takes them, and the secret they are signed with."""


@hook.command("list")
def hook_list() -> None:
    """Platforms that can be connected, and the teams that are."""
    with storage.reading(_engine()) as c:
        connected = credentials.platforms(c)
    for name, source in registry.platforms().items():
        click.echo(
            f"{name}\t{source.title}\t{', '.join(team for team, platform, _ in connected if platform == name) or '-'}"
        )


@hook.command("set")
@click.argument("platform")
@click.argument("team", metavar="TEAM")
@click.option(
    "--secret-from",
    metavar="VARIABLE",
    help="Environment variable that holds the secret. Default: it is asked for, or read from standard input.",
)
def hook_set(platform: str, team: str, secret_from: str | None) -> None:
    """Take PLATFORM's webhooks for TEAM, signed with a secret. It never stands on the command line."""
    teams.check_key(team)
    source = registry.platforms().get(platform)
    if source is None:
        raise InputError(
            f"There is no platform {platform!r}", "", did_you_mean(platform, registry.platforms())
        )
    if secret_from:
        if secret_from not in os.environ:
            raise InputError(f"The environment has no {secret_from}", "", "Export it first.")
        secret = os.environ[secret_from]
    elif sys.stdin.isatty():
        click.echo(source.secret_hint)
        secret = click.prompt("Secret", hide_input=True)
    else:
        secret = sys.stdin.readline().rstrip("\r\n")
    if events.storable(secret) != secret:
        raise InputError("That is no secret", "it is too long, or no text that a database keeps")
    configured = settings.load()
    with storage.writing(_engine()) as c:
        credentials.set_secret(c, team, platform, secret, _now())
    click.echo(
        f"Tell {source.title} to send to: {credentials.address(configured.public_url, platform, team)}"
    )


@hook.command("remove")
@click.argument("platform")
@click.argument("team", metavar="TEAM")
def hook_remove(platform: str, team: str) -> None:
    """Take nothing more from PLATFORM for TEAM."""
    with storage.writing(_engine()) as c:
        if not credentials.remove_secret(c, team, platform):
            raise InputError(
                f"{team} takes nothing from {platform}", "", "See: usage-report hook list"
            )
    click.echo(f"{platform} is disconnected from {team}.")


@click.group()
def deliveries() -> None:
    """Webhook requests as they came, kept for a while so that a mended adapter can read them again."""


def _some(command):
    """The options that choose deliveries."""
    since = click.option(
        "--since",
        type=click.DateTime(["%Y-%m-%d"]),
        metavar="DATE",
        help="Only what came on this day (UTC) or later.",
    )
    return click.option("--platform", metavar="PLATFORM", help="Only this platform's.")(
        since(command)
    )


def _chosen(platform: str | None, since: datetime | None) -> tuple[str | None, int]:
    if platform is not None and platform not in registry.platforms():
        raise InputError(
            f"There is no platform {platform!r}", "", did_you_mean(platform, registry.platforms())
        )
    return platform, int(since.replace(tzinfo=UTC).timestamp()) * 1000 if since else 0


@deliveries.command("list")
@_some
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="At most so many, the latest.",
)
def deliveries_list(platform: str | None, since: datetime | None, limit: int) -> None:
    """What is kept, and what became of the events in it."""
    platform, start = _chosen(platform, since)
    with storage.reading(_engine()) as c:
        rows = arrived.deliveries(c, platform, since=start, limit=limit)
    for d in rows:
        counts = f"{d.accepted:,} accepted, {d.duplicates:,} known already, {d.quarantined:,} quarantined"
        click.echo(f"{d.id}\t{d.platform}\t{d.team}\t{iso(d.received_at)}\t{counts}")
    if not rows:
        click.echo("No such delivery is kept.", err=True)


@deliveries.command("replay")
@_some
def deliveries_replay(platform: str | None, since: datetime | None) -> None:
    """Read kept deliveries again, and take what is new.

    After an upgrade that reads more of a platform than the one before did. What is known already changes nothing.
    """
    platform, start = _chosen(platform, since)
    engine = _engine()
    now, read, after, counts = _now(), 0, 0, IngestCounts()
    while True:
        with storage.reading(engine) as c:
            rows = delivery_store.stored(c, platform, after=after, since=start, limit=_SHARE)
        if not rows:
            break
        for name, some in groupby(rows, key=lambda row: row.platform):
            # A platform of a version to come, after a downgrade, is left alone.
            if name in registry.platforms():
                chosen = list(some)
                counts += pipeline.append(
                    engine,
                    _translated(name, chosen),
                    now=now,
                    format=name,
                    origin="a delivery, read again",
                )
                read += len(chosen)
        after = rows[-1].id
    pipeline.process_pending(engine)
    text = f"{read:,} {'delivery' if read == 1 else 'deliveries'} read again: {counts.accepted:,} events new, {counts.duplicates:,} known already"
    click.echo(text + terminal.not_accepted(counts))
    if counts.not_accepted:
        sys.exit(1)


def _translated(platform: str, rows: Iterable) -> Iterator[Event | QuarantinedInput]:
    """What a platform's adapter makes of stored requests, as if they came now at the time they came."""
    source = registry.platforms()[platform]
    for row in rows:
        delivery = Delivery(
            zlib.decompress(row.body), orjson.loads(row.headers), row.url, row.received_at
        )
        for item in source.translate(
            delivery, contract.Context(row.received_at, row.team, platform)
        ):
            # The address names the team, whatever the body says.
            yield item._replace(team=row.team) if type(item) is QuarantinedInput else item


COMMANDS = (serve, worker, token, hook, deliveries)
