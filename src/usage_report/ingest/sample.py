"""Sample data in the database: the demo's events through the same pipeline as everybody's."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy.engine import Engine

from usage_report import demo
from usage_report.core.errors import InputError
from usage_report.ingest import pipeline
from usage_report.ingest import teams as team_changes
from usage_report.storage import inbox, reading, teams, writing


def span(engine: Engine, now: int) -> tuple[int, int]:
    """``[since, until)`` of the sample events that are missing at ``now`` (epoch ms)."""
    found = teams.sample_team(engine)
    if found is None:
        return demo.top_up_from(None, now)
    with reading(engine) as c:
        return demo.top_up_from(teams.latest_event(c, found[0]), now)


def fill(engine: Engine, *, now: int, progress: Callable[[int], object] | None = None) -> int:
    """Make the sample team where there is none, and append what happened up to ``now`` -> events added.

    ``progress`` gets the milliseconds of the span that each batch has covered. Figures follow with ``pipeline.settle``.
    Raises ``InputError`` where a team of that name is somebody's own.
    """
    if teams.sample_team(engine) is None:
        with reading(engine) as c:
            if teams.exists(c, demo.TEAM):
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
    since, until = span(engine, now)
    reached = since

    def watched() -> Iterator:
        nonlocal reached
        for event in demo.events(since, until):
            reached = event.time
            yield event

    told = since

    def forward(_: int) -> None:
        nonlocal told
        if progress:
            progress(reached - told)
            told = reached

    return pipeline.ingest(
        engine, watched(), now=now, format="jsonl", origin="sample data", progress=forward
    ).accepted


def remove(engine: Engine) -> bool:
    """Delete the sample team with everything of it. Returns whether there was one."""
    found = teams.sample_team(engine)
    if found is None:
        return False
    with writing(engine) as c:
        inbox.drain_inbox(c)
        teams.remove(c, *found)
    return True
