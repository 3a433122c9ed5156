"""Which metrics the events of a team's sources can supply, and which they cannot."""

from __future__ import annotations

from collections.abc import Iterable

from usage_report.sources.registry import discover


def cannot_supply(source_names: Iterable[str]) -> frozenset[str]:
    """Return the keys of metrics that none of these sources (``Event.source``) supplies.

    A name that is not registered is a team's own source, of which nothing is known: it is assumed
    to supply every metric. Without any names the result is empty: no data yet does not mean that
    a metric cannot be supplied.
    """
    known = discover()
    missing = [
        known[name].cannot_supply if name in known else frozenset[str]()
        for name in set(source_names)
    ]
    return frozenset.intersection(*missing) if missing else frozenset()


def other_platforms(vendor: str) -> frozenset[str]:
    """Return the names of the known sources that do not report a vendor's own platform."""
    return frozenset(
        name for name, source in discover().items() if vendor not in (name, source.companion_of)
    )


def partly(source_names: Iterable[str]) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return ``(title, keys)`` of each platform that lacks metrics which another one supplies.

    Its share of these figures is missing or approximate. Sources that report the same sessions
    (``companion_of``) count as one platform. Sorted by title.
    """
    known, names = discover(), set(source_names)
    members: dict[str, set[str]] = {}
    for name in names:
        platform = (known[name].companion_of or name) if name in known else name
        members.setdefault(platform, set()).add(name)
    missing_everywhere = cannot_supply(names)
    lacking = (
        (known[platform].title, cannot_supply(sources) - missing_everywhere)
        for platform, sources in members.items()
        if platform in known
    )
    return tuple(sorted((title, keys) for title, keys in lacking if keys))
