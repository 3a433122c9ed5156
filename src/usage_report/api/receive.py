"""Events in: canonical events with a token, and platforms' webhooks with their own signatures.

Every success is sent only after the events are durable. A request is stored as a whole or not at
all. Single events that cannot be accepted are quarantined with it, and the answer names them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, unquote

import anyio.to_thread
import orjson
from sqlalchemy.engine import Engine
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from usage_report import storage
from usage_report.api.http import HttpError, read_body
from usage_report.api.tokens import Tokens
from usage_report.core import clock, telemetry
from usage_report.core.errors import EventError
from usage_report.core.events import Event, QuarantinedInput, parse, storable
from usage_report.ingest.write_queue import Job, QueueFullError, RawRequest, WriteQueue
from usage_report.sources import registry
from usage_report.sources.contract import Context, Delivery
from usage_report.sources.payload import KEEP_BYTES
from usage_report.sources.signatures import Unauthorized
from usage_report.storage import credentials
from usage_report.storage.event_log import IngestOutcome

#: Events of one request at most: a few bytes of gzip can hold millions.
MAX_EVENTS = 50_000
#: Larger bodies are parsed, and longer answers are written, in a thread, so that the event loop
#: stays free for other requests.
_THREAD_BYTES = 32 * 1024
_THREAD_EVENTS = 500

_JSON_LINES = ("application/x-ndjson", "application/jsonl", "application/jsonlines")

Item = Event | QuarantinedInput


class Receiver:
    """The two POST routes over one write queue."""

    def __init__(
        self, engine: Engine, write_queue: WriteQueue, tokens: Tokens, public_url: str = ""
    ) -> None:
        self._engine, self._write_queue, self._tokens = engine, write_queue, tokens
        self._public_url = public_url.rstrip("/")

    async def events(self, request: Request) -> Response:
        """``POST /api/v1/events``: an event, a CloudEvents batch, or JSON Lines.

        The envelope of a single event may be in headers (CloudEvents' binary mode).
        """
        bearer = await self._tokens.bearer(request, "ingest")
        body = await read_body(request)
        now = clock.now_ms()
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if "ce-specversion" in request.headers and not kind.startswith("application/cloudevents"):
            body, kind = _with_envelope(request.headers, body), "application/json"
        if len(body) > _THREAD_BYTES:
            items = await anyio.to_thread.run_sync(_parse_body, body, kind, bearer.team, now)
        else:
            items = _parse_body(body, kind, bearer.team, now)
        outcomes = await self._store(request, bearer.team, "jsonl", items, now, None)
        return await _answer(items, outcomes)

    async def hook(self, request: Request) -> Response:
        """``POST /api/v1/hooks/{platform}/{team}``: a webhook, signed as its platform signs."""
        name, team = request.path_params["platform"], request.path_params["team"]
        platform = registry.platform(name)
        body = await read_body(request)
        now = clock.now_ms()
        headers = {k.lower(): v for k, v in request.headers.items()}
        delivery = Delivery(body, headers, self._called_url(request), now)
        secret = await anyio.to_thread.run_sync(self._secret, team, name)
        try:
            if secret is None:
                raise Unauthorized("this team is not connected to this platform")  # noqa: TRY301 - answered like a wrong signature
            platform.verify(delivery, secret)
        except Unauthorized as error:
            telemetry.REFUSED.labels(name).inc()
            raise HttpError(
                # Some platforms treat 401 as a success, and never send the event again.
                platform.denied_status,
                "The signature of the request is not valid",
                str(error),
                "Compare the secret on both sides, and check the clock of this machine.",
            ) from None
        if (reply := platform.answer(delivery, secret)) is not None:
            return JSONResponse(reply)
        context = Context(now=now, team=team, name=name)
        items = await anyio.to_thread.run_sync(lambda: list(platform.translate(delivery, context)))
        raw = RawRequest(name, delivery.url, headers, body)
        outcomes = await self._store(request, team, name, items, now, raw)
        return await _answer(items, outcomes)

    async def _store(
        self,
        request: Request,
        team: str,
        format: str,
        items: Sequence[Item],
        now: int,
        raw: RawRequest | None,
    ) -> list[IngestOutcome]:
        """Store the items of a request durably, and return the outcomes of its events."""
        events = [x for x in items if type(x) is Event]
        quarantined = [x._replace(team=team) for x in items if type(x) is QuarantinedInput]
        origin = f"request {request.scope.get('request_id', '')}"
        try:
            outcomes = await self._write_queue.append(
                Job(team, format, origin, events, quarantined, now, raw)
            )
        except QueueFullError:
            telemetry.OVERLOADED.inc()
            raise HttpError(
                429,
                "Too many events are waiting",
                todo="Send the request again in a second.",
                headers={"Retry-After": "1"},
            ) from None
        for outcome in IngestOutcome:
            count = outcomes.count(outcome)
            if outcome is IngestOutcome.QUARANTINED:
                count += len(quarantined)
            if count:
                telemetry.count_events(format, outcome.value, count)
        return outcomes

    def _called_url(self, request: Request) -> str:
        """Return the URL that the sender called, byte for byte: some platforms sign it."""
        raw_path = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
        # Some servers leave the query in the raw path.
        path = raw_path.partition(b"?")[0].decode("latin-1")
        query = request.scope["query_string"].decode("latin-1")
        base = self._public_url or f"{request.scope['scheme']}://{request.headers.get('host', '')}"
        return base + path + (f"?{query}" if query else "")

    def _secret(self, team: str, platform: str) -> str | None:
        if storable(team) != team:  # such as a NUL in the address: no database has such a team
            return None
        with storage.reading(self._engine) as c:
            return credentials.secret(c, team, platform)


def _with_envelope(headers: Mapping[str, str], data: bytes) -> bytes:
    """Return the JSON of an event whose envelope is in headers, and whose data is the body.

    CloudEvents' binary mode: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md#31-binary-content-mode
    """
    try:
        envelope = {
            name.removeprefix("ce-"): unquote(value)
            for name, value in headers.items()
            if name.startswith("ce-")
        }
        return orjson.dumps(envelope | {"data": orjson.loads(data)})
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise HttpError(
            400,
            "The body is not JSON",
            str(error),
            "With ce- headers, the body is the event's data.",
        ) from None


def _parse_body(body: bytes, kind: str, team: str, now: int) -> list[Item]:
    """Return the events of a body. Without a known content type, its beginning decides.

    Raises ``HttpError`` 400 where nothing can be read, and 413 for too many events.
    """
    if kind in _JSON_LINES:
        return _parse_lines(body, team, now)
    try:
        whole = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        if b"\n" in body.strip() and body.lstrip()[:1] == b"{":
            return _parse_lines(body, team, now)
        raise HttpError(
            400,
            "The body is not JSON",
            str(error),
            "Send one event, an array of events, or one event per line.",
        ) from None
    objects = whole if isinstance(whole, list) else [whole]
    _check_count(len(objects))
    try:
        return [_parse_event(obj, None, i, team, now) for i, obj in enumerate(objects, 1)]
    except RecursionError:  # what cannot be written again cannot be quarantined
        raise HttpError(400, "The body is nested too deeply") from None


def _check_count(events: int) -> None:
    if events > MAX_EVENTS:
        raise HttpError(
            413,
            "The body holds too many events",
            f"at most {MAX_EVENTS:,} are accepted at once",
            "Send fewer events at once.",
        )


def _parse_lines(body: bytes, team: str, now: int) -> list[Item]:
    _check_count(body.count(b"\n") + (not body.endswith(b"\n")))
    lines = enumerate(body.split(b"\n"), 1)
    return [_parse_line(line, i, team, now) for i, line in lines if line.strip()]


def _parse_line(line: bytes, position: int, team: str, now: int) -> Item:
    try:
        obj = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        why = f"the line is not JSON: {error}"
        return _quarantined(EventError("not-json", why), line, position, team)
    return _parse_event(obj, line, position, team, now)


def _parse_event(obj: Any, raw: bytes | None, position: int, team: str, now: int) -> Item:
    """Return the event of a JSON value, whose text is ``raw``; ``None`` if it is not at hand."""
    try:
        event = parse(obj, now=now, team=team)
    except EventError as error:
        rejected = error
    else:
        if event.team == team:
            return event
        rejected = EventError(
            "wrong-team",
            f"the event names team {event.team[:60]!r}, and the token is of team {team!r}. "
            "Each team needs a token of its own.",
        )
    if raw is None:
        # The standard library writes deep nesting, which orjson refuses.
        raw = json.dumps(obj, ensure_ascii=False).encode()
    source = storable(obj.get("source")) if isinstance(obj, dict) else ""
    return _quarantined(rejected, raw, position, team, source)


def _quarantined(
    error: EventError, raw: bytes, position: int, team: str, source: str = ""
) -> QuarantinedInput:
    return QuarantinedInput(
        error.reason,
        error.why,
        raw[:KEEP_BYTES],
        position,
        team,
        source,
        len(raw) > KEEP_BYTES,
    )


async def _answer(items: Sequence[Item], outcomes: Sequence[IngestOutcome]) -> Response:
    """Return the answer to a stored request: counts, and the outcome of each item in order."""
    if len(items) > _THREAD_EVENTS:
        body = await anyio.to_thread.run_sync(_outcome_json, items, outcomes)
    else:
        body = _outcome_json(items, outcomes)
    return Response(body, media_type="application/json")


def _outcome_json(items: Sequence[Item], outcomes: Sequence[IngestOutcome]) -> bytes:
    """Return the JSON of the outcomes. ``outcomes`` are those of the events among ``items``."""
    counts = dict.fromkeys((outcome.value for outcome in IngestOutcome), 0)
    results: list[dict[str, str | int]] = []
    remaining = iter(outcomes)
    for item in items:
        if isinstance(item, Event):
            status = next(remaining).value
            results.append({"id": item.id, "status": status})
        else:
            status = IngestOutcome.QUARANTINED.value
            results.append(
                {
                    "position": item.position,
                    "status": status,
                    "reason": item.reason,
                    "why": item.why,
                }
            )
        counts[status] += 1
    return orjson.dumps(counts | {"results": results})
