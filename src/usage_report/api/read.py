"""Figures out: report, billing period, live, and statistics under Digital Samba's field names.

Every answer has an ``ETag`` of the database, the state of the team's data and the question. A
request with that ``If-None-Match`` is answered 304 without computing the figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, NamedTuple

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from usage_report import __version__
from usage_report.api import openapi
from usage_report.api.http import HttpError
from usage_report.api.tokens import Tokens
from usage_report.core import clock, telemetry
from usage_report.core.errors import InputError
from usage_report.core.metrics import parse_keys
from usage_report.core.periods import (
    Grain,
    billing_period,
    parse_date,
    parse_instant,
    today,
    zone,
)
from usage_report.render import csv
from usage_report.render.numbers import rounded
from usage_report.reporting.model import Query, Report, TeamInfo
from usage_report.reporting.reader import Reader, canonical_as_of
from usage_report.sources import registry

#: Metrics whose sum is a field of Digital Samba's statistics. ``None``: no metric has it, so the
#: answer is ``null`` unless noted otherwise.
STATISTICS: dict[str, tuple[str, ...] | None] = {
    "participation_minutes": ("participation_minutes",),
    "broadcasted_minutes": ("broadcast_minutes",),
    "screen_broadcasted_minutes": ("broadcast_minutes_screenshare",),
    "subscribed_minutes": ("consumed_minutes",),
    "screen_subscribed_minutes": ("consumed_minutes_screenshare",),
    "active_participants": ("active_participants",),
    "sessions": ("sessions",),
    "rooms": ("active_rooms",),
    "max_concurrent_participants": ("max_concurrent_participants",),
    "max_concurrent_sessions": ("max_concurrent_sessions",),
    "max_concurrent_participants_per_session": ("max_participants_per_session",),
    "max_active_recorders": ("max_concurrent_recordings",),
    "recorded_minutes": ("recorded_minutes",),
    "stored_recorded_minutes": ("recording_storage_minutes",),
    "captions_minutes": ("captions_minutes",),
    "whiteboard_minutes": ("whiteboard_minutes",),
    "breakout_minutes": ("breakout_minutes",),
    "live_participants": None,  # answered from the live figures
    "public_chat_posts": None,  # events count public and private posts together
    "questions": None,
    "answers": None,
    "transcription_minutes": None,
    "e2ee_minutes": None,
    "presentation_minutes": None,
    "polls": None,
}


#: What is answered as JSON, or the bytes of a CSV file.
Answer = dict[str, Any] | bytes


class Prepared(NamedTuple):
    """An answer that is not computed yet."""

    #: What the answer depends on besides the team's data and the query string.
    state: object
    compute: Callable[[], Answer]


class ReportEndpoints:
    """The GET routes over one reader."""

    def __init__(self, reader: Reader, tokens: Tokens) -> None:
        self._reader, self._tokens = reader, tokens

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/v1/report", self.report),
            Route("/api/v1/period", self.period),
            Route("/api/v1/live", self.live),
            Route("/api/v1/statistics", self.statistics),
            Route("/api/v1/openapi.json", self.describe),
        ]

    async def describe(self, _: Request) -> Response:
        """``GET /api/v1/openapi.json``: the description of the API."""
        return JSONResponse(openapi.document(STATISTICS, registry.platforms()))

    async def report(self, request: Request) -> Response:
        """``GET /api/v1/report``: any range, grain and zone."""
        team = await self._team(request)
        given = _parameters(
            request, "from", "to", "grain", "zone", "metrics", "as_of", "format", "bom"
        )
        write = _parse_format(given)
        if "from" not in given or "to" not in given:
            raise HttpError(
                400,
                "The range is missing",
                todo="Give it as from=YYYY-MM-DD&to=YYYY-MM-DD; both days are included.",
            )
        as_of = _parse_as_of(given)

        def prepare(info: TeamInfo) -> Prepared:
            query = Query(
                team,
                parse_date(given["from"]),
                parse_date(given["to"]),
                given.get("zone") or info.zone,
                as_of,
                _parse_grain(given.get("grain", "day")),
                parse_keys(given.get("metrics", "")),
            )
            state = canonical_as_of(query, info, self._reader.stale_after)
            return Prepared(state, lambda: write(self._reader.report(query)))

        return await self._answer(request, "report", team, prepare)

    async def period(self, request: Request) -> Response:
        """``GET /api/v1/period``: the billing period and its limits."""
        team = await self._team(request)
        as_of = _parse_as_of(_parameters(request, "as_of"))
        prepared = Prepared(as_of, lambda: self._reader.period(team, as_of).json())
        return await self._answer(request, "period", team, lambda _: prepared)

    async def live(self, request: Request) -> Response:
        """``GET /api/v1/live``: live participants, sessions and recordings."""
        team = await self._team(request)
        as_of = _parse_as_of(_parameters(request, "as_of"))
        prepared = Prepared(as_of, lambda: self._reader.live(team, as_of).json())
        return await self._answer(request, "live", team, lambda _: prepared)

    async def statistics(self, request: Request) -> Response:
        """``GET /api/v1/statistics``: a range under Digital Samba's names, in whole minutes."""
        team = await self._team(request)
        given = _parameters(request, "date_start", "date_end", "metrics")
        fields = _parse_fields(given.get("metrics", ""))
        as_of = _this_second()

        def prepare(info: TeamInfo) -> Prepared:
            period = billing_period(today(as_of, zone(info.zone)), info.billing_day)
            start = parse_date(given["date_start"]) if "date_start" in given else period.start
            last = parse_date(given["date_end"]) if "date_end" in given else max(period.last, start)
            query = Query(team, start, last, info.zone, as_of)
            live = None
            if "live_participants" in fields:
                live = self._reader.live(team, as_of).live_participants
            state = canonical_as_of(query, info, self._reader.stale_after), start, last, live
            return Prepared(state, lambda: _statistics(self._reader.report(query), fields, live))

        return await self._answer(request, "statistics", team, prepare)

    async def _team(self, request: Request) -> str:
        return (await self._tokens.bearer(request, "read")).team

    async def _answer(
        self, request: Request, kind: str, team: str, prepare: Callable[[TeamInfo], Prepared]
    ) -> Response:
        """Answer 304 if the request has the current ``ETag``, else compute the figures."""

        def compute() -> tuple[str, Answer | None]:
            info = self._reader.team(team)
            prepared = prepare(info)
            parts = (
                __version__,
                self._reader.identity,
                team,
                info.data_version,
                # Figures of open sessions include events that are not counted yet. Those events
                # do not change the data version, but they do change these two.
                info.last_received,
                info.pending,
                self._reader.stale_after,
                prepared.state,
                kind,
                request.scope["query_string"],
            )
            text = "\0".join(map(str, parts))
            tag = f'"{hashlib.blake2b(text.encode(), digest_size=12).hexdigest()}"'
            if tag in request.headers.get("if-none-match", ""):
                return tag, None
            with telemetry.REPORTS.labels(kind).time():
                return tag, prepared.compute()

        tag, body = await anyio.to_thread.run_sync(compute)
        # A weak tag: the figures are the same, but the ``as_of`` in the answer may differ.
        headers = {"ETag": f"W/{tag}", "Cache-Control": "private, no-cache"}
        if body is None:
            return Response(status_code=304, headers=headers)
        if isinstance(body, bytes):
            return Response(body, headers=headers, media_type="text/csv")
        return JSONResponse(body, headers=headers)


def _parameters(request: Request, *known: str) -> dict[str, str]:
    """Return the query parameters. Raises ``HttpError`` 400 for unknown and for repeated ones."""
    for name in request.query_params:
        if name not in known:
            raise HttpError(
                400, f"There is no parameter {name[:60]!r}", "", f"Known: {', '.join(known)}."
            )
        if len(request.query_params.getlist(name)) > 1:
            raise HttpError(400, f"The parameter {name!r} is given twice")
    return dict(request.query_params)


def _this_second() -> int:
    """Return the current whole second, epoch ms, so that all answers of one second are the same."""
    return clock.now_ms() // 1_000 * 1_000


def _parse_as_of(given: dict[str, str]) -> int:
    """Return the instant that a request asks about, epoch ms. Default: the current second."""
    if "as_of" not in given:
        return _this_second()
    try:
        return parse_instant(given["as_of"])
    except InputError as error:
        hint = "In an address a plus sign is written %2B." if " " in given["as_of"] else error.todo
        raise HttpError(400, "as_of cannot be used", error.what, hint) from None


def _parse_grain(text: str) -> Grain:
    try:
        return Grain(text)
    except ValueError:
        raise InputError(
            f"There is no grain {text[:40]!r}", "", f"Known: {', '.join(Grain)}."
        ) from None


def _parse_format(given: dict[str, str]) -> Callable[[Report], Answer]:
    """Return what writes a report in the format that is asked for. Default: JSON."""
    format, bom = given.get("format", "json"), given.get("bom", "false")
    if format not in ("json", "csv"):
        raise HttpError(400, f"There is no format {format[:40]!r}", "", "Known: json, csv.")
    if bom not in ("false", "true"):
        raise HttpError(400, f"bom cannot be {bom[:40]!r}", "", "Known: false, true.")
    if format == "csv":
        return lambda report: csv.to_csv(report, bom=bom == "true")
    if bom == "true":
        raise HttpError(400, "JSON has no byte order mark", "", "Leave out bom, or ask for csv.")
    return Report.json


def _parse_fields(text: str) -> list[str]:
    """Return the statistics fields of a list separated by commas; all of them for an empty list."""
    fields = [field.strip() for field in text.split(",") if field.strip()]
    for field in fields:
        if field not in STATISTICS:
            raise HttpError(
                400, f"There is no field {field[:60]!r}", "", f"Known: {', '.join(STATISTICS)}."
            )
    return fields or list(STATISTICS)


def _statistics(report: Report, fields: list[str], live: int | None) -> dict[str, Any]:
    """Return the answer of ``/api/v1/statistics``. ``live`` is the number of live participants."""

    def value(field: str) -> int | None:
        if field == "live_participants":
            return live
        figures = [report.total(key) for key in STATISTICS[field] or ()]
        known = [figure for figure in figures if figure is not None]
        # Whole minutes, halves up, as the vendor's own integers.
        return int(rounded(sum(known))) if known and len(known) == len(figures) else None

    return {field: value(field) for field in fields} | {
        "date_start": report.query.start.isoformat(),
        "date_end": report.query.last.isoformat(),
    }
