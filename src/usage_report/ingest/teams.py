"""Changes of a team's record, with the recomputation that a change of zone needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from sqlalchemy.engine import Engine

from usage_report.core import team_keys
from usage_report.ingest import pipeline
from usage_report.storage import teams, writing


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
    """Change what is given of a team's record; create the team if it is new.

    ``limits`` apply from the day ``since`` on (``None``: from the beginning). ``sample`` marks a
    new team as sample data. ``now``: epoch ms. Raises ``InputError`` for a key or zone that cannot
    be used.
    """
    team_keys.check(key)
    with writing(engine) as c:
        team = teams.ensure_team(c, key, now, sample=sample)
        if zone is not None:
            pipeline.set_zone(c, team, zone)
        if billing_day is not None:
            teams.set_billing_day(c, team, billing_day)
        for metric, value in (limits or {}).items():
            teams.set_limit(c, team, metric, since, value)
        teams.bump_data_version(c, team)
