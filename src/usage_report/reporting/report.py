"""The figures of a range of days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from usage_report.core.metrics import ALL, Measure, Metric
from usage_report.core.periods import QUARTER, Grain, Period, edges, next_start, zone
from usage_report.metering.arrays import Ints
from usage_report.metering.facts import PEAK, SETS, SUM, Facts, concat, merge
from usage_report.reporting.model import Query, Report
from usage_report.reporting.team_info import Team
from usage_report.reporting.unsettled import unsettled_sessions
from usage_report.sources import coverage
from usage_report.storage import facts as stored_facts
from usage_report.storage import tables as t


def read_report(c: Connection, team: Team, query: Query, stale_after: int) -> Report:
    """Return the answer to ``query``, which is about ``team``."""
    cuts = edges(query.period, query.grain, zone(query.zone))
    buckets, whole, stored_before = _read_buckets(c, team, query, cuts, stale_after)
    columns = {m.key: PEAK[m.facts[0]] for m in ALL if m.measure is Measure.PEAK}
    sources = team.info.sources_at(query.as_of)
    return Report(
        query,
        cuts,
        team.info.records_from(query.as_of),
        figures={m.key: _figures(m, buckets, stored_before) for m in ALL},
        totals={m.key: int(_figures(m, whole, stored_before)[0]) for m in ALL},
        peaks_at={key: buckets.peaks_at[:, column] for key, column in columns.items()},
        totals_at={key: int(whole.peaks_at[0, column]) for key, column in columns.items()},
        not_supplied=coverage.cannot_supply(sources),
        partly=coverage.partly(sources),
        estimated_ms=buckets.sums[:, SUM["estimated_ms"]],
        estimated_total_ms=int(whole.sums[0, SUM["estimated_ms"]]),
        closed_by_timeout=int(whole.sums[0, SUM["closed_by_timeout"]]),
    )


def _figures(metric: Metric, facts: Facts, stored_before: int) -> Ints:
    """Return the raw figures of a metric, one per bucket."""
    if metric.measure is Measure.PEAK:
        return facts.peaks[:, PEAK[metric.facts[0]]]
    if metric.measure is Measure.DISTINCT:
        return facts.counts[:, SETS.index(metric.facts[0])]
    columns = [SUM[name] for name in metric.facts]
    added = facts.sums[:, columns[0]] if len(columns) == 1 else facts.sums[:, columns].sum(axis=1)
    return stored_before + np.cumsum(added) if metric.measure is Measure.LEVEL else added


def _read_buckets(
    c: Connection, team: Team, query: Query, cuts: Ints, stale_after: int
) -> tuple[Facts, Facts, int]:
    """Return the facts of each bucket and of the whole range, and the ms stored before it.

    If the range begins at or after ``as_of``, nothing has happened in it, and stored is what is
    stored at ``as_of``.
    """
    start, end = int(cuts[0]), min(int(cuts[-1]), -(-query.as_of // QUARTER) * QUARTER)
    unsettled = unsettled_sessions(c, team.id, query.as_of, stale_after).facts
    reader = _FactsReader(c, team.id, query.as_of, unsettled)
    if start >= query.as_of:
        facts = longer = Facts.empty()
        now = query.as_of // QUARTER * QUARTER + QUARTER
        before = reader.storage_before(t.team_quarters, min(start, now))
    elif query.zone != team.info.zone or query.grain is Grain.HOUR:
        facts = longer = reader.quarters(cuts, end)
        before = reader.storage_before(t.team_quarters, start)
    else:
        days = cuts if query.grain is Grain.DAY else _edges(query, Grain.DAY)
        # Days that are shown as they are need no sets, except those that the total needs.
        facts, recomputed = reader.days(days, end, with_sets=query.grain is not Grain.DAY)
        longer = reader.months(query, facts, recomputed, end)
        before = reader.storage_before(t.team_days, start)
    return merge(facts, cuts), merge(longer, cuts[[0, -1]]), before


def _edges(query: Query, grain: Grain, period: Period | None = None) -> Ints:
    return edges(period or query.period, grain, zone(query.zone), most=None)


@dataclass(frozen=True, slots=True)
class _FactsReader:
    """Reads facts of a team as of an instant.

    They are the stored facts, except in the quarters of ``unsettled``.
    """

    c: Connection
    team_id: int
    as_of: int
    unsettled: Facts

    def quarters(self, edges: Ints, end: int) -> Facts:
        """Return the facts of the quarters in buckets with these ``edges``, before ``end``."""
        start, changed = int(edges[0]), self.unsettled
        changed = changed.take((changed.start >= start) & (changed.start < end))
        points = np.union1d(edges, [*changed.start, *(changed.start + QUARTER)])
        stored = stored_facts.load_quarters(self.c, self.team_id, start, end, points)
        return concat(stored.take(~np.isin(stored.start, changed.start)), changed)

    def days(self, days: Ints, end: int, *, with_sets: bool) -> tuple[Facts, Ints]:
        """Return the facts of days before ``end``, and the starts of the recomputed ones.

        ``days`` are the edges of days in the team's zone. Recomputed from their quarters are the
        days with unsettled quarters, and the day of ``as_of``.
        """
        stored = stored_facts.load_facts(
            self.c, t.team_days, self.team_id, int(days[0]), end, sets=with_sets
        )
        changes = np.append(self.unsettled.start, self.as_of - 1)
        changes = changes[(changes >= days[0]) & (changes < end)]
        changed = np.unique(np.searchsorted(days, changes, side="right") - 1)
        recomputed = [
            merge(self.quarters(days[i : i + 2], min(int(days[i + 1]), end)), days[i : i + 2])
            for i in changed
        ]
        kept = stored.take(~np.isin(stored.start, days[changed]))
        return concat(kept, *recomputed), days[changed]

    def months(self, query: Query, days: Facts, recomputed: Ints, end: int) -> Facts:
        """Return the facts of the range in few buckets, with all sets.

        Uniting the sets of twelve months is much less work than those of 365 days. So whole months
        without recomputed days take the place of their days.
        """
        first = query.period.start
        first = first if first.day == 1 else next_start(first, Grain.MONTH)
        last = query.period.end.replace(day=1)
        if first >= last:
            return stored_facts.load_sets(self.c, t.team_days, self.team_id, days)
        bounds = _edges(query, Grain.MONTH, Period(first, last))
        is_final = bounds[1:] <= end
        changed = np.searchsorted(bounds, recomputed, side="right") - 1
        is_final[changed[(changed >= 0) & (changed < len(is_final))]] = False
        months = stored_facts.load_facts(
            self.c, t.team_months, self.team_id, int(bounds[0]), int(bounds[-1])
        )
        month_of_day = np.searchsorted(bounds, days.start, side="right") - 1  # -1 before the first
        in_month = np.append(is_final, False)[month_of_day]
        rest = stored_facts.load_sets(self.c, t.team_days, self.team_id, days.take(~in_month))
        return concat(rest, months.take(np.isin(months.start, bounds[:-1][is_final])))

    def storage_before(self, table: sa.Table, start: int) -> int:
        """Return the ms stored when the bucket of ``table`` at ``start`` begins."""
        stored = stored_facts.storage_before(self.c, table, self.team_id, start)
        changed = self.unsettled.take(self.unsettled.start < start)
        if not len(changed):
            return stored
        replaced = stored_facts.storage_in(self.c, self.team_id, changed.start)
        return stored + int(changed.sums[:, SUM["storage"]].sum()) - replaced
