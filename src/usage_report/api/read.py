"""Figures out: reports, the period, what is live, and the statistics under the vendor's field names.

Every answer carries an ``ETag`` made of the database, the team's data version and the question: ``If-None-Match`` with it
is answered 304 without computing the figures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from usage_report import __version__
from usage_report.api import openapi
from usage_report.api.http import HttpError, Tokens, now
from usage_report.core import telemetry
from usage_report.core.errors import InputError, NotFoundError
from usage_report.core.events import EARLIEST, instant
from usage_report.core.metrics import metric
from usage_report.core.periods import Grain, billing_period, parse_date, today, zone
from usage_report.reporting.model import Query, Report, TeamInfo
from usage_report.reporting.reader import Reader, canonical_as_of
from usage_report.sources import registry

#: What an answer depends on beside the team's data and the question, and how to compute it.
Prepared = tuple[object, Callable[[], dict]]
#: Questions without ``as_of`` are asked as of the whole second, so that one second's answers are the same.
_SECOND = 1_000
#: As late as dates go: 2200-01-01T00:00:00Z.
LATEST = 7_258_118_400_000

#: Digital Samba's field -> our metrics, added. Fields we cannot tell are ``None``: they are answered ``null``.
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
    "live_participants": None,  # a gauge of now: answered from the live figures
    "public_chat_posts": None,  # ours count public and private ones together
    "questions": None,
    "answers": None,
    "transcription_minutes": None,
    "e2ee_minutes": None,
    "presentation_minutes": None,
    "polls": None,
}


class ReportEndpoints:
    """The GET routes over one reader."""

    def __init__(self, reader: Reader, tokens: Tokens) -> None:
        self._reader, self._tokens = reader, tokens

    def routes(self) -> list[Route]:
        return [
            Route("/api/v1/report", self.report),
            Route("/api/v1/period", self.period),
            Route("/api/v1/live", self.live),
            Route("/api/v1/statistics", self.statistics),
            Route("/api/v1/openapi.json", self.describe),
        ]

    async def describe(self, request: Request) -> Response:
        """``GET /api/v1/openapi.json``"""
        return JSONResponse(openapi.document(STATISTICS, registry.platforms()))

    async def report(self, request: Request) -> Response:
        """``GET /api/v1/report``: any grain, any zone."""
        team = await self._team(request)
        asked = _parameters(request, "from", "to", "grain", "zone", "metrics", "as_of")
        if "from" not in asked or "to" not in asked:
            raise HttpError(
                400,
                "The range is missing",
                todo="Name it as from=YYYY-MM-DD&to=YYYY-MM-DD; both days are in it.",
            )
        as_of = _as_of(asked)

        def prepare(info: TeamInfo) -> Prepared:
            query = Query(
                team,
                parse_date(asked["from"]),
                parse_date(asked["to"]),
                asked.get("zone") or info.zone,
                as_of,
                _grain(asked.get("grain", "day")),
                _metrics(asked),
            )
            return canonical_as_of(query, info, self._reader.stale_after), lambda: self._reader.report(
                query
            ).json()

        return await self._answer(request, "report", team, prepare)

    async def period(self, request: Request) -> Response:
        """``GET /api/v1/period``: the billing period against its limits."""
        team = await self._team(request)
        as_of = _as_of(_parameters(request, "as_of"))
        return await self._answer(
            request,
            "period",
            team,
            lambda info: (as_of, lambda: self._reader.period(team, as_of).json()),
        )

    async def live(self, request: Request) -> Response:
        """``GET /api/v1/live``: what is happening now."""
        team = await self._team(request)
        as_of = _as_of(_parameters(request, "as_of"))
        return await self._answer(
            request,
            "live",
            team,
            lambda info: (as_of, lambda: self._reader.live(team, as_of).json()),
        )

    async def statistics(self, request: Request) -> Response:
        """``GET /api/v1/statistics``: one range as one object, named as Digital Samba names it. Minutes are whole."""
        team = await self._team(request)
        asked = _parameters(request, "date_start", "date_end", "metrics")
        fields = [f.strip() for f in asked.get("metrics", "").split(",") if f.strip()] or list(
            STATISTICS
        )
        for field in fields:
            if field not in STATISTICS:
                raise HttpError(
                    400, f"There is no field {field[:60]!r}", "", f"Known: {', '.join(STATISTICS)}."
                )
        as_of = now() // _SECOND * _SECOND

        def prepare(info: TeamInfo) -> Prepared:
            period = billing_period(today(as_of, zone(info.zone)), info.billing_day)
            start = parse_date(asked["date_start"]) if "date_start" in asked else period.start
            last = parse_date(asked["date_end"]) if "date_end" in asked else max(period.last, start)
            query = Query(team, start, last, info.zone, as_of)
            live = (
                self._reader.live(team, as_of).live_participants
                if "live_participants" in fields
                else None
            )
            state = canonical_as_of(query, info, self._reader.stale_after), start, last, live
            return state, lambda: _statistics(self._reader.report(query), fields, live, start, last)

        return await self._answer(request, "statistics", team, prepare)

    async def _team(self, request: Request) -> str:
        return (await self._tokens.bearer(request, "read")).team

    async def _answer(
        self, request: Request, kind: str, team: str, prepare: Callable[[TeamInfo], Prepared]
    ) -> Response:
        def compute() -> tuple[str, dict | None]:
            info = self._reader.team(team)
            more, answer = prepare(info)
            # Open sessions are told with events that are not counted yet: those do not move the data version.
            state = (
                info.data_version,
                info.last_received,
                info.pending,
                self._reader.stale_after,
                more,
                kind,
                request.scope["query_string"],
            )
            words = "\0".join((__version__, self._reader.identity, team, *map(str, state)))
            tag = f'"{hashlib.blake2b(words.encode(), digest_size=12).hexdigest()}"'
            if tag in request.headers.get("if-none-match", ""):
                return tag, None
            with telemetry.REPORTS.labels(kind).time():
                return tag, answer()

        tag, body = await anyio.to_thread.run_sync(compute)
        # Weak: the figures are the same, the instant that is written beside them may be another.
        headers = {"ETag": f"W/{tag}", "Cache-Control": "private, no-cache"}
        return (
            Response(status_code=304, headers=headers)
            if body is None
            else JSONResponse(body, headers=headers)
        )


def _parameters(request: Request, *known: str) -> dict[str, str]:
    """Query parameters; an unknown or a doubled one is a fault, not silence."""
    for name in request.query_params:
        if name not in known:
            raise HttpError(
                400, f"There is no parameter {name[:60]!r}", "", f"Known: {', '.join(known)}."
            )
        if len(request.query_params.getlist(name)) > 1:
            raise HttpError(400, f"The parameter {name!r} is given twice")
    return dict(request.query_params)


def _as_of(asked: dict[str, str]) -> int:
    if "as_of" not in asked:
        return now() // _SECOND * _SECOND
    try:
        at = instant(asked["as_of"])
    except (ValueError, OverflowError) as error:
        raise HttpError(
            400,
            "as_of cannot be read",
            str(error),
            "In an address a plus sign is written %2B." if " " in asked["as_of"] else "",
        ) from None
    if not EARLIEST <= at < LATEST:
        raise HttpError(400, "as_of is out of range", "", "Instants from 2000 to 2199 are taken.")
    return at


def _grain(text: str) -> Grain:
    try:
        return Grain(text)
    except ValueError:
        raise InputError(
            f"There is no grain {text[:40]!r}", "", f"Known: {', '.join(Grain)}."
        ) from None


def _metrics(asked: dict[str, str]) -> tuple[str, ...]:
    try:
        return tuple(
            metric(key.strip()[:100]).key
            for key in asked.get("metrics", "").split(",")
            if key.strip()
        )
    except NotFoundError as error:  # the address is right, the parameter is not
        raise InputError(error.what, error.why, error.todo) from None


def _statistics(
    report: Report, fields: list[str], live: int | None, start: date, last: date
) -> dict:
    def value(field: str) -> int | None:
        if field == "live_participants":
            return live
        figures = [report.total(key) for key in STATISTICS[field] or ()]
        # Whole minutes, halves up: what the vendor's own integers look like.
        return int(sum(figures) + 0.5) if figures and None not in figures else None

    return {field: value(field) for field in fields} | {
        "date_start": start.isoformat(),
        "date_end": last.isoformat(),
    }
