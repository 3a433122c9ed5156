"""What commands print besides reports: progress, outcome counts, JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import click

from usage_report.core.events import QuarantinedInput
from usage_report.storage.event_log import IngestCounts

#: Quarantined events and conflicts that are explained one by one; the rest is only counted.
EXAMPLES = 10


@contextmanager
def progress_bar(label: str, length: int | None) -> Iterator[Callable[[int], None]]:
    """Yield a function that advances a progress bar on standard error.

    There is no bar where standard error is not a terminal, or where the length is not known.
    """
    if not sys.stderr.isatty() or not length:
        yield lambda _: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update


def echo_json(value: Mapping[str, object]) -> None:
    """Print a JSON object on one line."""
    click.echo(json.dumps(value, ensure_ascii=False))


def outcome_counts(counts: IngestCounts, quarantined: str = "quarantined") -> str:
    """Return outcome counts as text, such as ``12 accepted, 3 known already, 1 quarantined``.

    ``quarantined`` describes the events that are in quarantine. Outcomes without events are left
    out, except for *accepted* and *known already*.
    """
    text = f"{counts.accepted:,} accepted, {counts.duplicates:,} known already"
    if in_quarantine := counts.quarantined + counts.quarantined_before:
        text += f", {in_quarantine:,} {quarantined}"
    if counts.conflicts:
        text += f", {len(counts.conflicts):,} in conflict"
    return text


def explain_not_accepted(
    origin: str, counts: IngestCounts, examples: Sequence[tuple[str, QuarantinedInput]] = ()
) -> None:
    """Explain on standard error why events of an input were not accepted.

    ``examples`` are the first quarantined events, each with its place in the input.
    """
    for place, item in examples:
        click.echo(f"{place}: quarantined ({item.reason}): {item.why}", err=True)
    rest = counts.quarantined + counts.quarantined_before - len(examples)
    if rest > 0:
        click.echo(
            f"{origin}: and {rest:,} more quarantined. See them all: usage-report quarantine list",
            err=True,
        )
    for source, id in counts.conflicts[:EXAMPLES]:
        click.echo(
            f"{origin}: conflict: event {id[:100]!r} of {source[:80]!r} is stored with other "
            "content. The stored event stays.",
            err=True,
        )
    if (more := len(counts.conflicts) - EXAMPLES) > 0:
        click.echo(f"{origin}: and {more:,} more conflicts", err=True)
