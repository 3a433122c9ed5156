"""Changes of a team's record that also recompute its figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy.engine import Engine

from usage_report.ingest import pipeline
from usage_report.storage import teams, writing
from usage_report.storage.teams import check_key, set_limit


def change(
    engine: Engine,
    key: str,
    *,
    now: int,
    zone: str | None = None,
    billing_day: int | None = None,
    limits: Mapping[str, float] | None = None,
    since: date | None = None,
    sample: bool = False,
) -> None:
    """Set what is given, leave the rest; a new team is created first. ``limits`` hold from ``since`` (``None``: always)."""
    check_key(key)
    with writing(engine) as c:
        team = teams.ensure_team(c, key, now, sample=sample)
        if zone is not None:
            pipeline.set_zone(c, team, zone)
        if billing_day is not None:
            teams.set_billing_day(c, team, billing_day)
        for metric, value in (limits or {}).items():
            set_limit(c, team, metric, since, value)
        teams.bump_data_version(c, team)
