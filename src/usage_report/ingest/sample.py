"""Sample data in the database: the demo's events, through the same pipeline as all others."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.engine import Engine

from usage_report import demo
from usage_report.core.errors import InputError
from usage_report.core.events import Event
from usage_report.ingest import pipeline, sample_vendor
from usage_report.ingest import teams as team_changes
from usage_report.storage import inbox, reading, teams, writing
from usage_report.storage.teams import TeamRef


def span(engine: Engine, now: int) -> tuple[int, int]:
    """Return ``[since, until)`` of the sample events that are missing at ``now`` (epoch ms)."""
    team = teams.sample_team(engine)
    if team is None:
        return demo.top_up_from(None, now)
    with reading(engine) as c:
        return demo.top_up_from(teams.latest_event(c, team.id), now)


def fill(engine: Engine, *, now: int, progress: pipeline.Progress | None = None) -> int:
    """Append the sample events up to ``now`` (epoch ms); create the sample team if there is none.

    Also stores the vendor's figures of the days before. Our own follow with
    ``pipeline.process_pending``. ``progress`` is called with the milliseconds of the span that each
    batch has covered. Return the number of events added. Raises ``InputError`` if the key of the
    sample team belongs to another team.
    """
    team = teams.sample_team(engine) or _create_team(engine, now)
    since, until = span(engine, now)
    reached = reported = since

    def watched() -> Iterator[Event]:
        nonlocal reached
        for event in demo.events(since, until):
            reached = event.time
            yield event

    def forward(_: int) -> None:
        nonlocal reported
        if progress:
            progress(reached - reported)
            reported = reached

    added = pipeline.append(
        engine, watched(), now=now, format="jsonl", origin="sample data", progress=forward
    ).accepted
    sample_vendor.pull(engine, team, now)
    return added


def _create_team(engine: Engine, now: int) -> TeamRef:
    with reading(engine) as c:
        if teams.find(c, demo.TEAM) is not None:
            raise InputError(
                f"The team {demo.TEAM!r} exists and is not sample data",
                "",
                "Use another database for sample data.",
            )
    team_changes.change(
        engine,
        demo.TEAM,
        now=now,
        zone=demo.ZONE,
        billing_day=demo.BILLING_DAY,
        limits=demo.LIMITS,
        sample=True,
    )
    with reading(engine) as c:
        return TeamRef(teams.team_id(c, demo.TEAM), demo.TEAM)


def remove(engine: Engine) -> bool:
    """Delete the sample team with everything that belongs to it. Return whether there was one."""
    team = teams.sample_team(engine)
    if team is None:
        return False
    with writing(engine) as c:
        inbox.drain_inbox(c)
        teams.remove(c, *team)
    return True
