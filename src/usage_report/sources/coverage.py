"""TODO."""

from __future__ import annotations

from collections.abc import Iterable

from usage_report.sources.registry import discover


def cannot_supply(source_names: Iterable[str]) -> frozenset[str]:
    """Keys of the metrics that none of these sources (``Event.source``) supplies.

    A name that is no source module here is somebody's own, of whom we know nothing: it is taken to supply everything.
    No names, nothing missing: no data is another thing than no supply.
    """
    known = discover()
    missing = [
        known[name].CANNOT_SUPPLY if name in known else frozenset[str]()
        for name in set(source_names)
    ]
    return frozenset.intersection(*missing) if missing else frozenset()


def partly(source_names: Iterable[str]) -> tuple[tuple[str, frozenset[str]], ...]:
    """``(TITLE, keys)`` of each platform among these that cannot supply what another one does, by title.

    Its part in such a figure is missing, or rough. Sources of the same meetings (``BESIDE``) are one platform.
    """
    known, names = discover(), set(source_names)
    of: dict[str, set[str]] = {}
    for name in names:
        of.setdefault(getattr(known.get(name), "BESIDE", name), set()).add(name)
    nobody = cannot_supply(names)
    lacking = (
        (known[name].TITLE, cannot_supply(members) - nobody)
        for name, members in of.items()
        if name in known
    )
    return tuple(sorted((title, keys) for title, keys in lacking if keys))
