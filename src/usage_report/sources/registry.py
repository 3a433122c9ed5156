"""TODO."""

from __future__ import annotations

import importlib
import io
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from types import ModuleType

import usage_report.sources.files as files_package
import usage_report.sources.pull as pull_package
import usage_report.sources.webhooks as webhooks_package
from usage_report.core.errors import InputError, NotFoundError, did_you_mean
from usage_report.core.events import Event, QuarantinedInput
from usage_report.sources.contract import Context

_BOM = b"\xef\xbb\xbf"


_OBJECT_LINE = re.compile(rb"^[ \t]*\{", re.MULTILINE)


@cache
def discover() -> dict[str, ModuleType]:
    """Every source module, by ``NAME``, in alphabetical order."""
    modules = (
        importlib.import_module(f"{package.__name__}.{info.name}")
        for package in (files_package, pull_package, webhooks_package)
        for info in pkgutil.iter_modules(package.__path__)
    )
    return {
        module.NAME: module
        for module in sorted((m for m in modules if hasattr(m, "NAME")), key=lambda m: m.NAME)
    }


def files() -> dict[str, ModuleType]:
    """Those that read files, by ``NAME``."""
    return {name: module for name, module in discover().items() if hasattr(module, "read")}


def platforms() -> dict[str, ModuleType]:
    """Those that take webhooks, by ``NAME``."""
    return {name: module for name, module in discover().items() if hasattr(module, "verify")}


def platform(name: str) -> ModuleType:
    """Return the platform of a webhook address, or raise ``NotFoundError`` with the nearest name."""
    known = platforms()
    if name not in known:
        raise NotFoundError(
            f"There is no platform {name[:60]!r}", "", did_you_mean(name[:60], known)
        )
    return known[name]


def choose(head: bytes, name: str, wanted: str | None = None) -> ModuleType:
    """The source module for an input that begins with ``head``: the ``wanted`` one, else the one that recognises it.

    Lines of text that nobody recognises are read as JSON Lines, so that each gets its reason in quarantine. What cannot be
    lines of JSON is refused as a whole with ``InputError``, as is an unknown ``wanted``.
    """
    known = files()
    if wanted is not None:
        by_name = {
            alias: module
            for module in known.values()
            for alias in (module.NAME, *getattr(module, "ALIASES", ()))
        }
        if wanted in by_name:
            return by_name[wanted]
        raise InputError(f"There is no source {wanted!r}", "", did_you_mean(wanted, by_name))
    for module in known.values():
        if module.recognises(head, name):
            return module
    is_xml = head.removeprefix(_BOM).lstrip().startswith(b"<")
    if is_xml or (_is_binary(head) and not _OBJECT_LINE.search(head)):
        titles = " nor ".join(module.TITLE for module in known.values())
        raise InputError(
            f"{name} is neither {titles}",
            "it is XML of another kind"
            if is_xml
            else "it is UTF-16 without the English column names of an attendance report"
            if _is_utf16(head)
            else "it is not text",
            "Nothing was taken. Name the source with --source if it is one of these.",
        )
    return known["jsonl"]


def _is_utf16(head: bytes) -> bool:
    return head[:2] in (b"\xff\xfe", b"\xfe\xff") or head[1:4:2] == b"\0\0"


def _is_binary(head: bytes) -> bool:
    if b"\0" in head:
        return True
    try:
        head.decode()
    except UnicodeDecodeError as error:
        # A character cut in two by the end of the head is no fault of the text.
        return error.start < len(head) - 3
    return False


def read_again(name: str, raw: bytes, context: Context) -> Iterator[Event | QuarantinedInput]:
    """What source ``name`` makes of an original it refused before, kept as ``Refused.raw``."""
    from usage_report.sources.contract import Delivery  # it builds on this module

    module = discover()[name]
    if hasattr(module, "read"):
        return module.read(io.BytesIO(raw), context)
    return module.translate(Delivery(raw, {}, "", context.now), context)
