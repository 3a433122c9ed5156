"""Events in: canonical ones with a token, and platforms' webhooks with their own signatures.

Every success is sent only after the events are durable. A request is taken whole or not at all; single events that cannot
be taken are quarantined with it, and the answer names them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

import anyio.to_thread
import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from usage_report import storage
from usage_report.api.http import HttpError, Tokens, body_of, now
from usage_report.core import telemetry
from usage_report.core.errors import EventError, did_you_mean
from usage_report.core.events import Event, QuarantinedInput, parse, storable
from usage_report.ingest.write_queue import Job, QueueFullError, RawRequest, WriteQueue
from usage_report.sources import contract, registry
from usage_report.sources.contract import Delivery
from usage_report.sources.payload import KEEP_BYTES
from usage_report.sources.signatures import Unauthorized
from usage_report.storage import credentials
from usage_report.storage.event_log import IngestOutcome

#: Most events of one request: a few bytes of gzip can hold millions.
MAX_EVENTS = 50_000
#: Bodies over this are read, and answers to more events than this are written, in a thread of their own.
_LARGE = 32 * 1024
_MANY = 500


class Receiver:
    """The two POST routes over one intake."""

    def __init__(self, engine, intake: WriteQueue, tokens: Tokens, public_url: str = "") -> None:
        self._engine, self._intake, self._tokens, self._public_url = (
            engine,
            intake,
            tokens,
            public_url.rstrip("/"),
        )

    async def events(self, request: Request) -> Response:
        """``POST /api/v1/events``: one event (CloudEvents' binary mode, too), a CloudEvents batch, or JSON Lines."""
        bearer = await self._tokens.bearer(request, "ingest")
        body = await body_of(request)
        at = now()
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if "ce-specversion" in request.headers and not kind.startswith("application/cloudevents"):
            body, kind = _enveloped(request.headers, body), "application/json"
        read = (_read, body, kind, bearer.team, at)
        items = await anyio.to_thread.run_sync(*read) if len(body) > _LARGE else _read(*read[1:])
        fates = await self._take(request, bearer.team, "jsonl", items, at, None)
        return await _answer(items, fates)

    async def hook(self, request: Request) -> Response:
        """``POST /api/v1/hooks/{platform}/{team}``: what a platform sends, signed its own way."""
        name, team = request.path_params["platform"], request.path_params["team"]
        platform = registry.platforms().get(name)
        if platform is None:
            raise HttpError(
                404,
                f"There is no platform {name[:60]!r}",
                "",
                did_you_mean(name[:60], registry.platforms()),
            )
        body = await body_of(request)
        at = now()
        headers = {k.lower(): v for k, v in request.headers.items()}
        delivery = Delivery(body, headers, self._url(request), at)
        secret = await anyio.to_thread.run_sync(self._secret, team, name)
        try:
            if secret is None:
                raise Unauthorized("this team takes nothing from this platform")
            platform.verify(delivery, secret)
        except Unauthorized as error:
            telemetry.REFUSED.labels(name).inc()
            # Some platforms take 401 for an answer and drop the event for good.
            status = platform.denied_status
            raise HttpError(
                status,
                "The request is not signed as it should be",
                str(error),
                "Compare the secret on both sides, and the clock here.",
            ) from None
        if (reply := platform.answer(delivery, secret)) is not None:
            return JSONResponse(reply)
        context = contract.Context(now=at, team=team, name=name)
        items = await anyio.to_thread.run_sync(lambda: list(platform.translate(delivery, context)))
        raw = RawRequest(name, delivery.url, headers, body)
        fates = await self._take(request, team, name, items, at, raw)
        return await _answer(items, fates)

    async def _take(
        self,
        request: Request,
        team: str,
        format: str,
        items: Sequence[Event | QuarantinedInput],
        at: int,
        raw: RawRequest | None,
    ) -> list[IngestOutcome]:
        events = [x for x in items if type(x) is Event]
        refused = [x._replace(team=team) for x in items if type(x) is QuarantinedInput]
        job = Job(
            team, format, f"request {request.scope.get('request_id', '')}", events, refused, at, raw
        )
        try:
            fates = await self._intake.append(job)
        except QueueFullError:
            telemetry.OVERLOADED.inc()
            raise HttpError(
                429, "Too much is waiting", "", "Send it again in a second.", {"Retry-After": "1"}
            ) from None
        for fate in IngestOutcome:
            if n := fates.count(fate) + (len(refused) if fate is IngestOutcome.QUARANTINED else 0):
                telemetry.count_events(format, fate.value, n)
        return fates

    def _url(self, request: Request) -> str:
        """The address called, byte for byte: this is what is signed."""
        # Some servers leave the query in the raw path.
        path = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
        path, query = (
            path.partition(b"?")[0].decode("latin-1"),
            request.scope["query_string"].decode("latin-1"),
        )
        base = self._public_url or f"{request.scope['scheme']}://{request.headers.get('host', '')}"
        return base + path + (f"?{query}" if query else "")

    def _secret(self, team: str, platform: str) -> str | None:
        if storable(team) != team:  # a NUL in the address: no database has such a team
            return None
        with storage.reading(self._engine) as c:
            return credentials.secret(c, team, platform)


def _enveloped(headers: Mapping[str, str], data: bytes) -> bytes:
    """The one JSON object of an event whose envelope came in headers.

    CloudEvents' binary mode: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#31-binary-content-mode
    """
    try:
        whole = {
            name.removeprefix("ce-"): unquote(value)
            for name, value in headers.items()
            if name.startswith("ce-")
        }
        return orjson.dumps(whole | {"data": orjson.loads(data)})
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise HttpError(
            400,
            "The body is not JSON",
            str(error),
            "With ce- headers, the body is the event's data.",
        ) from None


def _read(body: bytes, kind: str, team: str, at: int) -> list[Event | QuarantinedInput]:
    """Events of a body: what its type says, else what it looks like. Raises ``HttpError`` 400 where nothing can be read, 413 for too many."""
    if kind in ("application/x-ndjson", "application/jsonl", "application/jsonlines"):
        return list(_lines(body, team, at))
    try:
        whole = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if b"\n" in body.strip() and body.lstrip()[:1] == b"{":
            return list(_lines(body, team, at))
        raise HttpError(
            400,
            "The body is not JSON",
            str(error),
            "Send one event, an array of events, or one event a line.",
        ) from None
    objects = whole if isinstance(whole, list) else [whole]
    _bound(len(objects))
    try:
        return [_event(obj, None, i, team, at) for i, obj in enumerate(objects, 1)]
    except RecursionError:  # what cannot be written again cannot be kept
        raise HttpError(400, "The body is nested too deep") from None


def _bound(events: int) -> None:
    if events > MAX_EVENTS:
        raise HttpError(
            413,
            "The body holds too many events",
            f"at most {MAX_EVENTS:,} are taken at once",
            "Send fewer events at once.",
        )


def _lines(body: bytes, team: str, at: int) -> Iterable[Event | QuarantinedInput]:
    _bound(body.count(b"\n") + (not body.endswith(b"\n")))
    for i, line in enumerate(body.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            obj = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield QuarantinedInput(
                "not-json",
                f"the line is not JSON: {error}",
                line[:KEEP_BYTES],
                i,
                team,
                is_truncated=len(line) > KEEP_BYTES,
            )
            continue
        yield _event(obj, line, i, team, at)


def _event(
    obj: Any, raw: bytes | None, position: int, team: str, at: int
) -> Event | QuarantinedInput:
    try:
        event = parse(obj, now=at, team=team)
        if event.team != team:
            raise EventError(
                "wrong-team",
                f"the event is of team {event.team[:60]!r}, the token of {team!r}; each team needs a token of its own",
            )
        return event
    except EventError as rejected:
        if raw is None:
            # The standard library writes what orjson, which refuses deep nesting, does not.
            raw = json.dumps(obj, ensure_ascii=False).encode()
        source = storable(obj.get("source")) if isinstance(obj, dict) else ""
        return QuarantinedInput(
            rejected.reason,
            rejected.why,
            raw[:KEEP_BYTES],
            position,
            team,
            source,
            len(raw) > KEEP_BYTES,
        )


async def _answer(
    items: Sequence[Event | QuarantinedInput], fates: Sequence[IngestOutcome]
) -> Response:
    """Counts, and the fate of each event in the order sent."""
    body = (
        await anyio.to_thread.run_sync(_told, items, fates)
        if len(items) > _MANY
        else _told(items, fates)
    )
    return Response(body, media_type="application/json")


def _told(items: Sequence[Event | QuarantinedInput], fates: Sequence[IngestOutcome]) -> bytes:
    if (
        len(fates) == len(items) == fates.count(IngestOutcome.ACCEPTED)
    ):  # nearly always, and worth a short way
        results = [{"id": event.id, "status": "accepted"} for event in items]
        return orjson.dumps(
            {
                "accepted": len(items),
                "duplicate": 0,
                "conflict": 0,
                "quarantined": 0,
                "results": results,
            }
        )
    left = iter(fates)
    results = []
    for item in items:
        if type(item) is Event:
            results.append({"id": item.id, "status": next(left).value})
        else:
            results.append(
                {
                    "position": item.position,
                    "status": IngestOutcome.QUARANTINED.value,
                    "reason": item.reason,
                    "why": item.why,
                }
            )
    counts = dict.fromkeys((fate.value for fate in IngestOutcome), 0)
    for result in results:
        counts[result["status"]] += 1
    return orjson.dumps(counts | {"results": results})
