"""All sources: those of this package, and those that other packages register by entry points."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
from collections.abc import Iterator
from functools import cache

from usage_report.core.errors import InputError, NotFoundError, SettingsError, did_you_mean
from usage_report.core.events import Event, QuarantinedInput
from usage_report.sources import files as files_package
from usage_report.sources import pull as pull_package
from usage_report.sources import webhooks as webhooks_package
from usage_report.sources.contract import (
    Context,
    FileSource,
    PullSource,
    Source,
    WebhookSource,
)
from usage_report.sources.text import (
    can_hold_lines,
    encoding_of,
    is_unknown_table,
    without_mark,
)

#: Entry points of this group name source objects, such as ``my_package.my_source:SOURCE``.
ENTRY_POINT_GROUP = "usage_report.sources"


@cache
def discover() -> dict[str, Source]:
    """Every source by its name, in alphabetical order.

    Raises ``SettingsError`` for a plug-in that cannot be loaded, is not a source, or has the name
    or an alias of another source.
    """
    found: dict[str, Source] = {}
    origins: dict[str, str] = {}
    for origin, candidate in (*_own(), *_plugins()):
        source = _checked(origin, candidate)
        for name in (source.name, *source.aliases):
            if name in origins:
                raise SettingsError(
                    f"{origin} cannot be used as a source",
                    f"the name {name!r} is already used by {origins[name]}",
                    "Rename or uninstall one of the two.",
                )
            origins[name] = origin
        found[source.name] = source
    return dict(sorted(found.items()))


def without_session_ids() -> frozenset[str]:
    """Return the names of the sources whose events do not name their session."""
    return frozenset(name for name, source in discover().items() if not source.has_session_ids)


def _own() -> Iterator[tuple[str, object]]:
    """Origin and ``SOURCE`` of each module of this package that has one."""
    for package in (files_package, pull_package, webhooks_package):
        for info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            if "SOURCE" in vars(module):
                yield module.__name__, module.SOURCE


def _plugins() -> Iterator[tuple[str, object]]:
    """Origin and object of each entry point."""
    for entry_point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        distribution = entry_point.dist.name if entry_point.dist else "an unknown distribution"
        origin = f"The plug-in {entry_point.name!r} of {distribution}"
        try:
            candidate = entry_point.load()
        except Exception as error:  # foreign code can raise anything when imported
            raise SettingsError(
                f"{origin} cannot be loaded",
                f"{type(error).__name__}: {error}",
                "Repair it or uninstall it.",
            ) from error
        yield origin, candidate


def _checked(origin: str, candidate: object) -> Source:
    # A class has the attributes of its objects, so it would pass for one.
    if (
        not isinstance(candidate, type)
        and isinstance(candidate, FileSource | WebhookSource | PullSource)
        and all(isinstance(getattr(candidate, k, None), v) for k, v in _ATTRIBUTES.items())
    ):
        return candidate
    raise SettingsError(
        f"{origin} cannot be used as a source",
        "it is not an object with the attributes and methods of FileSource, WebhookSource or "
        "PullSource in usage_report.sources.contract",
        "Derive its class from one of them, and register an object of that class.",
    )


_ATTRIBUTES: dict[str, type] = {
    "name": str,
    "title": str,
    "cannot_supply": frozenset,
    "aliases": tuple,
    "companion_of": str,
}


@cache
def files() -> dict[str, FileSource]:
    """Sources that read files, by name."""
    return {name: source for name, source in discover().items() if isinstance(source, FileSource)}


@cache
def platforms() -> dict[str, WebhookSource]:
    """Sources that receive webhooks, by name."""
    return {
        name: source for name, source in discover().items() if isinstance(source, WebhookSource)
    }


def choose(head: bytes, name: str, wanted: str | None = None) -> FileSource:
    """Return the source for an input that begins with ``head``.

    That is the ``wanted`` one (a name or an alias), else the one that recognises the input. Lines
    of text that no source recognises are read as JSON Lines, so that each of them is quarantined
    with its reason. Raises ``InputError`` for an unknown ``wanted``, and for what cannot be lines
    of JSON. A table is such an input: its lines, often with names of people, never become
    quarantined lines.
    """
    known = files()
    if wanted is not None:
        by_name = {
            alias: source for source in known.values() for alias in (source.name, *source.aliases)
        }
        if wanted in by_name:
            return by_name[wanted]
        raise InputError(f"There is no source {wanted!r}", "", did_you_mean(wanted, by_name))
    for source in known.values():
        if source.recognises(head, name):
            return source
    is_xml = without_mark(head).lstrip().startswith(b"<")
    is_table = is_unknown_table(head, name)
    if not is_xml and not is_table and can_hold_lines(head):
        return known["jsonl"]
    if is_xml:
        reason = "it is XML of another kind"
    elif is_table:
        reason = "it is a table whose headings are not known"
    elif encoding_of(head).startswith("utf-16"):
        reason = "it is UTF-16 without known headings of an attendance report"
    else:
        reason = "it is not text"
    titles = " nor ".join(source.title for source in known.values())
    raise InputError(
        f"{name} is neither {titles}",
        reason,
        "Nothing was ingested. Name the source with --source if it is one of these.",
    )


def read_again(name: str, raw: bytes, context: Context) -> list[Event | QuarantinedInput]:
    """Read one original that source ``name`` put in quarantine (``QuarantinedInput.raw``).

    Return nothing where the original cannot be read without the rest of its input, and where the
    source is no longer installed.
    """
    source = discover().get(name)
    if source is None:
        return []
    try:
        return list(source.read_quarantined(raw, context))
    except InputError:
        return []


def platform(name: str) -> WebhookSource:
    """Return a platform by name. Raises ``NotFoundError`` with the nearest name."""
    known = platforms()
    if name not in known:
        hint = did_you_mean(name[:60], known)
        raise NotFoundError(f"There is no platform {name[:60]!r}", "", hint)
    return known[name]
