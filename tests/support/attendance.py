"""Reading attendance reports in tests."""

from __future__ import annotations

import io

from hypothesis import strategies as st

from support import oracle
from support.harness import NOW, TEAM
from usage_report.core.events import Event, QuarantinedInput
from usage_report.sources import contract, registry

#: The seven metrics that attendance reports supply.
PRESENCE = (
    "participation_minutes",
    "active_participants",
    "max_concurrent_participants",
    "sessions",
    "active_rooms",
    "max_concurrent_sessions",
    "max_participants_per_session",
)


def read(
    data: str | bytes,
    *,
    zone: str | None = "UTC",
    name: str = "report.csv",
    team: str | None = TEAM,
    dates: str | None = None,
    now: int = NOW,
    source: contract.FileSource | None = None,
) -> list[Event | QuarantinedInput]:
    """Read a report with ``source``, by default the one that recognises it."""
    raw = data.encode() if isinstance(data, str) else data
    context = contract.Context(now=now, team=team, name=name, zone=zone, dates=dates)
    return list((source or registry.choose(raw, name)).read(io.BytesIO(raw), context))


def events(*args, **more) -> list[Event]:
    """Read a report of which nothing is quarantined."""
    items = read(*args, **more)
    assert [item for item in items if type(item) is not Event] == []
    return items


def figures(items: list[Event], day: str, last: str | None = None) -> tuple[int, ...]:
    """Return the metrics of ``PRESENCE`` over a range, minutes in milliseconds."""
    total = oracle.report(items, team=TEAM, start=day, last=last or day, as_of=NOW)["total"]
    return tuple(total[key] for key in PRESENCE)


def shuffled(draw, table: str, delimiter: str) -> str:
    """Return a table, of which the first line is the headings, with rows and columns reordered."""
    head, *body = (line.split(delimiter) for line in table.splitlines())
    order = draw(st.permutations(range(len(head))))
    rows = [head, *draw(st.permutations(body))]
    return "".join(delimiter.join(row[n] for n in order) + "\n" for row in rows)
